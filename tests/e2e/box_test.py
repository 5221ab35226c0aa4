"""The brain learns what is near: real clients, edges and DNS over the delays of a planet.

    python3 -m unittest box_test                                         # in the suite
    python3 box_test.py --places places.csv --pairs pairs.csv --cities 60 --clusters 10 --seconds 90

With a measured matrix it prints the same table and checks nothing.
"""
import argparse
import itertools
import json
import pathlib
import shutil
import statistics
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "demo"))

import dnsclient  # noqa: E402
import harness  # noqa: E402
import planet  # noqa: E402
import planet_box  # noqa: E402


ROUND = len(planet_box.NAMES)


class Visit:
    """One client asked the GSLB and fetched a small object from where it was sent."""

    def __init__(self, city, cluster, ttfb_ms):
        self.city, self.cluster, self.ttfb_ms = city, cluster, ttfb_ms


class Visitors:
    """A client in each city: a DNS query with its network as ECS, then a new connection."""

    def __init__(self, box, pause=0.3):
        self.box, self.pause = box, pause
        self.lock = threading.Lock()
        self.visits = {city: [] for city in box.clients}
        self.faults = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._live, args=(city,)) for city in box.clients]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def count(self):
        with self.lock:
            return {city: len(visits) for city, visits in self.visits.items()}

    def first(self):
        """The first visits of every city, one of each name."""
        with self.lock:
            return [each for visits in self.visits.values() for each in visits[:ROUND]]

    def last(self):
        with self.lock:
            return [each for visits in self.visits.values() for each in visits[-ROUND:]]

    def _live(self, city):
        for turn in itertools.count(city):
            if self.ended.wait(self.pause):
                return
            try:
                visit = self._visit(city, planet_box.NAMES[turn % len(planet_box.NAMES)])
            except (OSError, AssertionError, dnsclient.Malformed) as error:
                with self.lock:
                    self.faults.append(f"{city}: {error}")
            else:
                with self.lock:
                    self.visits[city].append(visit)

    def _visit(self, city, name):
        answer = dnsclient.ask((planet_box.GSLB, 53), name,
                               subnet=planet_box.client_network(city), timeout=3,
                               source=planet_box.client_address(city))
        address = answer.addresses[0]
        cluster = int(address.split(".")[2])
        return Visit(city, cluster, planet_box.time_to_first_byte(city, address, name))


def warm_up(box):
    """Every edge has the object, so that no later visit waits for the origin."""
    with box.servers.inside():
        for cluster in range(len(box.cluster_sites)):
            harness.wait_until(lambda: harness.can_connect(planet_box.HTTP_PORT,
                                                           planet_box.edge_address(cluster)))
    for cluster in range(len(box.cluster_sites)):
        for name in planet_box.NAMES:
            planet_box.time_to_first_byte(0, planet_box.edge_address(cluster), name)


class Figures:
    """What a set of visits was worth."""

    def __init__(self, box, visits):
        rtts = [(box.matrix.rtt(v.city, box.cluster_sites[v.cluster]), box.best(v.city))
                for v in visits]
        self.penalty_ms = statistics.mean(rtt - best for rtt, best in rtts)
        self.at_best = sum(rtt <= best + 0.5 for rtt, best in rtts) / len(rtts)
        self.ttfb_ms = statistics.mean(v.ttfb_ms for v in visits)
        self.ttfb_p95_ms = sorted(v.ttfb_ms for v in visits)[int(0.95 * (len(visits) - 1))]

    def line(self, name):
        return (f"{name:<9} time to first byte {self.ttfb_ms:6.1f} ms (p95 {self.ttfb_p95_ms:6.1f})"
                f"  RTT over the best {self.penalty_ms:5.1f} ms  at the best {self.at_best:4.0%}")


def has_begun(box, visitors):
    """Every city has made its first visits."""
    return len(visitors.first()) == ROUND * len(box.clients)


def learn(box, seconds=None, done=lambda visitors: False):
    """Visits, from when all have made their first with probes, until done() or for `seconds`;
    (visitors, figures before, figures after)."""
    warm_up(box)
    visitors = Visitors(box)
    visitors.start()
    try:
        harness.wait_until(lambda: has_begun(box, visitors), what="every city's first visits")
        box.begin_probing()
        deadline = time.monotonic() + (seconds or 90)
        while time.monotonic() < deadline and not done(visitors):
            time.sleep(0.2)
    finally:
        visitors.stop()
    return visitors, Figures(box, visitors.first()), Figures(box, visitors.last())


def skip_without_tools():
    if shutil.which("ip") is None:
        raise unittest.SkipTest("ip (iproute2) is not installed")


class BoxTest(unittest.TestCase):
    CLUSTERS = [0, 1, 2, 3, 6, 8, 13, 17, 22]
    # The geo data put Recife's network in Warsaw.
    CLAIMED = {28: 7}

    @classmethod
    def setUpClass(cls):
        skip_without_tools()
        cls.box = planet_box.Box(planet_box.Matrix.made_up(seed=4), cls.CLUSTERS, cls.CLAIMED)
        cls.addClassCleanup(cls.box.stop)
        cls.box.start(planet.Origin)

    def test_clients_get_nearer_as_the_brain_learns(self):
        box = self.box

        def nearer(visitors):
            return (Figures(box, visitors.last()).penalty_ms <
                    0.25 * Figures(box, visitors.first()).penalty_ms)

        visitors, before, after = learn(box, 120, nearer)
        print("\n" + before.line("before") + "\n" + after.line("after"))
        self.assertEqual([], visitors.faults[:3])
        # The line is never early: connect and request cost two round trips.
        for visits in visitors.visits.values():
            for visit in visits:
                rtt = box.matrix.rtt(visit.city, box.cluster_sites[visit.cluster])
                self.assertGreaterEqual(visit.ttfb_ms, 2 * rtt - 0.1)
        self.assertLess(after.penalty_ms, 0.4 * before.penalty_ms)
        self.assertGreater(after.at_best, before.at_best)

        # What was learnt of a pair is what the line does.
        city = 0
        told = json.loads(box.proximactl("--json", "explain", planet_box.NAMES[0], "A", "--client",
                                         planet_box.client_address(city)))
        measured = [each for each in told["clusters"] if each["rtt_source"] in ("measured", "probe")]
        self.assertTrue(measured)
        for each in measured:
            rtt = box.matrix.rtt(city, box.cluster_sites[int(each["id"][1:])])
            self.assertLess(abs(each["rtt_ms"] - rtt), 0.25 * rtt + 5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--places", required=True)
    parser.add_argument("--pairs", required=True)
    parser.add_argument("--cities", type=int, default=40)
    parser.add_argument("--clusters", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    matrix = planet_box.Matrix.read(options.places, options.pairs, options.cities)
    step = max(1, len(matrix.sites) // options.clusters)
    box = planet_box.Box(matrix, list(range(0, len(matrix.sites), step))[:options.clusters])
    box.start(planet.Origin)
    visitors, before, after = learn(box, options.seconds)
    print(before.line("before") + "\n" + after.line("after"))
    for fault in visitors.faults[:5]:
        print(fault)


if __name__ == "__main__":
    main()
