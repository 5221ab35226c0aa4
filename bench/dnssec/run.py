#!/usr/bin/env python3
"""Signs one zone with Proxima and with Debian's tools, one after the other: seconds and memory.

bench/dnssec/run.py [--names 1000000] [--rounds 3] [--threads 2] [--out FILE] [--binaries FOLDER]
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APEX = "bench.test."


def write_zone(path, names, keys=""):
    """NS, SOA and `names` A records at as many owners: each needs two signatures."""
    with open(path, "w", encoding="ascii") as zone:
        zone.write("$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.1\n")
        zone.write(keys)
        for i in range(names):
            zone.write(f"host{i} A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n")


def run(command, folder):
    """(wall s, CPU s, peak MB, stdout) of a command and what it starts."""
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{output.decode()}")
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, output.decode()


def make_key(folder):
    name = subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", APEX],
                          cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    return name, (folder / f"{name}.key").read_text(encoding="ascii")


def signers(folder, key, threads, binaries):
    """{name: command}: each reads the zone file, signs it with one CSK and NSEC."""
    found = {"proxima": [str(binaries / "dnssec_sign"), APEX, "zone", key, "nsec", str(threads)]}
    if shutil.which("dnssec-signzone"):
        # -P: without verifying what was just signed; -O raw: without turning it into text.
        found["dnssec-signzone"] = ["dnssec-signzone", "-z", "-P", "-O", "raw", "-n", str(threads),
                                    "-o", APEX, "-f", "signed.bind", "zone.bind", key]
    if shutil.which("ldns-signzone"):
        found["ldns-signzone"] = ["ldns-signzone", "-o", APEX, "-f", "signed.ldns", "zone", key]
    if shutil.which("kzonesign"):
        (folder / "keys").mkdir()
        (folder / "knot.conf").write_text(
            f"database:\n  storage: {folder}/keys\npolicy:\n  - id: p\n    single-type-signing: on\n"
            f"    signing-threads: {threads}\nzone:\n  - domain: {APEX}\n    file: zone\n"
            f"    storage: {folder}\n    dnssec-policy: p\n    dnssec-signing: on\n",
            encoding="ascii")
        found["kzonesign"] = ["kzonesign", "-c", "knot.conf", "-o", "signed", APEX]
    return found


def speed_of_openssl():
    """P-256 signatures a second on one core, as `openssl speed` counts them."""
    text = subprocess.run(["openssl", "speed", "-seconds", "3", "ecdsap256"], check=True,
                          capture_output=True, text=True).stdout
    return float(text.strip().splitlines()[-1].split()[-2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out")
    parser.add_argument("--binaries", type=Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="proxima-dnssec-") as name:
        folder = Path(name)
        key, record = make_key(folder)
        write_zone(folder / "zone", options.names)
        write_zone(folder / "zone.bind", options.names, record)
        commands = list(signers(folder, key, options.threads, options.binaries).items())
        for number in range(options.rounds):
            turn = number % len(commands)
            results = {"openssl_signatures_per_s": speed_of_openssl()}
            for signer, command in commands[turn:] + commands[:turn]:
                wall_s, cpu_s, peak_mb, output = run(command, folder)
                results[signer] = {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}
                if signer == "proxima":
                    own = json.loads(output)
                    # One process does more than the others: it also signs a second time.
                    results[signer] |= {"wall_s": own["load_s"] + own["sign_s"],
                                        "cpu_s": own["load_cpu_s"] + own["sign_cpu_s"],
                                        "peak_mb": own["signed_mb"], "detail": own}
                print(signer, json.dumps(results[signer]), flush=True)
            rounds.append(results)
    print(f"\n{options.names} names, {options.threads} threads, median of {options.rounds}:")
    for signer, _ in commands:
        of = {k: statistics.median(r[signer][k] for r in rounds)
              for k in ("wall_s", "cpu_s", "peak_mb")}
        ratio = statistics.median(r[signer]["wall_s"] / r["proxima"]["wall_s"] for r in rounds)
        print(f"{signer:16} {of['wall_s']:7.1f} s  {of['cpu_s']:7.1f} s CPU  "
              f"{of['peak_mb']:6.0f} MB  {ratio:5.2f} x Proxima's time")
    rates = [r["proxima"]["detail"]["signatures"] / r["proxima"]["detail"]["sign_cpu_s"]
             / r["openssl_signatures_per_s"] for r in rounds]
    print(f"signatures a CPU second, all of the signing counted, beside openssl speed: "
          f"{statistics.median(rates):.2f}")
    if options.out:
        Path(options.out).write_text(json.dumps(rounds, indent=1), encoding="ascii")


if __name__ == "__main__":
    main()
