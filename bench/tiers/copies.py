#!/usr/bin/env python3
"""What nodes of a cluster should keep of what a sibling keeps: hits by rule, LRU nodes, Zipf load.

    bench/tiers/copies.py [--objects 100000] [--requests 400000]

`slots` rules are the shipped one: a copy is kept when the key is asked for again while it stands in
a table of so many slots, here as a share of the objects a node holds."""
import argparse
import bisect
import collections
import itertools
import random

NODES = 3


class Node:
    def __init__(self, room, slots):
        self.room, self.held = room, collections.OrderedDict()
        self.slots = [None] * max(1, int(slots * room))

    def has(self, key):
        if key not in self.held:
            return False
        self.held.move_to_end(key)
        return True

    def keep(self, key):
        self.held[key] = True
        if len(self.held) > self.room:
            self.held.popitem(last=False)

    def again(self, key):
        slot = hash((key, "slot")) % len(self.slots)
        if self.slots[slot] == key:
            return True
        self.slots[slot] = key
        return False


def run(alpha, room, rule, options):
    weights = list(itertools.accumulate(1 / (i + 1) ** alpha for i in range(options.objects)))
    drawn = random.Random(7)
    nodes = [Node(room, rule if isinstance(rule, float) else 0) for _ in range(NODES)]
    came = collections.Counter()
    for i in range(options.requests):
        key = bisect.bisect(weights, drawn.random() * weights[-1])
        node, owner = nodes[drawn.randrange(NODES)], nodes[hash((key, "owner")) % NODES]
        if node.has(key):
            result = "here"
        elif rule == "apart" or node is owner:
            result = "origin"
            node.keep(key)
        else:
            result = "sibling" if owner.has(key) else "origin"
            if result == "origin":
                owner.keep(key)
            if rule == "all" or (isinstance(rule, float) and node.again(key)):
                node.keep(key)
        if i >= options.requests // 2:  # the first half fills them
            came[result] += 1
    return [100 * came[result] / came.total() for result in ("here", "sibling", "origin")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=400_000)
    options = parser.parse_args()
    print(f"{'zipf':>5} {'room':>6} {'rule':>12} {'here %':>7} {'sibling %':>9} {'origin %':>8}")
    for alpha, share in itertools.product((0.7, 0.9), (0.01, 0.1)):
        room = int(options.objects * share)
        for rule in ("apart", "all", "owner", 0.03, 0.125, 0.5):
            name = rule if isinstance(rule, str) else f"slots {rule:g}"
            here, sibling, origin = run(alpha, room, rule, options)
            print(f"{alpha:5} {room:6} {name:>12} {here:7.1f} {sibling:9.1f} {origin:8.1f}", flush=True)


if __name__ == "__main__":
    main()
