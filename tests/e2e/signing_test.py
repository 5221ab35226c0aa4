"""Zones that Proxima signs itself, believed by delv and Unbound: every layout and algorithm, routed
names too, across rollovers, plans, deaths of nodes, restarts and broken key files."""
import re
import shutil
import subprocess
import time
import unittest
import urllib.request

import harness
from unbound import Unbound

ZONE = """$TTL 2
@ SOA ns host 1 3600 600 86400 2
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
www A 192.0.2.3
alias CNAME www
routed-alias CNAME r
*.wild TXT "wild"
a.b.ent A 192.0.2.4
tree DNAME www
insecure NS ns.insecure
ns.insecure A 192.0.2.5
"""
# name below the zone, type, whether records come
QUERIES = [
    ("@", "SOA", True), ("@", "NS", True), ("@", "DNSKEY", True), ("@", "MX", False),
    ("www", "A", True), ("www", "TXT", False), ("alias", "A", True), ("x.wild", "TXT", True),
    ("x.wild", "MX", False), ("b.ent", "A", False), ("nothing", "A", False),
    ("insecure", "DS", False), ("tree", "DNAME", True),
    ("r", "A", True), ("r", "AAAA", False), ("r", "TXT", False), ("routed-alias", "A", True),
    ("x.cdn", "A", True), ("y.x.cdn", "A", True), ("x.cdn", "AAAA", False), ("x.cdn", "MX", False),
    ("r", "HTTPS", True), ("x.cdn", "HTTPS", True), ("y.x.cdn", "HTTPS", True),
    ("m", "CNAME", True), ("x.multi", "CNAME", True), ("m", "DS", False), ("x.multi", "DS", False),
    ("p", "CNAME", True),
]
LAYOUTS = {
    "p256-csk-nsec": 'algorithm = "ecdsap256sha256"',
    "p256-split-nsec3": 'keys = "ksk-zsk"\ndenial = "nsec3"',
    "ed25519-csk-nsec3": 'algorithm = "ed25519"\ndenial = "nsec3"',
    "rsa-split-nsec": 'algorithm = "rsasha256"\nkeys = "ksk-zsk"',
}
PARTNER = 'tiers = ["partner"]\ncname = "customer.partner.test."'
QUICK = """signature_lifetime = "60s"
dnskey_ttl = "1s"
propagation = "1s"
parent_propagation = "1s"
parent_ds_ttl = "1s"
inception_skew = "1h"
"""


class Proxima:
    """One server with a zone for each policy."""

    def __init__(self, policies):
        self.folder = harness.folder()
        self.port = harness.free_port()
        self.admin = harness.free_port()
        self.zones = [f"{name}.example." for name in policies]
        text = f"""[server]
listen = "127.0.0.1:{self.port}"
state_dir = "state"
[admin]
listen = "127.0.0.1:{self.admin}"
[steering]
plan_interval = "300ms"
{harness.cluster("fra", "192.0.2.10", "192.0.2.11", more='host = "fra.clusters.example."')}
{harness.cluster("nyc", "192.0.2.20", place=(40, -74), more='host = "nyc.clusters.example."')}
{harness.cluster("partner", more=PARTNER)}
[service.web]
answers = 2
ttl = 6
https = {{ alpn = ["h2"], runner_up = true }}
[service.partner]
tiers = ["partner"]
ttl = 1
[service.multi]
tiers = ["partner", "default"]
ttl = 1
"""
        (self.folder / "state").mkdir()
        for name, policy in policies.items():
            (self.folder / f"{name}.zone").write_text(ZONE)
            text += f'[dnssec.{name}]\n{policy}\n[[zone]]\nname = "{name}.example."\n'
            text += f'file = "{name}.zone"\ndnssec = "{name}"\nallow_transfer = ["127.0.0.1"]\n'
            for route, service in (("r", "web"), ("*.cdn", "web"), ("m", "multi"),
                                   ("*.multi", "multi"), ("p", "partner")):
                text += f'[[route]]\nname = "{route}.{name}.example."\nservice = "{service}"\n'
        (self.folder / "proxima.toml").write_text(text)
        self.start()

    def start(self):
        self.process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                        str(self.folder / "proxima.toml")])
        self.process.wait_for_log("server: answering")

    def ctl(self, *arguments):
        return harness.proximactl(self.admin, *arguments)

    def keys(self, zone):
        return harness.zone_keys(self.admin, zone)

    def dig(self, name, rrtype, *more):
        return subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "+nocookie", "+tries=2",
                               "+time=5", *more, name, rrtype], check=True, capture_output=True,
                              text=True).stdout

    def dnskeys(self, zone):
        """RDATA of the keys with the SEP bit."""
        lines = self.dig(zone, "DNSKEY", "+short").splitlines()
        return [line for line in lines if line.startswith("257 ")]

    def serial(self, zone):
        return int(self.dig(zone, "SOA", "+short").split()[2])


def full(name, zone):
    return zone if name == "@" else f"{name}.{zone}"


class Delv:
    """Validates with fixed anchors: the DNSKEYs that the parent vouches for."""

    def __init__(self, zone, keys):
        self.zone = zone
        self.file = harness.folder() / "anchors"
        self.file.write_text("trust-anchors {\n" + "".join(
            '"{}" static-key {} {} {} "{}";\n'.format(zone, *key.split()[:3],
                                                     "".join(key.split()[3:]))
            for key in keys) + "};\n")

    def ask(self, port, name, rrtype):
        done = subprocess.run(["delv", "@127.0.0.1", "-p", str(port), "-a", str(self.file),
                               f"+root={self.zone}", name, rrtype], capture_output=True, text=True)
        return done.stdout + done.stderr


def resolver_of(port, anchors):
    """One that forgets failures and denials soon, as keys and zones change under it."""
    return Unbound({zone: port for zone in anchors}, anchors,
                   ["val-bogus-ttl: 0", "cache-max-negative-ttl: 2"])


class Signing(unittest.TestCase):
    def setUp(self):
        for tool in ("delv", "dig", "unbound"):
            if shutil.which(tool) is None and shutil.which(tool, path="/usr/sbin") is None:
                self.skipTest(f"{tool} is not installed")

    def tearDown(self):
        harness.stop_everything()

    def check_with_delv(self, server, zone, anchors, queries=None):
        delv = Delv(zone, anchors)
        for name, rrtype, has_records in queries or QUERIES:
            said = delv.ask(server.port, full(name, zone), rrtype)
            wanted = "; fully validated" if has_records else "; negative response, fully validated"
            self.assertIn(wanted, said, f"{name} {zone} {rrtype}")

    def check_with_unbound(self, port, zone, names=("www", "r", "x.cdn", "y.cdn", "nothing")):
        for name in names:
            done = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+dnssec", "+tries=2",
                                   full(name, zone), "A"], capture_output=True, text=True)
            status = "NXDOMAIN" if name == "nothing" else "NOERROR"
            self.assertIn(f"status: {status}", done.stdout)
            self.assertRegex(done.stdout, r";; flags:[^;]* ad[ ;]", f"{name} {zone}")

    def check_routed_types_with_unbound(self, port, zone):
        """Twice, the second time with whatever denials were cached, which Unbound answers from."""
        for _ in range(2):
            for name, rrtype, has_records in QUERIES:
                if name not in ("r", "x.cdn", "y.x.cdn", "m", "x.multi", "p") or rrtype == "AAAA":
                    continue
                said = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+dnssec", "+tries=2",
                                       full(name, zone), rrtype], capture_output=True,
                                      text=True).stdout
                with self.subTest(f"{full(name, zone)} {rrtype}"):
                    self.assertRegex(said, r";; flags:[^;]* ad[ ;]")
                    self.assertEqual("ANSWER: 0," not in said, has_records, said)

    def test_every_layout_and_kind_of_answer(self):
        server = Proxima(LAYOUTS)
        anchors = {zone: server.dnskeys(zone) for zone in server.zones}
        resolver = resolver_of(server.port, anchors).port
        for zone in server.zones:
            with self.subTest(zone=zone):
                self.assertEqual(len(anchors[zone]), 1)
                self.check_with_delv(server, zone, anchors[zone])
                self.check_with_unbound(resolver, zone, ("www", "r", "x.cdn", "y.x.cdn"))
                self.check_routed_types_with_unbound(resolver, zone)
                https = server.dig(full("r", zone), "HTTPS", "+short").splitlines()
                self.assertRegex(https[0], r'^1 \. alpn="h2" ipv4hint=192\.0\.2\.')
                self.assertRegex(https[1], r'^2 (fra|nyc)\.clusters\.example\. alpn="h2"$')
                self.assertEqual(server.dig(full("m", zone), "A", "+short").strip(),
                                 "customer.partner.test.")

    def test_what_secondaries_get_is_a_complete_signed_zone(self):
        tool = shutil.which("ldns-verify-zone")
        if tool is None:
            self.skipTest("ldns-verify-zone is not installed")
        server = Proxima(LAYOUTS)
        for zone in server.zones:
            copy = server.folder / "copy"
            copy.write_text(server.dig(zone, "AXFR", "+onesoa"))
            self.assertRegex(copy.read_text(), r"\*\.cdn\.\S+\s+6\s+IN\s+HTTPS\s+1 \. ")
            said = subprocess.run([tool, "-k", self.anchor_file(server, zone), copy],
                                  capture_output=True, text=True)
            self.assertEqual(said.returncode, 0, f"{zone}: {said.stdout}{said.stderr}")

    @staticmethod
    def anchor_file(server, zone):
        path = server.folder / "anchor"
        path.write_text("".join(f"{zone} IN DNSKEY {key}\n" for key in server.dnskeys(zone)))
        return path

    def test_nodes_and_clusters_that_die_leave_no_unsigned_answer(self):
        server = Proxima({"p256-csk-nsec": LAYOUTS["p256-csk-nsec"]})
        zone = server.zones[0]
        anchors = server.dnskeys(zone)
        routed = [query for query in QUERIES if query[0] in ("r", "x.cdn", "routed-alias")]
        made = self.signatures(server)
        self.assertEqual(server.ctl("force", "partner", "down").returncode, 0)
        routed += [("m", "A", True), ("x.multi", "A", True), ("m", "TXT", False),
                   ("x.multi", "CNAME", False)]
        for target in ("fra/a", "fra", "nyc"):
            self.assertEqual(server.ctl("force", target, "down").returncode, 0)
            if target == "nyc":  # `fallback = "all"`: what the plan wants most, the partner
                routed = [query for query in routed if query[0] not in ("m", "x.multi")]
                routed += [("m", "CNAME", True), ("x.multi", "CNAME", True)]
            self.check_with_delv(server, zone, anchors, routed)
        for target in ("fra", "nyc", "fra/a", "partner"):
            self.assertEqual(server.ctl("force", target, "up").returncode, 0)
            routed = [query for query in routed if query[0] not in ("m", "x.multi")]
            self.check_with_delv(server, zone, anchors, routed)
        self.assertEqual(self.signatures(server), made, "health needs no signature")

    def signatures(self, server):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.admin}/metrics") as answer:
            text = answer.read().decode()
        return float(re.search(r"^proxima_signatures_made_total (\S+)", text, re.M).group(1))

    def test_zsk_rollovers_go_unnoticed(self):
        server = Proxima({"zsk": QUICK + 'keys = "ksk-zsk"\nzsk_lifetime = "4s"\ndenial = "nsec3"'})
        zone = server.zones[0]
        anchors = server.dnskeys(zone)
        resolver = resolver_of(server.port, {zone: anchors}).port
        signers = set()
        end = time.monotonic() + 120
        while len(signers) < 3:
            self.assertLess(time.monotonic(), end, server.process.log())
            self.check_with_unbound(resolver, zone)
            self.check_with_delv(server, zone, anchors, [("x.cdn", "A", True), ("www", "A", True)])
            answer = server.dig(full("www", zone), "A", "+dnssec")
            signers.update(re.findall(r"RRSIG\s+A (?:\S+ ){5}(\d+) ", answer))
        self.assertEqual(server.dnskeys(zone), anchors, "the KSK stays")
        used = {str(key["tag"]) for key in server.keys(zone)["keys"] if key["role"] == "ZSK"}
        self.assertLessEqual(signers, used)

    def test_csk_rollover_with_the_parent_and_a_restart_in_it(self):
        server = Proxima({"csk": QUICK})
        zone = server.zones[0]
        parent = server.dnskeys(zone)  # the keys that the parent has a DS of
        old = server.keys(zone)["keys"][0]["tag"]

        def state(tag, record):
            key = next(key for key in server.keys(zone)["keys"] if key["tag"] == tag)
            return key[record]["state"]

        def wait_for(condition, what):
            def look():
                self.check_with_delv(server, zone, parent,
                                     [("www", "A", True), ("x.cdn", "A", True)])
                return condition()
            harness.wait_until(look, 60, what)

        wait_for(lambda: str(old) in server.dig(zone, "CDS", "+short").split()[:1], "CDS")
        self.assertIn(f"ds-seen ZONE {old}", server.keys(zone)["waits_for"])
        ds = server.ctl("keys", "ds", zone).stdout.split()
        self.assertEqual(ds[3], str(old))
        cds = server.dig(zone, "CDS", "+short").split()
        self.assertEqual("".join(cds[3:]), ds[6])
        self.assertEqual(server.ctl("keys", "ds-seen", zone, "1").returncode, 3)
        self.assertEqual(server.ctl("keys", "ds-seen", zone, str(old)).returncode, 0)
        wait_for(lambda: state(old, "ds") == "omnipresent", "DS in every cache")

        self.assertEqual(server.ctl("keys", "rollover", zone).returncode, 0)
        wait_for(lambda: len(server.keys(zone)["keys"]) == 2, "a successor")
        new = next(key["tag"] for key in server.keys(zone)["keys"] if key["tag"] != old)
        before = server.serial(zone)
        self.assertEqual(server.process.stop(), 0)
        server.start()
        self.assertGreaterEqual(server.serial(zone), before)
        wait_for(lambda: server.dig(zone, "CDS", "+short").split()[:1] == [str(new)], "new CDS")
        self.assertEqual(state(old, "dnskey"), "omnipresent")
        parent = [key for key in server.dnskeys(zone) if key not in parent]
        self.assertEqual(len(parent), 1)
        self.assertEqual(server.ctl("keys", "ds-seen", zone, str(new)).returncode, 0)
        wait_for(lambda: state(old, "dnskey") == "hidden", "the old key gone")
        wait_for(lambda: server.dnskeys(zone) == parent, "one key")

    def test_a_restart_keeps_signatures_and_serial(self):
        server = Proxima({"p256-csk-nsec": ""})
        zone = server.zones[0]
        before = server.dig(full("www", zone), "A", "+dnssec", "+short"), server.serial(zone)
        (server.folder / "p256-csk-nsec.zone").write_text(ZONE + "new A 192.0.2.9\n")
        self.assertEqual(server.ctl("reload").returncode, 0)
        self.assertEqual(server.serial(zone), before[1] + 1, "the file's serial was not raised")
        self.assertEqual(server.dig(full("www", zone), "A", "+dnssec", "+short"), before[0])
        self.assertEqual(server.process.stop(), 0)
        server.start()
        self.assertEqual(server.serial(zone), before[1] + 1)
        self.assertEqual(server.dig(full("www", zone), "A", "+dnssec", "+short"), before[0])

    def test_broken_keys_keep_a_running_zone_and_stop_a_start(self):
        server = Proxima({"p256-csk-nsec": ""})
        zone = server.zones[0]
        anchors = server.dnskeys(zone)
        private = next((server.folder / "state" / "keys").glob("*.private"))
        good = private.read_text()
        private.write_text("broken")
        (server.folder / "p256-csk-nsec.zone").write_text(ZONE + "new A 192.0.2.9\n")
        self.assertEqual(server.ctl("reload").returncode, 0)
        self.check_with_delv(server, zone, anchors, [("new", "A", True), ("x.cdn", "A", True)])
        self.assertIn(private.name, server.keys(zone)["problem"])
        self.assertIn(private.name, server.process.log())
        server.process.stop()
        failed = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                  str(server.folder / "proxima.toml")])
        self.assertEqual(failed.child.wait(10), 2)
        self.assertIn(private.name, failed.log())
        private.write_text(good)
        server.start()
        self.check_with_delv(server, zone, anchors, [("x.cdn", "A", True)])

    def test_keys_made_before_the_first_start_are_those_used(self):
        folder = harness.folder()

        def ctl(*arguments):
            return subprocess.run([harness.binary("proximactl"), "keys", *arguments, "--dir",
                                   str(folder / "keys")], capture_output=True, text=True)
        self.assertEqual(ctl("generate", "mine.example.", "--role", "ksk").returncode, 0)
        self.assertEqual(ctl("generate", "mine.example.", "--role", "zsk").returncode, 0)
        ds = ctl("ds", "mine.example.").stdout.split()
        self.assertEqual(len(ds), 7)
        self.assertIn("KSK", ctl("list", "mine.example.").stdout)
        server = Proxima({"mine": f'keys = "ksk-zsk"\ngenerate = false\nkey_dir = "{folder}/keys"'})
        tags = {key["tag"]: key["use"] for key in server.keys("mine.example.")["keys"]}
        self.assertEqual(tags[int(ds[3])], "active")
        self.assertEqual(len(tags), 2)
        self.check_with_delv(server, "mine.example.", server.dnskeys("mine.example."),
                             [("www", "A", True), ("x.cdn", "A", True)])


if __name__ == "__main__":
    unittest.main()
