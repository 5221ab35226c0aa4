"""proximactl and the admin API against a real daemon."""
import json
import re
import subprocess
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import harness

TOKEN = "operators-only-0123456789"
ZONE = """$TTL 300
@ SOA ns1 host 1 3600 600 86400 60
@ NS ns1
ns1 A 192.0.2.1
"""
CONFIG = """
[server]
listen = ["127.0.0.1:{dns}"]
workers = 1
[admin]
listen = "127.0.0.1:{admin}"
token = "{token}"
[[zone]]
name = "example."
file = "example.zone"
[cluster.fra]
city = "Frankfurt"
country = "DE"
latitude = 50.11
longitude = 8.68
health = "none"
[[cluster.fra.node]]
id = "n1"
ipv4 = "192.0.2.11"
[cluster.syd]
city = "Sydney"
latitude = -33.87
longitude = 151.21
health = "none"
[[cluster.syd.node]]
id = "n1"
ipv4 = "192.0.2.21"
[service.web]
ttl = 30
[[route]]
name = "*.cdn.example."
service = "web"
[[override]]
prefix = "198.51.100.0/24"
latitude = 50
longitude = 8
[[override]]
prefix = "203.0.113.0/24"
latitude = -33
longitude = 151
"""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "admin-api.md"
FRANKFURT, SYDNEY = "198.51.100.0/24", "203.0.113.0/24"


def documented(table):
    """The members in the table of docs/admin-api.md headed "member of TABLE"."""
    text = DOCS.read_text()
    body = text[text.index(f"| member of {table} |"):].split("\n\n")[0]
    rows = body.splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row.split("|")[1])}


class Ctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = harness.folder()
        cls.dns, cls.admin = harness.free_port(), harness.free_port()
        cls.config = cls.folder / "proxima.toml"
        cls.good = CONFIG.format(dns=cls.dns, admin=cls.admin, token=TOKEN)
        cls.config.write_text(cls.good)
        (cls.folder / "example.zone").write_text(ZONE)
        cls.daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(cls.config)])
        cls.daemon.wait_for_port(cls.dns)

    @classmethod
    def tearDownClass(cls):
        assert cls.daemon.stop() == 0

    def ctl(self, *words, code=0, config=True, env=None):
        start = ["-c", str(self.config)] if config else []
        done = subprocess.run([harness.binary("proximactl"), *start, *words], timeout=30,
                              capture_output=True, text=True, env=env or {})
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("\x1b", done.stdout)
        return done.stdout if code == 0 else done.stderr

    def ask(self, method, target, token=TOKEN, headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{target}", method=method,
                                         headers=headers or {})
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.headers, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def dig(self, name, subnet, *more):
        return subprocess.run(["dig", "@127.0.0.1", "-p", str(self.dns), name, "A", "+tries=1",
                               f"+subnet={subnet}", *more],
                              capture_output=True, text=True, timeout=10, check=True).stdout

    def address(self, subnet):
        return self.dig("www.cdn.example.", subnet, "+short").split()

    def test_status_is_for_people_and_for_machines(self):
        text = self.ctl("status", "-v")
        self.assertRegex(text, r"proxima-gslb \S+  ready  generation \d+  up ")
        self.assertIn("Frankfurt DE", text)
        self.assertIn("fra/n1", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        status = json.loads(self.ctl("status", "--json"))
        self.assertEqual([each["id"] for each in status["clusters"]], ["fra", "syd"])

    def test_every_documented_member_is_there_and_every_member_is_documented(self):
        status = json.loads(self.ctl("status", "--json"))
        explained = json.loads(
            self.ctl("explain", "a.cdn.example", "--client", "198.51.100.1", "--json"))
        for table, found in {
                "`status`": status, "`clusters`": status["clusters"][0],
                "`nodes`": status["clusters"][0]["nodes"][0], "`plan`": status["plan"],
                "`events`": status["events"][0], "`reload`": status["reload"],
                "`explain`": explained, "explained `clusters`": explained["clusters"][0]}.items():
            self.assertEqual(documented(table), set(found), table)

    def test_explain_agrees_with_dig(self):
        for subnet in (FRANKFURT, SYDNEY, "192.0.2.0/24", "8.8.8.0/24"):
            client = subnet.replace(".0/24", ".9")
            for name in ("www.cdn.example.", "ns1.example.", "nothing.example."):
                explained = json.loads(
                    self.ctl("explain", name, "--client", client, "--resolver", "127.0.0.1",
                             "--json"))
                answer = self.dig(name, subnet)
                self.assertIn(f"status: {explained['rcode']}", answer)
                self.assertEqual(re.findall(r"(?m)^[^;\n]*\sIN\s+A\s+(\S+)", answer), explained["addresses"])
                scope = re.search(r"CLIENT-SUBNET: [^\s/]+/\d+/(\d+)", answer)
                self.assertEqual(int(scope[1]), explained["scope_bits"], f"{name} {subnet}")
        text = self.ctl("explain", "www.cdn.example", "A", "--client", "198.51.100.9")
        self.assertRegex(text, r"fra +\S+ ± \S+ .*chosen: best")
        self.assertRegex(text, r"syd .*dearer")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("resolver address", self.ctl("explain", "www.cdn.example", "--client",
                                                   "198.51.100.9", "--as-resolver"))

    def test_drain_moves_answers_within_a_second_and_undrain_returns_them(self):
        self.assertEqual(self.address(FRANKFURT), ["192.0.2.11"])
        self.ctl("drain", "fra", "--for", "10m", "--reason", "fan noise")
        harness.wait_until(lambda: self.address(FRANKFURT) == ["192.0.2.21"], 1.0, "drain")
        text = self.ctl("status")
        self.assertRegex(text, r"fra +Frankfurt DE +drained +0/1 .* drain\n")
        self.assertRegex(text, r"fra +drain +\d{4}-\d\d-\d\d \S+ +fan noise\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.ctl("undrain", "fra")
        harness.wait_until(lambda: self.address(FRANKFURT) == ["192.0.2.11"], 1.0, "undrain")

    def test_force_and_patterns(self):
        self.ctl("force", "fra/n*", "down", "--for", "300ms")
        harness.wait_until(lambda: self.address(FRANKFURT) == ["192.0.2.21"], 1.0, "force down")
        harness.wait_until(lambda: self.address(FRANKFURT) == ["192.0.2.11"], 2.0, "its end")
        self.assertEqual(json.loads(self.ctl("drain", "*", "--for", "1s", "--json")),
                         {"matched": 2})
        self.ctl("undrain", "*")

    def test_exit_codes(self):
        self.assertIn("frq", self.ctl("drain", "frq", code=3))
        self.assertIn("try: proximactl --help", self.ctl("drane", code=2))
        self.ctl("explain", "a..b", "--client", "192.0.2.1", code=2)
        self.ctl("explain", "a.example", "--client", "nobody", code=2)
        self.ctl("explain", "a.example", "NOTYPE", "--client", "192.0.2.1", code=2)
        self.ctl("--token", "wrong-wrong-wrong-wrong", "status", code=4)
        url = f"http://127.0.0.1:{self.admin}"
        self.ctl("--url", url, "status", code=4, config=False)
        self.ctl("status", config=False, env={"PROXIMA_URL": url, "PROXIMA_TOKEN": TOKEN})
        closed = harness.free_port()
        said = self.ctl("--url", f"http://127.0.0.1:{closed}", "status", code=1, config=False)
        self.assertIn("is proxima-gslb running?", said)
        self.ctl("-c", str(self.folder / "absent.toml"), "status", code=2, config=False)
        self.assertEqual(self.ctl("ready"), "ready\n")
        self.assertIn("exit codes", self.ctl("--help"))
        self.assertIn("# TYPE proxima_build_info gauge", self.ctl("metrics"))

    def test_reload_refused_keeps_serving_and_says_why(self):
        self.assertIn("reloaded", self.ctl("reload"))
        try:
            self.config.write_text(self.good.replace("[service.web]", "[service.web]\nttll = 1"))
            said = self.ctl("reload", code=2)
            self.assertRegex(said, r"proxima\.toml:\d+:1: error: .*ttll")
            self.assertEqual(self.address(SYDNEY), ["192.0.2.21"])
            self.assertIn("last reload refused", self.ctl("status"))
            self.assertRegex(self.ctl("check", code=2), r"proxima\.toml:\d+:1: error: .*ttll")
        finally:
            self.config.write_text(self.good)
        self.ctl("check")
        self.config.write_text(self.good.replace("192.0.2.21", "192.0.2.22"))
        self.assertTrue(json.loads(self.ctl("reload", "--json"))["succeeded"])
        self.assertEqual(self.address(SYDNEY), ["192.0.2.22"])
        self.config.write_text(self.good)
        self.ctl("reload")
        self.assertEqual(self.address(SYDNEY), ["192.0.2.21"])

    def test_routes_and_their_guards(self):
        for method, target, token, headers, status in (
                ("GET", "/healthz", None, {}, 200), ("GET", "/readyz", None, {}, 200),
                ("POST", "/metrics", None, {}, 405), ("GET", "/v1/heartbeat", None, {}, 405),
                ("GET", "/nothing", None, {}, 404), ("GET", "/v1/nothing", TOKEN, {}, 404),
                ("GET", "/v1/status", None, {}, 401), ("GET", "/v1/status", "no", {}, 401),
                ("POST", "/v1/status", TOKEN, {}, 405), ("GET", "/v1/drain", TOKEN, {}, 405),
                ("POST", "/v1/drain", TOKEN, {}, 400),
                ("POST", "/v1/drain?target=fra&for_ms=-1", TOKEN, {}, 400),
                ("POST", "/v1/force?target=fra&state=off", TOKEN, {}, 400),
                ("POST", "/v1/undrain?target=fra", TOKEN, {"Origin": "http://x"}, 403),
                ("POST", "/v1/heartbeat", None, {}, 401)):
            got, headers, body = self.ask(method, target, token, headers)
            self.assertEqual(got, status, f"{method} {target} {body}")
            if got == 405:
                self.assertTrue(headers["Allow"])
            if got == 401:
                self.assertTrue(json.loads(body)["error"])
        _, headers, _ = self.ask("GET", "/metrics", None)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")


class CtlOverTls(unittest.TestCase):
    def test_a_certificate_is_verified_against_the_given_authority(self):
        folder = harness.folder()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=gslb", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True, timeout=60)
        dns, admin = harness.free_port(), harness.free_port()
        config = folder / "proxima.toml"
        config.write_text(CONFIG.format(dns=dns, admin=admin, token=TOKEN).replace(
            "[[zone]]", 'tls_certificate = "cert.pem"\ntls_key = "key.pem"\n[[zone]]', 1))
        (folder / "example.zone").write_text(ZONE)
        daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(config)])
        daemon.wait_for_port(dns)
        start = [harness.binary("proximactl"), "-c", str(config)]
        for more, code in ((["--ca", str(folder / "cert.pem")], 0), ([], 1)):
            done = subprocess.run([*start, *more, "ready"], capture_output=True, text=True,
                                  timeout=30)
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn("name whom to trust with --ca", done.stderr)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
