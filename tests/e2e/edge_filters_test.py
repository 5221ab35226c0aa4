"""What proxima-edge does to bodies: compression by real decoders' judgement, and ESI."""
import concurrent.futures
import gzip
import http.client
import re
import socket
import subprocess
import threading
import unittest
import urllib.request
import zlib

import edge_tiers_test
import harness

TEXT = b"".join(b"line %d of a page that is worth coding\n" % i for i in range(2000))
LARGE = TEXT * 40  # coded in turns, not at once


def decoded(coding, body):
    if coding == "gzip":
        return gzip.decompress(body)
    command = {"br": ["brotli", "-dc"], "zstd": ["zstd", "-dcq"]}[coding]
    return subprocess.run(command, input=body, capture_output=True, check=True).stdout


class Origin(harness.HttpServer):
    """Pages are (fields, body); a body that is a function writes itself."""

    def __init__(self):
        super().__init__(Handler)
        self.pages = {}
        self.asked = []  # (method, path, fields)
        self.held = {}  # path: what its head waits for
        self.go_on = threading.Event()

    def page(self, path, body, status=200, **fields):
        fields = {"Content_Type": "text/html", "Cache_Control": "max-age=60", "ETag": '"v1"',
                  **fields}
        self.pages[path] = (status, fields, body)

    def count(self, path):
        return sum(1 for asked in self.asked if asked[1] == path)

    def last(self, path):
        return [asked[2] for asked in self.asked if asked[1] == path][-1]

    def stop(self):
        self.go_on.set()
        super().stop()


class Handler(harness.HttpHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, self.headers))
        if self.path in self.server.held:
            self.server.held[self.path].wait(60)
        status, fields, body = self.server.pages.get(self.path, (404, {}, b"none"))
        if self.headers.get("If-None-Match") == fields.get("ETag") and "ETag" in fields:
            status, body = 304, b""
        ranged = re.match(r"bytes=(\d+)-(\d+)$", self.headers.get("Range", ""))
        if ranged and status == 200 and not callable(body):
            first, last = map(int, ranged.groups())
            status, fields = 206, {**fields, "Content_Range": f"bytes {first}-{last}/{len(body)}"}
            body = body[first:last + 1]
        self.send_response(status)
        for name, value in fields.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        if callable(body):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            body(self)
            self.wfile.write(b"0\r\n\r\n")
            return
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunk(self, octets):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(octets), octets))
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = answer


CONFIG = """
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 2
[cache]
memory = "32MiB"
max_object = "8MiB"
[compress]
[origin]
url = "http://127.0.0.1:{origin}"
between_bytes_timeout = "30s"
[[site]]
host = "esi.example"
url = "http://127.0.0.1:{origin}"
[site.esi]
max_depth = 3
max_includes = 20
max_include_size = "1MiB"
[[site]]
host = "hasty.example"
url = "http://127.0.0.1:{origin}"
[site.esi]
timeout = "500ms"
[[site]]
host = "omit.example"
url = "http://127.0.0.1:{origin}"
[site.esi]
failed_include = "omit"
[site.compress]
enabled = false
"""


class FiltersCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()
        cls.port, cls.admin = harness.free_port(), harness.free_port()
        path = harness.folder() / "edge.toml"
        path.write_text(CONFIG.format(port=cls.port, admin=cls.admin, origin=cls.origin.port))
        cls.process = harness.start_edge(path)

    @classmethod
    def tearDownClass(cls):
        status = cls.process.stop()
        cls.origin.stop()
        if status != 0:
            raise AssertionError(f"exit status {status}:\n{cls.process.log()}")

    def setUp(self):
        self.origin.go_on.clear()

    def ask(self, path, accept=None, method="GET", host="www.example", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            if accept is not None:
                connection.putheader("Accept-Encoding", accept)
            for name, value in fields.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            body = response.read()
            return (response.status,
                    {name.lower(): value for name, value in response.getheaders()}, body)
        finally:
            connection.close()

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as page:
            return float(re.search(rf"^proxima_edge_{re.escape(name)} (\S+)$",
                                   page.read().decode(), re.M).group(1))


class Compression(FiltersCase):
    def test_each_client_gets_what_it_likes_best_of_one_stored_page(self):
        self.origin.page("/one", TEXT)
        for accept, coding in (("gzip, deflate, br, zstd", "zstd"), ("gzip, br", "br"),
                               ("gzip", "gzip"), ("br;q=0.1, gzip;q=0.9", "gzip")):
            for _ in range(2):
                status, fields, body = self.ask("/one", accept)
                self.assertEqual((status, fields["content-encoding"]), (200, coding))
                self.assertEqual((fields["etag"], fields["vary"]), ('W/"v1"', "Accept-Encoding"))
                self.assertEqual(decoded(coding, body), TEXT)
                self.assertLess(len(body), len(TEXT) / 3)
        for accept in (None, "identity", "deflate", "gzip;q=0"):
            _, fields, body = self.ask("/one", accept)
            self.assertNotIn("content-encoding", fields)
            self.assertEqual((fields["etag"], fields["vary"]), ('"v1"', "Accept-Encoding"))
            self.assertEqual((body, fields["content-length"]), (TEXT, str(len(TEXT))))
        self.assertEqual(self.origin.count("/one"), 1)

    def test_a_coding_is_made_once_however_many_ask(self):
        self.origin.page("/hot", LARGE)
        self.ask("/hot")
        before = self.metric('coding_in_bytes_total{coding="br",way="encode"}')
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            for _, fields, body in pool.map(lambda _: self.ask("/hot", "br"), range(64)):
                self.assertEqual(fields["content-encoding"], "br")
        _, fields, body = self.ask("/hot", "br")
        self.assertEqual(decoded("br", body), LARGE)
        self.assertEqual(fields["content-length"], str(len(body)))
        after = self.metric('coding_in_bytes_total{coding="br",way="encode"}')
        self.assertEqual(after - before, len(LARGE))
        self.assertGreaterEqual(self.metric("coded_hits_total"), 64)

    def test_a_client_validates_what_it_got_coded(self):
        self.origin.page("/valid", TEXT)
        _, fields, _ = self.ask("/valid", "gzip")
        status, fields, body = self.ask("/valid", "gzip", If_None_Match=fields["etag"])
        self.assertEqual((status, body), (304, b""))
        self.assertEqual((fields["etag"], fields["vary"]), ('W/"v1"', "Accept-Encoding"))
        self.assertNotIn("content-encoding", fields)
        self.assertEqual(self.ask("/valid", "gzip", If_None_Match='W/"v2"')[0], 200)
        self.assertEqual(self.origin.count("/valid"), 1)

    def test_validation_and_replacement_of_the_page_hold_for_its_codings(self):
        self.origin.page("/renew", TEXT, Cache_Control="max-age=0")
        made = 'coding_in_bytes_total{coding="gzip",way="encode"}'
        self.ask("/renew", "gzip")
        before = self.metric(made)
        _, fields, body = self.ask("/renew", "gzip")
        self.assertIn("fwd-status=304", fields["cache-status"])
        self.assertEqual(self.origin.last("/renew")["If-None-Match"], '"v1"')
        self.assertEqual(gzip.decompress(body), TEXT)
        self.assertEqual(self.metric(made), before, "a 304 keeps what was coded")
        self.origin.page("/renew", b"new " + TEXT, ETag='"v2"', Cache_Control="max-age=0")
        self.assertEqual(gzip.decompress(self.ask("/renew", "gzip")[2]), b"new " + TEXT)

    def test_who_changes_what_came_coded_gets_through_to_the_origin(self):
        self.origin.page("/edit", TEXT)
        _, fields, _ = self.ask("/edit", "gzip")
        self.ask("/edit", "gzip", "PUT", If_Match=fields["etag"], Content_Length="0")
        self.assertEqual(self.origin.last("/edit")["If-Match"], '"v1"')

    def test_what_may_not_be_changed_is_not(self):
        self.origin.page("/image", TEXT, Content_Type="image/png")
        self.origin.page("/kept", TEXT, Cache_Control="max-age=60, no-transform")
        self.origin.page("/short", b"short")
        self.origin.page("/own", TEXT, Vary="Accept-Encoding")
        for path in ("/image", "/kept", "/short", "/own"):
            _, fields, body = self.ask(path, "gzip, br, zstd")
            self.assertNotIn("content-encoding", fields, path)
            self.assertEqual(fields["etag"], '"v1"', path)
            self.assertEqual(len(body), len(self.origin.pages[path][2]))
        self.origin.page("/wish", TEXT)
        self.assertNotIn("content-encoding",
                         self.ask("/wish", "gzip", Cache_Control="no-transform")[1])
        self.assertNotIn("content-encoding", self.ask("/wish", "gzip", host="omit.example")[1])

    def test_ranges_are_of_the_page_as_it_is_stored(self):
        self.origin.page("/range", TEXT)
        self.ask("/range")
        status, fields, body = self.ask("/range", "gzip", Range="bytes=10-29")
        self.assertEqual((status, body), (206, TEXT[10:30]))
        self.assertEqual((fields["etag"], fields["vary"]), ('"v1"', "Accept-Encoding"))
        self.assertNotIn("content-encoding", fields)
        status, _, body = self.ask("/range", "gzip", Range="bytes=10-29", If_Range='W/"v1"')
        self.assertEqual((status, len(body)), (200, len(TEXT)))

    def test_head_says_what_get_would(self):
        self.origin.page("/head", TEXT)
        for _ in range(2):  # passed through, then from the store
            status, fields, _ = self.ask("/head", "br", "HEAD")
            self.assertEqual((status, fields["content-encoding"]), (200, "br"))
            self.assertEqual((fields["etag"], fields["vary"]), ('W/"v1"', "Accept-Encoding"))
            self.assertNotIn("content-length", fields)
            self.ask("/head", "br")

    def test_what_is_not_stored_is_coded_as_it_drips(self):
        def drip(handler):
            handler.chunk(b"first drop\n")
            handler.server.go_on.wait(30)
            handler.chunk(b"second drop\n" * 50_000)
        for cache_control in ("no-store", "max-age=60"):
            path = "/drip-" + cache_control[:6]
            self.origin.page(path, drip, Cache_Control=cache_control)
            self.origin.go_on.clear()
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sock:
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n"
                             "Connection: close\r\n\r\n".encode())
                response = http.client.HTTPResponse(sock)
                response.begin()
                decoder = zlib.decompressobj(31)
                seen = b""
                while seen != b"first drop\n":
                    seen += decoder.decompress(response.read1(65536))
                self.origin.go_on.set()
                seen += decoder.decompress(response.read())
                self.assertTrue(decoder.eof)
                self.assertEqual(seen, b"first drop\n" + b"second drop\n" * 50_000)

    def test_the_answer_to_a_post_is_coded_too(self):
        self.origin.page("/post", TEXT)
        _, fields, body = self.ask("/post", "br", "POST", Content_Length="0")
        self.assertEqual(fields["content-encoding"], "br")
        self.assertEqual(decoded("br", body), TEXT)

    def test_a_page_that_is_cut_is_cut_coded_too(self):
        def cut(handler):
            handler.chunk(TEXT)
            handler.connection.shutdown(socket.SHUT_RDWR)
        for path in ("/cut", "/cut-uncacheable"):
            self.origin.page(path, cut,
                             Cache_Control="no-store" if "un" in path else "max-age=60")
            with self.assertRaises(http.client.IncompleteRead):
                self.ask(path, "gzip")

    def test_who_cant_read_the_stored_coding_gets_it_undone(self):
        coded = {"gzip": gzip.compress(LARGE),
                 "br": subprocess.run(["brotli", "-c", "-q", "4"], input=LARGE,
                                      capture_output=True, check=True).stdout,
                 "zstd": subprocess.run(["zstd", "-cq"], input=LARGE, capture_output=True,
                                        check=True).stdout}
        for coding, body in coded.items():
            path = "/coded-" + coding
            self.origin.page(path, body, Content_Encoding=coding)
            for accept in (None, "deflate"):
                status, fields, got = self.ask(path, accept)
                self.assertEqual((status, fields.get("content-encoding")), (200, None))
                self.assertEqual((fields["etag"], fields["vary"]), ('W/"v1"', "Accept-Encoding"))
                self.assertEqual(got, LARGE)
            _, fields, got = self.ask(path, coding)
            self.assertEqual((fields["content-encoding"], fields["etag"]), (coding, '"v1"'))
            self.assertEqual(got, body)
            self.assertEqual(self.origin.count(path), 1)

    def test_what_is_not_in_its_coding_and_bombs_are_cut(self):
        bomb = subprocess.run(["zstd", "-cq"], input=bytes(64 << 20), capture_output=True,
                              check=True).stdout
        bodies = {"/lie": ("gzip", TEXT), "/bomb": ("zstd", bomb),
                  "/cut-in-coding": ("gzip", gzip.compress(TEXT)[:-9])}
        for path, (coding, body) in bodies.items():
            self.origin.page(path, body, Content_Encoding=coding)
            with self.assertRaises(http.client.IncompleteRead, msg=path):
                self.ask(path)
        self.assertEqual(self.ask("/bomb", "zstd")[2], bomb)

    def test_curl_and_its_decoders_agree(self):
        self.origin.page("/curl", TEXT)
        got = subprocess.run(["curl", "-s", "--compressed", f"http://127.0.0.1:{self.port}/curl"],
                             capture_output=True, check=True, timeout=60).stdout
        self.assertEqual(got, TEXT)


class Includes(FiltersCase):
    def esi(self, path, accept=None, host="esi.example", method="GET", **fields):
        return self.ask(path, accept, method, host, **fields)

    def test_a_page_is_put_together_of_what_the_cache_has(self):
        self.origin.page("/page", b'<p>a<esi:include src="/part?x=1&amp;y=2"/>b'
                                  b'<esi:include src="http://esi.example/part?x=1&y=2"/>c'
                                  b'<!--esi <esi:remove>gone</esi:remove>shown-->'
                                  b'<esi:comment text="no"/></p>',
                         Last_Modified="Sun, 06 Nov 1994 08:49:37 GMT")
        self.origin.page("/part?x=1&y=2", b"[part]", Content_Type="text/plain")
        for _ in range(3):
            status, fields, body = self.esi("/page", Range="bytes=0-3")
            self.assertEqual((status, body), (200, b"<p>a[part]b[part]c shown</p>"))
            for name in ("etag", "last-modified", "accept-ranges"):
                self.assertNotIn(name, fields)
        self.assertEqual((self.origin.count("/part?x=1&y=2")), 1)
        self.assertIn("hit", fields["cache-status"])
        self.assertEqual(self.origin.last("/page")["Surrogate-Capability"], 'fra-a="ESI/1.0"')
        self.assertIn(b"<esi:include", self.ask("/page")[2], "a host without [esi]")

    def test_only_pages_of_its_types_or_those_that_say_so_are_put_together(self):
        markup = b'a<esi:remove>b</esi:remove>c'
        self.origin.page("/text", markup, Content_Type="text/plain")
        self.origin.page("/said", markup, Content_Type="text/plain",
                         Surrogate_Control='content="ESI/1.0"')
        self.assertEqual(self.esi("/text")[2], markup)
        _, fields, body = self.esi("/said")
        self.assertEqual(body, b"ac")
        self.assertNotIn("surrogate-control", fields)

    def test_pages_within_pages_end_somewhere(self):
        self.origin.page("/self", b'x<esi:include src="/self" onerror="continue"/>')
        self.assertEqual(self.esi("/self")[2], b"x")
        self.origin.page("/ping", b'i<esi:include src="/pong" onerror="continue"/>')
        self.origin.page("/pong", b'o<esi:include src="/ping" onerror="continue"/>')
        self.assertEqual(self.esi("/ping")[2], b"io")
        for depth in range(8):
            self.origin.page(f"/deep{depth}",
                             b'%d<esi:include src="/deep%d" onerror="continue"/>'
                             % (depth, depth + 1))
        self.assertEqual(self.esi("/deep0")[2], b"0123")
        self.origin.page("/many", b'<esi:include src="/dot" onerror="continue"/>' * 50)
        self.origin.page("/dot", b".")
        self.assertEqual(self.esi("/many")[2], b"." * 20)

    def test_hosts_that_are_not_served_here_are_not_asked(self):
        self.origin.page("/out", b'a<esi:include src="http://127.0.0.1:%d/secret" '
                                 b'onerror="continue"/>b' % self.origin.port)
        self.origin.page("/secret", b"secret")
        before = self.metric('esi_includes_total{result="refused"}')
        self.assertEqual(self.esi("/out")[2], b"ab")
        self.assertEqual(self.origin.count("/secret"), 0)
        self.assertEqual(self.metric('esi_includes_total{result="refused"}'), before + 1)

    def test_another_site_gets_no_cookies_of_this_one(self):
        self.origin.page("/cross", b'<esi:include src="http://omit.example/theirs"/>'
                                   b'<esi:include src="/ours"/>')
        self.origin.page("/theirs", b"t")
        self.origin.page("/ours", b"o")
        self.assertEqual(self.esi("/cross", Cookie="id=1")[2], b"to")
        self.assertNotIn("Cookie", self.origin.last("/theirs"))
        self.assertEqual(self.origin.last("/ours")["Cookie"], "id=1")

    def test_what_fails_has_its_second_choice(self):
        self.origin.page("/alt", b'a<esi:include src="/none" alt="/second"/>b')
        self.origin.page("/second", b"[2]")
        self.assertEqual(self.esi("/alt")[2], b"a[2]b")
        self.origin.page("/try", b'a<esi:try><esi:attempt>x<esi:include src="/none"/>y'
                                 b'</esi:attempt><esi:except>[e]<esi:include src="/second"/>'
                                 b'</esi:except></esi:try>b')
        self.assertEqual(self.esi("/try")[2], b"a[e][2]b")
        self.origin.page("/fine", b'a<esi:try><esi:attempt>x<esi:include src="/second"/>y'
                                  b'</esi:attempt><esi:except><esi:include src="/not-asked"/>'
                                  b'</esi:except></esi:try>b')
        self.assertEqual(self.esi("/fine")[2], b"ax[2]yb")
        self.assertEqual(self.origin.count("/not-asked"), 0)

    def test_what_has_no_second_choice_cuts_the_page_or_is_left_out(self):
        self.origin.page("/broken", b'a<esi:include src="/none"/>b')
        with self.assertRaises(http.client.IncompleteRead):
            self.esi("/broken")
        self.assertEqual(self.esi("/broken", host="omit.example")[2], b"ab")

    def test_an_include_that_does_not_come_is_given_up(self):
        before = self.metric('esi_includes_total{result="timeout"}')
        self.origin.page("/waits", b'a<esi:include src="/hang" onerror="continue"/>b')
        hang = threading.Event()
        self.addCleanup(hang.set)
        self.origin.held["/hang"] = hang
        self.assertEqual(self.esi("/waits", host="hasty.example")[2], b"ab")
        self.assertEqual(self.metric('esi_includes_total{result="timeout"}'), before + 1)

    def test_what_is_too_large_is_not_put_in(self):
        self.origin.page("/big", b"x" * (2 << 20))
        self.origin.page("/too-big", b'a<esi:try><esi:attempt><esi:include src="/big"/>'
                                     b'</esi:attempt><esi:except>e</esi:except></esi:try>b')
        self.assertEqual(self.esi("/too-big")[2], b"aeb")

    def test_a_page_goes_out_while_its_include_drips(self):
        def drip(handler):
            handler.chunk(b"first")
            handler.server.go_on.wait(30)
            handler.chunk(b"second")
        self.origin.page("/dripping", b'a<esi:include src="/drop"/>b')
        self.origin.page("/drop", drip)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sock:
            sock.sendall(b"GET /dripping HTTP/1.1\r\nHost: esi.example\r\n"
                         b"Connection: close\r\n\r\n")
            response = http.client.HTTPResponse(sock)
            response.begin()
            seen = b""
            while seen != b"afirst":
                seen += response.read1(100)
            self.origin.go_on.set()
            self.assertEqual(seen + response.read(), b"afirstsecondb")

    def test_pages_are_coded_after_and_decoded_before(self):
        page = b'<p><esi:include src="/coded-part"/></p>' + TEXT
        self.origin.page("/coded-page", gzip.compress(page), Content_Encoding="gzip")
        self.origin.page("/coded-part", gzip.compress(b"[part]"), Content_Encoding="gzip")
        expected = b"<p>[part]</p>" + TEXT
        _, fields, body = self.esi("/coded-page", "br")
        self.assertEqual(fields["content-encoding"], "br")
        self.assertEqual(decoded("br", body), expected)
        _, fields, body = self.esi("/coded-page")
        self.assertNotIn("content-encoding", fields)
        self.assertEqual(body, expected)

    def test_head_and_answers_to_posts_are_as_those_to_gets(self):
        self.origin.page("/form", b'a<esi:include src="/after"/>b')
        self.origin.page("/after", b"[post]")
        self.assertEqual(self.esi("/form", method="POST", Content_Length="0")[2], b"a[post]b")
        _, fields, _ = self.esi("/form", method="HEAD")
        self.assertNotIn("content-length", fields)
        self.assertNotIn("etag", fields)

    def test_a_range_of_a_page_that_is_not_stored_is_the_whole_page(self):
        self.origin.page("/ranged", b'a<esi:include src="/dot2"/>b' + b" " * 100)
        self.origin.page("/dot2", b".")
        status, _, body = self.esi("/ranged", Range="bytes=0-20")
        self.assertEqual((status, body), (200, b"a.b" + b" " * 100))

    def test_many_clients_of_a_page_ask_for_each_part_once(self):
        self.origin.page("/crowd", b"".join(b'<esi:include src="/crowd%d"/>' % i
                                            for i in range(10)))
        for i in range(10):
            self.origin.page(f"/crowd{i}", b"%d" % i * 1000)
        expected = b"".join(b"%d" % i * 1000 for i in range(10))
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            for _, _, body in pool.map(lambda _: self.esi("/crowd"), range(64)):
                self.assertEqual(body, expected)
        for i in range(10):
            self.assertEqual(self.origin.count(f"/crowd{i}"), 1)


class Tiers(unittest.TestCase):
    """Everything is done once, where the client comes in."""

    def test_what_another_edge_asks_for_goes_out_as_it_is_stored(self):
        origin = Origin()
        self.addCleanup(origin.stop)
        filters = "[compress]\n[esi]\n"
        parent = edge_tiers_test.Edge("par-a", origin).start(sites=filters)
        child = edge_tiers_test.Edge("fra-a", origin).start([parent], sites=filters)
        for edge in (parent, child):
            self.addCleanup(edge.process.stop)
        origin.page("/page", b'<p><esi:include src="/part"/></p>' + TEXT)
        origin.page("/part", b"[part]", Content_Type="text/plain")
        expected = b"<p>[part]</p>" + TEXT
        for _ in range(2):
            _, fields, body = child.get("/page", Accept_Encoding="gzip")
            self.assertEqual(fields["content-encoding"], "gzip")
            self.assertEqual(gzip.decompress(body), expected)
        self.assertEqual((origin.count("/page"), origin.count("/part")), (1, 1))
        self.assertEqual(origin.last("/page")["Surrogate-Capability"], 'fra-a="ESI/1.0"')
        for line in ('coding_in_bytes_total{coding="gzip",way="encode"} 0',
                     'esi_includes_total{result="ok"} 0'):
            self.assertIn("proxima_edge_" + line + "\n", parent.metrics())


if __name__ == "__main__":
    unittest.main()
