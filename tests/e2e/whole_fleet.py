"""A small fleet with everything on, so that every metric there is has a series: two GSLB nodes, three
edges with origin, disk, TLS and tiers, a hand-made cluster, and traffic on all of it."""
import http.client
import pathlib
import ssl
import subprocess
import sys
import threading
import urllib.request

import harness
from heartbeats import Node

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "demo"))

import dnsclient  # noqa: E402
import planet  # noqa: E402

KEY = "whole-fleet-whole-fleet"
PLACES = {"fra": (50.1, 8.7), "nyc": (40.7, -74.0), "syd": (-33.9, 151.2)}
NODES = ["fra-a", "fra-b", "nyc-a"]  # real edges; syd is hand-made
CLIENTS = {f"198.51.{100 + i}.0/24": place for i, place in enumerate(list(PLACES.values()) * 2)}
ZONE = "$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.80\nwww A 192.0.2.81\n"

GSLB = """
[[zone]]
name = "cdn.test."
file = "cdn.zone"
dnssec = "default"
[[zone]]
name = "copy.test."
primaries = ["other"]
[dnssec.default]
denial = "compact"
[[remote]]
id = "other"
address = "127.0.0.1:{other}"
[health]
heartbeat_interval = "500ms"
missed_heartbeats = 20
suspect_share = 1.0
[steering]
plan_interval = "500ms"
[probes]
allow_private = true
target_interval = "1s"
[rrl]
responses_per_second = 100000
[monitor.alive]
kind = "tcp"
port = {origin}
interval = "1s"
ok_thresh = 1
up_thresh = 1
[group.metro]
[group.metro.capacity.requests_per_s]
target = 1500
max = 3000
[service.web]
ttl = 1
monitors = ["alive"]
[service.api]
ttl = 1
load = 2
[[route]]
name = "*.cdn.test."
service = "web"
[[route]]
name = "api.cdn.test."
service = "api"
[[route]]
name = "*.probe.cdn.test."
service = "web"
beacon = true
"""

OTHER = """
[[zone]]
name = "copy.test."
file = "copy.zone"
allow_transfer = ["127.0.0.0/8"]
notify = ["first"]
[[remote]]
id = "first"
address = "127.0.0.1:{dns}"
[service.web]
[[route]]
name = "*.copy.test."
service = "web"
"""

EDGE = """
[edge]
cluster = "{cluster}"
node = "{node}"
key = "{key}"
listen = ["127.0.0.1:{http}"]
listen_tls = ["127.0.0.1:{tls}"]
admin = "127.0.0.1:{admin}"
workers = 1
[[tls.certificate]]
certificate = "{pem}"
key = "{pem_key}"
[access_log]
file = "{folder}/{cluster}-{node}.log"
[cache]
memory = "16MiB"
max_object = "1MiB"
[cache.disk]
path = "disk-{cluster}-{node}"
size = "32MiB"
[compress]
[esi]
[origin]
url = "http://127.0.0.1:{origin}"
[[rule]]
name = "no-posts"
method = ["POST"]
action = "deny"
[tier]
key = "{key}"
{siblings}
[report]
gslb = ["http://127.0.0.1:{gslb}"]
interval = "500ms"
hosts = ["*.cdn.test"]
beacons = ["*.probe.cdn.test"]
[report.capacity.requests_per_s]
target = 1000
max = 2000
"""


def make_certificate(folder):
    """Paths of a certificate and its key."""
    pem, key = folder / "fleet.pem", folder / "fleet.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90", "-subj", "/CN=www.cdn.test",
                    "-addext", "subjectAltName=DNS:www.cdn.test", "-keyout", str(key), "-out",
                    str(pem)], check=True, capture_output=True)
    return pem, key


def get(port, path="/metrics"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.read().decode()


class Fleet:
    """Starts all of it and keeps traffic on it until stop()."""

    def __init__(self):
        self.folder = harness.folder()
        self.pem, self.pem_key = make_certificate(self.folder)
        self.ports = {name: harness.free_port() for name in
                      ["dns", "dot", "admin", "other", "other_admin"] +
                      [f"{node}-{kind}" for node in NODES for kind in ("http", "tls", "admin")]}
        self.origin = planet.Origin("127.0.0.1", 0)
        self.processes, self.errors = [], []
        self._stopping = threading.Event()
        self._threads = []
        (self.folder / "state").mkdir()
        for zone in ("cdn", "copy"):
            (self.folder / f"{zone}.zone").write_text(ZONE)

    @property
    def gslb_admins(self):
        return [self.ports["admin"], self.ports["other_admin"]]

    @property
    def edge_admins(self):
        return [self.ports[f"{node}-admin"] for node in NODES]

    def _cluster(self, name):
        nodes = [node.split("-")[1] for node in NODES if node.startswith(name)] or ["a"]
        latitude, longitude = PLACES[name]
        lines = [f"[cluster.{name}]", f"latitude = {latitude}", f"longitude = {longitude}",
                 f'key = "{KEY}"', "commit_mbps = 100", "cost_per_mbps = 1"]
        if name != "syd":
            lines.append('group = "metro"')
        lines += [f"[cluster.{name}.capacity.requests_per_s]", "target = 1000", "max = 2000"]
        for number, node in enumerate(nodes, 1):
            lines += [f"[[cluster.{name}.node]]", f'id = "{node}"',
                      f'ipv4 = "127.{20 + list(PLACES).index(name)}.0.{number}"']
        return "\n".join(lines)

    def _write_gslbs(self):
        overrides = [f'[[override]]\nprefix = "{prefix}"\nlatitude = {place[0]}\n'
                     f"longitude = {place[1]}" for prefix, place in CLIENTS.items()]
        ports = self.ports
        server = harness.server(
            ports["dns"], ports["admin"], f'listen_tls = "127.0.0.1:{ports["dot"]}"',
            f'tls_certificate = "{self.pem}"', f'tls_key = "{self.pem_key}"',
            f'state_dir = "{self.folder}/state"')
        first = "\n".join([
            server, GSLB.format(other=ports["other"], origin=self.origin.port),
            *map(self._cluster, PLACES), *overrides])
        (self.folder / "first.toml").write_text(first)
        (self.folder / "other.toml").write_text("\n".join([
            harness.server(ports["other"], ports["other_admin"]),
            OTHER.format(dns=ports["dns"]), harness.cluster("lon", "192.0.2.9")]))

    def _write_edge(self, name):
        cluster, node = name.split("-")
        siblings = "".join(
            f'[[tier.sibling]]\nname = "{each}"\nurl = "http://127.0.0.1:{self.ports[each + "-http"]}"\n'
            for each in NODES if each.startswith(cluster)) if cluster == "fra" else ""
        path = self.folder / f"{name}.toml"
        path.write_text(EDGE.format(
            cluster=cluster, node=node, key=KEY, pem=self.pem, pem_key=self.pem_key,
            folder=self.folder, origin=self.origin.port, siblings=siblings,
            gslb=self.ports["admin"], http=self.ports[f"{name}-http"],
            tls=self.ports[f"{name}-tls"], admin=self.ports[f"{name}-admin"]))
        return path

    def start(self):
        self._write_gslbs()
        self._run("proxima-gslb", self.folder / "other.toml").wait_for_log("server: answering", 20)
        for node in NODES:
            self._run("proxima-edge", self._write_edge(node)).wait_for_log("ready")
        first = self._run("proxima-gslb", self.folder / "first.toml")
        first.wait_for_port(self.ports["admin"])
        self.node = Node(self.ports["admin"], "syd", "a", KEY, 500)
        self.node.load = [{"resource": "requests_per_s", "current": 5}]
        self.node.rtt = [{"client": prefix, "rtt_us": 20_000 + 9000 * i, "count": 5}
                         for i, prefix in enumerate(CLIENTS)]
        self.node.more = {
            "cache": {"requests": 1000, "hits": 900}, "span_ms": 500,
            "hosts": [{"hosts": "*.cdn.test", "requests": 100, "hits": 90, "octets": 10 ** 6}],
            "store": {"memory_octets": 5, "memory_budget": 9, "disk_octets": 5, "disk_budget": 9,
                      "disk_writable": True},
            "conditions": [{"kind": "overloaded", "detail": "requests_per_s"}]}
        first.wait_for_log("server: answering", 30)
        # A reload leaves its time.
        harness.proximactl(self.ports["admin"], "--timeout", "25s", "reload", check=True)
        for admin in self.edge_admins:
            urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{admin}/v1/reload", method="POST"), timeout=20).close()
        for work in (self._resolve, self._browse):
            self._threads.append(threading.Thread(target=self._repeat, args=(work,), daemon=True))
            self._threads[-1].start()

    def _run(self, program, config):
        self.processes.append(harness.Process([harness.binary(program), "run", "-c", str(config)]))
        return self.processes[-1]

    def _repeat(self, work):
        count = 0
        while not self._stopping.wait(0.02):
            count += 1
            try:
                work(count)
            except (OSError, http.client.HTTPException, dnsclient.Malformed) as error:
                self.errors.append(error)

    def _resolve(self, count):
        prefix = list(CLIENTS)[count % len(CLIENTS)]
        name = ("api", f"p{count % 50}", "www")[count % 3]
        dnsclient.ask(("127.0.0.1", self.ports["dns"]), f"{name}.cdn.test", dnsclient.A, prefix)
        dnsclient.ask(("127.0.0.1", self.ports["other"]), "www.copy.test", dnsclient.A)

    def _browse(self, count):
        node = NODES[count % len(NODES)]
        path = ("/hello.txt", "/data.bin", f"/data.bin?{count}")[count // 3 % 3]
        if count % 10:
            connection = http.client.HTTPConnection("127.0.0.1", self.ports[f"{node}-http"],
                                                    timeout=20)
        else:
            context = ssl.create_default_context(cafile=str(self.pem))
            context.check_hostname = False
            connection = http.client.HTTPSConnection("127.0.0.1", self.ports[f"{node}-tls"],
                                                     timeout=20, context=context)
        connection.request("GET", path, headers={"Host": "www.cdn.test"})
        connection.getresponse().read()
        connection.close()

    def stop(self):
        """Exit statuses and logs of what did not end well."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self.node.stop()
        for process in self.processes:
            process.signal(harness.signal.SIGTERM)
        ended = [(process.stop(40), process.log()) for process in self.processes]
        self.origin.stop()
        return [each for each in ended if each[0] != 0]
