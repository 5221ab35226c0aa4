#!/usr/bin/env python3
"""Measures Proxima beside other DNS servers on this machine; bench/README.md says how."""
import argparse
import datetime
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

import instructions
import machine
import report
import workloads
from process import Program, core_times, free_port
from servers import SERVERS

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORES = sorted(os.sched_getaffinity(0))[:2]  # of the server and of the generator
WARM_UP_S = 0.3
RETRIES = 2  # of a run that something else on the machine disturbed


def names(known):
    def parse(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name}: not one of {', '.join(known)}")
        return chosen
    return parse


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each run, warm-up apart")
    parser.add_argument("--servers", type=names(SERVERS), help=",".join(SERVERS))
    parser.add_argument("--workloads", type=names(workloads.WORKLOADS),
                        default=list(workloads.WORKLOADS), help=",".join(workloads.WORKLOADS))
    parser.add_argument("--window", type=int, default=128,
                        help="queries outstanding; beyond some 250 a default socket buffer drops")
    parser.add_argument("--sockets", type=int, default=4, help="source ports of the generator")
    parser.add_argument("--rate", type=int, default=20_000,
                        help="queries a second while latency is measured; 0: it is not")
    parser.add_argument("--instructions", type=int, default=20_000, metavar="QUERIES",
                        help="count those of so many queries by callgrind; 0: don't")
    parser.add_argument("--profiles", help="keep callgrind's profiles in this folder")
    parser.add_argument("--out", help="write every run and the summary here, as JSON")
    parser.add_argument("--update-readme", action="store_true")
    parser.add_argument("--binaries", type=os.path.abspath,
                        help="use the programs in this folder, build nothing")
    options = parser.parse_args(arguments)
    if options.rounds < 0 or options.seconds <= 0:
        parser.error("no rounds or more, of more than no time")
    return options


def load(options, server, workload, port, query_set, *more):
    done = subprocess.run(
        [os.path.join(options.binaries, "peers_load"), "--server", f"127.0.0.1:{port}",
         "--set", query_set, "--window", str(options.window), "--sockets", str(options.sockets),
         "--cpu", str(CORES[-1]), "--expect", server.expect, *workloads.LOAD.get(workload, []),
         *map(str, more)],
        stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(options, server, workload, program, port, query_set, first):
    """One measured run against a warm server: the generator's figures and the server's cost."""
    wall, times, own, before = time.monotonic(), core_times(CORES), children_cpu(), program.cpu()
    run = load(options, server, workload, port, query_set, "--seconds", options.seconds,
               "--first", first)
    after, own = program.cpu(), children_cpu() - own
    wall, times_after = time.monotonic() - wall, core_times(CORES)
    cpu_s, user, system = (after[0] - before[0]) / 1e9, after[1] - before[1], after[2] - before[2]
    busy = sum(times_after[core][0] - times[core][0] for core in CORES)
    stolen = sum(times_after[core][1] - times[core][1] for core in CORES)
    run["cpu_us"] = cpu_s * 1e6 / max(1, run["answered"])
    # The kernel splits time by sampling; the sum is exact, so scale the split to it.
    run["user_us"] = run["cpu_us"] * user / max(1, user + system)
    run["system_us"] = run["cpu_us"] - run["user_us"]
    run["busy"] = cpu_s / max(run["seconds"], 1e-9)
    run["memory_mb"] = program.memory_mb()
    run["foreign"] = max(0.0, (busy - cpu_s - own) / (len(CORES) * wall))
    run["stolen"] = stolen / (len(CORES) * wall)
    return run


def run_once(options, server, workload, sets, number):
    query_set, answer_octets = sets[workload]
    port = free_port()
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=options.work) as folder:
        server.configure(folder, port, workload)
        program = Program(server.command(folder, port, answer_octets, workload), CORES[0],
                          os.path.join(folder, "log"), folder)
        try:
            start_s = program.wait_until_answering(
                port, workloads.query(f"ns1.{workloads.ZONE}"), tcp=workloads.over_tcp(workload))
            first = number * workloads.WILDCARD_NAMES // 4
            load(options, server, workload, port, query_set, "--seconds", WARM_UP_S,
                 "--first", first)
            for _ in range(1 + RETRIES):
                run = measure(options, server, workload, program, port, query_set, first)
                if not report.disturbed(run):
                    break
            if options.rate > 0:
                steady = load(options, server, workload, port, query_set,
                              "--seconds", options.seconds, "--first", first,
                              "--rate", options.rate)
                run["steady"] = {key: steady[key] for key in (
                    "sent", "right", "wrong", "lost", "skipped", "p50_us", "p99_us", "p999_us")}
        finally:
            program.stop()
    return {"round": number, "workload": workload, "server": server.name, "start_s": start_s,
            **run}


def run_rounds(options, servers, sets):
    runs = []
    for number in range(options.rounds):
        for workload in options.workloads:
            able = [server for server in servers if workload in server.workloads]
            turn = number % max(1, len(able))
            for server in able[turn:] + able[:turn]:
                run = run_once(options, server, workload, sets, number)
                runs.append(run)
                notes = report.faults(run) + (["disturbed"] if report.disturbed(run) else [])
                print(f"round {number + 1} {workload:10} {server.name:8} {run['qps']:10,.0f} q/s "
                      f"{run['cpu_us']:6.2f} CPU-us/query  {'; '.join(notes)}", file=sys.stderr)
    return runs


def prepare(options):
    """Installs and builds what is missing; returns the servers to measure, in table order."""
    if len(CORES) < 2:
        sys.exit("needs two cores: one for the server, one for the generator")
    wanted = [server for name, server in SERVERS.items()
              if options.servers is None or name in options.servers]
    tools = ["ldnsutils"] if "signed" in options.workloads else []
    tools += ["valgrind"] if options.instructions else []
    machine.install(tools + [package for server in wanted for package in server.packages])
    if options.binaries is None:
        machine.build(SOURCE, ["peers_load", "make_mmdb"] +
                      [server.binary for server in wanted if not server.packages])
        options.binaries = os.path.join(SOURCE, "build", "release", "bin")
    geo_database = os.path.join(options.work, "places.mmdb")
    if {"geo", "signed-geo"} & set(options.workloads):
        build = os.path.dirname(options.binaries)
        workloads.write_geo_database(os.path.join(build, "bin", "make_mmdb"),
                                     geo_database)
    signed_zone = workloads.sign(options.work) if "signed" in options.workloads else None
    servers = [server(options.binaries, geo_database, signed_zone) for server in wanted]
    for server in servers:
        if server.path() is None:
            sys.exit(f"{server.name}: {server.binary} is not there")
    return servers


def main(arguments):
    options = parse_arguments(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # runs every finally, as Ctrl-C does
    with tempfile.TemporaryDirectory(prefix="peers-") as options.work:
        servers = prepare(options)
        sets = {}
        for workload in options.workloads:
            path = os.path.join(options.work, f"{workload}.queries")
            sets[workload] = (path, workloads.write_set(path, workloads.WORKLOADS[workload][1]()))
        runs = run_rounds(options, servers, sets)
        counts = {}
        if options.instructions:
            counts = instructions.count_all(options, servers, sets)
    order = {server.name: place for place, server in enumerate(servers)}
    runs.sort(key=lambda run: (run["round"], order[run["server"]]))
    result = {
        "date": datetime.date.today().isoformat(), "machine": machine.facts(),
        "versions": {server.name: server.version() for server in servers},
        "method": {"rounds": options.rounds, "seconds": options.seconds,
                   "window": options.window, "sockets": options.sockets,
                   "rate": options.rate, "instructions_of": options.instructions,
                   "server_core": CORES[0], "load_core": CORES[1]},
        "summary": report.summarise(runs, counts), "runs": runs,
    }
    text = report.markdown(result)
    print(text, end="")
    if options.out:
        with open(options.out, "w", encoding="utf-8") as out:
            json.dump(result, out, indent=1)
    if options.update_readme:
        report.update_readme(os.path.join(SOURCE, "README.md"), text)
    return 1 if any(report.faults(run) for run in runs) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
