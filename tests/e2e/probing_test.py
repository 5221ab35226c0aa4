"""Probes end to end: a real GSLB orders, real edges measure, answers follow what they found."""
import hashlib
import hmac
import http.client
import http.server
import json
import socket
import threading
import time
import unittest
import urllib.request

import harness
from heartbeats import Node
from steering_test import GERMAN, KEY, PLACES, Gslb, ask_admin, get

PROBES = """[probes]
allow_private = true
target_interval = "200ms"
mesh_interval = "{mesh}"
mesh_port = {mesh_port}
targets = "targets.csv"
{more}
"""


# Networks nobody knows the place of: all clusters look alike, so each is worth a probe, and what
# loopback measures contradicts nothing.
LOST, LOST_TOO = "198.18.8.0/24", "198.18.9.0/24"
LOST_PLACES = f"{LOST},,,,64508,Net Eight\n{LOST_TOO},,,,64509,Net Nine\n"


class Target:
    """A host of a unit: takes connections on a loopback address, as late as it is told."""

    def __init__(self, address):
        self.seen = []
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            self.seen.append(peer)
            connection.close()

    def stop(self):
        self.listener.close()


def edge(gslb, cluster, node, ports, probe="", beacons="[]"):
    """A real edge that reports to the GSLB and may probe these ports."""
    folder = harness.folder()
    config = folder / "edge.toml"
    listen, admin = harness.free_port(), harness.free_port()
    config.write_text(f"""[edge]
cluster = "{cluster}"
node = "{node}"
key = "{KEY}"
listen = ["127.0.0.1:{listen}"]
admin = "127.0.0.1:{admin}"
workers = 1
[origin]
url = "http://127.0.0.1:1"
[report]
gslb = ["http://127.0.0.1:{gslb.admin_port}"]
interval = "100ms"
beacons = {beacons}
[probe]
allow_private = true
target_interval = "100ms"
timeout = "300ms"
ports = {ports}
{probe}
""")
    process = harness.Process([harness.binary("proxima-edge"), "run", "-c", str(config)])
    process.http, process.admin = listen, admin
    process.wait_for_port(admin)
    return process


def metric(text, name):
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    return 0.0


def explain(gslb, subnet):
    return ask_admin(gslb, f"/v1/explain?name=www.cdn.example&type=A&client={subnet.split('/')[0]}")


def rtt_source(gslb, subnet, cluster):
    return {each["id"]: each["rtt_source"] for each in explain(gslb, subnet)["clusters"]}[cluster]


class ProbingTest(unittest.TestCase):
    def gslb(self, mesh="0s", more="", targets="", mesh_port=1):
        gslb = Gslb(extra=PROBES.format(mesh=mesh, more=more, mesh_port=mesh_port),
                    places=PLACES + LOST_PLACES)
        (gslb.folder / "targets.csv").write_text(targets)
        gslb.start(nodes=False)
        self.addCleanup(gslb.stop)
        return gslb

    def edges(self, gslb, ports, probe="", only=("fra", "nyc")):
        started = [edge(gslb, cluster, node, ports,
                        probe if cluster in only else "enabled = false")
                   for cluster, node in (("fra", "n1"), ("fra", "n2"), ("nyc", "n1"))]
        for process in started:
            self.addCleanup(process.stop)
        return started

    def target(self, address):
        target = Target(address)
        self.addCleanup(target.stop)
        return target

    def test_listed_targets_are_probed_and_explain_says_so(self):
        near = self.target("127.30.1.1")
        gslb = self.gslb(targets=f"{LOST},127.30.1.1,tcp-syn,{near.port}\n")
        # Loopback is faster than light between Frankfurt and New York: were both to probe, neither
        # would be believed.
        self.edges(gslb, [near.port], only=["fra"])
        harness.wait_until(lambda: near.seen, 10, "a probe arrives")
        harness.wait_until(lambda: rtt_source(gslb, LOST, "fra") == "probe", 10,
                           "explain shows the source")
        self.assertEqual("unit", rtt_source(gslb, LOST, "nyc"))
        self.assertGreaterEqual(
            metric(get(gslb, "/metrics"), 'proxima_probe_results_total{result="answered"}'), 1)

    def test_a_target_of_a_unit_nobody_asks_about_or_excluded_is_left_alone(self):
        excluded = self.target("127.30.2.1")
        closed = self.target("127.30.3.1")
        gslb = self.gslb(more='exclude = ["127.30.2.0/24"]',
                         targets=f"{LOST},127.30.2.1,tcp-syn,{excluded.port}\n"
                                 f"{LOST_TOO},127.30.3.1,tcp-syn,{closed.port}\n")
        # The edge's own rules forbid the second.
        edges = self.edges(gslb, [closed.port], 'exclude = ["127.30.3.0/24"]')
        harness.wait_until(
            lambda: any('proxima_edge_probes_total{result="excluded"} 1' in self.edge_metrics(e)
                        for e in edges), 10, "an order is refused")
        self.assertEqual(([], []), (excluded.seen, closed.seen))

    def edge_metrics(self, process):
        url = f"http://127.0.0.1:{process.admin}/metrics"
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.read().decode()

    def test_clusters_probe_each_other(self):
        peer = self.target("127.20.2.1")  # the node of nyc
        gslb = self.gslb(mesh="100ms", mesh_port=peer.port)
        self.edges(gslb, [peer.port])
        harness.wait_until(lambda: peer.seen, 10, "the mesh")
        harness.wait_until(lambda: metric(get(gslb, "/metrics"), "proxima_rtt_pairs") >= 1, 10,
                           "the estimator has it")

    def test_orders_are_signed_and_results_nobody_ordered_count_for_nothing(self):
        gslb = self.gslb(targets=f"{LOST},127.30.4.1,icmp\n")
        # Somewhere else to go, else nothing is worth a probe.
        other = Node(gslb.admin_port, "nyc", "n1", KEY)
        self.addCleanup(other.stop)
        sequence = [0]

        def beat(**members):
            sequence[0] += 1
            body = json.dumps({"version": 1, "cluster": "fra", "node": "n1",
                               "incarnation": int(gslb.started), "sequence": sequence[0],
                               "state": "up", "interval_ms": 500, **members})
            stamp = str(int(time.time() * 1000))
            signature = hmac.new(KEY.encode(), f"v1\n{stamp}\n{body}".encode(),
                                 hashlib.sha256).hexdigest()
            connection = http.client.HTTPConnection("127.0.0.1", gslb.admin_port, timeout=5)
            try:
                connection.request("POST", "/v1/heartbeat", body, {
                    "Proxima-Time": stamp, "Proxima-Cluster": "fra",
                    "Proxima-Signature": signature})
                reply = connection.getresponse()
                return reply.status, dict(reply.headers), reply.read(), stamp
            finally:
                connection.close()

        gslb.started = time.time() * 1000
        self.assertEqual(204, beat()[0], "no room, no orders")
        gone = harness.wait_until(
            lambda: next((r for r in [beat(probe_room=5)] if r[0] == 200), None), 10, "orders", 0.1)
        _, headers, body, stamp = gone
        expected = hmac.new(KEY.encode(), b"v1-orders\n" + stamp.encode() + b"\n" + body,
                            hashlib.sha256).hexdigest()
        self.assertEqual(expected, headers["Proxima-Signature"])
        order = json.loads(body)["probes"][0]
        self.assertEqual(("icmp", "127.30.4.1"), (order["kind"], order["target"]))
        self.assertEqual(204, beat(probes=[{"id": order["id"] + 1, "rtt_us": 900}])[0])
        self.assertEqual(1, metric(get(gslb, "/metrics"),
                                   'proxima_probe_results_total{result="unwanted"}'))
        self.assertEqual(204, beat(probes=[{"id": order["id"], "rtt_us": 9000}])[0])
        self.assertEqual(204, beat(probes=[{"id": order["id"], "rtt_us": 9000}])[0], "told twice")
        text = get(gslb, "/metrics")
        self.assertEqual(1, metric(text, 'proxima_probe_results_total{result="answered"}'))
        self.assertEqual(2, metric(text, 'proxima_probe_results_total{result="unwanted"}'))
        self.assertEqual(400, beat(probes=[{"id": -1, "rtt_us": 9000}])[0])

    def test_an_edge_refuses_orders_that_are_not_signed(self):
        forged = {"version": 1, "probes": [
            {"id": 1, "kind": "tcp-syn", "target": "127.30.5.1", "port": 1}]}
        victim = self.target("127.30.5.1")
        forged["probes"][0]["port"] = victim.port
        beats = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                beats.append(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(forged).encode()
                self.send_response(200)
                # The heartbeat's own signature, played back.
                self.send_header("Proxima-Signature", self.headers["Proxima-Signature"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        gslb = type("Fake", (), {"admin_port": server.server_address[1]})
        process = edge(gslb, "fra", "n1", [victim.port])
        self.addCleanup(process.stop)
        process.wait_for_log("orders were refused")
        harness.wait_until(lambda: len(beats) >= 5, 10, "beats")
        self.assertEqual([], victim.seen)
        self.assertGreater(json.loads(beats[-1])["probe_room"], 0)
        self.assertNotIn("probes", json.loads(beats[-1]))

    def test_check_shows_bad_targets_at_their_place(self):
        gslb = Gslb(extra=PROBES.format(mesh="0s", more="", mesh_port=1))
        (gslb.folder / "targets.csv").write_text(f"{GERMAN},127.30.6.1\nnowhere,127.0.0.1\n")
        import subprocess
        done = subprocess.run([harness.binary("proxima-gslb"), "check", "-c", str(gslb.config)],
                              capture_output=True, text=True, timeout=20)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("targets.csv:2:1", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
