#!/usr/bin/env python3
"""Writes the man pages into a folder, compressed as Debian has them.

    packaging/man/make_man.py VERSION FOLDER

proxima.toml(5) and edge.toml(5) are docs/configuration.md and docs/edge.md; the pages of programs
are the texts beside this file, with what the programs print for --help.
"""
import gzip
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGES = {"proxima-gslb.8": "geo-aware authoritative name server",
         "proxima-edge.8": "caching reverse proxy, node of a Proxima cluster",
         "proximactl.1": "operate a running proxima-gslb",
         "proxima.toml.5": "configuration of proxima-gslb",
         "edge.toml.5": "configuration of proxima-edge, and what it does"}
HELP = {"proxima-gslb.8": ["gslb/main.cc", "gslb/trial/replay_command.cc",
                           "gslb/trial/simulate_command.cc"], "proxima-edge.8": ["edge/main.cc"],
        "proximactl.1": ["gslb/ctl/usage.cc"]}
DOCUMENTS = {"proxima.toml.5": "configuration.md", "edge.toml.5": "edge.md"}


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"^\.", r"\\&.", text)


def inline(text):
    """Code in bold, links as their text."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("\\|", "|").replace("**", "")
    parts = text.split("`")
    return "".join(f"\\fB{escape(part)}\\fR" if i % 2 else escape(part).replace("\\(ga", "")
                   for i, part in enumerate(parts))


def table_row(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table(lines):
    """A row is an entry: its first cell, then the others under their headings."""
    heads, out = table_row(lines[0]), []
    for line in lines[2:]:
        first, *others = table_row(line)
        out += [".TP", inline(first) or "\\&"]
        said = [f"{inline(head)}: {inline(cell)}" if head and head != "meaning" else inline(cell)
                for head, cell in zip(heads[1:], others) if cell]
        out.append(".br\n".join(each + "\n" for each in said).rstrip("\n") or "\\&")
    return out + [".PP"]


def verbatim(lines):
    return [".PP", ".EX", *(escape(line) or "\\&" for line in lines), ".EE"]


def block(lines):
    """roff of one paragraph, list, table or piece of code."""
    if lines[0].startswith("#"):
        level, title = re.match(r"(#+) (.*)", lines[0]).groups()
        title = title.replace("`", "")
        head = (f'.SH "{inline(title.upper())}"' if len(level) <= 2 else
                f'.SS "{inline(title)}"')
        return [head, *(block(lines[1:]) if lines[1:] else [])]
    if lines[0].startswith("|"):
        return table(lines)
    if lines[0].startswith("    "):
        return verbatim([line[4:] for line in lines])
    if lines[0].startswith("- "):
        return [part for line in lines for part in (".IP \\(bu 2", inline(line[2:]))] + [".PP"]
    return [".PP", *map(inline, lines)]


def convert(markdown):
    out, lines, code = [], [], None
    for line in markdown.splitlines() + [""]:
        if line.startswith("```"):
            if code is None:
                out, lines, code = out + (block(lines) if lines else []), [], []
            else:
                out, code = out + verbatim(code), None
        elif code is not None:
            code.append(line)
        elif line.startswith("<!--"):
            continue
        elif line and (not lines or not line.startswith("#") and
                       line.startswith("|") == lines[-1].startswith("|")):
            lines.append(line)
        else:
            out, lines = out + (block(lines) if lines else []), [line] if line else []
    return "\n".join(out)


def help_of(page):
    """The usage as the sources have it."""
    text = ""
    for name in HELP[page]:
        source = (ROOT / name).read_text()
        raw = re.findall(r'R"\((.*?)\)"', source, re.S)
        usage = re.findall(r"\bk\w*Usage =\s*(.*?);\n", source, re.S)
        text += "".join(raw) or "".join(
            "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', each)) for each in usage)
    return text.replace("\\n", "\n").replace('\\"', '"')


def make(page, version):
    name, section = page.rsplit(".", 1)
    head = (f'.TH {name.upper()} {section} "" "Proxima {version}" "Proxima"\n.SH NAME\n'
            f"{escape(name)} \\- {PAGES[page]}\n")
    if page in DOCUMENTS:
        text = (ROOT / "docs" / DOCUMENTS[page]).read_text()
        text = re.sub(r"^# .*\n", "## Description\n", text, count=1)
    else:
        text = (HERE / f"{page}.md").read_text().replace(
            "HELP\n", "```\n" + help_of(page).rstrip("\n") + "\n```\n")
    return head + convert(text) + "\n"


def main(version, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        (folder / f"{page}.gz").write_bytes(
            gzip.compress(make(page, version).encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
