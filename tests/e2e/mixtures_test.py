"""Beacons end to end: a resolver far from its clients is answered for them once a real GSLB and a
real edge have put the two halves together."""
import json
import subprocess
import unittest

import harness
from probing_test import edge, explain, metric
from steering_test import FRA, NYC, PLACES, Gslb, ask_admin, dnsclient, get

ROUTE = """[[route]]
name = "*.probe.cdn.example."
service = "web"
beacon = true
[record]
folder = "recordings"
"""
RESOLVER = "127.50.1.1"  # in Germany; its clients are in America
CLIENTS = [f"127.40.{number}.9" for number in range(1, 11)]
MORE = "".join(f"127.40.{number}.0/24,US,40.7,-74.0,64501,Net Two\n" for number in range(1, 11))
MORE += "127.50.1.0/24,DE,50.1,8.7,64502,Net Three\n"


class MixturesTest(unittest.TestCase):
    def setUp(self):
        self.gslb = Gslb(extra=ROUTE, places=PLACES + MORE)
        self.gslb.start(nodes=False)
        self.addCleanup(lambda: self.gslb.stop())
        # Which edge a client comes to is all the same to a beacon.
        self.edges = [edge(self.gslb, cluster, node, [1], beacons='["*.probe.cdn.example"]')
                      for cluster, node in (("fra", "n1"), ("fra", "n2"), ("nyc", "n1"))]
        for process in self.edges:
            self.addCleanup(process.stop)

    def ask(self, name="www.cdn.example", subnet=None):
        return dnsclient.ask(self.gslb.server, name, dnsclient.A, subnet, source=RESOLVER)

    def cluster(self, **kwargs):
        return "fra" if self.ask(**kwargs).addresses[0] in FRA else "nyc"

    def visit(self, nonce, client):
        """A client fetches the beacon from an edge."""
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "5", "--interface", client, "--noproxy", "*", "-o",
             "/dev/null", "-w", "%{http_code}", "-H", f"Host: {nonce}.probe.cdn.example",
             f"http://127.0.0.1:{self.edges[0].http}/"], capture_output=True, text=True)
        self.assertEqual("200", done.stdout, done.stderr)

    def reports(self, result):
        name = f'proxima_beacon_reports_total{{result="{result}"}}'
        return metric(get(self.gslb, "/metrics"), name)

    def learn(self):
        for number, client in enumerate(CLIENTS):
            nonce = f"nonce{number:06d}"
            self.assertTrue(self.ask(name=f"{nonce}.probe.cdn.example").addresses)
            self.visit(nonce, client)
        harness.wait_until(lambda: self.cluster() == "nyc", 10,
                           "the resolver is answered for its clients", 0.1)

    def test_forged_nonces_do_nothing(self):
        harness.wait_until(lambda: self.cluster() == "fra", 5, "home")
        self.ask(name="theonlyone.probe.cdn.example")
        self.ask(name="sub.ourselves01.probe.cdn.example")
        self.ask(name="withsubnet1.probe.cdn.example", subnet="127.40.1.0/24")
        forged = ["neverasked", "ourselves01", "withsubnet1"]
        for client in CLIENTS:
            self.visit("theonlyone", client)  # good once
            for nonce in forged:
                self.visit(nonce, client)
        # An edge tells of a nonce once as long as its heartbeat has not gone out.
        harness.wait_until(lambda: self.reports("unknown") >= 4, 10, "they were told of")
        self.assertEqual(1, self.reports("joined"))
        self.assertEqual("fra", self.cluster())

    def test_a_resolver_far_from_its_clients_is_answered_for_them(self):
        harness.wait_until(lambda: self.cluster() == "fra", 5, "home")
        self.learn()
        self.assertEqual("fra", self.cluster(subnet="127.50.1.0/24"),
                         "its own network's clients, who say where they are")
        self.assertEqual(10, self.reports("joined"))
        explained = ask_admin(self.gslb, "/v1/explain?name=www.cdn.example&type=A"
                                         f"&client={RESOLVER}&as=resolver")
        self.assertEqual("127.50.1.0/24", explained["resolver_network"])
        self.assertEqual([("US", 1.0)], [(c["country"], c["share"]) for c in explained["mixture"]])
        self.assertEqual({"mixture"}, {c["rtt_source"] for c in explained["clusters"]})
        self.assertEqual([], explain(self.gslb, "127.50.1.0/24")["mixture"])
        shown = subprocess.run(
            [harness.binary("proximactl"), "-c", str(self.gslb.config), "explain",
             "www.cdn.example", "A", "--client", RESOLVER, "--as-resolver"],
            capture_output=True, text=True, timeout=20)
        self.assertIn("100% US (resolver 127.50.1.0/24)", shown.stdout, shown.stderr)

        [known] = ask_admin(self.gslb, "/v1/resolvers")["resolvers"]
        self.assertEqual(("127.50.1.0/24", explained["mixture"]),
                         (known["network"], known["mixture"]))
        shown = subprocess.run(
            [harness.binary("proximactl"), "-c", str(self.gslb.config), "resolvers"],
            capture_output=True, text=True, timeout=20)
        self.assertRegex(shown.stdout, r"127\.50\.1\.0/24 +[0-9.]+ +100% US", shown.stderr)

        self.gslb.stop()
        for recording in (self.gslb.folder / "recordings").iterdir():
            replayed = subprocess.run([harness.binary("proxima-gslb"), "replay", str(recording)],
                                      capture_output=True, text=True, timeout=20)
            self.assertEqual(0, replayed.returncode, replayed.stdout + replayed.stderr)
        simulated = subprocess.run(
            [harness.binary("proxima-gslb"), "simulate", "-c", str(self.gslb.config), "--state",
             str(self.gslb.folder), "--outage", "nyc", "--json"],
            capture_output=True, text=True, timeout=20)
        self.assertEqual(0, simulated.returncode, simulated.stdout + simulated.stderr)
        by_id = {each["id"]: each for each in json.loads(simulated.stdout)["clusters"]}
        self.assertGreater(by_id["nyc"]["before_per_s"], 0)
        self.gslb.start(nodes=False)
        harness.wait_until(lambda: self.cluster() == "nyc", 10, "a restart keeps it", 0.1)


if __name__ == "__main__":
    unittest.main()
