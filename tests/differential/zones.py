"""Generated zones: what authoritative servers get wrong, thrown together from a seed.

A family is up to five zones that refer to each other (a parent, a child that is served too, one
beside it, one near the root, one deep down).  A zone is a dict of owner → [(type, ttl, text)];
owners are tuples of label octets.  Only what Proxima, NSD, Knot and BIND all load is made, which
rules out data below a DNAME or beside a CNAME, and name servers in the zone without addresses.
"""
import random

from message import TYPES, to_text, to_wire

LABELS = [b"a", b"b", b"c", b"www", b"ns", b"_tcp", b"x-1", b"a b", b"d.t", b"\xe9t\xe9", b"\x00",
          b"*a", b"l" * 63]
# RDATA in text all four servers read: {t} is a name; hex digits alone (and {n}, a name's octets) are
# written as RFC 3597 has it, for types that Knot knows no text of.
GENERIC = {"MB", "MG", "MR", "PX", "X25", "ISDN"}
SAMPLES = {
    "MX": ["10 {t}", "0 ."], "SRV": ["1 2 443 {t}", "0 0 0 ."], "PTR": ["{t}"],
    "TXT": ['"v=1" "two"', '"\\195\\169\\"\\\\"'], "HINFO": ['"PC" "none"'],
    "MINFO": ["{t} {t}"], "MB": ["{n}"], "MG": ["{n}"], "MR": ["{n}"], "RP": ["{t} {t}"],
    "AFSDB": ["1 {t}"], "RT": ["5 {t}"], "PX": ["0003{n}{n}"], "KX": ["7 {t}"],
    "X25": ["0434343434"], "ISDN": ["0331353003303034"],
    "LOC": ["42 21 54 N 71 06 18 W -24m 30m"],
    "NAPTR": ['100 50 "s" "z3950+I2L" "" {t}', '1 1 "u" "E2U+sip" "!^.*$!sip:a@b!" .'],
    "CERT": ["1 1 5 AQIDBA=="], "APL": ["1:192.0.2.0/24 !2:2001:db8::/32"],
    "SSHFP": ["4 2 " + "ab" * 32], "TLSA": ["3 1 1 " + "cd" * 32], "SMIMEA": ["3 1 1 " + "ef" * 32],
    "IPSECKEY": ["10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="],
    "DHCID": ["AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="],
    "OPENPGPKEY": ["mQENBFVHm5sBCAD0"], "CSYNC": ["66 3 A NS AAAA"],
    "NID": ["10 0014:4fff:ff20:ee64"], "L32": ["10 10.1.2.0"], "L64": ["10 2001:0db8:1140:1000"],
    "LP": ["10 {t}"], "EUI48": ["00-00-5e-00-53-2a"], "EUI64": ["00-00-5e-ef-10-00-00-2a"],
    "URI": ['10 1 "ftp://ftp.example/public"'], "CAA": ['0 issue "ca.example"'],
    "SVCB": ["1 {t} alpn=h2,h3 port=8443", "0 {t}"], "HTTPS": ["1 . alpn=h2", "2 {t}", "0 {t}"],
    "SPF": ['"v=spf1 -all"'],
    "TYPE65280": ["\\# 3 abcdef", "\\# 0"], "TYPE65400": ["\\# 40 " + "00ff" * 20],
}
COMMON = ["A", "A", "A", "AAAA", "TXT", "MX", "SRV"]


def mixed_case(rng, labels):
    return tuple(bytes(c ^ 32 if chr(c).isalpha() and c < 128 and rng.random() < 0.3 else c
                       for c in label) for label in labels)


class Zone:
    def __init__(self, apex):
        self.apex = apex
        self.records = {}   # owner → [(type, ttl, text)]

    def add(self, owner, rtype, text, ttl=300):
        for other, old_ttl, _ in self.records.get(owner, ()):
            ttl = old_ttl if other == rtype else ttl   # one TTL a set (RFC 2181 5.2)
        self.records.setdefault(owner, []).append((rtype, ttl, text))

    def types(self, owner):
        return {rtype for rtype, _, _ in self.records.get(owner, ())}

    def below(self, owner):
        return [name for name in self.records if len(name) > len(owner)
                and name[-len(owner):] == owner]

    def text(self, rng):
        lines = []
        soa = [line for line in self.records[self.apex] if line[0] == "SOA"]
        for owner, records in [(self.apex, soa)] + list(self.records.items()):
            for rtype, ttl, text in records:
                if rtype == "SOA" and records is not soa:
                    continue
                shown = to_text(mixed_case(rng, owner))
                shown_type = f"TYPE{TYPES[rtype]}" if rtype in GENERIC else rtype
                lines.append(f"{shown} {ttl} IN {shown_type} {text}")
        return "\n".join(lines) + "\n"


class Maker:
    """Fills one zone.  `others`: apexes of the family, targets that may lead across zones."""

    def __init__(self, rng, apex, others):
        self.rng, self.zone, self.others = rng, Zone(apex), others
        self.apex = apex
        self.served_below = [other for other in others if other[-len(apex):] == apex]

    def make(self, size, children):
        rng = self.rng
        self.zone.add(self.apex, "SOA", f"ns.invalid. host.invalid. {rng.randrange(1, 1 << 31)} "
                      f"3600 600 86400 {rng.choice([60, 300, 7200])}",
                      rng.choice([120, 3600]))
        for child in children:
            self.cut(child)
        for _ in range(size):
            self.one()
        self.name_servers(self.apex)
        self.tidy()
        return self.zone

    # Names
    def fresh(self):
        rng, name = self.rng, self.apex
        if self.zone.records and rng.random() < 0.5:
            name = rng.choice(list(self.zone.records))
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            label = b"*" if rng.random() < 0.16 else rng.choice(LABELS)
            if sum(map(len, name)) + len(name) + len(label) < 200:
                name = (label,) + name
        return name

    def target(self):
        rng, draw = self.rng, self.rng.random()
        if draw < 0.5 and self.zone.records:
            name = rng.choice(list(self.zone.records))
            if rng.random() < 0.2:
                name = (rng.choice(LABELS),) + name
        elif draw < 0.7:
            name = self.fresh()
        elif draw < 0.9 and self.others:
            name = rng.choice(self.others)
            for _ in range(rng.randrange(3)):
                name = (rng.choice(LABELS),) + name
        else:
            name = (b"www", b"elsewhere", b"invalid")
        return name

    # Content
    def one(self):
        rng, draw = self.rng, self.rng.random()
        owner = self.fresh()
        if draw < 0.16:
            self.alias(owner)
        elif draw < 0.23:
            self.dname(owner)
        elif draw < 0.36:
            self.cut(owner)
        elif draw < 0.40:
            self.big(owner)
        else:
            for _ in range(rng.choice([1, 1, 2, 4])):
                self.data(owner)

    def data(self, owner):
        rng = self.rng
        rtype = rng.choice(COMMON) if rng.random() < 0.6 else rng.choice(list(SAMPLES))
        self.zone.add(owner, rtype, self.rdata(rtype), rng.choice([0, 60, 300, 86400]))

    def rdata(self, rtype):
        rng = self.rng
        if rtype == "A":
            return f"192.0.2.{rng.randrange(256)}"
        if rtype == "AAAA":
            return f"2001:db8::{rng.randrange(65536):x}"
        text = rng.choice(SAMPLES[rtype])
        if rtype in GENERIC:
            digits = text.replace("{n}", to_wire(self.target()).hex())
            return f"\\# {len(digits) // 2} {digits}"
        return text.replace("{t}", to_text(self.target()))

    def alias(self, owner):
        if not self.zone.types(owner):
            self.zone.add(owner, "CNAME", to_text(self.target()))

    def dname(self, owner):
        if owner[0] != b"*" and not any(owner[-len(apex):] == apex
                                        for apex in self.served_below):
            self.zone.add(owner, "DNAME", to_text(self.target()), self.rng.choice([0, 300]))

    def big(self, owner):
        rng, draw = self.rng, self.rng.random()
        if draw < 0.4:
            for i in range(rng.choice([8, 30, 80])):
                self.zone.add(owner, "TXT", f'"{i} {"x" * rng.randrange(200)}"')
        elif draw < 0.8:
            for i in range(rng.choice([20, 60, 98])):
                self.zone.add(owner, "A", f"198.51.100.{i}")
        else:
            for i in range(rng.choice([12, 40])):
                self.zone.add(owner, "MX", f"{i} {to_text(self.target())}")

    def cut(self, owner):
        """Name servers below the cut, beside it, in a sibling, or elsewhere; sometimes a DS and
        data that the cut occludes."""
        rng = self.rng
        if owner[0] == b"*" or owner == self.apex:
            return
        self.name_servers(owner)
        if rng.random() < 0.4:
            self.zone.add(owner, "DS", "12345 13 2 " + "0123456789abcdef" * 4, 900)
        for _ in range(rng.randrange(3)):
            below = (rng.choice(LABELS + [b"*"]),) + owner
            if not self.zone.types(below):
                self.data(below)

    def name_servers(self, owner):
        rng = self.rng
        cuts = [name for name in self.zone.records if "NS" in self.zone.types(name)
                and name not in (owner, self.apex)]
        for number in range(rng.choice([1, 2, 2, 3, 13])):
            draw, label = rng.random(), f"ns{number}".encode()
            if draw < 0.35:
                host = (label,) + owner
            elif draw < 0.5 and cuts:
                host = (label,) + rng.choice(cuts)      # sibling glue
            elif draw < 0.75:
                host = (label,) + self.apex
            else:
                host = (label, b"elsewhere", b"invalid")
            self.zone.add(owner, "NS", to_text(host))
            if host[-len(self.apex):] == self.apex:
                kinds = rng.choice([("A",), ("AAAA",), ("A", "AAAA")])
                for kind in kinds:
                    if kind not in self.zone.types(host):
                        self.zone.add(host, kind, self.rdata(kind))

    # What no server loads is taken away again.
    def tidy(self):
        records = self.zone.records
        for owner in list(records):
            types = self.zone.types(owner)
            if "DNAME" in types and ("NS" in types and owner != self.apex or "CNAME" in types):
                records[owner] = [line for line in records[owner] if line[0] != "DNAME"]
        for owner in list(records):
            if owner in records and "DNAME" in self.zone.types(owner):
                for name in self.zone.below(owner):
                    del records[name]
        for owner in list(records):
            lines = records[owner]
            if "CNAME" in self.zone.types(owner):
                if {"NS", "SOA"} & self.zone.types(owner) or self.is_host(owner):
                    lines = [line for line in lines if line[0] != "CNAME"]
                else:
                    lines = [line for line in lines if line[0] == "CNAME"][:1]
            seen, kept = set(), []
            for line in lines:
                single = line[0] in ("DNAME", "SOA")
                key = line[0] if single else (line[0], line[2].lower())
                if key not in seen:
                    kept.append(line)
                seen.add(key)
            records[owner] = kept
        self.drop_lame_servers()

    def is_host(self, owner):
        text = to_text(owner)
        return any(line[0] == "NS" and line[2] == text
                   for lines in self.zone.records.values() for line in lines)

    def drop_lame_servers(self):
        """An NS target in the zone without addresses, or below a DNAME, is refused."""
        records = self.zone.records
        inside = to_text(self.apex)
        hosts = {to_text(owner) for owner in records
                 if {"A", "AAAA"} & self.zone.types(owner)}
        for owner, lines in records.items():
            records[owner] = [line for line in lines if line[0] != "NS" or line[2] in hosts
                              or not line[2].endswith("." + inside)]
        if "NS" not in self.zone.types(self.apex):
            self.zone.add(self.apex, "NS", "ns.elsewhere.invalid.")
        for owner in [name for name, lines in records.items() if not lines]:
            del records[owner]
        for owner, lines in records.items():   # a DS without a cut is mere data; keep it rare
            if "NS" not in self.zone.types(owner):
                records[owner] = [line for line in lines if line[0] != "DS"]
        for owner in [name for name, lines in records.items() if not lines]:
            del records[owner]


def make_family(seed, number):
    """The zones of one family: [(apex, Zone, text)]; the same for the same seed and number."""
    rng = random.Random(f"{seed}/zones/{number}")
    top = f"f{number}".encode()
    parent = (top, b"test")
    child = (rng.choice([b"child", b"a", b"b"]),) + parent
    beside = (b"beside", top, b"example")
    near_root = (b"tld%d" % number,)
    deep = tuple(b"d%d" % i for i in range(rng.randrange(4, 20))) + (top, b"deep")
    apexes = [parent, child] + [apex for apex in (beside, near_root, deep) if rng.random() < 0.5]
    family = []
    for apex in apexes:
        others = [other for other in apexes if other != apex]
        children = [child] if apex == parent else []
        family.append((apex, Maker(rng, apex, others).make(rng.choice([3, 12, 30, 60]), children)))
    drop_shared_dnames(family[1][1], family[0][1])
    return [(apex, zone, zone.text(rng)) for apex, zone in family]


def drop_shared_dnames(child, parent):
    """NSD refuses a DNAME in the child with data below it in the parent, though occluded."""
    for owner in list(child.records):
        if "DNAME" in child.types(owner) and parent.below(owner):
            child.records[owner] = [line for line in child.records[owner] if line[0] != "DNAME"]
            if not child.records[owner]:
                del child.records[owner]
