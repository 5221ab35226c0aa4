"""One small class a server: its configuration for a workload, its command, its version.

Each is configured with one UDP worker and otherwise the way its makers ship it, without what would
spoil a comparison: no rate limit, no log line per query, no data beyond the answer (NSD's
minimal-responses, the default of the others).
"""
import os
import re
import shutil
import subprocess

import workloads


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


class Server:
    name = ""
    binary = ""
    packages = ()     # of Debian; () for what this repository builds
    workloads = tuple(workloads.WORKLOADS)
    expect = "set"    # what peers_load checks, see its usage

    def __init__(self, binaries, geo_database, signed_zone):
        self.binaries = binaries          # the folder this repository's programs are in
        self.geo_database = geo_database  # path of the MMDB
        self.signed_zone = signed_zone    # path of the zone file signed beforehand

    def write_zone(self, folder, workload):
        """As the file "zone" in `folder`, for servers that read standard zone files."""
        if workload == "signed":
            shutil.copy(self.signed_zone, os.path.join(folder, "zone"))
        else:
            write(folder, "zone", workloads.zone_text())

    def path(self):
        """Of the program, or None when it is not there."""
        if self.packages:
            return shutil.which(self.binary, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        path = os.path.join(self.binaries, self.binary)
        return path if os.access(path, os.X_OK) else None

    def version(self):
        return ""

    def configure(self, folder, port, workload):
        """Writes into the empty `folder` what command() needs."""

    def command(self, folder, port, answer_octets, workload):
        raise NotImplementedError

    def first_match(self, arguments, pattern):
        done = subprocess.run([self.path(), *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        match = re.search(pattern, done.stdout)
        return match.group(1) if match else "unknown"


class Echo(Server):
    name = "echo"
    binary = "peers_echo"
    expect = "any"

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), "--port", str(port), "--answer-octets", str(round(answer_octets)),
                "--over", "tcp" if workloads.over_tcp(workload) else "udp"]


class Nsd(Server):
    name = "nsd"
    binary = "nsd"
    packages = ("nsd",)
    workloads = ("static", "wildcard", "tcp", "signed")

    def version(self):
        return self.first_match(["-v"], r"NSD version (\S+)")

    def configure(self, folder, port, workload):
        self.write_zone(folder, workload)
        write(folder, "nsd.conf", f"""
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  zonesdir: "{folder}"
  database: ""
  zonelistfile: "{folder}/zone.list"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  minimal-responses: yes
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {workloads.ZONE}
  zonefile: zone
""")

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), "-d", "-c", f"{folder}/nsd.conf"]


class Knot(Server):
    name = "knot"
    binary = "knotd"
    packages = ("knot", "knot-module-geoip")
    # Signed geo data is possible with it, but only for sets listed one by one: not this workload.
    workloads = ("static", "wildcard", "geo", "tcp", "signed")

    def version(self):
        return self.first_match(["--version"], r"version (\S+)")

    def configure(self, folder, port, workload):
        geo = workload == "geo"
        self.write_zone(folder, workload)
        if geo:
            lines = [f"geo.{workloads.ZONE}:"]
            for country, _, _, address in workloads.PLACES:
                lines += [f"  - geo: \"{country}\"", f"    A: {address}"]
            write(folder, "geo.conf", "\n".join(lines) + "\n")
        module = f"""
mod-geoip:
  - id: places
    config-file: "{folder}/geo.conf"
    ttl: {workloads.TTL}
    mode: geodb
    geodb-file: "{self.geo_database}"
    geodb-key: country/iso_code
""" if geo else ""
        write(folder, "knot.conf", f"""
server:
  rundir: "{folder}"
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  edns-client-subnet: {"on" if geo else "off"}
control:
  listen: "{folder}/knot.sock"
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
{module}
zone:
  - domain: {workloads.ZONE}
    file: "{folder}/zone"
    journal-content: none
{"    module: mod-geoip/places" if geo else ""}
""")

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), "-c", f"{folder}/knot.conf"]


class Gdnsd(Server):
    name = "gdnsd"
    binary = "gdnsd"
    packages = ("gdnsd",)
    workloads = ("static", "wildcard", "geo", "tcp")  # it serves no signed zones

    def version(self):
        return self.first_match(["-?"], r"gdnsd version (\S+)")

    def configure(self, folder, port, workload):
        plugin = self.geoip_plugin() if workload == "geo" else ""
        write(folder, f"zones/{workloads.ZONE}",
              workloads.zone_text("DYNA geoip!places" if plugin else None))
        write(folder, "config", f"""
options => {{
  listen => "127.0.0.1:{port}"
  udp_threads => 1
  tcp_threads => 1
  run_dir => "{folder}/run"
  state_dir => "{folder}/state"
}}
{plugin}
""")

    def geoip_plugin(self):
        datacenters = [country.lower() for country, _, _, _ in workloads.PLACES]
        coordinates = "\n".join(f"      {country.lower()} => [{latitude}, {longitude}]"
                                for country, latitude, longitude, _ in workloads.PLACES)
        addresses = "\n".join(f"      {country.lower()} => {address}"
                              for country, _, _, address in workloads.PLACES)
        return f"""
plugins => {{ geoip => {{
  maps => {{ places => {{
    geoip2_db => "{self.geo_database}"
    datacenters => [{", ".join(datacenters)}]
    auto_dc_coords => {{
{coordinates}
    }}
  }} }}
  resources => {{ places => {{
    map => places
    service_types => up
    dcmap => {{
{addresses}
    }}
  }} }}
}} }}
"""

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), "-c", folder, "start"]


class Proxima(Server):
    name = "proxima"
    binary = "proxima-gslb"

    def version(self):
        return self.first_match(["--version"], r"(\d+\.\d+\S*)")

    def configure(self, folder, port, workload):
        self.write_zone(folder, workload)
        routed = workload in ("geo", "signed-geo")
        signs = workload == "signed-geo"
        write(folder, "proxima.toml", f"""
[server]
listen = ["127.0.0.1:{port}"]
workers = 1
state_dir = "{folder}"

[log]
level = "warning"

[admin]
listen = "127.0.0.1:0"

[[zone]]
name = "{workloads.ZONE}."
file = "zone"
""" + ('dnssec = "bench"\n[dnssec.bench]\n' if signs else "") +
              (self.geo_tables() if routed else ""))

    def geo_tables(self):
        text = f"""
[[geo.source]]
file = "{self.geo_database}"
preset = "maxmind"

[service.places]
ttl = "{workloads.TTL}s"
answers = 1

[[route]]
name = "geo.{workloads.ZONE}."
service = "places"
"""
        for country, latitude, longitude, address in workloads.PLACES:
            text += f"""
[cluster.{country.lower()}]
latitude = {latitude}
longitude = {longitude}
country = "{country}"
health = "none"
[[cluster.{country.lower()}.node]]
id = "one"
ipv4 = "{address}"
"""
        return text

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), "-c", f"{folder}/proxima.toml"]


class Bind(Server):
    name = "bind"
    binary = "named"
    packages = ("bind9",)
    workloads = ("static", "wildcard", "tcp", "signed")

    def version(self):
        return self.first_match(["-v"], r"BIND (\S+)")

    def configure(self, folder, port, workload):
        self.write_zone(folder, workload)
        write(folder, "named.conf", f"""
options {{
  directory "{folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  minimal-responses yes;
  notify no;
  tcp-clients 1000;
}};
controls {{ }};
zone "{workloads.ZONE}" {{ type primary; file "zone"; }};
""")

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), "-f", "-n", "1", "-c", f"{folder}/named.conf"]


class PowerDns(Server):
    name = "powerdns"
    binary = "pdns_server"
    packages = ("pdns-server", "pdns-backend-bind")
    workloads = ("static", "wildcard", "tcp")

    def version(self):
        return self.first_match(["--version"], r"Server (\d\S*)")

    def configure(self, folder, port, workload):
        self.write_zone(folder, workload)
        write(folder, "named.conf",
              f'zone "{workloads.ZONE}" {{ type master; file "{folder}/zone"; }};\n')
        write(folder, "pdns.conf", f"""
launch=bind
bind-config={folder}/named.conf
local-address=127.0.0.1
local-port={port}
socket-dir={folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=3
receiver-threads=1
distributor-threads=1
max-tcp-connections=1000
""")

    def command(self, folder, port, answer_octets, workload):
        return [self.path(), f"--config-dir={folder}"]


# The floor first: it is what the others are measured against.
SERVERS = {server.name: server
           for server in (Echo, Proxima, Gdnsd, Nsd, Knot, Bind, PowerDns)}
