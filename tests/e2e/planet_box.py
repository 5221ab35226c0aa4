"""A planet in a box: cities as networks of two namespaces, and a delay line between them.

Clients live in one network namespace, the GSLB and the edges in another; every packet between them
crosses tests/support/delay_line.cc, which holds it back for half of the round-trip time of the two
cities.  So real sockets measure what the matrix says: the edges by TCP_INFO, clients by the clock.
The matrix comes from CSV files of the form in bench/README.md, or is made up here.
"""
import contextlib
import csv
import ctypes
import fcntl
import math
import os
import random
import socket
import struct
import subprocess
import time
import unittest

import harness

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001

GSLB = "30.255.0.1"
ORIGIN_PORT, HTTP_PORT = 8000, 80
NAMES = [f"{label}.cdn.example" for label in ("www", "img", "api", "video")]

# name, country, latitude, longitude
CITIES = [
    ("Frankfurt", "DE", 50.1, 8.7), ("Ashburn", "US", 39.0, -77.5), ("Singapore", "SG", 1.4, 103.8),
    ("Sao Paulo", "BR", -23.6, -46.6), ("Sydney", "AU", -33.9, 151.2), ("Paris", "FR", 48.9, 2.4),
    ("Madrid", "ES", 40.4, -3.7), ("Warsaw", "PL", 52.2, 21.0), ("Istanbul", "TR", 41.0, 29.0),
    ("Cairo", "EG", 30.0, 31.2), ("Lagos", "NG", 6.5, 3.4), ("Nairobi", "KE", -1.3, 36.8),
    ("Dubai", "AE", 25.2, 55.3), ("Mumbai", "IN", 19.1, 72.9), ("Delhi", "IN", 28.6, 77.2),
    ("Jakarta", "ID", -6.2, 106.8), ("Manila", "PH", 14.6, 121.0), ("Tokyo", "JP", 35.7, 139.7),
    ("Auckland", "NZ", -36.8, 174.8), ("Perth", "AU", -31.9, 115.9), ("Seattle", "US", 47.6, -122.3),
    ("Denver", "US", 39.7, -105.0), ("Miami", "US", 25.8, -80.2), ("Mexico City", "MX", 19.4, -99.1),
    ("Bogota", "CO", 4.7, -74.1), ("Lima", "PE", -12.0, -77.0), ("Santiago", "CL", -33.4, -70.7),
    ("Buenos Aires", "AR", -34.6, -58.4), ("Recife", "BR", -8.1, -34.9), ("Accra", "GH", 5.6, -0.2),
]


class Site:
    def __init__(self, name, country, latitude, longitude):
        self.name, self.country = name, country
        self.latitude, self.longitude = float(latitude), float(longitude)

    def distance_km(self, other):
        a, b = math.radians(self.latitude), math.radians(other.latitude)
        half = (math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) *
                math.sin(math.radians(other.longitude - self.longitude) / 2) ** 2)
        return 2 * 6371 * math.asin(math.sqrt(half))


class Matrix:
    """Sites and the round-trip time in ms of each pair of them."""

    def __init__(self, sites, rtt_ms):
        self.sites, self.rtt_ms = sites, rtt_ms

    def rtt(self, a, b):
        return self.rtt_ms[a, b]

    @staticmethod
    def made_up(seed):
        """Ways longer than the great circle, a third of them the long way round."""
        chance = random.Random(seed)
        sites = [Site(*city) for city in CITIES]
        rtt = {}
        for a, here in enumerate(sites):
            for b in range(a, len(sites)):
                detour = 2.2 if chance.random() < 0.35 else 1.0
                rtt[a, b] = rtt[b, a] = 3 + 0.01 * here.distance_km(sites[b]) * detour * (
                    1.2 + 0.4 * chance.random())
        return Matrix(sites, rtt)

    @staticmethod
    def read(places, pairs, most):
        """The first `most` places, evenly taken; a missing pair is its way back or 400 ms."""
        with open(places, newline="") as table:
            rows = list(csv.DictReader(table))
        rows = rows[::max(1, len(rows) // most)][:most]
        number = {row["id"]: index for index, row in enumerate(rows)}
        sites = [Site(row["name"], row.get("country") or "ZZ", row["latitude"], row["longitude"])
                 for row in rows]
        rtt = {(a, a): 1.0 for a in range(len(sites))}
        with open(pairs, newline="") as table:
            for row in csv.DictReader(table):
                if row["from"] in number and row["to"] in number:
                    a, b = number[row["from"]], number[row["to"]]
                    rtt[a, b] = float(row["rtt_ms"])
                    rtt.setdefault((b, a), rtt[a, b])
        everything = {(a, b): 400.0 for a in range(len(sites)) for b in range(len(sites))}
        return Matrix(sites, {**everything, **rtt})


def _call(function, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        raise unittest.SkipTest(f"no network namespaces: {os.strerror(ctypes.get_errno())}")


def _run(*command):
    subprocess.run(command, check=True)


class Namespace:
    """A network namespace of this process; gone when the last process in it ends."""

    def __init__(self):
        _call("unshare", CLONE_NEWNET)
        self.descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _run("ip", "link", "set", "lo", "up")

    def open_tun(self, name, other_side):
        """A TUN device whose packets go to `other_side`; its descriptor.  Call inside."""
        try:
            descriptor = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
        except OSError as error:
            raise unittest.SkipTest(f"no TUN device: {error}") from error
        _run("ip", "link", "set", name, "up")
        _run("ip", "route", "add", other_side, "dev", name)
        return descriptor

    @contextlib.contextmanager
    def inside(self):
        """This thread, and what it starts, is in the namespace meanwhile."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _call("setns", self.descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", before, CLONE_NEWNET)
            os.close(before)


def client_address(city):
    return f"20.{city >> 8}.{city & 255}.10"


def client_network(city):
    return f"20.{city >> 8}.{city & 255}.0/24"


def edge_address(cluster):
    return f"30.0.{cluster}.1"


class Box:
    """The namespaces, the delay line, the GSLB, an edge in each cluster's city and the origin."""

    def __init__(self, matrix, cluster_sites, claimed=None):
        """`cluster_sites`: indexes of sites; `claimed`: {site: site the geo data put it at}."""
        self.matrix, self.cluster_sites = matrix, cluster_sites
        self.clients = range(len(matrix.sites))
        self.claimed = claimed or {}
        self.folder = harness.folder()
        self.processes = []
        self.servers = Namespace()
        self.addresses(edge_address(i) for i in range(len(cluster_sites)))
        self.addresses([GSLB])
        server_side = self.servers.open_tun("servers", "20.0.0.0/8")
        self.outside = Namespace()
        self.addresses(client_address(i) for i in self.clients)
        client_side = self.outside.open_tun("clients", "30.0.0.0/8")
        self.delay_line = self._start_delay_line(server_side, client_side)

    @staticmethod
    def addresses(addresses):
        lines = "".join(f"address add {each}/32 dev lo\n" for each in addresses)
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)

    def _start_delay_line(self, *sides):
        delays = self.folder / "delays"
        lines = []
        for city in self.clients:
            for cluster, site in enumerate(self.cluster_sites):
                lines.append(f"{client_network(city)} 30.0.{cluster}.0/24 "
                             f"{self.matrix.rtt(city, site) / 2}")
            lines.append(f"{client_network(city)} 30.255.0.0/24 "
                         f"{self.matrix.rtt(city, self.cluster_sites[0]) / 2}")
        delays.write_text("\n".join(lines) + "\n")
        with open(delays) as stdin:
            line = harness.Process([harness.binary("delay_line"), *map(str, sides)], stdin=stdin,
                                   pass_fds=sides)
        for side in sides:
            os.close(side)
        line.wait_for_log("carrying")
        return line

    def start(self, origin, plan_interval="1s", more_gslb="", more_edge=""):
        """`origin`: called inside the servers' namespace to make what listens on ORIGIN_PORT."""
        (self.folder / "zone").write_text(
            "$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A " + GSLB + "\n")
        (self.folder / "geo.csv").write_text(self._geo_csv())
        (self.folder / "targets.csv").write_text("".join(
            f"{client_network(city)},{client_address(city)},tcp-syn\n" for city in self.clients))
        (self.folder / "state").mkdir()
        (self.folder / "proxima.toml").write_text(self._gslb_toml(plan_interval) + more_gslb)
        with self.servers.inside():
            self.origin = origin(GSLB, ORIGIN_PORT)
            for cluster in range(len(self.cluster_sites)):
                path = self.folder / f"edge{cluster}.toml"
                path.write_text(self._edge_toml(cluster) + more_edge)
                self.processes.append(harness.Process(
                    [harness.binary("proxima-edge"), "run", "-c", str(path)]))
            self.gslb = harness.Process(
                [harness.binary("proxima-gslb"), "run", "-c", str(self.folder / "proxima.toml")])
        self.gslb.wait_for_log("server: answering", 30)

    def _geo_csv(self):
        lines = []
        for city in self.clients:
            site = self.matrix.sites[self.claimed.get(city, city)]
            base = client_network(city).removesuffix(".0/24")
            lines.append(f"{base}.0,{base}.255,{site.country},{site.latitude},{site.longitude},50,"
                         f"{64512 + city}\n")
        return "".join(lines)

    def _gslb_toml(self, plan_interval):
        text = f"""[server]
listen = ["{GSLB}:53"]
workers = 1
state_dir = "state"
[admin]
listen = "127.0.0.1:8053"
[[zone]]
name = "cdn.example."
file = "zone"
[health]
heartbeat_interval = "250ms"
[steering]
plan_interval = "{plan_interval}"
[service.web]
ttl = 5
[[route]]
name = "*.cdn.example."
service = "web"
[[geo.source]]
file = "geo.csv"
country_field = 2
latitude_field = 3
longitude_field = 4
radius_field = 5
asn_field = 6
"""
        for cluster, index in enumerate(self.cluster_sites):
            site = self.matrix.sites[index]
            text += f"""[cluster.c{cluster}]
country = "{site.country}"
latitude = {site.latitude}
longitude = {site.longitude}
key = "0123456789abcdef0123456789abcdef"
[[cluster.c{cluster}.node]]
id = "n"
ipv4 = "{edge_address(cluster)}"
"""
        return text

    @staticmethod
    def _edge_toml(cluster):
        return f"""[edge]
cluster = "c{cluster}"
node = "n"
key = "0123456789abcdef0123456789abcdef"
listen = ["{edge_address(cluster)}:{HTTP_PORT}"]
admin = "127.0.0.1:{9100 + cluster}"
workers = 1
[cache]
memory = "8MiB"
[origin]
url = "http://{GSLB}:{ORIGIN_PORT}"
[report]
gslb = ["http://127.0.0.1:8053"]
interval = "250ms"
[probe]
source = ["{edge_address(cluster)}"]
target_interval = "1s"
"""

    def begin_probing(self):
        """From now on the edges are asked to measure: every city has somebody who may be probed."""
        with open(self.folder / "proxima.toml", "a") as config:
            config.write('[probes]\ntargets = "targets.csv"\ntarget_interval = "1s"\n'
                         'mesh_interval = "0s"\n')
        self.proximactl("reload")

    def proximactl(self, *arguments):
        with self.servers.inside():
            return harness.proximactl(8053, *arguments, check=True).stdout

    def best(self, city):
        """The lowest round-trip time any cluster has to the city."""
        return min(self.matrix.rtt(city, site) for site in self.cluster_sites)

    def stop(self):
        for process in [self.gslb, *self.processes, self.delay_line]:
            process.stop()


def time_to_first_byte(city, address, host=NAMES[0], path="/hello.txt", timeout=10):
    """Milliseconds from connect() to the first octet of the response, from the city's address."""
    with socket.socket() as client:
        client.settimeout(timeout)
        client.bind((client_address(city), 0))
        begun = time.monotonic()
        client.connect((address, HTTP_PORT))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head = client.recv(65536)
        taken = (time.monotonic() - begun) * 1000
        while client.recv(65536):
            pass
    if not head.startswith(b"HTTP/1.1 200"):
        raise AssertionError(head[:100])
    return taken
