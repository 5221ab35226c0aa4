"""Clients that another cluster should serve are sent there, once, by their network or by the state
of the node; and edges that speak TLS with each other."""
import http.client
import unittest
import urllib.request

import harness
from edge_test import Edge, Origin
from edge_tls_test import TlsEdge, ask, certificate, entry

AWAY = "127.0.0.2"  # a client's address whose cluster is another


class RedirectCase(unittest.TestCase):
    def setUp(self):
        self.origin = Origin()

    def tearDown(self):
        self.origin.release.set()
        self.edge.process.stop()
        self.origin.stop()

    def start(self, redirect):
        self.edge = Edge(self.origin.port, lambda text: text + f"\n[redirect]\n{redirect}\n"
                         f'[[redirect.clients]]\ncluster = "muc"\nprefixes = ["{AWAY}/32"]\n')

    def get(self, path, host="www.example", method="GET", source=AWAY, body=None, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=30,
                                                source_address=(source, 0))
        try:
            connection.request(method, path, body, {"Host": host} | {
                name.replace("_", "-"): value for name, value in fields.items()})
            response = connection.getresponse()
            octets = response.read()
            return (response.status,
                    {name.lower(): value for name, value in response.getheaders()}, octets)
        finally:
            connection.close()


class ByNetwork(RedirectCase):
    def test_who_belongs_elsewhere_is_sent_there_and_nobody_else(self):
        self.start('mode = "all"\ntarget = "http://{cluster}.{host}:8080"')
        status, fields, _ = self.get("/plain?x=1", host="www.example:81")
        self.assertEqual((status, fields["location"]),
                         (302, "http://muc.www.example:8080/plain?x=1"))
        self.assertEqual(fields["cache-status"], "fra-a; detail=redirect")
        self.assertEqual(fields["cache-control"], "no-store")
        self.assertEqual(self.get("/plain", method="HEAD")[::2], (302, b""))
        self.assertEqual(self.get("/plain", source="127.0.0.1")[0], 200)
        # Others than GET and HEAD are answered where they come.
        self.assertEqual(self.get("/echo", method="POST", body=b"x")[::2], (200, b"x"))
        self.assertEqual(self.edge.metric("proxima_edge_redirects_total"), 2)

    def test_who_was_sent_is_answered_and_gets_the_same_object(self):
        self.start('mode = "all"\nanswer = "307"\ntarget = "http://{cluster}.{host}"')
        self.assertEqual(self.get("/plain")[0], 307)
        self.assertEqual(self.get("/plain", source="127.0.0.1")[0], 200)
        for host in ("fra.www.example", "muc.www.example:8080"):
            status, fields, body = self.get("/plain", host=host)
            self.assertEqual((status, body), (200, b"content of /plain"))
            self.assertIn("fra-a; hit", fields["cache-status"])
        self.assertEqual(self.get("/plain", Alt_Used="fra.www.example")[0], 200)
        self.assertEqual(self.origin.count("/plain"), 1)
        # Of no cluster that is known here: a host as any other.
        self.assertEqual(self.get("/other", host="cdg.www.example")[0], 307)
        self.assertEqual(self.get("/other", host="fra.www.example")[0], 200)
        self.assertEqual(self.origin.last("/other")[2]["Host"], "www.example")

    def test_large_sends_only_what_is_stored_and_large(self):
        self.start('mode = "large"\nsize = 17\ntarget = "http://{cluster}.{host}"')
        self.assertEqual(self.get("/plain")[0], 200)  # not stored yet
        self.assertEqual(self.get("/plain")[0], 302)  # 17 octets
        self.assertEqual(self.get("/slim")[0], 200)
        self.assertEqual(self.get("/slim")[0], 200)  # 16


class ByState(RedirectCase):
    def test_a_node_that_drains_sends_everybody_to_the_spill_cluster(self):
        self.start('mode = "all"\nspill = "ams"\ntarget = "http://{cluster}.{host}"')
        home = "127.0.0.1"
        self.assertEqual(self.get("/plain", source=home)[0], 200)

        def order(state):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.edge.admin}/v1/state?state={state}", method="POST")
            urllib.request.urlopen(request, timeout=10).close()

        order("draining")
        for source in (home, AWAY):
            status, fields, _ = self.get("/plain", source=source)
            self.assertEqual((status, fields["location"]), (302, "http://ams.www.example/plain"))
        self.assertEqual(self.get("/plain", host="fra.www.example", source=home)[0], 200)
        order("up")
        self.assertEqual(self.get("/plain", source=home)[0], 200)


class OverTls(unittest.TestCase):
    def setUp(self):
        self.origin = Origin()
        self.folder = harness.folder()
        certificate(self.folder, "www", ["www.example"])
        certificate(self.folder, "edge", ["localhost"])

    def tearDown(self):
        self.origin.release.set()
        self.origin.stop()

    def test_alt_svc_names_the_other_cluster_and_answers(self):
        edge = TlsEdge(self.origin.port, self.folder, entry("www") + (
            '[redirect]\nmode = "all"\nanswer = "alt-svc"\n[[redirect.clients]]\n'
            'cluster = "muc"\nprefixes = ["127.0.0.1/32"]\n'))
        with edge.connect() as sock:
            status, fields, body = ask(sock, "www.example", "/plain")
            self.assertEqual((status, body), (200, b"content of /plain"))
            self.assertEqual(fields["alt-svc"], 'h2="muc.www.example:443"; ma=60')
            fields = ask(sock, "www.example", "/plain", "Alt-Used: www.example")[1]
            self.assertNotIn("alt-svc", fields)
        self.assertNotIn("alt-svc", edge.get("/plain")[1])  # not by TLS
        self.assertEqual(edge.process.stop(), 0)

    def test_edges_speak_tls_with_each_other_under_a_name_of_their_own(self):
        certificates = entry("www") + entry("edge")
        tier = '[tier]\nkey = "between edges"\n'
        parent = TlsEdge(self.origin.port, self.folder, certificates + tier,
                         lambda text: text.replace('"fra"', '"ams"'))
        edge = TlsEdge(self.origin.port, self.folder, certificates + tier + (
            'ca_file = "edge.pem"\n[[tier.parent]]\nname = "ams-a"\n'
            f'url = "https://localhost:{parent.tls}"\n'))
        with edge.connect() as sock:
            status, fields, _ = ask(sock, "www.example", "/plain")
        self.assertEqual(status, 200)
        self.assertRegex(fields["cache-status"], "^ams-a; fwd=uri-miss.*, fra-a; fwd=uri-miss")
        self.assertEqual(self.origin.last("/plain")[2]["X-Forwarded-Proto"], "https")
        # A certificate of somebody else is none of a parent.
        stranger = TlsEdge(self.origin.port, self.folder, certificates + tier + (
            'ca_file = "www.pem"\n[[tier.parent]]\nname = "ams-a"\n'
            f'url = "https://localhost:{parent.tls}"\n'))
        with stranger.connect() as sock:
            status, fields, _ = ask(sock, "www.example", "/new")
        self.assertEqual(status, 200)
        self.assertNotIn("ams-a", fields["cache-status"])
        for each in (edge, stranger, parent):
            self.assertEqual(each.process.stop(), 0)


if __name__ == "__main__":
    unittest.main()
