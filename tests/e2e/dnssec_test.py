"""Validators believe what Proxima serves from signed zones: delv and Unbound, every kind of answer.

The names and what is to come of them stand in CASES; a zone with the records of signed_zones.py
joins by a line in setUpClass, other zones bring cases of their own to check().
"""
import re
import shutil
import subprocess
import unittest

import harness
import signed_zones
from unbound import Unbound

SECURE, INSECURE = "secure", "insecure"

# name below the zone ("@": the zone), type, status, number of answer records (None: whatever),
# whether a validator is to call it secure.
CASES = [
    ("@", "SOA", "NOERROR", 1, SECURE),
    ("@", "NS", "NOERROR", 2, SECURE),
    ("@", "DNSKEY", "NOERROR", 1, SECURE),
    ("@", "AAAA", "NOERROR", 0, SECURE),
    ("www", "A", "NOERROR", 2, SECURE),
    ("www", "AAAA", "NOERROR", 0, SECURE),
    ("big", "TXT", "NOERROR", 2, SECURE),
    ("_25._tcp.mail", "TLSA", "NOERROR", 1, SECURE),
    # aliases
    ("alias", "A", "NOERROR", 3, SECURE),
    ("alias2", "A", "NOERROR", 4, SECURE),
    ("alias2", "CNAME", "NOERROR", 1, SECURE),
    ("alias", "MX", "NOERROR", 1, SECURE),
    ("dangling", "A", "NXDOMAIN", 1, SECURE),
    ("tonodata", "AAAA", "NOERROR", 1, SECURE),
    ("deep.tree", "A", "NOERROR", 3, SECURE),
    ("x.tree", "A", "NXDOMAIN", 2, SECURE),
    ("tree", "DNAME", "NOERROR", 1, SECURE),
    # wildcards
    ("x.wild", "A", "NOERROR", 1, SECURE),
    ("a.b.c.wild", "TXT", "NOERROR", 1, SECURE),
    ("*.wild", "A", "NOERROR", 1, SECURE),
    ("x.wild", "MX", "NOERROR", 0, SECURE),
    ("*.wild", "MX", "NOERROR", 0, SECURE),
    ("towild", "A", "NOERROR", 2, SECURE),
    ("x.aliases", "A", "NOERROR", 3, SECURE),
    ("x.double", "A", "NOERROR", 4, SECURE),
    ("x.double", "MX", "NOERROR", 2, SECURE),
    ("exists.wild", "A", "NOERROR", 0, SECURE),
    ("x.exists.wild", "A", "NXDOMAIN", 0, SECURE),
    ("ent.wild", "A", "NOERROR", 0, SECURE),
    ("x.ent.wild", "A", "NXDOMAIN", 0, SECURE),
    ("a.x.star", "A", "NOERROR", 1, SECURE),
    # names that are not there, and empty non-terminals
    ("nothing", "A", "NXDOMAIN", 0, SECURE),
    ("a.b.nothing", "A", "NXDOMAIN", 0, SECURE),
    ("!", "A", "NXDOMAIN", 0, SECURE),
    ("zzz", "TXT", "NXDOMAIN", 0, SECURE),
    ("x.www", "A", "NXDOMAIN", 0, SECURE),
    ("b.c", "A", "NOERROR", 0, SECURE),
    ("x.b.c", "A", "NXDOMAIN", 0, SECURE),
    ("target", "A", "NOERROR", 0, SECURE),
    # cuts
    ("secure", "DS", "NOERROR", 1, SECURE),
    ("www.secure", "A", "NOERROR", 1, SECURE),
    ("nothing.secure", "A", "NXDOMAIN", 0, SECURE),
    ("insecure", "DS", "NOERROR", 0, SECURE),
    ("www.insecure", "A", "NOERROR", 1, INSECURE),
    ("nothing.insecure", "A", "NXDOMAIN", 0, INSECURE),
]
# Where an opt-out NSEC3 covers a name there may be an unsigned cut: validators leave AD off for
# what rests on it (RFC 5155 9.2).
OPT_OUT = {"optout.example."}


def full(name, zone):
    return zone if name == "@" else f"{name}.{zone}"


def dig(port, name, rrtype):
    return subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(port), "+dnssec", "+time=10", "+tries=1", "+nocookie", name,
         rrtype], check=True, capture_output=True, text=True).stdout


def count_answers(text):
    """Records of the answer section but RRSIG."""
    answer = re.search(r";; ANSWER SECTION:\n(.*?)\n\n", text, re.S)
    lines = answer.group(1).splitlines() if answer else []
    return sum(1 for line in lines if line.split()[3] != "RRSIG")


class Dnssec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("delv", "dig", "unbound", "ldns-signzone", "ldns-keygen"):
            if shutil.which(tool) is None and shutil.which(tool, path="/usr/sbin") is None:
                raise unittest.SkipTest(f"{tool} is not installed")
        cls.zones = signed_zones.SignedZones(harness.folder())
        cls.port = cls.serve(cls.zones.files)
        cls.child_port = cls.serve(cls.zones.children)
        stubs = {zone: cls.port for zone in cls.zones.files}
        stubs.update({zone: cls.child_port for zone in cls.zones.children})
        anchors = {zone: [key] for zone, key in cls.zones.anchors.items()}
        cls.unbound = Unbound(stubs, anchors, ["aggressive-nsec: no"])
        cls.aggressive = Unbound(stubs, anchors, ["aggressive-nsec: yes"])

    @classmethod
    def tearDownClass(cls):
        harness.stop_everything()

    @staticmethod
    def serve(files):
        port = harness.free_port()
        config = harness.folder() / "proxima.toml"
        config.write_text(signed_zones.daemon_config(port, harness.free_port(), files))
        harness.Process([harness.binary("proxima-gslb"), "-c", str(config)]).wait_for_port(port)
        return port

    def check(self, resolver, zone, case):
        """One question to a validating resolver."""
        name, rrtype, status, answers, trust = case
        text = dig(resolver.port, full(name, zone), rrtype)
        with self.subTest(f"{full(name, zone)} {rrtype}"):
            self.assertEqual(re.search(r"status: (\w+)", text).group(1), status,
                             f"{text}\n{resolver.why()}")
            if answers is not None:
                self.assertEqual(count_answers(text), answers, text)
            is_secure = " ad" in re.search(r"flags: ([\w ]*);", text).group(1)
            if zone in OPT_OUT and " NSEC3 " in text.replace("\t", " "):
                return
            self.assertEqual(is_secure, trust == SECURE, f"{text}\n{resolver.why()}")

    def test_unbound_validates_every_kind_of_answer(self):
        for zone in self.zones.files:
            for case in CASES:
                self.check(self.unbound, zone, case)

    def test_what_unbound_synthesizes_from_nsec_agrees(self):
        # Twice, the second time backwards: whatever proof was cached before.
        for zone in self.zones.files:
            for case in [*CASES, *reversed(CASES)]:
                self.check(self.aggressive, zone, case)

    def test_delv_validates_what_lies_in_the_zone(self):
        for zone, key in self.zones.anchors.items():
            anchors = harness.folder() / "anchors"
            flags, protocol, algorithm, *octets = key.split()
            anchors.write_text(f'trust-anchors {{ {zone} static-key {flags} {protocol} {algorithm} '
                               f'"{"".join(octets)}"; }};\n')
            for name, rrtype, _, _, trust in CASES:
                if trust == INSECURE or name.endswith(".secure"):
                    continue  # delv asks one server only
                said = subprocess.run(
                    ["delv", "@127.0.0.1", "-p", str(self.port), "-a", anchors, f"+root={zone}",
                     full(name, zone), rrtype], capture_output=True, text=True)
                text = said.stdout + said.stderr
                with self.subTest(f"{full(name, zone)} {rrtype}"):
                    self.assertRegex(text, "fully validated|unsigned answer|negative response"
                                     if zone in OPT_OUT else "fully validated")
                    self.assertNotIn("resolution failed: broken", text)


if __name__ == "__main__":
    unittest.main()
