"""S3 buckets as web sites: a real S3-compatible store (Swift's s3api), and one with another clock."""
import calendar
import email.utils
import http.client
import time
import unittest

import harness
import swift_node
from edge_origins_test import Server, answer

OBJECTS = {"index.html": "front", "a%20b%2Bc.txt": "odd name", "dir/index.html": "directory",
           "dir/x.txt": "x", "404.html": "not here"}
KEYS = 'key_id = "test:tester"\nkey = "testing"\n'


class Edge:
    """One site a host: NAME.s3.example."""

    def __init__(self, case, port, **sites):
        self.port = harness.free_port()
        text = f"""[edge]
cluster = "x"
node = "a"
listen = ["127.0.0.1:{self.port}"]
admin = "127.0.0.1:{harness.free_port()}"
[limits]
drain_grace = "0s"
"""
        for name, table in sites.items():
            host = "*.s3.example" if name == "any" else f"{name}.example"
            text += f'[[site]]\nhost = "{host}"\nurl = "http://127.0.0.1:{port}"\n[site.s3]\n{table}'
        path = harness.folder() / "edge.toml"
        path.write_text(text)
        self.process = harness.start_edge(path)
        case.addClassCleanup(self.process.stop)

    def ask(self, host, path, method="GET", **fields):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request(method, path, headers={"Host": f"{host}.example", **fields})
            got = client.getresponse()
            return got.status, got.read().decode(), got
        finally:
            client.close()


class BucketTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        why = swift_node.missing()
        if why:
            raise unittest.SkipTest(why)
        cls.swift = swift_node.Swift(harness.folder(), "cdn.example.com")
        cls.addClassCleanup(cls.swift.stop)
        cls.swift.ask("PUT", "bucket")  # nobody but its owner may read it
        for name, text in OBJECTS.items():
            cls.swift.ask("PUT", f"bucket/{name}", text.encode(), {"Content-Type": "text/plain"})
        cls.edge = Edge(
            cls, cls.swift.port, any=KEYS,
            plain=f'bucket = "bucket"\n{KEYS}', open=f'bucket = "bucket"\nlisting = true\n{KEYS}',
            site=f'bucket = "bucket"\nindex = "index.html"\nerror = "404.html"\n{KEYS}',
            wrong='bucket = "bucket"\nkey_id = "test:tester"\nkey = "guess"\n')
        cls.ask = cls.edge.ask

    def test_objects_of_a_private_bucket_are_read(self):
        for host in ("plain", "bucket.s3", "site"):
            status, body, got = self.ask(host, "/a%20b%2bc.txt")
            self.assertEqual((status, body), (200, "odd name"), host)
            self.assertIn("ttl=300", got.getheader("Cache-Status"))
        self.assertEqual(self.ask("plain", "/dir/x.txt")[1], "x")
        self.assertEqual(self.ask("wrong", "/dir/x.txt")[0], 403)
        self.assertIn("hit", self.ask("plain", "/dir/x.txt")[2].getheader("Cache-Status"))

    def test_ranges_heads_and_conditions_pass(self):
        status, body, got = self.ask("plain", "/index.html", Range="bytes=1-3")
        self.assertEqual((status, body, got.getheader("Content-Range")), (206, "ron", "bytes 1-3/5"))
        status, _, got = self.ask("plain", "/dir/index.html", "HEAD")
        self.assertEqual((status, got.getheader("Content-Length")), (200, "9"))
        _, _, got = self.ask("plain", "/404.html")
        tag = got.getheader("ETag")
        self.assertEqual(self.ask("plain", "/404.html", **{"If-None-Match": tag})[0], 304)

    def test_nothing_but_objects_is_told(self):
        for path in ("/", "/?list-type=2", "/?acl", "/absent", "/dir/"):
            status, body, got = self.ask("plain", path)
            self.assertIn(status, (403, 404), path)
            for secret in ("bucket", "dir", "Code", "xml"):
                self.assertNotIn(secret, body.lower(), path)
            names = [name.lower() for name, _ in got.getheaders()]
            self.assertFalse([name for name in names if name.startswith("x-amz")], names)
        self.assertEqual(self.ask("plain", "/index.html?acl")[1], "front", "queries do not pass")
        for method in ("PUT", "POST", "DELETE"):
            self.assertEqual(self.ask("plain", "/index.html", method)[0], 405)
        self.assertEqual(self.ask("plain", "/index.html")[0], 200)

    def test_a_listing_is_passed_where_it_is_wanted(self):
        status, body, _ = self.ask("open", "/?list-type=2&prefix=dir/")
        self.assertEqual(status, 200)
        self.assertIn("<Key>dir/x.txt</Key>", body)
        self.assertNotIn("<Key>404.html</Key>", body)
        self.assertNotIn("AccessControl", self.ask("open", "/?acl")[1])

    def test_a_bucket_is_a_web_site(self):
        self.assertEqual(self.ask("site", "/")[:2], (200, "front"))
        self.assertEqual(self.ask("site", "/dir/")[:2], (200, "directory"))
        status, _, got = self.ask("site", "/dir")
        self.assertEqual((status, got.getheader("Location")), (302, "/dir/"))
        self.assertEqual(self.ask("site", "//dir")[2].getheader("Location", "/")[:2].count("/"), 1,
                         "no other host's address")
        self.assertEqual(self.ask("site", "/absent")[:2], (404, "not here"))
        self.assertEqual(self.ask("site", "/absent/")[:2], (404, "not here"))


class ClockTest(unittest.TestCase):
    def test_the_stores_clock_is_learnt_from_its_refusal(self):
        ahead = 3600

        def behave(sock, head):
            fields = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:])
            now = time.time() + ahead
            sent = calendar.timegm(time.strptime(fields["x-amz-date"], "%Y%m%dt%H%M%Sz"))
            good = abs(sent - now) < 900
            date = f"Date: {email.utils.formatdate(now, usegmt=True)}"
            sock.sendall(answer(b"ok" if good else b"<Code>RequestTimeTooSkewed</Code>",
                                200 if good else 403, date))
        store = Server(behave)
        self.addCleanup(store.stop)
        edge = Edge(type(self), store.port, plain=f'bucket = "bucket"\n{KEYS}')
        self.assertEqual(edge.ask("plain", "/a")[:2], (200, "ok"))
        self.assertEqual(store.count("/bucket/a"), 2)


if __name__ == "__main__":
    unittest.main()
