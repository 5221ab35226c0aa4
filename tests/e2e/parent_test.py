"""A signed zone below a signed parent that reads CDS: from the first DS over an algorithm rollover
to leaving DNSSEC.  Nobody confirms anything; a validating resolver with the parent's key alone asks
all the while, also across restarts."""
import json
import re
import shutil
import signal
import subprocess
import time
import unittest

import harness
from unbound import Unbound

PARENT, CHILD = "parent.example.", "child.parent.example."
TIMES = """signature_lifetime = "60s"
dnskey_ttl = "1s"
propagation = "1s"
parent_propagation = "1s"
parent_ds_ttl = "1s"
"""
ZONE = """$TTL 1
@ SOA ns host 1 3600 600 86400 1
@ NS ns
ns A 127.0.0.1
www A 192.0.2.2
*.wild TXT "wild"
"""
ROUTED = f"""
{harness.cluster("fra", "192.0.2.10")}
[service.web]
ttl = 1
[[route]]
name = "*.cdn.{CHILD}"
service = "web"
"""
# Name, type, status.
QUERIES = [("www", "A", "NOERROR"), ("x.cdn", "A", "NOERROR"), ("y.wild", "TXT", "NOERROR"),
           ("www", "TXT", "NOERROR"), ("nothing", "A", "NXDOMAIN")]


class Daemon:
    def __init__(self, zone, policy, more=""):
        self.folder, self.zone, self.more = harness.folder(), zone, more
        self.port, self.admin = harness.free_port(), harness.free_port()
        (self.folder / "state").mkdir()
        self.configure(policy)
        self.process = None

    def configure(self, policy):
        (self.folder / "gslb.toml").write_text(f"""
{harness.server(self.port, self.admin, 'state_dir = "state"')}
[[zone]]
name = "{self.zone}"
file = "zone"
dnssec = "p"
{self.more}
[dnssec.p]
{policy}
""")

    def start(self):
        self.process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                        str(self.folder / "gslb.toml")])
        self.process.wait_for_log("server: answering")

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def dig(self, name, rrtype, *more):
        return subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "+nocookie", "+short",
                               *more, name, rrtype],
                              check=True, capture_output=True, text=True).stdout

    def keys(self):
        return harness.zone_keys(self.admin, self.zone)


class Parent(Daemon):
    """A registry that does what CDS says, as soon as it sees it (RFC 7344)."""

    def __init__(self, child_port):
        super().__init__(PARENT, TIMES)
        self.child_port, self.ds, self.number = child_port, [], 1
        self.write()
        self.start()

    def write(self):
        (self.folder / "zone").write_text(
            f"$TTL 1\n@ SOA ns host {self.number} 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n"
            "child NS ns.child\nns.child A 127.0.0.1\n"
            + "".join(f"child DS {ds}\n" for ds in self.ds))

    def look(self, child):
        cds = sorted(child.dig(CHILD, "CDS").splitlines())
        if not cds or cds == self.ds or (cds == ["0 0 0 00"] and not self.ds):
            return
        self.ds = [] if cds == ["0 0 0 00"] else cds
        self.number += 1
        self.write()
        self.reload()
        harness.wait_until(lambda: sorted(self.dig(CHILD, "DS").splitlines()) == self.ds,
                           what="the registry's DS")


class WithParent(unittest.TestCase):
    def setUp(self):
        for tool in ("dig", "unbound"):
            if shutil.which(tool) is None and shutil.which(tool, path="/usr/sbin") is None:
                self.skipTest(f"{tool} is not installed")

    def tearDown(self):
        harness.stop_everything()

    def ask(self, port, secure):
        """Every kind of answer by the resolver; `secure`: True, False, or None for either."""
        for name, rrtype, status in QUERIES:
            said = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+dnssec", "+tries=2",
                                   f"{name}.{CHILD}", rrtype],
                                  capture_output=True, text=True, check=False).stdout
            self.assertIn(f"status: {status}", said, f"{name} {rrtype}\n{self.resolver.why()}")
            is_secure = re.search(r";; flags:[^;]* ad[ ;]", said) is not None
            if secure is not None:
                self.assertEqual(is_secure, secure, f"{name} {rrtype}\n{said}")

    def go_on_until(self, condition, secure, what):
        """Asks and plays the registry; restarts the child's server at half the states it shows."""
        end, seen, restarts = time.monotonic() + 90, set(), 0
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}\n{self.child.process.log()}")
            self.parent.look(self.child)
            self.ask(self.resolver.port, secure)
            states = json.dumps([[key[record] for record in ("dnskey", "signatures", "ds")]
                                 for key in self.child.keys()["keys"]])
            states = re.sub(r'"since": "[^"]*"', "", states)
            if states not in seen and len(seen) % 3 == 2:
                self.assertEqual(self.child.process.stop(), 0)
                self.child.start()
                restarts += 1
            seen.add(states)
        return restarts

    def key_of(self, algorithm):
        found = [key for key in self.child.keys()["keys"] if key["algorithm"] == algorithm]
        return found[0] if found else None

    def test_a_life_from_the_first_ds_to_the_last(self):
        child = self.child = Daemon(CHILD, "", ROUTED)
        (child.folder / "zone").write_text(ZONE)
        parent = self.parent = Parent(child.port)
        policy = TIMES + (f'parent = ["127.0.0.1:{parent.port}"]\nparent_check = "1s"\n'
                          'purge_keys = "1s"\n')
        child.configure(policy)
        child.start()
        anchors = [line for line in parent.dig(PARENT, "DNSKEY").splitlines()
                   if line.startswith("257 ")]
        self.resolver = Unbound({PARENT: parent.port, CHILD: child.port}, {PARENT: anchors},
                                ["val-bogus-ttl: 0", "cache-max-negative-ttl: 1",
                                 "infra-host-ttl: 1"])
        self.ask(self.resolver.port, False)
        self.go_on_until(lambda: (self.key_of("ECDSAP256SHA256") or {}).get("ds", {}).get("state")
                         == "omnipresent", None, "the first DS")
        self.ask(self.resolver.port, True)

        child.configure(policy + 'algorithm = "ed25519"\ndenial = "nsec3"\n')
        child.reload()
        restarts = self.go_on_until(
            lambda: self.key_of("ED25519") is not None
            and self.key_of("ED25519")["ds"]["state"] == "omnipresent"
            and self.key_of("ECDSAP256SHA256") is None, True, "the algorithm rollover")
        self.assertGreaterEqual(restarts, 2)
        self.assertEqual([ds.split()[1] for ds in parent.ds], ["15"])
        files = [path.name for path in (child.folder / "state" / "keys").iterdir()]
        self.assertEqual([name for name in files if "+013+" in name], [], "purged")

        child.configure(policy + 'algorithm = "ed25519"\ngo_insecure = true\n')
        child.reload()
        www = ("www." + CHILD, "A", "+dnssec", "+noshort")
        self.go_on_until(lambda: "RRSIG" not in child.dig(*www), None, "unsigned")
        self.assertEqual(parent.ds, [])
        self.ask(self.resolver.port, False)
        self.assertEqual(child.process.stop(), 0)
        self.assertEqual(parent.process.stop(), 0)

    def test_a_parent_that_shows_nothing_of_use_holds_the_rollover(self):
        child = self.child = Daemon(CHILD, "", ROUTED)
        (child.folder / "zone").write_text(ZONE)
        parent = self.parent = Parent(child.port)
        silent = harness.free_port()
        child.configure(TIMES + 'parent_check = "1s"\n'
                        f'parent = ["127.0.0.1:{parent.port}", "127.0.0.1:{silent}"]\n')
        child.start()
        harness.wait_until(lambda: child.dig(CHILD, "CDS"), 20, "CDS")
        parent.look(child)
        child.process.wait_for_log(f"not answered: 127.0.0.1:{silent}", 20)
        self.assertIn("ds-seen", child.keys()["waits_for"])
        # The zone's own server is not its parent.
        child.configure(TIMES + 'parent_check = "1s"\n'
                        f'parent = ["127.0.0.1:{parent.port}", "127.0.0.1:{child.port}"]\n')
        child.reload()
        child.process.wait_for_log("is not authoritative", 20)
        self.assertIn("ds-seen", child.keys()["waits_for"])
        child.configure(TIMES + f'parent_check = "1s"\nparent = "127.0.0.1:{parent.port}"\n')
        child.reload()
        harness.wait_until(lambda: child.keys()["waits_for"] == "", 20, "the DS alone")


if __name__ == "__main__":
    unittest.main()
