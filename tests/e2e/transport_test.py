"""DNS over TLS, the PROXY protocol, cookies, rate limits and access lists of a real daemon, asked
with kdig and openssl."""
import json
import re
import socket
import struct
import subprocess
import time
import unittest
import urllib.request

import harness

SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(folder / "k.pem"),
                    "-out", str(folder / "c.pem")], check=True, capture_output=True)


def query(name, number=7):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + labels + struct.pack(">HH", 1, 1)


def receive_or_reset(connection):
    """b"" also where the server closed without reading all we sent."""
    try:
        return connection.recv(4096)
    except ConnectionResetError:
        return b""


def rcode_of(answer):
    return answer[3] & 15


class TransportTest(unittest.TestCase):
    def start(self, more="", server="", workers=1):
        self.folder = harness.folder()
        make_certificate(self.folder, "dns.example")
        (self.folder / "zone").write_text(
            "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
            "www A 192.0.2.1\n*.wild A 192.0.2.2\n")
        self.port, self.tls_port, self.admin = (harness.free_port() for _ in range(3))
        self.config = self.folder / "proxima.toml"
        self.config.write_text(f"""[server]
listen = ["127.0.0.1:{self.port}"]
listen_tls = ["127.0.0.1:{self.tls_port}"]
tls_certificate = "c.pem"
tls_key = "k.pem"
workers = {workers}
{server}
[admin]
listen = "127.0.0.1:{self.admin}"
[[zone]]
name = "cdn.example."
file = "zone"
{more}
""")
        self.gslb = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                     str(self.config)])
        self.addCleanup(self.gslb.stop)
        self.gslb.wait_for_log("answering over TLS", 20)

    def kdig(self, *arguments, tls=False):
        port = self.tls_port if tls else self.port
        done = subprocess.run(["kdig", "@127.0.0.1", "-p", str(port), "+timeout=5", "+retry=0",
                               *arguments], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=5) as reply:
            for line in reply.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[-1])
        return None

    def reload(self):
        url = f"http://127.0.0.1:{self.admin}/v1/reload"
        urllib.request.urlopen(urllib.request.Request(url, method="POST", data=b""),
                               timeout=10).close()

        def finished():
            with urllib.request.urlopen(url, timeout=5) as reply:
                report = json.load(reply)
            return None if report["running"] else report
        return harness.wait_until(finished, 10, "the reload")

    def s_client(self, *arguments):
        child = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.tls_port}",
                                  *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        lines = []
        try:
            for line in child.stdout:
                lines.append(line)
                # A ticket comes behind the handshake; "Reused" is said before it.
                if "Resumption PSK" in line or line.startswith("Reused") or "alert" in line:
                    break
        finally:
            child.stdin.close()
            child.stdout.close()
            child.wait(10)
        return "".join(lines)

    def test_strict_clients_trust_it_and_answers_are_padded(self):
        self.start()
        padded = self.kdig("+tls-ca=" + str(self.folder / "c.pem"), "+tls-hostname=dns.example",
                           "+padding", "www.cdn.example", tls=True)
        self.assertIn("NOERROR", padded)
        self.assertIn("192.0.2.1", padded)
        self.assertRegex(padded, r"Received 468 B")
        stranger = self.kdig("+tls-ca=" + str(self.folder / "c.pem"),
                             "+tls-hostname=other.example", "www.cdn.example", tls=True)
        self.assertNotIn("192.0.2.1", stranger)
        plain = self.kdig("+padding=128", "www.cdn.example")
        self.assertNotIn("PADDING", plain)
        self.assertEqual(1, self.metric('proxima_socket_queries_total{transport="tls"}'))

    def test_sessions_resume_and_alpn_must_be_dot(self):
        self.start()
        session = str(self.folder / "session")
        first = self.s_client("-alpn", "dot", "-sess_out", session)
        self.assertIn("New, TLSv1.3", first)
        self.assertIn("ALPN protocol: dot", first)
        self.assertIn("Reused", self.s_client("-alpn", "dot", "-sess_in", session))
        self.assertIn("alert", self.s_client("-alpn", "h2"))
        harness.wait_until(
            lambda: self.metric('proxima_tls_handshakes_total{kind="resumed"}') == 1, 5, "resumed")

    def test_certificate_is_reloaded_and_a_bad_one_is_not(self):
        self.start()
        make_certificate(self.folder, "new.example")
        self.assertTrue(self.reload()["succeeded"])
        strict = ["+tls-ca=" + str(self.folder / "c.pem"), "+tls-hostname=new.example",
                  "www.cdn.example"]
        self.assertIn("192.0.2.1", self.kdig(*strict, tls=True))
        good = (self.folder / "c.pem").read_text()
        (self.folder / "c.pem").write_text("no certificate")
        report = self.reload()
        self.assertFalse(report["succeeded"])
        self.assertIn("can't load the TLS certificate", json.dumps(report))
        (self.folder / "c.pem").write_text(good)  # what kdig trusts
        self.assertIn("192.0.2.1", self.kdig(*strict, tls=True))

    def test_proxied_clients_are_who_the_header_names(self):
        self.start(server='proxy_from = ["127.0.0.1/32"]',
                   more='[acl]\nquery = ["198.51.100.0/24"]')
        header = SIGNATURE + b"\x21\x12" + struct.pack(">H", 12)
        listed = header + bytes([198, 51, 100, 9, 127, 0, 0, 1]) + struct.pack(">HH", 5353, 53)
        other = header + bytes([203, 0, 113, 9, 127, 0, 0, 1]) + struct.pack(">HH", 5353, 53)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(5)
            udp.connect(("127.0.0.1", self.port))
            udp.send(query("www.cdn.example", 1))  # without a header: dropped
            udp.send(listed + query("www.cdn.example", 2))
            answer = udp.recv(4096)
            self.assertEqual((2, 0), (answer[1], rcode_of(answer)))
            udp.send(other + query("www.cdn.example", 3))
            self.assertEqual(5, rcode_of(udp.recv(4096)))
        self.assertEqual(1, self.metric('proxima_udp_dropped_total{reason="proxy"}'))
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as tcp:
            asked = query("www.cdn.example")
            tcp.sendall(listed + struct.pack(">H", len(asked)) + asked)
            self.assertEqual(0, rcode_of(tcp.recv(4096)[2:]))
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as tcp:
            tcp.sendall(struct.pack(">H", len(asked)) + asked)
            self.assertEqual(b"", receive_or_reset(tcp))

    def test_kdig_speaks_proxy(self):
        self.start(server='proxy_from = ["127.0.0.1/32"]',
                   more='[acl]\nquery = ["198.51.100.0/24"]')
        for tcp in ("+notcp", "+tcp"):
            listed = self.kdig("+proxy=198.51.100.9#1111-192.0.2.53#53", tcp, "www.cdn.example")
            self.assertIn("192.0.2.1", listed)
            other = self.kdig("+proxy=203.0.113.9#1111-192.0.2.53#53", tcp, "+edns",
                              "www.cdn.example")
            self.assertIn("REFUSED", other)
            self.assertIn("EDE: 18", other)

    def test_cookies_of_the_configured_secret(self):
        self.start(f'[cookies]\nsecret = "{SECRET}"\nrequire = true')
        asked = ("+cookie=2464c4abcf10c957", "+nobadcookie", "www.cdn.example")
        first = self.kdig(*asked)
        cookie = re.search(r"COOKIE: ([0-9A-Fa-f]{48})", first).group(1)
        again = self.kdig(f"+cookie={cookie}", "+nobadcookie", "www.cdn.example")
        self.assertIn("NOERROR", again)
        forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
        self.assertIn("BADCOOKIE", self.kdig(f"+cookie={forged}", "+nobadcookie",
                                             "www.cdn.example"))
        self.assertIn("192.0.2.1", self.kdig(f"+cookie={forged}", "+badcookie",
                                             "www.cdn.example"))
        # Roll-over: the new secret makes cookies, those of the old one are still good.
        self.config.write_text(self.config.read_text().replace(
            SECRET, "445536bcd2513298075a5d379663c962 " + SECRET))
        self.assertTrue(self.reload()["succeeded"])
        rolled = self.kdig(f"+cookie={cookie}", "+nobadcookie", "www.cdn.example")
        self.assertIn("NOERROR", rolled)
        self.assertNotIn(cookie.lower(), rolled.lower())

    def test_flood_under_a_wildcard_is_limited_and_other_names_are_not(self):
        self.start("[rrl]\nresponses_per_second = 20\nslip = 2")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(1)
            udp.connect(("127.0.0.1", self.port))
            for i in range(200):
                udp.send(query(f"x{i}.wild.cdn.example"))
            udp.send(query("www.cdn.example", 99))
            whole = truncated = 0
            while True:
                answer = udp.recv(4096)
                if answer[1] == 99:
                    break
                truncated += bool(answer[2] & 2)
                whole += not answer[2] & 2
        self.assertEqual(0, rcode_of(answer))
        self.assertEqual(1, answer[7])
        self.assertGreaterEqual(whole, 20)
        self.assertLess(whole, 100)
        self.assertGreater(truncated, 20)
        name = 'proxima_rate_limited_total{class="positive",action="dropped"}'
        self.assertGreater(self.metric(name), 20)

    def test_the_rate_is_that_of_all_workers_together(self):
        self.start("[rrl]\nresponses_per_second = 100\nslip = 0", workers=2)
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(32)]
        begun = time.monotonic()
        for client in clients:
            client.connect(("127.0.0.1", self.port))
        for i in range(6000):  # of many ports, so both workers have their part
            clients[i % len(clients)].send(query("www.cdn.example"))
            if i % 20 == 0:
                time.sleep(0.01)
        name = 'proxima_rate_limited_total{class="positive",action="dropped"}'
        answered = 0
        seconds = time.monotonic() - begun
        for client in clients:
            client.setblocking(False)
            while True:
                try:
                    answered += len(client.recv(4096)) > 0
                except BlockingIOError:
                    break
            client.close()
        self.assertGreater(self.metric(name), 1000)
        self.assertGreater(answered, 100 * (seconds - 1))
        # Each worker's bucket holds a second's rate at the start.
        self.assertLess(answered, 100 * (seconds + 3))


if __name__ == "__main__":
    unittest.main()
