"""Swift behind Keystone: tokens by password and by application credential, renewed when they end.

Keystone and Swift are scripted after the Identity API's documents: what is asked and answered is
theirs."""
import datetime
import http.client
import json
import threading
import unittest

import harness
from edge_origins_test import Server, answer


class Cloud:
    """Both services; a token is good until `revoke`."""

    def __init__(self, case, life=3600):
        self.life, self.asked, self.tokens, self.lock = life, [], set(), threading.Lock()
        self.keystone, self.swift = self.listen(case, self.identity), self.listen(case, self.store)

    @staticmethod
    def listen(case, behave):
        server = Server(lambda sock, head: behave(sock, head))
        case.addCleanup(server.stop)
        return server

    def identity(self, sock, head):
        auth = json.loads(self.keystone.body)["auth"]
        good = head.startswith("POST /identity/v3/auth/tokens HTTP/1.1")
        with self.lock:
            self.asked.append(auth)
            token = f"token-{len(self.asked)}"
            self.tokens.add(token)
        now = datetime.datetime(2026, 1, 1)
        document = {"token": {"methods": auth["identity"]["methods"], "catalog": [],
                              "issued_at": now.isoformat() + ".000000Z",
                              "expires_at": (now + datetime.timedelta(seconds=self.life))
                              .isoformat() + ".000000Z"}}
        text = json.dumps(document).encode()
        sock.sendall(answer(text, 201 if good else 404, f"X-Subject-Token: {token}"))

    def store(self, sock, head):
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        if fields.get("x-auth-token") not in self.tokens:
            return sock.sendall(answer(b"", 401))
        if head.startswith("HEAD "):
            return sock.sendall(b"HTTP/1.1 204 No Content\r\nX-Container-Read: .r:*\r\n"
                                b"Content-Length: 0\r\n\r\n")
        return sock.sendall(answer(b"object"))


class KeystoneTest(unittest.TestCase):
    def start(self, cloud, more):
        self.port = harness.free_port()
        path = harness.folder() / "edge.toml"
        path.write_text(f"""
[edge]
cluster = "x"
node = "a"
listen = ["127.0.0.1:{self.port}"]
admin = "127.0.0.1:{harness.free_port()}"
workers = 1
[[site]]
host = "*.cdn.example"
url = "http://127.0.0.1:{cloud.swift.port}"
[site.swift]
auth_url = "http://127.0.0.1:{cloud.keystone.port}/identity/v3"
key = "secret"
{more}
""")
        self.addCleanup(harness.start_edge(path).stop)

    def ask(self, path):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request("GET", path, headers={"Host": "box.auth-test.cdn.example"})
            got = client.getresponse()
            return got.status, got.read()
        finally:
            client.close()

    def test_a_token_is_asked_for_by_password_once(self):
        cloud = Cloud(self)
        self.start(cloud, 'user = "edge"\nproject = "cdn"\nuser_domain = "Staff"\n')
        for path in ("/a", "/b"):
            self.assertEqual(self.ask(path), (200, b"object"))
        self.assertEqual(cloud.asked, [{
            "identity": {"methods": ["password"],
                         "password": {"user": {"name": "edge", "domain": {"name": "Staff"},
                                               "password": "secret"}}},
            "scope": {"project": {"name": "cdn", "domain": {"name": "Default"}}}}])
        self.assertEqual(cloud.swift.count("HEAD /v1/AUTH_test/box "), 1,
                         "a container is looked up once")

    def test_by_application_credential_and_again_when_it_is_revoked(self):
        cloud = Cloud(self)
        self.start(cloud, 'credential_id = "abc"\n')
        self.assertEqual(self.ask("/a"), (200, b"object"))
        cloud.tokens.clear()
        self.assertEqual(self.ask("/b"), (200, b"object"))
        self.assertEqual(cloud.asked, [{
            "identity": {"methods": ["application_credential"],
                         "application_credential": {"id": "abc", "secret": "secret"}}}] * 2)

    def test_again_when_it_ends(self):
        cloud = Cloud(self, life=1)
        self.start(cloud, 'credential_id = "abc"\n')
        harness.wait_until(lambda: self.ask(f"/{len(cloud.asked)}")[0] == 200
                           and len(cloud.asked) > 1, what="another token", interval=0.1)


if __name__ == "__main__":
    unittest.main()
