#!/usr/bin/env python3
"""What scrapes of /metrics cost the thread that answers.

    bench/peers/scrape.py [--binaries build/release/bin] [--scrapes 50] [--rounds 7]

One worker answers at a fixed rate, without scrapes and with `--scrapes` a second, in turns.  The
figure is the CPU time of that thread for an answer; what the thread that writes the page takes is
shown beside it.  Everything of the server shares one core, so that cache lines are fought for.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

import flood
import process
import workloads

CLUSTERS = 64


def start(binaries, folder, port, admin):
    (folder / "zone").write_text(workloads.zone_text())
    clusters = "".join(
        f'[cluster.c{i}]\nlatitude = {i % 60}\nlongitude = {i}\nhealth = "none"\n'
        f'[[cluster.c{i}.node]]\nid = "a"\nipv4 = "203.0.113.{i}"\n' for i in range(CLUSTERS))
    (folder / "proxima.toml").write_text(
        f'[server]\nlisten = ["127.0.0.1:{port}"]\nworkers = 1\n[log]\nlevel = "warning"\n'
        f'[admin]\nlisten = "127.0.0.1:{admin}"\n[[zone]]\nname = "{workloads.ZONE}."\n'
        f'file = "zone"\n[service.web]\n[[route]]\nname = "*.geo.{workloads.ZONE}."\n'
        f'service = "web"\n{clusters}')
    return subprocess.Popen(["taskset", "-c", "0", str(binaries / "proxima-gslb"), "run", "-c",
                             str(folder / "proxima.toml")])


def threads_ns(pid):
    """Thread → nanoseconds on a core."""
    return {task.name: int((task / "schedstat").read_text().split()[0])
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}


class Scraper:
    """Scrapes so many times a second until stop()."""

    def __init__(self, admin, rate):
        self.url, self.pause, self.count, self.octets = (
            f"http://127.0.0.1:{admin}/metrics", 1 / rate, 0, 0)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(self.pause):
            with urllib.request.urlopen(self.url, timeout=5) as page:
                self.octets = len(page.read())
            self.count += 1

    def stop(self):
        self.stopping.set()
        self.thread.join()


def measure(options, server, port, admin, folder, scrapes):
    """CPU-ns of the worker for an answer, CPU share of all other threads, scrapes done."""
    scraper = Scraper(admin, scrapes) if scrapes else None
    before = threads_ns(server.pid)
    result = json.loads(flood.load(options.binaries, port, folder / "set", options.rate,
                                   options.seconds).communicate()[0])
    after = threads_ns(server.pid)
    if scraper:
        scraper.stop()
    spent = {task: after[task] - before.get(task, 0) for task in after}
    worker = max(spent.values())
    return (worker / result["answered"], (sum(spent.values()) - worker) / 1e9 / options.seconds,
            scraper)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--binaries", type=pathlib.Path, default=flood.ROOT / "build/release/bin")
    parser.add_argument("--rate", type=int, default=30_000)
    parser.add_argument("--scrapes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    port, admin = process.free_port(), process.free_port()
    with tempfile.TemporaryDirectory(prefix="proxima-scrape-") as name:
        folder = pathlib.Path(name)
        numbers = list(range(workloads.NAMES))
        random.Random(5).shuffle(numbers)
        workloads.write_set(folder / "set", [
            (workloads.query(f"n{i:05d}.{workloads.ZONE}"), workloads.NOERROR, 1,
             workloads.name_address(i)) for i in numbers])
        server = start(options.binaries, folder, port, admin)
        try:
            time.sleep(1.5)
            measure(options, server, port, admin, folder, 0)
            rounds = [[measure(options, server, port, admin, folder, scrapes)
                       for scrapes in (0, options.scrapes)] for _ in range(options.rounds)]
        finally:
            server.terminate()
            server.wait()
    ratios = sorted(with_scrapes[0] / without[0] for without, with_scrapes in rounds)
    print(f"{options.scrapes} scrapes a second of {rounds[-1][1][2].octets} octets, "
          f"{options.rate} queries a second: worker's CPU-ns an answer "
          f"{statistics.median(each[0][0] for each in rounds):.0f} without, "
          f"{statistics.median(each[1][0] for each in rounds):.0f} with; ratio "
          f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}); other threads "
          f"{statistics.median(each[0][1] for each in rounds):.1%} and "
          f"{statistics.median(each[1][1] for each in rounds):.1%} of a core")


if __name__ == "__main__":
    main()
