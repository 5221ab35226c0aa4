"""Swift containers as web sites: the edge in front of a real Swift answers as Swift's static web."""
import http.client
import re
import time
import unittest

import harness
import swift_node

DOMAIN = "cdn.example.com"
SITE = {"X-Container-Read": ".r:*,.rlistings", "X-Container-Meta-Web-Index": "index.html",
        "X-Container-Meta-Web-Error": "error.html", "X-Container-Meta-Web-Listings": "true",
        "X-Container-Meta-Cdn-Ttl": "7"}
CONTAINERS = {
    "site": SITE,
    "plain": {"X-Container-Read": ".r:*,.rlistings"},
    "nolist": {"X-Container-Read": ".r:*", "X-Container-Meta-Web-Index": "index.html",
               "X-Container-Meta-Web-Listings": "true"},
    "styled": {"X-Container-Read": ".r:*,.rlistings", "X-Container-Meta-Web-Listings": "on",
               "X-Container-Meta-Web-Listings-Css": "look/main.css",
               "X-Container-Meta-Web-Listings-Label": "Shop & Co"},
    "closed": {"X-Container-Read": ".r:*,.rlistings", "X-Container-Meta-Web-Index": "index.html"},
    "private": {},
    "friends": {"X-Container-Read": ".r:.example.org,.r:-bad.example.org"},
}
OBJECTS = {
    "index.html": "text/html", "a/b.txt": "text/plain", "dir/index.html": "text/html",
    "dir/sub%20dir/x%26y%3C.txt": "text/plain", "deep/er/est.html": "text/html",
    "404error.html": "text/html", "401error.html": "text/html",
}
PATHS = ["/", "/a", "/a/", "/a/b.txt", "/nope", "/nope/", "/dir", "/dir/", "/dir/sub%20dir",
         "/dir/sub%20dir/", "/dir/sub%20dir/x%26y%3C.txt", "/deep", "/deep/er/", "/index.html",
         "/index.html/", "/marker", "/marker/", "/?x=1", "/a?limit=1", "//", "/a//b.txt", "/a%zz",
         "/%C3%BC", "/a/b.txt?multipart-manifest=get", "/large", "/a/../a/b.txt"]


class SwiftTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        why = swift_node.missing()
        if why:
            raise unittest.SkipTest(why)
        cls.folder = harness.folder()
        cls.swift = swift_node.Swift(cls.folder, DOMAIN)
        cls.addClassCleanup(cls.swift.stop)
        for container, headers in CONTAINERS.items():
            cls.swift.ask("PUT", container, headers=headers)
            for name, kind in OBJECTS.items():
                if container != "plain" or "404" not in name:
                    cls.swift.ask("PUT", f"{container}/{name}", f"{container} {name}".encode(),
                                  {"Content-Type": kind})
            cls.swift.ask("PUT", f"{container}/marker", b"",
                          {"Content-Type": "application/directory"})
        for part in ("1", "2"):
            cls.swift.ask("PUT", f"site/parts/large/{part}", part.encode() * 1000)
        cls.swift.ask("PUT", "site/large", b"", {"X-Object-Manifest": "site/parts/large/"})
        cls.port, cls.edge = cls.start_edge(f'''
auth_url = "http://127.0.0.1:{cls.swift.port}/auth/v1.0"
user = "test:tester"
key = "testing"
container_ttl = "1s"
''')
        cls.addClassCleanup(cls.edge.stop)
        cls.open_port, cls.open_edge = cls.start_edge("")
        cls.addClassCleanup(cls.open_edge.stop)

    @classmethod
    def start_edge(cls, more):
        port, admin = harness.free_port(), harness.free_port()
        path = f"{cls.folder}/edge-{port}.toml"
        with open(path, "w", encoding="ascii") as file:
            file.write(f'''[edge]
cluster = "x"
node = "a"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 1
[[site]]
host = "*.{DOMAIN}"
url = "http://127.0.0.1:{cls.swift.port}"
connect_timeout = "60s"
first_byte_timeout = "60s"
between_bytes_timeout = "60s"
[site.swift]{more}
''')
        edge = harness.Process([harness.binary("proxima-edge"), "run", "-c", path])
        edge.wait_for_port(port)
        return port, edge

    def ask(self, port, container, path, method="GET", headers=None):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.addCleanup(client.close)
        client.request(method, path, headers={
            "Host": f"{container}.auth-test.{DOMAIN}", **(headers or {})})
        answer = client.getresponse()
        return answer, answer.read()

    def compare(self, container, path, **more):
        """The edge's answer is Swift's: status, body, and what a browser acts on."""
        want, want_body = self.ask(self.swift.port, container, path, **more)
        for port in (self.port, self.open_port):
            with self.subTest(container=container, path=path, edge=port == self.port, **more):
                got, body = self.ask(port, container, path, **more)
                self.assertEqual(got.status, want.status)
                self.assertEqual(body, want_body)
                for name in ("Content-Type", "ETag", "Last-Modified", "Content-Range"):
                    if got.status != 304 or name == "ETag":
                        self.assertEqual(got.getheader(name), want.getheader(name), name)
                location = want.getheader("Location")
                if location:
                    self.assertEqual(got.getheader("Location"),
                                     location[location.index("/", len("http://")):])

    def test_every_kind_of_path_in_every_kind_of_container(self):
        for container in [*CONTAINERS, "absent"]:
            for path in PATHS if container in ("site", "nolist") else PATHS[:7] + ["/marker"]:
                self.compare(container, path)

    def test_heads_ranges_and_conditions(self):
        for path in ("/", "/index.html", "/dir", "/deep/er/"):
            self.compare("site", path, method="HEAD")
        self.compare("site", "/index.html", headers={"Range": "bytes=2-5"})
        self.compare("site", "/large", headers={"Range": "bytes=990-1009"})
        answer, _ = self.ask(self.swift.port, "site", "/index.html")
        self.compare("site", "/index.html", headers={"If-None-Match": answer.getheader("ETag")})

    def test_referers(self):
        for referer, status in (("http://www.example.org/", 200), ("http://bad.example.org", 401),
                                ("http://example.com/", 401)):
            for _ in range(2):  # also from the store
                got, _ = self.ask(self.port, "friends", "/a/b.txt", headers={"Referer": referer})
                self.assertEqual(got.status, status, referer)

    def test_nothing_of_the_account_is_shown(self):
        for container in CONTAINERS:
            for path in ("/", "/index.html"):
                got, _ = self.ask(self.port, container, path)
                for name, value in got.getheaders():
                    self.assertFalse(name.lower().startswith(("x-container", "x-account", "x-auth",
                                                              "x-storage")), name)
                    self.assertNotIn("AUTH_", value)

    def test_what_changes_anything_is_refused(self):
        for method in ("PUT", "POST", "DELETE"):
            got, _ = self.ask(self.port, "site", "/index.html", method=method)
            self.assertEqual(got.status, 405)
        self.assertEqual(self.ask(self.port, "site", "/index.html")[0].status, 200)

    @staticmethod
    def ttl(answer):
        return int(re.search(r"ttl=(-?\d+)", answer.getheader("Cache-Status")).group(1))

    def test_lifetimes_are_the_containers(self):
        self.swift.ask("PUT", "site/ttl.txt", b"x")
        got, _ = self.ask(self.port, "site", "/ttl.txt")
        self.assertIn(self.ttl(got), range(1, 8))  # less what Swift took to answer
        self.swift.ask("PUT", "plain/ttl.txt", b"x")
        got, _ = self.ask(self.port, "plain", "/ttl.txt")
        self.assertIn(self.ttl(got), range(200, 301))

    def test_a_container_that_turns_private_is_closed_for_what_is_stored_too(self):
        self.swift.ask("PUT", "turning", headers={"X-Container-Read": ".r:*"})
        self.swift.ask("PUT", "turning/x.txt", b"x")
        self.assertEqual(self.ask(self.port, "turning", "/x.txt")[0].status, 200)
        hit, _ = self.ask(self.port, "turning", "/x.txt")
        self.assertIn("hit", hit.getheader("Cache-Status"))
        self.swift.ask("POST", "turning", headers={"X-Remove-Container-Read": "x"})
        harness.wait_until(lambda: self.ask(self.port, "turning", "/x.txt")[0].status == 401, 5,
                           "401")

    def test_a_token_that_is_no_more_is_renewed(self):
        self.assertEqual(self.ask(self.port, "site", "/a/b.txt")[0].status, 200)
        self.swift.forget_tokens()
        time.sleep(1.1)  # containers are asked again, too
        self.swift.ask("PUT", "site/new.txt", b"new")
        got, body = self.ask(self.port, "site", "/new.txt")
        self.assertEqual((got.status, body), (200, b"new"))


if __name__ == "__main__":
    unittest.main()
