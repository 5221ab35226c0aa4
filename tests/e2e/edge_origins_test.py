"""Origins of several servers: who is asked, when it is asked again, what happens when it fails."""
import concurrent.futures
import http.client
import json
import re
import socket
import socketserver
import ssl
import struct
import threading
import time
import unittest
import urllib.request

import harness
from edge_tls_test import certificate


def answer(body=b"ok", status=200, *fields):
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Cache-Control: no-store",
            *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Server:
    """Counts heads of requests and does with each connection's octets what `behave` says."""

    def __init__(self, behave=None, address="127.0.0.1", port=0, tls=None):
        self.tls = tls
        self.heads, self.lock = [], threading.Lock()
        self.connections = 0
        self.behave = behave or (lambda sock, head: sock.sendall(answer()))
        self.listener = socket.create_server((address, port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        octets = b""
        with sock:
            try:
                if self.tls:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                while True:
                    while b"\r\n\r\n" not in octets:
                        more = sock.recv(65536)
                        if not more:
                            return
                        octets += more
                    head, octets = octets.split(b"\r\n\r\n", 1)
                    length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
                    length = int(length.group(1)) if length else 0
                    while len(octets) < length:
                        octets += sock.recv(65536)
                    self.body, octets = octets[:length], octets[length:]
                    with self.lock:
                        self.heads.append(head.decode())
                    if self.behave(sock, head.decode()) is False:
                        return
            except OSError:
                return  # the edge has had enough: what some tests are about

    def count(self, path=" "):
        with self.lock:
            return sum(1 for head in self.heads if path in head.split("\r\n")[0])

    def stop(self):
        self.listener.close()


def reset(sock, _):
    """Gone without an answer."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


class Dns(socketserver.UDPServer):
    """Answers A from `names` (name to TTL and addresses), CNAME from `aliases` (to TTL and name)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), None)
        self.port, self.names, self.aliases = self.server_address[1], {}, {}
        self.asked, self.silent = [], False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def finish_request(self, request, client_address):
        query, at, labels = request[0], 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name, kind = ".".join(labels), int.from_bytes(query[at + 1:at + 3], "big")
        self.asked.append(name)
        if self.silent:
            return
        ttl, values = 0, []
        if kind == 1 and name in self.names:
            ttl, addresses = self.names[name]
            values = [socket.inet_aton(address) for address in addresses]
        elif kind == 5 and name in self.aliases:
            ttl, target = self.aliases[name]
            values = [b"".join(bytes([len(label)]) + label.encode() for label in target.split("."))]
        known = name in self.names or name in self.aliases
        reply = query[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1, len(values), 0, 0)
        reply += query[12:at + 5]
        for value in values:
            reply += struct.pack(">HHHIH", 0xc00c, kind, 1, ttl, len(value)) + value
        request[1].sendto(reply, client_address)


class OriginsTest(unittest.TestCase):
    def server(self, *arguments, **named):
        server = Server(*arguments, **named)
        self.addCleanup(server.stop)
        return server

    def edge(self, site, more=""):
        self.port, self.admin = harness.free_port(), harness.free_port()
        path = harness.folder() / "edge.toml"
        path.write_text(f"""
[edge]
cluster = "x"
node = "a"
listen = ["127.0.0.1:{self.port}"]
admin = "127.0.0.1:{self.admin}"
workers = 2
[limits]
drain_grace = "0s"
{more}
[[site]]
host = "www.example"
{site}
""")
        self.addCleanup(harness.start_edge(path).stop)

    def ask(self, path="/", method="GET", body=None, **fields):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request(method, path, body, {"Host": "www.example", **fields})
            got = client.getresponse()
            return got.status, got.read(), got
        finally:
            client.close()

    def state(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/v1/state") as got:
            return json.load(got)["origins"][0]

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics") as got:
            lines = got.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith(f"proxima_edge_{name}{{"))

    @staticmethod
    def urls(*servers):
        return "urls = [" + ", ".join(f'"http://127.0.0.1:{each.port}"' for each in servers) + "]\n"

    def test_servers_take_turns_by_weight(self):
        one, three = self.server(), self.server()
        self.edge(f"""
[[site.server]]
url = "http://127.0.0.1:{one.port}"
[[site.server]]
url = "http://127.0.0.1:{three.port}"
weight = 3
""")
        for i in range(40):
            self.assertEqual(self.ask(f"/{i}")[0], 200)
        self.assertEqual((one.count(), three.count()), (10, 30))
        self.assertLess(three.connections, 10, "connections are kept")

    def test_what_may_be_sent_twice_goes_to_the_next_server_and_nothing_else_does(self):
        bad, good = self.server(reset), self.server()
        self.edge(self.urls(bad, good) + "eject_after = 0\n")
        self.assertEqual(self.ask("/get")[0], 200)
        self.assertEqual((bad.count("/get"), good.count("/get")), (1, 1))
        self.assertEqual(self.ask("/delete", "DELETE")[0], 200)
        self.assertEqual((bad.count("/delete"), good.count("/delete")), (1, 1))
        self.assertEqual(self.ask("/post", "POST")[0], 502)
        self.assertEqual(self.ask("/put", "PUT", b"body")[0], 502)
        for path in ("/post", "/put"):
            self.assertEqual((bad.count(path), good.count(path)), (1, 0), path)

    def test_what_was_not_sent_may_go_anywhere(self):
        good = self.server()
        self.edge(f'urls = ["http://127.0.0.1:{harness.free_port()}", '
                  f'"http://127.0.0.1:{good.port}"]\n')
        for _ in range(5):
            self.assertEqual(self.ask("/post", "POST")[0], 200)
        self.assertEqual(good.count("/post"), 5)
        self.assertEqual(self.state()["servers"][0]["state"], "ejected")
        self.assertEqual(self.state()["servers"][0]["failures"], 3, "then it is left alone")

    def test_once_an_octet_of_an_answer_is_here_there_is_an_answer(self):
        def half(sock, _):
            sock.sendall(b"HTTP/1.1 20")
            return False
        bad, good = self.server(half), self.server()
        self.edge(self.urls(bad, good))
        status, _, got = self.ask("/x")
        self.assertEqual(status, 502)
        self.assertIn("origin-closed", got.getheader("Cache-Status"))
        self.assertEqual(good.count(), 0)

    def test_a_connection_the_server_has_closed_costs_nothing(self):
        only = self.server()
        self.edge(self.urls(only) + "retries = 0\nretry_percent = 0\n")
        self.assertEqual(self.ask("/a")[0], 200)
        only.behave = lambda sock, head: (sock.sendall(answer()), False)[1]
        for i in range(20):  # each ends the connection it came by
            self.assertEqual(self.ask(f"/{i}")[0], 200)
        self.assertEqual(self.state()["servers"][0]["failures"], 0)

    def test_statuses_that_are_configured_are_tried_elsewhere(self):
        bad = self.server(lambda sock, head: sock.sendall(answer(b"bad", 503)))
        good = self.server()
        self.edge(self.urls(bad, good) + "retry_status = [503]\neject_after = 0\n")
        self.assertEqual(self.ask("/get")[:2], (200, b"ok"))
        self.assertEqual(self.ask("/post", "POST")[:2], (503, b"bad"))
        good.behave = lambda sock, head: sock.sendall(answer(b"worse", 503))
        self.assertEqual(self.ask("/both")[:2], (503, b"bad"), "the first refusal, whole")
        good.behave = lambda sock, head: sock.sendall(answer(b"no", 404))
        self.assertEqual(self.ask("/other")[0], 404)

    def test_retries_are_a_fifth_of_requests_at_most(self):
        one, two = self.server(reset), self.server(reset)
        self.edge(self.urls(one, two) + "eject_after = 0\n")
        for i in range(100):
            self.assertEqual(self.ask(f"/{i}")[0], 502)
        sent = one.count() + two.count()
        self.assertGreaterEqual(sent, 110)
        self.assertLessEqual(sent, 131, "ten are free, then one in five")
        self.assertGreater(self.metric("origin_retries_refused_total"), 60)

    def test_checks_take_a_server_away_and_bring_it_back(self):
        well = True

        def behave(sock, head):
            up = well or "/up" not in head
            sock.sendall(answer(b"first", 200 if up else 500))
        first, second = self.server(behave), self.server()
        self.edge(self.urls(first, second) + """
[site.health]
path = "/up"
interval = "100ms"
status = ["200"]
""")
        self.assertEqual(self.ask("/a")[1], b"first")
        well = False
        harness.wait_until(lambda: self.state()["servers"][0]["state"] == "down", what="down")
        self.assertEqual(self.ask("/b")[1], b"ok")
        self.assertIn("Host: 127.0.0.1", first.heads[0])
        well = True
        harness.wait_until(lambda: self.state()["servers"][0]["state"] == "up", what="up")
        self.assertEqual(self.ask("/c")[1], b"first")
        self.assertEqual(self.metric("condition"), 0)
        second.behave, well = behave, False
        harness.wait_until(lambda: self.metric("condition") == 1, what="the complaint")
        self.assertEqual(self.ask("/d")[0], 200, "better a try than an error for sure")

    def test_servers_have_no_more_requests_than_they_may_and_the_rest_waits(self):
        busy = []

        def slow(sock, _):
            with only.lock:
                busy.append(1)
                most.append(len(busy))
            time.sleep(0.05)
            with only.lock:
                busy.pop()  # before the edge can know that it may send the next
            sock.sendall(answer())
        most = []
        only = self.server(slow)
        self.edge(self.urls(only) + "max_connections = 2\nqueue = 100\nqueue_timeout = \"1m\"\n")
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            got = list(pool.map(lambda i: self.ask(f"/{i}")[0], range(20)))
        self.assertEqual(got, [200] * 20)
        self.assertEqual(max(most), 2)

    def test_a_full_queue_is_an_error_at_once(self):
        go = threading.Event()

        def wait(sock, _):
            go.wait(60)
            sock.sendall(answer())
        only = self.server(wait)
        self.edge(self.urls(only) + "max_connections = 1\nqueue = 0\nfirst_byte_timeout = \"2m\"\n")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(self.ask, "/first")
            harness.wait_until(lambda: only.count() == 1, what="the first request")
            status, _, got = self.ask("/second")
            self.assertEqual(status, 503)
            self.assertIn("origin-busy", got.getheader("Cache-Status"))
            go.set()
            self.assertEqual(first.result()[0], 200)
        self.assertEqual(self.ask("/third")[0], 200)

    def test_each_phase_has_its_patience(self):
        stop = threading.Event()
        self.addCleanup(stop.set)

        def behave(sock, head):
            path = head.split(" ")[1]
            if path == "/head":
                stop.wait(60)
            elif path == "/drip":
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not stop.wait(0.05):
                    sock.sendall(b"x")
            elif path == "/body":
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin")
                stop.wait(60)
            elif path == "/endless":
                sock.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stop.is_set():
                    sock.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
            elif path == "/interim":
                while not stop.is_set():
                    sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
            return False
        server = self.server(behave)
        self.edge(self.urls(server) + 'first_byte_timeout = "300ms"\nretries = 0\n'
                  'between_bytes_timeout = "300ms"\ntotal_timeout = "1s"\n')
        for path, status, why in (("/head", 504, "origin-timeout"),
                                  ("/endless", 502, "origin-bad-response")):
            got = self.ask(path)
            self.assertEqual(got[0], status, path)
            self.assertIn(why, got[2].getheader("Cache-Status"))
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(b"GET /interim HTTP/1.1\r\nHost: www.example\r\n"
                           b"Connection: close\r\n\r\n")
            octets = b"".join(iter(lambda: client.recv(65536), b""))
        self.assertIn(b"HTTP/1.1 502 ", octets)
        self.assertLess(octets.count(b"HTTP/1.1 102 "), 20)
        for path in ("/body", "/drip"):
            with self.assertRaises(http.client.IncompleteRead, msg=path):
                self.ask(path)

    def test_a_handshake_that_never_ends_is_given_up(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.edge(f'url = "https://127.0.0.1:{silent.getsockname()[1]}"\ntls_timeout = "200ms"\n')
        status, _, got = self.ask()
        self.assertEqual(status, 504)
        self.assertIn("origin-connect-timeout", got.getheader("Cache-Status"))

    def test_names_and_certificates_are_held_against_each_other(self):
        folder = harness.folder()
        certificate(folder, "server", ["origin.example"])
        certificate(folder, "client", ["edge.example"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        context.load_verify_locations(folder / "client.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        server = self.server(tls=context)
        base = f'url = "https://127.0.0.1:{server.port}"\n[site.tls]\n'
        trust = f'ca_file = "{folder}/server.pem"\n'
        own = f'certificate = "{folder}/client.pem"\nkey = "{folder}/client.key"\n'
        for tls, status in ((trust + own + 'name = "origin.example"', 200),
                            (trust + own, 502),  # 127.0.0.1 is not in the certificate
                            (own + 'name = "origin.example"', 502),
                            (trust + 'name = "origin.example"', 502),  # shows none itself
                            (own + "verify = false", 200)):
            self.edge(base + tls + "\n")
            self.assertEqual(self.ask()[0], status, tls)

    def test_heads_are_changed_both_ways(self):
        server = self.server(lambda sock, head: sock.sendall(
            answer(b"ok", 200, "X-Powered-By: secret", "X-Other: 1", "Location: /base/there")))
        self.edge(self.urls(server) + """path = "/base"
origin_host = "inner.example"
[site.request_headers]
remove = ["Cookie"]
set = {X-Key = "k"}
[site.response_headers]
remove = ["x-powered-by"]
set = {X-Other = "2"}
add = {X-Edge = "here"}
""")
        _, _, got = self.ask("/a?b", Cookie="a=b", **{"X-Key": "of the client"})
        head = server.heads[0]
        self.assertTrue(head.startswith("GET /base/a?b HTTP/1.1\r\n"), head)
        self.assertIn("Host: inner.example", head)
        self.assertNotIn("Cookie", head)
        self.assertIn("X-Key: k", head)
        self.assertNotIn("of the client", head)
        self.assertIsNone(got.getheader("X-Powered-By"))
        self.assertEqual(got.getheader("X-Other"), "2")
        self.assertEqual(got.getheader("X-Edge"), "here")
        self.assertEqual(got.getheader("Location"), "/base/there", "redirects are passed")

    def test_names_are_looked_up_again_and_their_addresses_tried_in_turn(self):
        resolver = Dns()
        self.addCleanup(resolver.stop)
        first = self.server(address="127.0.0.2")
        second = self.server(lambda sock, head: sock.sendall(answer(b"second")),
                             address="127.0.0.3", port=first.port)
        resolver.names["o.example"] = (1, ["127.0.0.9", "127.0.0.2"])  # nobody is at the one
        self.edge(f'url = "http://o.example:{first.port}"\nidle_connections = 0\n',
                  f'[resolver]\nservers = ["127.0.0.1:{resolver.port}"]\nmin_ttl = "0s"\n')
        for i in range(10):
            self.assertEqual(self.ask(f"/{i}")[:2], (200, b"ok"))
        self.assertLess(len(resolver.asked), 20, "for as long as the TTL says")
        resolver.names["o.example"] = (1, ["127.0.0.3"])
        harness.wait_until(lambda: self.ask("/again")[1] == b"second", what="the new address",
                           interval=0.1)
        self.assertGreater(second.count(), 0)
        resolver.silent = True  # what was known is better than nothing
        for _ in range(3):
            self.assertEqual(self.ask("/still")[0], 200)


if __name__ == "__main__":
    unittest.main()
