"""Writing queries and taking answers apart: just enough of the wire format to compare servers.

Names stay octets in lower case (b"" is the root), so nothing of what is compared depends on
anybody's text form.
"""
import struct

TYPES = {
    "A": 1, "NS": 2, "MD": 3, "MF": 4, "CNAME": 5, "SOA": 6, "MB": 7, "MG": 8, "MR": 9, "NULL": 10,
    "WKS": 11, "PTR": 12, "HINFO": 13, "MINFO": 14, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18,
    "X25": 19, "ISDN": 20, "RT": 21, "NSAP": 22, "SIG": 24, "KEY": 25, "PX": 26, "AAAA": 28,
    "LOC": 29, "NXT": 30, "SRV": 33, "NAPTR": 35, "KX": 36, "CERT": 37, "DNAME": 39, "OPT": 41,
    "APL": 42, "DS": 43, "SSHFP": 44, "IPSECKEY": 45, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48,
    "DHCID": 49, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "CDS": 59,
    "CDNSKEY": 60, "OPENPGPKEY": 61, "CSYNC": 62, "ZONEMD": 63, "SVCB": 64, "HTTPS": 65, "SPF": 99,
    "NID": 104, "L32": 105, "L64": 106, "LP": 107, "EUI48": 108, "EUI64": 109, "MAILB": 253,
    "MAILA": 254, "ANY": 255, "URI": 256, "CAA": 257, "AVC": 258, "TYPE65280": 65280,
    "TYPE65400": 65400,
}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
          6: "YXDOMAIN", 9: "NOTAUTH", 16: "BADVERS", 23: "BADCOOKIE"}
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x20, 0x10

# Octets before the names in RDATA, and how many names follow (RFC 1035, RFC 3597 4: those a peer
# may have compressed, all of which are compared without regard to case, RFC 4034 6.2).
NAMES_IN_RDATA = {2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1),
                  9: (0, 1), 12: (0, 1), 14: (0, 2), 15: (2, 1), 17: (0, 2), 18: (2, 1),
                  21: (2, 1), 26: (2, 2), 33: (6, 1), 36: (2, 1), 39: (0, 1)}


class Malformed(Exception):
    """An answer no resolver could use."""


def type_name(number):
    return TYPE_NAMES.get(number, f"TYPE{number}")


def to_wire(labels):
    """Wire form of a name given as a tuple of label octets."""
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def to_text(labels):
    """Master-file form, every odd octet as \\DDD."""
    def label_text(label):
        return "".join(chr(c) if chr(c).isascii() and (chr(c).isalnum() or c in b"-_*")
                       else f"\\{c:03}" for c in label)
    return "".join(label_text(label) + "." for label in labels) or "."


def make_query(identifier, labels, qtype, qclass=1, flags=0, edns=None, opcode=0):
    """`edns`: None, or a dict of size, flags (16 bits), version and options [(code, octets)]."""
    message = struct.pack("!HHHHHH", identifier, flags | opcode << 11, 1, 0, 0,
                          0 if edns is None else 1)
    message += to_wire(labels) + struct.pack("!HH", qtype, qclass)
    if edns is not None:
        options = b"".join(struct.pack("!HH", code, len(data)) + data
                           for code, data in edns.get("options", ()))
        message += b"\0" + struct.pack("!HHBBHH", 41, edns.get("size", 1232), 0,
                                       edns.get("version", 0), edns.get("flags", 0), len(options))
        message += options
    return message


def read_name(message, at):
    """(labels in lower case, offset behind the name)."""
    labels, end, lowest = [], None, at
    while True:
        length = message[at]
        if length >= 0xC0:
            pointer = (length & 0x3F) << 8 | message[at + 1]
            end = at + 2 if end is None else end
            if pointer >= lowest:
                raise Malformed("compression pointer does not lead backwards")
            at = lowest = pointer
        elif length > 63:
            raise Malformed("reserved label type")
        else:
            at += 1
            if length == 0:
                return tuple(labels), at if end is None else end
            labels.append(bytes(message[at:at + length]).lower())
            at += length


def read_rdata(message, at, size, rtype):
    """RDATA with names uncompressed and in lower case."""
    if rtype not in NAMES_IN_RDATA:
        return bytes(message[at:at + size])
    fixed, count = NAMES_IN_RDATA[rtype]
    end, out = at + size, bytes(message[at:at + fixed])
    at += fixed
    for _ in range(count):
        labels, at = read_name(message, at)
        out += to_wire(labels)
    if at > end:
        raise Malformed("name runs past RDATA")
    return out + bytes(message[at:end])


class Answer:
    """One response: header, three sections of (owner, type, class, ttl, rdata), and its OPT."""

    def __init__(self, message):
        self.size = len(message)
        try:
            self._read(message)
        except (IndexError, struct.error) as error:
            raise Malformed(f"cut off: {message.hex()}") from error

    def _read(self, message):
        self.id, self.flags, questions, *counts = struct.unpack("!HHHHHH", message[:12])
        self.rcode = self.flags & 15
        self.question_octets, self.opt = b"", None
        at = 12
        for _ in range(questions):
            _, at = read_name(message, at)
            at += 4
            self.question_octets = bytes(message[12:at])
        self.sections = []
        for count in counts:
            section = []
            for _ in range(count):
                owner, at = read_name(message, at)
                rtype, rclass, ttl, size = struct.unpack("!HHIH", message[at:at + 10])
                at += 10
                if at + size > len(message):
                    raise Malformed("RDATA cut off")
                if rtype == 41:
                    self._read_opt(rclass, ttl, bytes(message[at:at + size]))
                else:
                    section.append((owner, rtype, rclass, ttl,
                                    read_rdata(message, at, size, rtype)))
                at += size
            self.sections.append(section)
        if at != len(message):
            raise Malformed("octets after the last record")

    def _read_opt(self, size, ttl, rdata):
        if self.opt is not None:
            raise Malformed("two OPT records")
        options, at = [], 0
        while at < len(rdata):
            code, length = struct.unpack("!HH", rdata[at:at + 4])
            options.append((code, rdata[at + 4:at + 4 + length]))
            at += 4 + length
        self.opt = {"size": size, "version": ttl >> 16 & 255, "flags": ttl & 0xFFFF,
                    "options": options}
        self.rcode |= ttl >> 24 << 4

    def has(self, flag):
        return bool(self.flags & flag)

    def rcode_name(self):
        return RCODES.get(self.rcode, str(self.rcode))

    def rrsets(self, section):
        """[((owner, type), set of (ttl, rdata))], in the order of their first record."""
        sets = {}
        for owner, rtype, _, ttl, rdata in self.sections[section]:
            sets.setdefault((owner, rtype), set()).add((ttl, rdata))
        return sets

    def show(self):
        flags = [name for name, bit in (("aa", AA), ("tc", TC), ("rd", RD), ("ra", RA), ("ad", AD),
                                        ("cd", CD)) if self.has(bit)]
        lines = [f"  {self.rcode_name()} {' '.join(flags)} ({self.size} octets) opt={self.opt}"]
        for title, section in zip(("answer", "authority", "additional"), self.sections):
            for owner, rtype, _, ttl, rdata in section[:40]:
                shown = rdata.hex() if len(rdata) < 60 else rdata[:60].hex() + "..."
                if rtype in NAMES_IN_RDATA:
                    shown = repr(rdata)
                lines.append(f"    {title}: {to_text(owner)} {ttl} {type_name(rtype)} {shown}")
        return "\n".join(lines)
