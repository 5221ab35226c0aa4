"""proxima-edge and HTTP/2: real clients, and clients that break its rules."""
import shutil
import signal
import struct
import subprocess
import unittest

import harness
import h2_frames as h2
from edge_test import Origin
from edge_tls_test import TlsEdge, certificate, entry


def limited(text):
    return text.replace("[limits]", '[limits]\nwrite_timeout = "700ms"\nbody_timeout = "5s"')


class Http2Edge(TlsEdge):
    def __init__(self, origin_port, change=lambda text: text):
        folder = harness.folder()
        certificate(folder, "site", ["h", "www.example"])
        certificate(folder, "other", ["other.example"])
        self.clear = harness.free_port()
        listener = f'[[edge.listener]]\naddress = "127.0.0.1:{self.clear}"\nhttp2 = true\n'
        super().__init__(origin_port, folder, entry("site") + entry("other"),
                         lambda text: change(text.replace("[limits]", listener + "[limits]")))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()
        cls.edge = Http2Edge(cls.origin.port, limited)

    @classmethod
    def tearDownClass(cls):
        assert cls.edge.process.stop() == 0, cls.edge.process.log()
        cls.origin.stop()


class RealClients(Case):
    def curl(self, *arguments):
        return subprocess.run(["curl", "-sSk", "--http2", "--max-time", "10", *arguments],
                              check=True, capture_output=True).stdout

    def url(self, path, host="www.example"):
        return ["--connect-to", f"{host}:443:127.0.0.1:{self.edge.tls}", f"https://{host}{path}"]

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_asks_and_is_answered(self):
        shown = self.curl("-D", "-", *self.url("/page"))
        self.assertTrue(shown.startswith(b"HTTP/2 200"))
        self.assertTrue(shown.endswith(b"content of /page"))
        self.assertRegex(self.curl("-D", "-", *self.url("/page")), b"cache-status: fra-a; hit")
        sent = self.origin.last("/page")[2]
        self.assertEqual((sent["Via"], sent["X-Forwarded-Proto"], sent["Host"]),
                         ("2 fra-a", "https", "www.example"))
        self.assertEqual(self.curl("-I", *self.url("/page")).count(b"HTTP/2 200"), 1)
        self.assertEqual(len(self.curl(*self.url("/large"))), 64 * 65536)
        self.assertEqual(self.curl("--http1.1", *self.url("/page")), b"content of /page")

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_uploads(self):
        upload = harness.folder() / "upload"
        upload.write_bytes(bytes(range(256)) * 4096)
        known = self.curl("--data-binary", f"@{upload}", *self.url("/echo"))
        self.assertEqual(known, upload.read_bytes())
        self.assertEqual(self.curl("-T", "-", "-X", "POST", *self.url("/echo"), "-H", "Expect:"),
                         b"")
        done = subprocess.run(["curl", "-sSk", "--http2", "-T", "-", "-X", "POST",
                               *self.url("/echo")], check=True, capture_output=True,
                              input=upload.read_bytes())
        self.assertEqual(done.stdout, upload.read_bytes())  # of no known length

    @unittest.skipUnless(shutil.which("h2load"), "h2load is not installed")
    def test_many_streams_at_once(self):
        done = subprocess.run(["h2load", "-n", "4000", "-c", "4", "-m", "50",
                               f"http://127.0.0.1:{self.edge.clear}/page"], check=True,
                              capture_output=True, text=True)
        self.assertIn("4000 succeeded, 0 failed, 0 errored", done.stdout)
        done = subprocess.run(["h2load", "-n", "40", "-c", "2", "-m", "10",
                               f"https://127.0.0.1:{self.edge.tls}/large"], check=True,
                              capture_output=True, text=True)
        self.assertIn("40 succeeded, 0 failed, 0 errored", done.stdout)

    @unittest.skipUnless(shutil.which("nghttp"), "nghttp is not installed")
    def test_nghttp_asks_and_is_answered(self):
        done = subprocess.run(["nghttp", "-nv", f"https://127.0.0.1:{self.edge.tls}/own"],
                              capture_output=True, text=True)
        self.assertIn(":status: 200", done.stdout)

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_a_connection_serves_hosts_of_its_certificates_alone(self):
        ask = ["-o", "/dev/null", "-w", "%{http_version} %{http_code}", *self.url("/own"), "-H"]
        self.assertEqual(self.curl(*ask, "Host: h"), b"2 200")
        self.assertEqual(self.curl(*ask, "Host: other.example"), b"2 421")


class Rules(Case):
    def client(self, settings=b""):
        return h2.Client(self.edge.clear, settings)

    def answer_to(self, fields, flags=h2.END_STREAM):
        with self.client() as client:
            client.ask(1, fields, flags)
            return client.answer()

    def test_a_request_in_frames_is_answered(self):
        self.assertEqual(self.answer_to(h2.request("/f")), (200, b"content of /f"))
        cookies = [("cookie", "a=1"), ("cookie", "b=2"), ("accept", "text/plain")]
        self.answer_to(h2.request("/cookies", more=cookies))
        self.assertEqual(self.origin.last("/cookies")[2]["Cookie"], "a=1; b=2")

    def test_malformed_requests_are_reset_or_refused(self):
        for more in ([("connection", "close")], [("transfer-encoding", "chunked")],
                     [("keep-alive", "1")], [("upgrade", "h2c")], [("te", "gzip")],
                     [("X-Upper", "1")], [(":path", "/twice")], [(":unknown", "1")],
                     [("x-bad", b"a\r\nX: b")], [("x-bad", b"a\0b")], [("content-length", "x")]):
            with self.subTest(more=more):
                self.assertEqual(self.answer_to(h2.request("/bad", more=more)),
                                 ("reset", h2.PROTOCOL_ERROR))
        for fields in (h2.request("bad"), h2.request("/bad two"), h2.request("http://h/bad"),
                       h2.request("/bad", more=[("host", "other")]),
                       h2.request("/bad", authority="h\nX: y"),
                       h2.request("/bad", method="GET /x HTTP/1.1\r\n")):
            with self.subTest(fields=fields):
                self.assertIn(self.answer_to(fields)[0], (400, "reset"))
        self.assertEqual([asked for asked in self.origin.asked if "bad" in asked[1]], [])

    def test_a_body_of_another_length_than_told_is_reset(self):
        for body in (b"12345678", b"12"):
            with self.client() as client:
                client.ask(1, h2.request("/echo", "POST", [("content-length", "5")]), 0)
                client.send(h2.frame(h2.DATA, h2.END_STREAM, 1, body))
                self.assertEqual(client.answer(), ("reset", h2.PROTOCOL_ERROR))

    def test_trailers_are_dropped(self):
        with self.client() as client:
            client.ask(1, h2.request("/echo", "POST"), 0)
            client.send(h2.frame(h2.DATA, 0, 1, b"body"))
            client.ask(1, h2.block([("x-trailer", "1")]))
            self.assertEqual(client.answer(), (200, b"body"))

    def test_large_heads_are_refused_and_endless_ones_cut(self):
        big = h2.request("/big", more=[("x-big", "a" * 9000)])
        self.assertEqual(self.answer_to(big)[0], 431)
        with self.client() as client:
            client.send(h2.frame(h2.HEADERS, h2.END_STREAM, 1, h2.request("/endless")))
            try:
                for _ in range(2000):
                    client.send(h2.frame(h2.CONTINUATION, 0, 1, h2.block([("x", "y" * 1000)])))
            except OSError:
                pass
            self.assertIn((client.until(h2.GOAWAY) or (h2.GOAWAY,))[0], (h2.GOAWAY,))
            self.assertIsNone(client.until())

    def flood(self, make):
        """What becomes of a connection that sends 3000 of something."""
        with self.client() as client:
            try:
                for number in range(3000):
                    client.send(make(number))
            except OSError:
                pass
            return client.until(h2.GOAWAY), client.until()

    def test_floods_end_the_connection(self):
        def reset(number):
            return (h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, 2 * number + 1,
                             h2.request("/reset")) +
                    h2.frame(h2.RST_STREAM, 0, 2 * number + 1, struct.pack("!I", h2.CANCEL)))
        for name, make in {
                "reset": reset,
                "ping": lambda _: h2.frame(h2.PING, payload=b"12345678"),
                "settings": lambda _: h2.frame(h2.SETTINGS),
                "priority": lambda _: h2.frame(h2.PRIORITY, 0, 1, b"\0\0\0\0\x10")}.items():
            with self.subTest(flood=name):
                goaway, rest = self.flood(make)
                self.assertIsNone(rest)
                if goaway:  # a close may overtake it
                    self.assertNotEqual(struct.unpack("!I", goaway[3][4:8])[0], 0)
        self.assertEqual(self.edge.get("/alive")[0], 200)

    def test_who_never_opens_the_window_is_cut(self):
        no_window = struct.pack("!HI", 4, 0)
        with self.client(no_window) as client:
            client.ask(1, h2.request("/large"))
            self.assertEqual(client.until(h2.HEADERS)[2], 1)
            code = client.until(h2.RST_STREAM)[3]
            self.assertEqual(struct.unpack("!I", code)[0], h2.CANCEL)

    def test_streams_over_the_limit_are_refused(self):
        with self.client() as client:
            settings = client.until(h2.SETTINGS)[3]
            entries = dict(struct.unpack("!HI", settings[at:at + 6])
                           for at in range(0, len(settings), 6))
            self.assertEqual(entries[3], 128)
            for number in range(140):
                client.ask(2 * number + 1, h2.request(f"/stall/{number}"))
            code = struct.unpack("!I", client.until(h2.RST_STREAM)[3])[0]
            self.assertEqual(code, 7)  # REFUSED_STREAM

    def test_a_short_body_is_reset_and_the_connection_lives(self):
        with self.client() as client:
            client.ask(1, h2.request("/short"))
            self.assertEqual(client.answer()[0], "reset")
            client.ask(3, h2.request("/after"))
            self.assertIsNotNone(client.until(h2.HEADERS))

    def test_listeners_without_it_do_not_speak_it(self):
        with h2.Client(self.edge.port) as client:
            self.assertIn(client.sock.recv(12), (b"HTTP/1.1 505", b"HTTP/1.1 400"))
        done = subprocess.run(["curl", "-sS", "-D", "-", "--http2", "--max-time", "10",
                               f"http://127.0.0.1:{self.edge.clear}/upgrade"], check=True,
                              capture_output=True)
        self.assertTrue(done.stdout.startswith(b"HTTP/1.1 200"))  # Upgrade: h2c is not taken


class Draining(unittest.TestCase):
    def test_answers_under_way_end_and_the_client_is_told(self):
        origin = Origin()
        edge = Http2Edge(origin.port)
        with h2.Client(edge.clear) as client, h2.Client(edge.clear) as idle:
            client.ask(1, h2.request("/drip"))
            self.assertIsNotNone(client.until(h2.DATA))
            idle.ask(1, h2.request("/idle"))
            self.assertEqual(idle.answer()[0], 200)
            edge.process.signal(signal.SIGTERM)
            self.assertIsNotNone(idle.until(h2.GOAWAY))
            self.assertIsNone(idle.until())
            origin.release.set()
            body = b""
            while found := client.next():
                body += found[3] if found[0] == h2.DATA else b""
                self.assertNotEqual(found[0], h2.RST_STREAM)
            self.assertEqual(body, b"second")
        self.assertEqual(edge.process.child.wait(10), 0)
        origin.stop()


if __name__ == "__main__":
    unittest.main()
