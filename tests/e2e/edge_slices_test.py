"""Ranges and large responses: crowds on ranges, slices, representations that change, origins that
know no ranges."""
import concurrent.futures
import http.client
import random
import re
import threading
import unittest
import urllib.request

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
{more}
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


class Origin(harness.HttpServer):
    def __init__(self):
        super().__init__(Handler)
        self.files = {}
        self.asked = []  # (path, Range, If-Range, If-None-Match)
        self.lock = threading.Lock()


class Handler(harness.HttpHandler):
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
            if first >= len(octets):
                return self.unsatisfiable(len(octets))
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

    def unsatisfiable(self, size):
        self.send_response(416)
        self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", "0")
        self.end_headers()


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
    more = ""  # of [cache]

    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()
        cls.addClassCleanup(cls.origin.stop)
        cls.port, cls.admin = harness.free_port(), harness.free_port()
        cls.config = harness.folder() / "edge.toml"
        cls.config.write_text(CONFIG.format(port=cls.port, admin=cls.admin, more=cls.more,
                                            origin=cls.origin.port))
        cls.start()
        cls.addClassCleanup(lambda: cls.edge.stop())

    @classmethod
    def start(cls):
        cls.edge = harness.start_edge(cls.config)

    def setUp(self):
        self.path = "/" + self.id().split(".")[-1]

    def asked(self):
        """Of this test's path: (Range, If-Range, If-None-Match)."""
        with self.origin.lock:
            return [asked[1:] for asked in self.origin.asked if asked[0] == self.path]

    def ranges(self):
        return [asked[0] for asked in self.asked()]

    def ask(self, ranges=None, method="GET", **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        if ranges:
            fields["Range"] = "bytes=" + ranges
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, self.path, headers=fields)
            return Reply(connection.getresponse(), method)
        finally:
            connection.close()

    def metric(self, name):
        url = f"http://127.0.0.1:{self.admin}/metrics"
        text = urllib.request.urlopen(url).read().decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])

    def crowd(self, ranges, size=50):
        """The replies to that many requests at a time, of which none is answered before the origin
        was asked."""
        gate = self.origin.files[self.path].gate
        gate.clear()
        before = len(self.ranges())
        with concurrent.futures.ThreadPoolExecutor(size) as pool:
            futures = [pool.submit(self.ask, ranges) for _ in range(size)]
            harness.wait_until(lambda: len(self.ranges()) > before, 20)
            gate.set()
            return [future.result() for future in futures]


class Small(Ranges):
    def test_a_crowd_on_one_range_asks_once(self):
        octets = random.Random(1).randbytes(100_000)
        self.origin.files[self.path] = File(octets)
        for reply in self.crowd("1000-1999"):
            self.assertEqual((reply.status, reply.body), (206, octets[1000:2000]))
            self.assertEqual(reply.fields["content-range"], "bytes 1000-1999/100000")
        self.assertEqual(len(self.ranges()), 1)

    def test_a_crowd_on_what_may_not_be_shared_gets_each_its_own(self):
        self.origin.files[self.path] = File(b"x" * 1000)
        self.origin.files[self.path].fields = {"Cache-Control": "private"}
        for reply in self.crowd("0-9", 20):
            self.assertEqual((reply.status, reply.body), (206, b"x" * 10))
        self.assertEqual(len(self.ranges()), 20)


def slice_of(number, last=None):
    return f"bytes={number * MIB}-{((last or number) + 1) * MIB - 1}"


class Slices(Ranges):
    """Slices of 1 MiB, of what has 8 MiB and more."""

    def setUp(self):
        super().setUp()
        self.octets = random.Random(2).randbytes(12 * MIB + 345)
        self.end = f"bytes={12 * MIB}-{len(self.octets) - 1}"
        self.file = self.origin.files[self.path] = File(self.octets)

    def check(self, reply, first, last):
        self.assertEqual(reply.status, 206)
        self.assertEqual(reply.fields["content-range"], f"bytes {first}-{last}/{len(self.octets)}")
        self.assertTrue(reply.body == self.octets[first:last + 1], "other octets")

    def test_what_is_watched_is_what_is_fetched(self):
        self.check(self.ask("2097162-2097171"), 2 * MIB + 10, 2 * MIB + 19)
        self.assertEqual(self.ranges(), [slice_of(2)])
        self.check(self.ask(f"{3 * MIB - 5}-{3 * MIB + 4}"), 3 * MIB - 5, 3 * MIB + 4)
        self.check(self.ask(f"{2 * MIB}-{4 * MIB - 1}"), 2 * MIB, 4 * MIB - 1)
        self.assertEqual(self.ranges(), [slice_of(2), slice_of(3)])
        # Its end, the last slice; several ranges; none of it.
        self.check(self.ask("-100"), len(self.octets) - 100, len(self.octets) - 1)
        self.assertEqual(self.ranges()[2:], [self.end])
        reply = self.ask(f"0-9,{3 * MIB}-{3 * MIB + 9}")
        self.assertEqual(reply.status, 206)
        self.assertIn(self.octets[:10], reply.body)
        self.assertIn(self.octets[3 * MIB:3 * MIB + 10], reply.body)
        self.assertEqual(self.ask(f"{len(self.octets)}-").status, 416)
        reply = self.ask(method="HEAD")
        self.assertEqual(reply.fields["content-length"], str(len(self.octets)))
        self.assertIn("fra-a; hit", reply.cache)
        self.assertEqual(self.ask(If_None_Match='"v1"').status, 304)
        self.assertEqual(self.ask("0-9", If_Range='"v1"').status, 206)
        self.assertEqual(len(self.ranges()), 4)
        # Only what lacks is fetched for the whole.
        self.assertTrue(self.ask().body == self.octets)
        self.assertEqual(len(self.ranges()), 13)
        reply = self.ask("0-9", If_Range='"v0"')
        self.assertEqual((reply.status, reply.body == self.octets), (200, True))
        self.assertIn("fra-a; hit", reply.cache)
        self.assertEqual(len(self.ranges()), 13)

    def test_the_whole_is_asked_for_once_and_then_slice_by_slice(self):
        reply = self.ask()
        self.assertEqual((reply.status, reply.body == self.octets), (200, True))
        self.assertEqual(reply.fields["content-length"], str(len(self.octets)))
        self.assertIn("fwd=uri-miss", reply.cache)
        asked = self.ranges()
        self.assertIsNone(asked[0])
        # Two are under way at a time, so they may come in another order.
        self.assertEqual(set(asked[1:]), {slice_of(number) for number in range(1, 12)} | {self.end})
        self.assertEqual(len(asked), 13)
        self.assertTrue(all(each[1] == '"v1"' for each in self.asked()[1:]))
        self.assertIn("fra-a; hit", self.ask().cache)
        self.assertEqual(len(self.ranges()), 13)

    def test_crowds_ask_once_for_each_slice(self):
        for reply in self.crowd(f"{5 * MIB + 7}-{7 * MIB + 7}"):
            self.check(reply, 5 * MIB + 7, 7 * MIB + 7)
        self.assertEqual(sorted(self.ranges()),
                         sorted([slice_of(5, 7), slice_of(6), slice_of(7)]))
        # Where the index is known, too.
        for reply in self.crowd(f"{9 * MIB}-{10 * MIB - 1}"):
            self.check(reply, 9 * MIB, 10 * MIB - 1)
        self.assertEqual(self.ranges()[3:], [slice_of(9)])

    def test_a_crowd_on_the_whole_asks_once_for_each_slice(self):
        for reply in self.crowd(None, 20):
            self.assertTrue(reply.body == self.octets)
        self.assertEqual(len(self.ranges()), 13)

    def test_nothing_sent_yet_starts_anew_when_it_changed(self):
        self.check(self.ask("0-9"), 0, 9)
        self.octets = self.file.octets = random.Random(3).randbytes(9 * MIB)
        self.file.tag = '"v2"'
        self.check(self.ask(f"{MIB}-{MIB + 9}"), MIB, MIB + 9)
        # What was stored of the first is void.
        self.check(self.ask("0-9"), 0, 9)
        self.assertEqual(self.ask("0-9").fields["etag"], '"v2"')

    def test_what_was_sent_is_cut_when_it_changed(self):
        self.check(self.ask(f"0-{2 * MIB - 1}"), 0, 2 * MIB - 1)
        old, self.file.tag = self.octets, '"v2"'
        self.octets = self.file.octets = random.Random(4).randbytes(10 * MIB)
        reply = self.ask()
        self.assertFalse(reply.whole)
        self.assertTrue(reply.body == old[:2 * MIB])
        reply = self.ask()
        self.assertEqual((reply.status, reply.body == self.octets), (200, True))

    def test_shorter_than_before_and_gone(self):
        self.check(self.ask("0-9"), 0, 9)
        self.octets = self.file.octets = b"short"
        self.file.tag = '"v3"'
        reply = self.ask(f"{5 * MIB}-")
        self.assertEqual(reply.status, 416)
        self.check(self.ask("1-2"), 1, 2)

    def test_an_answer_that_breaks_off_is_gone_on_with(self):
        self.file.cut = [1000, 2000]
        self.check(self.ask("10-300000"), 10, 300_000)
        self.assertEqual(self.ranges(), [
            slice_of(0), f"bytes=1000-{MIB - 1}", f"bytes=3000-{MIB - 1}"])
        self.file.cut = [10, 10, 10]
        self.assertFalse(self.ask(f"{MIB}-{MIB + 999}").whole)
        self.check(self.ask(f"{MIB}-{MIB + 999}"), MIB, MIB + 999)

    def test_an_origin_that_stops_sending_ranges_is_still_served_right(self):
        self.check(self.ask("0-9"), 0, 9)
        self.file.ranges = False
        self.check(self.ask(f"{4 * MIB}-{4 * MIB + 9}"), 4 * MIB, 4 * MIB + 9)

    def test_an_origin_without_ranges_is_asked_once(self):
        self.octets = self.octets[:8 * MIB]  # as large as an object may be
        self.origin.files[self.path] = File(self.octets, ranges=False)
        for _ in range(3):
            self.check(self.ask("100-199"), 100, 199)
        self.assertTrue(self.ask().body == self.octets)
        self.assertEqual(len(self.ranges()), 1)

    def test_the_whole_is_validated_as_one(self):
        self.file.fields = {"Cache-Control": "max-age=0"}
        self.check(self.ask("0-9"), 0, 9)
        self.file.fields = {"Cache-Control": "max-age=600", "X-Round": "second"}
        reply = self.ask("10-19")
        self.check(reply, 10, 19)
        self.assertEqual(reply.fields["x-round"], "second")
        self.assertEqual(self.asked()[1:], [(slice_of(0), None, '"v1"')])
        self.check(self.ask("20-29"), 20, 29)
        self.assertEqual(len(self.asked()), 2)

    def test_a_stale_one_that_changed_costs_one_request(self):
        self.file.fields = {"Cache-Control": "max-age=0"}
        self.check(self.ask("0-9"), 0, 9)
        self.octets = self.file.octets = random.Random(5).randbytes(9 * MIB)
        self.file.tag = '"v2"'
        self.check(self.ask(f"{MIB}-{MIB + 9}"), MIB, MIB + 9)
        self.assertEqual(len(self.asked()), 2)

    def test_an_unsafe_method_ends_all_slices(self):
        self.check(self.ask("0-9"), 0, 9)
        self.ask(method="POST")
        self.octets = self.file.octets = random.Random(6).randbytes(9 * MIB)
        self.check(self.ask("0-9"), 0, 9)  # though the tag is what it was

    def test_only_if_cached(self):
        self.check(self.ask("0-9"), 0, 9)
        only = {"Cache-Control": "only-if-cached"}
        # The slice goes on to its end when the client has what it wants.
        harness.wait_until(lambda: self.ask("0-9", **only).status == 206, 20)
        self.assertEqual(self.ask(f"{MIB}-", **only).status, 504)
        self.assertEqual(self.ask(**only).status, 504)
        self.assertEqual(self.ask(method="HEAD", **only).status, 200)

    def test_variants_have_slices_of_their_own(self):
        self.file.fields["Vary"] = "Accept-Language"
        self.check(self.ask("0-9", Accept_Language="en"), 0, 9)
        english = self.octets
        self.octets = self.file.octets = random.Random(7).randbytes(9 * MIB)
        self.file.tag = '"german"'
        self.check(self.ask("0-9", Accept_Language="de"), 0, 9)
        self.octets, german = english, self.octets
        self.check(self.ask("0-9", Accept_Language="en"), 0, 9)
        self.octets = german
        self.check(self.ask("5-9", Accept_Language="de"), 5, 9)
        self.assertEqual(len(self.asked()), 2)

    def test_what_is_larger_than_memory(self):
        self.octets = random.Random(8).randbytes(64 * MIB)
        self.origin.files[self.path] = File(self.octets)
        reply = self.ask()
        self.assertTrue(reply.body == self.octets)
        self.check(self.ask(f"{63 * MIB}-"), 63 * MIB, 64 * MIB - 1)
        self.assertLessEqual(self.metric("proxima_edge_store_bytes"), 32 * MIB)

    def test_any_ranges_are_right(self):
        """Against the octets themselves, while slices come and go."""
        rng = random.Random(9)
        size = len(self.octets)
        for _ in range(150):
            first = rng.choice([rng.randrange(size), rng.randrange(13) * MIB])
            last = min(size - 1, first + rng.choice([0, 9, MIB - 1, MIB, rng.randrange(3 * MIB)]))
            self.check(self.ask(f"{first}-{last}"), first, last)
        self.assertLessEqual(len(self.asked()), 30)


class Passing(Ranges):
    """What is too large to store, from an origin that knows no ranges, passes through a window."""
    more = 'max_object = "1MiB"\nslices = false'

    def setUp(self):
        super().setUp()
        self.octets = random.Random(11).randbytes(3 * MIB)

    def serve(self, octets, tag):
        self.origin.files[self.path] = File(octets, tag, False, **{"Cache-Control": "max-age=0"})

    def outgrow(self):
        """What is stored is small and stale, and what comes for it does not fit."""
        self.serve(self.octets[:1000], '"small"')
        self.assertEqual(len(self.ask().body), 1000)
        self.serve(self.octets, '"large"')

    def test_a_range_beyond_the_window_is_cut_out_of_the_whole(self):
        self.serve(self.octets, '"v1"')
        reply = self.ask(f"{2 * MIB}-{2 * MIB + 99}")
        self.assertEqual(reply.status, 206)
        self.assertTrue(reply.body == self.octets[2 * MIB:2 * MIB + 100])

    def test_several_ranges_are_cut_out_in_order(self):
        self.outgrow()
        reply = self.ask(f"5-9,{MIB}-{2 * MIB - 1},{3 * MIB - 7}-")
        self.assertEqual(reply.status, 206)
        self.assertTrue(reply.whole)
        parts = [part.split(b"\r\n\r\n", 1)[1] for part in reply.body.split(b"\r\n--")[:3]]
        wanted = [self.octets[5:10], self.octets[MIB:2 * MIB], self.octets[-7:]]
        self.assertTrue(parts == wanted)

    def test_several_ranges_out_of_order_get_the_whole(self):
        self.outgrow()
        reply = self.ask(f"{2 * MIB}-{2 * MIB + 9},5-9")
        self.assertEqual(reply.status, 200)
        self.assertTrue(reply.body == self.octets)

    def test_what_the_client_has_already_is_not_fetched_for_nobody(self):
        self.serve(self.octets, '"v1"')
        self.assertEqual(self.ask(If_None_Match='"v1"').status, 304)
        # The time an answer waits for its readers is longer.
        harness.wait_until(lambda: self.metric("proxima_edge_fetches") == 0, 20)


class Disk(Ranges):
    more = '[cache.disk]\npath = "cache"\nsize = "64MiB"\nsegment = "8MiB"'

    def test_slices_come_back_from_disk(self):
        octets = random.Random(10).randbytes(20 * MIB)
        self.origin.files[self.path] = File(octets)
        for _ in range(2):  # what is asked for twice is written
            self.assertTrue(self.ask(f"0-{10 * MIB - 1}").body == octets[:10 * MIB])
        harness.wait_until(lambda: self.metric("proxima_edge_disk_objects") == 11, 20)
        self.edge.stop()
        self.start()
        before = len(self.asked())
        reply = self.ask(f"{MIB - 5}-{10 * MIB - 1}")
        self.assertTrue(reply.body == octets[MIB - 5:10 * MIB])
        self.assertIn("detail=disk", reply.cache)
        self.assertEqual(len(self.asked()), before)
        self.assertTrue(self.ask(f"{9 * MIB}-").body == octets[9 * MIB:])


if __name__ == "__main__":
    unittest.main()
