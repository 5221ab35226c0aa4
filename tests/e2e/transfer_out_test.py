"""Zone transfers out: NSD, Knot and BIND as secondaries of ours, and dig as a stranger."""
import random
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest
import urllib.request

import harness
import secondaries
from tls_test import make_certificate

ZONE = "example."
PARTNER = 'tiers = ["partner"]\ncname = "customer.partner.test."'
KEY = f"{secondaries.ALGORITHM}:{secondaries.KEY_NAME}:{secondaries.SECRET}"


def dig(port, *arguments, key=KEY):
    command = ["dig", "@127.0.0.1", "-p", str(port), "+noidnin", "+noidnout", "+tries=1",
               "+time=10", "+nocmd", *(["-y", key] if key else []), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def records(port, key=None):
    """The zone as that server transfers it: canonical lines, sorted."""
    text = dig(port, "+noall", "+answer", "+onesoa", "axfr", ZONE, key=key)
    lines = [line.split(None, 4) for line in text.splitlines() if line and line[0] != ";"]
    lines = [line for line in lines if len(line) == 5 and line[3] != "TSIG"]
    return sorted(" ".join([line[0].lower(), *line[1:]]) for line in lines)


def serial(port, key=None):
    words = dig(port, "+short", "+notcp", "soa", ZONE, key=key).split()
    return int(words[2]) if len(words) == 7 else None


def frame(message):
    return struct.pack(">H", len(message)) + message


def question(number, name, kind, opt=False):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    head = struct.pack(">HHHHHH", number, 0, 1, 0, 0, 1 if opt else 0)
    tail = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0) if opt else b""
    return head + labels + b"\0" + struct.pack(">HH", kind, 1) + tail


AXFR, EDE_PROHIBITED = 252, struct.pack(">HHH", 15, 2, 18)


def refusal(port, name, kind=AXFR):
    """RCODE and octets of the first answer to an unsigned transfer request over TCP."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(frame(question(7, name, kind, opt=True)))
        stream = client.makefile("rb")
        answer = stream.read(struct.unpack(">H", stream.read(2))[0])
        return answer[3] & 15, answer


class Primary:
    def __init__(self, notify=(), zone="", tls_only=False, records_text=None):
        self.port, self.tls, self.admin = (harness.free_port() for _ in range(3))
        self.folder = harness.folder()
        self.zone_file = self.folder / "example.zone"
        self.certificate, _ = make_certificate(self.folder, "gslb", "DNS:localhost")
        self.number = 1
        self.body = records_text or zone
        self.write_zone()
        remotes = "".join(f'[[remote]]\nid = "{name}"\naddress = "127.0.0.1:{port}"\nkey = "xfr"\n'
                          for name, port in notify)
        names = ", ".join(f'"{name}"' for name, _ in notify)
        self.config = self.folder / "gslb.toml"
        self.config.write_text(f"""
{harness.server(self.port, self.admin, f'listen_tls = "127.0.0.1:{self.tls}"',
                'tls_certificate = "gslb.pem"', 'tls_key = "gslb.key"', 'state_dir = "."')}
[[key]]
name = "{secondaries.KEY_NAME}"
secret = "{secondaries.SECRET}"
[[key]]
name = "other."
secret = "OTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
{remotes}
[[zone]]
name = "{ZONE}"
file = "example.zone"
allow_transfer = ["key:xfr"]
notify = [{names}]
transfer_tls = {"true" if tls_only else "false"}
[service.web]
ttl = 30
https = {{ alpn = ["h2"] }}
[service.partner]
ttl = 30
tiers = ["partner"]
[[route]]
name = "partner.{ZONE}"
service = "partner"
{harness.cluster("partner", more=PARTNER)}
[[route]]
name = "*.cdn.{ZONE}"
service = "web"
{harness.cluster("fra", "192.0.2.101 2001:db8::101")}
""")
        self.process = None

    def write_zone(self):
        self.zone_file.write_text(
            f"$ORIGIN {ZONE}\n$TTL 300\n@ SOA ns hostmaster {self.number} 3600 600 86400 60\n"
            f"@ NS ns\nns A 127.0.0.1\n*.cdn TXT static\n{self.body}")

    def start(self):
        self.process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                        str(self.config)])
        self.process.wait_for_log("answering", timeout=60)
        return self

    def publish(self, body):
        self.body = body
        self.number += 1
        self.write_zone()
        self.process.signal(signal.SIGHUP)
        harness.wait_until(lambda: serial(self.port) == self.number, what="reload")

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.rsplit(" ", 1)[1])
        return None

    def outcome(self, word):
        return self.metric(f'proxima_outgoing_transfers_total{{outcome="{word}"}}')


def body_of(version, size=300):
    """Records, some of which change with the version: added, deleted, other data, another TTL."""
    seeded = random.Random(version)
    lines = [f"host{i} A 192.0.2.{i % 250}" for i in range(size)]
    lines += [f"v{seeded.randrange(1000)} {60 + version} TXT \"{seeded.random()}\"" for _ in range(9)]
    lines += ["sub NS ns.sub", "ns.sub A 192.0.2.7", "alias CNAME host1", "dn DNAME example.net.",
              "@ MX 10 host2", "srv SRV 1 2 3 host3", "@ CAA 0 issue \"ca.example\"",
              f"unknown TYPE65280 \\# 3 0102{version % 256:02x}", "a.b.c.d AAAA 2001:db8::1"]
    seeded.shuffle(lines)
    return "\n".join(lines[version % 5:]) + "\n"


@unittest.skipIf(secondaries.missing(), f"not installed: {secondaries.missing()}")
class Followers(unittest.TestCase):
    def follow(self, primary, servers, rounds=4):
        def caught_up(server):
            return lambda: serial(server.port) == primary.number
        for server in servers:
            harness.wait_until(caught_up(server), 20, f"first copy of {server.name}")
        wanted = records(primary.port, KEY) if not primary.tls_only else None
        for server in servers:
            if wanted:
                self.assertEqual(records(server.port), wanted, server.name)
        for version in range(2, 2 + rounds):
            primary.publish(body_of(version))
            for server in servers:
                harness.wait_until(caught_up(server), 20, f"serial {primary.number} at {server.name}")
            copies = [records(server.port) for server in servers]
            if not primary.tls_only:
                copies.append(records(primary.port, KEY))
            self.assertGreater(len(copies[0]), 300)
            for copy in copies[1:]:
                self.assertEqual(copy, copies[0])

    def test_all_three_follow_by_notify_and_differences(self):
        primary = Primary(zone=body_of(1))
        servers = [kind(ZONE, primary.port) for kind in
                   (secondaries.Bind, secondaries.Nsd, secondaries.Knot)]
        primary = self.rewire(primary, servers)
        for server in servers:
            server.start()
        self.follow(primary, servers)
        text = "\n".join(records(servers[0].port))
        self.assertIn("*.cdn.example. 30 IN A 192.0.2.101", text)
        self.assertIn("*.cdn.example. 30 IN AAAA 2001:db8::101", text)
        self.assertIn('*.cdn.example. 30 IN HTTPS 1 . alpn="h2" ipv4hint=192.0.2.101 '
                      'ipv6hint=2001:db8::101', text)
        self.assertIn("partner.example. 30 IN CNAME customer.partner.test.", text)
        self.assertIn('*.cdn.example. 300 IN TXT "static"', text)
        self.assertGreaterEqual(primary.outcome("differences"), 12)
        self.assertGreaterEqual(
            primary.metric('proxima_sent_notifies_total{outcome="heard"}'), 12)
        self.assertEqual(primary.outcome("refused"), 0)
        # A restart keeps the journal: who missed versions still gets differences.
        servers[0].stop()
        for version in (10, 11):
            primary.publish(body_of(version))
        self.assertEqual(primary.process.stop(), 0)
        primary.start()
        servers[0].start()
        harness.wait_until(lambda: serial(servers[0].port) == primary.number, 20, "after restart")
        harness.wait_until(lambda: primary.outcome("differences") >= 1, 5, "differences")
        self.assertEqual(primary.outcome("whole"), 0)
        self.assertEqual(records(servers[0].port), records(primary.port, KEY))
        for server in servers:
            server.stop()
        self.assertEqual(primary.process.stop(), 0)

    def rewire(self, template, servers, **more):
        """The same primary, that tells these servers; its ports are theirs already."""
        primary = Primary(notify=[(server.name, server.port) for server in servers],
                          zone=template.body, **more)
        for server in servers:
            server.primary = primary.tls if server.ca else primary.port
        primary.tls_only = more.get("tls_only", False)
        return primary.start()

    def test_over_tls_alone(self):
        template = Primary(zone=body_of(1))
        servers = [kind(ZONE, template.tls, ca="set below") for kind in
                   (secondaries.Bind, secondaries.Nsd)]
        primary = self.rewire(template, servers, tls_only=True)
        for server in servers:
            server.ca = primary.certificate
            server.start()
        self.follow(primary, servers, rounds=2)
        self.assertIn("Transfer failed", dig(primary.port, "axfr", ZONE))
        self.assertGreaterEqual(primary.outcome("refused"), 1)
        self.assertEqual(records(servers[0].port), records(servers[1].port))
        for server in servers:
            server.stop()
        self.assertEqual(primary.process.stop(), 0)


    def test_a_catalog_made_here_brings_its_members(self):
        primary = Primary(zone=body_of(1))
        server = secondaries.Knot("catalog.invalid.", primary.port)
        server.zone_options = "    catalog-role: interpret\n    catalog-template: member\n"
        text = primary.config.read_text().replace(
            "transfer_tls = false", 'member_of = "catalog.invalid."')
        primary.config.write_text(text + '''
[[zone]]
name = "catalog.invalid."
catalog = true
allow_transfer = ["key:xfr"]
''')
        primary.start()
        server.start()
        harness.wait_until(lambda: serial(server.port) == 1, 20, "the member's copy")
        self.assertEqual(records(server.port), records(primary.port, KEY))
        server.stop()
        self.assertEqual(primary.process.stop(), 0)


class Strangers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.primary = Primary(zone=body_of(1)).start()

    @classmethod
    def tearDownClass(cls):
        assert cls.primary.process.stop() == 0

    def test_only_the_key_of_the_rule_gets_the_zone(self):
        port = self.primary.port
        self.assertGreater(len(records(port, KEY)), 300)
        for key in (None, "hmac-sha256:other.:OTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="):
            self.assertEqual(records(port, key), [])
        rcode, answer = refusal(port, ZONE)
        self.assertEqual(rcode, 5)
        self.assertIn(EDE_PROHIBITED, answer)

    def test_a_wrong_key_is_told_what_is_wrong(self):
        port = self.primary.port
        unknown = "hmac-sha256:nobody.:" + secondaries.SECRET
        self.assertIn("BADKEY", dig(port, "axfr", ZONE, key=unknown))
        self.assertIn("BADKEY", dig(port, "soa", ZONE, key=unknown))
        wrong = f"hmac-sha256:{secondaries.KEY_NAME}:OTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        self.assertIn("BADSIG", dig(port, "soa", ZONE, key=wrong))
        other = f"hmac-sha512:{secondaries.KEY_NAME}:{secondaries.SECRET}"
        self.assertIn("BADKEY", dig(port, "soa", ZONE, key=other))

    def test_every_kind_of_query_may_be_signed(self):
        port = self.primary.port
        for transport in ("+notcp", "+tcp"):
            for name, kind in ((ZONE, "soa"), ("host1." + ZONE, "a"), ("none." + ZONE, "a"),
                               ("x.cdn." + ZONE, "a"), ("elsewhere.", "a"), (ZONE, "any")):
                text = dig(port, transport, name, kind)
                self.assertIn("TSIG PSEUDOSECTION", text)
                self.assertNotIn("could not be validated", text)

    def test_other_zones_and_types_are_refused_in_their_own_way(self):
        port = self.primary.port
        self.assertEqual(refusal(port, "elsewhere.")[0], 9)
        self.assertEqual(refusal(port, "host1." + ZONE)[0], 9)
        self.assertEqual(refusal(port, ZONE, 251)[0], 1, "IXFR without an SOA")
        up_to_date = dig(port, "+tcp", f"ixfr={self.primary.number}", ZONE)
        self.assertIn("XFR size: 1 records", up_to_date)
        self.assertEqual(up_to_date.count("SOA"), 1)


class Large(unittest.TestCase):
    RECORDS = 1_000_000

    def test_a_million_records_while_queries_are_answered(self):
        primary = Primary(records_text=f"$GENERATE 1-{self.RECORDS} h$ A 192.0.2.1\n")
        primary.config.write_text(primary.config.read_text().replace(
            'allow_transfer = ["key:xfr"]', 'allow_transfer = ["127.0.0.1"]'))
        primary.start()
        stop, answered, lost = threading.Event(), [], []

        def ask():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(3)
                client.connect(("127.0.0.1", primary.port))
                number = 0
                while not stop.is_set():
                    number = (number + 1) % 65536
                    begun = time.monotonic()
                    client.send(question(number, f"h{number + 1}.{ZONE}", 1))
                    try:
                        answer = client.recv(512)
                    except TimeoutError:
                        lost.append(number)
                        continue
                    if answer[:2] != struct.pack(">H", number) or answer[3] & 15 != 0:
                        lost.append(number)
                    answered.append(time.monotonic() - begun)

        asking = threading.Thread(target=ask)
        asking.start()
        begun = time.monotonic()
        count, octets = self.transfer(primary.port)
        seconds = time.monotonic() - begun
        stop.set()
        asking.join()
        self.assertEqual(count, self.RECORDS + 9, "with the SOA twice and the static answers")
        self.assertEqual(lost, [])
        self.assertGreater(len(answered), 100)
        answered.sort()
        print(f"\n{count} records, {octets} octets in {seconds:.2f} s; meanwhile {len(answered)} "
              f"answers, median {answered[len(answered) // 2] * 1e6:.0f} us, "
              f"worst {answered[-1] * 1e3:.1f} ms")
        self.assertEqual(primary.process.stop(), 0)

    def transfer(self, port):
        """Records by the headers' counts, octets."""
        last = struct.pack(">IIIII", 1, 3600, 600, 86400, 60)  # the SOA again
        count = octets = 0
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(frame(question(7, ZONE, 252)))
            stream = client.makefile("rb", buffering=1 << 20)
            while True:
                size = struct.unpack(">H", stream.read(2))[0]
                message = stream.read(size)
                count += struct.unpack(">H", message[6:8])[0]
                octets += size
                if count > 1 and message.endswith(last):
                    return count, octets


if __name__ == "__main__":
    unittest.main()
