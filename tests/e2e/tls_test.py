"""Heartbeats over TLS: a real edge reports to a real GSLB, and only to the one it can verify."""
import json
import pathlib
import ssl
import subprocess
import sys
import unittest
import urllib.request

import harness

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "demo"))

import dnsclient  # noqa: E402

KEY = "tls-test-tls-test-tls-test"
EDGE, NEIGHBOUR, POOL = "127.20.7.1", "127.20.7.2", "192.0.2.99"


def make_certificate(folder, name, subject_alternative="IP:127.0.0.1"):
    """A self-signed certificate: its own CA."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName={subject_alternative}",
                    "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True)
    return certificate, key


class Site:
    """A GSLB with TLS on its admin listener, and one edge node that reports to it."""

    def __init__(self, subject_alternative="IP:127.0.0.1"):
        self.folder = harness.folder()
        self.dns_port, self.admin_port = harness.free_port(), harness.free_port()
        self.http_port = harness.free_port(EDGE)
        self.certificate, self.key = make_certificate(self.folder, "gslb", subject_alternative)
        (self.folder / "zone").write_text(
            "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n")
        self.config = self.folder / "proxima.toml"
        self.config.write_text(f"""[server]
listen = ["127.0.0.1:{self.dns_port}"]
workers = 1
[admin]
listen = "127.0.0.1:{self.admin_port}"
tls_certificate = "gslb.pem"
tls_key = "gslb.key"
[[zone]]
name = "cdn.example."
file = "zone"
[health]
heartbeat_interval = "100ms"
[service.web]
fallback = "pool"
fallback_pool = ["{POOL}"]
[[route]]
name = "www.cdn.example."
service = "web"
[cluster.fra]
latitude = 50.1
longitude = 8.7
key = "{KEY}"
[[cluster.fra.node]]
id = "a"
ipv4 = "{EDGE}"
[[cluster.fra.node]]
id = "b"
ipv4 = "{NEIGHBOUR}"
""")
        self.gslb = self.edge = None

    def start(self, ca_file=None):
        self.gslb = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                     str(self.config)])
        self.gslb.wait_for_port(self.admin_port)
        edge_config = self.folder / "edge.toml"
        edge_config.write_text(f"""[edge]
cluster = "fra"
node = "a"
key = "{KEY}"
listen = ["{EDGE}:{self.http_port}"]
admin = "{EDGE}:{harness.free_port(EDGE)}"
workers = 1
[origin]
url = "http://127.0.0.1:1"
[report]
gslb = ["https://127.0.0.1:{self.admin_port}"]
interval = "100ms"
{f'ca_file = "{ca_file}"' if ca_file else ""}
""")
        self.edge = harness.Process([harness.binary("proxima-edge"), "run", "-c",
                                     str(edge_config)])
        self.gslb.wait_for_log("server: answering", 20)

    def stop(self):
        for process in (self.edge, self.gslb):
            if process:
                process.stop()

    def addresses(self):
        return dnsclient.ask(("127.0.0.1", self.dns_port), "www.cdn.example",
                             dnsclient.A).addresses

    def get(self, path):
        context = ssl.create_default_context(cafile=str(self.certificate))
        with urllib.request.urlopen(f"https://127.0.0.1:{self.admin_port}{path}", timeout=5,
                                    context=context) as reply:
            return reply.read().decode()

    def cluster(self):
        return json.loads(self.get("/v1/status"))["clusters"][0]

    def heartbeats(self):
        return [line for line in self.get("/metrics").splitlines()
                if line.startswith("proxima_heartbeats_total{")]


class TlsTest(unittest.TestCase):
    def site(self, **kwargs):
        made = Site(**kwargs)
        self.addCleanup(made.stop)
        return made

    def dig(self, site):
        done = subprocess.run(["dig", "@127.0.0.1", "-p", str(site.dns_port), "+short", "+tries=1",
                               "+time=5", "www.cdn.example", "A"],
                              capture_output=True, text=True, check=True)
        return done.stdout.split()

    def test_node_serves_by_heartbeats_over_tls(self):
        site = self.site()
        site.start(ca_file="gslb.pem")
        harness.wait_until(lambda: site.cluster()["serving"], 10, "the node serves")
        harness.wait_until(lambda: self.dig(site) == [EDGE], 5, "dig names the node")
        self.assertNotIn("not accepted", site.edge.log())
        # One connection carries them all: it outlives more than one heartbeat.
        harness.wait_until(lambda: any(float(line.split()[-1]) > 5 for line in site.heartbeats()
                                       if "accepted" in line), 10, "heartbeats keep coming")
        self.assertEqual(0, site.edge.stop())
        harness.wait_until(lambda: self.dig(site) == [POOL], 5, "the fallback")

    def assert_never_serves(self, site):
        site.edge.wait_for_log("a heartbeat was not accepted")
        self.assertRegex(site.edge.log(), r"(?i)certificate verify failed")
        # The edge goes on trying; the GSLB has waited for a full round and heard nobody.
        self.assertFalse(site.cluster()["serving"])
        self.assertEqual([POOL], site.addresses())
        self.assertEqual([POOL], self.dig(site))
        self.assertTrue(site.edge.running())
        self.assertEqual(0.0, sum(float(line.split()[-1]) for line in site.heartbeats()))

    def test_edge_refuses_a_gslb_of_another_ca(self):
        site = self.site()
        other, _ = make_certificate(site.folder, "other")
        site.start(ca_file=other.name)
        self.assert_never_serves(site)

    def test_edge_refuses_a_self_signed_gslb_without_ca_file(self):
        site = self.site()
        site.start()
        self.assert_never_serves(site)

    def test_edge_refuses_a_certificate_for_another_host(self):
        site = self.site(subject_alternative="IP:127.0.0.9")
        site.start(ca_file="gslb.pem")
        site.get = lambda path: get_unverified(site, path)
        self.assert_never_serves(site)

    def test_plain_http_on_the_tls_listener_is_no_way_in(self):
        site = self.site()
        site.start(ca_file="gslb.pem")
        with self.assertRaises(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{site.admin_port}/v1/status", timeout=5)
        harness.wait_until(lambda: site.cluster()["serving"], 10, "and the listener lives")


def get_unverified(site, path):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(f"https://127.0.0.1:{site.admin_port}{path}", timeout=5,
                                context=context) as reply:
        return reply.read().decode()


if __name__ == "__main__":
    unittest.main()
