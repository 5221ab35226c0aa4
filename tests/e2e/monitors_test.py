"""Monitors against real servers: HTTP, HTTPS with good and bad certificates, TCP, DNS, ICMP and
commands; their thresholds, what they show, and what outlives a reload and a restart."""
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
from pathlib import Path

import harness
from heartbeats import Node

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "demo"))

import dnsclient  # noqa: E402

KEY = "monitors-test-monitors-test"
QUICK = ('interval = "200ms"\ntimeout = "150ms"\njitter = "20ms"\n'
         "up_thresh = 2\nok_thresh = 2\ndown_thresh = 2\n")
GOOD = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nI am alive\n"


class Server:
    """Answers each connection with `reply`, or as `mode` says: rst, slow, silent."""

    def __init__(self, address, context=None, port=0):
        self.reply, self.mode, self.context = GOOD, "", context
        self.requests = []
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]
        self.address = address
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.mode == "rst":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
                return
            connection.settimeout(5)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.requests.append(connection.recv(4096))
            if self.mode == "silent":
                time.sleep(1)
            elif self.mode == "slow":
                for octet in self.reply:
                    connection.sendall(bytes([octet]))
                    time.sleep(0.05)
            else:
                connection.sendall(self.reply)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        # A thread in accept() holds the socket open until it is shut down.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Authority:
    """A certificate authority and what it signed, made with openssl."""

    def __init__(self, folder):
        self.folder = folder
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test", "-days", "2")

    def _run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def context(self, name, alternative, days=1):
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=x",
                  "-addext", f"subjectAltName={alternative}")
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                  "-copy_extensions", "copy", "-days", str(days), "-out", f"{name}.pem")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return made


class Gslb:
    """`clusters`: id → (address, lines of the cluster's table)."""

    def __init__(self, monitors, clusters, more=""):
        self.folder = harness.folder()
        self.port, self.admin = harness.free_port(), harness.free_port()
        (self.folder / "zone").write_text(
            "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
            "there A 192.0.2.80\n")
        self.config = self.folder / "proxima.toml"
        self.head = (harness.server(self.port, self.admin, f'state_dir = "{self.folder}"') +
                     '\n[[zone]]\nname = "example."\nfile = "zone"\n'
                     '[health]\nheartbeat_interval = "100ms"\n'
                     '[service.web]\n[[route]]\nname = "www.example."\nservice = "web"\n'
                     '[[override]]\nprefix = "127.0.0.0/8"\nlatitude = 50\nlongitude = 0\n' +
                     more)
        self.write(monitors, clusters)
        self.start()

    def write(self, monitors, clusters):
        parts = [self.head]
        for name, lines in monitors.items():
            parts.append(f"[monitor.{name}]\n{lines}")
        for number, (name, (address, lines)) in enumerate(clusters.items()):
            parts.append(f"[cluster.{name}]\nlatitude = 50\nlongitude = {number}\n{lines}\n"
                         f'[[cluster.{name}.node]]\nid = "n1"\nipv4 = "{address}"')
        self.config.write_text("\n".join(parts) + "\n")

    def start(self):
        self.process = harness.Process([harness.binary("proxima-gslb"), "-c", str(self.config)])
        self.process.wait_for_port(self.port, timeout=20)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5) as reply:
            return reply.read().decode()

    def monitors(self):
        return {each["monitor"]: each for each in json.loads(self.get("/v1/monitors"))["monitors"]}

    def wait(self, monitor, state, reason="", timeout=8):
        def found():
            each = self.monitors()[monitor]
            return each["state"] == state and reason in each["reason"] and each
        try:
            return harness.wait_until(found, timeout, f"{monitor} {state} {reason}", 0.02)
        except AssertionError:
            raise AssertionError(f"{monitor}: wanted {state} {reason!r}, has "
                                 f"{self.monitors()[monitor]}") from None

    def serving(self):
        return {each["id"] for each in json.loads(self.get("/v1/status"))["clusters"]
                if each["serving"]}

    def address(self, name="www.example"):
        return dnsclient.ask(("127.0.0.1", self.port), name, dnsclient.A, None).addresses[0]


class Http(unittest.TestCase):
    def test_a_server_that_fails_in_any_way_leaves_the_answers_and_comes_back(self):
        server = Server("127.30.0.1")
        monitors = {"page": f'kind = "http"\nport = {server.port}\npath = "/up?x=1"\n'
                            f'host = "www.example"\nbody = "alive"\n{QUICK}'}
        gslb = Gslb(monitors, {"near": ("127.30.0.1", 'monitors = ["page"]'),
                               "far": ("127.30.0.2", 'health = "none"')})
        self.addCleanup(gslb.process.stop)
        self.assertEqual("127.30.0.1", gslb.address())
        self.assertTrue(server.requests[0].startswith(
            b"GET /up?x=1 HTTP/1.0\r\nHost: www.example\r\n"), server.requests[0])
        for mode, reply, reason in (
                ("", b"HTTP/1.1 503 Busy\r\n\r\n", "status 503"),
                ("", b"HTTP/1.1 200 OK\r\n\r\nwrong", "the body has no 'alive'"),
                ("", b"\x16\x03\x01 garbage", "no HTTP"),
                ("", b"", "closed without an answer"),
                ("rst", GOOD, "reset by peer"),
                ("slow", GOOD, "timed out waiting for the answer"),
                ("silent", GOOD, "timed out waiting for the answer")):
            with self.subTest(reason=reason, mode=mode):
                server.mode, server.reply = mode, reply
                gslb.wait("page", "down", reason)
                harness.wait_until(lambda: gslb.address() == "127.30.0.2", 2, "failover", 0.01)
                server.mode, server.reply = "", GOOD
                gslb.wait("page", "up")
                harness.wait_until(lambda: gslb.address() == "127.30.0.1", 2, "return", 0.01)
        server.close()
        gslb.wait("page", "down", "connecting: Connection refused")

    def test_one_failure_of_two_is_none(self):
        server = Server("127.30.0.1")
        monitors = {"page": f'kind = "http"\nport = {server.port}\n{QUICK}'
                    .replace("down_thresh = 2", "down_thresh = 1000")}
        gslb = Gslb(monitors, {"near": ("127.30.0.1", 'monitors = ["page"]')})
        self.addCleanup(gslb.process.stop)
        server.mode = "rst"
        harness.wait_until(lambda: gslb.monitors()["page"]["failures"] >= 3, 5, "failures")
        self.assertEqual({"near"}, gslb.serving())
        server.mode = ""
        harness.wait_until(lambda: gslb.monitors()["page"]["failures"] == 0, 5, "ok_thresh")
        server.close()


class Hosts(Server):
    """Fails those who ask for a host in `bad`."""

    def __init__(self, address, port=0):
        self.bad = set()
        super().__init__(address, port=port)

    def _serve(self, connection):
        with connection:
            request = connection.recv(4096)
            fails = any(b"Host: " + host in request for host in self.bad)
            connection.sendall(b"HTTP/1.0 503 No\r\n\r\n" if fails else GOOD)


class Services(unittest.TestCase):
    def test_who_fails_a_services_monitor_is_out_for_that_service_alone(self):
        near = Hosts("127.30.7.1")
        far = Hosts("127.30.7.2", near.port)
        monitors = {"page": f'kind = "http"\nport = {near.port}\nhost = "%%SERVICE%%.example"\n'
                            f"{QUICK}"}
        gslb = Gslb(monitors, {"near": (near.address, 'health = "none"'),
                               "far": (far.address, 'health = "none"')},
                    '[service.shop]\nmonitors = ["page"]\n'
                    '[[route]]\nname = "shop.example."\nservice = "shop"\n')
        self.addCleanup(lambda: gslb.process.stop())

        def named():
            return gslb.address(), gslb.address("shop.example")
        both, divided = (near.address, near.address), (near.address, far.address)
        self.assertEqual(both, named())
        near.bad = {b"shop.example"}
        harness.wait_until(lambda: named() == divided, 8, "the shop leaves", 0.005)
        table = harness.proximactl(gslb.admin, "monitors", check=True).stdout
        self.assertRegex(table, r"page/shop +127\.30\.7\.1 +down .* near/n1 +shop +status 503")
        self.assertRegex(table, r"page/shop +127\.30\.7\.2 +up .* far/n1 +shop +good")
        status = harness.proximactl(gslb.admin, "status", check=True).stdout
        self.assertRegex(status, r"SERVICE +CLUSTER +NODES.*\nshop +near +0/1 +1")
        explained = harness.proximactl(gslb.admin, "explain", "shop.example", "--client",
                                       "127.0.0.1", check=True).stdout
        self.assertRegex(explained, r"near .* fails the service's monitors")
        text = gslb.get("/metrics")
        self.assertIn('proxima_service_serving_nodes{service="shop",cluster="near"} 0', text)
        self.assertIn('proxima_cluster_serving{cluster="near"} 1', text)
        simulated = harness.proximactl(gslb.admin, "-c", str(gslb.config), "simulate",
                                       "--outage", "far", check=True).stdout
        self.assertRegex(simulated, r"far .* out")
        gslb.process.signal(signal.SIGHUP)
        gslb.process.wait_for_log("reload: done")
        self.assertEqual(divided, named())
        self.assertEqual(0, gslb.process.stop())
        gslb.start()
        self.assertEqual(divided, named())
        near.bad = set()
        harness.wait_until(lambda: named() == both, 8, "the shop returns", 0.005)
        near.close()
        far.close()


class Https(unittest.TestCase):
    def test_certificates(self):
        authority = Authority(harness.folder())
        good = authority.context("good", "DNS:www.example,IP:127.30.1.1")
        expired = authority.context("expired", "DNS:www.example", days=-1)
        other = authority.context("other", "DNS:other.example")
        names = []
        good.sni_callback = lambda sock, name, context: names.append(name)
        servers = {"good": Server("127.30.1.1", good), "byaddress": Server("127.30.1.1", good),
                   "expired": Server("127.30.1.1", expired), "other": Server("127.30.1.1", other),
                   "unknown": Server("127.30.1.1", good), "insecure": Server("127.30.1.1", expired),
                   "plain": Server("127.30.1.1")}
        monitors = {}
        for name, server in servers.items():
            monitors[name] = f'kind = "https"\nport = {server.port}\n{QUICK}'.replace(
                "200ms", "1000ms").replace("150ms", "900ms")
            if name != "byaddress":
                monitors[name] += 'host = "www.example"\n'
            if name == "insecure":
                monitors[name] += "insecure = true\n"
            elif name != "unknown":
                monitors[name] += f'ca_file = "{authority.folder}/ca.pem"\n'
        gslb = Gslb(monitors, {"near": ("127.30.1.1",
                                        f"monitors = {json.dumps(list(monitors))}")})
        self.addCleanup(gslb.process.stop)
        gslb.wait("good", "up")
        gslb.wait("byaddress", "up")
        self.assertEqual({"www.example", None}, set(names), "a name, but never an address")
        gslb.wait("insecure", "up")
        gslb.wait("expired", "down", "certificate: certificate has expired")
        gslb.wait("other", "down", "certificate: hostname mismatch")
        gslb.wait("unknown", "down", "certificate: unable to get local issuer certificate")
        gslb.wait("plain", "down", "TLS")
        for server in servers.values():
            server.close()


class Others(unittest.TestCase):
    def test_tcp_dns_icmp_and_commands(self):
        server = Server("127.30.2.1")
        other = Gslb({}, {"any": ("192.0.2.1", 'health = "none"')})
        self.addCleanup(other.process.stop)
        flag, pids = other.folder / "flag", other.folder / "pids"
        flag.touch()
        dns = f'kind = "dns"\nport = {other.port}\nname = "there.example"\n{QUICK}'
        monitors = {
            "tcp": f'kind = "tcp"\nport = {server.port}\n{QUICK}',
            "dns": dns + 'answer = "192.0.2.80"\n',
            "nxdomain": dns.replace("there", "nowhere") + 'rcode = "NXDOMAIN"\n',
            "wrong": dns + 'answer = "192.0.2.81"\n',
            "refused": dns.replace("there.example", "elsewhere.test"),
            "ping": f'kind = "icmp"\n{QUICK}',
            "flag": f'kind = "command"\ncommand = ["/bin/sh", "-c", '
                    f'"test -e {flag} || {{ echo no flag for $0; exit 3; }}", "%%ITEM%%"]\n{QUICK}',
            "sleeper": 'kind = "command"\ncommand = ["/bin/sh", "-c", '
                       f'"sleep 60 & echo $$ $! >> {pids}; sleep 60"]\n{QUICK}',
            "talker": 'kind = "command"\ncommand = ["/bin/sh", "-c", '
                      f'"yes | head -c 1000000; exit 1"]\n{QUICK}',
        }
        gslb = Gslb(monitors, {"near": ("127.30.2.1",
                                        f"monitors = {json.dumps(list(monitors))}")})
        self.addCleanup(gslb.process.stop)
        # The DNS server answers on one address only.
        gslb.wait("dns", "down")
        gslb.write(monitors, {
            "near": ("127.30.2.1", 'monitors = ["tcp", "ping", "flag", "sleeper", "talker"]'),
            "names": ("127.0.0.1", 'monitors = ["dns", "nxdomain", "wrong", "refused"]')})
        gslb.process.signal(signal.SIGHUP)
        gslb.process.wait_for_log("reload: done")
        gslb.wait("tcp", "up")
        gslb.wait("dns", "up")
        gslb.wait("nxdomain", "up")
        gslb.wait("wrong", "down", "another answer")
        gslb.wait("refused", "down", "RCODE REFUSED")
        gslb.wait("flag", "up")
        gslb.wait("talker", "down", "exit status 1: y")
        gslb.wait("sleeper", "down", "timed out running")
        if os.geteuid() == 0:
            gslb.wait("ping", "up")
        flag.unlink()
        gslb.wait("flag", "down", "exit status 3: no flag for 127.30.2.1")
        flag.touch()
        gslb.wait("flag", "up")
        server.close()
        gslb.wait("tcp", "down", "connecting: Connection refused")
        other.process.stop()
        gslb.wait("dns", "down")
        self.assertEqual(0, gslb.process.stop())
        killed = [int(pid) for pid in pids.read_text().split()]
        self.assertGreaterEqual(len(killed), 4)
        for pid in killed:  # children reparented to somebody else may be zombies there
            state = Path(f"/proc/{pid}/stat")
            harness.wait_until(lambda: not state.exists() or ") Z " in state.read_text(), 2,
                               f"the end of {pid}")

    def test_proximactl_metrics_and_check_show_monitors(self):
        server = Server("127.30.3.1")
        monitors = {"tcp": f'kind = "tcp"\nport = {server.port}\n{QUICK}'}
        gslb = Gslb(monitors, {"near": ("127.30.3.1", 'monitors = ["tcp"]'),
                               "also": ("127.30.3.1", 'monitors = ["tcp"]')})
        self.addCleanup(gslb.process.stop)
        gslb.wait("tcp", "up")
        [status] = json.loads(gslb.get("/v1/monitors"))["monitors"]
        self.assertEqual(["near/n1", "also/n1"], status["nodes"], "asked once for both")
        table = harness.proximactl(gslb.admin, "monitors", check=True).stdout
        self.assertRegex(table, r"tcp +127\.30\.3\.1 +up .* near/n1, also/n1 +good")
        verbose = harness.proximactl(gslb.admin, "status", "-v", check=True).stdout
        self.assertRegex(verbose, r"near/n1 +up +yes")
        text = gslb.get("/metrics")
        self.assertIn('proxima_monitor_up{monitor="tcp",target="127.30.3.1"} 1', text)
        self.assertRegex(text, r'proxima_monitor_results_total\{monitor="tcp",target="127.30.3.1",'
                               r'outcome="good"\} [1-9]')
        server.close()
        gslb.config.write_text(gslb.config.read_text().replace('kind = "tcp"', 'kind = "tpc"'))
        done = subprocess.run([harness.binary("proxima-gslb"), "check", "-c", str(gslb.config)],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(2, done.returncode)
        self.assertRegex(done.stderr, r"proxima.toml:\d+:8: error: .*did you mean 'tcp'")

    def test_states_outlive_a_restart_and_ready_waits_for_the_first_round(self):
        server = Server("127.30.4.1")
        server.mode = "silent"
        monitors = {"page": f'kind = "http"\nport = {server.port}\n{QUICK}'.replace(
            "200ms", "3s").replace("150ms", "1s")}
        clusters = {"near": ("127.30.4.1", 'monitors = ["page"]'),
                    "far": ("127.30.4.2", 'health = "none"')}
        begun = time.monotonic()
        gslb = Gslb(monitors, clusters)
        self.addCleanup(lambda: gslb.process.stop())
        self.assertGreater(time.monotonic() - begun, 1.0, "the first result is a timeout")
        self.assertEqual("127.30.4.2", gslb.address())
        self.assertEqual(0, gslb.process.stop())
        before = len(server.requests)
        gslb.start()
        self.assertEqual("127.30.4.2", gslb.address())
        self.assertEqual("down", gslb.monitors()["page"]["state"])
        self.assertLessEqual(len(server.requests) - before, 1)
        server.close()


class Both(unittest.TestCase):
    def test_a_silent_node_is_held_while_its_monitor_sees_it_and_falls_with_its_port(self):
        server = Server("127.30.5.1")
        slow = {"tcp": f'kind = "tcp"\nport = {server.port}\n'}  # gdnsd's default: each 10 s
        gslb = Gslb(slow, {"near": ("127.30.5.1", f'key = "{KEY}"\nmonitors = ["tcp"]'),
                           "far": ("127.30.5.2", 'health = "none"')})
        self.addCleanup(gslb.process.stop)
        node = Node(gslb.admin, "near", "n1", KEY)
        harness.wait_until(lambda: gslb.address() == "127.30.5.1", 8, "its heartbeats")
        node.stop()

        def health():
            [near] = [c for c in json.loads(gslb.get("/v1/status"))["clusters"]
                      if c["id"] == "near"]
            return near["nodes"][0]["health"]
        harness.wait_until(lambda: health() == "stale", 3, "its deadline")
        harness.wait_until(lambda: gslb.monitors()["tcp"]["good"] >= 2, 3, "asked out of turn")
        self.assertEqual("127.30.5.1", gslb.address())
        node = Node(gslb.admin, "near", "n1", KEY)
        harness.wait_until(lambda: health() == "up", 3, "its heartbeats")
        server.close()
        node.stop()
        stopped = time.monotonic()
        harness.wait_until(lambda: gslb.address() == "127.30.5.2", 3, "failover", 0.01)
        self.assertLess(time.monotonic() - stopped, 2.5)


class Suspicion(unittest.TestCase):
    def test_when_all_sites_fall_silent_at_once_the_last_good_state_is_held(self):
        clusters = {f"c{i}": (f"127.30.6.{i}", f'key = "{KEY}"') for i in range(1, 5)}
        gslb = Gslb({}, clusters)
        self.addCleanup(gslb.process.stop)
        gslb.config.write_text(gslb.config.read_text().replace(
            "[health]\n", '[health]\nsuspect_hold = "2s"\n'))
        gslb.process.signal(signal.SIGHUP)
        gslb.process.wait_for_log("reload: done")
        nodes = [Node(gslb.admin, cluster, "n1", KEY) for cluster in clusters]
        self.addCleanup(lambda: [node.stop() for node in nodes])
        harness.wait_until(lambda: gslb.serving() == set(clusters), 5, "all up")
        for node in nodes:
            node.stop()
        gslb.process.wait_for_log("much of the capacity seems dead at once")
        self.assertEqual(set(clusters), gslb.serving())
        self.assertIn("proxima_health_suspicion 1", gslb.get("/metrics"))
        self.assertIn("nodes held since",
                      harness.proximactl(gslb.admin, "status", check=True).stdout)
        gslb.process.wait_for_log("nothing is held any more")
        self.assertEqual(set(), gslb.serving())


if __name__ == "__main__":
    unittest.main()
