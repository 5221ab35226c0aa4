"""Zones signed by ldns-signzone: one with NSEC, one with NSEC3, one with NSEC3 and opt-out.

All three have the same names: every kind of answer there is.  Each has a signed child on another
server (secure.ZONE) and an unsigned one (insecure.ZONE).
"""
import subprocess

ALGORITHM = "ECDSAP256SHA256"

RECORDS = """$TTL 300
@ 300 SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
@ NS ns2.other.example.
@ MX 10 mail
@ TXT "apex"
ns1 A 127.0.0.1
mail A 192.0.2.1
mail AAAA 2001:db8::1
www A 192.0.2.2
www A 192.0.2.3
www TXT "www"
alias CNAME www
alias2 CNAME alias
dangling CNAME nothing
outside CNAME www.other.example.
towild CNAME a.b.wild
tonodata CNAME mx
mx MX 10 mail
mx MX 20 www
srv SRV 0 0 5060 mail
*.wild A 192.0.2.4
*.wild TXT "wild"
exists.wild TXT "no address"
a.ent.wild TXT "below an empty non-terminal"
*.aliases CNAME www
*.double CNAME x.aliases
tree DNAME target
deep.target A 192.0.2.5
leaf.a.b.c A 192.0.2.6
big TXT "{big}"
big TXT "{big} 2"
secure NS ns.secure
secure DS {ds}
ns.secure A 127.0.0.1
insecure NS ns.insecure
insecure NS mail
ns.insecure A 127.0.0.1
ns.insecure AAAA 2001:db8::53
below.ent.cut NS ns.elsewhere.example.
_25._tcp.mail TLSA 3 1 1 {digest}
*.x.star A 192.0.2.7
""".replace("{digest}", "ab" * 32).replace("{big}", "x" * 250)

CHILD = """$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
www A 192.0.2.80
"""

# zone → how ldns-signzone is to deny
KINDS = {
    "nsec.example.": [],
    "nsec3.example.": ["-n", "-t", "0"],
    "salted.example.": ["-n", "-t", "5", "-s", "c0ffee"],
    "optout.example.": ["-n", "-p", "-t", "0"],
}


def make_key(folder, zone):
    """Makes a key that signs all; returns (base name of its files, DNSKEY RDATA, DS RDATA)."""
    base = subprocess.run(["ldns-keygen", "-a", ALGORITHM, "-k", zone], cwd=folder, check=True,
                          capture_output=True, text=True).stdout.strip()
    dnskey = (folder / f"{base}.key").read_text().split("DNSKEY", 1)[1].split(";")[0].strip()
    ds = (folder / f"{base}.ds").read_text().split("DS", 1)[1].strip()
    return base, dnskey, ds


def sign(folder, zone, text, options):
    """Writes and signs a zone; returns (path of the signed file, DNSKEY RDATA, DS RDATA)."""
    base, dnskey, ds = make_key(folder, zone)
    source = folder / f"{zone}unsigned"
    source.write_text(f"$ORIGIN {zone}\n{text}")
    path = folder / f"{zone}zone"
    subprocess.run(["ldns-signzone", "-o", zone, "-f", path, *options, source, base], cwd=folder,
                   check=True, capture_output=True, text=True)
    return path, dnskey, ds


class SignedZones:
    """All zones of KINDS with their children, in `folder`."""

    def __init__(self, folder):
        self.files = {}      # zone → path, those on the first server
        self.children = {}   # zone → path, those on the second
        self.anchors = {}    # zone → DNSKEY RDATA
        for zone, options in KINDS.items():
            path, _, ds = sign(folder, f"secure.{zone}", CHILD, options)
            self.children[f"secure.{zone}"] = path
            unsigned = folder / f"insecure.{zone}zone"
            unsigned.write_text(f"$ORIGIN insecure.{zone}\n{CHILD}")
            self.children[f"insecure.{zone}"] = unsigned
            path, dnskey, _ = sign(folder, zone, RECORDS.replace("{ds}", ds), options)
            self.files[zone] = path
            self.anchors[zone] = dnskey


def daemon_config(port, admin_port, files):
    zones = "".join(f'[[zone]]\nname = "{zone}"\nfile = "{path}"\n' for zone, path in files.items())
    return (f'[server]\nlisten = ["127.0.0.1:{port}"]\nworkers = 1\n'
            f'[admin]\nlisten = "127.0.0.1:{admin_port}"\n{zones}')
