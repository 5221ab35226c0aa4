"""NOTIFY from other servers and from strangers; Proxima as a secondary of Proxima."""
import socket
import struct
import unittest
import urllib.request

import harness
import primaries
from primaries import KEY_NAME, Bind, Knot, Nsd, soa, wire_name
from transfer_in_test import ZONE, Secondary, TransferIn, remote, zone, zone_text
from transfer_out_test import KEY, Primary, body_of, records

NOTIFY, NOERROR, REFUSED, NOTAUTH = 4, 0, 5, 9
QR_AA_NOTIFY = 0xa400


def verdicts(admin):
    """What became of NOTIFYs, by verdict."""
    found = {}
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("proxima_incoming_notifies_total{"):
                found[line.split('"')[1]] = int(float(line.rsplit(" ", 1)[1]))
    return found


def tell(port, apex, serial, source="127.0.0.1"):
    """An unsigned NOTIFY: flags and the rest of its answer."""
    question = wire_name(apex) + struct.pack(">HH", 6, 1)
    message = struct.pack(">6H", 4711, NOTIFY << 11 | 0x0400, 1, 1, 0, 0) + question + \
        soa(apex, serial)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((source, 0))
        client.settimeout(5)
        client.connect(("127.0.0.1", port))
        client.send(message)
        answer = client.recv(4096)
    assert answer[:2] == message[:2]
    assert answer[12:] == question, "the question alone"
    return struct.unpack(">H", answer[2:4])[0]


class NotifyIn(TransferIn):
    """The SOA asks for an hour between two looks: what comes sooner came by NOTIFY."""

    def test_nsd(self):
        self.life(Nsd, by_notify=True)

    def test_knot(self):
        self.life(Knot, by_notify=True)

    def test_bind(self):
        self.life(Bind, by_notify=True)

    def test_nsd_with_tsig(self):
        self.life(Nsd, with_key=True, by_notify=True)

    def test_knot_with_tsig(self):
        self.life(Knot, with_key=True, by_notify=True)

    def test_bind_with_tsig(self):
        self.life(Bind, with_key=True, by_notify=True)

    def changed_unheard(self, with_key=False, more=""):
        """A secondary at serial 1 of a primary that has 2 and tells nobody."""
        primary = self.started(Nsd({ZONE: zone_text(1)}, with_key=with_key))
        key = f'key = "{KEY_NAME}"' if with_key else ""
        secondary = self.started(Secondary(zone(["p"], more=more), remote("p", primary.port, key)))
        secondary.wait_for_serial(1)
        primary.set_zone(ZONE, zone_text(2))
        harness.wait_until(lambda: primaries.dig(primary.port, ZONE, "SOA")[0].split()[6] == "2",
                           what="NSD's reload")
        return secondary

    def test_from_the_address_of_a_primary(self):
        secondary = self.changed_unheard()
        self.assertEqual(tell(secondary.dns, ZONE, 2, "127.0.0.2"), QR_AA_NOTIFY | REFUSED)
        self.assertEqual(tell(secondary.dns, "elsewhere.", 2), QR_AA_NOTIFY | NOTAUTH)
        self.assertEqual(tell(secondary.dns, "local.example.", 2), QR_AA_NOTIFY | NOTAUTH)
        found = verdicts(secondary.admin)
        self.assertEqual((found["accepted"], found["refused"], found["unknown"]), (0, 1, 2))
        # None of them made it look: it has the old version until somebody who may tells it.
        self.assertEqual(secondary.serial(), 1)
        self.assertEqual(tell(secondary.dns, ZONE, 2), QR_AA_NOTIFY | NOERROR)
        secondary.wait_for_serial(2)

    def test_a_primary_with_a_key_is_not_its_address_alone(self):
        secondary = self.changed_unheard(with_key=True)
        self.assertEqual(tell(secondary.dns, ZONE, 2), QR_AA_NOTIFY | REFUSED)
        self.assertEqual(verdicts(secondary.admin)["refused"], 1)
        self.assertEqual(secondary.serial(), 1)

    def test_a_rule_lets_others_tell(self):
        secondary = self.changed_unheard(more='allow_notify = ["127.0.0.2"]')
        self.assertEqual(tell(secondary.dns, ZONE, 2, "127.0.0.3"), QR_AA_NOTIFY | REFUSED)
        self.assertEqual(tell(secondary.dns, ZONE, 2, "127.0.0.2"), QR_AA_NOTIFY | NOERROR)
        secondary.wait_for_serial(2)

    def test_a_flood_for_the_version_it_has_fetches_nothing(self):
        primary = self.started(Nsd({ZONE: zone_text(1)}))
        secondary = self.started(Secondary(zone(["p"]), remote("p", primary.port)))
        secondary.wait_for_serial(1)
        for _ in range(200):
            self.assertEqual(tell(secondary.dns, ZONE, 1), QR_AA_NOTIFY | NOERROR)
        primary.set_zone(ZONE, zone_text(2))
        harness.wait_until(lambda: primaries.dig(primary.port, ZONE, "SOA")[0].split()[6] == "2",
                           what="NSD's reload")
        tell(secondary.dns, ZONE, 2)
        secondary.wait_for_serial(2)
        self.assertEqual(secondary.process.log().count("zone transferred"), 2)


class ProximaToProxima(TransferIn):
    ZONE = "example."

    def chain(self, tls):
        """A primary, its secondary, and a secondary of that; each tells the next."""
        last, middle = Secondary("", ""), Secondary("", "")
        primary = Primary(notify=[("middle", middle.dns)], zone=body_of(1), tls_only=tls)
        key = f'key = "{KEY_NAME}"\n'
        over_tls = f'tls = true\ntls_name = "localhost"\ntls_ca = "{primary.certificate}"\n'
        middle.configure(
            zone(["first"], self.ZONE, 'notify = ["last"]\nallow_transfer = ["last", "key:xfr."]'),
            remote("first", primary.tls if tls else primary.port, key + (over_tls if tls else "")) +
            remote("last", last.dns, key))
        last.configure(zone(["middle"], self.ZONE, 'allow_transfer = ["127.0.0.1"]'),
                       remote("middle", middle.dns, key))
        for each in (primary.start(), middle.start(), last.start()):
            self.addCleanup(each.process.stop)
        for each in (middle, last):
            each.wait_for_serial(1, self.ZONE)
        return primary, middle, last

    def follow(self, tls):
        primary, middle, last = self.chain(tls)
        for version in range(2, 6):
            primary.publish(body_of(version))
            for each in (middle, last):
                each.wait_for_serial(version, self.ZONE)
            copies = [records(middle.dns, KEY), records(last.dns)]
            if not tls:
                copies.append(records(primary.port, KEY))
            self.assertGreater(len(copies[0]), 300)
            for copy in copies[1:]:
                self.assertEqual(copy, copies[0])
        for each in (middle, last):
            log = each.process.log()
            # NOTIFY tells of every version and differences bring it.
            self.assertEqual((log.count("by=AXFR"), log.count("by=IXFR")), (1, 4), log)
            found = verdicts(each.admin)
            self.assertGreaterEqual(found["accepted"], 4)
            self.assertEqual(found["refused"], 0)
            self.assertEqual(each.status(self.ZONE)["last_error"], "")
        if tls:
            self.assertEqual(primary.outcome("whole"), 1)
        self.assertGreaterEqual(primary.outcome("differences"), 4)
        # What is routed at the primary is a plain record at the others.
        self.assertEqual(primaries.dig(last.dns, "x.cdn." + self.ZONE, "A"),
                         [f"x.cdn.{self.ZONE} 30 IN A 192.0.2.101"])

    def test_two_steps_with_a_key(self):
        self.follow(tls=False)

    def test_first_step_over_tls_alone(self):
        self.follow(tls=True)


if __name__ == "__main__":
    unittest.main()
