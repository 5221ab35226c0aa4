"""Generated zones signed by dnssec-signzone (package bind9-utils): NSEC, NSEC3, opt-out, salt."""
import concurrent.futures
import os
import shutil
import subprocess

from message import TYPES, to_text
from zones import GENERIC

# By the number of a family.
DENIALS = [[], ["-3", "-"], ["-3", "-", "-A"], ["-3", "c0ffee", "-H", "2", "-A"], ["-3", "ab", "-H", "1"]]
OPT_OUT = (2, 3)


def available():
    return shutil.which("dnssec-signzone") is not None


def denial(number):
    return DENIALS[number % len(DENIALS)]


def sign(path, apex, number):
    """Signs the zone file at `path` in its place; returns the owners (labels) of its NSEC3s."""
    name, keys = to_text(apex), path.with_suffix(".keys")
    keys.mkdir()
    make = ["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-K", keys]
    for flags in (["-f", "KSK"], []):
        subprocess.run([*make, *flags, name], check=True, capture_output=True)
    signed = path.with_suffix(".signed")
    done = subprocess.run(
        ["dnssec-signzone", "-S", "-K", keys, "-d", keys, "-P", "-q", "-n", "1", "-O", "full", "-D",
         "-o", name, "-f", signed, *denial(number), path], capture_output=True, text=True,
        check=False, cwd=keys)
    if done.returncode != 0:
        raise AssertionError(f"dnssec-signzone {name}: {done.stdout}{done.stderr}")
    lines = [_portable(line.split()) for line in signed.read_text().splitlines()
             if line and not line.startswith((";", "$"))]
    with open(path, "a", encoding="ascii") as file:
        file.write("".join(" ".join(line) + "\n" for line in lines))
    return [(line[0].split(".", 1)[0].lower().encode(),) + apex for line in lines
            if line[3] == "NSEC3"]


def _portable(fields):
    """Types that Knot knows no name of, in the form of RFC 3597."""
    first = {"RRSIG": 4, "NSEC": 5, "NSEC3": 9}.get(fields[3], len(fields))
    last = 5 if fields[3] == "RRSIG" else len(fields)
    return [f"TYPE{TYPES[field]}" if first <= at < last and field in GENERIC else field
            for at, field in enumerate(fields)]


def sign_all(jobs):
    """[(path, apex, family number)] → [owners of NSEC3s], on all cores."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda job: sign(*job), jobs))
