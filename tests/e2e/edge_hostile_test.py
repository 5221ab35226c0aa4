"""proxima-edge between hostile origins and hostile clients: bounded, honest, still there."""
import http.client
import socket
import socketserver
import struct
import threading
import time
import unittest

import harness
from edge_test import Edge

LENGTH = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n"


class Liar(socketserver.ThreadingTCPServer):
    """An origin that answers each path with a function of its own, octet by octet."""
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), LiarHandler)
        self.port = self.server_address[1]
        self.asked = []
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # the edge hangs up on liars


class LiarHandler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            path = line.split()[1].decode()
            self.server.asked.append(path)
            if getattr(self, path.strip("/").split("/")[0], self.plain)() == "close":
                return

    def plain(self):
        self.wfile.write(LENGTH % 5 + b"plain")

    def silent(self):
        self.server.over.wait(30)
        return "close"

    def reset(self):
        self.wfile.write(LENGTH % 100_000 + b"x" * 1000)
        self.wfile.flush()
        time.sleep(0.1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        return "close"

    def shorter(self):
        self.wfile.write(LENGTH % 100 + b"only this")
        return "close"

    def longer(self):
        """More than it announces, which looks like another answer."""
        self.wfile.write(LENGTH % 5 + b"right" + LENGTH % 6 + b"poison")

    def head_without_end(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.over.is_set():
                self.wfile.write(b"X-More: " + b"y" * 8000 + b"\r\n")
        except OSError:
            pass
        return "close"

    def dripping_head(self):
        try:
            for octet in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"z" * 100_000:
                self.wfile.write(bytes([octet]))
                if self.server.over.wait(0.05):
                    break
        except OSError:
            pass
        return "close"

    def interim_without_end(self):
        try:
            while not self.server.over.is_set():
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        except OSError:
            pass
        return "close"

    def chunks_without_sense(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n"
                         b"5\r\nfirst\r\nzz\r\nsecond\r\n0\r\n\r\n")
        return "close"

    def two_lengths(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")
        return "close"

    def garbage(self):
        self.wfile.write(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n")
        return "close"


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Liar()
        cls.edge = Edge(cls.origin.port, lambda config: config.replace(
            "[limits]", '[limits]\nbody_timeout = "1s"\nidle_timeout = "1s"'))

    @classmethod
    def tearDownClass(cls):
        status = cls.edge.process.stop()
        cls.origin.stop()
        if status != 0:
            raise AssertionError(f"exit status {status}:\n{cls.edge.process.log()}")

    def tearDown(self):
        # Whatever happened: the next one is served, and nothing is left under way.
        self.assertEqual(self.edge.get("/plain/after")[::2], (200, b"plain"))
        harness.wait_until(lambda: self.edge.metric("proxima_edge_fetches") == 0,
                           what="the end of all fetches")

    def cut(self, path):
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
            self.edge.get(path)

    def test_an_origin_that_says_nothing_is_504(self):
        self.assertEqual(self.edge.get("/silent")[0], 504)

    def test_an_origin_that_resets_cuts_the_answer(self):
        self.cut("/reset")
        self.cut("/reset")

    def test_less_than_announced_is_cut_and_not_stored_as_whole(self):
        self.cut("/shorter")
        self.cut("/shorter")

    def test_more_than_announced_is_not_the_next_answer(self):
        self.assertEqual(self.edge.get("/longer")[2], b"right")
        for i in range(8):
            self.assertEqual(self.edge.get(f"/plain/{i}")[2], b"plain")

    def test_a_head_without_end_is_502(self):
        self.assertEqual(self.edge.get("/head_without_end")[0], 502)

    def test_a_dripping_head_has_one_deadline(self):
        self.assertEqual(self.edge.get("/dripping_head")[0], 504)

    def test_interim_answers_without_end_are_502(self):
        received = self.edge.raw(b"GET /interim_without_end HTTP/1.1\r\nHost: h\r\n"
                                 b"Connection: close\r\n\r\n", timeout=60)
        self.assertIn(b"HTTP/1.1 502 ", received)
        self.assertLess(received.count(b"HTTP/1.1 103 "), 100)

    def test_bad_chunks_cut_the_answer(self):
        received = self.edge.raw(b"GET /chunks_without_sense HTTP/1.1\r\nHost: h\r\n"
                                 b"Connection: close\r\n\r\n", timeout=60)
        self.assertNotIn(b"second", received)
        self.assertFalse(received.endswith(b"0\r\n\r\n"), "a cut answer must not look whole")

    def test_what_can_be_read_in_two_ways_is_502(self):
        self.assertEqual(self.edge.get("/two_lengths")[0], 502)
        self.assertEqual(self.edge.get("/garbage")[0], 502)

    def test_clients_that_stop_in_the_middle_are_ended(self):
        halves = []
        for octets in (b"", b"GET /a HT",
                       b"POST /plain HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhal",
                       b"POST /plain HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                       b"\r\n5\r\nhe"):
            sock = socket.create_connection(("127.0.0.1", self.edge.port), timeout=60)
            sock.sendall(octets)
            halves.append(sock)
        for sock in halves:
            try:
                while sock.recv(65536):
                    pass  # at the latest after a second or so it has ended
            except ConnectionResetError:
                pass
            sock.close()

    def test_half_closed_clients_get_their_answer(self):
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=60) as sock:
            sock.sendall(b"GET /plain/half HTTP/1.1\r\nHost: h\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            received = b""
            while more := sock.recv(65536):
                received += more
        self.assertTrue(received.endswith(b"plain"), received)

    def test_a_flood_of_posts_that_never_end_leaves_room_for_others(self):
        flood = []
        for _ in range(200):
            sock = socket.create_connection(("127.0.0.1", self.edge.port), timeout=60)
            sock.sendall(b"POST /plain HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx")
            flood.append(sock)
        self.assertEqual(self.edge.get("/plain/during")[::2], (200, b"plain"))
        for sock in flood:
            sock.close()


if __name__ == "__main__":
    unittest.main()
