#!/usr/bin/env python3
"""Measures the edge cache's hits beside other caches on this machine; bench/README.md says how."""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import common
from common import CORES, NAMES, SIZES
import machine
from process import core_times

DISTURBED = 0.03  # share of both cores somebody else may have used


def write_script(folder, size):
    """wrk asks for the workload's objects in turn."""
    path = os.path.join(folder, f"{size}.lua")
    with open(path, "w", encoding="ascii") as script:
        script.write(f"""local n = 0
local texts = {{}}
function init(args)
  for i = 0, {NAMES[size] - 1} do
    texts[i] = wrk.format("GET", "/{size}/" .. i, {{["Host"] = "bench.example"}})
  end
end
function request()
  n = (n + 7) % {NAMES[size]}
  return texts[n]
end
""")
    return path


def load(options, port, size):
    script = write_script(options.work, size)
    done = subprocess.run(
        ["taskset", "-c", str(CORES[1]), "wrk", "-t1", f"-c{options.connections}",
         f"-d{options.seconds}s", "-s", script, f"http://127.0.0.1:{port}"],
        stdout=subprocess.PIPE, text=True, check=True)
    count, seconds = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout).groups()
    errors = re.search(r"Socket errors:.*|Non-2xx.*", done.stdout)
    return int(count), float(seconds), errors.group(0) if errors else ""


def measure(options, server, size, number, origin):
    with common.started(server, origin.server_port, options.work) as (program, port):
        common.fill(port, size)
        program.pin()
        asked = origin.asked
        before, times, wall = program.cpu(), core_times(CORES), time.monotonic()
        count, seconds, errors = load(options, port, size)
        after, times_after, wall = program.cpu(), core_times(CORES), time.monotonic() - wall
        memory = program.memory_mb()
    cpu_s = (after[0] - before[0]) / 1e9
    user, system = after[1] - before[1], after[2] - before[2]
    other = times_after[CORES[0]][0] - times[CORES[0]][0] - cpu_s
    if origin.asked > asked:
        errors += f" {origin.asked - asked} misses"
    return {"round": number, "size": size, "server": server.name, "requests": count,
            "per_s": count / seconds, "cpu_us": cpu_s * 1e6 / max(1, count),
            "user_share": user / max(1, user + system), "busy": cpu_s / seconds,
            "foreign": max(0.0, other / wall), "memory_mb": memory, "errors": errors}


def summarise(runs):
    """{size: {server: figures}}; ratios are medians of the ratios within a round."""
    table = {}
    for run in runs:
        table.setdefault(run["size"], {}).setdefault(run["server"], []).append(run)
    for servers in table.values():
        nginx = {run["round"]: run["cpu_us"] for run in servers.get("nginx", [])}
        for name, all_ in servers.items():
            cpu = [run["cpu_us"] for run in all_]
            ratios = [run["cpu_us"] / nginx[run["round"]] for run in all_ if run["round"] in nginx]
            servers[name] = {
                "cpu_us": statistics.median(cpu), "min": min(cpu), "max": max(cpu),
                "user_us": statistics.median(run["cpu_us"] * run["user_share"] for run in all_),
                "per_s": statistics.median(run["per_s"] for run in all_),
                "memory_mb": statistics.median(run["memory_mb"] for run in all_),
                "of_nginx": statistics.median(ratios) if ratios else None,
                "disturbed": sum(run["foreign"] > DISTURBED for run in all_),
                "errors": sorted({run["errors"] for run in all_ if run["errors"]})}
    return table


def markdown(table):
    lines = ["| hits of | cache | requests/s | CPU-µs a request (user) | min–max | × nginx | MB |",
             "|---|---|---|---|---|---|---|"]
    for size, servers in table.items():
        for name, run in servers.items():
            ratio = f"{run['of_nginx']:.2f}" if run["of_nginx"] else "–"
            mark = " †" if run["disturbed"] else ""
            lines.append(f"| {size} | {name}{mark} | {run['per_s']:,.0f} | **{run['cpu_us']:.1f}** "
                         f"({run['user_us']:.1f}) | {run['min']:.1f}–{run['max']:.1f} | {ratio} "
                         f"| {run['memory_mb']:.0f} | {' '.join(run['errors'])}".rstrip(" |") + " |")
    return "\n".join(lines)


def parse_arguments(arguments):
    parser = common.parser(__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--out", help="write every run and the summary here, as JSON")
    options = parser.parse_args(arguments)
    options.sizes = options.sizes.split(",")
    unknown = [each for each in options.sizes if each not in SIZES]
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    return options


def main(arguments):
    options = parse_arguments(arguments)
    servers = common.prepare(options, ["wrk"])
    origin = common.serve_origin()
    runs = []
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as options.work:
        for number in range(options.rounds):
            for size in options.sizes:
                for server in common.rotated(servers, number):
                    if SIZES[size] >= getattr(server, "largest", 1 << 40):
                        continue
                    runs.append(measure(options, server, size, number, origin))
                    run = runs[-1]
                    print(f"round {number + 1} {size:6} {server.name:8} {run['per_s']:9,.0f}/s "
                          f"{run['cpu_us']:8.2f} CPU-us/request, core {run['busy']:4.0%} "
                          f"{run['errors']}", file=sys.stderr)
    order = {server.name: place for place, server in enumerate(servers)}
    runs.sort(key=lambda run: (run["round"], order[run["server"]]))
    table = summarise(runs)
    versions = {server.name: server.version() for server in servers}
    print(markdown(table))
    print(f"\n{machine.facts()['cpu']}, {versions}, {options.connections} connections, "
          f"{options.rounds} rounds of {options.seconds} s")
    if options.out:
        with open(options.out, "w", encoding="utf-8") as out:
            json.dump({"machine": machine.facts(), "versions": versions, "summary": table,
                       "runs": runs}, out, indent=1)
    return 1 if any(run["errors"] for run in runs) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
