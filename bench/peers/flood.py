#!/usr/bin/env python3
"""What a random-subdomain flood costs those who ask for names that are there.

    bench/peers/flood.py [--binaries build/release/bin] [--rate 3000] [--factor 10] [--seconds 4]

One worker answers a steady client (10,000 names in random order, `--rate` a second) without and
with a flood of `--factor` times as many queries, each for another name: under a wildcard, or for
names that do not exist; with rate limits off and on.  Prints the share of right answers and the
latency of the steady client.  The flood is held below what one core of a generator can send, so
what is measured is the server and not the loss of a full socket; on a machine with two cores both
generators share the core the server does not have.
"""
import argparse
import json
import pathlib
import random
import subprocess
import tempfile
import time

import process
import workloads

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def start(binaries, folder, port, limits):
    (folder / "zone").write_text(workloads.zone_text())
    (folder / "proxima.toml").write_text(f"""[server]
listen = ["127.0.0.1:{port}"]
workers = 1
[log]
level = "warning"
[admin]
listen = "127.0.0.1:0"
{limits}
[[zone]]
name = "{workloads.ZONE}."
file = "zone"
""")
    return subprocess.Popen(["taskset", "-c", "0", str(binaries / "proxima-gslb"), "run", "-c",
                             str(folder / "proxima.toml")])


def load(binaries, port, query_set, rate, seconds, *more):
    return subprocess.Popen([str(binaries / "peers_load"), "--server", f"127.0.0.1:{port}", "--set",
                             str(query_set), "--rate", str(rate), "--seconds", str(seconds),
                             "--cpu", "1", *more],
                            stdout=subprocess.PIPE, text=True)


def measure(options, folder, flood_set, limits):
    port = process.free_port()
    server = start(options.binaries, folder, port, limits)
    try:
        time.sleep(1.5)
        load(options.binaries, port, folder / "steady", options.rate, 0.5).communicate()
        flood = None
        if flood_set:
            flood = load(options.binaries, port, flood_set, options.rate * options.factor,
                         options.seconds + 1, "--expect", "any", "--timeout-ms", "50")
            time.sleep(0.5)
        before = process_ns(server.pid)
        steady = json.loads(load(options.binaries, port, folder / "steady", options.rate,
                                 options.seconds).communicate()[0])
        spent = process_ns(server.pid) - before
        flooded = json.loads(flood.communicate()[0]) if flood else None
    finally:
        server.terminate()
        server.wait()
    return steady, flooded, spent / 1e9 / options.seconds


def process_ns(pid):
    """Nanoseconds on a core of all threads."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--rate", type=int, default=3000)
    parser.add_argument("--factor", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    rng = random.Random(5)
    with tempfile.TemporaryDirectory(prefix="proxima-flood-") as name:
        folder = pathlib.Path(name)
        numbers = list(range(workloads.NAMES))
        rng.shuffle(numbers)
        workloads.write_set(folder / "steady", [
            (workloads.query(f"n{i:05d}.{workloads.ZONE}"), workloads.NOERROR, 1,
             workloads.name_address(i)) for i in numbers])
        for kind, parent in (("wildcard", f"w.{workloads.ZONE}"), ("nxdomain", workloads.ZONE)):
            workloads.write_set(folder / kind, [
                (workloads.query(f"x{rng.getrandbits(48):012x}.{parent}"), workloads.UNCHECKED,
                 workloads.UNCHECKED, None) for _ in range(300_000)])
        print("| flood | limits | steady: right | p50 us | p99 us | flood answered | server CPU |")
        print("|---|---|---|---|---|---|---|")
        for kind in (None, "wildcard", "nxdomain"):
            for limits in ("", "[rrl]\nresponses_per_second = 200\n"):
                steady, flooded, cpu = measure(options, folder, kind and folder / kind, limits)
                share = steady["right"] / max(steady["sent"] + steady["skipped"], 1)
                answered = flooded["answered"] / flooded["sent"] if flooded else 0
                print(f"| {kind or 'none'} | {'on' if limits else 'off'} | {share:.3%} of "
                      f"{steady['sent']} | {steady['p50_us']:.0f} | {steady['p99_us']:.0f} | "
                      f"{answered:.1%} | {cpu:.0%} |", flush=True)


if __name__ == "__main__":
    main()
