"""Customers' own domains: hosts that are aliases of the CDN's, looked up in a real DNS."""
import http.client
import unittest
import urllib.request

import harness
from edge_origins_test import Dns, Server, answer


def whoami(sock, head):
    """Says which Host was asked for, and whose name the client gave."""
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    body = f"{fields['Host']} for {fields.get('X-Forwarded-Host', '-')}".encode()
    sock.sendall(answer(body).replace(b"no-store", b"max-age=60"))


class CustomersTest(unittest.TestCase):
    def start(self, resolver, more="", customers="", settings='min_ttl = "0s"'):
        self.origin = Server(whoami)
        self.addCleanup(self.origin.stop)
        self.port, self.admin = harness.free_port(), harness.free_port()
        path = harness.folder() / "edge.toml"
        path.write_text(f"""
[edge]
cluster = "x"
node = "a"
listen = ["127.0.0.1:{self.port}"]
admin = "127.0.0.1:{self.admin}"
workers = 1
[limits]
drain_grace = "0s"
[resolver]
servers = ["127.0.0.1:{resolver}"]
timeout = "300ms"
{settings}
[customers]
cdn_domains = ["*.cdn.example"]
{customers}
[[site]]
host = "*.cdn.example"
url = "http://127.0.0.1:{self.origin.port}"
{more}
""")
        self.addCleanup(harness.start_edge(path).stop)

    def dns(self, **aliases):
        resolver = Dns()
        self.addCleanup(resolver.stop)
        resolver.aliases = {name.replace("_", "."): to for name, to in aliases.items()}
        return resolver

    def ask(self, host, path="/"):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request("GET", path, headers={"Host": host})
            got = client.getresponse()
            return got.status, got.read().decode(), got.getheader("Cache-Status", "")
        finally:
            client.close()

    def metric(self, result):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics") as got:
            for line in got.read().decode().splitlines():
                if line.startswith(f'proxima_edge_customer_lookups_total{{result="{result}"}}'):
                    return float(line.rsplit(" ", 1)[1])
        return None

    def test_a_host_is_served_as_what_a_real_gslb_says_it_is_an_alias_of(self):
        folder = harness.folder()
        (folder / "zone").write_text(
            "$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
            "www CNAME shop.cdn.example.\nfar CNAME mid\nmid CNAME shop.cdn.example.\n"
            "lost CNAME www.elsewhere.example.\nself A 192.0.2.1\nround CNAME round\n")
        port, admin = harness.free_port(), harness.free_port()
        (folder / "proxima.toml").write_text(
            harness.server(port, admin) + '\n[[zone]]\nname = "shop.example."\nfile = "zone"\n')
        gslb = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                str(folder / "proxima.toml")])
        self.addCleanup(gslb.stop)
        gslb.wait_for_log("server: answering", 20)
        self.start(port)
        self.assertEqual(self.ask("www.shop.example")[:2],
                         (200, "shop.cdn.example for www.shop.example"))
        self.assertEqual(self.ask("WWW.shop.example:8080")[0], 200)
        self.assertEqual(self.ask("far.shop.example")[1], "shop.cdn.example for far.shop.example")
        for host in ("self", "round", "absent"):
            self.assertEqual(self.ask(f"{host}.shop.example")[0], 421, host)
        # Where it leads is a zone this server refuses to speak of.
        self.assertEqual(self.ask("lost.shop.example")[0], 503)
        self.assertEqual(self.ask("shop.cdn.example")[1], "shop.cdn.example for -")

    def test_aliases_are_stored_apart_or_as_one(self):
        resolver = self.dns(a_example=(300, "x.cdn.example."), b_example=(300, "x.cdn.example."))
        for share, count in (("", 3), ("share = true", 1)):
            self.start(resolver.port, customers=share)
            for host in ("a.example", "b.example", "x.cdn.example", "a.example"):
                self.assertEqual(self.ask(host)[0], 200)
            self.assertEqual(self.origin.count(), count, share)
        self.assertIn("hit", self.ask("b.example")[2])

    def test_answers_are_kept_for_their_ttl_and_used_while_nobody_answers(self):
        resolver = self.dns(a_example=(1, "x.cdn.example."))
        self.start(resolver.port)
        for _ in range(20):
            self.assertEqual(self.ask("a.example")[0], 200)
        self.assertLessEqual(len(resolver.asked), 10)
        resolver.aliases["a.example"] = (1, "y.cdn.example.")
        harness.wait_until(lambda: "y.cdn" in self.ask("a.example", f"/{len(resolver.asked)}")[1],
                           what="the new alias", interval=0.1)
        resolver.silent = True
        before = len(resolver.asked)
        harness.wait_until(lambda: self.ask("a.example") and len(resolver.asked) > before + 1,
                           what="a look-up in vain", interval=0.1)
        self.assertEqual(self.ask("a.example", "/still")[:2], (200, "y.cdn.example for a.example"))
        self.assertEqual(self.ask("never.seen.example")[0], 503)

    def test_made_up_hosts_do_not_flood_the_resolver(self):
        resolver = self.dns(a_example=(300, "x.cdn.example."))
        self.start(resolver.port, customers="lookups_per_second = 5\nnames = 16")
        self.assertEqual(self.ask("a.example")[0], 200)
        got = [self.ask(f"x{i}.example")[0] for i in range(200)]
        self.assertLess(len(resolver.asked), 100)
        self.assertEqual(set(got), {421, 503})
        self.assertGreater(self.metric("refused"), 100)
        before = len(resolver.asked)
        self.assertEqual(self.ask("a.example", "/more")[0], 200, "it is still known")
        self.assertEqual(len(resolver.asked), before)

    def test_what_leads_nowhere_is_the_default_origins(self):
        resolver = self.dns()
        other = Server(lambda sock, head: sock.sendall(answer(b"default")))
        self.addCleanup(other.stop)
        self.start(resolver.port, f'[origin]\nurl = "http://127.0.0.1:{other.port}"\n')
        self.assertEqual(self.ask("any.example")[:2], (200, "default"))
        self.assertEqual(self.ask("x.cdn.example")[1], "x.cdn.example for -")


if __name__ == "__main__":
    unittest.main()
