"""Server cookies that wander between Proxima, BIND, Knot and NSD with one secret (RFC 9018)."""
import re
import subprocess
import unittest

import harness
import secondaries

SECRET, OTHER = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"
ZONE = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"


class Server:
    """Answers example.; over UDP only whom it gave a cookie before, but for NSD, which has no such
    rule."""

    def __init__(self, secret):
        self.secret, self.port = secret, harness.free_port()
        self.folder = harness.folder()
        (self.folder / "zone").write_text(ZONE)
        (self.folder / "conf").write_text(self.text())
        self.process = harness.Process([*self.command(), str(self.folder / "conf")])
        self.process.wait_for_port(self.port)

    def ask(self, cookie):
        """Status, and the cookie of the answer."""
        said = subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), f"+cookie={cookie}",
                               "+nobadcookie", "+ignore", "example.", "SOA"],
                              capture_output=True, text=True, check=False).stdout
        return (re.search(r"status: (\w+)", said).group(1),
                re.search(r"; COOKIE: ([0-9a-fA-F]+)", said).group(1).lower())


class Proxima(Server):
    def command(self):
        return [harness.binary("proxima-gslb"), "run", "-c"]

    def text(self):
        return f"""
{harness.server(self.port, harness.free_port())}
[cookies]
secret = "{self.secret}"
require = true
[[zone]]
name = "example."
file = "zone"
"""


class Bind(Server):
    def command(self):
        return [secondaries.tool("named"), "-g", "-n", "1", "-c"]

    def text(self):
        return secondaries.named_options(
            self.folder, self.port, "notify no", "cookie-algorithm siphash24",
            f'cookie-secret "{self.secret}"', "require-server-cookie yes") + """
zone "example." { type primary; file "zone"; };
"""


class Knot(Server):
    def command(self):
        return [secondaries.tool("knotd"), "-c"]

    def text(self):
        return f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.folder}
    udp-workers: 1
    tcp-workers: 1
database:
    storage: {self.folder}
mod-cookies:
  - id: default
    secret: 0x{self.secret}
    badcookie-slip: 1
template:
  - id: default
    storage: {self.folder}
    global-module: mod-cookies/default
zone:
  - domain: example.
    file: zone
"""


class Nsd(Server):
    def command(self):
        return [secondaries.tool("nsd"), "-d", "-c"]

    def text(self):
        return secondaries.nsd_server(self.folder, self.port, "answer-cookie: yes",
                                      f"cookie-secret: {self.secret}") + """
zone:
  name: "example."
  zonefile: "zone"
"""


@unittest.skipIf(secondaries.missing(), f"not installed: {secondaries.missing()}")
class OneSecret(unittest.TestCase):
    def tearDown(self):
        harness.stop_everything()

    def test_a_cookie_of_one_is_good_with_all(self):
        servers = [kind(SECRET) for kind in (Proxima, Bind, Knot, Nsd)]
        client = "2464c4abcf10c957"
        for maker in servers:
            cookie = maker.ask(client)[1]
            self.assertEqual(len(cookie), 48, type(maker).__name__)
            self.assertEqual(cookie[:24], client + "01000000", "version 1")
            for server in servers:
                said = (type(maker).__name__, type(server).__name__)
                status, back = server.ask(cookie)
                self.assertEqual(status, "NOERROR", said)
                self.assertEqual(back[:24], cookie[:24], said)
        self.assertEqual(servers[0].ask(cookie)[1], cookie, "a fresh one is kept")

    def test_a_cookie_of_another_secret_or_client_is_bad_with_all(self):
        servers = [kind(SECRET) for kind in (Proxima, Bind, Knot)]
        foreign = [kind(OTHER) for kind in (Proxima, Bind, Knot)]
        for maker in foreign:
            cookie = maker.ask("2464c4abcf10c957")[1]
            for server in servers:
                self.assertEqual(server.ask(cookie)[0], "BADCOOKIE")
        good = servers[0].ask("2464c4abcf10c957")[1]
        for server in servers:
            self.assertEqual(server.ask(good)[0], "NOERROR")
            self.assertEqual(server.ask("3464c4abcf10c957" + good[16:])[0], "BADCOOKIE")


if __name__ == "__main__":
    unittest.main()
