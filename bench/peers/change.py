#!/usr/bin/env python3
"""What change costs those who ask: latency and losses while everything in the server changes.

    bench/peers/change.py [--binaries build/release/bin] [--rounds 5] [--seconds 6]

One worker answers routed names and those of a zone at a fixed rate, by turns in quiet and while a
plan and so a snapshot is made every 100 ms, a zone of a million records is loaded again as soon as
it has been, and 5,000 heartbeats arrive a second.  The worker has core 0 for itself; the generator
has the other before the control plane, which shares it with who sends the heartbeats.  Prints
percentiles of both, medians over the rounds with minimum and maximum, and how much of each kind of
change there was.
"""
import argparse
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import process
import workloads

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KEY = "0123456789abcdef"
CLUSTERS = 20
CONNECTIONS = 4
CONFIG = """[server]
listen = ["127.0.0.1:{dns}"]
workers = 1
[log]
level = "error"
[admin]
listen = "127.0.0.1:{admin}"
[[zone]]
name = "{zone}."
file = "zone"
[[zone]]
name = "big.example."
file = "big"
[steering]
plan_interval = "{interval}"
[service.web]
ttl = "60s"
[[route]]
name = "*.geo.{zone}."
service = "web"
"""
CLUSTER = """[cluster.c{number}]
latitude = {latitude}
longitude = {longitude}
key = "{key}"
node = [{{ id = "n", ipv4 = "203.0.113.{number}" }}]
"""


INTERVALS = {"quiet": "1h", "change": "100ms"}


class Heartbeats(threading.Thread):
    """So many a second, over connections that stay, not waiting for one answer to send the next."""

    def __init__(self, admin, rate):
        super().__init__(daemon=True)
        self.rate, self.taken, self.refused, self.sequence = rate, 0, 0, 0
        self.incarnation = int(time.time() * 1000)
        self.stopping = threading.Event()
        self.links = [socket.create_connection(("127.0.0.1", admin)) for _ in range(CONNECTIONS)]
        for link in self.links:
            link.settimeout(5)

    def request(self, number):
        self.sequence += 1
        body = (f'{{"version":1,"cluster":"c{number}","node":"n","incarnation":{self.incarnation},'
                f'"sequence":{self.sequence},"state":"up","interval_ms":5000,"load":[]}}')
        stamp = int(time.time() * 1000)
        signature = hmac.digest(KEY.encode(), f"v1\n{stamp}\n{body}".encode(), hashlib.sha256)
        return (f"POST /v1/heartbeat HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
                f"Proxima-Time: {stamp}\r\nProxima-Cluster: c{number}\r\n"
                f"Proxima-Signature: {signature.hex()}\r\nContent-Length: {len(body)}\r\n\r\n"
                f"{body}").encode()

    def send_some(self, link, count):
        link.sendall(b"".join(self.request(1 + i % CLUSTERS) for i in range(count)))
        answered, text = 0, b""
        while answered < count:
            text += link.recv(65536)
            heads = text.split(b"\r\n\r\n")
            answered = len(heads) - 1
        good = text.count(b"HTTP/1.1 20")
        self.taken += good
        self.refused += count - good

    def run(self):
        begin, due = time.monotonic(), 0
        while not self.stopping.wait(0.005):
            wanted = int((time.monotonic() - begin) * self.rate)
            for link in self.links:
                count = min(100, wanted - due)
                if count > 0:
                    self.send_some(link, count)
                    due += count

    def stop(self):
        self.stopping.set()
        self.join()
        for link in self.links:
            link.close()


class Reloads(threading.Thread):
    """The large zone with another serial, again and again."""

    def __init__(self, admin, folder):
        super().__init__(daemon=True)
        self.admin, self.folder, self.done, self.serial = admin, folder, 0, int(time.time())
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            self.serial += 1
            (self.folder / "soa.new").write_text(big_soa(self.serial))
            os.replace(self.folder / "soa.new", self.folder / "soa")
            status, _ = admin_request(self.admin, "POST", "/v1/reload?zone=big.example.")
            if status == 202:
                self.done += wait_until(lambda: big_serial(self.admin) == self.serial, 30)

    def stop(self):
        self.stopping.set()
        self.join()


def wait_until(holds, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


def admin_request(admin, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def status(admin):
    return json.loads(admin_request(admin, "GET", "/v1/status")[1])


def is_reloading(admin):
    return json.loads(admin_request(admin, "GET", "/v1/reload")[1])["running"]


def big_serial(admin):
    zones = json.loads(admin_request(admin, "GET", "/v1/zones")[1])["zones"]
    return next(zone["serial"] for zone in zones if zone["name"].startswith("big."))


def big_soa(serial):
    return f"@ 300 SOA ns h {serial} 7200 1800 1209600 300\n"


def write_configuration(folder, ports, interval):
    rng = random.Random(4)
    (folder / "proxima.toml").write_text(
        CONFIG.format(dns=ports[0], admin=ports[1], zone=workloads.ZONE, interval=interval) +
        "".join(CLUSTER.format(number=number, latitude=rng.uniform(-50, 60), key=KEY,
                               longitude=rng.uniform(-170, 170))
                for number in range(1, CLUSTERS + 1)))


def write_world(folder, records):
    rng = random.Random(5)
    (folder / "zone").write_text(workloads.zone_text())
    (folder / "soa").write_text(big_soa(1))
    with open(folder / "big", "w", encoding="ascii") as big:
        big.write("$ORIGIN big.example.\n$INCLUDE soa\n@ 300 NS ns\nns 300 A 192.0.2.9\n")
        big.writelines(f"h{i} 60 A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n" for i in range(records))
    names = [(workloads.query(f"n{i:05d}.{workloads.ZONE}"), workloads.NOERROR, 1,
              workloads.name_address(i)) for i in range(0, workloads.NAMES, 2)]
    names += [(workloads.query(f"x{i}.geo.{workloads.ZONE}"), workloads.NOERROR, 1, None)
              for i in range(len(names))]
    rng.shuffle(names)
    workloads.write_set(folder / "set", names)


def place_threads(pid, load_core, worker_core):
    """The worker alone on its core."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        is_worker = (task / "comm").read_text().startswith("worker-")
        os.sched_setaffinity(int(task.name), {worker_core if is_worker else load_core})


def ask(options, folder, dns, core):
    command = ["chrt", "-f", "1"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*command, str(options.binaries / "peers_load"), "--server", f"127.0.0.1:{dns}",
         "--set", str(folder / "set"), "--rate", str(options.rate), "--seconds",
         str(options.seconds), "--cpu", str(core), "--rests", "yes", "--window", "2048"],
        stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def rounds(options, folder, ports, pid):
    dns, admin = ports
    worker_core, load_core = sorted(os.sched_getaffinity(0))[:2]
    place_threads(pid, load_core, worker_core)
    os.sched_setaffinity(0, {load_core})
    results = {"quiet": [], "change": []}
    for number in range(2 * options.rounds):
        kind = ("quiet", "change")[(number + number // 2) % 2]
        write_configuration(folder, ports, INTERVALS[kind])
        admin_request(admin, "POST", "/v1/reload")
        if not wait_until(lambda: not is_reloading(admin), 60):
            sys.exit("the configuration is not reloaded")
        changes = []
        if kind == "change":
            changes = [Heartbeats(admin, options.heartbeats), Reloads(admin, folder)]
        before, began = status(admin)["generation"], time.monotonic()
        for change in changes:
            change.start()
        place_threads(pid, load_core, worker_core)
        result = ask(options, folder, dns, load_core)
        for change in changes:
            change.stop()
        took = time.monotonic() - began
        result["snapshots_per_s"] = (status(admin)["generation"] - before) / took
        if changes:
            result["heartbeats_per_s"] = changes[0].taken / took
            result["refused"] = changes[0].refused
            result["reloads"] = changes[1].done
        results[kind].append(result)
        print(kind, {key: value for key, value in result.items() if key != "wrong_by"},
              file=sys.stderr)
    return results


def table(results):
    lines = ["| | quiet | under change | ratio |", "|---|---|---|---|"]
    for key in ("p50_us", "p99_us", "p999_us"):
        quiet, change = ([run[key] for run in results[kind]] for kind in ("quiet", "change"))
        lines.append(f"| {key} | " + " | ".join(
            f"{statistics.median(runs):,.0f} ({min(runs):,.0f}–{max(runs):,.0f})"
            for runs in (quiet, change)) +
            f" | {statistics.median(change) / statistics.median(quiet):.2f} |")
    for key in ("sent", "lost", "wrong", "snapshots_per_s", "heartbeats_per_s", "reloads"):
        lines.append(f"| {key} | " + " | ".join(
            f"{statistics.median(run.get(key, 0) for run in results[kind]):,.0f}"
            for kind in ("quiet", "change")) + " | |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rate", type=int, default=10_000, help="queries a second")
    parser.add_argument("--heartbeats", type=int, default=5_000, help="a second")
    parser.add_argument("--records", type=int, default=1_000_000, help="of the zone that reloads")
    options = parser.parse_args()
    dns, admin = process.free_port(), process.free_port()
    with tempfile.TemporaryDirectory(prefix="proxima-change-") as name:
        folder = pathlib.Path(name)
        write_world(folder, options.records)
        write_configuration(folder, (dns, admin), INTERVALS["change"])
        program = process.Program([str(options.binaries / "proxima-gslb"), "run", "-c",
                                   str(folder / "proxima.toml")], os.sched_getaffinity(0),
                                  str(folder / "log"), name)
        first = None
        try:
            if not wait_until(lambda: can_connect(admin), 60):
                sys.exit(program.log())
            first = Heartbeats(admin, 100)
            first.start()
            if not wait_until(lambda: answers(dns), 60):
                sys.exit(program.log())
            print(table(rounds(options, folder, (dns, admin), program.process.pid)))
        finally:
            if first:
                first.stop()
            program.stop()


def answers(port):
    try:
        return process.ask(port, workloads.query(f"x0.geo.{workloads.ZONE}"), False)[3] & 0xf == 0
    except OSError:
        return False


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
