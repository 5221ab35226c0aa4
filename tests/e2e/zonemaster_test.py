"""Zonemaster, the registries' checker, looks at a delegated, routed zone.

It runs off-line: a network namespace of its own, with a root, a top-level domain, reverse zones and
the table of AS numbers that it asks for, all served by Proxima on public addresses that exist only
in there.  Skipped where zonemaster-cli or the right to make a namespace is missing.
"""
import ctypes
import ipaddress
import json
import os
import shutil
import subprocess
import unittest

import harness

CLONE_NEWNET = 0x40000000
ROOT_SERVER = ("198.41.0.4", "2001:503:ba3e::2:30")
TLD_SERVERS = {"a.nic.example.": ("199.9.14.201", "2001:500:200::b"),
               "b.nic.example.": ("192.33.4.12", "2001:500:2::c")}
NAME_SERVERS = {"ns1": ("199.43.135.53", "2001:500:8f::53"),
                "ns2": ("199.43.133.53", "2001:500:8d::53")}
# A world of two operators.
AS_OF = {"199.43.135.53": 64501, "2001:500:8f::53": 64501,
         "199.43.133.53": 64502, "2001:500:8d::53": 64502}
ADDRESSES = [ROOT_SERVER, *TLD_SERVERS.values(), *NAME_SERVERS.values()]
ZONE = "routed.example."
SOA = "SOA {} hostmaster.example. 1 14400 3600 1209600 3600\n"

# Zonemaster's severities in order; what this test refuses.
BAD = {"NOTICE", "WARNING", "ERROR", "CRITICAL"}


def reverse(address):
    return ipaddress.ip_address(address).reverse_pointer + "."


def enter_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest("no right to make a network namespace")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for pair in ADDRESSES:
        for address in pair:
            subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)


def setUpModule():
    for tool in ("zonemaster-cli", "ip"):
        if shutil.which(tool) is None:
            raise unittest.SkipTest(f"{tool} is not installed")
    enter_namespace()


def hosts(name_servers):
    return "".join(f"{name} A {v4}\n{name} AAAA {v6}\n" for name, (v4, v6) in name_servers.items())


def delegation(zone, name_servers):
    return "".join(f"{zone} NS {name}\n" for name in name_servers) + hosts(name_servers)


def own_servers():
    return {f"{name}.{ZONE}": addresses for name, addresses in NAME_SERVERS.items()}


def listen(*pairs):
    return json.dumps([f"{v4}:53" for v4, _ in pairs] + [f"[{v6}]:53" for _, v6 in pairs])


def origin_records():
    """The TXT records of asnlookup.zonemaster.net, in the form of Team Cymru's service."""
    lines = []
    for address, asn in AS_OF.items():
        family = "origin6" if ":" in address else "origin"
        labels = reverse(address).removesuffix(".ip6.arpa.").removesuffix(".in-addr.arpa.")
        prefix = "2001:500:80::/41" if ":" in address else address.rsplit(".", 1)[0] + ".0/24"
        lines.append(f'{labels}.{family} TXT "{asn} | {prefix} | US | arin | 2000-01-01"\n')
    return "".join(lines)


class World:
    """Root, TLD, reverse and AS zones: one Proxima on all their addresses."""

    def __init__(self, ds=()):
        self.folder = harness.folder()
        root_name = "a.root-servers.net."
        header = "$TTL 86400\n@ " + SOA.format(root_name)
        tld = delegation(ZONE, own_servers()) + "".join(f"{ZONE} DS {each}\n" for each in ds)
        asns = "asnlookup.zonemaster.net."
        zones = {
            ".": header + f"@ NS {root_name}\n" + hosts({root_name: ROOT_SERVER}) +
                 delegation("example.", TLD_SERVERS) +
                 "".join(f"{zone} NS {root_name}\n" for zone in ("in-addr.arpa.", "ip6.arpa.",
                                                                 asns)),
            "example.": "$TTL 86400\n@ " + SOA.format("a.nic") +
                        delegation("example.", TLD_SERVERS) + tld,
            asns: header + f"@ NS {root_name}\n" + origin_records(),
        }
        for suffix in ("in-addr.arpa.", "ip6.arpa."):
            zones[suffix] = header + f"@ NS {root_name}\n" + "".join(
                f"{reverse(address)} PTR {name}\n" for name, pair in own_servers().items()
                for address in pair if reverse(address).endswith(suffix))
        config = f"""[server]
listen = {listen(ROOT_SERVER, *TLD_SERVERS.values())}
workers = 1
[admin]
listen = "127.0.0.1:8053"
"""
        for index, (name, text) in enumerate(zones.items()):
            (self.folder / f"{index}.zone").write_text(text)
            config += f'[[zone]]\nname = "{name}"\nfile = "{index}.zone"\n'
        self.process = start(self.folder, config)
        self.hints = self.folder / "hints"
        self.hints.write_text(f". 3600000 NS {root_name}\n" + "".join(
            f"{root_name} 3600000 {kind} {address}\n"
            for kind, address in zip(("A", "AAAA"), ROOT_SERVER)))


def start(folder, config):
    (folder / "proxima.toml").write_text(config)
    process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                               str(folder / "proxima.toml")])
    process.wait_for_log("answering", 30)
    return process


def make_key(folder):
    """A key for the zone in `folder`; returns its DS record data."""
    for verb in (["generate", ZONE, "--dir", str(folder)], ["ds", ZONE, "--dir", str(folder)]):
        done = subprocess.run([harness.binary("proximactl"), "keys", *verb], check=True,
                              capture_output=True, text=True)
    # Of the digests offered the SHA-256 one.
    return [" ".join(line.split()[-4:]) for line in done.stdout.splitlines()
            if " DS " in line and line.split()[-2] == "2"]


def start_name_server(name, admin_port, key_folder=None):
    """The zone under test: a routed apex and wildcard beside static data."""
    signing = "" if key_folder is None else f"""dnssec = "simple"
[dnssec.simple]
key_dir = "{key_folder}"
"""
    folder = harness.folder()
    (folder / "zone").write_text(
        "$TTL 3600\n@ SOA ns1 hostmaster 2026010101 14400 3600 1209600 3600\n"
        "@ NS ns1\n@ NS ns2\n@ MX 10 mail\n" + hosts(NAME_SERVERS) +
        "mail A 199.43.135.25\n@ TXT \"v=spf1 mx -all\"\n")
    return start(folder, f"""[server]
listen = {listen(NAME_SERVERS[name])}
workers = 1
[admin]
listen = "127.0.0.1:{admin_port}"
[[zone]]
name = "{ZONE}"
file = "zone"
{signing}[cluster.ams]
latitude = 52.37
longitude = 4.90
health = "none"
[[cluster.ams.node]]
id = "ams-1"
ipv4 = "199.43.135.80"
ipv6 = "2001:500:8f::80"
[service.web]
[[route]]
name = "*.{ZONE}"
service = "web"
[[route]]
name = "{ZONE}"
service = "web"
""")


def zonemaster(world, *arguments):
    """The findings of one run: (severity, module, tag, arguments)."""
    done = subprocess.run(
        ["zonemaster-cli", "--hints", str(world.hints), "--json", "--json-stream", "--level", "INFO",
         *arguments, ZONE.rstrip(".")],
        capture_output=True, text=True, timeout=240,
        env={**os.environ, "LC_ALL": "C.UTF-8"})
    findings = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not findings:
        raise AssertionError(f"zonemaster said nothing:\n{done.stdout}\n{done.stderr}")
    return findings


def bad(findings):
    return [f"{each['level']} {each['module']}:{each['tag']} {each.get('args', '')}"
            for each in findings if each["level"] in BAD]


class Zonemaster(unittest.TestCase):
    def start_name_servers(self, key_folder=None):
        for index, name in enumerate(NAME_SERVERS):
            start_name_server(name, 8054 + index, key_folder)

    def tearDown(self):
        harness.stop_everything()

    def test_finds_nothing_in_an_unsigned_routed_zone(self):
        self.start_name_servers()
        findings = zonemaster(World())
        print(f"zonemaster: {len(findings)} messages, {len(bad(findings))} above INFO")
        unsigned = {"NOT_SIGNED", "NEITHER_DNSKEY_NOR_DS"}
        self.assertEqual([], bad(each for each in findings if each["tag"] not in unsigned))

    def test_finds_nothing_in_a_signed_routed_zone(self):
        key_folder = harness.folder()
        ds = make_key(key_folder)
        self.assertEqual(1, len(ds))
        self.start_name_servers(key_folder)
        findings = zonemaster(World(ds))
        print(f"zonemaster: {len(findings)} messages, {len(bad(findings))} above INFO")
        self.assertIn("RRSIG_EXPIRATION", {each["tag"] for each in findings})
        self.assertEqual([], bad(findings))


if __name__ == "__main__":
    unittest.main()
