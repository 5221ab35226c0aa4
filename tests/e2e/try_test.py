"""Explained, recorded, replayed, simulated, proven: on a running GSLB and beside it."""
import json
import re
import subprocess
import unittest

import harness
from heartbeats import Node

ZONE = """$TTL 300
@ SOA ns1 host 1 3600 600 86400 60
@ NS ns1
ns1 A 192.0.2.1
"""
HEAD = """
[server]
listen = ["127.0.0.1:{dns}"]
workers = 2
state_dir = "state"
[admin]
listen = "127.0.0.1:{admin}"
token = "operators-only-0123456789"
[steering]
plan_interval = "200ms"
[debug]
name = "explain.ops."
allow = ["127.0.0.1"]
[record]
folder = "recordings"
[[zone]]
name = "example."
file = "example.zone"
[service.web]
[[route]]
name = "*.cdn.example."
service = "web"
"""
CLUSTER = """
[cluster.{id}]
latitude = {latitude}
longitude = {longitude}
health = "none"
[cluster.{id}.capacity.requests_per_s]
target = {target}
max = {max}
[[cluster.{id}.node]]
id = "n1"
ipv4 = "{address}"
[[override]]
prefix = "{prefix}"
latitude = {latitude}
longitude = {longitude}
"""
SITES = {"fra": (50.1, 8.7), "lon": (51.5, -0.1), "syd": (-33.9, 151.2)}


def clusters(**targets):
    text = ""
    for number, (name, (latitude, longitude)) in enumerate(SITES.items()):
        target = targets.get(name, 100)
        text += CLUSTER.format(id=name, latitude=latitude, longitude=longitude, target=target,
                               max=target * 1.2, address=f"192.0.2.{11 + number}",
                               prefix=f"198.51.{100 + number}.0/24")
    return text


class Try(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = harness.folder()
        cls.dns, cls.admin = harness.free_port(), harness.free_port()
        cls.head = HEAD.format(dns=cls.dns, admin=cls.admin)
        cls.config = cls.folder / "proxima.toml"
        cls.config.write_text(cls.head + clusters())
        (cls.folder / "example.zone").write_text(ZONE)
        cls.daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(cls.config)])
        cls.daemon.wait_for_port(cls.dns)
        for site, count in ((0, 30), (1, 10), (2, 20)):
            for each in range(count):
                cls.dig(f"n{each}.cdn.example.", "A", f"+subnet=198.51.{100 + site}.0/24")

    @classmethod
    def tearDownClass(cls):
        assert cls.daemon.stop() == 0

    @classmethod
    def dig(cls, *words):
        return subprocess.run(["dig", "@127.0.0.1", "-p", str(cls.dns), "+tries=1", *words],
                              capture_output=True, text=True, timeout=10, check=True).stdout

    def run_tool(self, *words, code=0, tool="proximactl"):
        done = subprocess.run([harness.binary(tool), *map(str, words)], timeout=60,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout if code in (0, 1, 5) and done.stdout else done.stderr

    def simulate(self, *words, code=0):
        return self.run_tool("-c", self.config, "simulate", *words, code=code)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_the_debug_name_tells_what_explain_tells(self):
        said = self.dig("www.cdn.example.explain.ops.", "TXT", "+short", "+subnet=198.51.101.0/24")
        strings = re.findall(r'"([^"]*)"', said)
        self.assertEqual(strings[0], "lon best ttl 60 scope 24")
        self.assertIn("if lost fra", strings)
        self.assertRegex(said, r'"lon rtt 5\+-\S+ms distance cost \S+ price 0 up rank 1: chosen: best"')
        explained = json.loads(self.run_tool("-c", self.config, "explain", "www.cdn.example",
                                             "--client", "198.51.101.7", "--json"))
        self.assertEqual((explained["cluster"], explained["if_lost"]), ("lon", "fra"))
        self.assertEqual(explained["place_from"], "override")
        text = self.run_tool("-c", self.config, "explain", "www.cdn.example", "--client",
                             "198.51.101.7")
        self.assertRegex(text, r"(?m)^if lost +fra$")
        self.assertRegex(text, r"(?m)^lon +default +1/1 ")
        self.config.write_text(self.config.read_text().replace('["127.0.0.1"]', '["192.0.2.1"]'))
        try:
            self.run_tool("-c", self.config, "reload")
            refused = self.dig("www.cdn.example.explain.ops.", "TXT")
            self.assertIn("status: REFUSED", refused)
            self.assertIn("EDE: 18 (Prohibited)", refused)
        finally:
            self.config.write_text(self.head + clusters())
            self.run_tool("-c", self.config, "reload")

    def test_a_recording_is_replayed_by_another_process_bit_by_bit(self):
        """Other address layouts, other hash seeds, a configuration that is gone."""
        folder = self.folder / "recordings"
        self.run_tool("-c", self.config, "reload")
        newest = sorted(folder.iterdir())[-1]
        harness.wait_until(lambda: newest.read_text().count("\nend\n") >= 3, 10, "three plans")
        self.dig("again.cdn.example.", "A", "+subnet=198.51.100.0/24")
        harness.wait_until(lambda: newest.read_text().count("\nend\n") >= 6, 10, "six plans")
        text = newest.read_text()
        self.assertNotIn("operators-only", text)
        self.assertEqual(newest.stat().st_mode & 0o777, 0o600)
        copy = self.write("copy.txt", text[:text.rindex("\nend\n") + 5].replace(
            str(self.config), "/nowhere/proxima.toml"))
        said = {self.run_tool("replay", copy) for _ in range(3)}
        self.assertRegex(said.pop(), r"copy\.txt: \d+ plans, all the same\n")
        self.assertFalse(said)
        changed = re.sub(r"\nmap (.)", lambda m: "\nmap " + "10"[m[1] == "1"], copy.read_text(), 1)
        if changed == copy.read_text():
            self.skipTest("nothing changed")
        self.assertRegex(self.run_tool("replay", self.write("changed.txt", changed), code=1),
                         r"plan 1: the answer map of service 'web' differs \(0 plans before")
        self.assertIn("is no recording", self.run_tool("replay", self.config, code=2))
        self.run_tool("replay", self.folder / "absent", code=2)
        self.run_tool("replay", code=2)

    def test_simulate_asks_the_running_server(self):
        result = json.loads(self.simulate("--outage", "fra", "--json"))
        by_id = {each["id"]: each for each in result["clusters"]}
        self.assertEqual(by_id["fra"]["after_per_s"], 0)
        self.assertGreater(by_id["fra"]["before_per_s"], by_id["lon"]["before_per_s"])
        self.assertGreater(by_id["lon"]["after_per_s"], by_id["lon"]["before_per_s"])
        self.assertAlmostEqual(result["moved"], 0.5, delta=0.2)
        self.assertGreater(result["before"]["queries_per_s"], 1.1, "demand of the daemon")
        text = self.simulate("--outage", "fra", "--max-moved", "5%", code=5)
        self.assertRegex(text, r"limit passed: \S+ % of the clients move, over 5 %")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("limit passed: lon is at", self.simulate(
            "--drain", "f*", "--capacity", "lon=0.1", "--load", "0.5", "--max-utilisation", "1",
            code=5))

    def test_simulate_without_a_server(self):
        queries = self.write("queries", "a.cdn.example A 198.51.100.0/24 60\n"
                                        "a.cdn.example A 198.51.102.9 40\nns1.example A 192.0.2.1\n")
        new = self.write("new.toml", self.head + clusters(fra=40))
        done = self.run_tool("simulate", "-c", new, "--base", self.config, "--queries", queries,
                             "--json")
        result = json.loads(done)
        by_id = {each["id"]: each for each in result["clusters"]}
        self.assertAlmostEqual(result["before"]["queries_per_s"], 100, delta=1)
        self.assertLessEqual(by_id["fra"]["after_utilisation"], 1.02)
        self.assertGreater(by_id["lon"]["after_per_s"], 0)
        # Wrong usage is no limit that would be passed.
        for words in (("--outage", "frq"), ("--capacity", "fra"), ("--capacity", "fra=0"),
                      ("--max-moved", "much"), ("--base", self.folder / "absent.toml"),
                      ("--queries", self.config)):
            self.run_tool("simulate", "-c", new, *(() if words[0] == "--queries" else
                                                   ("--queries", queries)), *words, code=2)
        none = self.write("none", "ns1.example A 192.0.2.1\n")
        self.assertIn("none of the names is routed",
                      self.run_tool("simulate", "-c", new, "--queries", none, code=2))
        self.run_tool("simulate", "-c", new, "--state", self.folder / "absent", code=2)
        self.run_tool("simulate", "--outage", "fra", code=2, tool="proxima-gslb")
        self.assertIn("has no option --outage", self.run_tool("status", "--outage", "x", code=2))

    def test_check_proves_n_minus_1(self):
        config = self.write("n1.toml", self.head.replace('"state"', '"none"') + clusters())
        said = self.run_tool("-c", config, "check", "--n-1", "warn", "--load", "0.8")
        self.assertRegex(said, r"N-1: \d of 3 clusters can be lost, were 80 % of all targets")
        strict = self.run_tool("-c", config, "check", "--n-1", "strict", "--load", "0.95", code=2)
        self.assertRegex(strict, r"n1\.toml:\d+:\d+: error: if '\w+' dies, '\w+' is at \S+ % of its "
                                 r"target, over its max of 120 %")
        self.assertNotIn("N-1", self.run_tool("-c", config, "check"))
        self.run_tool("-c", config, "check", "--n-1", "perhaps", code=2)


class Restart(unittest.TestCase):
    def test_demand_survives_it(self):
        folder = harness.folder()
        dns, admin = harness.free_port(), harness.free_port()
        config = folder / "proxima.toml"
        config.write_text(HEAD.format(dns=dns, admin=admin) + clusters())
        (folder / "example.zone").write_text(ZONE)

        def start():
            daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(config)])
            daemon.wait_for_port(dns)
            return daemon

        daemon = start()
        for _ in range(20):
            subprocess.run(["dig", "@127.0.0.1", "-p", str(dns), "+tries=1", "a.cdn.example",
                            "+subnet=198.51.100.0/24"], check=True, capture_output=True, timeout=10)
        metric = re.compile(r"(?m)^proxima_plan_demand_per_second (\S+)")

        def demand():
            return float(metric.search(
                harness.proximactl(admin, "--token", "operators-only-0123456789",
                                   "metrics").stdout)[1])

        harness.wait_until(lambda: demand() > 1.05, 10, "demand")
        self.assertEqual(daemon.stop(), 0)
        self.assertRegex((folder / "state" / "learnt.txt").read_text(),
                         r"(?m)^demand web [0-9a-f]{16} \S+$")
        daemon = start()
        daemon.wait_for_log("demand and loads restored")
        self.assertEqual(daemon.stop(), 0)
        recordings = sorted((folder / "recordings").iterdir())
        self.assertEqual(len(recordings), 2)
        for each in recordings:
            done = subprocess.run([harness.binary("proxima-gslb"), "replay", str(each)],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_full_recording_is_followed_by_another_that_stands_by_itself(self):
        folder = harness.folder()
        dns, admin = harness.free_port(), harness.free_port()
        config = folder / "proxima.toml"
        key = "record-test-record-test"
        # 1,024 samples a heartbeat fill a file within seconds.
        config.write_text(
            HEAD.format(dns=dns, admin=admin)
            .replace('folder = "recordings"', 'folder = "recordings"\nmax_size = "1MiB"\nfiles = 2')
            + clusters().replace('health = "none"', f'key = "{key}"', 1))
        (folder / "example.zone").write_text(ZONE)
        daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(config)])
        daemon.wait_for_port(admin)
        node = Node(admin, "fra", "n1", key)
        self.addCleanup(node.stop)
        node.rtt = [{"client": f"198.18.{i % 256}.0/24", "rtt_us": 9000 + i, "count": 1 + i % 7,
                     "sent": 100 + i, "retransmitted": i % 9, "requests": 9, "failed": i % 3}
                    for i in range(1024)]
        node.more = {"cache": {"requests": 300, "hits": 200}}
        daemon.wait_for_port(dns)
        recordings = folder / "recordings"
        text = config.read_text()
        config.write_text("the next configuration, half")
        harness.wait_until(lambda: daemon.log().count("record: begun") >= 4, 20, "three are full")
        config.write_text(text)
        node.stop()
        self.assertEqual(daemon.stop(), 0)
        left = sorted(recordings.iterdir())
        self.assertEqual(len(left), 2, "the newest")
        for each in left:
            self.assertLessEqual(each.stat().st_size, 1 << 20)
            done = subprocess.run([harness.binary("proxima-gslb"), "replay", str(each)],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r": \d+ plans, all the same")


if __name__ == "__main__":
    unittest.main()
