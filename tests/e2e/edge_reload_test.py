"""Reloading proxima-edge: a new configuration serves, a bad one is refused, nobody is cut."""
import http.client
import json
import signal
import socket
import unittest
import urllib.error
import urllib.request

import harness
from edge_test import Edge, Origin


class Reload(unittest.TestCase):
    def setUp(self):
        self.origin, self.other = Origin(), Origin()
        self.edge = Edge(self.origin.port)
        self.path = self.edge.process.child.args[-1]
        with open(self.path, encoding="utf-8") as file:
            self.text = file.read()

    def tearDown(self):
        self.assertEqual(self.edge.process.stop(), 0)
        self.origin.stop()
        self.other.stop()

    def write(self, change):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(change(self.text))

    def post(self, token=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.edge.admin}/v1/reload",
                                         method="POST")
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def test_requests_on_open_connections_are_answered_by_the_new_one(self):
        client = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=10)
        client.request("GET", "/before")
        client.getresponse().read()
        sock = client.sock
        self.write(lambda text: text.replace(f'url = "http://127.0.0.1:{self.origin.port}',
                                             f'url = "http://127.0.0.1:{self.other.port}'))
        self.edge.process.signal(signal.SIGHUP)
        self.edge.process.wait_for_log("serving with the new configuration")
        client.request("GET", "/after")
        self.assertEqual(client.getresponse().read(), b"content of /after")
        self.assertIs(client.sock, sock)
        client.close()
        self.assertEqual((self.origin.count("/after"), self.other.count("/after")), (0, 1))
        self.assertIn("; hit", self.edge.get("/before")[1]["cache-status"])
        metrics = self.edge.metrics()
        self.assertIn('proxima_edge_reloads_total{result="success"} 1', metrics)
        self.assertIn("proxima_edge_config_generation 2", metrics)

    def test_an_answer_under_way_goes_on(self):
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=10) as sock:
            sock.sendall(b"GET /drip HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            received = b""
            while b"first" not in received:
                received += sock.recv(65536)
            self.assertEqual(self.post()[0], 200)
            self.origin.release.set()
            while more := sock.recv(65536):
                received += more
        self.assertTrue(received.endswith(b"6\r\nsecond\r\n0\r\n\r\n"))

    def test_a_bad_file_is_refused_and_the_old_one_serves(self):
        self.write(lambda text: text.replace("[cache]", "[cache]\nmemroy = 1"))
        status, told = self.post()
        self.assertEqual(status, 422)
        self.assertRegex(told, r"edge\.toml:\d+:\d+: error: .*memroy")
        self.edge.process.signal(signal.SIGHUP)
        harness.wait_until(lambda: 'reloads_total{result="failure"} 2' in self.edge.metrics(),
                           what="the second refusal")
        self.assertIn("proxima_edge_last_reload_successful 0", self.edge.metrics())
        self.assertEqual(self.edge.get("/still")[0], 200)

    def test_listeners_come_and_go(self):
        port = harness.free_port()
        taken = socket.create_server(("127.0.0.1", 0))
        old = f'"127.0.0.1:{self.edge.port}"'
        self.write(lambda text: text.replace(old, f'{old}, "127.0.0.1:{port}"'))
        self.assertEqual(self.post()[0], 200)
        self.assertTrue(harness.can_connect(port) and harness.can_connect(self.edge.port))
        self.write(lambda text: text.replace(
            old, f'{old}, "127.0.0.1:{taken.getsockname()[1]}"'))
        status, told = self.post()
        self.assertEqual(status, 422)
        self.assertIn("can't listen", told)
        self.assertTrue(harness.can_connect(port))  # as before
        taken.close()
        self.write(lambda text: text)
        self.assertEqual(self.post()[0], 200)
        harness.wait_until(lambda: not harness.can_connect(port), what="closed listener")
        self.assertTrue(harness.can_connect(self.edge.port))

    def test_the_token_guards_it_and_may_change(self):
        self.write(lambda text: text.replace("workers = 2", 'workers = 3\nadmin_token = "abc"'))
        status, told = self.post()
        self.assertEqual(status, 200)
        self.assertIn("workers of [edge] is another now (it takes effect at the next start)", told)
        harness.wait_until(lambda: self.post()[0] == 401, what="the new token")
        self.assertEqual(self.post("abc")[0], 200)

    def test_heartbeats_go_to_the_new_gslbs_by_the_new_key(self):
        self.write(lambda text: text.replace(f'"http://127.0.0.1:{self.origin.port}"]',
                                             f'"http://127.0.0.1:{self.other.port}"]'))
        harness.wait_until(lambda: self.origin.beats, what="a heartbeat")
        self.assertEqual(self.post()[0], 200)
        harness.wait_until(lambda: self.other.beats, what="a heartbeat to the new GSLB")
        before, after = (json.loads(each.beats[-1][1]) for each in (self.origin, self.other))
        self.assertEqual(before["incarnation"], after["incarnation"])


if __name__ == "__main__":
    unittest.main()
