"""What the measurements share: what is served, the origin, and a cache that has been filled."""
import argparse
import contextlib
import hashlib
import http.client
import http.server
import os
import signal
import sys
import tempfile
import threading
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(SOURCE, "bench", "peers"))
import machine
from process import Program, free_port
from caches import SERVERS

CORES = sorted(os.sched_getaffinity(0))[:2]  # of the cache and of the generator
SIZES = {"1KiB": 1 << 10, "64KiB": 64 << 10, "10MiB": 10 << 20}
NAMES = {"1KiB": 1000, "64KiB": 200, "10MiB": 4}  # objects of a workload


def body_of(path):
    """What the origin serves there: /<size>/<number>, never two alike."""
    size = SIZES[path.split("/")[1]]
    return (hashlib.sha256(path.encode()).digest() * (size // 32 + 1))[:size]


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write: a second one waits for a delayed ACK
    disable_nagle_algorithm = True

    def do_GET(self):
        body = body_of(self.path)
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=86400")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:16]}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked += 1

    def log_message(self, *_):
        pass


def fill(port, size):
    """Asks for every object twice; the second answer must be right."""
    client = wait_for(port)
    for _ in range(2):
        for number in range(NAMES[size]):
            path = f"/{size}/{number}"
            client.request("GET", path, headers={"Host": "bench.example"})
            answer = client.getresponse()
            if answer.status != 200 or answer.read() != body_of(path):
                raise RuntimeError(f"{path}: a wrong answer")
    client.close()


@contextlib.contextmanager
def started(server, origin_port, work):
    """A cache of that kind on a port of its own: (program, port)."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=work) as folder:
        server.configure(folder, port, origin_port)
        program = Program(server.command(folder, port), CORES[0], os.path.join(folder, "log"),
                          folder)
        try:
            yield program, port
        except Exception:
            print(program.log(), file=sys.stderr)
            raise
        finally:
            program.stop()


def wait_for(port, deadline=15):
    """A client of what listens there."""
    begin = time.monotonic()
    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            client.connect()
            return client
        except OSError:
            if time.monotonic() > begin + deadline:
                raise
            time.sleep(0.02)


def serve_origin(handler=Origin):
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    origin.daemon_threads = True
    origin.asked = 0
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    return origin


def parser(description):
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--servers", default=",".join(SERVERS))
    result.add_argument("--rounds", type=int, default=5)
    result.add_argument("--binaries", type=os.path.abspath,
                        help="use the programs in this folder, build nothing")
    return result


def prepare(options, packages=()):
    """Installs and builds what is asked for; returns the servers."""
    if len(CORES) < 2:
        sys.exit("needs two cores: one for the cache, one for the generator")
    unknown = [each for each in options.servers.split(",") if each not in SERVERS]
    if unknown:
        sys.exit(f"not known: {', '.join(unknown)}")
    chosen = [SERVERS[name] for name in options.servers.split(",")]
    machine.install([*packages, *(package for server in chosen for package in server.packages)])
    if options.binaries is None:
        machine.build(SOURCE, [Server.binary for Server in chosen if not Server.packages])
        options.binaries = os.path.join(SOURCE, "build", "release", "bin")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # runs every finally, as Ctrl-C does
    return [Server(options.binaries) for Server in chosen]


def rotated(servers, number):
    """In another order each round."""
    turn = number % len(servers)
    return servers[turn:] + servers[:turn]
