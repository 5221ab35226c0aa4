"""Proxima, NSD, Knot and BIND on loopback, all serving the same zone files."""
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import harness  # noqa: E402
from message import to_text  # noqa: E402

UDP_PAYLOAD = 1232


def _proxima(folder, port, zones):
    text = f"""[server]
listen = ["127.0.0.1:{port}"]
workers = 1
udp_payload = {UDP_PAYLOAD}
nsid = "test"
[admin]
listen = "127.0.0.1:{harness.free_port()}"
"""
    for apex, path in zones:
        text += f"[[zone]]\nname = '{apex}'\nfile = '{path}'\n"
    (folder / "proxima.toml").write_text(text)
    return [harness.binary("proxima-gslb"), "-c", str(folder / "proxima.toml")]


def _nsd(folder, port, zones):
    text = f"""server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{folder}"
  database: ""
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  pidfile: ""
  server-count: 1
  minimal-responses: yes
  ipv4-edns-size: {UDP_PAYLOAD}
  nsid: "ascii_test"
  rrl-ratelimit: 0
  refuse-any: no
remote-control:
  control-enable: no
"""
    for apex, path in zones:
        text += f'zone:\n  name: "{apex}"\n  zonefile: "{path}"\n'
    (folder / "nsd.conf").write_text(text)
    return [shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", str(folder / "nsd.conf")]


def _knot(folder, port, zones):
    text = f"""server:
  rundir: "{folder}"
  listen: 127.0.0.1@{port}
  udp-max-payload: {UDP_PAYLOAD}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  nsid: "test"
log:
  - target: stderr
    any: warning
database:
  storage: "{folder}"
template:
  - id: default
    storage: "{folder}"
    semantic-checks: off
    zonefile-load: whole
    journal-content: none
zone:
"""
    for apex, path in zones:
        # A backslash and a slash in names are escaped in Knot's configuration.
        text += f'  - domain: "{apex}"\n    file: "{path}"\n'
    (folder / "knot.conf").write_text(text)
    return [shutil.which("knotd") or "/usr/sbin/knotd", "-c", str(folder / "knot.conf")]


def _named(folder, port, zones):
    text = f"""options {{
  directory "{folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  minimal-responses no-auth;
  max-udp-size {UDP_PAYLOAD};
  edns-udp-size {UDP_PAYLOAD};
  check-names primary ignore;
  max-records-per-type 0;
  max-types-per-name 0;
  server-id "test";
  notify no;
  zero-no-soa-ttl no;
  empty-zones-enable no;
  answer-cookie no;
  rrset-order {{ order none; }};
}};
controls {{ }};
"""
    for apex, path in zones:
        text += (f'zone "{apex}" {{ type primary; file "{path}"; check-integrity no; '
                 "check-mx ignore; check-mx-cname ignore; check-srv-cname ignore; "
                 "check-sibling no; check-wildcard no; };\n")
    (folder / "named.conf").write_text(text)
    return [shutil.which("named") or "/usr/sbin/named", "-g", "-n", "1", "-c",
            str(folder / "named.conf")]


MAKERS = {"proxima": _proxima, "nsd": _nsd, "knot": _knot, "named": _named}


def available():
    """Peers that are installed."""
    return [name for name, program in (("nsd", "nsd"), ("knot", "knotd"), ("named", "named"))
            if shutil.which(program) or pathlib.Path("/usr/sbin", program).exists()]


class Server:
    """One daemon with all zones, asked by UDP with a window and by one pipelined TCP stream."""

    def __init__(self, name, zones):
        """`zones`: [(apex labels, path)]."""
        self.name = name
        self.folder = harness.folder()
        self.port = harness.free_port()
        self.address = ("127.0.0.1", self.port)
        self.zones = [(to_text(apex), path) for apex, path in zones]
        self.start()

    def start(self):
        self.process = harness.Process(MAKERS[self.name](self.folder, self.port, self.zones))

    def wait(self, probes, timeout=30):
        """Until every probe (octets of an SOA query) is answered with AA: all zones are there."""
        waiting = list(probes)
        deadline = time.monotonic() + timeout
        while waiting:
            if not self.process.running():
                raise AssertionError(f"{self.name} ended:\n{self.faults()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} has not all zones:\n{self.faults()}")
            try:
                replies = self.ask_udp(waiting, attempts=1, timeout=0.5)
            except OSError:
                replies = [None] * len(waiting)
            waiting = [probe for probe, reply in zip(waiting, replies)
                       if reply is None or not reply[2] & 4]
            if waiting:
                time.sleep(0.05)

    def answers(self, probe):
        return self.process.running() and self.ask_udp([probe], 1) != [None]

    def ask_udp(self, queries, attempts=3, timeout=1.0, window=32):
        """Answers in the order of `queries`, None where none came; IDs must be their positions
        modulo 65536."""
        replies = [None] * len(queries)
        for _ in range(attempts):
            todo = [i for i, reply in enumerate(replies) if reply is None]
            for start in range(0, len(todo), 20_000):
                self._round(queries, replies, todo[start:start + 20_000], timeout, window)
            if None not in replies:
                break
        return replies

    def _round(self, queries, replies, todo, timeout, window):
        pending, waiting = {}, list(reversed(todo))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            client.connect(self.address)
            while waiting or pending:
                while waiting and len(pending) < window:
                    index = waiting.pop()
                    identifier = queries[index][:2]
                    pending[identifier] = index
                    client.send(queries[index])
                if not select.select([client], [], [], timeout)[0]:
                    return
                reply = client.recv(65535)
                index = pending.pop(reply[:2], None)
                if index is not None:
                    replies[index] = reply

    def ask_tcp(self, queries, timeout=5.0, window=32):
        """The same over one TCP connection; answers may come in any order (RFC 7766 7)."""
        replies = [None] * len(queries)
        pending, next_query, data = {}, 0, b""
        client = socket.create_connection(self.address, timeout=timeout)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while next_query < len(queries) or pending:
                while next_query < len(queries) and len(pending) < window:
                    query = queries[next_query]
                    client.sendall(struct.pack("!H", len(query)) + query)
                    pending[query[:2]] = next_query
                    next_query += 1
                received = client.recv(65536)
                if not received:   # the peer ends long connections; what is pending is asked anew
                    client.close()
                    client = socket.create_connection(self.address, timeout=timeout)
                    next_query, data = min(pending.values()), b""
                    pending = {}
                    continue
                data += received
                while len(data) >= 2 and len(data) >= 2 + (size := data[0] << 8 | data[1]):
                    index = pending.pop(data[2:4], None)
                    if index is not None:
                        replies[index] = data[2:2 + size]
                    data = data[2 + size:]
        finally:
            client.close()
        return replies

    def faults(self):
        lines = self.process.log().splitlines()
        return "\n".join([line for line in lines if "error" in line or "ignor" in line][:40])

    def stop(self):
        self.process.kill()


def check_zone(path, apex):
    """What named-checkzone says of a zone, for people who look into a difference."""
    return subprocess.run(["named-checkzone", to_text(apex), str(path)], capture_output=True,
                          text=True, check=False).stdout
