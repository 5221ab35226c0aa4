"""Zones at work: reload of one and of all under query load, bad files, ACME tokens."""
import json
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import harness

ZONES = ("a.example.", "b.example.")


def zone_text(serial, address):
    return (f"$TTL 60\n@ SOA ns hostmaster {serial} 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"
            + "".join(f"h{i} A {address}\n" for i in range(200)))


def question(name, number, qtype=1):
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.rstrip(".").split("."))
    return struct.pack(">6H", number, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, qtype, 1)


class Asker(threading.Thread):
    """Asks for one name without a pause; every query must get one of the addresses it may."""

    def __init__(self, port, name, addresses):
        super().__init__()
        self.port, self.name_asked = port, name
        self.addresses = addresses
        self.asked = 0
        self.faults = []
        self.seen = set()
        self.stopping = threading.Event()

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect(("127.0.0.1", self.port))
            while not self.stopping.is_set():
                self.asked += 1
                number = self.asked & 0xffff
                sock.send(question(self.name_asked, number))
                try:
                    answer = sock.recv(4096)
                except TimeoutError:
                    self.faults.append("lost")
                    continue
                address = socket.inet_ntoa(answer[-4:])
                self.seen.add(address)
                if answer[:2] != struct.pack(">H", number) or answer[3] & 15 or \
                        address not in self.addresses:
                    self.faults.append(answer.hex())

    def end(self):
        self.stopping.set()
        self.join()


class ZonesTest(unittest.TestCase):
    def setUp(self):
        self.dns, self.admin = harness.free_port(), harness.free_port()
        self.folder = harness.folder()
        for zone in ZONES:
            self.write(zone, 1, "192.0.2.1")
        (self.folder / "r.zone").write_text(
            "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns.a.example.\n")
        self.configure()
        self.start()

    def tearDown(self):
        self.process.stop()

    def start(self):
        self.process = harness.Process(
            [harness.binary("proxima-gslb"), "run", "-c", str(self.folder / "gslb.toml")])
        self.process.wait_for_log("answering")

    def configure(self, more=""):
        zones = "".join(f'[[zone]]\nname = "{each}"\nfile = "{each}zone"\n' for each in ZONES)
        (self.folder / "gslb.toml").write_text(f"""
[server]
listen = "127.0.0.1:{self.dns}"
workers = 2
state_dir = "{self.folder}"
[admin]
listen = "127.0.0.1:{self.admin}"
{zones}
[[zone]]
name = "r.example."
file = "r.zone"
{harness.cluster("fra", "192.0.2.99")}
[service.web]
[[route]]
name = "*.cdn.r.example."
service = "web"
{more}""")

    def write(self, zone, serial, address):
        path = pathlib.Path(self.folder / f"{zone}zone")
        fresh = path.with_suffix(".new")
        fresh.write_text(zone_text(serial, address))
        fresh.rename(path)

    def ctl(self, *words, code=0):
        done = harness.proximactl(self.admin, *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def dig(self, name, qtype="A"):
        done = subprocess.run(["dig", "+short", "+norec", "@127.0.0.1", "-p", str(self.dns), name,
                               qtype], capture_output=True, text=True, timeout=30)
        return done.stdout.split()

    def zone(self, name):
        return json.loads(self.ctl("zones", name, "--json"))["zones"][0]

    def test_reloads_under_load_lose_nothing_and_answer_nothing_wrong(self):
        addresses = {f"192.0.2.{i}" for i in range(1, 41)}
        askers = [Asker(self.dns, f"h{i}.{zone}", addresses)
                  for zone in ZONES for i in (3, 150)]
        askers.append(Asker(self.dns, "x.cdn.r.example.", {"192.0.2.99"}))
        for asker in askers:
            asker.start()
        try:
            for i in range(2, 21):
                self.write(ZONES[0], i, f"192.0.2.{i}")
                self.ctl("reload", ZONES[0])
                self.assertEqual(self.dig(f"h1.{ZONES[0]}"), [f"192.0.2.{i}"])
            self.assertEqual(self.zone(ZONES[0])["serial"], 20)
            self.assertEqual(self.zone(ZONES[1])["serial"], 1)
            for i in range(21, 41):
                for zone in ZONES:
                    self.write(zone, i, f"192.0.2.{i}")
                self.configure(f"# {i}")
                self.ctl("reload")
        finally:
            for asker in askers:
                asker.end()
        for asker in askers:
            self.assertEqual(asker.faults, [])
            self.assertGreater(asker.asked, 100)
        self.assertIn("192.0.2.40", askers[0].seen)

    def test_what_is_asked_for_while_another_runs_comes_after_it(self):
        for serial in range(2, 62, 2):
            self.write("a.example.", serial, "192.0.2.7")
            self.process.signal(signal.SIGHUP)
            time.sleep(serial / 20_000)  # before, while and after the file is read
            self.write("a.example.", serial + 1, f"192.0.2.{serial + 1}")
            self.process.signal(signal.SIGHUP)
            harness.wait_until(lambda: self.dig("h1.a.example") == [f"192.0.2.{serial + 1}"], 5,
                               f"serial {serial + 1}")

    def test_only_what_changed_is_new(self):
        since = {zone: self.zone(zone)["since"] for zone in ZONES}
        time.sleep(0.05)  # the kernel's clock for files ticks in milliseconds
        self.ctl("reload")
        self.write(ZONES[1], 2, "192.0.2.2")
        self.ctl("reload")
        after = {zone: self.zone(zone)["since"] for zone in ZONES}
        self.assertNotEqual(after[ZONES[1]], since[ZONES[1]])
        settled = self.zone(ZONES[0])["since"]
        self.ctl("reload")
        self.assertEqual(self.zone(ZONES[0])["since"], settled)
        self.ctl("reload", "--force")
        self.assertNotEqual(self.zone(ZONES[0])["since"], settled)

    def test_a_bad_zone_keeps_its_copy_while_others_are_renewed(self):
        (self.folder / f"{ZONES[0]}zone").write_text("$TTL 60\n@ SOA oops\n")
        self.write(ZONES[1], 2, "192.0.2.2")
        said = self.ctl("reload", code=2)
        self.assertIn("reloaded, but 1 zones with errors keep their older copy", said)
        self.assertIn(f"{ZONES[0]}zone:2:", said)
        self.assertEqual(self.dig(f"h1.{ZONES[0]}"), ["192.0.2.1"])
        self.assertEqual(self.dig(f"h1.{ZONES[1]}"), ["192.0.2.2"])
        self.assertIn("error", self.zone(ZONES[0])["problem"])
        self.ctl("reload", ZONES[0], code=2)
        self.ctl("reload", "c.example.", code=3)
        self.write(ZONES[0], 3, "192.0.2.3")
        self.ctl("reload")
        self.assertEqual(self.dig(f"h1.{ZONES[0]}"), ["192.0.2.3"])
        self.assertEqual(self.zone(ZONES[0])["problem"], "")

    def test_routes_are_bound_anew_without_reading_the_zone(self):
        self.configure('[[route]]\nname = "www.a.example."\nservice = "web"\n')
        self.ctl("reload")
        self.assertEqual(self.dig("www.a.example."), ["192.0.2.99"])
        self.assertEqual(self.dig("x.cdn.r.example."), ["192.0.2.99"])
        self.assertEqual(self.dig("h1.a.example."), ["192.0.2.1"])
        self.configure('[[route]]\nname = "h1.a.example."\nservice = "web"\n')
        said = self.ctl("reload", code=2)
        self.assertIn("is routed but the zone has its A", said)
        self.assertEqual(self.dig("www.a.example."), ["192.0.2.99"])

    def test_tokens_are_answered_leave_routes_alone_and_outlive_a_restart(self):
        token = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
        owner = "_acme-challenge.www.cdn.r.example."
        said = self.ctl("acme", "set", "www.cdn.r.example", token)
        self.assertIn(owner, said)
        self.assertEqual(self.dig(owner, "TXT"), [f'"{token}"'])
        for name in ("www.cdn.r.example.", "x.www.cdn.r.example.", "y.cdn.r.example."):
            self.assertEqual(self.dig(name), ["192.0.2.99"], name)
        self.assertEqual(self.zone("r.example.")["serial"], 2)
        self.ctl("acme", "set", "www.cdn.r.example", "brief", "--ttl-out", "1s")
        harness.wait_until(lambda: self.dig(owner, "TXT") == [f'"{token}"'],
                           what="the end of a token")
        self.assertEqual(self.process.stop(), 0)
        self.start()
        self.assertEqual(self.dig(owner, "TXT"), [f'"{token}"'])
        self.assertGreater(self.zone("r.example.")["serial"], 4)
        self.assertIn(token, self.ctl("acme", "list"))
        self.ctl("acme", "clear", "www.cdn.r.example")
        harness.wait_until(lambda: self.dig(owner, "TXT") == [], what="the token to go")
        self.assertEqual(self.dig("www.cdn.r.example."), ["192.0.2.99"])
        self.ctl("acme", "clear", "www.cdn.r.example", code=3)
        self.ctl("acme", "set", "elsewhere.", token, code=2)


if __name__ == "__main__":
    unittest.main()
