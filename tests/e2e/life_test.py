"""The daemon's life: it starts or says why not, reloads or says why not, and ends when told."""
import contextlib
import http.client
import json
import pathlib
import signal
import subprocess
import threading
import unittest

import harness

ZONE = """$ORIGIN example.
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
"""


class Daemon:
    """A proxima-gslb with one cluster that is assumed up."""

    def __init__(self, dns=None, admin=None):
        self.dns = dns or harness.free_port()
        self.admin = admin or harness.free_port()
        self.folder = harness.folder()
        (self.folder / "example.zone").write_text(ZONE)
        self.file = self.folder / "gslb.toml"
        self.write()

    def write(self, extra="", server=""):
        self.file.write_text(f"""
{harness.server(self.dns, self.admin, server)}
[[zone]]
name = "example."
file = "example.zone"
{harness.cluster("fra", "192.0.2.1")}
{extra}""")

    def start(self):
        process = harness.Process([harness.binary("proxima-gslb"), "run", "-c", str(self.file)])
        process.wait_for_log("answering")
        return process


def post_until(stop, port):
    while not stop.is_set():
        try:
            with contextlib.closing(
                    http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as client:
                while not stop.is_set():
                    client.request("POST", "/v1/heartbeat", b"x" * 2000)
                    client.getresponse().read()
        except (OSError, http.client.HTTPException):
            stop.wait(0.01)


class Life(unittest.TestCase):
    def test_ends_with_status_0_under_heartbeats(self):
        for _ in range(5):
            daemon = Daemon()
            process = daemon.start()
            stop = threading.Event()
            clients = [threading.Thread(target=post_until, args=(stop, daemon.admin))
                       for _ in range(6)]
            for client in clients:
                client.start()
            try:
                harness.wait_until(lambda: b"bad_signature" in self.metrics(daemon), 10, "traffic")
                self.assertEqual(0, process.stop(), process.log())
            finally:
                stop.set()
                for client in clients:
                    client.join()

    @staticmethod
    def request(daemon, method, target):
        with contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", daemon.admin, timeout=5)) as client:
            client.request(method, target)
            response = client.getresponse()
            return response.status, response.read()

    def metrics(self, daemon):
        lines = self.request(daemon, "GET", "/metrics")[1].splitlines()
        return b"\n".join(line for line in lines if line.startswith(b"proxima_heartbeats_total")
                          and not line.endswith(b" 0"))

    def test_a_drained_cluster_is_drained_after_a_restart(self):
        daemon = Daemon()
        daemon.write(server='state_dir = "made/here"')
        process = daemon.start()
        self.assertEqual(200, self.request(daemon, "POST", "/v1/drain?target=fra&reason=test")[0])
        state = daemon.folder / "made" / "here" / "fleet.json"
        harness.wait_until(lambda: state.exists() and "drain" in state.read_text(), 10, "saved")
        process.kill()
        process = daemon.start()
        cluster = json.loads(self.request(daemon, "GET", "/v1/status")[1])["clusters"][0]
        self.assertEqual(("drain", "test"), (cluster["admin"], cluster["admin_reason"]))
        self.assertEqual(0, process.stop())

    def test_a_port_in_use_ends_with_status_1(self):
        first = Daemon()
        process = first.start()
        second = Daemon(dns=first.dns)
        ended = subprocess.run([harness.binary("proxima-gslb"), "run", "-c", str(second.file)],
                               capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(1, ended.returncode)
        self.assertIn("Address already in use", ended.stderr)
        self.assertEqual(0, process.stop())

    def test_a_broken_file_at_reload_keeps_the_answers(self):
        daemon = Daemon()
        process = daemon.start()
        daemon.write("[steerng]\n")
        process.signal(signal.SIGHUP)
        process.wait_for_log("what was loaded before keeps serving")
        self.assertIn("did you mean 'steering'?", process.log())
        self.assertTrue(process.running())
        self.assertEqual(0, process.stop())

    def test_a_reload_says_what_waits_for_the_next_start(self):
        daemon = Daemon()
        process = daemon.start()
        daemon.write('[log]\nlevel = "debug"\n')
        process.signal(signal.SIGHUP)
        process.wait_for_log("take effect at the next start")
        self.assertEqual(0, process.stop())

    def test_a_missing_file_ends_with_status_2(self):
        missing = pathlib.Path(harness.folder()) / "none.toml"
        for verb in ("check", "run"):
            ended = subprocess.run([harness.binary("proxima-gslb"), verb, "-c", str(missing)],
                                   capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(2, ended.returncode)
            self.assertIn("none.toml: error: can't read the file", ended.stderr)


if __name__ == "__main__":
    unittest.main()
