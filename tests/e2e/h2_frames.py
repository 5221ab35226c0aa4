"""HTTP/2 spoken frame by frame, for clients that break its rules on purpose (RFC 9113, 7541)."""
import socket
import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, CANCEL, CALM = 1, 3, 8, 11
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

INDEXED_STATUS = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
DIGITS = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5",
          "011100": "6", "011101": "7", "011110": "8", "011111": "9"}


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def length(size):
    """An HPACK string's length, not Huffman-coded."""
    if size < 127:
        return bytes([size])
    octets, size = b"\x7f", size - 127
    while size >= 128:
        octets, size = octets + bytes([size % 128 + 128]), size // 128
    return octets + bytes([size])


def block(fields):
    """Fields as literals that are never indexed."""
    text = b""
    for name, value in fields:
        name, value = (part if isinstance(part, bytes) else part.encode() for part in (name, value))
        text += b"\x10" + length(len(name)) + name + length(len(value)) + value
    return text


def request(path="/", method="GET", more=(), authority="h"):
    return block([(":method", method), (":scheme", "http"), (":path", path),
                  (":authority", authority), *more])


def status_of(headers):
    """The status of the first header block of a connection."""
    while 0x20 <= headers[0] < 0x40:  # a change of the table's size
        headers = headers[1:]
    if headers[0] in INDEXED_STATUS:
        return INDEXED_STATUS[headers[0]]
    assert headers[0] & 0x3f == 8, headers
    size = headers[1] & 0x7f
    text = headers[2:2 + size]
    if headers[1] < 0x80:
        return int(text)
    bits, digits, code = "".join(f"{octet:08b}" for octet in text), "", ""
    for bit in bits:
        code += bit
        if code in DIGITS:
            digits, code = digits + DIGITS[code], ""
    return int(digits)


class Client:
    """A connection that has shaken hands; use as a context."""

    def __init__(self, port, settings=b""):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.received = b""
        self.sock.sendall(PREFACE + frame(SETTINGS, payload=settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *frames):
        self.sock.sendall(b"".join(frames))

    def ask(self, stream, fields, flags=END_STREAM):
        self.send(frame(HEADERS, END_HEADERS | flags, stream, fields))

    def next(self):
        """(kind, flags, stream, payload), or None when the server has closed."""
        try:
            while len(self.received) < 9 or len(self.received) < 9 + self.size():
                more = self.sock.recv(65536)
                if not more:
                    return None
                self.received += more
        except ConnectionResetError:
            return None
        size = self.size()
        kind, flags, stream = struct.unpack("!BBI", self.received[3:9])
        payload, self.received = self.received[9:9 + size], self.received[9 + size:]
        return kind, flags, stream, payload

    def size(self):
        return int.from_bytes(self.received[:3], "big")

    def until(self, *kinds):
        """The next frame of one of the kinds; None when there will be none."""
        while found := self.next():
            if found[0] in kinds:
                return found
        return None

    def answer(self):
        """(status, body) of the next answer; ("reset", code) or ("goaway", code) instead."""
        status, body = None, b""
        while found := self.next():
            kind, flags, _, payload = found
            if kind == HEADERS:
                status = status_of(payload)
            elif kind == DATA:
                body += payload
                self.send(frame(WINDOW_UPDATE, payload=struct.pack("!I", len(payload) or 1)))
            elif kind == RST_STREAM:
                return "reset", struct.unpack("!I", payload)[0]
            elif kind == GOAWAY:
                return "goaway", struct.unpack("!I", payload[4:8])[0]
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                return status, body
        return "closed", None
