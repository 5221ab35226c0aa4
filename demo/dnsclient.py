"""A small DNS client: queries with a client subnet, answers taken apart and checked.

For scripts that send thousands of queries; people use dig.
"""
import ipaddress
import random
import socket
import struct
import time

A, AAAA = 1, 28


class Malformed(Exception):
    """An answer no resolver could use."""


def encode_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def make_query(name, rtype=A, subnet=None, identifier=None):
    """Octets of a query; `subnet` is "198.51.100.0/24" or None."""
    identifier = random.randrange(65536) if identifier is None else identifier
    option = b""
    if subnet is not None:
        network = ipaddress.ip_network(subnet, strict=False)
        kept = (network.prefixlen + 7) // 8
        option = struct.pack("!HHHBB", 8, 4 + kept, 1 if network.version == 4 else 2,
                             network.prefixlen, 0) + network.network_address.packed[:kept]
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(option)) + option
    return (struct.pack("!HHHHHH", identifier, 0, 1, 0, 0, 1) + encode_name(name) +
            struct.pack("!HH", rtype, 1) + opt)


def skip_name(message, at):
    while True:
        length = message[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        at += 1 + length


class Answer:
    """What came back: rcode, addresses, ttl, scope; raises Malformed when it makes no sense."""

    def __init__(self, query, message):
        try:
            self._parse(query, message)
        except (IndexError, struct.error) as error:
            raise Malformed(f"cut off: {message.hex()}") from error

    def _parse(self, query, message):
        identifier, flags, questions, answers, authorities, additionals = struct.unpack(
            "!HHHHHH", message[:12])
        if identifier != struct.unpack("!H", query[:2])[0] or not flags & 0x8000:
            raise Malformed("wrong ID or no response")
        question_end = skip_name(message, 12) + 4
        if questions != 1 or message[12:question_end] != query[12:question_end]:
            raise Malformed("question is not ours")
        self.rcode = flags & 15
        self.truncated = bool(flags & 0x200)
        self.addresses, self.ttl, self.scope = [], None, None
        at = question_end
        for _ in range(answers + authorities + additionals):
            at = skip_name(message, at)
            rtype, _, ttl, size = struct.unpack("!HHIH", message[at:at + 10])
            rdata = message[at + 10:at + 10 + size]
            if len(rdata) != size:
                raise Malformed("RDATA cut off")
            at += 10 + size
            if rtype in (A, AAAA) and len(self.addresses) < answers:
                self.addresses.append(str(ipaddress.ip_address(rdata)))
                self.ttl = ttl
            if rtype == 41 and size >= 8 and rdata[:2] == b"\0\x08":
                self.scope = rdata[7]
        if at != len(message):
            raise Malformed("octets after the last record")


def ask(server, name, rtype=A, subnet=None, timeout=2.0, source=None):
    """One query over UDP, from the address `source`; raises TimeoutError or Malformed."""
    query = make_query(name, rtype, subnet)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        if source is not None:
            client.bind((source, 0))
        client.connect(server)
        client.send(query)
        return Answer(query, client.recv(4096))


class Stream:
    """Many queries with a bounded number in flight; every answer is parsed and handed over.

    send_next() gives (name, subnet) or None at the end; on_answer(answer, sent_at) sees each.
    """

    def __init__(self, server, window=64, timeout=2.0):
        self.server, self.window, self.timeout = server, window, timeout
        self.sent = self.answered = self.lost = self.malformed = 0

    def run(self, send_next, on_answer):
        pending = {}
        identifier = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            client.connect(self.server)
            client.settimeout(0.2)
            more = True
            while more or pending:
                while more and len(pending) < self.window:
                    following = send_next()
                    if following is None:
                        more = False
                        break
                    identifier = (identifier + 1) % 65536
                    query = make_query(following[0], A, following[1], identifier)
                    pending[identifier] = (query, time.monotonic())
                    client.send(query)
                    self.sent += 1
                if pending:
                    self._receive(client, pending, on_answer)

    def _receive(self, client, pending, on_answer):
        try:
            message = client.recv(4096)
        except (TimeoutError, ConnectionRefusedError):
            now = time.monotonic()
            for identifier in [i for i, (_, at) in pending.items() if now - at > self.timeout]:
                del pending[identifier]
                self.lost += 1
            return
        entry = pending.pop(struct.unpack("!H", message[:2])[0], None)
        if entry is None:
            self.malformed += 1
            return
        try:
            answer = Answer(entry[0], message)
        except Malformed:
            self.malformed += 1
            return
        self.answered += 1
        on_answer(answer, entry[1])
