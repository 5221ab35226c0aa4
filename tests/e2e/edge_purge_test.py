"""Purges end to end: at an edge, and through a real GSLB to its edges, kill -9 included."""
import http.client
import http.server
import json
import re
import threading
import time
import unittest
import urllib.parse

import harness

KEY = "e2e secret of the edges"
EDGE = """[edge]
cluster = "fra"
node = "{node}"
key = "{key}"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
admin_token = "t0ken"
workers = 2
[limits]
drain_grace = "0s"
[cache]
memory = "8MiB"
[purge]
method = true
{purge}
{disk}
[origin]
url = "http://127.0.0.1:{origin}"
"""
DISK = """[cache.disk]
path = "disk-{node}"
size = "16MiB"
segment = "1MiB"
"""
LARGE = 3 << 20  # octets of /large: in slices
REPORT = """[report]
gslb = ["http://127.0.0.1:{gslb}"]
interval = "{interval}"
"""


class Origin(http.server.ThreadingHTTPServer):
    """Every path has a version, and the surrogate keys of its query: /a?k1+k2."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), OriginHandler)
        self.port = self.server_address[1]
        self.version = 1
        self.asked = []
        self.gate = threading.Event()  # what /slow waits for after its head
        self.gate.set()
        self.down = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # an edge that has enough of a slice


class OriginHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.down:
            self.close_connection = True
            return
        if self.path.startswith("/large"):
            return self.answer_large()
        version = self.server.version
        body = f"{self.path} {version}".encode()
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=1000, stale-if-error=1000")
        self.send_header("ETag", f'"{version}"')
        if "?" in self.path:
            keys = self.path.split("?")[1].replace("+", " ")
            self.send_header("Surrogate-Key", keys)
            self.send_header("Cache-Tag", keys.replace(" ", ","))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.flush()
        if self.path.startswith("/slow"):
            self.server.gate.wait(20)
        self.wfile.write(body)

    def answer_large(self):
        version = self.server.version
        whole = str(version).encode() * LARGE
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = int(asked[2]) if asked and asked[2] else LARGE - 1
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{LARGE}")
        for name, value in (("Cache-Control", "max-age=1000"), ("ETag", f'"{version}"'),
                            ("Accept-Ranges", "bytes"), ("Surrogate-Key", "large"),
                            ("Content-Length", str(last + 1 - first))):
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(whole[first:last + 1])
        except OSError:
            self.close_connection = True  # it wanted the head, or the first slice of it


class Edge:
    def __init__(self, origin, node="a", disk=False, gslb=None, purge="", interval="200ms"):
        self.port, self.admin = harness.free_port(), harness.free_port()
        self.config = harness.folder() / "edge.toml"
        text = EDGE.format(node=node, key=KEY, port=self.port, admin=self.admin,
                           origin=origin.port, purge=purge,
                           disk=DISK.format(node=node) if disk else "")
        if gslb:
            text += REPORT.format(gslb=gslb, interval=interval)
        self.config.write_text(text)
        self.process = None
        self.start()

    def start(self):
        self.process = harness.start_edge(self.config)

    def request(self, path, method="GET", port=None, body=None, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        try:
            connection.request(method, path, body, {
                name.replace("_", "-"): value for name, value in fields.items()})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def get(self, path, host="www.example", **fields):
        """The version that was answered, and Cache-Status."""
        status, got, body = self.request(path, Host=host, **fields)
        if status != 200:
            raise AssertionError(f"{path}: {status} {body}")
        return int(body.split()[-1]), got["Cache-Status"]

    def purge(self, token="t0ken", **what):
        return self.request("/v1/purge", "POST", self.admin, json.dumps(what),
                            Authorization=f"Bearer {token}")

    def metric(self, name):
        _, _, page = self.request("/metrics", port=self.admin)
        for line in page.decode().splitlines():
            if line.startswith(f"proxima_edge_{name} "):
                return float(line.split()[-1])
        raise AssertionError(name)


class PurgeCase(unittest.TestCase):
    def setUp(self):
        self.origin = Origin()
        self.addCleanup(self.origin.shutdown)

    def edge(self, **options):
        edge = Edge(self.origin, **options)
        self.addCleanup(edge.process.kill)
        return edge


class AtTheEdge(PurgeCase):
    def test_url_prefix_host_key_and_all(self):
        edge = self.edge()
        pages = [("/a", "www.example"), ("/a", "other.example"), ("/img/1?k1+k2", "www.example"),
                 ("/img/2?k2", "www.example")]
        # What is purged, and which of the pages that means.
        for what, meant in (({"urls": ["https://WWW.example/a"]}, [0]),
                            ({"prefixes": ["www.example/img/"]}, [2, 3]),
                            ({"hosts": ["www.example"]}, [0, 2, 3]),
                            ({"keys": ["k1"]}, [2]),
                            ({"keys": ["k2", "k9"]}, [2, 3]),
                            ({"all": True}, [0, 1, 2, 3])):
            for path, host in pages:
                edge.get(path, host)
            self.origin.version += 1
            status, _, body = edge.purge(**what)
            self.assertEqual(status, 200, body)
            for i, (path, host) in enumerate(pages):
                version, cache = edge.get(path, host)
                self.assertEqual("fwd=uri-miss" in cache, i in meant, (what, path, cache))
                if i in meant:
                    self.assertEqual(version, self.origin.version)
        self.assertEqual(edge.metric('purges_total{kind="key"}'), 3)

    def test_who_may_not_and_what_is_none(self):
        edge = self.edge(purge='allow = ["192.0.2.0/24"]\nper_second = 1')
        self.assertEqual(edge.purge(token="wrong", all=True)[0], 401)
        self.assertEqual(edge.purge(urls=["/a"])[0], 400)
        self.assertEqual(edge.purge(url=["http://a/"])[0], 400)
        self.assertEqual(edge.request("/v1/purge", "POST", edge.admin, "{",
                                      Authorization="Bearer t0ken")[0], 400)
        self.assertEqual(edge.request("/a", "PURGE")[0], 403)
        statuses = [edge.purge(keys=[f"k{i}"])[0] for i in range(30)]
        self.assertEqual(statuses[:10], [200] * 10)
        self.assertIn(429, statuses)
        self.assertGreater(edge.metric("refused_purges_total"), 0)

    def test_the_method_purges_all_codings_and_keys_stay_inside(self):
        edge = self.edge()
        edge.get("/a?k1", Accept_Encoding="gzip")
        _, fields, _ = edge.request("/a?k1", Host="www.example")
        self.assertIn("hit", fields["Cache-Status"])
        self.assertNotIn("Surrogate-Key", fields)
        self.assertNotIn("Cache-Tag", fields)
        self.assertEqual(edge.request("/a?k1", "PURGE", Host="www.example")[0], 200)
        self.assertIn("uri-miss", edge.get("/a?k1")[1])
        shown = self.edge(node="b", purge="show_keys = true")
        _, fields, _ = shown.request("/a?k1", Host="www.example")
        self.assertEqual(fields["Surrogate-Key"], "k1")

    def test_soft_is_validated_or_served_stale_while_the_origin_is_away(self):
        edge = self.edge()
        edge.get("/a?k1")
        self.assertEqual(edge.purge(soft=True, keys=["k1"])[0], 200)
        self.origin.down = True
        version, cache = edge.get("/a?k1")
        self.assertEqual(version, 1)
        self.assertIn("detail=origin", cache)
        self.origin.down = False
        self.assertIn("fwd=stale", edge.get("/a?k1")[1])
        self.assertRegex(edge.get("/a?k1")[1], r"hit; ttl=\d")
        self.assertEqual(edge.purge(keys=["k1"])[0], 200)
        self.origin.down = True
        self.assertEqual(edge.request("/a?k1", Host="www.example")[0], 502)

    def test_rules_for_keys_hold_for_purges(self):
        edge = self.edge(purge="""[[site]]
host = "*.shop.example"
url = "http://127.0.0.1:%d"
[site.cache]
query = "sort"
ignore_query = ["utm_*"]
key_host = "shop.example"
""" % self.origin.port)
        for how in ({"urls": ["http://www.shop.example/a?y=1&utm_x=2&x=3"]},
                    {"prefixes": ["de.shop.example/a?y"]}, {"hosts": ["fr.shop.example"]}):
            edge.get("/a?x=3&y=1", "www.shop.example")
            self.assertIn("hit", edge.get("/a?y=1&utm_x=9&x=3", "de.shop.example")[1])
            self.assertEqual(edge.purge(**how)[0], 200)
            self.assertIn("uri-miss", edge.get("/a?x=3&y=1", "fr.shop.example")[1], how)
        self.assertEqual(edge.request("/a?y=1&x=3&utm_z", "PURGE", Host="x.shop.example")[0], 200)
        self.assertIn("uri-miss", edge.get("/a?x=3&y=1", "www.shop.example")[1])

    def test_a_response_in_slices_ends_as_a_whole_and_comes_back(self):
        edge = self.edge()
        def whole():
            _, fields, body = edge.request("/large", Host="www.example")
            return body == str(self.origin.version).encode() * LARGE, fields["Cache-Status"]
        def is_stored():
            fetched = len(self.origin.asked)
            good, status = whole()
            self.assertTrue(good)
            return "hit" in status and len(self.origin.asked) == fetched
        for what in ({"urls": ["www.example/large"]}, {"keys": ["large"]}, {"all": True},
                     {"hosts": ["www.example"]}):
            harness.wait_until(is_stored, what="all slices")
            self.origin.version += 1
            self.assertEqual(edge.purge(**what)[0], 200)
            good, status = whole()
            self.assertTrue(good, what)
            self.assertIn("miss", status)
        self.assertEqual(edge.purge(soft=True, all=True)[0], 200)
        self.assertTrue(whole()[0])

    def test_what_is_on_its_way_when_a_purge_comes_is_not_used_after_it(self):
        edge = self.edge()
        self.origin.gate.clear()
        answers = []
        before = threading.Thread(target=lambda: answers.append(edge.get("/slow?k1")))
        before.start()
        harness.wait_until(lambda: len(self.origin.asked) == 1)
        self.origin.version = 2
        for what in ({"keys": ["k1"]}, {"hosts": ["www.example"]}):
            self.assertEqual(edge.purge(**what)[0], 200)
        after = threading.Thread(target=lambda: answers.append(edge.get("/slow?k1")))
        after.start()
        harness.wait_until(lambda: len(self.origin.asked) == 2)
        self.origin.gate.set()
        before.join()
        after.join()
        self.assertEqual(sorted(version for version, _ in answers), [1, 2])
        self.assertEqual(edge.get("/slow?k1")[0], 2)
        self.assertEqual(len(self.origin.asked), 2)

    def test_an_acknowledged_purge_survives_kill_9(self):
        edge = self.edge(disk=True)
        for round_ in range(4):
            paths = [f"/{round_}/{i}?k{i % 3}" for i in range(12)]
            for path in paths + paths:
                edge.get(path)
            harness.wait_until(lambda: edge.metric("disk_queued_bytes") == 0)
            self.origin.version += 1
            what, meant = (({"keys": ["k1"]}, lambda path: path.endswith("?k1")),
                           ({"prefixes": [f"www.example/{round_}/1"]},
                            lambda path: path.startswith(f"/{round_}/1")),
                           ({"urls": [f"www.example{paths[0]}"]}, lambda path: path == paths[0]),
                           ({"all": True}, lambda path: True))[round_]
            self.assertEqual(edge.purge(**what)[0], 200)
            edge.process.kill()
            edge.start()
            for path in paths:
                version, cache = edge.get(path)
                if meant(path):
                    self.assertEqual(version, self.origin.version, (path, cache))
                elif "uri-miss" not in cache:
                    self.assertEqual(version, self.origin.version - 1, (path, cache))


class Filling(PurgeCase):
    def put(self, edge, url, body, **fields):
        return edge.request("/v1/objects?url=" + urllib.parse.quote(url, safe=""), "PUT",
                            edge.admin, body, Authorization="Bearer t0ken", **fields)

    def prefetch(self, edge, **what):
        status, _, body = edge.request("/v1/prefetch", "POST", edge.admin, json.dumps(what),
                                       Authorization="Bearer t0ken")
        return status, json.loads(body)

    def figures(self, edge):
        return json.loads(edge.request("/v1/prefetch", port=edge.admin)[2])

    def test_what_is_put_is_served_as_if_it_had_been_fetched(self):
        edge = self.edge()
        body = b"x" * 1_500_000
        status, _, answer = self.put(edge, "http://www.example/pushed?a=b", body,
                                     Cache_Control="max-age=600", Content_Type="text/x-pushed",
                                     ETag='"p1"', Surrogate_Key="k1")
        self.assertEqual((status, json.loads(answer)), (201, {"ttl": 600}))
        status, fields, got = edge.request("/pushed?a=b", Host="www.example")
        self.assertEqual((status, got == body, fields["Content-Type"]), (200, True, "text/x-pushed"))
        self.assertIn("hit", fields["Cache-Status"])
        self.assertNotIn("Authorization", fields)
        status, _, _ = edge.request("/pushed?a=b", Host="www.example", If_None_Match='"p1"')
        self.assertEqual(status, 304)
        self.assertEqual(self.origin.asked, [])
        self.assertEqual(edge.purge(keys=["k1"])[0], 200)
        self.assertIn("uri-miss", edge.get("/pushed?a=b")[1])
        for url, fields, expected in (("ftp://a/", {}, 400), ("http://www.example/a", {}, 422),
                                      ("http://www.example/a", {"Cache_Control": "private"}, 422)):
            self.assertEqual(self.put(edge, url, b"x", **fields)[0], expected, url)
        self.assertEqual(edge.request("/v1/objects?url=http://a/", "PUT", edge.admin, b"x")[0], 401)

    def test_prefetched_pages_are_hits_and_what_is_fresh_is_not_fetched_again(self):
        edge = self.edge(purge="[prefetch]\nper_second = 1000")
        urls = [f"http://www.example/{i}" for i in range(20)]
        edge.get("/0")
        status, _ = self.prefetch(edge, urls=urls, priority=9)
        self.assertEqual(status, 202)
        harness.wait_until(lambda: self.figures(edge)["done"] == 20)
        for i in range(20):
            self.assertIn("hit", edge.get(f"/{i}")[1])
        self.assertEqual(len(self.origin.asked), 20)
        self.assertEqual(self.prefetch(edge, urls=["/a"])[0], 400)
        self.assertEqual(self.prefetch(edge, urls=urls, priority=10)[0], 400)

    def pins(self, edge, method="GET", **what):
        status, _, body = edge.request("/v1/pins", method, edge.admin, json.dumps(what),
                                       Authorization="Bearer t0ken")
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_pinned_pages_outlive_a_flood_and_a_restart(self):
        edge = self.edge(disk=True)
        edge.get("/stored")
        self.pins(edge, "POST", urls=["http://www.example/pinned", "http://www.example/stored"])
        harness.wait_until(
            lambda: [pin["objects"] for pin in self.pins(edge)["pins"]] == [1, 1])
        body = b"x" * 200_000
        for i in range(60):  # more than the memory, and worth as much
            for _ in range(3):
                status, _, _ = self.put(edge, f"http://www.example/flood/{i}", body,
                                        Cache_Control="max-age=600")
                edge.request(f"/flood/{i}", Host="www.example")
        for path in ("/pinned", "/stored"):
            self.assertRegex(edge.get(path)[1], r"hit; ttl=\d+$")
        self.assertEqual(self.origin.asked.count("/pinned"), 1)
        # A purge ends what is stored, not the pin.
        self.origin.version = 2
        self.assertEqual(edge.purge(urls=["http://www.example/pinned"])[0], 200)
        self.assertEqual(edge.get("/pinned")[0], 2)
        self.assertEqual(self.pins(edge)["pins"][0]["objects"], 1)
        edge.process.kill()
        edge.start()
        harness.wait_until(
            lambda: [pin["objects"] for pin in self.pins(edge)["pins"]] == [1, 1])
        self.pins(edge, "DELETE", urls=["http://www.example/pinned", "http://www.example/stored"])
        self.assertEqual(self.pins(edge)["pins"], [])
        self.assertEqual(self.pins(edge)["bytes"], 0)

    def test_off_peak_waits_for_its_time(self):
        hour = (time.localtime().tm_hour + 2) % 24
        edge = self.edge(purge=f'[prefetch]\noff_peak = "{hour:02}:00-{hour:02}:30"')
        self.prefetch(edge, urls=["http://www.example/later"], off_peak=True)
        self.prefetch(edge, urls=["http://www.example/now"])
        harness.wait_until(lambda: self.figures(edge)["done"] == 1)
        self.assertEqual(self.origin.asked, ["/now"])
        self.assertEqual(self.figures(edge)["waiting"], 1)
        status, _, body = edge.request("/v1/prefetch", "DELETE", edge.admin,
                                       Authorization="Bearer t0ken")
        self.assertEqual((status, json.loads(body)), (200, {"cleared": 1}))


class ThroughTheGslb(PurgeCase):
    def setUp(self):
        super().setUp()
        folder = harness.folder()
        self.admin = harness.free_port()
        (folder / "zone").write_text("$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n"
                                     "@ NS ns\nns A 127.0.0.1\n")
        self.config = folder / "proxima.toml"
        self.config.write_text("\n".join([
            harness.server(harness.free_port(), self.admin, f'state_dir = "{folder}/state"'),
            '[[zone]]\nname = "cdn.example."\nfile = "zone"',
            harness.cluster("fra", "192.0.2.1", "192.0.2.2", more=f'key = "{KEY}"')]))
        self.start()

    def start(self):
        self.gslb = harness.Process(
            [harness.binary("proxima-gslb"), "run", "-c", str(self.config)])
        self.gslb.wait_for_port(self.admin)
        self.addCleanup(self.gslb.kill)

    def edges(self, **options):
        edges = [self.edge(node=node, gslb=self.admin, **options) for node in "ab"]
        harness.wait_until(lambda: len(self.status()["nodes"]) == 2, what="both nodes")
        return edges

    def status(self):
        done = harness.proximactl(self.admin, "purges", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else {"nodes": []}

    def purge(self, *arguments):
        done = harness.proximactl(self.admin, "purge", "--wait", "--timeout", "20s", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def fill(self, edges, *paths):
        for edge in edges:
            for path in paths:
                edge.get(path)

    def test_all_edges_have_it_when_the_command_returns(self):
        edges = self.edges()
        self.fill(edges, "/a?k1", "/b?k2")
        self.origin.version = 2
        self.assertIn("2 nodes done", self.purge("--key", "k1"))
        for edge in edges:
            self.assertEqual(edge.get("/a?k1")[0], 2)
            self.assertEqual(edge.get("/b?k2")[0], 1)
        self.assertIn("2 nodes done", self.purge("http://www.example/b?k2", "--host", "no.example"))
        for edge in edges:
            self.assertEqual(edge.get("/b?k2")[0], 2)
        refused = harness.proximactl(self.admin, "purge", "ftp://a/")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("no http or https URL", refused.stderr)

    def test_many_at_once_come_page_by_page(self):
        edges = self.edges()
        self.fill(edges, "/a?k999")
        self.origin.version = 2
        keys = [word for i in range(1000) for word in ("--key", f"k{i}")]
        self.assertIn("2 nodes done", self.purge(*keys))
        for edge in edges:
            self.assertEqual(edge.get("/a?k999")[0], 2)

    def test_a_node_that_was_away_gets_what_it_missed_also_over_a_gslb_that_was_killed(self):
        edges = self.edges(disk=True)
        self.fill(edges, "/a?k1", "/a?k1", "/b?k2", "/b?k2")
        harness.wait_until(lambda: edges[1].metric("disk_objects") == 2)
        harness.wait_until(lambda: edges[1].metric("disk_queued_bytes") == 0)
        edges[1].process.kill()
        self.origin.version = 2
        given = harness.proximactl(self.admin, "purge", "--key", "k1")
        self.assertEqual(given.returncode, 0, given.stderr)
        harness.wait_until(lambda: edges[0].metric('purges_total{kind="key"}') == 1)
        self.gslb.kill()
        self.start()
        edges[1].start()
        harness.wait_until(lambda: [node["pending"] for node in self.status()["nodes"]] == [0, 0],
                           what="both have it")
        self.assertEqual(edges[1].get("/a?k1")[0], 2)
        self.assertEqual(edges[1].get("/b?k2")[0], 1)
        # Once each, however often it was said.
        self.assertEqual(edges[0].metric('purges_total{kind="key"}'), 1)

    def test_all_edges_prefetch(self):
        edges = self.edges()
        done = harness.proximactl(self.admin, "prefetch", "--wait", "http://www.example/a")
        self.assertEqual(done.returncode, 0, done.stderr)
        for edge in edges:
            harness.wait_until(lambda: edge.metric('prefetches_total{result="done"}') == 1)
            self.assertIn("hit", edge.get("/a")[1])

    def test_within_a_second_at_heartbeats_of_one_second(self):
        edges = self.edges(interval="1s")
        self.fill(edges, "/a?k1")
        began = time.monotonic()
        self.purge("--key", "k1")
        print(f"both edges had it after {time.monotonic() - began:.3f} s")


if __name__ == "__main__":
    unittest.main()
