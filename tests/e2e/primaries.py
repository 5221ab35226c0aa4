"""Other servers as primaries on loopback: NSD, Knot and BIND from Debian, and one of our own making
that misbehaves."""
import socket
import struct
import subprocess
import threading

import harness
from secondaries import KEY_NAME, SECRET as KEY_SECRET, named_options, nsd_server


def dig(port, *arguments):
    """The answer section's lines, fields parted by one blank."""
    command = ["dig", "@127.0.0.1", "-p", str(port), "+noall", "+answer", "+norecurse", "+tries=2",
               "+time=2", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return [" ".join(line.split()) for line in result.stdout.splitlines()
            if line and not line.startswith(";")]


def make_certificate(folder, name):
    """A self-signed certificate for `name`: (certificate, key, pin)."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    pin = subprocess.run(
        f"openssl x509 -in {certificate} -pubkey -noout | openssl pkey -pubin -outform der"
        " | openssl dgst -sha256 -binary | openssl base64", shell=True, check=True,
        capture_output=True, text=True).stdout.strip()
    return certificate, key, pin


class Primary:
    """A running server; `zones` is a map of names to texts."""

    def __init__(self, zones, notify=None, with_key=False):
        self.folder = harness.folder()
        self.port = harness.free_port()
        self.zones = dict(zones)
        self.notify = notify
        self.with_key = with_key
        for name, text in zones.items():
            self.path(name).write_text(text)
        self.process = None

    def path(self, name):
        return self.folder / (name + "zone")

    def set_zone(self, name, text):
        self.path(name).write_text(text)
        self.reload(name)

    def stop(self):
        if self.process:
            self.process.stop()


class Nsd(Primary):
    def start(self):
        key = KEY_NAME if self.with_key else "NOKEY"
        text = nsd_server(self.folder, self.port) + f"""
key:
  name: "{KEY_NAME}"
  algorithm: hmac-sha256
  secret: "{KEY_SECRET}"
"""
        for name in self.zones:
            text += f"""
zone:
  name: "{name}"
  zonefile: "{self.path(name)}"
  provide-xfr: 127.0.0.1 {key}
  store-ixfr: yes
  create-ixfr: yes
"""
            if self.notify:
                text += f"  notify: 127.0.0.1@{self.notify} {key}\n"
        (self.folder / "nsd.conf").write_text(text)
        self.process = harness.Process(["nsd", "-d", "-c", str(self.folder / "nsd.conf")])
        self.process.wait_for_port(self.port)
        return self

    def reload(self, _):
        self.process.signal(1)


class Knot(Primary):
    catalog = None  # the name of a catalog zone that lists the others

    def start(self):
        (self.folder / "db").mkdir(exist_ok=True)
        text = f"""
server:
  listen: 127.0.0.1@{self.port}
  rundir: "{self.folder}"
  pidfile: "{self.folder}/knot.pid"
control:
  listen: "{self.folder}/knot.sock"
database:
  storage: "{self.folder}/db"
log:
  - target: stderr
    any: info
key:
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {KEY_SECRET}
acl:
  - id: out
    address: 127.0.0.1
    action: transfer
{"    key: " + KEY_NAME if self.with_key else ""}
"""
        if self.notify:
            text += f"remote:\n  - id: proxima\n    address: 127.0.0.1@{self.notify}\n"
            text += f"    key: {KEY_NAME}\n" if self.with_key else ""
        text += "zone:\n"
        common = "    acl: out\n" + ("    notify: proxima\n" if self.notify else "")
        for name in self.zones:
            text += (f"  - domain: {name}\n    file: \"{self.path(name)}\"\n"
                     "    zonefile-load: difference\n    zonefile-sync: -1\n"
                     "    journal-content: changes\n" + common)
            if self.catalog:
                text += f"    catalog-role: member\n    catalog-zone: {self.catalog}\n"
        if self.catalog:
            text += f"  - domain: {self.catalog}\n    catalog-role: generate\n" + common
        (self.folder / "knot.conf").write_text(text)
        if not self.process:
            self.process = harness.Process(["knotd", "-c", str(self.folder / "knot.conf")])
            self.process.wait_for_port(self.port)
        else:
            self.control("reload")
        return self

    def control(self, *words):
        subprocess.run(["knotc", "-s", str(self.folder / "knot.sock"), *words], check=True,
                       capture_output=True, timeout=20)

    def reload(self, name):
        self.control("zone-reload", name)


class Bind(Primary):
    tls = None  # (certificate, key): transfers over TLS at tls_port

    def start(self):
        key = f'key "{KEY_NAME}"; ' if self.with_key else ""
        options = ["notify explicit", "notify-delay 0", "ixfr-from-differences yes",
                   f"allow-transfer {{ {key or '127.0.0.1; '} }}"]
        text = f'key "{KEY_NAME}" {{ algorithm hmac-sha256; secret "{KEY_SECRET}"; }};\n'
        if self.tls:
            self.tls_port = harness.free_port()
            text += f'tls local {{ cert-file "{self.tls[0]}"; key-file "{self.tls[1]}"; }};\n'
            options.append(f"listen-on port {self.tls_port} tls local {{ 127.0.0.1; }}")
        if self.notify:
            options.append(f"also-notify {{ 127.0.0.1 port {self.notify} {key or ';'} }}")
        text += named_options(self.folder, self.port, *options)
        for name in self.zones:
            text += f'zone "{name}" {{ type primary; file "{self.path(name)}"; }};\n'
        (self.folder / "named.conf").write_text(text)
        if not self.process:
            self.process = harness.Process(["named", "-g", "-c", str(self.folder / "named.conf"),
                                            "-n", "1"])
            self.process.wait_for_port(self.port)
        else:
            self.process.signal(1)
        return self

    def reload(self, _):
        self.process.signal(1)


def wire_name(text):
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in text.rstrip(".").split(".") if label) + b"\0"


def record(owner, number, rdata, ttl=60):
    return wire_name(owner) + struct.pack(">HHIH", number, 1, ttl, len(rdata)) + rdata


def soa(zone, serial, refresh=1, retry=1, expire=60):
    return record(zone, 6, wire_name("ns." + zone) + wire_name("h." + zone) +
                  struct.pack(">5I", serial, refresh, retry, expire, 60))


class Fake:
    """Answers SOA over UDP and what `respond(id, question, type)` gives over TCP: a list of framed
    octets, then it hangs up."""

    def __init__(self, zone, serial, respond):
        self.port = harness.free_port()
        self.zone, self.serial, self.respond = zone, serial, respond
        self.asked = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def message(self, number, question, records, flags=0x8400):
        return struct.pack(">6H", number, flags, 1, len(records), 0, 0) + question + \
            b"".join(records)

    @staticmethod
    def question_of(query):
        end = query.index(b"\0", 12) + 5
        return query[12:end]

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            if len(query) < 12:  # the socket was shut down
                return
            number = struct.unpack(">H", query[:2])[0]
            self.udp.sendto(self.message(number, self.question_of(query),
                                         [soa(self.zone, self.serial)]), peer)

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    size = struct.unpack(">H", connection.recv(2))[0]
                    query = connection.recv(size)
                    question = self.question_of(query)
                    number = struct.unpack(">H", query[:2])[0]
                    qtype = struct.unpack(">H", question[-4:-2])[0]
                    self.asked.append(qtype)
                    for part in self.respond(self, number, question, qtype):
                        connection.sendall(part)
                except (OSError, struct.error):
                    pass

    def stop(self):
        for each in (self.udp, self.tcp):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()


def framed(message):
    return struct.pack(">H", len(message)) + message
