"""Rules of proxima-edge: what operators refuse, redirect, slow down and keep apart."""
import json
import time
import unittest

import harness
from edge_test import Edge, Origin

RULES = """
[[rule]]
name = "scanner"
path = ["*.php", "/.git*"]
action = "deny"
[[rule]]
name = "banned"
client_file = "bans.txt"
action = "deny"
status = 451
[[rule]]
name = "moved"
path = "/old/*"
action = "redirect"
status = 301
location = "https://new.example/"
[[rule]]
name = "live"
path = "/live/*"
action = "pass"
[[rule]]
name = "slow"
path = "/slow/*"
action = "throttle"
bytes_per_s = 4096
after = 1024
[[rule]]
name = "watch"
header = "X-Watch"
action = "deny"
dry_run = true
[[rule]]
name = "rate"
path = "/api/*"
rate = 0.5
burst = 3
by = "header:X-Key"
action = "deny"
[[site]]
host = "shop.example"
url = "http://127.0.0.1:{origin}"
[site.cache]
ignore_query = ["utm_*"]
query = "sort"
ttl = "5m"
bypass_cookies = ["session*"]
[[site.rule]]
name = "no-posts"
method = ["POST"]
action = "deny"
status = 405
"""


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()
        cls.bans = harness.folder() / "bans.txt"
        cls.bans.write_text("# nobody yet\n")
        text = RULES.format(origin=cls.origin.port).replace("bans.txt", str(cls.bans))
        cls.edge = Edge(cls.origin.port,
                        lambda config: config.replace("[limits]", "[limits]\nbody_size = 1000")
                        .replace("[report]", '[report]\nhosts = ["*.video.example"]') + text)

    @classmethod
    def tearDownClass(cls):
        status = cls.edge.process.stop()
        cls.origin.stop()
        if status != 0:
            raise AssertionError(f"exit status {status}:\n{cls.edge.process.log()}")

    def test_what_is_denied_never_reaches_the_origin(self):
        for path in ("/wp-login.php", "/a/b.php?x=1", "/.git/config"):
            status, fields, _ = self.edge.get(path)
            self.assertEqual(status, 403)
            self.assertIn("detail=rule", fields["cache-status"])
            self.assertEqual(self.origin.count(path), 0)
        self.assertEqual(self.edge.get("/php.html")[0], 200)
        self.assertGreaterEqual(
            self.edge.metric('proxima_edge_rule_matches_total{rule="scanner",mode="acted"}'), 3)

    def test_redirects_tell_where(self):
        status, fields, _ = self.edge.get("/old/page")
        self.assertEqual((status, fields["location"]), (301, "https://new.example/"))

    def test_what_is_passed_is_not_stored(self):
        for _ in range(2):
            self.assertEqual(self.edge.get("/live/a")[0], 200)
        self.assertEqual(self.origin.count("/live/a"), 2)

    def test_a_dry_run_is_counted_and_does_nothing(self):
        self.assertEqual(self.edge.get("/dry", X_Watch="1")[0], 200)
        self.assertGreaterEqual(
            self.edge.metric('proxima_edge_rule_matches_total{rule="watch",mode="dry"}'), 1)

    def test_rates_are_of_each_value_and_say_when_to_come_again(self):
        statuses = [self.edge.get("/api/x", X_Key="one") for _ in range(6)]
        served = [s for s, _, _ in statuses if s == 200]
        self.assertIn(len(served), (3, 4))
        refused = [fields for status, fields, _ in statuses if status == 429]
        self.assertTrue(refused)
        self.assertIn(refused[-1]["retry-after"], ("1", "2"))
        self.assertEqual(self.edge.get("/api/x", X_Key="two")[0], 200)

    def test_a_throttled_answer_takes_its_time_and_comes_whole(self):
        path = "/slow/" + "s" * 5000
        began = time.monotonic()
        status, _, body = self.edge.get(path)
        self.assertEqual((status, body), (200, b"content of " + path.encode()))
        # 4 KiB more than goes out at once, at 4 KiB a second; a lot goes out ahead.
        self.assertGreaterEqual(time.monotonic() - began, 0.7)

    def test_a_ban_list_is_taken_up_by_a_reload(self):
        self.bans.write_text("127.0.0.0/8\n")
        self.edge.process.signal(1)
        harness.wait_until(lambda: self.edge.get("/after-ban")[0] == 451, what="the ban")
        self.bans.write_text("not a prefix\n")
        self.edge.process.signal(1)
        self.edge.process.wait_for_log("is no prefix")
        self.assertEqual(self.edge.get("/after-ban")[0], 451, "a bad list changes nothing")
        self.bans.write_text("")
        self.edge.process.signal(1)
        harness.wait_until(lambda: self.edge.get("/after-ban")[0] == 200, what="the end of it")

    def test_bodies_are_bounded_whether_announced_or_not(self):
        self.assertEqual(self.edge.get("/echo", "POST", b"x" * 1000)[0], 200)
        self.assertEqual(self.edge.get("/echo", "POST", b"x" * 1001)[0], 413)
        received = self.edge.raw(
            b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"200\r\n" + b"x" * 0x200 + b"\r\n200\r\n" + b"x" * 0x200 + b"\r\n0\r\n\r\n")
        self.assertTrue(received.startswith(b"HTTP/1.1 413 "), received[:40])

    def test_a_site_has_rules_and_keys_of_its_own(self):
        host = {"Host": "shop.example"}
        self.assertEqual(self.edge.get("/buy", "POST", b"", **host)[0], 405)
        self.assertEqual(self.edge.get("/buy", "POST", b"")[0], 200)
        first = self.edge.get("/k?b=2&a=1&utm_source=x", **host)
        self.assertIn("stored", first[1]["cache-status"])
        for path in ("/k?a=1&b=2", "/k?utm_medium=y&a=1&b=2"):
            self.assertIn("; hit", self.edge.get(path, **host)[1]["cache-status"])
        self.assertNotIn("; hit", self.edge.get("/k?a=1&b=3", **host)[1]["cache-status"])
        self.assertEqual(self.origin.last("/k?b=2&a=1&utm_source=x")[1],
                         "/k?b=2&a=1&utm_source=x", "the origin sees what the client wrote")

    def test_what_says_nothing_of_itself_has_the_sites_ttl(self):
        host = {"Host": "shop.example"}
        self.edge.get("/echo", **host)
        self.assertRegex(self.edge.get("/echo", **host)[1]["cache-status"], r"hit; ttl=(300|299)")
        self.edge.get("/echo")
        self.assertNotIn("; hit", self.edge.get("/echo")[1]["cache-status"])

    def test_a_session_goes_by_the_cache(self):
        fields = {"Host": "shop.example", "Cookie": "a=1; sessionid=7"}
        for _ in range(2):
            status, answer, _ = self.edge.get("/mine", **fields)
            self.assertEqual((status, "fwd=bypass" in answer["cache-status"]), (200, True))

    def test_heartbeats_tell_of_groups_of_hosts(self):
        self.edge.get("/h", Host="a.b.video.example")
        self.edge.get("/h", Host="shop.example")

        def told():
            hosts = set()
            for _, body in self.origin.beats:
                beat = json.loads(body)
                for each in beat.get("hosts", []):
                    self.assertGreater(beat["span_ms"], 0)
                    self.assertLessEqual(each["hits"], each["requests"])
                    hosts.add(each["hosts"])
                self.assertGreater(beat["store"]["memory_budget"], 0)
            return {"*.video.example", "shop.example"} <= hosts
        harness.wait_until(told, what="both groups")


if __name__ == "__main__":
    unittest.main()
