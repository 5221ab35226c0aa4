"""Zone transfers over TLS (RFC 9103): what of TLS they need, and clients known by a certificate."""
import re
import socket
import ssl
import struct
import subprocess
import unittest

import harness
import secondaries
from transfer_out_test import AXFR, frame, question

ZONE, CLIENT, PRIMARY = "example.", "ns2.other.example", "ns1.example"
EDE_PROHIBITED, EDE_NOT_SUPPORTED = struct.pack(">HHH", 15, 2, 18), struct.pack(">HHH", 15, 2, 21)


class Authority:
    """A CA, and what it has signed."""

    def __init__(self, folder, name):
        self.folder = folder
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.openssl("req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     *self.new(self.key), "-out", self.certificate)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    @staticmethod
    def new(key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key]

    def sign(self, file, *names):
        """Returns (certificate, key)."""
        certificate, key, request = (self.folder / f"{file}.{end}" for end in ("pem", "key", "csr"))
        self.openssl("req", "-nodes", "-subj", f"/CN={file}", *self.new(key), "-out", request)
        extensions = self.folder / f"{file}.ext"
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
        self.openssl("x509", "-req", "-days", "2", "-in", request, "-CA", self.certificate,
                     "-CAkey", self.key, "-CAcreateserial", "-extfile", extensions,
                     "-out", certificate)
        return certificate, key


class Daemon:
    def __init__(self, folder, zone, server="", more=""):
        self.port, self.tls = harness.free_port(), harness.free_port()
        (folder / "state").mkdir(parents=True)
        self.config = folder / "gslb.toml"
        self.config.write_text(f"""
[server]
listen = "127.0.0.1:{self.port}"
workers = 1
state_dir = "state"
{server.replace("TLS_PORT", str(self.tls))}
[admin]
listen = "127.0.0.1:{harness.free_port()}"
[[zone]]
name = "{ZONE}"
{zone}
{more}
""")
        self.process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                        str(self.config)])
        self.process.wait_for_log("server: answering")

    def dig(self, *arguments):
        return subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "+tries=1", *arguments],
                              capture_output=True, text=True, check=False).stdout


class OverTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.folder = harness.folder()
        cls.authority, stranger = Authority(folder, "ca"), Authority(folder, "stranger")
        cls.client = cls.authority.sign("client", "x.example", CLIENT.upper())
        cls.other = cls.authority.sign("other", "ns3.other.example")
        cls.forged = stranger.sign("forged", CLIENT)
        certificate, key = cls.authority.sign("server", PRIMARY)
        home = folder / "primary"
        home.mkdir()
        (home / "zone").write_text(
            "$TTL 60\n@ SOA ns h 7 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n")
        cls.primary = Daemon(home, f"""file = "zone"
allow_transfer = ["tls:{CLIENT}."]""", f"""listen_tls = "127.0.0.1:TLS_PORT"
tls_certificate = "{certificate}"
tls_key = "{key}"
tls_client_ca = "{cls.authority.certificate}"
""")

    @classmethod
    def tearDownClass(cls):
        assert cls.primary.process.stop() == 0
        harness.stop_everything()

    def ask(self, shown=None, version=ssl.TLSVersion.TLSv1_3, alpn=("dot",), kind=AXFR):
        """RCODE and octets of the first answer; a plain query follows over the same connection."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.minimum_version = context.maximum_version = version
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if shown:
            context.load_cert_chain(*map(str, shown))
        with socket.create_connection(("127.0.0.1", self.primary.tls), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=PRIMARY) as client:
                stream = client.makefile("rb")
                client.sendall(frame(question(7, ZONE, kind, opt=True)))
                answer = stream.read(struct.unpack(">H", stream.read(2))[0])
                client.sendall(frame(question(8, ZONE, 6)))
                after = stream.read(struct.unpack(">H", stream.read(2))[0])
                self.assertEqual(after[:2] + after[3:4], b"\0\x08\0", "queries go on")
        return answer[3] & 15, answer

    def test_who_shows_the_named_certificate_gets_the_zone(self):
        rcode, answer = self.ask(self.client)
        self.assertEqual(rcode, 0)
        self.assertEqual(struct.unpack(">H", answer[6:8])[0], 4)

    def test_others_are_refused_and_may_ask_on(self):
        for shown in (None, self.other, self.forged):
            rcode, answer = self.ask(shown)
            self.assertEqual(rcode, 5)
            self.assertIn(EDE_PROHIBITED, answer)
        self.assertIn("Transfer failed", self.primary.dig("axfr", ZONE))

    def test_without_tls_13_and_its_protocol_nobody_gets_it(self):
        for version, alpn in ((ssl.TLSVersion.TLSv1_2, ("dot",)), (ssl.TLSVersion.TLSv1_3, ())):
            rcode, answer = self.ask(self.client, version, alpn)
            self.assertEqual(rcode, 5)
            self.assertIn(EDE_NOT_SUPPORTED, answer)
            self.assertEqual(self.ask(self.client, version, alpn, kind=6)[0], 0)

    @unittest.skipIf(secondaries.tool("kdig") is None, "kdig is not installed")
    def test_kdig_with_a_certificate(self):
        text = subprocess.run(
            ["kdig", "@127.0.0.1", "-p", str(self.primary.tls), "+tls",
             f"+tls-ca={self.authority.certificate}", f"+tls-hostname={PRIMARY}",
             f"+tls-certfile={self.client[0]}", f"+tls-keyfile={self.client[1]}", ZONE, "AXFR"],
            capture_output=True, text=True, check=False).stdout
        self.assertEqual(len(re.findall(r"^example\.\s.*SOA", text, re.M)), 2, text)

    def test_a_secondary_of_ours_with_and_without(self):
        for name, shown in (("with", self.client), ("without", None)):
            home = self.folder / name
            mine = f'tls_certificate = "{shown[0]}"\ntls_key = "{shown[1]}"' if shown else ""
            secondary = Daemon(home, 'primaries = ["p"]', more=f"""
[[remote]]
id = "p"
address = "127.0.0.1:{self.primary.tls}"
tls = true
tls_name = "{PRIMARY}"
tls_ca = "{self.authority.certificate}"
{mine}
""")
            if shown:
                harness.wait_until(lambda: " 7 3600" in secondary.dig("+short", ZONE, "SOA"),
                                   what="the copy")
            else:
                secondary.process.wait_for_log("REFUSED")
            self.assertEqual(secondary.process.stop(), 0)


if __name__ == "__main__":
    unittest.main()
