"""A Swift of one device, made of Debian's servers, in a mount namespace of its own."""
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.request

import harness

PROGRAMS = ("swift-proxy-server", "swift-ring-builder", "memcached", "unshare")
FILTERS = {"catch_errors": "catch_errors", "cache": "memcache", "domain_remap": "domain_remap",
           "listing_formats": "listing_formats", "s3api": "s3api", "tempauth": "tempauth", "staticweb": "staticweb",
           "slo": "slo", "dlo": "dlo"}
# On a busy machine a connection may take longer than Swift's half a second.
PATIENCE = "conn_timeout = 20\nnode_timeout = 30\n"
# Nor may a slow memcached lose tokens: what can't be kept there is forgotten without a word.
CACHE_PATIENCE = ("connect_timeout = 20\npool_timeout = 20\nio_timeout = 20\n"
                  "error_suppression_limit = 10000\n")


def missing():
    """Why it can't run here; "" when it can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"no {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "needs root for a mount namespace"


class Swift:
    """Serves domain_remap's hosts below `domain`; user test:tester, key testing."""

    def __init__(self, folder, domain):
        self.folder = pathlib.Path(folder)
        self.port = harness.free_port()
        self.cache_port = harness.free_port()
        self.configuration = self.folder / "etc"
        self.configuration.mkdir()
        (self.folder / "node/sdb1").mkdir(parents=True)
        pathlib.Path("/etc/swift").mkdir(exist_ok=True)  # where the namespace sees our files
        (self.configuration / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_prefix = edge\nswift_hash_path_suffix = test\n"
            "[storage-policy:0]\nname = gold\ndefault = yes\n")
        self.processes = []
        for kind in ("account", "container", "object"):
            self._start_storage(kind)
        self._write_proxy(domain)
        self._start_cache()
        self._start("proxy")
        harness.wait_until(self._ready, 30, "Swift", 0.1)

    def _ready(self):
        try:
            # Together they go through every server.
            return self.ask("PUT", "ready") in (201, 202) and self.ask("PUT", "ready/x") == 201
        except OSError:
            return False

    def _start(self, kind):
        self.processes.append(harness.Process(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             'mount --bind "$0" /etc/swift && exec "$1" "$2"', self.configuration,
             f"swift-{kind}-server", f"/etc/swift/{kind}.conf"]))

    def _start_storage(self, kind):
        port = harness.free_port()
        builder = self.configuration / f"{kind}.builder"
        for arguments in (["create", "4", "1", "0"],
                          ["add", f"r1z1-127.0.0.1:{port}/sdb1", "1"], ["rebalance"]):
            subprocess.run(["swift-ring-builder", builder, *arguments], check=True,
                           stdout=subprocess.DEVNULL)
        (self.configuration / f"{kind}.conf").write_text(f"""[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = root
swift_dir = /etc/swift
devices = {self.folder}/node
mount_check = false
disable_fallocate = true
log_address = /nonexistent
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
{PATIENCE}""")
        self._start(kind)

    def _write_proxy(self, domain):
        more = {"cache": f"memcache_servers = 127.0.0.1:{self.cache_port}\n{CACHE_PATIENCE}",
                "tempauth": "user_test_tester = testing .admin\n",
                "domain_remap": f"storage_domain = {domain}\n"}
        filters = "".join(f"[filter:{name}]\nuse = egg:swift#{use}\n{more.get(name, '')}"
                          for name, use in FILTERS.items())
        (self.configuration / "proxy.conf").write_text(f"""[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {self.port}
workers = 0
user = root
swift_dir = /etc/swift
log_address = /nonexistent
[pipeline:main]
pipeline = {' '.join(FILTERS)} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_limit = 10000
{PATIENCE}{filters}""")

    def _start_cache(self):
        self.cache = harness.Process(["memcached", "-l", "127.0.0.1", "-p", str(self.cache_port),
                                      "-m", "16", "-u", "root"])
        self.cache.wait_for_port(self.cache_port)

    def forget_tokens(self):
        """They live in memcached alone.  Its connections stay: Swift would lose new tokens on
        broken ones."""
        with socket.create_connection(("127.0.0.1", self.cache_port), timeout=60) as cache:
            cache.sendall(b"flush_all\r\n")
            if cache.recv(16) != b"OK\r\n":
                raise AssertionError("memcached kept what it had")

    def token(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/auth/v1.0", headers={
            "X-Auth-User": "test:tester", "X-Auth-Key": "testing"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers["X-Auth-Token"]

    def ask(self, method, path, body=None, headers=None):
        """With the account's rights, below /v1/AUTH_test/."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/AUTH_test/{path}", method=method, data=body,
            headers={"X-Auth-Token": self.token(), **(headers or {})})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status

    def stop(self):
        for process in [*self.processes, self.cache]:
            process.stop()
