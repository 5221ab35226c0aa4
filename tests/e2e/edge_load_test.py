"""proxima-edge at several times what it may take on: it refuses, serves what it took, says so."""
import concurrent.futures
import http.client
import json
import os
import resource
import socket
import threading
import time
import unittest

import harness
from edge_test import Edge, Origin

MAX = 20  # requests a second: little, for the machine may be slow


def edge(origin, limits="", more="", capacity=f"requests_per_s]\ntarget = 10\nmax = {MAX}"):
    def change(config):
        head, _ = config.split("[report.capacity.requests_per_s]")
        head = head.replace('between_bytes_timeout = "1s"', 'between_bytes_timeout = "60s"')
        return (head.replace("[limits]", "[limits]\n" + limits) + "[report.capacity." + capacity
                + "\n" + more)
    return Edge(origin.port, change)


class Load(unittest.TestCase):
    def setUp(self):
        self.origin = Origin()
        self.edge = None

    def tearDown(self):
        self.origin.release.set()
        self.assertEqual(self.edge.process.stop(), 0)
        self.origin.stop()

    def conditions(self):
        """What the newest heartbeat complains of."""
        if not self.origin.beats:
            return set()
        beat = json.loads(self.origin.beats[-1][1])
        return {(each["kind"], each.get("detail", "")) for each in beat.get("conditions", [])}

    def drive(self, seconds, clients, path):
        """Counts of statuses while that many clients ask as fast as they can."""
        counts, lock = {}, threading.Lock()
        end = time.monotonic() + seconds

        def client(_):
            connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=60)
            while time.monotonic() < end:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
                if response.status == 200 and body != b"content of " + path.encode():
                    raise AssertionError(body)
                if response.status == 503 and int(response.headers["Retry-After"]) != 5:
                    raise AssertionError(response.headers)
                with lock:
                    counts[response.status] = counts.get(response.status, 0) + 1
            connection.close()
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            list(pool.map(client, range(clients)))
        return counts

    def test_over_its_rate_it_serves_its_rate(self):
        self.edge = edge(self.origin)
        self.edge.get("/hot")
        seconds = 3
        began = time.monotonic()
        counts = self.drive(seconds, 8, "/hot")
        took = time.monotonic() - began
        self.assertEqual(set(counts), {200, 503}, "nothing else, and several times the rate came")
        self.assertGreater(counts[503], counts[200])
        self.assertLessEqual(counts[200], MAX * (took + 0.3) + 8)
        self.assertGreaterEqual(counts[200], MAX * seconds * 0.5)
        self.assertEqual(
            self.edge.metric('proxima_edge_refused_total{resource="requests_per_s"}'), counts[503])
        harness.wait_until(lambda: ("overloaded", "requests_per_s") in self.conditions(),
                           what="the complaint")
        harness.wait_until(lambda: not self.conditions(), what="its end")
        harness.wait_until(lambda: self.edge.get("/hot")[0] == 200, what="service as before")

    def occupy(self, *paths):
        """The sockets of clients whose answers the origin has begun and holds back."""
        sockets = []
        for path in paths:
            sock = socket.create_connection(("127.0.0.1", self.edge.port), timeout=60)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
            sockets.append(sock)
        harness.wait_until(lambda: self.edge.metric("proxima_edge_fetches") == len(paths), 20)
        return sockets

    def test_what_there_is_no_room_for_is_sent_to_another_cluster(self):
        self.edge = edge(self.origin, "fetches = 1",
                         '[redirect]\noverload = true\nspill = "ams"\n'
                         'target = "http://{cluster}.{host}"',
                         "connections]\ntarget = 5000\nmax = 9000")
        self.edge.get("/stored")
        waiting = self.occupy("/drip/1")
        status, fields, _ = self.edge.get("/another", Host="www.example")
        self.assertEqual((status, fields["location"]), (302, "http://ams.www.example/another"))
        self.assertIn("detail=redirect", fields["cache-status"])
        # What is here, what can't be sent on, and what was sent here by another cluster.
        self.assertEqual(self.edge.get("/stored")[0], 200)
        self.assertEqual(self.edge.get("/another", "POST", b"x")[0], 503)
        self.assertEqual(self.edge.get("/another", Host="fra.www.example")[0], 503)
        self.origin.release.set()
        for sock in waiting:
            sock.close()

    def test_fetches_are_bounded_and_hits_go_on(self):
        self.edge = edge(self.origin, "fetches = 2",
                         capacity="connections]\ntarget = 5000\nmax = 9000")
        self.edge.get("/stored")
        waiting = self.occupy("/drip/1", "/drip/2")
        status, fields, _ = self.edge.get("/another")
        self.assertEqual((status, fields["retry-after"]), (503, "5"))
        self.assertIn("detail=overloaded", fields["cache-status"])
        self.assertEqual(self.origin.count("/another"), 0)
        self.assertEqual(self.edge.get("/stored")[0], 200)
        self.assertEqual(self.edge.get("/another", "POST", b"x")[0], 503)
        self.origin.release.set()
        for sock in waiting:
            received = b""
            while more := sock.recv(65536):
                received += more
            sock.close()
            self.assertTrue(received.endswith(b"0\r\n\r\n"), "what was taken on is served whole")
        harness.wait_until(lambda: self.edge.get("/another")[0] == 200, what="room again")

    def test_connections_over_the_max_are_told_so(self):
        self.edge = edge(self.origin, capacity="connections]\ntarget = 5\nmax = 10")
        held = [socket.create_connection(("127.0.0.1", self.edge.port), timeout=60)
                for _ in range(10)]
        harness.wait_until(lambda: self.edge.metric("proxima_edge_connections") == 10,
                           what="ten of them")
        received = self.edge.raw(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", timeout=60)
        self.assertTrue(received.startswith(b"HTTP/1.1 503 "), received)
        self.assertIn(b"Retry-After: 5\r\n", received)
        harness.wait_until(lambda: ("overloaded", "connections") in self.conditions(),
                           what="the complaint")
        held[0].sendall(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertTrue(held[0].recv(4096).startswith(b"HTTP/1.1 200 "), "who is in is served")
        for sock in held:
            sock.close()
        harness.wait_until(lambda: self.edge.get("/a")[0] == 200, what="room again")

    def test_one_client_has_its_share_of_connections(self):
        self.edge = edge(self.origin, "client_connections = 3")
        held = [socket.create_connection(("127.0.0.1", self.edge.port), timeout=60)
                for _ in range(3)]
        harness.wait_until(lambda: self.edge.metric("proxima_edge_connections") == 3, what="three")
        self.assertEqual(self.edge.raw(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", timeout=60), b"")
        for sock in held:
            sock.close()
        harness.wait_until(lambda: self.edge.metric("proxima_edge_connections") == 0, what="none")
        self.assertEqual(self.edge.get("/a")[0], 200)

    # The sanitizer opens a pipe to look at an object's type, and takes none for a wrong type.
    @unittest.skipIf(harness.is_sanitized("proxima-edge"), "the sanitizer needs descriptors")
    def test_out_of_descriptors_it_goes_on_and_says_so(self):
        self.edge = edge(self.origin)
        self.edge.get("/kept")
        pid = self.edge.process.pid
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, used + 20))
        busy, idle = [], []
        for i in range(60):
            sock = socket.create_connection(("127.0.0.1", self.edge.port), timeout=60)
            # Every second one is idle after an answer, the others are silent from the start.
            if i % 2:
                sock.sendall(b"GET /kept HTTP/1.1\r\nHost: h\r\n\r\n")
                idle.append(sock)
            else:
                busy.append(sock)
        harness.wait_until(lambda: any(kind == "descriptors" for kind, _ in self.conditions()),
                           what="the complaint")
        for sock in busy + idle:
            sock.close()
        harness.wait_until(lambda: self.edge.get("/kept")[0] == 200, what="service")
        self.assertTrue(self.edge.process.running())


if __name__ == "__main__":
    unittest.main()
