#!/usr/bin/env python3
"""What `proxima-gslb check` says of zones with faults, beside named-checkzone, kzonecheck and
nsd-checkzone.

What two of them refuse is refused; what all accept is loaded; what two complain of (refuse or warn)
is complained of, and what nobody complains of loads without a word.  A complaint names file and
line.  Where Proxima decides otherwise on purpose, DIFFERENCES says why.  Every fault is made
--variants times, with other names, at other places.  A long run:
tests/differential/zone_checks.py --variants 50 --seed 7 (with $PROXIMA_BIN)
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import zone_faults

ZONE = "zone.test"
SKIPPED = 77
DIFFERENCES = {
    "cname-below-cut": "warned of: RFC 1034 4.2.1, what lies below a cut is another zone's",
    "data-below-cut": "as cname-below-cut",
    "ds-below-cut": "as cname-below-cut",
    "ns-below-cut": "as cname-below-cut",
    "dname-wildcard": "warned of: RFC 6672 2.3 and RFC 4592 4.4 leave open what it means",
    "ds-without-cut": "warned of: RFC 4035 2.4, a DS stands at a zone cut",
    "dnskey-protocol": "warned of: RFC 4034 2.1.2, validators don't take such a key",
    "nsec3param-iterations": "refused: RFC 9276 3.2, each is work for whoever asks",
    "generate-good": "loaded: $GENERATE is BIND's, only BIND has it",
    "generate-cname": "as generate-good",
    "origin-relative": "loaded: RFC 1035 5.1 has no rule that an origin must be absolute",
    "ttl-huge": "refused: RFC 2181 8, a TTL has 31 bits, and caches take a longer one for 0",
    "ttl-directive-huge": "as ttl-huge",
    "utf8-owner": "loaded: RFC 2181 11, any octet may stand in a name",
}
# Of two records that do not go together these name the one of the sound part, or the whole zone.
ELSEWHERE = {"cname-at-apex", "dnskey-protocol"}


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)


def ask_peer(command, chatter, file):
    """"no", "warns" or "yes", and what was said."""
    done = run(command + [file])
    said = [line for line in done.stdout.decode("utf-8", "replace").splitlines()
            if line.strip() and not re.search(chatter, line)]
    return ("no" if done.returncode else "warns" if said else "yes"), "\n".join(said)


PEERS = {  # command, what it says of a good zone
    "named-checkzone": (["named-checkzone", "-i", "local", ZONE], r"loaded serial|^OK$"),
    "kzonecheck": (["kzonecheck", "-o", ZONE], r"^No semantic error found"),
    "nsd-checkzone": (["nsd-checkzone", ZONE], r"^zone .* is ok$"),
}


def ask_proxima(file):
    config = pathlib.Path(file + ".toml")
    config.write_text(f'[[zone]]\nname = "{ZONE}"\nfile = "{file}"\n', encoding="ascii")
    done = run([os.environ["PROXIMA_BIN"] + "/proxima-gslb", "check", "-c", str(config)])
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode not in (0, 2):
        raise RuntimeError(f"check ended with {done.returncode}: {text}")
    said = [line for line in text.splitlines() if ": error: " in line or ": warning: " in line]
    return ("no" if done.returncode else "warns" if said else "yes"), "\n".join(said)


def judge(ours, theirs):
    """Why the verdicts don't fit, or None."""
    refusals = theirs.count("no")
    complaints = refusals + theirs.count("warns")
    if refusals >= 2 and ours != "no":
        return "two refuse it"
    if refusals == 0 and ours == "no":
        return "all accept it"
    if complaints >= 2 and ours == "yes":
        return "two complain of it"
    if complaints == 0 and ours != "yes":
        return "nobody complains of it"
    return None


def misplaced(case, file, lines, said):
    """Why the place in the first complaint is wrong, or None."""
    place = re.match(re.escape(file) + r":(?:(\d+):)?", said)
    if not place:
        return "the complaint names no file"
    if not lines or case in ELSEWHERE:
        return None
    if not place[1] or int(place[1]) not in lines:
        return f"the complaint is not of line {lines[0]}"
    return None


def compare(folder, options):
    made = []
    cases = zone_faults.cases(options.seed, options.variants)
    for number, (case, octets, lines) in enumerate(cases):
        path = folder / f"{number}.zone"
        path.write_bytes(octets)
        made.append((case, str(path), lines))
    files = [file for _, file, _ in made]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        peers = {name: pool.map(lambda file, form=form: ask_peer(*form, file), files)
                 for name, form in PEERS.items()}
        ours = list(pool.map(ask_proxima, files))
        peers = {name: list(results) for name, results in peers.items()}
    bad, used = 0, set()
    for number, (case, file, lines) in enumerate(made):
        mine, said = ours[number]
        fault = judge(mine, [peers[name][number][0] for name in PEERS])
        if fault and case in DIFFERENCES:
            used.add(case)
            fault = None
        if not fault and mine != "yes":
            fault = misplaced(case, file, lines, said)
        if fault:
            bad += 1
            print(f"{case}, seed {options.seed}: {fault}")
            for name in PEERS:
                print(f"    {name}: {peers[name][number][0]}  {peers[name][number][1][:400]!r}")
            print(f"    proxima: {mine}  {said[:400]!r}")
            print(f"    {pathlib.Path(file).read_bytes()[:1000]!r}")
    for case in sorted(set(DIFFERENCES) - used):
        print(f"{case}: listed as a difference, but there is none")
        bad += 1
    print(f"{len(made)} zones with {len({case for case, _, _ in made})} faults, "
          f"{len(used)} deliberate differences, {bad} not explained")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", type=int, default=1)
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin"
    for tool in PEERS:
        if not shutil.which(tool):
            print(f"{tool} is not installed")
            return SKIPPED
    with tempfile.TemporaryDirectory(prefix="zone-checks-") as folder:
        return compare(pathlib.Path(folder), options)


if __name__ == "__main__":
    sys.exit(main())
