"""proxima-edge towards clients over TLS, and behind proxies that tell who the client is."""
import http.client
import re
import signal
import socket
import ssl
import struct
import subprocess
import unittest

import harness
from edge_test import Edge, Origin


def certificate(folder, name, hosts, kind="ec"):
    """Makes NAME.pem and NAME.key, signed by itself."""
    key = (["-newkey", "rsa:2048"] if kind == "rsa"
           else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
    names = ",".join("DNS:" + host for host in hosts)
    subprocess.run(["openssl", "req", "-x509", *key, "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={names}", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.pem"], check=True, capture_output=True)


def entry(name, more=""):
    return f'[[tls.certificate]]\ncertificate = "{name}.pem"\nkey = "{name}.key"\n{more}\n'


def offer(alpn=(), version=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    if version:
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


class TlsEdge(Edge):
    """An edge with one TLS listener; `extra`: the certificates, files next to edge.toml."""

    def __init__(self, origin_port, folder, extra, change=lambda text: text):
        self.tls = harness.free_port()

        extra = re.sub(r'"(\w+\.(?:pem|key|der))"', lambda match: f'"{folder / match.group(1)}"',
                       extra)
        super().__init__(origin_port, lambda text: change(text.replace(
            "[limits]", f'listen_tls = ["127.0.0.1:{self.tls}"]\n[limits]\n'
                        'handshake_timeout = "700ms"') + extra))

    def connect(self, name="www.example", context=None, session=None):
        sock = socket.create_connection(("127.0.0.1", self.tls), timeout=10)
        return (context or offer()).wrap_socket(sock, server_hostname=name, session=session)

    def shown(self, name, context=None):
        with self.connect(name, context) as sock:
            text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"],
                                  input=sock.getpeercert(True), capture_output=True, check=True)
            return text.stdout.decode().strip().rpartition("CN = ")[2]


def ask(sock, host, path, *fields):
    """One request on a connection: (status line, fields and body) of what comes back."""
    head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *fields])
    sock.sendall(head.encode() + b"\r\n\r\n")
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response.status, response.headers, response.read()


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = harness.folder()
        certificate(cls.folder, "first", ["www.example", "also.example"])
        certificate(cls.folder, "wild", ["*.wild.example"])
        certificate(cls.folder, "rsa", ["www.example", "also.example"], "rsa")
        (cls.folder / "staple.der").write_bytes(b"a staple")
        cls.origin = Origin()
        cls.edge = TlsEdge(cls.origin.port, cls.folder,
                           entry("first", 'ocsp = "staple.der"') + entry("wild") + entry("rsa"))

    @classmethod
    def tearDownClass(cls):
        assert cls.edge.process.stop() == 0, cls.edge.process.log()
        cls.origin.stop()

    def test_certificates_go_by_name(self):
        self.assertEqual(self.edge.shown("www.example"), "first")
        self.assertEqual(self.edge.shown("A.wild.example"), "wild")
        self.assertEqual(self.edge.shown("a.b.wild.example"), "first")
        self.assertEqual(self.edge.shown("unknown.example"), "first")
        self.assertEqual(self.edge.shown(None), "first")

    def test_clients_without_ecdsa_get_the_rsa_certificate(self):
        context = offer(version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-RSA-AES128-GCM-SHA256")
        self.assertEqual(self.edge.shown("www.example", context), "rsa")

    def test_requests_keep_the_connection_and_say_https(self):
        with self.edge.connect() as sock:
            for path in ("/one", "/two", "/one"):
                status, _, body = ask(sock, "www.example", path)
                self.assertEqual((status, body), (200, b"content of " + path.encode()))
        sent = self.origin.last("/one")[2]
        self.assertEqual((self.origin.count("/one"), sent["X-Forwarded-Proto"]), (1, "https"))
        self.edge.get("/one", Host="www.example")  # another URI: of http
        self.assertEqual(self.origin.count("/one"), 2)

    def test_large_bodies_come_whole(self):
        with self.edge.connect() as sock:
            self.assertEqual(ask(sock, "www.example", "/large")[2], b"x" * 65536 * 64)

    def test_a_host_with_other_certificates_is_misdirected(self):
        with self.edge.connect("www.example") as sock:
            self.assertEqual(ask(sock, "also.example:443", "/same")[0], 200)
            self.assertEqual(ask(sock, "a.wild.example", "/other")[0], 421)
        self.assertEqual(self.origin.count("/other"), 0)

    def test_sessions_resume_on_any_worker(self):
        def resumed():
            found = re.findall(r'tls_handshakes_total\{version="([\d.]+)",session="resumed"\} (\d+)',
                               self.edge.metrics())
            return {version: int(count) for version, count in found}
        before = resumed()
        context = offer(version=ssl.TLSVersion.TLSv1_2)
        with self.edge.connect(context=context) as sock:
            session = sock.session
        for _ in range(8):
            with self.edge.connect(context=context, session=session) as sock:
                self.assertTrue(sock.session_reused)
        context = offer(version=ssl.TLSVersion.TLSv1_3)
        with self.edge.connect(context=context) as sock:
            ask(sock, "www.example", "/ticket")
            session = sock.session
        for _ in range(4):
            with self.edge.connect(context=context, session=session) as sock:
                self.assertTrue(sock.session_reused)
                ask(sock, "www.example", "/ticket")
        harness.wait_until(lambda: (resumed()["1.2"] - before["1.2"],
                                    resumed()["1.3"] - before["1.3"]) == (8, 4),
                           what="counted resumptions")

    def test_what_is_old_or_weak_is_refused(self):
        for context in (offer(version=ssl.TLSVersion.TLSv1_2, ciphers="AES128-SHA"),
                        offer(alpn=["spdy/3"])):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.edge.connect(context=context).close()
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.edge.tls}",
                               "-tls1_1"], input=b"", capture_output=True)
        self.assertNotEqual(done.returncode, 0)

    def test_the_ocsp_response_is_stapled(self):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.edge.tls}",
                               "-servername", "www.example", "-status"], input=b"",
                              capture_output=True)
        self.assertIn(b"OCSP response", done.stdout)
        self.assertNotIn(b"no response sent", done.stdout)
        self.assertIn(b"no response sent", subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.edge.tls}", "-servername",
             "a.wild.example", "-status"], input=b"", capture_output=True).stdout)

    def test_half_a_handshake_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.edge.tls), timeout=10) as sock:
            sock.sendall(b"\x16\x03\x01")
            self.assertEqual(sock.recv(1), b"")
        harness.wait_until(lambda: self.edge.metric(
            'proxima_edge_tls_failed_handshakes_total{reason="timeout"}') > 0, what="a timeout")

    def test_garbage_is_no_handshake(self):
        with socket.create_connection(("127.0.0.1", self.edge.tls), timeout=10) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try:
                while sock.recv(4096):
                    pass
            except ConnectionResetError:
                pass


class Renewal(unittest.TestCase):
    def test_a_new_certificate_in_the_same_files_is_shown_after_a_reload(self):
        folder = harness.folder()
        certificate(folder, "site", ["www.example"])
        origin = Origin()
        edge = TlsEdge(origin.port, folder, entry("site"))
        context = offer(version=ssl.TLSVersion.TLSv1_2)
        with edge.connect(context=context) as sock:
            old, session = sock.getpeercert(True), sock.session
            certificate(folder, "site", ["www.example"])
            edge.process.signal(signal.SIGHUP)
            edge.process.wait_for_log("serving with the new configuration")
            self.assertEqual(ask(sock, "www.example", "/still")[0], 200)
        with edge.connect() as sock:
            self.assertNotEqual(sock.getpeercert(True), old)
        with edge.connect(context=context, session=session) as sock:
            self.assertTrue(sock.session_reused)  # tickets outlive reloads
        (folder / "site.key").write_text("no key")
        edge.process.signal(signal.SIGHUP)
        edge.process.wait_for_log("refused: serving with the old configuration")
        self.assertEqual(edge.shown("www.example"), "site")
        self.assertIn("can't load the key", edge.process.log())
        program = harness.binary("proxima-edge")
        done = subprocess.run([program, "check", "-c", edge.process.child.args[-1]],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"edge\.toml:\d+:\d+: error: can't load the key")
        self.assertEqual(edge.process.stop(), 0)
        origin.stop()


def proxy_v2(source, port=4711, command=0x21):
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", port,
                                                                                     443)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, 0x11, len(addresses)) + addresses


class Proxied(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = harness.folder()
        certificate(folder, "site", ["www.example"])
        cls.plain, cls.secure, cls.strange = (harness.free_port() for _ in range(3))
        listeners = "".join(
            f'[[edge.listener]]\naddress = "127.0.0.1:{port}"\ntls = {tls}\n'
            f'proxy_from = ["{source}"]\n'
            for port, tls, source in ((cls.plain, "false", "127.0.0.0/8"),
                                      (cls.secure, "true", "127.0.0.1"),
                                      (cls.strange, "false", "192.0.2.0/24")))
        cls.origin = Origin()
        cls.edge = TlsEdge(cls.origin.port, folder, entry("site"),
                           lambda text: text.replace("[limits]", listeners + "[limits]"))

    @classmethod
    def tearDownClass(cls):
        assert cls.edge.process.stop() == 0, cls.edge.process.log()
        cls.origin.stop()

    def client_seen(self, path):
        return self.origin.last(path)[2]["X-Forwarded-For"]

    def test_both_versions_name_the_client(self):
        for path, header in (("/v1", b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 80\r\n"),
                             ("/v2", proxy_v2("198.51.100.8"))):
            with socket.create_connection(("127.0.0.1", self.plain), timeout=10) as sock:
                for octet in header:  # as slow as can be
                    sock.sendall(bytes([octet]))
                self.assertEqual(ask(sock, "h", path)[0], 200)
        self.assertEqual(self.client_seen("/v1"), "198.51.100.7")
        self.assertEqual(self.client_seen("/v2"), "198.51.100.8")

    def test_local_connections_are_the_proxys_own(self):
        with socket.create_connection(("127.0.0.1", self.plain), timeout=10) as sock:
            sock.sendall(proxy_v2("198.51.100.9", command=0x20))
            self.assertEqual(ask(sock, "h", "/local")[0], 200)
        self.assertEqual(self.client_seen("/local"), "127.0.0.1")

    def test_it_stands_before_tls(self):
        with socket.create_connection(("127.0.0.1", self.secure), timeout=10) as sock:
            sock.sendall(proxy_v2("198.51.100.10"))
            with offer().wrap_socket(sock, server_hostname="www.example") as tls:
                self.assertEqual(ask(tls, "www.example", "/tls")[0], 200)
        self.assertEqual(self.client_seen("/tls"), "198.51.100.10")

    def test_without_it_a_proxy_is_cut_off(self):
        with socket.create_connection(("127.0.0.1", self.plain), timeout=10) as sock:
            sock.sendall(b"GET /bare HTTP/1.1\r\nHost: h\r\n\r\n")
            try:
                self.assertEqual(sock.recv(4096), b"")
            except ConnectionResetError:
                pass
        self.assertEqual(self.origin.count("/bare"), 0)
        harness.wait_until(lambda: self.edge.metric("proxima_edge_proxy_failures_total") > 0,
                           what="a failure counted")

    def test_strangers_are_not_believed(self):
        with socket.create_connection(("127.0.0.1", self.strange), timeout=10) as sock:
            sock.sendall(b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 80\r\n\r\n")
            self.assertIn(b"400", sock.recv(4096))
        with socket.create_connection(("127.0.0.1", self.strange), timeout=10) as sock:
            self.assertEqual(ask(sock, "h", "/stranger")[0], 200)
        self.assertEqual(self.client_seen("/stranger"), "127.0.0.1")


if __name__ == "__main__":
    unittest.main()
