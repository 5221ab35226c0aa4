#!/usr/bin/env python3
"""How long a change of health takes from an edge's heartbeat into the answers of every worker.

    bench/steering/flip.py [--binaries build/release/bin] [--workers 4] [--flips 200]

One node of two says by turns that it drains and that it is up.  Meanwhile 32 sockets, which the
kernel spreads over the workers, ask all the time; a flip is done when each of them has been told.
Clock: from just before the heartbeat is sent; HTTP, its signature and up to one round of asking
count.
"""
import argparse
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "demo"), str(ROOT / "bench/peers"), str(ROOT / "tests/e2e")]
import dnsclient  # noqa: E402
import heartbeats  # noqa: E402
import process  # noqa: E402

KEY = "0123456789abcdef"
SOCKETS = 32
CONFIG = """[server]
listen = ["127.0.0.1:{dns}"]
workers = {workers}
[log]
level = "warning"
[admin]
listen = "127.0.0.1:{admin}"
[[zone]]
name = "example."
file = "zone"
[cluster.near]
latitude = 50
longitude = 8
key = "{key}"
node = [{{ id = "a", ipv4 = "192.0.2.1" }}]
[cluster.far]
latitude = 40
longitude = -74
health = "none"
node = [{{ id = "a", ipv4 = "192.0.2.2" }}]
[[override]]
prefix = "127.0.0.0/8"
latitude = 50
longitude = 8
[service.web]
[[route]]
name = "*.example."
service = "web"
"""
ZONE = "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.9\n"


def ask(sockets, query, timeout=1.0):
    """The address each socket is answered with, as it comes: (socket, address)."""
    waiting = set(sockets)
    for each in sockets:
        each.send(query)
    until = time.monotonic() + timeout
    while waiting and time.monotonic() < until:
        for each in select.select(list(waiting), [], [], 0.05)[0]:
            waiting.discard(each)
            yield each, dnsclient.Answer(query, each.recv(1500)).addresses[0]


def flip(node, state, wanted, sockets, query):
    """Seconds until the heartbeat was taken, and until every socket was told."""
    node.state = state
    start = time.monotonic()
    status = node.report()
    taken = time.monotonic() - start
    if status // 100 != 2:
        sys.exit(f"the heartbeat was refused: HTTP {status}")
    left = set(sockets)
    while left:
        if time.monotonic() - start > 5:
            sys.exit(f"after 5 s {len(left)} sockets still don't hear of {wanted}")
        for each, address in ask(list(left), query):
            if address == wanted:
                left.discard(each)
    return taken, time.monotonic() - start


def measure(options, folder):
    dns, admin = process.free_port(), process.free_port()
    (folder / "zone").write_text(ZONE)
    (folder / "proxima.toml").write_text(
        CONFIG.format(dns=dns, admin=admin, workers=options.workers, key=KEY))
    gslb = subprocess.Popen([str(options.binaries / "proxima-gslb"), "run", "-c",
                             str(folder / "proxima.toml")])
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    node = None
    try:
        for each in sockets:
            each.connect(("127.0.0.1", dns))
        query = dnsclient.make_query("www.example")
        for _ in range(100):
            time.sleep(0.05)
            try:
                node = node or heartbeats.Node(admin, "near", "a", KEY, 10_000)
                if {address for _, address in ask(sockets, query)} == {"192.0.2.1"}:
                    break
            except OSError:
                pass
        results = []
        for number in range(options.flips):
            state, wanted = (("up", "192.0.2.1") if number % 2 else ("draining", "192.0.2.2"))
            results.append(flip(node, state, wanted, sockets, query))
            time.sleep(0.01)
        return results
    finally:
        if node:
            node.stop()
        for each in sockets:
            each.close()
        gslb.terminate()
        gslb.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--flips", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(options, pathlib.Path(folder))
    for name, column in (("heartbeat taken", 0), (f"all {SOCKETS} sockets told", 1)):
        values = sorted(1000 * each[column] for each in results)
        print(f"{name}: median {values[len(values) // 2]:.2f} ms, "
              f"p99 {values[int(0.99 * (len(values) - 1))]:.2f}, most {values[-1]:.2f}")


if __name__ == "__main__":
    main()
