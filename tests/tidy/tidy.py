#!/usr/bin/env python3
"""Checks the house rules of CONTRIBUTING.md: floors, fences, sizes, cycles.  Exit 1 on a fault."""
import re
import sys
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

# A folder may include its own headers and those of folders on a lower floor.
FLOOR = {
    "gslb/base": 0,
    "gslb/dns": 1, "gslb/geo": 1, "gslb/config": 1, "gslb/tls": 1,
    "gslb/zone": 2, "gslb/fleet": 2,
    "gslb/bus": 3, "gslb/measure": 3, "gslb/transfer": 3, "gslb/dnssec": 3,
    "gslb/steer": 4, "gslb/monitor": 4,
    "gslb/answer": 5,
    "gslb/server": 6,
    "gslb/metrics": 7,
    "gslb/control": 8,
    "gslb/ctl": 9, "gslb/trial": 9, "gslb": 10,
    "edge/http": 1, "edge/config": 1,
    "edge/cache": 2, "edge/filter": 2, "edge/origin": 2, "edge/report": 2, "edge/rules": 2,
    "edge/tier": 3,
    "edge/serve": 4,
    "edge": 5,
}
# What the edge may see of the GSLB besides gslb/base.
EDGE_MAY_INCLUDE = {"gslb/fleet/report.h", "gslb/tls/ticket_keys.h"}

# Third-party headers stand only in .cc files of the folders that wrap them (tests may use them).
FENCES = {
    r"^ldns/": {"gslb/zone", "gslb/transfer", "gslb/dnssec"},
    r"^maxminddb": {"gslb/geo"},
    r"^toml\+\+/": {"gslb/base"},
    r"^prometheus/": {"gslb/metrics", "edge/report"},
    r"^nats": {"gslb/bus"},
    r"^nghttp2/": {"edge/serve"},
    r"^(zlib|zstd|brotli)": {"edge/filter"},
    r"^ares\.h": {"edge/origin"},
    r"^openssl/": {"gslb/fleet", "gslb/zone", "gslb/dnssec", "gslb/control", "gslb/ctl", "gslb/transfer",
                   "gslb/monitor", "gslb/server", "gslb/tls", "edge/serve", "edge/origin", "edge/report"},
    r"^boost/json": {"gslb/fleet", "gslb/dnssec", "gslb/control", "gslb/ctl", "gslb/trial", "edge/report",
                     "edge/origin", "edge/serve"},
    r"^boost/(asio|beast|url)": {"gslb/control", "gslb/ctl", "gslb/measure", "gslb/transfer", "gslb/monitor",
                                 "edge/serve",
                                 "edge/origin", "edge/report", "gslb", "edge"},
}
NOT_A_FUNCTION = re.compile(
    r"(namespace|template|class|struct|enum|union|extern|public|private|constexpr .*= *\{|"
    r"const .*= *\{|static .*= *\{)")
CONDITION = re.compile(r"\b(if|while)\s*(?:constexpr\s*)?\(")
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])'", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def folder_of(path):
    return str(Path(path).parent)


def includes_of(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_floors(path, text, faults):
    folder = folder_of(path)
    if folder not in FLOOR:
        faults.append(f"{path}:1: folder {folder} has no floor in tests/tidy/tidy.py")
        return
    for number, own, _ in includes_of(text):
        if own is None:
            continue
        target = folder_of(own)
        if target == folder:
            continue
        if target not in FLOOR:
            faults.append(f"{path}:{number}: include of {own}: not in the tree of ARCHITECTURE.md")
            continue
        if folder.startswith("edge"):
            crosses = target.startswith("gslb")
            if crosses and target != "gslb/base" and own not in EDGE_MAY_INCLUDE:
                faults.append(f"{path}:{number}: the edge may not include {own}")
            if crosses:
                continue
        elif target.startswith("edge"):
            faults.append(f"{path}:{number}: the GSLB may not include {own}")
            continue
        if FLOOR[target] >= FLOOR[folder]:
            faults.append(f"{path}:{number}: include of {own} does not point down "
                          f"({folder} is floor {FLOOR[folder]}, {target} is {FLOOR[target]})")


def check_fences(path, text, faults):
    for number, _, system in includes_of(text):
        if system is None:
            continue
        for pattern, allowed in FENCES.items():
            if not re.match(pattern, system):
                continue
            if folder_of(path) not in allowed:
                faults.append(f"{path}:{number}: <{system}> is fenced off from {folder_of(path)}")
            elif path.endswith(".h"):
                faults.append(f"{path}:{number}: <{system}> may stand in .cc files only")


def check_sizes(path, text, faults):
    lines = text.splitlines()
    if len(lines) > MAX_FILE_LINES:
        faults.append(f"{path}:1: {len(lines)} lines, over {MAX_FILE_LINES}: divide the room")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            faults.append(f"{path}:{number}: {len(line)} columns, over {MAX_COLUMNS}")
    # Formatted code: a body opens on a line that ends in "{" and closes with "}" alone at the
    # indentation the definition started with (0 for functions, 2 for members).
    for indent in (0, 2):
        start = None
        for number, line in enumerate(lines, 1):
            depth = len(line) - len(line.lstrip())
            if depth == indent and re.match(r"[A-Za-z~\[].*", line.strip()):
                # What ends on its own line, and what isn't a function, opens no body: a long
                # class after a constant is no long function.
                opens = not line.endswith((";", "}")) and not NOT_A_FUNCTION.match(line.strip())
                start = number if opens else None
            if start is not None and line.startswith(" " * indent + "}") and depth == indent:
                if number - start + 1 > MAX_FUNCTION_LINES:
                    faults.append(f"{path}:{start}: function of {number - start + 1} lines, "
                                  f"over {MAX_FUNCTION_LINES}")
                start = None


# GCC 12.2 miscompiles a co_await inside the condition of an if or while, and in an arm of ?:, whose
# temporaries it destroys twice: await first, test after.
def check_awaits(path, text, faults):
    if "co_await" not in text:
        return
    code = COMMENT_OR_TEXT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    for match in re.finditer(r"\?\s*co_await\b", code):
        number = code.count("\n", 0, match.start()) + 1
        faults.append(f"{path}:{number}: co_await in an arm of ?:: GCC 12 miscompiles it, use if")
    for match in CONDITION.finditer(code):
        depth = 1
        end = match.end()
        while end < len(code) and depth > 0:
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        if re.search(r"\bco_await\b", code[match.end():end]):
            number = code.count("\n", 0, match.start()) + 1
            faults.append(f"{path}:{number}: co_await inside the condition of {match.group(1)}: "
                          "GCC 12 miscompiles it, await into a variable first")


def check_cycles(files, faults):
    graph = {p: [o for _, o, _ in includes_of(t) if o in files] for p, t in files.items()}
    state = {}

    def walk(node, trail):
        state[node] = "open"
        for target in graph[node]:
            if state.get(target) == "open":
                faults.append(f"{node}:1: include cycle: {' > '.join(trail + [node, target])}")
            elif target not in state:
                walk(target, trail + [node])
        state[node] = "done"

    for node in graph:
        if node not in state:
            walk(node, [])


def check_tree(root):
    faults = []
    files = {}
    for top in ("gslb", "edge", "tests", "bench"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".h", ".cc"):
                files[str(path.relative_to(root))] = path.read_text(errors="replace")
    for path, text in files.items():
        check_sizes(path, text, faults)
        check_awaits(path, text, faults)
        if path.startswith(("gslb/", "edge/")):
            check_floors(path, text, faults)
            check_fences(path, text, faults)
            if path.endswith(".h") and "#pragma once" not in text:
                faults.append(f"{path}:1: header without #pragma once")
    check_cycles(files, faults)
    return faults, len(files)


def main():
    faults, count = check_tree(Path(sys.argv[1]))
    for fault in faults:
        print(fault)
    print(f"tidy: {count} files, {len(faults)} faults")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
