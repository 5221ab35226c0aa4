#!/usr/bin/env python3
"""Loading zones, side by side: start to first right answer, memory, reload of what changed.

Two workloads: a zone of a million A records, and 100,000 zones of six records.  One server alive
at a time, all with both cores.  Figures and rules: bench/README.md.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
import process  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOA = "$TTL 300\n@ SOA ns1 host {serial} 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\n"


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Big:
    """One zone; the reload changes its last record."""
    name = "big"

    def __init__(self, count):
        self.count = count
        self.zones = ["big.example"]
        self.asked = f"h{count - 1}.big.example"

    def write(self, folder, serial, last):
        with open(folder / "fresh", "w", encoding="ascii") as out:
            out.write(SOA.format(serial=serial))
            out.writelines(f"h{i} A {address(i)}\n" for i in range(self.count - 1))
            out.write(f"h{self.count - 1} A {last}\n")
        os.rename(folder / "fresh", folder / self.zones[0])

    change = write


class Many:
    """Many zones; the reload changes the last one."""
    name = "many"

    def __init__(self, count):
        self.zones = [f"z{i}.example" for i in range(count)]
        self.asked = "www." + self.zones[-1]

    def one(self, folder, zone, serial, www):
        (folder / "fresh").write_text(
            SOA.format(serial=serial) + f"www A {www}\n@ MX 10 mail\nmail A 192.0.2.2\n")
        os.rename(folder / "fresh", folder / zone)

    def write(self, folder, serial, last):
        for i, zone in enumerate(self.zones):
            self.one(folder, zone, serial, address(i))
        self.change(folder, serial, last)

    def change(self, folder, serial, last):
        self.one(folder, self.zones[-1], serial, last)


class Server:
    binary = ""

    def path(self):
        return shutil.which(self.binary, path=os.environ["PATH"] + ":/usr/sbin")

    def reload(self, program, folder):
        program.process.send_signal(signal.SIGHUP)


class Proxima(Server):
    def __init__(self, binaries):
        self.binaries = binaries

    def path(self):
        return shutil.which("proxima-gslb", path=self.binaries)

    def configure(self, folder, zones, work, port):
        text = (f'[server]\nlisten = "127.0.0.1:{port}"\nworkers = 1\n'
                f'[admin]\nlisten = "127.0.0.1:{process.free_port()}"\n')
        text += "".join(f'[[zone]]\nname = "{z}"\nfile = "{zones}/{z}"\n' for z in work.zones)
        (folder / "conf").write_text(text)
        return [self.path(), "run", "-c", str(folder / "conf")]


class Nsd(Server):
    binary = "nsd"

    def configure(self, folder, zones, work, port):
        text = f"""server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  database: ""
  zonesdir: "{zones}"
  zonelistfile: "{folder}/zone.list"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
        text += "".join(f'zone:\n  name: {z}\n  zonefile: {z}\n' for z in work.zones)
        (folder / "conf").write_text(text)
        return [self.path(), "-d", "-c", str(folder / "conf")]


class Knot(Server):
    binary = "knotd"

    def configure(self, folder, zones, work, port):
        text = f"""server:
  rundir: "{folder}"
  listen: 127.0.0.1@{port}
  udp-workers: 1
database:
  storage: "{folder}"
template:
  - id: default
    storage: "{zones}"
    file: "%s"
    zonefile-sync: -1
    journal-content: none
log:
  - target: stderr
    any: warning
zone:
"""
        text += "".join(f"  - domain: {z}\n" for z in work.zones)
        (folder / "conf").write_text(text)
        return [self.path(), "-c", str(folder / "conf")]


class Gdnsd(Server):
    binary = "gdnsd"

    def configure(self, folder, zones, work, port):
        (folder / "run").mkdir()
        (folder / "state").mkdir()
        os.symlink(zones, folder / "zones")
        (folder / "config").write_text(
            f'options => {{ listen => "127.0.0.1:{port}", run_dir => "{folder}/run",\n'
            f'  state_dir => "{folder}/state", tcp_threads => 1, udp_threads => 1 }}\n')
        return [self.path(), "-c", str(folder), "start"]

    def reload(self, program, folder):
        subprocess.Popen(["gdnsdctl", "-c", str(folder), "reload-zones"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(client, name):
    """The address in the answer to an A query, or None."""
    number = random.randrange(65536)
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    client.send(struct.pack(">6H", number, 0, 1, 0, 0, 0) + labels + b"\0\0\1\0\1")
    try:
        while True:
            answer = client.recv(4096)
            if answer[:2] == struct.pack(">H", number):
                break
    except OSError:
        return None
    if answer[3] & 15 or not answer[7]:
        return None
    at = 12 + len(labels) + 5  # the first answer record
    at = at + 2 if answer[at] & 0xC0 else answer.index(b"\0", at) + 1
    return socket.inet_ntoa(answer[at + 10:at + 14])


def wait_for(program, port, name, wanted, limit):
    begin = time.monotonic()
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(0.05)
        client.connect(("127.0.0.1", port))
        while time.monotonic() < begin + limit:
            if program.process.poll() is not None:
                raise RuntimeError("ended: " + program.log())
            if ask(client, name) == wanted:
                return time.monotonic() - begin
            time.sleep(0.005)
    raise RuntimeError(f"no right answer in {limit} s: " + program.log()[-2000:])


def memory_mb(pids, key):
    kib = 0
    for pid in pids:
        name = "smaps_rollup" if key == "Pss" else "status"
        with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as lines:
            kib += sum(int(line.split()[1]) for line in lines if line.startswith(key + ":"))
    return kib / 1024


def run_one(server, work, zones, serial, limit):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-zones-"))
    port = process.free_port()
    work.change(zones, serial, "10.99.0.1")
    command = server.configure(folder, zones, work, port)
    time.sleep(0.1)  # file stamps are older than the start
    program = process.Program(command, os.sched_getaffinity(0), folder / "log", folder)
    try:
        figures = {"load_s": wait_for(program, port, work.asked, "10.99.0.1", limit)}
        time.sleep(1)
        pids = list(process.descendants(program.process.pid))
        figures["memory_mb"] = memory_mb(pids, "Pss")
        figures["peak_mb"] = memory_mb(pids, "VmHWM")
        work.change(zones, serial + 1, "10.99.0.2")
        server.reload(program, folder)
        figures["reload_s"] = wait_for(program, port, work.asked, "10.99.0.2", limit)
        time.sleep(1)
        pids = list(process.descendants(program.process.pid))
        figures["after_mb"] = memory_mb(pids, "Pss")
        figures["peak_after_mb"] = memory_mb(pids, "VmHWM")
        return figures
    finally:
        program.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", type=os.path.abspath,
                        default=str(ROOT / "build/release/bin"))
    parser.add_argument("--servers", default="proxima,nsd,knot,gdnsd")
    parser.add_argument("--workloads", default="big,many")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--zones", type=int, default=100_000)
    parser.add_argument("--limit", type=float, default=120, help="seconds for one start or reload")
    parser.add_argument("--out", help="JSON")
    options = parser.parse_args()
    servers = {"proxima": Proxima(options.binaries), "nsd": Nsd(), "knot": Knot(),
               "gdnsd": Gdnsd()}
    works = {"big": Big(options.records), "many": Many(options.zones)}
    results, failed = {}, False
    for work in (works[each] for each in options.workloads.split(",")):
        zones = pathlib.Path(tempfile.mkdtemp(prefix="bench-zonefiles-"))
        try:
            work.write(zones, 1, "10.99.0.0")
            for number, name in enumerate(options.servers.split(",")):
                if not servers[name].path():
                    print(f"{name}: not installed", file=sys.stderr)
                    continue
                try:
                    results[f"{work.name} {name}"] = run_one(
                        servers[name], work, zones, 10 + 10 * number, options.limit)
                except (RuntimeError, OSError) as fault:
                    failed = True
                    print(f"{work.name} {name}: {fault}", file=sys.stderr)
        finally:
            shutil.rmtree(zones, ignore_errors=True)
    columns = ("load_s", "reload_s", "memory_mb", "after_mb", "peak_mb", "peak_after_mb")
    print("| | " + " | ".join(columns) + " |\n|---" * 1 + "|---:" * len(columns) + "|")
    for name, figures in results.items():
        ours = results.get(name.split()[0] + " proxima")
        cells = []
        for column in columns:
            text = f"{figures[column]:.2f}" if column.endswith("_s") else f"{figures[column]:.0f}"
            if ours and not name.endswith("proxima"):
                text += f" ({figures[column] / ours[column]:.2f}×)"
            cells.append(text)
        print(f"| {name} | " + " | ".join(cells) + " |")
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(results, indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
