"""One GSLB with hand-made edge nodes and a made geo database: what moves answers, and when."""
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import harness
from heartbeats import Node

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "demo"))

import dnsclient  # noqa: E402

# prefix,country,lat,lon,asn,org
PLACES = """198.18.1.0/24,DE,50.1,8.7,64500,Net One
198.18.2.0/24,US,40.7,-74.0,64501,Net Two
2001:db8:1::/48,DE,50.1,8.7,64500,Net One
"""
KEY = "steering-test-steering-test"
FRA, NYC = ["127.20.1.1", "127.20.1.2"], ["127.20.2.1"]
GERMAN, AMERICAN = "198.18.1.0/24", "198.18.2.0/24"


class Gslb:
    def __init__(self, service="", extra="", places=PLACES):
        self.folder = harness.folder()
        self.port = harness.free_port()
        self.admin_port = harness.free_port()
        self.server = ("127.0.0.1", self.port)
        maker = harness.binary("make_mmdb")
        subprocess.run([maker, "--version", "6", str(self.folder / "places.mmdb")],
                       input=places, text=True, check=True)
        (self.folder / "zone").write_text(
            "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
            "static A 192.0.2.80\n")
        self.config = self.folder / "proxima.toml"
        self.config.write_text(self.toml(service, extra))
        self.process = None

    def toml(self, service, extra):
        nodes = {"fra": (FRA, 50.1, 8.7), "nyc": (NYC, 40.7, -74.0)}
        parts = [f"""[server]
listen = ["127.0.0.1:{self.port}"]
workers = 2
state_dir = "{self.folder}"
[admin]
listen = "127.0.0.1:{self.admin_port}"
[[zone]]
name = "cdn.example."
file = "zone"
[[geo.source]]
file = "places.mmdb"
preset = "flat"
[geo]
watch_interval = "100ms"
[health]
heartbeat_interval = "100ms"
[steering]
plan_interval = "500ms"
[service.web]
ttl = 30
{service}
[[route]]
name = "*.cdn.example."
service = "web"
{extra}
"""]
        for cluster, (addresses, latitude, longitude) in nodes.items():
            parts.append(f"""[cluster.{cluster}]
latitude = {latitude}
longitude = {longitude}
key = "{KEY}"
[cluster.{cluster}.capacity.requests_per_s]
target = 100
max = 200
""")
            for number, address in enumerate(addresses, 1):
                parts.append(f'[[cluster.{cluster}.node]]\nid = "n{number}"\nipv4 = "{address}"\n')
        return "\n".join(parts)

    def start(self, nodes=True):
        self.process = harness.Process([harness.binary("proxima-gslb"), "-c", str(self.config)])
        self.process.wait_for_port(self.admin_port)
        self.nodes = {}
        if nodes:
            for cluster, addresses in (("fra", FRA), ("nyc", NYC)):
                for number in range(1, len(addresses) + 1):
                    self.nodes[f"{cluster}/n{number}"] = Node(self.admin_port, cluster,
                                                              f"n{number}", KEY)
        self.process.wait_for_log("server: answering", 20)

    def ask(self, name="www.cdn.example", subnet=GERMAN, rtype=dnsclient.A):
        return dnsclient.ask(self.server, name, rtype, subnet)

    def address(self, **kwargs):
        return self.ask(**kwargs).addresses[0]

    def stop(self):
        for node in self.nodes.values():
            node.stop()
        return self.process.stop()


class SteeringTest(unittest.TestCase):
    def gslb(self, nodes=True, **kwargs):
        made = Gslb(**kwargs)
        made.start(nodes)
        self.addCleanup(made.stop)
        return made

    def set_load(self, gslb, node, current):
        gslb.nodes[node].load = [{"resource": "requests_per_s", "current": current}]

    def test_nearest_cluster_and_scope(self):
        gslb = self.gslb()
        german, american = gslb.ask(), gslb.ask(subnet=AMERICAN)
        self.assertIn(german.addresses[0], FRA)
        self.assertIn(american.addresses[0], NYC)
        self.assertEqual((24, 24), (german.scope, american.scope))
        self.assertEqual(30, german.ttl)
        self.assertEqual(0, gslb.ask(name="static.cdn.example").scope)

    def test_silent_node_is_gone_within_a_second(self):
        gslb = self.gslb()
        victim = gslb.address()
        node = gslb.nodes[f"fra/n{FRA.index(victim) + 1}"]
        node.stop()
        silent_at = time.monotonic()
        harness.wait_until(lambda: gslb.address() != victim, 5, "the answer moves", 0.002)
        self.assertIn(gslb.address(), FRA)
        self.assertLess(time.monotonic() - silent_at, 1.0)

    def test_draining_heartbeat_moves_the_answer_at_once(self):
        gslb = self.gslb()
        victim = gslb.address()
        gslb.nodes[f"fra/n{FRA.index(victim) + 1}"].state = "draining"
        harness.wait_until(lambda: gslb.address() != victim, 1, "the answer moves", 0.002)

    def test_cluster_down_then_back(self):
        gslb = self.gslb()
        for name in ("fra/n1", "fra/n2"):
            gslb.nodes[name].state = "down"
        harness.wait_until(lambda: gslb.address() in NYC, 1, "failover", 0.002)
        for name in ("fra/n1", "fra/n2"):
            gslb.nodes[name].state = "up"
        harness.wait_until(lambda: gslb.address() in FRA, 5, "return", 0.002)

    def test_all_down_follows_the_fallback_policy(self):
        for service, check in (
                ('fallback = "all"', lambda a: a.addresses and a.addresses[0] in FRA),
                ('fallback = "last_good"', lambda a: a.addresses and a.addresses[0] in FRA),
                ('fallback = "pool"\nfallback_pool = ["192.0.2.99"]',
                 lambda a: a.addresses == ["192.0.2.99"]),
                ('fallback = "servfail"', lambda a: a.rcode == 2)):
            with self.subTest(service):
                gslb = self.gslb(service=service)
                for node in gslb.nodes.values():
                    node.state = "down"
                harness.wait_until(lambda: not any(
                    c["serving"] for c in status(gslb)["clusters"]), 3, "all down")
                harness.wait_until(lambda: check(gslb.ask()), 2, service)

    def test_over_target_spills_to_the_next_best_and_returns(self):
        gslb = self.gslb()
        names = [f"photo-{i}.cdn.example" for i in range(100)]

        def share_at_home():
            return sum(gslb.address(name=name) in FRA for name in names) / len(names)

        self.assertEqual(1.0, share_at_home())
        for node in ("fra/n1", "fra/n2"):
            self.set_load(gslb, node, 100)  # 200 together: twice the target
        harness.wait_until(lambda: 0 < share_at_home() < 0.9, 20, "spill", 0.2)
        for node in ("fra/n1", "fra/n2"):
            self.set_load(gslb, node, 10)
        harness.wait_until(lambda: share_at_home() == 1.0, 60, "return", 0.2)

    def test_answers_follow_measured_rtt_even_after_a_restart(self):
        gslb = self.gslb()
        self.assertIn(gslb.address(), FRA)
        for node, rtt_us in (("fra/n1", 180_000), ("nyc/n1", 95_000)):
            gslb.nodes[node].rtt = [{"client": GERMAN, "rtt_us": rtt_us, "count": 9}]
        harness.wait_until(lambda: gslb.address() in NYC, 5, "the answer follows", 0.05)
        self.assertIn(gslb.address(subnet=AMERICAN), NYC)
        gslb.stop()
        gslb.start()  # whose nodes report no RTT
        self.assertIn(gslb.address(), NYC)

    def test_clients_whose_requests_fail_at_a_cluster_go_elsewhere_and_only_they(self):
        gslb = self.gslb()
        self.assertIn(gslb.address(), FRA)
        gslb.nodes["fra/n1"].rtt = [
            {"client": GERMAN, "rtt_us": 9_000, "count": 9, "requests": 40, "failed": 25},
            {"client": AMERICAN, "rtt_us": 95_000, "count": 9, "requests": 40, "failed": 0}]
        gslb.nodes["fra/n1"].more = {"cache": {"requests": 500, "hits": 400}}
        harness.wait_until(lambda: gslb.address() in NYC, 5, "the answer follows", 0.05)
        gslb.nodes["fra/n1"].rtt = []

        def explained(subnet):
            shown = ask_admin(gslb, f"/v1/explain?name=www.cdn.example&client={subnet[:-5]}.7")
            return {each["id"]: each for each in shown["clusters"]}

        for subnet, expected in ((GERMAN, True), (AMERICAN, False)):
            clusters = explained(subnet)
            self.assertEqual(expected, clusters["fra"]["trouble_ms"] > 1000, clusters["fra"])
            self.assertEqual(0, clusters["nyc"]["trouble_ms"])
        self.assertEqual((0.8, "measured"),
                         (clusters["fra"]["hit_ratio"], clusters["fra"]["hit_ratio_source"]))
        self.assertEqual((1, "configured"),
                         (clusters["nyc"]["hit_ratio"], clusters["nyc"]["hit_ratio_source"]))
        shown = get(gslb, "/metrics")
        self.assertIn('proxima_cluster_broken_units{cluster="fra"} 1\n', shown)
        self.assertIn('proxima_cluster_hit_ratio{cluster="fra"} 0.8\n', shown)
        gslb.stop()
        gslb.start()  # whose nodes tell of no requests
        self.assertIn(gslb.address(), NYC)

    def test_a_node_that_lies_about_rtt_attracts_nobody(self):
        gslb = self.gslb()
        gslb.nodes["nyc/n1"].rtt = [{"client": GERMAN, "rtt_us": 100, "count": 1000}]
        harness.wait_until(lambda: 'proxima_rtt_cluster_distrusted{cluster="nyc"} 1' in
                           get(gslb, "/metrics"), 5, "the lie is seen")
        self.assertIn(gslb.address(), FRA)

    def test_heartbeats_nobody_should_believe(self):
        gslb = self.gslb()
        node = gslb.nodes["fra/n1"]
        node.stop()
        body = node.body()
        self.assertIn(node.report(body), (200, 204))
        self.assertEqual(409, node.report(body), "a replay")
        self.assertEqual(401, node.report(key="another-key-another-key"))
        self.assertEqual(401, node.report(at_ms=int(time.time() * 1000) - 3_600_000), "skew")
        self.assertEqual(400, node.report("{"), "signed nonsense")

    def test_reload_under_load_loses_nothing(self):
        gslb = self.gslb()
        text = gslb.config.read_text()
        rounds = 0
        bad = []

        def send_next(state={"left": 60_000}):
            nonlocal rounds
            state["left"] -= 1
            if state["left"] % 10_000 == 0:
                rounds += 1
                gslb.config.write_text(text if rounds % 2 else text + "\nbroken = [\n")
                gslb.process.signal(signal.SIGHUP)
            return None if state["left"] < 0 else (f"n{state['left'] % 997}.cdn.example", GERMAN)

        def on_answer(answer, _):
            if answer.rcode != 0 or answer.addresses[0] not in FRA:
                bad.append(answer)

        stream = dnsclient.Stream(gslb.server)
        stream.run(send_next, on_answer)
        self.assertEqual((0, 0, []), (stream.lost, stream.malformed, bad[:3]))
        self.assertEqual(60_000, stream.answered)
        self.assertGreaterEqual(rounds, 5)
        gslb.config.write_text(text)
        self.assertIn("refused; what was loaded before keeps serving", gslb.process.log())
        self.assertIn("proxima.toml:", gslb.process.log())

    def test_kdig_and_dnsperf_agree(self):
        gslb = self.gslb()
        for transport in ("+notcp", "+tcp"):
            with self.subTest(transport):
                out = subprocess.run(
                    ["kdig", "@127.0.0.1", "-p", str(gslb.port), transport,
                     f"+subnet={GERMAN}", "+nsid", "www.cdn.example", "A"],
                    capture_output=True, text=True, timeout=20, check=True).stdout
                self.assertIn("status: NOERROR", out)
                self.assertIn(f"CLIENT-SUBNET: {GERMAN}/24", out)
                self.assertIn(gslb.address(), out)
        queries = gslb.folder / "queries"
        queries.write_text("".join(f"n{i}.cdn.example A\nstatic.cdn.example AAAA\n"
                                   for i in range(500)))
        for mode in ("udp", "tcp"):
            with self.subTest(mode):
                out = subprocess.run(
                    ["dnsperf", "-s", "127.0.0.1", "-p", str(gslb.port), "-m", mode, "-e",
                     "-d", str(queries), "-n", "20", "-c", "4"],
                    capture_output=True, text=True, timeout=60, check=True).stdout
                self.assertRegex(out, r"Queries sent: +20000\n")
                self.assertRegex(out, r"Queries completed: +20000 \(100.00%\)")
                self.assertRegex(out, r"Queries lost: +0 ")
                self.assertIn("NOERROR 20000 (100.00%)", out)

    def test_dig_reads_https_records_of_a_decision(self):
        gslb = self.gslb(service="https = { alpn = [\"h2\"], port = 8443 }")

        def dig(*arguments):
            return subprocess.run(
                ["dig", "@127.0.0.1", "-p", str(gslb.port), "+short", f"+subnet={GERMAN}",
                 *arguments], capture_output=True, text=True, timeout=20, check=True).stdout.strip()

        address = dig("www.cdn.example", "A")
        self.assertIn(address, FRA)
        self.assertEqual(f'1 . alpn="h2" port=8443 ipv4hint={address}',
                         dig("www.cdn.example", "HTTPS"))

    def test_new_geo_database_is_noticed_and_a_broken_one_refused(self):
        gslb = self.gslb()
        self.assertIn(gslb.address(), FRA)
        places = gslb.folder / "places.mmdb"
        fresh = gslb.folder / "fresh.mmdb"
        subprocess.run([harness.binary("make_mmdb"), str(fresh)], text=True, check=True,
                       input="198.18.1.0/24,US,40.7,-74.0,64500,Net One\n")
        fresh.rename(places)
        harness.wait_until(lambda: gslb.address() in NYC, 10, "the new place", 0.02)
        broken = gslb.folder / "broken.mmdb"
        broken.write_bytes(b"not a database")
        broken.rename(places)
        gslb.process.wait_for_log("refused; what was loaded before keeps serving")
        self.assertIn(gslb.address(), NYC)

    def test_ready_only_after_the_first_round(self):
        gslb = Gslb()
        gslb.process = harness.Process([harness.binary("proxima-gslb"), "-c", str(gslb.config)])
        gslb.nodes = {}
        self.addCleanup(gslb.stop)
        gslb.process.wait_for_port(gslb.admin_port)
        # Nobody reports: the round ends with the first deadline, and all are down.
        gslb.process.wait_for_log("server: answering", 10)
        self.assertIn(gslb.ask().addresses[0], FRA)  # fallback = all

    def test_sigterm_ends_with_status_zero_and_state_survives(self):
        gslb = self.gslb()
        ask_admin(gslb, "/v1/drain?target=fra", "POST")
        harness.wait_until(lambda: gslb.address() in NYC, 1, "the drain", 0.002)
        self.assertEqual(0, gslb.stop())
        gslb.start()
        self.assertIn(gslb.address(), NYC, "an operator's drain survives a restart")
        ask_admin(gslb, "/v1/undrain?target=fra", "POST")
        harness.wait_until(lambda: gslb.address() in FRA, 2, "the return", 0.002)


def get(gslb, path, method="GET"):
    import urllib.request
    request = urllib.request.Request(f"http://127.0.0.1:{gslb.admin_port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return reply.read().decode()


def ask_admin(gslb, path, method="GET"):
    import json
    return json.loads(get(gslb, path, method) or "{}")


def status(gslb):
    return ask_admin(gslb, "/v1/status")


if __name__ == "__main__":
    unittest.main()
