#!/usr/bin/env python3
"""Mixed load on proxima-edge for an hour: memory, descriptors and threads have to stay as they are.

    bench/edge/hour.py [--minutes 60] [--bin build/release/bin]

Hits, misses, ranges, validation, uncacheable and cut answers, uploads, clients that leave in the
middle or say nothing, origins that fail, reloads: a few hundred requests a second, all on loopback.
Ends with a verdict and exit status 0 or 1.  Not in the suite: run by hand.
"""
import argparse
import hashlib
import http.client
import http.server
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from process import free_port

OBJECTS = 20_000
CONFIG = """
[edge]
cluster = "bench"
node = "hour"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 2
[limits]
idle_timeout = "5s"
header_timeout = "2s"
body_timeout = "2s"
[cache]
memory = "64MiB"
max_object = "4MiB"
[cache.disk]
path = "{folder}/disk"
size = "256MiB"
[origin]
url = "http://127.0.0.1:{origin}"
idle_connections = 4                # each upload adds one until there are so many
first_byte_timeout = "2s"
between_bytes_timeout = "2s"
[[rule]]
name = "rate"
path = "/rated/*"
rate = 5
by = "header:X-Client"
action = "deny"
"""


def body_of(path):
    """What is there: sizes from some octets to a mebibyte, most of them small."""
    digest = hashlib.sha256(path.encode()).digest()
    size = int(2 ** (6 + 14 * (digest[0] / 255) ** 2)) + digest[1]
    return (digest * (size // 32 + 1))[:size]


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        kind = self.path.split("/")[1]
        body = body_of(self.path)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if kind == "error":
            self.send_error(503)
            return
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.send_header("Cache-Control", "max-age=2")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", etag)
        self.send_header("Cache-Control", {"private": "private", "short": "max-age=2",
                                           "vary": "max-age=600"}.get(kind, "max-age=600"))
        if kind == "vary":
            self.send_header("Vary", "Accept-Language")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if kind == "cut" else body)
        if kind == "cut":
            self.close_connection = True

    def do_POST(self):
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = str(size).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass


class Load:
    def __init__(self, port, end):
        self.port, self.end = port, end
        self.counts, self.wrong = {}, []
        self.lock = threading.Lock()

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def running(self):
        return time.monotonic() < self.end

    def choose(self, chance):
        number = int(OBJECTS * chance.random() ** 4)
        kind = chance.choices(["plain", "short", "vary", "private", "cut", "error", "rated"],
                              [70, 12, 6, 4, 2, 2, 4])[0]
        return kind, f"/{kind}/{number}"

    def browse(self, seed):
        """A keep-alive client."""
        chance = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while self.running():
            kind, path = self.choose(chance)
            fields = {"X-Client": str(seed), "Accept-Language": chance.choice(["de", "en"])}
            body = body_of(path)
            wanted = body
            if chance.random() < 0.1 and len(body) > 100 and kind == "plain":
                first = chance.randrange(len(body) - 50)
                fields["Range"] = f"bytes={first}-{first + 40}"
                wanted = body[first:first + 41]
            try:
                if chance.random() < 0.05:
                    upload = b"u" * chance.randrange(100_000)
                    connection.request("POST", path, upload, fields)
                    wanted = body = str(len(upload)).encode()
                    kind = "rated" if kind == "rated" else "post"
                else:
                    connection.request("GET", path, headers=fields)
                response = connection.getresponse()
                got = response.read()
                self.count(response.status)
                if response.status == 200:
                    wanted = body  # Range may be passed over
                if kind == "cut":
                    self.wrong.append(f"{path}: a cut answer looked whole")
                elif response.status in (200, 206) and got != wanted:
                    self.wrong.append(f"{path}: {len(got)} octets, not {len(wanted)}")
                elif response.status not in (200, 206, 304, 429, 503):
                    self.wrong.append(f"{path}: {response.status}")
            except http.client.IncompleteRead:
                self.count("cut")
                if kind != "cut":
                    self.wrong.append(f"{path}: cut")
                connection.close()
            except (OSError, http.client.HTTPException) as error:
                self.count(type(error).__name__)
                connection.close()
            time.sleep(chance.expovariate(50))

    def leave(self, seed):
        """Clients that go in the middle, say nothing, or say half a thing."""
        chance = random.Random(seed)
        while self.running():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
                    _, path = self.choose(chance)
                    request = f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
                    sock.sendall(request[:chance.choice([0, 10, len(request)])])
                    if chance.random() < 0.5:
                        sock.settimeout(chance.random())
                        sock.recv(chance.choice([1, 1000]))
            except OSError:
                pass
            self.count("left")
            time.sleep(chance.expovariate(20))


def figures(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        text = file.read()
    return (int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024,
            len(os.listdir(f"/proc/{pid}/fd")),
            int(re.search(r"Threads:\s+(\d+)", text).group(1)))


def metric(admin, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as page:
        return float(re.search(rf"^{re.escape(name)} (\S+)$", page.read().decode(), re.M).group(1))


def settled(pid, admin, port, limit=30):
    """Descriptors once no client is there any more: those of origins' connections may remain."""
    end = time.monotonic() + limit
    while time.monotonic() < end and metric(admin, "proxima_edge_connections") > 0:
        time.sleep(0.5)
    # One request, so that what lies idle is looked at.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/plain/0")
    connection.getresponse().read()
    connection.close()
    time.sleep(1)
    return figures(pid)


def watch(edge, load, admin, reload_every):
    samples, next_reload = [], time.monotonic() + reload_every
    while load.running():
        samples.append((time.monotonic(), *figures(edge.pid)))
        if time.monotonic() >= next_reload:
            edge.send_signal(signal.SIGHUP)
            next_reload += reload_every
        time.sleep(1)
    return samples


def judge(samples, before, after, load):
    """Prints what was seen; True when all of it is well."""
    rss = [sample[1] for sample in samples]
    begin = len(rss) // 3  # the store has to fill, and the heap to find its size
    early = statistics.median(rss[begin:begin + max(1, len(rss) // 6)])
    late = statistics.median(rss[-max(1, len(rss) // 6):])
    mib = 1 << 20
    grown = late - early
    checks = [
        ("resident set", f"{early / mib:.1f} -> {late / mib:.1f} MiB",
         grown < max(6 * mib, 0.04 * early)),
        ("descriptors", f"{before[1]} -> {after[1]}", after[1] <= before[1] + 30),
        ("threads", f"{before[2]} -> {after[2]}", after[2] == before[2]),
        ("wrong answers", f"{len(load.wrong)} {load.wrong[:3]}", not load.wrong),
    ]
    print("requests:", " ".join(f"{k}:{v}" for k, v in sorted(load.counts.items(), key=str)))
    for name, text, good in checks:
        print(f"{'ok  ' if good else 'BAD '} {name}: {text}")
    return all(good for _, _, good in checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    origin = Server(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="proxima-hour-") as folder:
        port, admin = free_port(), free_port()
        path = os.path.join(folder, "edge.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=port, admin=admin, folder=folder,
                                     origin=origin.server_address[1]))
        with open(os.path.join(folder, "log"), "wb") as log:
            edge = subprocess.Popen([os.path.join(options.bin, "proxima-edge"), "run", "-c", path],
                                    stderr=log)
        try:
            while True:
                try:
                    metric(admin, "proxima_edge_connections")
                    break
                except OSError:
                    time.sleep(0.1)
            before = settled(edge.pid, admin, port)
            load = Load(port, time.monotonic() + 60 * options.minutes)
            threads = [threading.Thread(target=load.browse, args=(i,))
                       for i in range(options.clients)]
            threads += [threading.Thread(target=load.leave, args=(100 + i,)) for i in range(2)]
            for thread in threads:
                thread.start()
            samples = watch(edge, load, admin, 20)
            for thread in threads:
                thread.join()
            after = settled(edge.pid, admin, port)
            good = judge(samples, before, after, load)
            if metric(admin, "proxima_edge_fetches") != 0:
                good = False
                print("BAD  fetches: some never ended")
        finally:
            edge.send_signal(signal.SIGTERM)
            status = edge.wait(60)
        if status != 0:
            good = False
            print(f"BAD  exit status {status}")
    print("verdict:", "flat" if good else "NOT FLAT")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
