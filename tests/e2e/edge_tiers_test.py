"""Tiers of edges: siblings, parents, who knows whom, and what dies on the way.  All real edges."""
import collections
import concurrent.futures
import http.client
import re
import socket
import unittest
import urllib.request

import harness
from edge_test import Origin, OriginHandler

CONFIG = """
[edge]
cluster = "{cluster}"
node = "{node}"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 1
[limits]
drain_grace = "0s"
drain_timeout = "2s"
[cache]
memory = "16MiB"
[origin]
url = "http://127.0.0.1:{origin}"
host = "origin.example"
connect_timeout = "2s"
first_byte_timeout = "30s"
[tier]
key = "{key}"
connect_timeout = "2s"
first_byte_timeout = "40s"
probe_interval = "{probe_interval}"
{tier}
"""


class Handler(OriginHandler):
    def page_held(self, _):
        """Nothing until the test says so."""
        self.server.release.wait(60)
        self.reply(b"held " + self.path.encode() * 1000, Cache_Control="max-age=60", ETag='"v1"')

    def page_halves(self, _):
        """Half of the body, and the rest when the test says so."""
        octets = b"0123456789" * 1000
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets[:5000])
        self.wfile.flush()
        self.server.release.wait(60)
        self.wfile.write(octets[5000:])

    def page_targeted(self, _):
        self.reply(b"x", Cache_Control="no-store", CDN_Cache_Control="max-age=60")

    def page_ranged(self, _):
        octets = bytes(range(256)) * 64
        asked = re.match(r"bytes=(\d+)-(\d+)$", self.headers.get("Range", ""))
        if not asked:
            return self.reply(octets, Cache_Control="max-age=60", ETag='"v1"')
        first, last = int(asked[1]), int(asked[2])
        self.reply(octets[first:last + 1], 206, Cache_Control="max-age=60", ETag='"v1"',
                   Content_Range=f"bytes {first}-{last}/{len(octets)}")


class Edge:
    """Its port is known before it runs, so that others may be told of it."""

    def __init__(self, name, origin, key="e2e tier key"):
        self.name, self.origin, self.key = name, origin, key
        self.port, self.admin = harness.free_port(), harness.free_port()
        self.process = None

    def start(self, parents=(), siblings=(), more="", sites="",
              probe_interval="60s"):
        cluster, node = self.name.split("-")
        tier = more + "".join(
            f'\n[[tier.{kind}]]\nname = "{edge.name}"\nurl = "http://127.0.0.1:{edge.port}"'
            for kind, edges in (("parent", parents), ("sibling", siblings)) for edge in edges)
        tier += "\n" + sites
        path = harness.folder() / "edge.toml"
        path.write_text(CONFIG.format(cluster=cluster, node=node, port=self.port, admin=self.admin,
                                      origin=self.origin.port, tier=tier, key=self.key,
                                      probe_interval=probe_interval))
        self.process = harness.start_edge(path)
        return self

    def get(self, path, method="GET", body=None, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        try:
            connection.request(method, path, body,
                               {"Host": "www.example"} |
                               {name.replace("_", "-"): value for name, value in fields.items()})
            response = connection.getresponse()
            octets = response.read()
            return (response.status,
                    {name.lower(): value for name, value in response.getheaders()}, octets)
        finally:
            connection.close()

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as page:
            return page.read().decode()

    def metric(self, name):
        found = re.search(rf"^proxima_edge_{re.escape(name)} (\S+)$", self.metrics(), re.M)
        return float(found.group(1)) if found else 0.0

    def peer(self, edge, kind, result):
        return self.metric(
            f'peer_requests_total{{edge="{edge.name}",kind="{kind}",result="{result}"}}')


def caches(fields):
    """Who had a hand in it, the first to answer first."""
    return [member.split(";")[0].strip() for member in fields["cache-status"].split(",")]


class TierCase(unittest.TestCase):
    def setUp(self):
        self.origin = Origin()
        self.origin.RequestHandlerClass = Handler
        self.edges = []

    def tearDown(self):
        self.origin.release.set()
        for edge in self.edges:
            if edge.process:
                edge.process.kill()
        self.origin.stop()

    def edge(self, name, **options):
        self.edges.append(Edge(name, self.origin, **options))
        return self.edges[-1]

    def cluster(self, name, **start):
        nodes = [self.edge(f"{name}-{node}") for node in "abc"]
        return [node.start(siblings=nodes, **start) for node in nodes]

    def owner_and_others(self, nodes, path):
        """By who answers what nobody has: of the cluster, the owner is the first."""
        names = {node.name: node for node in nodes}
        owner = [name for name in caches(nodes[0].get(path)[1]) if name in names][0]
        return names[owner], [node for node in nodes if node.name != owner]


class Crowds(TierCase):
    def test_a_crowd_on_two_clusters_with_a_parent_tier_asks_the_origin_once(self):
        parents = [self.edge("ams-a").start(), self.edge("ams-b").start()]
        nodes = self.cluster("fra", parents=parents) + self.cluster("muc", parents=parents)
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            crowd = [pool.submit(nodes[i % 6].get, "/held/crowd") for i in range(200)]
            harness.wait_until(lambda: self.origin.count("/held/crowd"), what="the fetch")
            # All of them are waiting by now or come later: neither asks again.
            self.origin.release.set()
            answers = [each.result() for each in crowd]
        self.assertEqual(collections.Counter(answer[0] for answer in answers), {200: 200})
        self.assertEqual(len({answer[2] for answer in answers}), 1)
        self.assertEqual(self.origin.count("/held/crowd"), 1)
        # One request of each cluster went up, both to the same parent.
        up = [sum(node.peer(parent, "parent", result) for node in nodes for result in
                  ("served", "hit")) for parent in parents]
        self.assertEqual(sorted(up), [0, 2])

    def test_who_follows_at_a_sibling_gets_the_first_octets_as_they_come(self):
        nodes = self.cluster("fra")
        sockets = []
        for node in nodes:
            sock = socket.create_connection(("127.0.0.1", node.port), timeout=60)
            sock.sendall(b"GET /drip HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n")
            sockets.append((sock, b""))
        # The origin holds the rest back until all have them.
        for i, (sock, received) in enumerate(sockets):
            while b"first" not in received:
                more = sock.recv(65536)
                self.assertTrue(more)
                received += more
            sockets[i] = (sock, received)
        self.origin.release.set()
        for sock, received in sockets:
            with sock:
                while more := sock.recv(65536):
                    received += more
            self.assertTrue(received.endswith(b"6\r\nsecond\r\n0\r\n\r\n"), received)
        self.assertEqual(self.origin.count("/drip"), 1)

    def test_the_memory_of_a_cluster_adds_up_and_what_is_hot_is_everywhere(self):
        nodes = self.cluster("fra")
        for i in range(30):
            self.assertEqual(nodes[0].get(f"/once{i}")[0], 200)
        held = [node.metric("store_objects") for node in nodes]
        self.assertEqual(sum(held), 30, held)  # each at its owner alone
        owner, (other, _) = self.owner_and_others(nodes, "/hot")
        self.assertEqual(caches(other.get("/hot")[1]), [owner.name, other.name])
        other.get("/hot")
        self.assertRegex(other.get("/hot")[1]["cache-status"], rf"{other.name}; hit; ttl=\d+$")
        self.assertEqual(self.origin.count("/hot"), 1)


class Passing(TierCase):
    def test_client_host_and_way_are_told_to_the_origin_once(self):
        parent = self.edge("ams-a").start()
        edge = self.edge("fra-a").start(parents=[parent])
        status, fields, _ = edge.get("/plain", X_Request_Id="r1")
        self.assertEqual(status, 200)
        asked = self.origin.last("/plain")[2]
        self.assertEqual(asked["Host"], "origin.example")
        self.assertEqual(asked["X-Forwarded-Host"], "www.example")
        self.assertEqual(asked["X-Forwarded-For"], "127.0.0.1")
        self.assertEqual(asked["X-Forwarded-Proto"], "http")
        self.assertEqual(asked["CDN-Loop"], "fra-a, ams-a")
        self.assertEqual(asked["Via"], "1.1 fra-a, 1.1 ams-a")
        self.assertEqual(asked["X-Request-Id"], "r1")
        self.assertNotIn("Proxima-Edge", asked)
        self.assertEqual(fields["via"], "1.1 ams-a, 1.1 fra-a")
        self.assertRegex(fields["cache-status"],
                         r"^ams-a; fwd=uri-miss; .*stored, fra-a; fwd=uri-miss; .*stored$")

    def test_rules_of_storing_hold_along_the_chain(self):
        parent = self.edge("ams-a").start()
        edge = self.edge("fra-a").start(parents=[parent])
        other = self.edge("muc-a").start(parents=[parent])
        # CDN-Cache-Control reaches all tiers; ages add up; validation goes through the parent.
        edge.get("/targeted")
        self.assertEqual(edge.get("/targeted")[1]["cache-status"].count("; hit"), 1)
        self.assertIn("ams-a; hit", other.get("/targeted")[1]["cache-status"])
        self.assertEqual(self.origin.count("/targeted"), 1)
        self.assertIn("age", other.get("/targeted")[1])
        edge.get("/validated")
        status, fields, body = edge.get("/validated")
        self.assertEqual((status, body), (200, b"validated"))
        self.assertEqual(self.origin.last("/validated")[2]["If-None-Match"], '"v1"')
        self.assertIn("fra-a; fwd=stale; fwd-status=304", fields["cache-status"])
        # Ranges pass, too.
        status, fields, body = edge.get("/ranged", Range="bytes=10-19")
        self.assertEqual((status, body), (206, bytes(range(10, 20))))
        self.assertEqual(edge.get("/ranged")[2], bytes(range(256)) * 64)

    def test_an_unsafe_method_ends_what_all_on_its_way_have(self):
        parent = self.edge("ams-a").start()
        nodes = self.cluster("fra", parents=[parent])
        for node in nodes * 3:
            node.get("/unsafe")
        self.assertEqual(self.origin.count("/unsafe"), 1)
        _, (one, two) = self.owner_and_others(nodes, "/other")
        status, fields, body = one.get("/unsafe", "POST", b"body of it")
        self.assertEqual(status, 200)
        self.assertEqual(self.origin.last("/unsafe")[3], b"body of it")
        self.assertIn("fwd=uri-miss", one.get("/unsafe")[1]["cache-status"])
        self.assertEqual(self.origin.count("/unsafe"), 3)

    def test_the_rest_of_the_cluster_hears_of_an_unsafe_method(self):
        nodes = self.cluster("fra")
        _, (one, two) = self.owner_and_others(nodes, "/unsafe")
        for node in nodes * 3:
            node.get("/unsafe")
        self.assertIn("hit", two.get("/unsafe")[1]["cache-status"].split(",")[-1])
        self.assertEqual(one.get("/unsafe", "POST", b"body of it")[0], 200)
        harness.wait_until(
            lambda: "uri-miss" in two.get("/unsafe")[1]["cache-status"].split(",")[-1],
            what="what the other node has to end")
        # Nobody but an edge can say so.
        two.get("/unsafe")
        self.assertEqual(two.get("/unsafe", "PURGE", Proxima_Edge="v1;1;fra-a;254;http;0")[0], 403)
        self.assertIn("hit", two.get("/unsafe")[1]["cache-status"].split(",")[-1])

    def test_what_is_not_for_sharing_goes_straight_up(self):
        nodes = self.cluster("fra")
        _, (other, _) = self.owner_and_others(nodes, "/private/x")
        answers = [other.get("/private/x") for _ in range(3)]
        self.assertEqual(caches(answers[-1][1]), [other.name])
        self.assertEqual([answer[2] for answer in answers], [b"2", b"3", b"4"])

    def test_a_site_may_do_without(self):
        parent = self.edge("ams-a").start()
        site = (f'[[site]]\nhost = "direct.example"\ntier = false\n'
                f'url = "http://127.0.0.1:{self.origin.port}"')
        edge = self.edge("fra-a").start(parents=[parent], sites=site)
        self.assertEqual(caches(edge.get("/plain")[1]), ["ams-a", "fra-a"])
        self.assertEqual(caches(edge.get("/plain", Host="direct.example")[1]), ["fra-a"])


class Trust(TierCase):
    def test_a_client_can_not_pretend_to_be_an_edge(self):
        edge = self.edge("fra-a").start()
        signature = "0" * 64
        for value in ("", "x", f"v1;1;fra-b;1;https;{signature}",
                      f"v1;99999999999999;fra-b;1;https;{signature}"):
            status, fields, _ = edge.get("/plain", Proxima_Edge=value)
            self.assertEqual(status, 403, value)
        self.assertEqual(self.origin.count("/plain"), 0)
        self.assertGreater(edge.metric('edge_refusals_total{reason="signature"}'), 0)
        self.assertGreater(edge.metric('edge_refusals_total{reason="malformed"}'), 0)
        # What only edges may ask is the site's own otherwise.
        self.assertEqual(edge.get("/.well-known/proxima-edge")[2],
                         b"content of /.well-known/proxima-edge")

    def test_edges_with_different_keys_do_without_each_other(self):
        parent = self.edge("ams-a", key="another").start()
        edge = self.edge("fra-a").start(parents=[parent])
        status, fields, _ = edge.get("/plain")
        self.assertEqual((status, caches(fields)), (200, ["fra-a"]))
        self.assertEqual(edge.peer(parent, "parent", "passed"), 1)


class Loops(TierCase):
    def test_parents_of_each_other_answer_nevertheless(self):
        one, two = self.edge("fra-a"), self.edge("muc-a")
        one.start(parents=[two])
        two.start(parents=[one])
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            crowd = [pool.submit((one, two)[i % 2].get, "/held/loop") for i in range(40)]
            harness.wait_until(lambda: self.origin.count("/held/loop"), what="the fetch")
            self.origin.release.set()
            statuses = collections.Counter(each.result()[0] for each in crowd)
        self.assertEqual(statuses, {200: 40})
        self.assertLessEqual(self.origin.count("/held/loop"), 2)

    def test_a_node_that_is_its_own_parent_by_another_name_is_found_out(self):
        edge = self.edge("fra-a")
        alias = Edge("ams-a", self.origin)
        alias.port = edge.port
        edge.start(parents=[alias])
        status, fields, _ = edge.get("/plain")
        self.assertEqual((status, caches(fields)), (200, ["fra-a"]))

    def test_no_more_tiers_than_allowed(self):
        chain = [self.edge(f"t{i}-a") for i in range(4)]
        for i, edge in enumerate(chain):
            edge.start(parents=chain[i + 1:i + 2], more="max_hops = 2")
        status, fields, _ = chain[0].get("/plain")
        # The third refuses a third hop, and who is refused asks the origin itself.
        self.assertEqual((status, caches(fields)), (200, ["t2-a", "t1-a", "t0-a"]))


class Failures(TierCase):
    def test_a_dead_parent_is_passed_over_for_the_next_and_then_the_origin(self):
        parents = [self.edge("ams-a").start(), self.edge("ams-b").start()]
        edge = self.edge("fra-a").start(parents=parents)
        used = {caches(edge.get(f"/plain{i}")[1])[0] for i in range(20)}
        self.assertEqual(used, {"ams-a", "ams-b"})
        parents[0].process.kill()
        used = {caches(edge.get(f"/next{i}")[1])[0] for i in range(20)}
        self.assertEqual(used, {"ams-b"})
        self.assertLessEqual(edge.peer(parents[0], "parent", "failed"), 4)  # then left alone
        self.assertEqual(edge.metric('peer_up{edge="ams-a",kind="parent"}'), 0)
        parents[1].process.kill()
        for i in range(10):
            status, fields, _ = edge.get(f"/last{i}")
            self.assertEqual((status, caches(fields)), (200, ["fra-a"]))
        self.assertEqual(edge.get("/plain0")[0], 200)

    def test_without_the_origin_as_the_last_resort_it_is_an_error(self):
        parent = self.edge("ams-a").start()
        edge = self.edge("fra-a").start(parents=[parent], more='on_failure = "error"')
        self.assertEqual(edge.get("/plain")[0], 200)
        parent.process.kill()
        self.assertEqual(edge.get("/plain")[0], 200)  # stored
        status, fields, _ = edge.get("/new")
        self.assertEqual((status, fields["cache-status"]), (502, "fra-a; detail=tier-failed"))
        self.assertEqual(self.origin.count("/new"), 0)

    def test_a_parent_that_dies_within_a_body_cuts_it_and_the_next_try_is_whole(self):
        parent = self.edge("ams-a").start()
        edge = self.edge("fra-a").start(parents=[parent])
        with socket.create_connection(("127.0.0.1", edge.port), timeout=60) as sock:
            sock.sendall(b"GET /halves HTTP/1.1\r\nHost: www.example\r\n\r\n")
            received = b""
            while not received.endswith(b"0123456789" * 500):
                more = sock.recv(65536)
                self.assertTrue(more)
                received += more
            parent.process.kill()
            while more := sock.recv(65536):
                received += more
            self.assertEqual(received.count(b"0123456789"), 500)
        self.origin.release.set()
        status, fields, body = edge.get("/halves")
        self.assertEqual((status, body), (200, b"0123456789" * 1000))

    def test_a_sibling_that_dies_has_heirs_and_comes_back(self):
        nodes = self.cluster("fra", probe_interval="200ms")
        owner, (one, two) = self.owner_and_others(nodes, "/plain")
        owner.process.kill()
        for node in (one, two):
            harness.wait_until(
                lambda: node.metric(f'peer_up{{edge="{owner.name}",kind="sibling"}}') == 0,
                what="left alone")
        heirs = set()
        for i in range(20):
            first = caches(one.get(f"/heirs{i}")[1])[0]
            self.assertEqual(caches(two.get(f"/heirs{i}")[1])[0], first)
            heirs.add(first)
            self.assertEqual(self.origin.count(f"/heirs{i}"), 1)
        self.assertEqual(heirs, {one.name, two.name})
        owner.start(siblings=nodes)
        for node in (one, two):
            harness.wait_until(
                lambda: node.metric(f'peer_up{{edge="{owner.name}",kind="sibling"}}') == 1,
                what="asked again")

    def begin(self, edge, path):
        """Asks for `path`, until the first half of it is there."""
        sock = socket.create_connection(("127.0.0.1", edge.port), timeout=60)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: www.example\r\n"
                     "Connection: close\r\n\r\n".encode())
        received = b""
        while not received.endswith(b"0123456789" * 500):
            more = sock.recv(65536)
            self.assertTrue(more, received[:500])
            received += more
        return sock, received

    def test_who_comes_back_is_warmed_by_those_who_stood_in_for_it(self):
        nodes = self.cluster("fra")
        one, owner = nodes[0], nodes[1]
        owned = [i for i in range(30) if caches(one.get(f"/plain{i}")[1])[0] == owner.name]
        owner.process.kill()
        for i in owned:
            self.assertEqual(one.get(f"/plain{i}")[0], 200)
            self.assertEqual(self.origin.count(f"/plain{i}"), 2)
        owner.start(siblings=nodes)
        for i in owned:
            self.assertRegex(owner.get(f"/plain{i}")[1]["cache-status"],
                             r"fra-[ac]; hit; .*, fra-b; fwd=uri-miss")
            self.assertEqual(self.origin.count(f"/plain{i}"), 2)

    def test_who_comes_back_follows_the_fetch_another_has_begun(self):
        nodes = self.cluster("fra")
        one, owner = nodes[0], nodes[1]
        self.origin.release.set()
        path = next(path for path in (f"/halves?{i}" for i in range(100))
                    if caches(one.get(path)[1])[0] == owner.name)
        self.origin.release.clear()
        owner.process.kill()
        heir = self.begin(one, path)
        owner.start(siblings=nodes)
        back = self.begin(owner, path)
        self.assertEqual(self.origin.count(path), 2)
        self.origin.release.set()
        for sock, received in (heir, back):
            with sock:
                while more := sock.recv(65536):
                    received += more
            self.assertEqual(received.count(b"0123456789"), 1000)
        self.assertEqual(self.origin.count(path), 2)

    def test_a_dead_origin_is_told_as_such_and_costs_few_tries(self):
        parent = self.edge("ams-a").start()
        nodes = self.cluster("fra", parents=[parent])
        for node in nodes:
            node.get("/stays")
        self.origin.stop()
        for node in nodes:
            status, fields, _ = node.get("/gone")
            self.assertEqual(status, 502)
        # Nobody is blamed for it.
        for node in nodes:
            self.assertEqual(node.metric('peer_up{edge="ams-a",kind="parent"}'), 1)
            self.assertEqual(node.get("/stays")[0], 200)
        tries = sum(edge.metric("origin_fetches_total") for edge in nodes + [parent])
        self.assertLessEqual(tries, 1 + 3 * 2)


if __name__ == "__main__":
    unittest.main()
