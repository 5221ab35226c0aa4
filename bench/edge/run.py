#!/usr/bin/env python3
"""Measures the edge cache's hits beside other caches on this machine; bench/README.md says how."""
import argparse
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import machine
from process import Program, core_times, free_port
from caches import SERVERS

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORES = sorted(os.sched_getaffinity(0))[:2]  # of the cache and of the generator
SIZES = {"1KiB": 1 << 10, "64KiB": 64 << 10, "10MiB": 10 << 20}
NAMES = {"1KiB": 1000, "64KiB": 200, "10MiB": 4}  # objects of a workload
DISTURBED = 0.03  # share of both cores somebody else may have used


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


def fill(port, size, deadline=15):
    """Asks for every object twice; the second answer must be right."""
    begin = time.monotonic()
    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            client.connect()
            break
        except OSError:
            if time.monotonic() > begin + deadline:
                raise
            time.sleep(0.02)
    for _ in range(2):
        for number in range(NAMES[size]):
            path = f"/{size}/{number}"
            client.request("GET", path, headers={"Host": "bench.example"})
            answer = client.getresponse()
            if answer.status != 200 or answer.read() != body_of(path):
                raise RuntimeError(f"{path}: a wrong answer")
    client.close()


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
    port = free_port()
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=options.work) as folder:
        server.configure(folder, port, origin.server_port)
        program = Program(server.command(folder, port), CORES[0], os.path.join(folder, "log"),
                          folder)
        try:
            fill(port, size)
            program.pin()
            asked = origin.asked
            before, times, wall = program.cpu(), core_times(CORES), time.monotonic()
            count, seconds, errors = load(options, port, size)
            after, times_after, wall = program.cpu(), core_times(CORES), time.monotonic() - wall
            memory = program.memory_mb()
        except Exception:
            print(program.log(), file=sys.stderr)
            raise
        finally:
            program.stop()
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--out", help="write every run and the summary here, as JSON")
    parser.add_argument("--binaries", type=os.path.abspath,
                        help="use the programs in this folder, build nothing")
    options = parser.parse_args(arguments)
    options.servers = options.servers.split(",")
    options.sizes = options.sizes.split(",")
    unknown = [each for each in options.servers if each not in SERVERS]
    unknown += [each for each in options.sizes if each not in SIZES]
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    return options


def main(arguments):
    options = parse_arguments(arguments)
    if len(CORES) < 2:
        sys.exit("needs two cores: one for the cache, one for the generator")
    chosen = [SERVERS[name] for name in options.servers]
    machine.install(["wrk"] + [package for server in chosen for package in server.packages])
    if options.binaries is None:
        machine.build(SOURCE, [Server.binary for Server in chosen if not Server.packages])
        options.binaries = os.path.join(SOURCE, "build", "release", "bin")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # runs every finally, as Ctrl-C does
    servers = [Server(options.binaries) for Server in chosen]
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    origin.daemon_threads = True
    origin.asked = 0
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    runs = []
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as options.work:
        for number in range(options.rounds):
            for size in options.sizes:
                turn = number % len(servers)
                for server in servers[turn:] + servers[:turn]:
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
