"""Ranges and large responses: crowds on ranges, slices, representations that change, origins that
know no ranges."""
import concurrent.futures
import http.client
import http.server
import random
import re
import threading
import unittest

import harness

MIB = 1 << 20
CONFIG = """
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 2
[cache]
memory = "32MiB"
{cache}
[origin]
url = "http://127.0.0.1:{origin}"
"""


class File:
    """What the origin has at a path."""

    def __init__(self, octets, tag='"v1"', ranges=True, **fields):
        self.octets, self.tag, self.ranges = octets, tag, ranges
        self.fields = {"Cache-Control": "max-age=600"} | fields
        self.gate = threading.Event()  # closed: answers wait
        self.gate.set()
        self.cut = []  # octets after which the next answers break off


class Origin(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.files = {}
        self.asked = []  # (path, Range, If-Range, If-None-Match)
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def ranges(self, path):
        with self.lock:
            return [asked[1] for asked in self.asked if asked[0] == path]

    def handle_error(self, request, client_address):
        pass  # the edge may close when it likes


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server, get = self.server, self.headers.get
        with server.lock:
            server.asked.append((self.path, get("Range"), get("If-Range"), get("If-None-Match")))
        file = server.files[self.path]
        file.gate.wait(20)
        octets, status, where = file.octets, 200, None
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", get("Range", ""))
        if get("If-None-Match") == file.tag:
            octets, status = b"", 304
        elif file.ranges and asked and get("If-Range", file.tag) == file.tag:
            first = int(asked[1])
            last = min(int(asked[2] or len(octets) - 1), len(octets) - 1)
            status, where = 206, f"bytes {first}-{last}/{len(octets)}"
            octets = octets[first:last + 1]
        self.send_response(status)
        self.send_header("ETag", file.tag)
        for name, value in file.fields.items():
            self.send_header(name, value)
        if file.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if where:
            self.send_header("Content-Range", where)
        if status != 304:
            self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        if self.command == "HEAD" or status == 304:
            return
        cut = file.cut.pop(0) if file.cut else None
        self.wfile.write(octets[:cut])
        if cut is not None:
            self.close_connection = True

    do_HEAD = do_POST = do_GET


class Reply:
    def __init__(self, response, method):
        self.status = response.status
        self.fields = {name.lower(): value for name, value in response.getheaders()}
        self.whole = True
        try:
            self.body = b"" if method == "HEAD" else response.read()
        except http.client.IncompleteRead as error:
            self.body, self.whole = error.partial, False
        self.cache = self.fields.get("cache-status", "")


class Ranges(unittest.TestCase):
    cache = ""

    def setUp(self):
        self.origin = Origin()
        self.addCleanup(self.origin.server_close)
        self.addCleanup(self.origin.shutdown)
        self.port, self.admin = harness.free_port(), harness.free_port()
        path = harness.folder() / f"edge-{self.id()}.toml"
        path.write_text(CONFIG.format(port=self.port, admin=self.admin, origin=self.origin.port,
                                      cache=self.cache))
        self.edge = harness.Process([harness.binary("proxima-edge"), "run", "-c", str(path)])
        self.addCleanup(self.edge.stop)
        self.edge.wait_for_log("ready")

    def ask(self, path, ranges=None, method="GET", **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        if ranges:
            fields["Range"] = "bytes=" + ranges
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers=fields)
            return Reply(connection.getresponse(), method)
        finally:
            connection.close()

    def crowd(self, path, ranges, size=50):
        """The replies to that many requests at a time, of which none is answered before the origin
        was asked."""
        gate = self.origin.files[path].gate
        gate.clear()
        before = len(self.origin.ranges(path))
        with concurrent.futures.ThreadPoolExecutor(size) as pool:
            futures = [pool.submit(self.ask, path, ranges) for _ in range(size)]
            harness.wait_until(lambda: len(self.origin.ranges(path)) > before, 20)
            gate.set()
            return [future.result() for future in futures]


class Small(Ranges):
    def test_a_crowd_on_one_range_asks_once(self):
        octets = random.Random(1).randbytes(100_000)
        self.origin.files["/a"] = File(octets)
        for reply in self.crowd("/a", "1000-1999"):
            self.assertEqual((reply.status, reply.body), (206, octets[1000:2000]))
            self.assertEqual(reply.fields["content-range"], "bytes 1000-1999/100000")
        self.assertEqual(len(self.origin.ranges("/a")), 1)

    def test_a_crowd_on_what_may_not_be_shared_gets_each_its_own(self):
        self.origin.files["/p"] = File(b"x" * 1000)
        self.origin.files["/p"].fields = {"Cache-Control": "private"}
        for reply in self.crowd("/p", "0-9", 20):
            self.assertEqual((reply.status, reply.body), (206, b"x" * 10))
        self.assertEqual(len(self.origin.ranges("/p")), 20)


if __name__ == "__main__":
    unittest.main()
