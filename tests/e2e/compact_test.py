"""Compact denial (RFC 9824): delv, Unbound and drill believe it, and a flood gets no signatures."""
import re
import shutil
import socket
import struct
import subprocess
import unittest
import urllib.request

import harness
from signing_test import QUERIES, Delv, Proxima, full, resolver_of

POLICY = 'denial = "compact"'
# name below the zone, type, whether the answer proves by NSEC3 all the same
DENIALS = [
    ("nothing", "A", False), ("a.b.nothing", "MX", False), ("x.www", "A", False),
    ("www", "TXT", False), ("b.ent", "A", False), ("ent", "A", False), ("x.b.ent", "A", False),
    ("@", "MX", False), ("x.wild", "MX", False), ("*.wild", "MX", False), ("wild", "A", False),
    ("r", "TXT", False), ("r", "AAAA", False), ("x.cdn", "MX", False), ("insecure", "DS", False),
    ("m", "DS", False), ("x.wild", "TXT", True), ("x.cdn", "A", True), ("ent", "NSEC", True),
]


def missing():
    return [tool for tool in ("delv", "dig", "unbound", "drill", "ldns-verify-zone")
            if shutil.which(tool) is None and shutil.which(tool, path="/usr/sbin") is None]


def query(number, name, flags=0x8000):
    """A question for A records; DO is 0x8000, CO 0x4000, which dig can't send."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    return (struct.pack("!6H", number, 0, 1, 0, 0, 1) + labels + b"\0" +
            struct.pack("!2H", 1, 1) + b"\0" + struct.pack("!2HIH", 41, 1232, flags, 0))


@unittest.skipIf(missing(), f"not installed: {missing()}")
class Compact(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Proxima({"compact": POLICY,
                              "split": POLICY + '\nkeys = "ksk-zsk"\nalgorithm = "rsasha256"'})
        cls.anchors = {zone: cls.server.dnskeys(zone) for zone in cls.server.zones}

    @classmethod
    def tearDownClass(cls):
        harness.stop_everything()

    def metric(self, proof):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.server.admin}/metrics") as answer:
            text = answer.read().decode()
        return int(float(re.search(rf'^proxima_denials_total{{proof="{proof}"}} (\S+)', text,
                                   re.M).group(1)))

    def test_the_first_who_asks_waits_for_the_signature(self):
        for zone in self.server.zones:
            for name, rrtype, is_classical in DENIALS:
                said = self.server.dig(full(name, zone), rrtype, "+dnssec", "+norecurse")
                with self.subTest(f"{full(name, zone)} {rrtype}"):
                    self.assertIn("status: NOERROR", said)
                    owner = re.escape(full(name, zone))
                    nsec = re.findall(rf"^{owner}\s+\d+\s+IN\s+NSEC\s+(\S+)", said, re.M)
                    if is_classical:
                        self.assertRegex(said, r"\sNSEC3\s")
                        self.assertEqual(nsec, [])
                        continue
                    self.assertNotRegex(said, r"\sNSEC3\s1")
                    self.assertEqual(len(nsec), 1, said)
                    self.assertEqual("NXNAME" in said or "TYPE128" in said,
                                     "nothing" in name or name in ("x.www", "x.b.ent"), said)
                    self.assertTrue(nsec[0].startswith("insecure\\000." if name == "insecure"
                                                       else "\\000."), said)

    def test_co_brings_nxdomain_back(self):
        name = full("nothing2", self.server.zones[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.connect(("127.0.0.1", self.server.port))
            asker.settimeout(10)
            for flags, rcode in ((0xc000, 3), (0x8000, 0)):
                asker.send(query(1, name, flags))
                reply = asker.recv(4096)
                self.assertEqual(reply[3] & 15, rcode)
                self.assertEqual(struct.unpack("!H", reply[-4:-2])[0], flags, "as asked")
                self.assertIn(b"\x01\x00\x08nothing2", reply, "the next name")
        self.assertIn("status: NXDOMAIN", self.server.dig(name, "A"))
        self.assertIn("status: FORMERR", self.server.dig(name, "TYPE128"))

    def test_over_tcp_the_first_is_classical(self):
        name = full("tcp", self.server.zones[0])
        self.assertRegex(self.server.dig(name, "A", "+dnssec", "+tcp"), "NXDOMAIN(.|\n)* NSEC3 |NSEC3")
        harness.wait_until(lambda: "status: NOERROR" in
                           self.server.dig(name, "A", "+dnssec", "+tcp"), 10, "the signature")

    def test_validators_believe_every_kind_of_answer(self):
        for zone in self.server.zones:
            delv = Delv(zone, self.anchors[zone])
            for name, rrtype, has_records in QUERIES + [(n, t, False) for n, t, c in DENIALS
                                                        if not c]:
                said = delv.ask(self.server.port, full(name, zone), rrtype)
                with self.subTest(f"{full(name, zone)} {rrtype}"):
                    self.assertIn("; fully validated" if has_records else
                                  "; negative response, fully validated", said)
        resolver = resolver_of(self.server.port, self.anchors)
        for _ in range(2):  # the second time from what was cached, as Unbound likes to
            for zone in self.server.zones:
                self.check_with_unbound(resolver, zone)

    def check_with_unbound(self, resolver, zone):
        for name, rrtype, _ in DENIALS:
            if rrtype == "NSEC":
                continue
            said = subprocess.run(["dig", "@127.0.0.1", "-p", str(resolver.port), "+dnssec",
                                   "+tries=2", full(name, zone), rrtype], check=True,
                                  capture_output=True, text=True).stdout
            with self.subTest(f"{full(name, zone)} {rrtype}"):
                self.assertRegex(said, r";; flags:[^;]* ad[ ;]", resolver.why())
                self.assertRegex(said, "status: (NOERROR|NXDOMAIN)")

    def test_drill_verifies_and_secondaries_get_a_whole_nsec3_zone(self):
        for zone in self.server.zones:
            anchor = self.server.folder / f"{zone}anchor"
            anchor.write_text("".join(f"{zone} IN DNSKEY {key}\n" for key in self.anchors[zone]))
            copy = self.server.folder / f"{zone}copy"
            copy.write_text(self.server.dig(zone, "AXFR", "+onesoa"))
            self.assertNotRegex(copy.read_text(), r"\sIN\s+NSEC\s")
            done = subprocess.run(["ldns-verify-zone", "-k", anchor, copy], capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for name, rrtype in (("nothing", "A"), ("www", "TXT"), ("b.ent", "A")):
                done = subprocess.run(
                    ["drill", "-D", "-k", anchor, "-p", str(self.server.port), full(name, zone),
                     "@127.0.0.1", rrtype], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotRegex(done.stdout + done.stderr, "(?i)bogus|error verifying")

    def test_a_flood_of_made_up_names_costs_no_more_signatures_than_allowed(self):
        count = 4000
        zone = self.server.zones[0]
        before = {proof: self.metric(proof) for proof in ("compact", "awaited", "classical")}
        replies = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("127.0.0.1", self.server.port))
            sender.settimeout(5)
            for first in range(0, count, 40):  # in bursts the socket buffers hold
                for number in range(first, first + 40):
                    sender.send(query(number, f"f{number}.{zone}"))
                for _ in range(40):
                    reply = sender.recv(4096)
                    replies[struct.unpack("!H", reply[:2])[0]] = reply
        self.assertEqual(len(replies), count, "everybody gets an answer")
        after = {proof: self.metric(proof) for proof in before}
        self.assertEqual(sum(after.values()) - sum(before.values()), count)
        self.assertGreater(after["awaited"], before["awaited"])
        for reply in replies.values():
            rcode, authority = reply[3] & 15, struct.unpack("!H", reply[8:10])[0]
            # SOA and NSEC, or SOA and up to three NSEC3, each with its signature.
            self.assertIn((rcode, authority), ((0, 4), (3, 4), (3, 6), (3, 8)))
        delv = Delv(zone, self.anchors[zone])
        for number in (0, count - 1):
            self.assertIn("fully validated", delv.ask(self.server.port, f"f{number}.{zone}", "A"))


if __name__ == "__main__":
    unittest.main()
