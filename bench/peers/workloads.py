"""What is asked: one world (zone, places) and the workloads on it, as queries with right answers.

A workload is a row of WORKLOADS; every server gets the same world and the same query set.
"""
import ipaddress
import os
import random
import struct
import subprocess

ZONE = "bench.example"
NAMES = 10_000
WILDCARD_NAMES = 1_000_000
WILDCARD_ADDRESS = "198.19.255.1"
GEO_PREFIXES = 1_000
TTL = 60
UNCHECKED = 255
NOERROR, NXDOMAIN = 0, 3
A_RECORD_OCTETS = 16    # compressed owner
SOA_RECORD_OCTETS = 51  # compressed owner, MNAME and RNAME of soa() below
# Of ECDSAP256SHA256: owner, fixed fields, the signer's name, which is not compressed, signature.
RRSIG_OCTETS = 2 + 10 + 18 + len(ZONE) + 2 + 64
NSEC_OCTETS = 9 + 10 + len(ZONE) + 8 + 8  # about: owner, next name, bitmap

# Places: country, latitude, longitude, the address clients there must be given.
PLACES = [
    ("DE", 50.11, 8.68, "203.0.113.1"),
    ("ES", 40.42, -3.70, "203.0.113.2"),
    ("US", 39.04, -77.49, "203.0.113.3"),
    ("BR", -23.55, -46.63, "203.0.113.4"),
    ("JP", 35.68, 139.69, "203.0.113.5"),
    ("IN", 19.08, 72.88, "203.0.113.6"),
    ("AU", -33.87, 151.21, "203.0.113.7"),
    ("ZA", -26.20, 28.05, "203.0.113.8"),
]


def name_address(number):
    return str(ipaddress.IPv4Address("198.18.0.0") + number)


def soa():
    return f"{ZONE}. 300 SOA ns1.{ZONE}. hostmaster.{ZONE}. 1 7200 1800 1209600 300"


def zone_text(geo_record=None):
    """The zone file; `geo_record` is what a server wants at geo.ZONE, where it can route."""
    lines = [soa(), f"{ZONE}. 3600 NS ns1.{ZONE}.", f"ns1.{ZONE}. 3600 A 192.0.2.53",
             f"*.w.{ZONE}. {TTL} A {WILDCARD_ADDRESS}"]
    lines += [f"n{i:05d}.{ZONE}. {TTL} A {name_address(i)}" for i in range(NAMES)]
    if geo_record:
        lines.append(f"geo.{ZONE}. {TTL} {geo_record}")
    return "\n".join(lines) + "\n"


def geo_prefixes():
    """(prefix, index into PLACES): /16 to /24, no two in one /16, all of them public space."""
    rng = random.Random(2)
    blocks = [(a, b) for a in range(11, 100) for b in range(256)]
    result = []
    for first, second in rng.sample(blocks, GEO_PREFIXES):
        bits = rng.randint(16, 24)
        third = rng.getrandbits(8) >> (24 - bits) << (24 - bits)
        place = rng.randrange(len(PLACES))
        result.append((ipaddress.ip_network(f"{first}.{second}.{third}.0/{bits}"), place))
    return sorted(result)


def write_geo_database(make_mmdb, path):
    """The places as an MMDB of MaxMind's nested shape, by the program `make_mmdb`."""
    lines = []
    for prefix, place in geo_prefixes():
        country, latitude, longitude, _ = PLACES[place]
        lines.append(f"{prefix},{country},{latitude},{longitude},,,50\n")
    # gdnsd takes coordinates only from what calls itself a City database.
    subprocess.run([make_mmdb, "--nested", "--version", "4", "--type", "Bench-City", path],
                   input="".join(lines), text=True, check=True)


def sign(folder):
    """Signs the zone with the tools of ldns and returns the path of the signed file."""
    zone = os.path.join(folder, "signed.zone")
    with open(zone, "w", encoding="ascii") as out:
        out.write(zone_text())
    done = subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", ZONE], cwd=folder,
                          stdout=subprocess.PIPE, text=True, check=True)
    subprocess.run(["ldns-signzone", "-f", zone + ".signed", zone, done.stdout.strip()],
                   cwd=folder, check=True)
    return zone + ".signed"


def query(name, subnet=None, dnssec=False):
    """Wire form of an A query with EDNS(0), ID 0, and ECS for the IPv4 /24 `subnet` if given."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    option = b""
    if subnet is not None:
        option = struct.pack(">HHHBB", 8, 7, 1, 24, 0) + subnet
    return (struct.pack(">HHHHHH", 0, 0, 1, 0, 0, 1) + labels + b"\0" +
            struct.pack(">HH", 1, 1) + b"\0" +
            struct.pack(">HHIH", 41, 1232, 0x8000 if dnssec else 0, len(option)) +
            option)


def asks_for_dnssec(wire):
    opt = wire.index(0, 12) + 1 + 4  # after QNAME, QTYPE and QCLASS
    return len(wire) > opt and wire[opt + 7] & 0x80 != 0


def static_queries(dnssec=False):
    rng = random.Random(1)
    for i in range(10 * NAMES):
        number = rng.randrange(NAMES)
        if i % 10 == 9:
            yield query(f"x{number:05d}.{ZONE}", None, dnssec), NXDOMAIN, 0, None
        else:
            yield (query(f"n{number:05d}.{ZONE}", None, dnssec), NOERROR, 1 + dnssec,
                   name_address(number))


def wildcard_queries():
    # A multiplier coprime to the count visits every number once, in no order a cache likes.
    for i in range(WILDCARD_NAMES):
        yield (query(f"c{i * 314_159 % WILDCARD_NAMES:06d}.w.{ZONE}"), NOERROR, 1,
               WILDCARD_ADDRESS)


def geo_queries(dnssec=False):
    rng = random.Random(3)
    prefixes = geo_prefixes()
    for _ in range(100_000):
        prefix, place = rng.choice(prefixes)
        subnet = int(prefix.network_address) + (rng.randrange(prefix.num_addresses) & ~0xFF)
        yield (query(f"geo.{ZONE}", subnet.to_bytes(4, "big")[:3], dnssec), NOERROR, 1 + dnssec,
               PLACES[place][3])


WORKLOADS = {
    "static": ("10,000 names, 10 % NXDOMAIN", static_queries),
    "wildcard": ("1 M different names under one wildcard", wildcard_queries),
    "geo": ("8 answers by ECS, 1,000 prefixes in an MMDB", geo_queries),
    "tcp": ("static over 32 TCP connections used again, one query on each at a time",
            static_queries),
    "signed": ("static with DO from a signed zone, NSEC", lambda: static_queries(dnssec=True)),
    "signed-geo": ("geo with DO from a signed zone", lambda: geo_queries(dnssec=True)),
}


# What peers_load is told beside the set; the default is 128 queries outstanding from 4 ports.
LOAD = {"tcp": ["--over", "tcp", "--window", "32", "--sockets", "32"]}


def over_tcp(workload):
    return workload == "tcp"


def write_set(path, queries):
    """Writes the file peers_load reads; returns the mean octets of a right answer."""
    records, octets = [], 0
    for wire, rcode, answers, address in queries:
        packed = ipaddress.IPv4Address(address).packed if address else bytes(4)
        records.append(struct.pack(">HBB", len(wire), rcode, answers) + packed + wire)
        # An answer repeats the query, OPT and ECS included, and adds its records.
        octets += len(wire) + (A_RECORD_OCTETS if answers else SOA_RECORD_OCTETS)
        if asks_for_dnssec(wire):
            octets += RRSIG_OCTETS if answers else 2 * NSEC_OCTETS + 3 * RRSIG_OCTETS
    with open(path, "wb") as out:
        out.write(b"PXQ1" + struct.pack(">I", len(records)))
        out.write(b"".join(records))
    return octets / len(records)
