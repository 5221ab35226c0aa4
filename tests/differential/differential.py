"""Generated zones and queries, answered by Proxima and by NSD, Knot and BIND, compared.

    differential.py --cases 20000 --seed 1          the suite's run
    differential.py --signed --cases 20000          signed zones, asked with DO for the most part
    differential.py --cases 1000000 --seed 7        a long one
    differential.py --seed 7 --replay 12:345        one case of it, with every answer in full

Exit status 1 when a difference is not explained by a rule in rules.py.
"""
import argparse
import collections
import struct
import sys
import time

import rules
import servers
import signing
from compare import compare
from message import Answer, Malformed, make_query, to_text, type_name
from queries import Case
from zones import make_family

FAMILIES_AT_ONCE = 24
SHOWN = 5
DIED = "died"


class Run:
    """Families of one batch with all servers up."""

    def __init__(self, seed, numbers, peers, signed):
        self.seed = seed
        self.families = {number: make_family(seed, number) for number in numbers}
        self.folder = servers.harness.folder()
        paths, jobs = [], []
        for number, family in self.families.items():
            for index, (apex, _, text) in enumerate(family):
                path = self.folder / f"{number}-{index}.zone"
                path.write_text(text)
                paths.append((apex, path))
                jobs.append((path, apex, number))
        self.hashed = collections.defaultdict(list)   # family → owners of NSEC3s
        if signed:
            for (_, _, number), owners in zip(jobs, signing.sign_all(jobs)):
                self.hashed[number] += owners
        self.signed = signed
        self.servers = {name: servers.Server(name, paths) for name in ["proxima"] + peers}
        self.probes = [make_query(i, apex, 6) for i, (apex, _) in enumerate(paths)]
        for server in self.servers.values():
            server.wait(self.probes)

    def case(self, family_number, number):
        case = Case(self.seed, family_number, number, self.families[family_number])
        if self.signed:
            case.make_signed(self.seed, self.hashed[family_number])
        return case

    def answers(self, cases):
        """{server: [Answer or Malformed or None]}."""
        queries = [make_query(i % 65536, case.asked_name, case.type, case.qclass, case.flags,
                              case.edns) for i, case in enumerate(cases)]
        found = {}
        for name, server in self.servers.items():
            replies = [None] * len(cases)
            for tcp in (False, True):
                chosen = [i for i, case in enumerate(cases) if case.tcp == tcp]
                for i, reply in zip(chosen, self.ask(server, [queries[i] for i in chosen], tcp)):
                    replies[i] = reply
            found[name] = [reply if reply is DIED else read(reply) for reply in replies]
        return found

    def ask(self, server, queries, tcp):
        """A query that ends or hangs a peer is found by halving, and the peer started anew."""
        try:
            replies = (server.ask_tcp if tcp else server.ask_udp)(queries)
        except OSError:
            replies = [None] * len(queries)
        if None not in replies or server.name == "proxima" or server.answers(self.probes[0]):
            return replies
        server.stop()
        server.start()
        server.wait(self.probes)
        missing = [i for i, reply in enumerate(replies) if reply is None]
        if len(queries) == 1:
            return [DIED]
        for half in (missing[:len(missing) // 2], missing[len(missing) // 2:]):
            for i, reply in zip(half, self.ask(server, [queries[i] for i in half], tcp)):
                replies[i] = reply
        return replies

    def stop(self):
        for server in self.servers.values():
            server.stop()


def read(reply):
    if reply is None:
        return None
    try:
        return Answer(reply)
    except Malformed as error:
        return error


def describe(case):
    edns = "no EDNS" if case.edns is None else f"EDNS {case.edns}"
    return (f"{to_text(case.asked_name)} {type_name(case.type)} class {case.qclass} "
            f"flags {case.flags:#06x} {edns} {'TCP' if case.tcp else 'UDP'}")


class Report:
    def __init__(self):
        self.cases = 0
        self.explained = collections.Counter()
        self.unexplained = collections.defaultdict(list)

    def judge(self, case, family, found, index):
        self.cases += 1
        ours = found["proxima"][index]
        if not isinstance(ours, Answer):
            self.unexplained[("proxima", f"no answer: {ours}")].append((case, ""))
            return
        for peer in found:
            theirs = found[peer][index]
            if peer == "proxima":
                continue
            if not isinstance(theirs, Answer):
                rule = "peer-died" if theirs is DIED else None
                self._note(peer, case, rule, "silence", str(theirs))
                continue
            for difference in compare(ours, theirs):
                rule = rules.explain(peer, case, ours, theirs, difference, family)
                self._note(peer, case, rule, difference.kind, str(difference))

    def _note(self, peer, case, rule, kind, text):
        if rule is not None:
            self.explained[(rule, peer)] += 1
        else:
            self.unexplained[(peer, kind)].append((case, text))

    def show(self, seed, seconds):
        print(f"{self.cases} cases, seed {seed}, {seconds:.1f} s")
        for (rule, peer), count in sorted(self.explained.items()):
            print(f"  {count:7} {peer:6} {rule}: {rules.RULES[rule]}")
        total = sum(map(len, self.unexplained.values()))
        print(f"{total} unexplained differences")
        for (peer, kind), found in sorted(self.unexplained.items()):
            print(f"{peer} {kind}: {len(found)}")
            for case, text in found[:SHOWN]:
                print(f"  --replay {case.family_number}:{case.number}  {describe(case)}")
                print(f"      {text[:400]}")
        return total


def replay(seed, where, peers, signed):
    family_number, number = map(int, where.split(":"))
    run = Run(seed, [family_number], peers, signed)
    case = run.case(family_number, number)
    found = run.answers([case])
    for apex, _, text in run.families[family_number]:
        print(f"; zone {to_text(apex)}\n{text}")
    print(describe(case))
    for name, answers in found.items():
        print(name + "\n" + (answers[0].show() if isinstance(answers[0], Answer)
                             else f"  {answers[0]}"))
    report = Report()
    report.judge(case, run.families[family_number], found, 0)
    run.stop()
    return report.show(seed, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--signed", action="store_true")
    parser.add_argument("--families", type=int, default=FAMILIES_AT_ONCE)
    parser.add_argument("--replay", metavar="FAMILY:NUMBER")
    parser.add_argument("--peers", default=",".join(servers.available()))
    options = parser.parse_args()
    peers = [peer for peer in options.peers.split(",") if peer]
    if not peers:
        print("none of nsd, knot, bind9 is installed")
        return 77   # ctest: skipped
    if options.replay:
        return 1 if replay(options.seed, options.replay, peers, options.signed) else 0
    if options.signed and not signing.available():
        print("bind9-utils is not installed")
        return 77
    begun, report, done, first_family = time.monotonic(), Report(), 0, 0
    while done < options.cases:
        wanted = min(options.cases - done, options.families * 2000)
        run = Run(options.seed, range(first_family, first_family + options.families), peers,
                  options.signed)
        cases = [run.case(first_family + i % options.families, i // options.families)
                 for i in range(wanted)]
        found = run.answers(cases)
        run.stop()
        for index, case in enumerate(cases):
            report.judge(case, run.families[case.family_number], found, index)
        done += wanted
        first_family += options.families
    return 1 if report.show(options.seed, time.monotonic() - begun) else 0


if __name__ == "__main__":
    sys.exit(main())
