#!/usr/bin/env python3
"""The main job, shown with real tools on loopback: nearest cluster, cache, failure, load, drain.

./proxima demo runs this after building; --keep leaves everything running until Ctrl-C.
"""
import argparse
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("PROXIMA_BIN", str(ROOT / "build" / "release" / "bin"))
sys.path.insert(0, str(ROOT / "demo"))

import dnsclient  # noqa: E402
import planet  # noqa: E402
from planet import harness  # noqa: E402

DNS_PORT, ADMIN_PORT, HTTP_PORT = 5300, 8053, 8080
NAME = "www.cdn.example"
# One client network a continent for the first table.
SHOWN = ["193.0.6.0/24", "128.59.0.0/16", "200.160.0.0/20", "137.158.0.0/16", "137.132.0.0/16",
         "129.78.0.0/16", "2001:67c:2e8::/48"]
EUROPE = ["193.0.6.0/24", "129.132.1.0/24", "130.149.1.0/24", "134.157.1.0/24"]
FRA_TARGET = 40      # requests/s the demo's Frankfurt may take
CROWD_RATE = 100     # requests/s its crowd makes

COLOUR = sys.stdout.isatty()


def bold(text):
    return f"\033[1m{text}\033[0m" if COLOUR else text


def dim(text):
    return f"\033[2m{text}\033[0m" if COLOUR else text


def headline(number, text):
    print(f"\n{bold(f'{number}. {text}')}", flush=True)


def progress(text):
    print(dim(f"   {text} …"), flush=True)


def run(*command, keep=None):
    """Shows a command and its output (lines with any of `keep`); returns the whole output."""
    print(f"   {bold('$')} {' '.join(command)}", flush=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    for line in (done.stdout + done.stderr).splitlines():
        if keep is None or any(word in line for word in keep):
            print(f"     {line}", flush=True)
    return done.stdout


def check_ports():
    """Says who is in the way before anything is started."""
    for port, kind, what in ((DNS_PORT, harness.socket.SOCK_DGRAM, "DNS"),
                             (ADMIN_PORT, harness.socket.SOCK_STREAM, "the admin listener")):
        with harness.socket.socket(harness.socket.AF_INET, kind) as probe:
            probe.setsockopt(harness.socket.SOL_SOCKET, harness.socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                sys.exit(f"demo: port {port} ({what}) is taken: {error.strerror}.  Is another demo "
                         "running with --keep?  End it and try again.")


def address_for(world, subnet, name=NAME):
    kind = dnsclient.AAAA if ":" in subnet else dnsclient.A
    return dnsclient.ask(world.server, name, kind, subnet).addresses[0]


def show_nearest(world):
    headline(1, "Every client is answered with the nearest cluster")
    for row in (r for r in planet.client_networks() if r["network"] in SHOWN):
        network = row["network"]
        kind = "AAAA" if ":" in network else "A"
        print(dim(f"   {row['whose']}, {row['where']}:"))
        out = run("dig", "@127.0.0.1", "-p", str(DNS_PORT), NAME, kind, f"+subnet={network}",
                  "+noall", "+answer", "+comments", keep=[f"\t{kind}\t", "CLIENT-SUBNET"])
        address = next(line.split()[-1] for line in out.splitlines() if f"\t{kind}\t" in line)
        part = address.split(":")[2] if ":" in address else address.split(".")[2]
        city = planet.CITIES[int(part) - 1]
        print(f"     → {bold(city[0])} ({city[1]})")


def show_cache(world):
    headline(2, "The edge behind that address serves and caches")
    address = address_for(world, SHOWN[0])
    for expectation in ("a miss: fetched from the origin", "a hit: from memory"):
        print(dim(f"   {expectation}"))
        run("curl", "-s", "-i", "--resolve", f"{NAME}:{HTTP_PORT}:{address}",
            f"http://{NAME}:{HTTP_PORT}/hello.txt",
            keep=["HTTP/1.1", "Cache-Status", "cache-status", "Age", "Hello"])


def show_failure(world):
    headline(3, "A node dies: kill -9, no farewell")
    victim = world.node_of(address_for(world, SHOWN[0]))
    print(f"   {NAME} for {SHOWN[0]} is {victim.address} ({victim.id})")
    killed_at = time.monotonic()
    victim.kill()
    print(f"   killed {bold(victim.id)} (pid {victim.process.pid})")
    asked, last_dead, moved_to = 0, killed_at, None
    while time.monotonic() - killed_at < 2.5:
        address = address_for(world, SHOWN[0])
        asked += 1
        if address == victim.address:
            last_dead = time.monotonic()
        elif moved_to is None:
            moved_to = (address, time.monotonic())
        time.sleep(0.005)
    if moved_to is None:
        sys.exit("demo: the answer never moved")
    print(f"   → the answer moved to {bold(world.node_of(moved_to[0]).id)} ({moved_to[0]}) after "
          f"{bold(f'{1000 * (moved_to[1] - killed_at):.0f} ms')}; last answer with the dead node at "
          f"{1000 * (last_dead - killed_at):.0f} ms; {asked} queries, all answered")
    print(dim("     heartbeats come every 250 ms, three missed ones mean death"))
    victim.start()
    harness.wait_until(lambda: all(node["serving"] for cluster in world.status()["clusters"]
                                   for node in cluster["nodes"]), 10, "the node back", 0.05)
    print(f"   restarted {victim.id}: back in service")


class Crowd:
    """Clients in Europe that resolve every time and fetch what they are told to."""

    def __init__(self, world, rate, threads=8):
        self.world, self.stopping, self.asked, self.failed = world, False, 0, 0
        self.by_cluster = {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(i, threads / rate), daemon=True)
                        for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self, number, pause):
        count = number
        while not self.stopping:
            started = time.monotonic()
            name = f"photo-{count * 7919 % 1000}.cdn.example"
            try:
                address = address_for(self.world, EUROPE[count % len(EUROPE)], name)
                connection = http.client.HTTPConnection(address, HTTP_PORT, timeout=2)
                connection.request("GET", "/data.bin", headers={"Host": name})
                connection.getresponse().read()
                connection.close()
                with self.lock:
                    self.asked += 1
                    cluster = self.world.cluster_of(address)
                    self.by_cluster[cluster] = self.by_cluster.get(cluster, 0) + 1
            except (OSError, http.client.HTTPException, dnsclient.Malformed):
                with self.lock:
                    self.failed += 1
            count += len(self.threads)
            time.sleep(max(0.0, pause - (time.monotonic() - started)))

    def take(self):
        """What happened since the last call, by cluster."""
        with self.lock:
            taken, self.by_cluster = self.by_cluster, {}
        return taken

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def show_load(world, duration=33):
    headline(4, f"A crowd in Europe: {CROWD_RATE} requests/s, Frankfurt's target is {FRA_TARGET}")
    crowd = Crowd(world, CROWD_RATE)
    print(f"   {'seconds':>8}  {'fra requests/s':>15}  {'utilisation':>11}  {'price':>9}  served by")
    final = {}
    for second in range(3, duration + 1, 3):
        time.sleep(3)
        served = crowd.take()
        total = sum(served.values()) or 1
        clusters = {each["id"]: each for each in world.status()["clusters"]}
        fra = clusters["fra"]
        price = fra.get("price_ms") or 0
        shares = ", ".join(f"{name} {100 * n / total:.0f} %" for name, n in
                           sorted(served.items(), key=lambda item: -item[1]))
        print(f"   {second:>8}  {served.get('fra', 0) / 3:>15.0f}  {fra['utilisation']:>11.2f}  "
              f"{price:>6.0f} ms  {shares}", flush=True)
        final = served
    crowd.stop()
    print(f"   → what is over the target goes to the next best; {crowd.asked} requests, "
          f"{crowd.failed} failed")
    return final


def show_drain(world):
    headline(5, "An operator drains a cluster, and brings it back")
    network = "129.78.0.0/16"
    ctl = [harness.binary("proximactl"), "--url", f"http://127.0.0.1:{ADMIN_PORT}"]
    shown = "proximactl"

    def operate(*verb):
        print(f"   {bold('$')} {shown} {' '.join(verb)}", flush=True)
        done = subprocess.run(ctl + list(verb), capture_output=True, text=True, timeout=30,
                              check=False)
        for line in (done.stdout + done.stderr).splitlines():
            print(f"     {line}")

    before = world.cluster_of(address_for(world, network))
    asked_at = time.monotonic()
    operate("drain", before, "--for", "10m")
    harness.wait_until(lambda: world.cluster_of(address_for(world, network)) != before, 5,
                       "the drain")
    after = world.cluster_of(address_for(world, network))
    print(f"   → {network} went from {bold(before)} to {bold(after)} within "
          f"{1000 * (time.monotonic() - asked_at):.0f} ms")
    operate("undrain", before)
    harness.wait_until(lambda: world.cluster_of(address_for(world, network)) == before, 5,
                       "the return")
    print(f"   → and back to {bold(before)}")
    operate("explain", NAME, "A", "--client", "193.0.6.139")
    operate("status")


def where_to_look():
    headline(6, "Where to look")
    print(f"""   dig @127.0.0.1 -p {DNS_PORT} {NAME} +subnet=193.0.6.0/24
   curl http://127.0.0.1:{ADMIN_PORT}/metrics
   proximactl --url http://127.0.0.1:{ADMIN_PORT} status
   proximactl --url http://127.0.0.1:{ADMIN_PORT} explain {NAME} --client 193.0.6.139
   curl --resolve {NAME}:{HTTP_PORT}:127.10.1.1 http://{NAME}:{HTTP_PORT}/hello.txt
   (proximactl is in build/release/bin)""")


def show(world):
    show_nearest(world)
    show_cache(world)
    show_failure(world)
    show_load(world)
    show_drain(world)
    where_to_look()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--keep", action="store_true",
                        help="leave everything running until Ctrl-C")
    options = parser.parse_args()
    for tool in ("dig", "curl"):
        if shutil.which(tool) is None:
            sys.exit(f"demo: {tool} is missing: run ./proxima demo, which installs it")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    check_ports()
    print(bold("Proxima: a GSLB, six clusters of two edges on six continents, one origin; all on "
               "loopback"))
    started = time.monotonic()
    world = planet.Planet(dns_port=DNS_PORT, admin_port=ADMIN_PORT, http_port=HTTP_PORT,
                          targets={"fra": FRA_TARGET})
    status = 0
    try:
        world.start(progress)
        for line in world.status()["attributions"]:
            print(f"   {line}")
        print(f"   ready after {time.monotonic() - started:.1f} s")
        show(world)
        if options.keep:
            print(f"\n{bold('Running.')} Configuration: {world.gslb_config}.  Ctrl-C ends it.",
                  flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        print("\nending", flush=True)
    except AssertionError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        status = 1
    finally:
        world.stop()
        harness.stop_everything()
    return status


if __name__ == "__main__":
    sys.exit(main())
