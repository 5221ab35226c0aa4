"""How many user-space instructions a query costs each server, by callgrind.

Each server runs twice under valgrind, once for N queries and once for 2N; the difference of what
both have executed, over N, is what one query costs: starting and stopping fall out.  Other programs
on the machine change nothing but how full the batches are.  System calls count as the few
instructions of their wrappers.

    bench/peers/instructions.py PROFILE OF_2N [N]    # where they go, by function, of kept profiles
"""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import workloads
from process import Program, free_port

TIMEOUT_S = 120  # to the first answer: valgrind is some fifty times slower
STOP_S = 60


def executed(folder):
    """Instructions of all processes and threads whose profiles are in `folder`."""
    total = 0
    for path in glob.glob(os.path.join(folder, "callgrind.out.*")):
        with open(path, encoding="utf-8", errors="replace") as profile:
            total += sum(int(line.split()[1]) for line in profile if line.startswith("totals:"))
    return total


def run_for(options, server, workload, query_set, queries):
    """Instructions of a server from its start to its end, `queries` answered in between."""
    path, octets = query_set
    port = free_port()
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=options.work) as folder:
        server.configure(folder, port, workload)
        command = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                   f"--callgrind-out-file={folder}/callgrind.out.%p",
                   *server.command(folder, port, octets, workload)]
        program = Program(command, min(os.sched_getaffinity(0)), os.path.join(folder, "log"),
                          folder)
        try:
            program.wait_until_answering(port, workloads.query(f"ns1.{workloads.ZONE}"), TIMEOUT_S,
                                         tcp=workloads.over_tcp(workload))
            done = subprocess.run(
                [os.path.join(options.binaries, "peers_load"), "--server", f"127.0.0.1:{port}",
                 "--set", path, "--seconds", "1000", "--queries", str(queries),
                 "--timeout-ms", "20000", "--expect", server.expect,
                 *workloads.LOAD.get(workload, [])], stdout=subprocess.PIPE, text=True, check=True)
            result = json.loads(done.stdout)
            if result["right"] != result["sent"]:
                raise RuntimeError(f"{server.name}, {workload}: {done.stdout}")
        finally:
            program.stop(STOP_S)
        if options.profiles:
            for profile in glob.glob(os.path.join(folder, "callgrind.out.*")):
                shutil.copy(profile, os.path.join(
                    options.profiles, f"{server.name}.{workload}.{queries}."
                    f"{profile.rpartition('.')[2]}"))
        return executed(folder)


def count_all(options, servers, sets):
    """{(workload, server): instructions a query}"""
    counts = {}
    for workload in options.workloads:
        for server in (one for one in servers if workload in one.workloads):
            once, twice = (run_for(options, server, workload, sets[workload], count)
                           for count in (options.instructions, 2 * options.instructions))
            count = counts[workload, server.name] = (twice - once) / options.instructions
            print(f"{workload:10} {server.name:8} {count:8,.0f} instructions a query",
                  file=sys.stderr)
    return counts


def by_function(path):
    done = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100",
                           "--show-percs=no", path], stdout=subprocess.PIPE, text=True, check=True)
    found = collections.Counter()
    for match in re.finditer(r"^ *([\d,]+) +[^:\n]*:(.*?)(?: \[.*\])?$", done.stdout, re.MULTILINE):
        found[match.group(2)] += int(match.group(1).replace(",", ""))
    return found


def main(once, twice, queries=20_000):
    before, after = by_function(once), by_function(twice)
    costs = {name: (count - before[name]) / int(queries) for name, count in after.items()}
    for name, cost in sorted(costs.items(), key=lambda item: -item[1]):
        if cost >= 1:
            print(f"{cost:8.1f}  {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
