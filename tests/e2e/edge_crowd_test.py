"""Thousands of connections to one edge: idle ones cost little, slow ones end, others are served."""
import http.client
import http.server
import pathlib
import re
import resource
import socket
import threading
import time
import unittest
import urllib.request

import harness

IDLE = 2000
SLOW = 100
LARGE = 8 << 20


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        body = b"x" * (LARGE if self.path == "/large" else 2000)
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def is_sanitized():
    """A sanitizer's allocator keeps what was freed, and much beside."""
    return b"__asan_init" in pathlib.Path(harness.binary("proxima-edge")).read_bytes()


class EdgeCrowdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
        cls.origin.daemon_threads = True
        threading.Thread(target=cls.origin.serve_forever, daemon=True).start()
        cls.port, cls.admin = harness.free_port(), harness.free_port()
        config = harness.folder() / "edge.toml"
        config.write_text(f"""
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:{cls.port}"]
admin = "127.0.0.1:{cls.admin}"
workers = 1
[limits]
idle_timeout = "1h"
header_timeout = "2s"
body_timeout = "2s"
write_timeout = "2s"
[cache]
memory = "64MiB"
[origin]
url = "http://127.0.0.1:{cls.origin.server_port}"
""")
        cls.edge = harness.Process([harness.binary("proxima-edge"), "run", "-c", str(config)])
        cls.edge.wait_for_port(cls.port)

    @classmethod
    def tearDownClass(cls):
        cls.edge.stop()
        cls.origin.shutdown()
        cls.origin.server_close()

    def connect(self, room=None):
        client = socket.socket()
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(60)
        client.connect(("127.0.0.1", self.port))
        self.addCleanup(client.close)
        return client

    def ask(self, client):
        """One request on a connection that stays."""
        client.sendall(b"GET /page HTTP/1.1\r\nHost: crowd.example\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < 2000:
            more = client.recv(65536)
            self.assertTrue(more)
            answer += more
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"))

    def get(self, path="/page"):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        client.request("GET", path, headers={"Host": "crowd.example"})
        answer = client.getresponse()
        body = answer.read()
        client.close()
        return answer.status, len(body)

    def rss(self):
        status = pathlib.Path(f"/proc/{self.edge.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def open_connections(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=60) as got:
            text = got.read().decode()
        return int(re.search(r"^proxima_edge_connections (\d+)", text, re.M).group(1))

    def test_idle_connections_cost_little_and_the_node_still_answers(self):
        for _ in range(50):
            self.ask(self.connect())
        before = self.rss()
        idle = [self.connect() for _ in range(IDLE)]
        for client in idle:
            self.ask(client)
        each = (self.rss() - before) / IDLE
        self.assertLess(each, 128 * 1024 if is_sanitized() else 12 * 1024)
        self.assertEqual(self.get(), (200, 2000))
        for client in idle[::100]:
            self.ask(client)  # they are connections still

    def wait_until_ended(self, clients, poke):
        """Pokes those that are open and asks as others do, until all have been ended."""
        left = set(clients)
        for client in left:
            client.setblocking(False)

        def has_ended(client):
            try:
                poke(client)
                return not client.recv(65536)
            except BlockingIOError:
                return False
            except OSError:
                return True

        def ended():
            for client in [each for each in left if has_ended(each)]:
                left.discard(client)
            self.assertEqual(self.get(), (200, 2000))
            return not left
        harness.wait_until(ended, 30, "all slow clients ended", interval=0.05)

    def test_heads_that_drip_end_in_time_and_others_are_served(self):
        slow = [self.connect() for _ in range(SLOW)]
        for client in slow:
            client.sendall(b"GET /page HTTP/1.1\r\nHost: crowd.example\r\nX-Slow: ")
        self.wait_until_ended(slow, lambda client: client.send(b"a"))

    def test_bodies_that_stall_end_in_time_and_others_are_served(self):
        slow = [self.connect() for _ in range(SLOW)]
        for client in slow:
            client.sendall(b"POST /form HTTP/1.1\r\nHost: crowd.example\r\n"
                           b"Content-Length: 1000\r\n\r\nabc")
        self.wait_until_ended(slow, lambda client: None)

    def test_readers_that_take_nothing_end_in_time_and_hold_no_copies(self):
        self.assertEqual(self.get("/large"), (200, LARGE))
        self.assertEqual(self.get("/large"), (200, LARGE))
        harness.wait_until(lambda: self.open_connections() == 0, what="nobody else is there")
        before = self.rss()
        slow = [self.connect(room=4096) for _ in range(SLOW)]
        for client in slow:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: crowd.example\r\n\r\n")
        harness.wait_until(lambda: self.open_connections() >= SLOW, what="they are there")
        begun = time.monotonic()
        while time.monotonic() < begun + 1:
            self.assertEqual(self.get(), (200, 2000))
        self.assertLess(self.rss() - before, SLOW * LARGE / 8)
        harness.wait_until(lambda: self.open_connections() == 0, 30, "they are ended")


if __name__ == "__main__":
    unittest.main()
