"""Generated queries: at, below, beside and above what a family's zones hold."""
import random
import struct

from message import AD, CD, RD, TYPES, TYPE_NAMES
from zones import LABELS, mixed_case

# Transfers, OPT, TKEY and TSIG as QTYPE are protocol errors with tests of their own.
ODD_TYPES = [number for number in TYPE_NAMES if number not in (41,)] + [65535, 0x8000, 100, 128]
UNKNOWN_OPTION = (65001, b"\1\2\3")
OPTIONS = [(3, b""), (8, struct.pack("!HBB", 1, 24, 0) + bytes([198, 51, 100])), UNKNOWN_OPTION,
           (12, b"\0" * 9)]


class Case:
    """One query: family and number make it again."""

    def __init__(self, seed, family_number, number, family, hosts=()):
        self.family_number, self.number = family_number, number
        self.signed, self.hashed = False, frozenset()   # owners of NSEC3s
        rng = random.Random(f"{seed}/queries/{family_number}/{number}")
        _, zone, _ = rng.choice(family)
        owner = rng.choice(list(zone.records))
        self.name = self._name(rng, zone, owner)[:120]
        while sum(map(len, self.name)) + len(self.name) > 250:
            self.name = self.name[1:]
        self.type = self._type(rng, zone, owner)
        self.qclass = 1 if rng.random() < 0.995 else rng.choice([255, 4, 254, 77])
        self.flags = (RD if rng.random() < 0.2 else 0) | (CD if rng.random() < 0.05 else 0) | (
            AD if rng.random() < 0.05 else 0)
        self.edns = None
        if rng.random() < 0.6:
            self.edns = {"size": rng.choice([0, 511, 512, 600, 1232, 1232, 4096, 65535]),
                         "flags": 0x8000 if rng.random() < 0.3 else 0,
                         "options": rng.sample(OPTIONS, rng.choice([0, 0, 0, 1, 2]))}
        self.tcp = rng.random() < 0.15
        self.asked_name = mixed_case(rng, self.name)

    def make_signed(self, seed, hashed):
        """DO for the most part, DNSSEC's own types, and the owners of NSEC3s asked for."""
        self.signed, self.hashed = True, frozenset(hashed)
        rng = random.Random(f"{seed}/signed/{self.family_number}/{self.number}")
        if rng.random() < 0.8:
            self.edns = {"size": rng.choice([512, 1232, 1232, 1232, 4096]), "flags": 0x8000,
                         "options": []}
        if rng.random() < 0.3:
            self.tcp = True   # for what would be truncated
        if rng.random() < 0.08:
            self.type = TYPES[rng.choice(["DS", "DNSKEY", "NSEC", "RRSIG", "NSEC3", "NSEC3PARAM"])]
        if hashed and rng.random() < 0.05:
            name = rng.choice(hashed)
            self.name = (rng.choice(LABELS),) + name if rng.random() < 0.3 else name
            self.asked_name = mixed_case(rng, self.name)

    @staticmethod
    def _name(rng, zone, owner):
        draw = rng.random()
        name = owner
        if draw < 0.35:
            pass
        elif draw < 0.60:                                   # below
            for _ in range(rng.choice([1, 1, 2, 4])):
                name = (rng.choice(LABELS + [b"*", b"nope"]),) + name
        elif draw < 0.75 and len(owner) > len(zone.apex):   # beside
            name = (rng.choice(LABELS + [b"*", b"nope"]),) + owner[1:]
        elif draw < 0.88:                                   # above: ENTs, cuts, out of the zone
            name = owner[rng.randrange(len(owner) + 1):]
        elif draw < 0.95:
            name = zone.apex
        else:
            name = (b"nowhere", b"invalid")
        # A "*" asked for literally is rare on the wire; mostly it is what it stands for.
        return tuple(rng.choice(LABELS) if label == b"*" and rng.random() < 0.7 else label
                     for label in name)

    @staticmethod
    def _type(rng, zone, owner):
        draw = rng.random()
        if draw < 0.45:
            return TYPES[rng.choice(zone.records[owner])[0]]
        if draw < 0.75:
            return rng.choice([1, 1, 28, 15, 2, 5])
        if draw < 0.85:
            return rng.choice([6, 39, 43, 16, 255, 65])
        return rng.choice(ODD_TYPES)
