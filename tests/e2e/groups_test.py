"""A site of two clusters behind one link: its limit, its death, and what is told of both."""
import collections
import json
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

import harness
from heartbeats import Node

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "demo"))

import dnsclient  # noqa: E402

KEY = "groups-test-groups-test"
# The site's two clusters are nearest to all clients, then comes London, then Sydney.
PLACES = {"east": (50.1, 8.7), "west": (50.0, 8.5), "lon": (51.5, -0.1), "syd": (-33.9, 151.2)}
ADDRESSES = {name: f"192.0.2.{number}" for number, name in enumerate(PLACES, 1)}
CLIENTS = [f"198.51.{100 + number}.0/24" for number in range(20)]


def cluster(name, more=""):
    latitude, longitude = PLACES[name]
    return f"""[cluster.{name}]
latitude = {latitude}
longitude = {longitude}
key = "{KEY}"
{more}
[cluster.{name}.capacity.requests_per_s]
target = 1000
max = 2000
[[cluster.{name}.node]]
id = "n1"
ipv4 = "{ADDRESSES[name]}"
"""


def override(number, client):
    # Half of them are nearer to one of the two clusters.
    latitude, longitude = PLACES["east" if number % 2 else "west"]
    return (f'[[override]]\nprefix = "{client}"\nlatitude = {latitude}\n'
            f"longitude = {longitude}\n")


class GroupsTest(unittest.TestCase):
    def setUp(self):
        folder = harness.folder()
        self.port, self.admin = harness.free_port(), harness.free_port()
        (folder / "zone").write_text("$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\n"
                                     "ns A 192.0.2.80\n")
        self.config = folder / "proxima.toml"
        self.config.write_text("\n".join([
            harness.server(self.port, self.admin, f'state_dir = "{folder}"'),
            '[[zone]]\nname = "example."\nfile = "zone"\n[health]\nheartbeat_interval = "200ms"\n'
            'suspect_share = 1.0\n[steering]\nplan_interval = "300ms"\n[service.web]\n[[route]]\n'
            'name = "*.example."\nservice = "web"\n[group.metro]\n'
            "[group.metro.capacity.requests_per_s]\ntarget = 100\nmax = 200",
            cluster("east", 'group = "metro"'), cluster("west", 'group = "metro"'),
            cluster("lon"), cluster("syd"),
            *[override(number, client) for number, client in enumerate(CLIENTS)]]))
        daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(self.config)])
        self.addCleanup(lambda: self.assertEqual(0, daemon.stop()))
        daemon.wait_for_port(self.admin)
        self.nodes = {name: Node(self.admin, name, "n1", KEY) for name in PLACES}
        self.addCleanup(lambda: [node.stop() for node in self.nodes.values()])
        daemon.wait_for_log("server: answering", 20)

    def named(self):
        """By cluster, how many clients are told it."""
        clusters = {address: name for name, address in ADDRESSES.items()}
        asked = [dnsclient.ask(("127.0.0.1", self.port), "www.example", dnsclient.A, client)
                 for client in CLIENTS]
        return collections.Counter(clusters[each.addresses[0]] for each in asked)

    def play(self, pause=0.2):
        """All clients ask, and load whom they are told."""
        told = self.named()
        for name, node in self.nodes.items():
            node.load = [{"resource": "requests_per_s", "current": 4 * told[name] / pause}]
        time.sleep(pause)
        return told

    def explain(self, client):
        made = harness.proximactl(self.admin, "explain", "www.example", "--client",
                                  client.replace("0/24", "7"), "--json", check=True)
        return json.loads(made.stdout)

    def simulate(self, *words):
        done = subprocess.run([harness.binary("proximactl"), "-c", str(self.config), "simulate",
                               *words], capture_output=True, text=True, timeout=30)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def test_what_is_over_the_shared_limit_leaves_and_what_dies_together_falls_elsewhere(self):
        # A query is 4 requests: 100 a second are a fifth of either's target, 400 % of the link's.
        harness.wait_until(lambda: self.play()["lon"] > 5, 20, "some leave the site")
        told = self.named()
        self.assertGreater(told["east"] + told["west"], 0, "no more than is too much")
        self.assertEqual(0, told["syd"], "the next best has room")

        def blamed():
            """What is said of the site's clusters while the link is full."""
            self.play()
            told = {each["id"]: each for each in self.explain(CLIENTS[0])["clusters"]}
            if told["west"]["price_ms"] == 0:
                return None
            for name in ("east", "west"):
                self.assertEqual("metro", told[name]["full"])
            self.assertEqual("", told["lon"]["full"])
            verdicts = [told[name]["verdict"] for name in ("east", "west")]
            return "dearer, and 'metro' is full" in verdicts
        harness.wait_until(blamed, 20, "the group's price")
        status = harness.proximactl(self.admin, "status", check=True).stdout
        self.assertRegex(status, r"GROUP +CLUSTERS.*\nmetro +east west +[0-9]+%")
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics").read().decode()
        self.assertRegex(metrics, r'proxima_group_load{group="metro",resource="requests_per_s"} '
                                  r'[1-9]')

        simulated = self.simulate("--outage", "metro", "--json")
        by_id = {each["id"]: each for each in simulated["clusters"]}
        for name in ("east", "west", "metro"):
            self.assertTrue(by_id[name]["was_serving"])
            self.assertFalse(by_id[name]["is_serving"], name)
            self.assertEqual(0, by_id[name]["at_once_per_s"], "nobody waits for a new plan")
        self.assertGreater(by_id["lon"]["at_once_per_s"], by_id["lon"]["before_per_s"])

        # Who answers at once should the site die is told beforehand: nobody of the site.
        site = [client for client in CLIENTS if self.explain(client)["cluster"] != "lon"]
        self.assertTrue(site)
        for name in ("east", "west"):
            self.nodes[name].state = "down"
        harness.wait_until(lambda: not set(self.named()) & {"east", "west"}, 2, "they fall", 0.01)
        self.assertEqual({"lon"}, set(self.named()), "N-1: there is room")
        for name in ("east", "west"):
            self.nodes[name].state = "up"
        # At the rate of before: asked as fast as can be, the link is full with the first of them.
        harness.wait_until(lambda: set(self.play()) & {"east", "west"}, 20, "they return")


if __name__ == "__main__":
    unittest.main()
