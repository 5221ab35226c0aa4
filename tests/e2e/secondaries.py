"""NSD, Knot and BIND as secondaries: each in a folder and on a port of its own, on loopback."""
import pathlib
import shutil

import harness

KEY_NAME = "xfr."
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ALGORITHM = "hmac-sha256"


def tool(name):
    """The path of a daemon, which may be in sbin and outside PATH; None: it is not installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def missing():
    return [name for name in ("named", "nsd", "knotd", "dig") if not tool(name)]


def named_options(folder, port, *options):
    """The start of a BIND's configuration, with these statements among its options."""
    lines = [f'directory "{folder}"', f'pid-file "{folder}/pid"',
             f'session-keyfile "{folder}/session"', f"listen-on port {port} {{ 127.0.0.1; }}",
             "listen-on-v6 { none; }", "recursion no", "dnssec-validation no", *options]
    return "options {\n  " + ";\n  ".join(lines) + ";\n};\ncontrols { };\n"


def nsd_server(folder, port, *options):
    """The start of an NSD's configuration, with these lines in its server: section."""
    lines = [f"ip-address: 127.0.0.1@{port}", "server-count: 1", 'username: ""', 'chroot: ""',
             'database: ""', f'zonesdir: "{folder}"', f'zonelistfile: "{folder}/zone.list"',
             f'xfrdfile: "{folder}/xfrd.state"', f'xfrdir: "{folder}"', f'pidfile: "{folder}/pid"',
             *options]
    return "server:\n  " + "\n  ".join(lines) + "\nremote-control:\n  control-enable: no\n"


class Secondary:
    """One daemon that has `zone` from the primary at `port`; over TLS when `ca` is given."""

    def __init__(self, zone, port, ca=None):
        self.zone, self.primary, self.ca = zone, port, ca
        self.port = harness.free_port()
        self.folder = pathlib.Path(harness.folder())
        self.config = self.folder / "conf"
        self.process = None

    def start(self):
        self.config.write_text(self.text())
        self.process = harness.Process(self.command())
        self.process.wait_for_port(self.port)
        return self

    def stop(self):
        if self.process:
            self.process.stop()


class Bind(Secondary):
    name = "named"

    def command(self):
        return [tool("named"), "-g", "-n", "1", "-c", str(self.config)]

    def text(self):
        tls = f'tls xot {{ ca-file "{self.ca}"; remote-hostname "localhost"; }};' if self.ca else ""
        use = "tls xot" if self.ca else ""
        return named_options(self.folder, self.port, "allow-transfer { any; }", "notify no",
                             "masterfile-format text") + f"""
key "{KEY_NAME}" {{ algorithm {ALGORITHM}; secret "{SECRET}"; }};
{tls}
zone "{self.zone}" {{ type secondary; file "zone.db"; allow-notify {{ key "{KEY_NAME}"; }};
  primaries {{ 127.0.0.1 port {self.primary} key "{KEY_NAME}" {use}; }}; }};
"""


class Nsd(Secondary):
    name = "nsd"

    def command(self):
        return [tool("nsd"), "-d", "-c", str(self.config)]

    def text(self):
        bundle = [f'tls-cert-bundle: "{self.ca}"'] if self.ca else []
        tls = 'tls-auth:\n  name: "xot"\n  auth-domain-name: "localhost"' if self.ca else ""
        use = "xot" if self.ca else ""
        return nsd_server(self.folder, self.port, "xfrd-reload-timeout: 0", *bundle) + f"""
key:
  name: "{KEY_NAME}"
  algorithm: {ALGORITHM}
  secret: "{SECRET}"
{tls}
zone:
  name: "{self.zone}"
  zonefile: "zone.db"
  allow-notify: 127.0.0.1 {KEY_NAME}
  request-xfr: 127.0.0.1@{self.primary} {KEY_NAME} {use}
  provide-xfr: 127.0.0.1 NOKEY
"""


class Knot(Secondary):
    name = "knotd"
    zone_options = ""  # further lines of the zone; a template "member" is for a catalog's

    def command(self):
        return [tool("knotd"), "-c", str(self.config)]

    def text(self):
        return f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: {self.folder}
key:
  - id: {KEY_NAME}
    algorithm: {ALGORITHM}
    secret: {SECRET}
remote:
  - id: primary
    address: 127.0.0.1@{self.primary}
    key: {KEY_NAME}
acl:
  - id: notify
    address: 127.0.0.1
    key: {KEY_NAME}
    action: notify
  - id: transfer
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    storage: {self.folder}
  - id: member
    storage: {self.folder}
    master: primary
    acl: [notify, transfer]
zone:
  - domain: {self.zone}
    master: primary
    acl: [notify, transfer]
{self.zone_options}"""
