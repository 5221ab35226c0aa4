"""Proxima as a secondary of NSD, Knot, BIND and of a primary that misbehaves: AXFR, IXFR, NOTIFY,
TSIG, TLS, expiry, restarts, catalog zones."""
import json
import os
import signal
import time
import unittest
import urllib.error
import urllib.request

import harness
import primaries
from primaries import KEY_NAME, KEY_SECRET, Bind, Fake, Knot, Nsd, dig, framed, record, soa

ZONE = "test.example."


def zone_text(serial, more="", refresh=3600, retry=600, expire=86400):
    return f"""$ORIGIN {ZONE}
$TTL 300
@ SOA ns hostmaster {serial} {refresh} {retry} {expire} 60
@ NS ns
@ MX 10 mail
@ TXT "first" "second string"
@ CAA 0 issue "ca.example"
ns A 192.0.2.53
ns AAAA 2001:db8::53
mail A 192.0.2.25
www 60 A 192.0.2.1
www 60 A 192.0.2.2
alias CNAME www
*.wild A 192.0.2.7
_sip._udp SRV 1 2 5060 mail
ptr PTR mail
naptr NAPTR 10 20 "S" "SIP+D2U" "" _sip._udp
@ HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
sub NS ns.sub
ns.sub A 192.0.2.99
sub DS 12345 13 2 0123456789012345678901234567890123456789012345678901234567890123
old DNAME www
unknown TYPE65280 \\# 4 01020304
big TXT {" ".join('"' + chr(97 + i) * 200 + '"' for i in range(15))}
{more}
"""


class Secondary:
    """Our daemon."""

    def __init__(self, zones, remotes, more=""):
        self.dns, self.admin = harness.free_port(), harness.free_port()
        self.folder = harness.folder()
        self.configure(zones, remotes, more)
        self.process = None

    def configure(self, zones, remotes, more=""):
        (self.folder / "local.zone").write_text(
            "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n")
        (self.folder / "gslb.toml").write_text(f"""
{harness.server(self.dns, self.admin, 'state_dir = "."')}
[secondary]
min_refresh = "1s"
min_retry = "1s"
timeout = "2s"
[[key]]
name = "{KEY_NAME}"
secret = "{KEY_SECRET}"
{remotes}
{zones}
[[zone]]
name = "local.example."
file = "local.zone"
{harness.cluster("fra", "192.0.2.99")}
[service.web]
[[route]]
name = "*.local.example."
service = "web"
{more}
""")

    def start(self):
        self.process = harness.Process(
            [harness.binary("proxima-gslb"), "run", "-c", str(self.folder / "gslb.toml")])
        self.process.wait_for_log("answering")
        return self

    def stop(self):
        return self.process.stop()

    def serial(self, zone=ZONE):
        lines = dig(self.dns, zone, "SOA")
        return int(lines[0].split()[6]) if lines else None

    def rcode(self, zone=ZONE):
        import subprocess
        out = subprocess.run(["dig", "@127.0.0.1", "-p", str(self.dns), "+norecurse", "+time=2",
                              zone, "SOA"], capture_output=True, text=True, check=False).stdout
        return out.split("status: ")[1].split(",")[0]

    def wait_for_serial(self, serial, zone=ZONE, timeout=15):
        try:
            harness.wait_until(lambda: self.serial(zone) == serial, timeout,
                               f"serial {serial} of {zone}", 0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.process.log()}") from None

    def api(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def refresh(self, zone=ZONE):
        self.api(f"/v1/secondaries/refresh?zone={zone}", "POST")

    def status(self, zone=ZONE):
        return [each for each in self.api("/v1/secondaries")["secondaries"]
                if each["name"] == zone][0]


def remote(name, port, more=""):
    return f'[[remote]]\nid = "{name}"\naddress = "127.0.0.1:{port}"\n{more}\n'


def zone(primary, name=ZONE, more=""):
    return f'[[zone]]\nname = "{name}"\nprimaries = {json.dumps(primary)}\n{more}\n'


class TransferIn(unittest.TestCase):
    """What tests of secondaries share."""

    def started(self, thing):
        self.addCleanup(thing.stop)
        return thing.start()

    def assert_same(self, primary, secondary, extra=()):
        """Every record the primary transfers is in our answers, with its TTL."""
        lines = dig(primary.port, ZONE, "AXFR", *extra)
        self.assertGreater(len(lines), 20)
        wanted = {}
        for line in lines:
            owner, _, _, rrtype, _ = line.split(" ", 4)
            if rrtype != "TSIG":
                wanted.setdefault((owner, rrtype), set()).add(line)
        for (owner, rrtype), records in wanted.items():
            below_cut = owner.endswith(".sub." + ZONE)
            if below_cut or (owner.startswith("sub.") and rrtype == "NS"):
                continue
            self.assertEqual(set(dig(secondary.dns, owner, rrtype, "+tcp")), records,
                             (owner, rrtype))

    def life(self, kind, with_key=False, by_notify=False):
        """AXFR at start, then a change fetched as differences."""
        secondary = Secondary("", "")
        primary = self.started(kind({ZONE: zone_text(1)}, with_key=with_key,
                                    notify=secondary.dns if by_notify else None))
        key = f'key = "{KEY_NAME}"' if with_key else ""
        secondary.configure(zone(["p"]), remote("p", primary.port, key))
        self.started(secondary)
        secondary.wait_for_serial(1)
        extra = ["-y", f"hmac-sha256:{KEY_NAME}:{KEY_SECRET}"] if with_key else []
        self.assert_same(primary, secondary, extra)
        self.assertIn("by=AXFR", secondary.process.log())
        primary.set_zone(ZONE, zone_text(2, "new A 192.0.2.77").replace("mail A 192.0.2.25",
                                                                        "mail A 192.0.2.26"))
        # The SOA asks for an hour: only a NOTIFY or asking by hand brings it sooner.
        if not by_notify:
            harness.wait_until(lambda: dig(primary.port, ZONE, "SOA")[0].split()[6] == "2",
                               what="the primary's reload")
            secondary.refresh()
        secondary.wait_for_serial(2)
        self.assert_same(primary, secondary, extra)
        self.assertEqual(dig(secondary.dns, "new." + ZONE, "A"),
                         [f"new.{ZONE} 300 IN A 192.0.2.77"])
        self.assertIn("by=IXFR", secondary.process.log())
        self.assertEqual(secondary.status()["last_error"], "")


class TransferInTest(TransferIn):
    @staticmethod
    def wait_for_bind(primary, name, serial):
        harness.wait_until(
            lambda: dig(primary.port, name, "SOA")[0].split()[6] == str(serial), what="a reload")

    def test_nsd(self):
        self.life(Nsd)

    def test_knot(self):
        self.life(Knot)

    def test_bind(self):
        self.life(Bind)

    def test_nsd_with_tsig(self):
        self.life(Nsd, with_key=True)

    def test_knot_with_tsig(self):
        self.life(Knot, with_key=True)

    def test_bind_with_tsig(self):
        self.life(Bind, with_key=True)

    def test_wrong_key_gets_nothing(self):
        primary = self.started(Bind({ZONE: zone_text(1)}, with_key=True))
        secondary = self.started(Secondary(
            zone(["p"]), remote("p", primary.port, 'key = "other."') +
            '[[key]]\nname = "other."\nsecret = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="\n'))
        harness.wait_until(lambda: secondary.status()["last_error"], what="an error")
        self.assertIn("TSIG", secondary.status()["last_error"])
        self.assertEqual(secondary.rcode(), "SERVFAIL")

    def test_over_tls_by_name_by_pin_and_never_without(self):
        folder = harness.folder()
        certificate, key, pin = primaries.make_certificate(folder, "primary.test")
        other, _, other_pin = primaries.make_certificate(folder, "other.test")
        primary = Bind({ZONE: zone_text(1)})
        primary.tls = (certificate, key)
        self.started(primary)

        def start(how):
            return self.started(Secondary(
                zone(["p"]), remote("p", primary.tls_port, "tls = true\n" + how)))
        for good in (f'tls_name = "primary.test"\ntls_ca = "{certificate}"',
                     f'tls_pin = "{pin}"',
                     f'tls_name = "primary.test"\ntls_ca = "{certificate}"\ntls_pin = "{pin}"'):
            secondary = start(good)
            secondary.wait_for_serial(1)
            self.assert_same(primary, secondary)
        for bad in (f'tls_name = "other.test"\ntls_ca = "{certificate}"',
                    f'tls_name = "primary.test"\ntls_ca = "{other}"',
                    f'tls_pin = "{other_pin}"'):
            secondary = start(bad)
            harness.wait_until(lambda s=secondary: s.status()["last_error"], what="an error")
            self.assertEqual(secondary.status()["state"], "empty")
            self.assertIsNone(secondary.serial())

    def test_over_tls_with_ixfr(self):
        folder = harness.folder()
        certificate, key, pin = primaries.make_certificate(folder, "primary.test")
        primary = Bind({ZONE: zone_text(1)})
        primary.tls = (certificate, key)
        self.started(primary)
        secondary = self.started(Secondary(
            zone(["p"]), remote("p", primary.tls_port, f'tls = true\ntls_pin = "{pin}"')))
        secondary.wait_for_serial(1)
        primary.set_zone(ZONE, zone_text(2, "new A 192.0.2.77"))
        harness.wait_until(lambda: "serial 2" in primary.process.log(), what="BIND's reload")
        secondary.refresh()
        secondary.wait_for_serial(2)
        self.assertIn("by=IXFR", secondary.process.log())

    def test_copy_survives_a_restart_and_expires_without_primary(self):
        text = zone_text(1, refresh=1, retry=1, expire=6)
        primary = self.started(Nsd({ZONE: text}))
        secondary = self.started(Secondary(zone(["p"]), remote("p", primary.port)))
        secondary.wait_for_serial(1)
        primary.stop()
        secondary.stop()
        secondary.start()
        self.assertEqual(secondary.serial(), 1)  # at once, from disk
        harness.wait_until(lambda: secondary.rcode() == "SERVFAIL", 15, "expiry", 0.1)
        self.assertEqual(secondary.status()["state"], "expired")
        self.assertEqual(secondary.rcode("local.example."), "NOERROR")
        # Expired it is after another start as well; the primary's return brings it back.
        secondary.stop()
        secondary.start()
        self.assertEqual(secondary.rcode(), "SERVFAIL")
        primary.process = None
        primary.start()
        secondary.wait_for_serial(1)

    def test_damaged_copy_is_fetched_anew(self):
        primary = self.started(Nsd({ZONE: zone_text(1)}))
        secondary = self.started(Secondary(zone(["p"]), remote("p", primary.port)))
        secondary.wait_for_serial(1)
        secondary.stop()
        copy = secondary.folder / "secondary" / "test.example.copy"
        octets = bytearray(copy.read_bytes())
        octets[len(octets) // 2] ^= 1
        copy.write_bytes(octets)
        secondary.start()
        secondary.wait_for_serial(1)
        self.assertIn("can't be used", secondary.process.log())

    def test_second_primary_when_the_first_is_dead(self):
        primary = self.started(Nsd({ZONE: zone_text(1)}))
        secondary = self.started(Secondary(
            zone(["dead", "p"]),
            remote("dead", harness.free_port()) + remote("p", primary.port)))
        secondary.wait_for_serial(1)

    def test_whatever_a_bad_primary_sends_the_old_zone_stays(self):
        def whole(fake, number, question, qtype):
            return [framed(fake.message(number, question, [soa(ZONE, 1), record("www." + ZONE, 1,
                    bytes([192, 0, 2, 1])), soa(ZONE, 1)]))]

        good = [soa(ZONE, 2), record("www." + ZONE, 1, bytes([192, 0, 2, 9]))]

        def cut_message(fake, number, question, qtype):
            return [framed(fake.message(number, question, good + [soa(ZONE, 2)]))[:-30]]

        def no_end(fake, number, question, qtype):
            return [framed(fake.message(number, question, good))]

        def bad_rdata(fake, number, question, qtype):
            return [framed(fake.message(number, question, good + [
                record("a." + ZONE, 1, b"\1\2\3"), soa(ZONE, 2)]))]

        def foreign(fake, number, question, qtype):
            return [framed(fake.message(number, question, good + [
                record("www.elsewhere.", 1, bytes(4)), soa(ZONE, 2)]))]

        def pointer_loop(fake, number, question, qtype):
            message = fake.message(number, question, [soa(ZONE, 2)])
            at = len(message)
            loop = bytes([0xc0 | at >> 8, at & 255]) + record("", 1, bytes(4))[1:]
            return [framed(message[:6] + b"\0\2" + message[8:] + loop)]

        def wrong_id(fake, number, question, qtype):
            return [framed(fake.message(number ^ 1, question, good + [soa(ZONE, 2)]))]

        def refused(fake, number, question, qtype):
            return [framed(fake.message(number, question, [], 0x8405))]

        def other_soa(fake, number, question, qtype):
            return [framed(fake.message(number, question, good + [soa(ZONE, 3)]))]

        def bad_difference(fake, number, question, qtype):
            if qtype == 252:
                return refused(fake, number, question, qtype)
            return [framed(fake.message(number, question, [
                soa(ZONE, 2), soa(ZONE, 1), record("gone." + ZONE, 1, bytes(4)), soa(ZONE, 2),
                soa(ZONE, 2)]))]

        fake = Fake(ZONE, 1, whole)
        self.addCleanup(fake.stop)
        secondary = self.started(Secondary(zone(["p"]), remote("p", fake.port)))
        secondary.wait_for_serial(1)
        before = dig(secondary.dns, "www." + ZONE, "A")
        fake.serial = 2
        seen = set()
        for bad in (cut_message, no_end, bad_rdata, foreign, pointer_loop, wrong_id, refused,
                    other_soa, bad_difference):
            with self.subTest(bad.__name__):
                fake.respond = bad
                asked = len(fake.asked)
                # IXFR, and AXFR where that may help; then another round, so that both are done.
                harness.wait_until(lambda n=asked: len(fake.asked) > n + 3, 15, bad.__name__)
                self.assertEqual(secondary.serial(), 1)
                self.assertEqual(dig(secondary.dns, "www." + ZONE, "A"), before)
                seen.add(secondary.status()["last_error"])
        self.assertGreaterEqual(len(seen), 6, seen)
        fake.respond = lambda f, number, question, qtype: [
            framed(f.message(number, question, good + [soa(ZONE, 2)]))]
        secondary.wait_for_serial(2)

    def test_operator_asks_for_all_of_an_older_version(self):
        primary = self.started(Nsd({ZONE: zone_text(9)}))
        secondary = self.started(Secondary(zone(["p"]), remote("p", primary.port)))
        secondary.wait_for_serial(9)
        primary.set_zone(ZONE, zone_text(3))
        harness.wait_until(lambda: dig(primary.port, ZONE, "SOA")[0].split()[6] == "3",
                           what="NSD's reload")
        secondary.refresh()
        time.sleep(0.5)
        self.assertEqual(secondary.serial(), 9)
        secondary.api(f"/v1/secondaries/retransfer?zone={ZONE}", "POST")
        harness.wait_until(lambda: secondary.status()["serial"] == 3, what="the older version")
        with self.assertRaises(urllib.error.HTTPError):
            secondary.api("/v1/secondaries/refresh?zone=nowhere.", "POST")

    def test_routes_bind_in_a_secondary(self):
        primary = self.started(Nsd({ZONE: zone_text(1)}))
        secondary = self.started(Secondary(
            zone(["p"]), remote("p", primary.port),
            f'[[route]]\nname = "*.cdn.{ZONE}"\nservice = "web"\n'))
        secondary.wait_for_serial(1)
        self.assertEqual(dig(secondary.dns, "x.cdn." + ZONE, "A"),
                         [f"x.cdn.{ZONE} 60 IN A 192.0.2.99"])

    def test_presigned_zone_is_served_as_it_is(self):
        folder = harness.folder()
        import subprocess
        (folder / "z").write_text(zone_text(1))
        keys = subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", ZONE], cwd=folder,
                              check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["ldns-signzone", "-n", "-f", "z.signed", "z", keys], cwd=folder, check=True)
        primary = self.started(Nsd({ZONE: (folder / "z.signed").read_text()}))
        secondary = self.started(Secondary(zone(["p"]), remote("p", primary.port)))
        secondary.wait_for_serial(1)
        for name, more in ((ZONE, ()), ("www." + ZONE, ()), ("nothing." + ZONE, ("+authority",))):
            ours = dig(secondary.dns, name, "A", "+dnssec", *more)
            theirs = dig(primary.port, name, "A", "+dnssec", *more)
            self.assertEqual(len(ours) > 0, name != ZONE)
            self.assertEqual(sorted(ours), sorted(theirs), name)

    def test_zones_of_a_catalog_come_and_outlive_a_restart(self):
        def member(name):
            return zone_text(1).replace(f"$ORIGIN {ZONE}", f"$ORIGIN {name}")
        secondary = Secondary("", "")
        primary = Knot({"a.example.": member("a.example."), "b.example.": member("b.example."),
                        "local.example.": member("local.example.")}, notify=secondary.dns)
        primary.catalog = "catalog.example."
        self.started(primary)
        secondary.configure(zone(["p"], "catalog.example.", "catalog = true"),
                            remote("p", primary.port))
        self.started(secondary)
        for name in ("a.example.", "b.example."):
            secondary.wait_for_serial(1, name)
        self.assertEqual(dig(secondary.dns, "www.b.example.", "AAAA"), [])
        self.assertEqual(secondary.rcode("catalog.example."), "REFUSED")  # the list is ours
        # The configuration's own zone stays what it is.
        self.assertEqual(dig(secondary.dns, "ns.local.example.", "A"),
                         ["ns.local.example. 60 IN A 192.0.2.1"])
        # A restart while the primary is dead keeps list and zones.
        primary.stop()
        secondary.stop()
        secondary.start()
        for name in ("a.example.", "b.example."):
            self.assertEqual(secondary.serial(name), 1)

    def test_broken_catalog_keeps_the_zones_and_a_new_id_resets_one(self):
        def catalog(serial, version, members):
            return ("$ORIGIN catalog.example.\n$TTL 0\n"
                    f"@ SOA invalid. invalid. {serial} 3600 600 86400 0\n@ NS invalid.\n"
                    f'version TXT "{version}"\n' +
                    "".join(f"{key}.zones PTR {name}\n" for key, name in members))
        member = zone_text(1)
        secondary = Secondary("", "")
        primary = self.started(Bind(
            {"catalog.example.": catalog(1, 2, [("one", ZONE)]), ZONE: member},
            notify=secondary.dns))
        secondary.configure(
            zone(["p"], "catalog.example.", 'catalog = true\nallow_query = "127.0.0.0/8"'),
            remote("p", primary.port))
        self.started(secondary)
        secondary.wait_for_serial(1)
        secondary.wait_for_serial(1, "catalog.example.")
        transfers = secondary.process.log().count(f"zone={ZONE}")
        primary.set_zone("catalog.example.", catalog(2, 1, []))
        self.wait_for_bind(primary, "catalog.example.", 2)
        secondary.refresh("catalog.example.")
        secondary.process.wait_for_log("its zones stay as they are")
        self.assertEqual(secondary.serial(), 1)
        primary.set_zone("catalog.example.", catalog(3, 2, [("two", ZONE)]))
        self.wait_for_bind(primary, "catalog.example.", 3)
        secondary.refresh("catalog.example.")
        harness.wait_until(
            lambda: secondary.process.log().count(f"zone={ZONE}") > transfers, 15, "the reset")
        secondary.wait_for_serial(1)
        primary.set_zone("catalog.example.", catalog(4, 2, []))
        self.wait_for_bind(primary, "catalog.example.", 4)
        secondary.refresh("catalog.example.")
        harness.wait_until(lambda: secondary.rcode() == "REFUSED", 15, "the zone to go", 0.1)


if __name__ == "__main__":
    unittest.main()
