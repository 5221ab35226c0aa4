"""Signed zones with routed names as NSD, Knot and BIND get them: every copy verifies as a whole,
what it answers validates, and one serial never stands for two contents."""
import signal
import subprocess
import time
import unittest

import harness
import secondaries
from signing_test import Delv, QUICK
from transfer_out_test import KEY, dig, records, serial

ZONE = "example."
KINDS = (secondaries.Bind, secondaries.Nsd, secondaries.Knot)
# Name, type, whether records come: routed, beside it, and what denies.
QUERIES = [("www", "A", True), ("r", "A", True), ("r", "AAAA", True), ("x.cdn", "A", True),
           ("y.x.cdn", "AAAA", True), ("x.cdn", "TXT", True), ("x.cdn", "HTTPS", True),
           ("x.cdn", "MX", False),
           ("v4", "A", True), ("v4", "AAAA", False), ("nothing", "A", False),
           ("cdn", "A", False), ("to-routed", "A", True)]


class Primary:
    def __init__(self, servers, denial, signed=True):
        self.port, self.admin = harness.free_port(), harness.free_port()
        self.folder = harness.folder()
        self.number, self.body, self.answer, self.signed = 1, "", "", signed
        self.remotes = "".join(
            f'[[remote]]\nid = "{server.name}"\naddress = "127.0.0.1:{server.port}"\nkey = "xfr"\n'
            for server in servers)
        self.notify = ", ".join(f'"{server.name}"' for server in servers)
        policy = f'[dnssec.p]\n{QUICK}keys = "ksk-zsk"\ndenial = "{denial}"\n'
        self.policy = policy if signed else ""
        self.write()
        self.start()
        for server in servers:
            server.primary = self.port
            server.start()

    def write(self):
        (self.folder / "example.zone").write_text(
            f"$ORIGIN {ZONE}\n$TTL 2\n@ SOA ns host {self.number} 3600 600 86400 2\n@ NS ns\n"
            "ns A 127.0.0.1\nwww A 192.0.2.1\n*.cdn TXT beside\nto-routed CNAME x.cdn\n"
            + self.body)
        (self.folder / "gslb.toml").write_text(f"""
{harness.server(self.port, self.admin, 'state_dir = "state"')}
[[key]]
name = "{secondaries.KEY_NAME}"
secret = "{secondaries.SECRET}"
{self.remotes}
{self.policy}
[[zone]]
name = "{ZONE}"
file = "example.zone"
{'dnssec = "p"' if self.signed else ""}
allow_transfer = ["key:xfr"]
notify = [{self.notify}]
[service.web]
ttl = 2
{self.answer}
[service.web.https]
alpn = ["h2"]
[service.v4]
ttl = 2
tiers = ["four"]
[[route]]
name = "*.cdn.{ZONE}"
service = "web"
[[route]]
name = "r.{ZONE}"
service = "web"
[[route]]
name = "v4.{ZONE}"
service = "v4"
{harness.cluster("fra", "192.0.2.101 2001:db8::101")}
{harness.cluster("four", "192.0.2.104", more='tiers = ["four"]')}
""")

    def start(self):
        (self.folder / "state").mkdir(exist_ok=True)
        self.process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                        str(self.folder / "gslb.toml")])
        self.process.wait_for_log("server: answering", timeout=60)

    def reload(self):
        before = serial(self.port)
        self.write()
        self.process.signal(signal.SIGHUP)
        harness.wait_until(lambda: serial(self.port) != before, what="another serial")

    def ctl(self, *arguments):
        return harness.proximactl(self.admin, *arguments, check=True)

    def keys(self):
        return harness.zone_keys(self.admin, ZONE)["keys"]

    def trust(self):
        lines = dig(self.port, "+short", ZONE, "DNSKEY", key=None).splitlines()
        return [line for line in lines if line.startswith("257 ")]


@unittest.skipIf(secondaries.missing(), f"not installed: {secondaries.missing()}")
class SignedTransfer(unittest.TestCase):
    def setUp(self):
        self.seen = {}  # serial → content

    def tearDown(self):
        harness.stop_everything()

    def copy(self, port, key=None):
        """The zone as the server transfers it; the same for a serial, whoever tells it."""
        for _ in range(10):
            number, lines = serial(port), records(port, key)
            if lines and serial(port) == number:
                break
        self.assertEqual(self.seen.setdefault(number, lines), lines, f"serial {number}")
        return lines

    def copies(self, primary, servers):
        """The primary's zone and everybody's copy of it; None while they are not at one serial, as
        a version may follow upon the other."""
        ports = [primary.port, *(server.port for server in servers)]
        number = serial(primary.port)
        if any(serial(port) != number for port in ports):
            return None
        found = [self.copy(primary.port, KEY), *(self.copy(port) for port in ports[1:])]
        return found if all(serial(port) == number for port in ports) else None

    def verify(self, lines):
        """Every signature and the whole chain, by three programs of others."""
        path = harness.folder() / "zone"
        path.write_text("\n".join(lines) + "\n")
        for command in (["ldns-verify-zone", str(path)],
                        ["dnssec-verify", "-q", "-o", ZONE, str(path)],
                        ["kzonecheck", "-d", "on", "-o", ZONE, str(path)]):
            done = subprocess.run([secondaries.tool(command[0]), *command[1:]],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")

    def check(self, primary, servers, asks=True):
        """All have what the primary has, and it verifies; `asks`: answers validate."""
        wanted, *copies = harness.wait_until(lambda: self.copies(primary, servers), 20,
                                             "all at one serial")
        for server, copy in zip(servers, copies):
            self.assertEqual(copy, wanted, server.name)
        if not primary.signed:
            return wanted
        self.verify(wanted)
        delv = Delv(ZONE, primary.trust())
        for server in [primary, *servers] if asks else []:
            for name, rrtype, has_records in QUERIES:
                said = delv.ask(server.port, f"{name}.{ZONE}", rrtype)
                self.assertIn("; fully validated" if has_records
                              else "; negative response, fully validated", said, (name, rrtype))
        return wanted

    def start(self, denial):
        servers = [kind(ZONE, 0) for kind in KINDS]
        primary = Primary(servers, denial)
        text = "\n".join(self.check(primary, servers))
        for line in ("*.cdn.example. 2 IN A 192.0.2.101", "r.example. 2 IN AAAA 2001:db8::101",
                     "v4.example. 2 IN A 192.0.2.104", "*.cdn.example. 2 IN RRSIG A 13 2 2 "):
            self.assertIn(line, text)
        # Other static answers are a version of their own.
        primary.answer = 'transfer_answer = ["192.0.2.201", "192.0.2.202"]'
        primary.reload()
        text = "\n".join(self.check(primary, servers, asks=False))
        self.assertIn("*.cdn.example. 2 IN A 192.0.2.202", text)
        self.assertNotIn("192.0.2.101", text)
        return primary, servers

    def roll(self, primary, servers):
        old = next(key["tag"] for key in primary.keys() if key["role"] == "ZSK")
        primary.ctl("keys", "rollover", ZONE, "--role", "zsk")
        end = time.monotonic() + 60
        while True:
            self.assertLess(time.monotonic(), end, "rolled over")
            text = "\n".join(self.copy(primary.port, KEY))
            for server in servers:
                self.copy(server.port)
            if f" {old} {ZONE} " not in text:
                break
        self.check(primary, servers)

    def test_nsec3(self):
        self.start("nsec3")

    def test_nsec_across_a_rollover_and_a_restart(self):
        primary, servers = self.start("nsec")
        self.roll(primary, servers)
        self.assertEqual(primary.process.stop(), 0)
        primary.start()
        for server in [primary, *servers]:
            self.copy(server.port, KEY if server is primary else None)  # nothing new is the same
        primary.body = "new A 192.0.2.7\n"  # edited, with the old number
        primary.reload()
        self.assertIn("new.example. 2 IN A 192.0.2.7", self.check(primary, servers, asks=False))

    def test_unsigned_static_answers_are_versions_too(self):
        servers = [kind(ZONE, 0) for kind in KINDS]
        primary = Primary(servers, "", signed=False)
        self.check(primary, servers)
        self.assertEqual(serial(primary.port), 1)
        primary.answer = 'transfer_answer = ["192.0.2.201"]'
        primary.reload()
        self.assertEqual(serial(primary.port), 2)
        self.assertIn("*.cdn.example. 2 IN A 192.0.2.201", self.check(primary, servers))
        self.assertEqual(primary.process.stop(), 0)
        primary.answer = ""
        primary.write()
        primary.start()
        self.assertEqual(serial(primary.port), 3, "the old answers, another version")
        self.check(primary, servers)
        self.assertEqual(primary.process.stop(), 0)
        primary.start()
        self.assertEqual(serial(primary.port), 3)
        self.check(primary, servers)


if __name__ == "__main__":
    unittest.main()
