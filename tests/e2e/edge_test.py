"""proxima-edge end to end: a real edge, a scripted origin and a fake GSLB, all on loopback."""
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.request

import harness

KEY = b"e2e secret"


class Origin(harness.HttpServer):
    """Answers by path; remembers what was asked."""

    def __init__(self):
        super().__init__(OriginHandler)
        self.asked = []  # (method, path, headers, body)
        self.lock = threading.Lock()
        self.release = threading.Event()  # lets a dripping body go on
        self.open = []
        self.beats = []  # (headers, body) of heartbeats

    def get_request(self):
        sock, address = super().get_request()
        self.open.append(sock)
        return sock, address

    def stop(self):
        """Gone, kept-alive connections included."""
        super().stop()
        for sock in self.open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already

    def count(self, path):
        with self.lock:
            return sum(1 for asked in self.asked if asked[1] == path)

    def last(self, path):
        with self.lock:
            return [asked for asked in self.asked if asked[1] == path][-1]


class OriginHandler(harness.HttpHandler):
    def reply(self, body=b"", status=200, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            octets = b""
            while True:
                size = int(self.rfile.readline(), 16)
                octets += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return octets
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def handle_any(self):
        body = self.body()
        if self.path == "/v1/heartbeat":
            self.server.beats.append((dict(self.headers), body))
            return self.reply()
        with self.server.lock:
            self.server.asked.append((self.command, self.path, dict(self.headers), body))
        name = re.match(r"/(\w*)", self.path).group(1)
        return getattr(self, "page_" + name, self.page_plain)(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def page_plain(self, _):
        self.reply(b"content of " + self.path.encode(), Cache_Control="max-age=60", ETag='"v1"')

    def page_validated(self, _):
        if self.headers.get("If-None-Match") == '"v1"':
            return self.reply(status=304, ETag='"v1"', X_Round="second", Cache_Control="max-age=0")
        return self.reply(b"validated", ETag='"v1"', X_Round="first", Cache_Control="max-age=0")

    def page_language(self, _):
        self.reply(self.headers.get("Accept-Language", "none").encode(),
                   Cache_Control="max-age=60", Vary="Accept-Language")

    def page_private(self, _):
        time.sleep(0.2)
        self.reply(str(self.server.count(self.path)).encode(), Cache_Control="private")

    def page_echo(self, body):
        self.reply(body)

    def page_drip(self, _):
        """The first half at once, the second when the test says so."""
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.wfile.flush()
        self.server.release.wait(10)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def page_short(self, _):
        """Promises more than it sends."""
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def page_stall(self, _):
        self.server.release.wait(10)
        self.close_connection = True

    def page_large(self, _):
        """Larger than max_object, length not announced."""
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(64):
            self.wfile.write(b"x" * 65536)
        self.close_connection = True


CONFIG = """
[edge]
cluster = "fra"
node = "a"
key = "{key}"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 2
[limits]
header_size = "8KiB"
header_timeout = "500ms"
drain_grace = "100ms"
drain_timeout = "5s"
[cache]
memory = "16MiB"
max_object = "1MiB"
[origin]
url = "http://127.0.0.1:{origin}"
first_byte_timeout = "1s"
between_bytes_timeout = "1s"
[report]
gslb = ["http://127.0.0.1:{dead}", "http://127.0.0.1:{origin}"]
interval = "100ms"
[report.capacity.requests_per_s]
target = 100
max = 2000000
"""


class Edge:
    def __init__(self, origin_port, change=lambda text: text):
        self.port, self.admin = harness.free_port(), harness.free_port()
        path = harness.folder() / "edge.toml"
        path.write_text(change(CONFIG.format(
            key=KEY.decode(), port=self.port, admin=self.admin, origin=origin_port,
            dead=harness.free_port())))
        program = harness.binary("proxima-edge")
        subprocess.run([program, "check", "-c", str(path)], check=True, capture_output=True)
        self.process = harness.start_edge(path)

    def get(self, path, method="GET", body=None, **fields):
        """(status, fields with lower-case names, body) over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body,
                               {name.replace("_", "-"): value for name, value in fields.items()})
            response = connection.getresponse()
            octets = response.read()
            return (response.status,
                    {name.lower(): value for name, value in response.getheaders()}, octets)
        finally:
            connection.close()

    def raw(self, octets, timeout=10):
        """Everything the edge sends until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as sock:
            sock.sendall(octets)
            received = b""
            while True:
                try:
                    more = sock.recv(65536)
                except ConnectionResetError:
                    return received
                if not more:
                    return received
                received += more

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as page:
            return page.read().decode()

    def metric(self, name):
        return float(re.search(rf"^{re.escape(name)} (\S+)$", self.metrics(), re.M).group(1))


class EdgeCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()
        cls.edge = Edge(cls.origin.port)

    @classmethod
    def tearDownClass(cls):
        cls.origin.release.set()
        status = cls.edge.process.stop()
        cls.origin.stop()
        if status != 0:
            raise AssertionError(f"exit status {status}:\n{cls.edge.process.log()}")

    def setUp(self):
        self.origin.release.clear()


class Caching(EdgeCase):
    def test_a_miss_is_stored_and_hit(self):
        status, fields, body = self.edge.get("/a")
        self.assertEqual((status, body), (200, b"content of /a"))
        self.assertEqual(fields["cache-status"], "fra-a; fwd=uri-miss; ttl=60; stored")
        status, fields, body = self.edge.get("/a")
        self.assertEqual((status, body), (200, b"content of /a"))
        self.assertRegex(fields["cache-status"], r"^fra-a; hit; ttl=(60|59)$")
        self.assertIn("age", fields)
        self.assertEqual(self.origin.count("/a"), 1)

    def test_head_is_answered_from_the_get(self):
        self.edge.get("/head")
        status, fields, body = self.edge.get("/head", "HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(fields["content-length"], str(len("content of /head")))
        self.assertIn("; hit", fields["cache-status"])
        self.assertEqual(self.origin.count("/head"), 1)

    def test_stale_is_revalidated_with_the_stored_tag(self):
        fields = self.edge.get("/validated")[1]
        self.assertEqual(fields["cache-status"], "fra-a; fwd=uri-miss; ttl=0; stored")
        status, fields, body = self.edge.get("/validated")
        self.assertEqual((status, body), (200, b"validated"))
        self.assertIn("fwd=stale; fwd-status=304", fields["cache-status"])
        self.assertEqual(fields["x-round"], "second")  # the 304 updates what is stored
        self.assertEqual(self.origin.last("/validated")[2]["If-None-Match"], '"v1"')

    def test_clients_conditions_and_ranges_are_answered_from_the_store(self):
        self.edge.get("/cond")
        self.assertEqual(self.edge.get("/cond", If_None_Match='"x", "v1"')[0], 304)
        status, fields, body = self.edge.get("/cond", Range="bytes=0-6")
        self.assertEqual((status, body), (206, b"content"))
        self.assertEqual(fields["content-range"], "bytes 0-6/16")
        self.assertEqual(self.edge.get("/cond", Range="bytes=99-")[0], 416)
        self.assertEqual(self.edge.get("/cond", Range="bytes=0-1", If_Range='"old"')[0], 200)
        self.assertEqual(self.origin.count("/cond"), 1)

    def test_vary_keeps_variants_apart(self):
        for language in ("en", "de", "en", "de"):
            self.assertEqual(self.edge.get("/language", Accept_Language=language)[2],
                             language.encode())
        self.assertEqual(self.origin.count("/language"), 2)

    def test_an_unsafe_method_invalidates(self):
        self.edge.get("/unsafe")
        self.assertIn("; hit", self.edge.get("/unsafe")[1]["cache-status"])
        status, fields, _ = self.edge.get("/unsafe", "POST", b"x")
        self.assertEqual((status, fields["cache-status"]), (200, "fra-a; fwd=method"))
        self.assertIn("fwd=uri-miss", self.edge.get("/unsafe")[1]["cache-status"])

    def test_larger_than_the_limit_streams_through_whole_and_unstored(self):
        for _ in range(2):
            self.assertEqual(len(self.edge.get("/large")[2]), 64 * 65536)
        self.assertEqual(self.origin.count("/large"), 2)


class Collapsing(EdgeCase):
    def first_octets(self, path):
        sock = socket.create_connection(("127.0.0.1", self.edge.port), timeout=10)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while b"first" not in received:
            received += sock.recv(65536)
        return sock, received

    def test_concurrent_misses_make_one_fetch_and_stream_before_it_ends(self):
        collapsed = 'proxima_edge_requests_total{status="2xx",cache="collapsed"}'
        before = self.edge.metric(collapsed)
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            # All of them have the first octets while the origin still holds the rest back.
            open_sockets = list(pool.map(lambda _: self.first_octets("/drip"), range(30)))
        self.origin.release.set()
        for sock, received in open_sockets:
            with sock:
                while more := sock.recv(65536):
                    received += more
            self.assertTrue(received.endswith(b"6\r\nsecond\r\n0\r\n\r\n"), received)
        self.assertEqual(self.origin.count("/drip"), 1)
        self.assertEqual(self.edge.metric(collapsed) - before, 29)

    def test_a_leader_that_hangs_up_strands_nobody(self):
        leader, _ = self.first_octets("/drip/leader")
        follower, received = self.first_octets("/drip/leader")
        leader.close()
        self.origin.release.set()
        with follower:
            while more := follower.recv(65536):
                received += more
        self.assertTrue(received.endswith(b"second\r\n0\r\n\r\n"))
        self.assertEqual(self.origin.count("/drip/leader"), 1)

    def test_a_private_response_is_never_shared(self):
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: self.edge.get("/private"), range(10)))
        self.assertEqual(self.origin.count("/private"), 10)
        for _, fields, _ in answers:
            self.assertNotIn("collapsed", fields["cache-status"])


class Wire(EdgeCase):
    def statuses(self, octets):
        return re.findall(rb"^HTTP/1\.1 (\d{3})", self.edge.raw(octets), re.M)

    def test_pipelined_requests_are_answered_in_order(self):
        received = self.edge.raw(
            b"GET /p1 HTTP/1.1\r\nHost: h\r\n\r\nGET /p2 HTTP/1.1\r\nHost: h\r\n\r\n"
            b"GET /p1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        self.assertEqual(re.findall(rb"content of (/p\d)", received), [b"/p1", b"/p2", b"/p1"])

    def test_bodies_pass_in_both_framings(self):
        self.assertEqual(self.edge.get("/echo", "POST", b"counted")[2], b"counted")
        received = self.edge.raw(
            b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: x\r\n\r\n")
        self.assertTrue(received.endswith(b"abcdefg"), received)

    def test_expect_continue_is_answered_before_the_body(self):
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=10) as sock:
            sock.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
                         b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            self.assertEqual(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(b"ok")
            received = b""
            while more := sock.recv(65536):
                received += more
        self.assertTrue(received.startswith(b"HTTP/1.1 200") and received.endswith(b"ok"))

    def test_smuggling_attempts_are_refused_and_the_connection_closed(self):
        hidden = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
        start = b"POST /echo HTTP/1.1\r\nHost: h\r\n"
        for attempt in (
                start + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                start + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
                start + b"Transfer-Encoding: xchunked\r\n\r\n",
                start + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                start + b"Transfer-Encoding:\n chunked\r\n\r\n0\r\n\r\n",
                start + b"X: a\r\n Content-Length: 5\r\n\r\n",
                b"GET / HTTP/1.1\nHost: h\n\n",
                b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
                b"GET / HTTP/1.1\r\n\r\n"):
            with self.subTest(attempt=attempt):
                self.assertEqual(self.statuses(attempt + hidden), [b"400"])
        bad_chunk = start + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n"
        self.assertEqual(self.statuses(bad_chunk + hidden), [b"400"])
        self.assertEqual(self.origin.count("/smuggled"), 0)

    def test_limits(self):
        long_line = b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n"
        self.assertEqual(self.statuses(long_line), [b"414"])
        long_head = b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 9000 + b"\r\n\r\n"
        self.assertEqual(self.statuses(long_head), [b"431"])
        self.assertEqual(self.statuses(b"GET / HTTP/1.1\r\nHost"), [b"408"])  # never finished

    def test_loops_are_refused(self):
        status, fields, _ = self.edge.get("/", CDN_Loop="other, fra-a;v=1")
        self.assertEqual(status, 508)
        self.edge.get("/forwarded")
        sent = self.origin.last("/forwarded")[2]
        self.assertEqual(sent["CDN-Loop"], "fra-a")
        self.assertEqual(sent["Via"], "1.1 fra-a")
        self.assertEqual(sent["X-Forwarded-For"], "127.0.0.1")

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_gets_a_file(self):
        url = f"http://127.0.0.1:{self.edge.port}/curl"
        out = subprocess.run(["curl", "-sS", "--max-time", "10", url], capture_output=True,
                             check=True)
        self.assertEqual(out.stdout, b"content of /curl")


class BadOrigins(EdgeCase):
    def test_a_short_body_is_cut_and_never_stored(self):
        for _ in range(2):
            with self.assertRaises(http.client.IncompleteRead):
                self.edge.get("/short")
        self.assertEqual(self.origin.count("/short"), 2)

    def test_a_stalling_origin_is_a_504(self):
        status, fields, _ = self.edge.get("/stall")
        self.assertEqual(status, 504)
        self.assertIn("detail=origin-timeout", fields["cache-status"])

    def test_a_dead_origin_is_a_502_and_hits_go_on(self):
        origin = Origin()
        edge = Edge(origin.port)
        edge.get("/kept")
        edge.get("/validated")  # stored, but stale at once
        origin.stop()
        self.assertEqual(edge.get("/new")[0], 502)
        self.assertIn("; hit", edge.get("/kept")[1]["cache-status"])
        status, fields, body = edge.get("/validated")
        self.assertEqual((status, body), (200, b"validated"))  # disconnected, RFC 9111 4.2.4
        self.assertIn("detail=origin-unreachable", fields["cache-status"])
        self.assertEqual(edge.get("/validated", Cache_Control="no-cache")[0], 502)
        self.assertEqual(edge.process.stop(), 0)


class Reports(EdgeCase):
    def beats(self):
        return [json.loads(body) for _, body in list(self.origin.beats)]


class Sums(Reports):
    """An edge of its own: an earlier test's connections are told of when they end, whenever."""

    def test_heartbeats_tell_of_hits_and_of_requests_that_failed(self):
        def sums():
            beats = self.beats()
            samples = [sample for beat in beats for sample in beat["rtt"]]
            caches = [beat["cache"] for beat in beats if "cache" in beat]
            return (sum(each.get("requests", 0) for each in samples),
                    sum(each.get("failed", 0) for each in samples),
                    sum(each["requests"] for each in caches), sum(each["hits"] for each in caches))

        for _ in range(4):
            self.edge.get("/warm")
        self.assertIn(b"408", self.edge.raw(b"GET / HTTP/1.1\r\nHost"))  # never finished
        self.edge.get("/loop", CDN_Loop="fra-a")  # 508, of the edge itself
        harness.wait_until(lambda: sums()[0] >= 6 and sums()[2] >= 4,
                           what="six requests told of, four of them of the cache")
        self.assertEqual(sums(), (6, 2, 4, 3))


class Reporting(Reports):
    def test_heartbeats_are_signed_and_tell_the_truth(self):
        for i in range(20):
            self.edge.get(f"/load/{i}")
        harness.wait_until(lambda: any(beat["rtt"] for beat in self.beats()), what="RTT samples")
        beats = self.beats()
        busiest = max(load["current"] for beat in beats for load in beat["load"]
                      if load["resource"] == "requests_per_s")
        self.assertGreater(busiest, 0)
        for (fields, body), beat in zip(list(self.origin.beats), beats):
            signed = b"v1\n" + fields["Proxima-Time"].encode() + b"\n" + body
            self.assertEqual(fields["Proxima-Signature"],
                             hmac.new(KEY, signed, hashlib.sha256).hexdigest())
            self.assertEqual((fields["Proxima-Cluster"], beat["cluster"], beat["node"]),
                             ("fra", "fra", "a"))
        sequences = [beat["sequence"] for beat in beats]
        self.assertEqual(sequences, sorted(set(sequences)))
        loads = {load["resource"]: load for load in beats[-1]["load"]}
        self.assertEqual((loads["requests_per_s"]["target"], loads["requests_per_s"]["max"]),
                         (100, 2000000))
        self.assertEqual(set(loads), {"requests_per_s", "egress_bits_per_s", "connections"})
        clients = {sample["prefix"] if "prefix" in sample else sample["client"]
                   for beat in beats for sample in beat["rtt"]}
        self.assertEqual(clients, {"127.0.0.0/24"})

    def test_state_changes_by_the_admin_listener(self):
        def set_state(state):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.edge.admin}/v1/state?state={state}", method="POST")
            return urllib.request.urlopen(request, timeout=10).read()
        self.assertEqual(set_state("draining"), b"draining\n")
        harness.wait_until(lambda: self.beats()[-1]["state"] == "draining", what="draining")
        self.assertEqual(self.edge.get("/drain")[1].get("connection"), "close")
        set_state("up")
        harness.wait_until(lambda: self.beats()[-1]["state"] == "up", what="up")

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_metrics_are_clean(self):
        self.edge.get("/metric")
        done = subprocess.run(["promtool", "check", "metrics"], input=self.edge.metrics().encode(),
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Tls(unittest.TestCase):
    def test_origin_and_gslb_over_tls_with_a_private_authority(self):
        folder = harness.folder()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                        "-out", folder / "cert.pem"], check=True, capture_output=True)
        origin = Origin()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        origin.socket = context.wrap_socket(origin.socket, server_side=True)
        trusted = f'ca_file = "{folder / "cert.pem"}"'
        edge = Edge(origin.port, lambda text: text.replace("http://", "https://").replace(
            "[origin]", "[origin]\n" + trusted).replace("[report]", "[report]\n" + trusted))
        self.assertEqual(edge.get("/tls")[2], b"content of /tls")
        harness.wait_until(lambda: origin.beats, what="a heartbeat over TLS")
        self.assertEqual(edge.process.stop(), 0)
        # Without the authority nothing is trusted.
        stranger = Edge(origin.port, lambda text: text.replace("http://", "https://"))
        status, fields, _ = stranger.get("/tls")
        self.assertEqual(status, 502)
        self.assertIn("detail=origin-tls", fields["cache-status"])
        self.assertEqual(stranger.process.stop(), 0)
        origin.stop()


class Draining(unittest.TestCase):
    def test_sigterm_reports_first_and_lets_transfers_end(self):
        origin = Origin()
        edge = Edge(origin.port)
        with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as sock, \
                socket.create_connection(("127.0.0.1", edge.port), timeout=10) as idle:
            idle.sendall(b"GET /idle HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertIn(b"200", idle.recv(65536))
            sock.sendall(b"GET /drip HTTP/1.1\r\nHost: h\r\n\r\n")
            received = b""
            while b"first" not in received:
                received += sock.recv(65536)
            edge.process.signal(signal.SIGTERM)
            harness.wait_until(lambda: not harness.can_connect(edge.port), what="closed door")
            self.assertEqual(json.loads(origin.beats[-1][1])["state"], "draining")
            self.assertTrue(edge.process.running())  # a transfer is under way
            origin.release.set()
            while more := sock.recv(65536):
                received += more
            self.assertTrue(received.endswith(b"6\r\nsecond\r\n0\r\n\r\n"))
            while idle.recv(65536):
                pass
        self.assertEqual(edge.process.child.wait(10), 0)
        origin.stop()


if __name__ == "__main__":
    unittest.main()
