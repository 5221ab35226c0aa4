"""What end-to-end tests share: starting real daemons on loopback and ending every one of them.

Binaries are taken from $PROXIMA_BIN.  Everything started is stopped by its pid, also when a test
fails or the interpreter exits.
"""
import atexit
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

_started = []
_folders = []


def binary(name):
    """The path of a built program."""
    path = pathlib.Path(os.environ.get("PROXIMA_BIN", "build/dev/bin")) / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: build it first, or set PROXIMA_BIN")
    return str(path.resolve())


def is_sanitized(name):
    """Whether it was built with AddressSanitizer."""
    return b"__asan_init" in pathlib.Path(binary(name)).read_bytes()


def free_port(address="127.0.0.1"):
    """A port free for UDP and TCP now.  Not held, so use it soon; taken from below the range the
    kernel gives to clients, so that no connection of ours sits on it by chance."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        port = random.randrange(10_240, 32_000)
        try:
            for each in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family, each) as probe:
                    probe.bind((address, port))
            return port
        except OSError:
            continue


def folder():
    """A temporary folder, removed at exit."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="proxima-e2e-"))
    _folders.append(path)
    return path


# Times to wait are those of a quiet machine; sanitizers and neighbours take their share.
PATIENCE = 6


def wait_until(condition, timeout=10.0, what="condition", interval=0.01):
    """Polls until condition() is true and returns its value; fails after `timeout` seconds (and
    more where the machine is busy: no test is about them)."""
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(interval)


def can_connect(port, address="127.0.0.1"):
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


class Process:
    """A child process whose stderr is kept in a file."""

    def __init__(self, arguments, env=None, **popen):
        self.log_path = folder() / "stderr"
        with open(self.log_path, "wb") as log:
            self.child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=log,
                                          env={**os.environ, **(env or {})}, **popen)
        _started.append(self)

    @property
    def pid(self):
        return self.child.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.child.poll() is None

    def wait_for_log(self, text, timeout=10.0):
        def seen():
            if text in self.log():
                return True
            if not self.running():
                raise AssertionError(f"ended with {self.child.returncode}:\n{self.log()}")
            return False
        wait_until(seen, timeout, f"log line {text!r} of {self.child.args[0]}")

    def wait_for_port(self, port, address="127.0.0.1", timeout=10.0):
        def up():
            if not self.running():
                raise AssertionError(f"ended with {self.child.returncode}:\n{self.log()}")
            return can_connect(port, address)
        wait_until(up, timeout, f"port {port} of {self.child.args[0]}")

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self, timeout=15.0):
        """SIGTERM, then SIGKILL; returns the exit status."""
        if self.running():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(timeout)
            except subprocess.TimeoutExpired:
                self.child.kill()
        return self.child.wait()

    def kill(self):
        if self.running():
            self.child.kill()
        self.child.wait()


def start_edge(config, **popen):
    """proxima-edge with the configuration in that file, once it serves."""
    process = Process([binary("proxima-edge"), "run", "-c", str(config)], **popen)
    process.wait_for_log("ready")
    return process


class HttpServer(http.server.ThreadingHTTPServer):
    """An HTTP server of a test's own, on loopback until stop()."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what some tests are about


class HttpHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


def server(port, admin, *options):
    """The start of a GSLB's configuration: one worker on loopback; further lines of [server]."""
    return "\n".join(["[server]", f'listen = "127.0.0.1:{port}"', "workers = 1", *options,
                      "[admin]", f'listen = "127.0.0.1:{admin}"'])


def cluster(name, *nodes, place=(50, 8), more=""):
    """A cluster of a GSLB's configuration, in Frankfurt and never ill; a node: "IPV4 [IPV6]".
    `more`: further lines of [cluster.NAME]."""
    lines = [f"[cluster.{name}]", f"latitude = {place[0]}", f"longitude = {place[1]}",
             'health = "none"', more]
    for node_id, addresses in zip("abcdef", nodes):
        lines += [f"[[cluster.{name}.node]]", f'id = "{node_id}"']
        lines += [f'{family} = "{address}"'
                  for family, address in zip(("ipv4", "ipv6"), addresses.split())]
    return "\n".join(lines)


def proximactl(admin, *arguments, check=False):
    """Runs proximactl beside the admin listener on port `admin`."""
    return subprocess.run([binary("proximactl"), "--url", f"http://127.0.0.1:{admin}", *arguments],
                          capture_output=True, text=True, check=check, timeout=30)


def zone_keys(admin, zone):
    """What the admin API says of the keys of a zone."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/v1/keys?zone={zone}") as answer:
        return json.load(answer)["zones"][0]


def stop_everything():
    while _started:
        _started.pop().kill()
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


atexit.register(stop_everything)
