"""Answers from pre-signed zones, section by section, against NSD serving the same files.

Every name of the zones, names beside, above and below each, times every type that makes a
difference, with and without DO.
"""
import re
import shutil
import subprocess
import unittest

import harness
import secondaries
import signed_zones

# Not ANY: NSD gives one RRset over TCP too.  Not NSEC3: NSD says NODATA even where a CNAME stands.
TYPES = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "DNAME", "DS", "DNSKEY", "NSEC",
         "NSEC3PARAM", "RRSIG"]


def names_of(zone, path):
    """Owners of the zone file with their ancestors, and names that are not there."""
    owners = {line.split()[0] for line in path.read_text().splitlines()
              if line and not line.startswith((";", " ", "\t", "$"))}
    names = set()
    for owner in owners:
        while owner.endswith("." + zone) or owner == zone:
            names.add(owner)
            if owner == zone:
                break
            owner = owner.split(".", 1)[1]
    beside = set()
    for name in names:
        if re.fullmatch(rf"[0-9a-v]{{32}}\.{re.escape(zone)}", name):
            continue  # an NSEC3's owner: NSD takes it for an encloser, RFC 5155 7.2.8 does not
        for label in ("0", "x", "zz", "a.b"):
            beside.add(f"{label}.{name}")
        if name != zone:
            first, rest = name.split(".", 1)
            beside.update({f"{first}0.{rest}", f"!{first}.{rest}"})
    return sorted(names | beside)


def ask(port, questions, options):
    """One dig process for all; returns a reply for each: (header, sections)."""
    batch = harness.folder() / "batch"
    batch.write_text("".join(f"{name} {rrtype}\n" for name, rrtype in questions))
    out = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(port), "-f", batch, "+tcp", "+keepopen", "+norecurse",
         "+nocmd", "+nostats", "+noquestion", "+time=5", "+tries=1", "+noall", "+comments",
         "+answer", "+authority", "+additional", "+nocookie", *options],
        check=True, capture_output=True, text=True).stdout
    replies = [read(text) for text in out.split(";; Got answer:\n")[1:]]
    assert len(replies) == len(questions), f"{len(replies)} replies to {len(questions)} questions"
    return replies


def read(text):
    reply = {"status": re.search(r"status: (\w+)", text).group(1),
             "flags": re.search(r"flags: ([\w ]*);", text).group(1)}
    section = None
    for line in text.splitlines():
        if line.startswith(";; ") and line.endswith(" SECTION:"):
            section = line[3:-9].lower()
        elif line and not line.startswith(";") and section:
            reply.setdefault(section, set()).add(" ".join(line.split()))
    return reply


def without_optional(reply, zone):
    """NSD adds the zone's NS and their addresses to answers; RFC 1034 lets both be."""
    if reply["status"] == "NOERROR" and reply.get("answer") and "aa" in reply["flags"]:
        for section, what in (("authority", rf"{re.escape(zone)} \d+ IN (NS|RRSIG NS) "),
                              ("additional", rf"ns1\.{re.escape(zone)} ")):
            reply[section] = {line for line in reply.get(section, set())
                              if not re.match(what, line, re.I)}
    return {key: value for key, value in reply.items() if value}


def is_known_difference(question, mine, reference):
    name, rrtype = question
    # Nothing but the matching NSEC3 is needed where the wildcard itself was asked for (RFC 5155
    # 7.2.3); NSD proves its closest encloser too.
    if name.startswith("*.") and mine.get("authority", set()) < reference.get("authority", set()):
        return {**mine, "authority": None} == {**reference, "authority": None}
    # NSD forgets to prove that the name a DNAME leads to does not exist.
    if any(" DNAME " in line for line in mine.get("answer", ())) and mine["status"] == "NXDOMAIN":
        return {**mine, "authority": None} == {**reference, "authority": None}
    # NSD follows a CNAME that has no NSEC beside it; we, Knot and BIND stop there.
    return rrtype == "NSEC" and any(" CNAME " in line for line in reference.get("answer", ()))


class SignedAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("nsd", "ldns-signzone", "ldns-keygen", "dig"):
            if shutil.which(tool) is None and shutil.which(tool, path="/usr/sbin") is None:
                raise unittest.SkipTest(f"{tool} is not installed")
        cls.folder = harness.folder()
        cls.zones = signed_zones.SignedZones(cls.folder)
        cls.port = harness.free_port()
        config = cls.folder / "proxima.toml"
        config.write_text(
            signed_zones.daemon_config(cls.port, harness.free_port(), cls.zones.files))
        cls.daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(config)])
        cls.daemon.wait_for_port(cls.port)
        cls.nsd_port = harness.free_port()
        cls.nsd = cls.start_nsd()
        cls.nsd.wait_for_port(cls.nsd_port)

    @classmethod
    def tearDownClass(cls):
        harness.stop_everything()

    @classmethod
    def start_nsd(cls):
        config = cls.folder / "nsd.conf"
        config.write_text(
            secondaries.nsd_server(cls.folder, cls.nsd_port, "tcp-query-count: 0",
                                   "rrl-ratelimit: 0", "minimal-responses: no") +
            "".join(f'zone:\n  name: "{zone}"\n  zonefile: "{path}"\n'
                    for zone, path in cls.zones.files.items()))
        return harness.Process([secondaries.tool("nsd"), "-d", "-c", str(config)])

    def compare(self, zone, options):
        questions = [(name, rrtype) for name in names_of(zone, self.zones.files[zone])
                     for rrtype in TYPES]
        ours = ask(self.port, questions, options)
        theirs = ask(self.nsd_port, questions, options)
        different = []
        for question, mine, reference in zip(questions, ours, theirs):
            mine = without_optional(mine, zone)
            reference = without_optional(reference, zone)
            if mine != reference and not is_known_difference(question, mine, reference):
                different.append((question, mine, reference))
        text = "".join(self.show(*one) for one in different[:12])
        self.assertFalse(different, f"{len(different)} of {len(questions)} differ:\n{text}")

    @staticmethod
    def show(question, mine, reference):
        lines = [" ".join(question)]
        for key in sorted(set(mine) | set(reference)):
            a, b = mine.get(key), reference.get(key)
            if a == b:
                continue
            if isinstance(a, str) or isinstance(b, str):
                lines.append(f"  {key}: {a} / nsd {b}")
                continue
            lines += [f"  {key} only ours: {line[:110]}" for line in (a or set()) - (b or set())]
            lines += [f"  {key} only nsd:  {line[:110]}" for line in (b or set()) - (a or set())]
        return "\n".join(lines) + "\n"

    def test_nsec(self):
        self.compare("nsec.example.", ["+dnssec"])

    def test_nsec3(self):
        self.compare("nsec3.example.", ["+dnssec"])

    def test_nsec3_with_salt_and_iterations(self):
        self.compare("salted.example.", ["+dnssec"])

    def test_nsec3_with_opt_out(self):
        self.compare("optout.example.", ["+dnssec"])

    def test_without_do(self):
        for zone in self.zones.files:
            with self.subTest(zone):
                self.compare(zone, ["+nodnssec"])


if __name__ == "__main__":
    unittest.main()
