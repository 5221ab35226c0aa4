#!/usr/bin/env python3
"""Measures how long hits take at a load that leaves room; bench/README.md says how."""
import os
import statistics
import subprocess
import sys
import tempfile

import common
from common import CORES, NAMES
import machine
import run


def percentile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def measure(options, server, size, rate, origin):
    """Times in us of requests that begin at that rate, over all connections."""
    each = max(1, round(rate / options.connections))  # a second and connection
    log = os.path.join(options.work, "h2load.log")
    uris = os.path.join(options.work, "uris")
    with common.started(server, origin.server_port, options.work) as (program, port):
        common.fill(port, size)
        program.pin()
        with open(uris, "w", encoding="ascii") as file:
            file.writelines(f"http://bench.example/{size}/{number}\n"
                            for number in range(NAMES[size]))
        subprocess.run(
            ["taskset", "-c", str(CORES[1]), "h2load", "--h1", "-t1", f"-c{options.connections}",
             f"--rps={each}", f"-n{each * options.connections * options.seconds}",
             f"--connect-to=127.0.0.1:{port}", f"--log-file={log}", f"-i{uris}"],
            stdout=subprocess.DEVNULL, check=True)
    times = []
    with open(log, encoding="ascii") as file:
        for line in file:
            _, status, took = line.split()[:3]
            if status != "200":
                raise RuntimeError(f"{server.name}: {line}")
            times.append(int(took))
    os.remove(log)
    return sorted(times)


def main(arguments):
    parser = common.parser(__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--sizes", default="1KiB,64KiB")
    options = parser.parse_args(arguments)
    servers = common.prepare(options, ["wrk", "nghttp2-client"])
    origin = common.serve_origin()
    print("| hits of | cache | requests/s | median, µs | p99, µs | p99.9, µs |\n"
          "|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as options.work:
        for size in options.sizes.split(","):
            mark = next((each for each in servers if each.name == "nginx"), servers[0])
            most = run.measure(options, mark, size, 0, origin)["per_s"]
            figures = {server.name: [] for server in servers}
            for number in range(options.rounds):
                for server in common.rotated(servers, number):
                    times = measure(options, server, size, most / 2, origin)
                    figures[server.name].append([len(times) / options.seconds] + [
                        percentile(times, share) for share in (0.5, 0.99, 0.999)])
            for name, rounds in figures.items():
                middle = [statistics.median(column) for column in zip(*rounds)]
                print(f"| {size} | {name} | " + " | ".join(f"{each:,.0f}" for each in middle)
                      + " |")
    print(f"\n{machine.facts()['cpu']}, {options.connections} connections, {options.rounds} rounds "
          f"of {options.seconds} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
