"""Every policy with the real daemon: who is named, where a dead cluster's names go, what a reload
moves, what `check` says of nonsense."""
import datetime
import pathlib
import subprocess
import sys
import unittest

import harness
from heartbeats import Node

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "demo"))

import dnsclient  # noqa: E402

KEY = "policies-test-policies-test"
CLUSTERS = {"fra": (50.1, 8.7), "lon": (51.5, -0.1), "nyc": (40.7, -74.0), "syd": (-33.9, 151.2)}
ADDRESS = {name: f"192.0.2.{number}" for number, name in enumerate(CLUSTERS, 1)}
IPV6 = {name: f"2001:db8::{number}" for number, name in enumerate(CLUSTERS, 1)}
CLUSTER = {address: name for of in (ADDRESS, IPV6) for name, address in of.items()}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

# So many /24s with places of their own, two cities in turn, so that each is a leaf; then one of
# each country the map knows or doesn't.
GERMANS = [f"198.18.{i}.0/24" for i in range(48)]
AMERICAN, JAPANESE, OVERRIDDEN, NETWORK = (f"198.18.{i}.0/24" for i in (200, 202, 204, 206))
PLACES = "".join(f"{subnet},DE,{50.1 if i % 2 else 53.5},{8.7 if i % 2 else 10.0},64500,Net\n"
                 for i, subnet in enumerate(GERMANS)) + f"""{AMERICAN},US,40.7,-74.0,64501,Net
{JAPANESE},JP,35.7,139.7,64502,Net
{OVERRIDDEN},JP,35.7,139.7,64502,Net
{NETWORK},US,40.7,-74.0,64503,Net
"""

POLICIES = """
[pool.backup]
clusters = ["lon", "nyc"]
policy = "weighted"

[service.order]
policy = "failover"
pools = ["fra", "backup", "syd"]

[service.share]
policy = "weighted"
pools = ["fra", "lon", "nyc"]
weights = { fra = 3, lon = 1, nyc = 0 }

[service.stick]
policy = "sticky"
pools = ["fra", "lon"]

[service.home]
policy = "home"

[map.world]
default = ["syd"]
[map.world.continent]
EU = ["lon"]
[map.world.country]
DE = ["fra", "lon"]
US = ["nyc"]
[map.world.asn]
64503 = ["syd"]
[service.map]
policy = "geo"
map = "world"
[[override]]
prefix = "198.18.204.0/24"
set_country = "FR"

[service.hours]
policy = "failover"
pools = ["fra"]
[[service.hours.scheduled]]
days = ["NOT_NOW"]
pools = ["syd"]
[[service.hours.scheduled]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
pools = ["lon"]
"""


def not_now():
    """A day of the week that is neither today nor next to it, wherever midnight is."""
    return DAYS[(datetime.datetime.now(datetime.timezone.utc).weekday() + 3) % 7]


class Policies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = harness.folder()
        cls.port, cls.admin = harness.free_port(), harness.free_port()
        subprocess.run([harness.binary("make_mmdb"), str(cls.folder / "places.mmdb")],
                       input=PLACES, text=True, check=True)
        (cls.folder / "zone").write_text(
            "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n")
        cls.config = cls.folder / "proxima.toml"
        cls.config.write_text(cls.toml())
        cls.process = harness.Process([harness.binary("proxima-gslb"), "-c", str(cls.config)])
        cls.process.wait_for_port(cls.admin)
        cls.nodes = {name: cls.node(name) for name in CLUSTERS}
        cls.process.wait_for_log("server: answering", 20)

    @classmethod
    def tearDownClass(cls):
        for node in cls.nodes.values():
            node.stop()
        if cls.process.stop() != 0:
            raise AssertionError(cls.process.log())

    @classmethod
    def node(cls, cluster):
        return Node(cls.admin, cluster, "a", KEY)

    @classmethod
    def toml(cls, change=lambda text: text):
        services = ("order", "share", "stick", "home", "map", "hours")
        parts = [harness.server(cls.port, cls.admin), """
[[zone]]
name = "example."
file = "zone"
[[geo.source]]
file = "places.mmdb"
preset = "flat"
asn_field = "autonomous_system_number"
[health]
heartbeat_interval = "100ms"
[steering]
plan_interval = "200ms"
""", change(POLICIES).replace("NOT_NOW", not_now())]
        parts += [f'[[route]]\nname = "*.{each}.example."\nservice = "{each}"' for each in services]
        for name, (latitude, longitude) in CLUSTERS.items():
            parts.append(f"""[cluster.{name}]
latitude = {latitude}
longitude = {longitude}
key = "{KEY}"
[[cluster.{name}.node]]
id = "a"
ipv4 = "{ADDRESS[name]}"
ipv6 = "{IPV6[name]}"
""")
        return "\n".join(parts)

    def cluster(self, name, subnet=GERMANS[0], rtype=dnsclient.A):
        answer = dnsclient.ask(("127.0.0.1", self.port), name, rtype, subnet)
        return CLUSTER[answer.addresses[0]]

    def clusters(self, service, count=400, subnet=GERMANS[0]):
        """Who is named, by name."""
        return {name: self.cluster(name, subnet)
                for name in (f"n{i}.{service}.example" for i in range(count))}

    def ctl(self, *arguments):
        done = harness.proximactl(self.admin, *arguments)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def drain(self, cluster):
        self.ctl("drain", cluster)
        self.addCleanup(self.ctl, "undrain", cluster)

    def settled(self, service, expected, **more):
        """clusters(), once its set is `expected`: the next plan divides what a row only hands on."""
        harness.wait_until(
            lambda: set(self.clusters(service, 60, **more).values()) == expected, 5,
            f"{service} settles on {expected}", 0.05)
        return self.clusters(service, **more)

    def assert_only_moved_from(self, cluster, before, after):
        for name, was in before.items():
            if was != cluster:
                self.assertEqual(was, after[name], name)

    def share(self, answers, cluster):
        return sum(each == cluster for each in answers.values()) / len(answers)

    def test_failover_goes_down_the_pools_and_back_at_once(self):
        self.assertEqual({"fra"}, set(self.clusters("order", 40).values()))
        self.assertEqual("fra", self.cluster("a.order.example", AMERICAN), "for all clients")
        self.drain("fra")
        after = self.settled("order", {"lon", "nyc"})
        self.assertAlmostEqual(0.5, self.share(after, "lon"), delta=0.1)
        self.drain("lon")
        self.settled("order", {"nyc"})
        self.drain("nyc")
        self.settled("order", {"syd"})
        for cluster in ("lon", "fra"):
            self.ctl("undrain", cluster)
        self.settled("order", {"fra"})

    def test_weighted_shares_are_of_names_and_all_families_agree(self):
        answers = self.clusters("share", 1200)
        self.assertAlmostEqual(0.75, self.share(answers, "fra"), delta=0.05)
        self.assertEqual(0, self.share(answers, "nyc"), "only when no other can")
        for name in list(answers)[:100]:
            self.assertEqual(answers[name], self.cluster(name, rtype=dnsclient.AAAA))
        again = self.clusters("share", 1200)
        self.assertEqual(answers, again, "no draw for a query")

    def test_a_killed_clusters_names_are_divided_and_no_other_moves(self):
        before = self.clusters("share")
        self.nodes["fra"].stop()
        try:
            after = self.settled("share", {"lon"})
            self.assert_only_moved_from("fra", before, after)
        finally:
            self.nodes["fra"] = self.node("fra")
        self.settled("share", {"fra", "lon"})
        self.assertEqual(before, self.clusters("share"))

    def test_a_reload_of_weights_moves_the_names_between_the_borders(self):
        before = self.clusters("share", 1200)
        self.config.write_text(
            self.toml(lambda text: text.replace("fra = 3, lon = 1", "fra = 2, lon = 2")))
        try:
            self.ctl("reload")
            after = self.clusters("share", 1200)
            moved = [name for name in before if before[name] != after[name]]
            self.assertAlmostEqual(0.25, len(moved) / len(before), delta=0.05)
            self.assert_only_moved_from("fra", before, after)
        finally:
            self.config.write_text(self.toml())
            self.ctl("reload")
        self.assertEqual(before, self.clusters("share", 1200))

    def test_sticky_is_one_cluster_for_all_names_of_a_network(self):
        seen = {}
        for subnet in GERMANS:
            answers = set(self.clusters("stick", 8, subnet=subnet).values())
            self.assertEqual(1, len(answers), subnet)
            seen[subnet] = answers.pop()
        self.assertEqual({"fra", "lon"}, set(seen.values()))
        self.assertAlmostEqual(0.5, self.share(seen, "fra"), delta=0.25)

    def test_a_home_is_the_same_for_all_clients_near_by(self):
        here = self.clusters("home")
        self.assertEqual({"fra", "lon"}, set(here.values()), "within 15 ms; the others are far")
        there = self.clusters("home", subnet=GERMANS[1])
        self.assertEqual(here, there)
        self.drain("fra")
        after = self.settled("home", {"lon"})
        self.assert_only_moved_from("fra", here, after)

    def test_a_map_goes_by_network_country_continent_and_default(self):
        for subnet, expected in ((GERMANS[0], "fra"), (AMERICAN, "nyc"), (JAPANESE, "syd"),
                                 (OVERRIDDEN, "lon"), (NETWORK, "syd")):
            self.assertEqual(expected, self.cluster("a.map.example", subnet), subnet)
        self.drain("fra")
        self.settled("map", {"lon"})
        self.assertEqual("nyc", self.cluster("a.map.example", AMERICAN))

    def test_the_first_window_that_holds_counts(self):
        self.assertEqual({"lon"}, set(self.clusters("hours", 20).values()))
        today = DAYS[datetime.datetime.now(datetime.timezone.utc).weekday()]
        self.config.write_text(self.toml(lambda text: text.replace("NOT_NOW", today)))
        try:
            self.ctl("reload")
            # At the stroke of midnight it would be the other.
            self.assertIn(self.cluster("a.hours.example"), ("syd", "lon"))
            if DAYS[datetime.datetime.now(datetime.timezone.utc).weekday()] == today:
                self.assertEqual("syd", self.cluster("a.hours.example"))
        finally:
            self.config.write_text(self.toml())
            self.ctl("reload")

    def test_check_shows_what_cannot_be_meant_at_its_place(self):
        for wrong, right, message in (
                ('pools = ["fra", "bakup"]', 'pools = ["fra", "backup", "syd"]',
                 "unknown pool or cluster 'bakup' (did you mean 'backup'?)"),
                ("weights = { par = 3 }", "weights = { fra = 3, lon = 1, nyc = 0 }",
                 "unknown cluster 'par'"),
                ('map = "word"', 'map = "world"', "unknown map 'word' (did you mean 'world'?)"),
                ('policy = "sticki"', 'policy = "sticky"', "\"sticki\", not one of latency"),
                ('policy = "home"\nobey_capacity = true', 'policy = "home"',
                 "goes by weights, not by capacity")):
            with self.subTest(message):
                path = self.folder / "wrong.toml"
                text = self.toml(lambda policies: policies.replace(right, wrong, 1))
                path.write_text(text)
                done = subprocess.run([harness.binary("proxima-gslb"), "check", "-c", str(path)],
                                      capture_output=True, text=True, timeout=20)
                self.assertEqual(2, done.returncode, done.stderr)
                shown = done.stdout + done.stderr
                self.assertIn(message, shown)
                key = wrong.splitlines()[-1].split(" ")[0]
                line = next(number for number, each in enumerate(text.splitlines(), 1)
                            if each == wrong.splitlines()[-1])
                self.assertIn(f"wrong.toml:{line}:", shown, key)


if __name__ == "__main__":
    unittest.main()
