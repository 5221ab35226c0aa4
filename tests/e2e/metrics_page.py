#!/usr/bin/env python3
"""Keeps the tables of docs/metrics.md: names, types and labels are those of running daemons.

    PROXIMA_BIN=build/dev/bin tests/e2e/metrics_page.py     # after adding a metric: mends the page

The meaning of a row is the page's own; a new row begins with the daemon's help text.
"""
import collections
import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
# Labels whose values are the configuration's; of others the page lists the values.
OPEN_LABELS = {"cluster", "node", "service", "zone", "group", "resource", "monitor", "target", "file",
               "hosts", "rule", "gslb", "edge", "origin", "server", "version", "le"}
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \|(.*?)\| (.*) \|$", re.M)
EDGE = "# Metrics of proxima-edge"

Family = collections.namedtuple("Family", "name type help labels")


def families(*texts):
    """Name → family, of expositions; `labels`: label → its values in order."""
    found, helps = {}, {}
    for line in "\n".join(texts).splitlines():
        if line.startswith("# HELP "):
            _, _, name, text = line.split(" ", 3)
            helps[name] = text
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            found.setdefault(name, Family(name, kind, helps[name], {}))
        elif line:
            series, labels = re.match(r"([a-z_]+)(?:\{(.*)\})? ", line).groups()
            name = series if series in found else re.sub("_(bucket|sum|count)$", "", series)
            for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""):
                values = found[name].labels.setdefault(label, [])
                if value not in values and label != "le":
                    values.append(value)
    for family in found.values():
        family.labels.pop("le", None)
    return found


def rows(page):
    """Name → (type, set of labels) as the page has them."""
    return {name: (kind, set(re.findall(r"`(\w+)`", labels)))
            for name, kind, labels, _ in ROW.findall(page)}


def faults(page, found):
    """What is different, one line each."""
    documented = rows(page)
    lines = [f"{name}: not in docs/metrics.md" for name in found if name not in documented]
    lines += [f"{name}: in docs/metrics.md only" for name in documented if name not in found]
    for name, (kind, labels) in documented.items():
        if name in found and (kind, labels) != (found[name].type, set(found[name].labels)):
            lines.append(f"{name}: a {kind} of {sorted(labels)} in docs/metrics.md, really a "
                         f"{found[name].type} of {sorted(found[name].labels)}")
    return lines


def labels_cell(family):
    return "; ".join(
        f"`{label}`" if label in OPEN_LABELS else f"`{label}`: {', '.join(values)}"
        for label, values in family.labels.items())


def fresh_row(family):
    cell = labels_cell(family)
    return f"| `{family.name}` | {family.type} | {cell + ' ' if cell else ''}| {family.help} |"


def mend(page, found):
    """The page with rows for all families and no others; new ones of a daemon come last."""
    def keep(match):
        family = found.get(match[1])
        if not family:
            return ""
        if (match[2], set(re.findall(r"`(\w+)`", match[3]))) == (family.type, set(family.labels)):
            return match[0]
        cell = labels_cell(family)
        return f"| `{family.name}` | {family.type} | {cell + ' ' if cell else ''}| {match[4]} |"
    page = re.sub(r"\n\n\n+", "\n\n", ROW.sub(keep, page))
    new = [family for name, family in found.items() if name not in rows(page)]
    head = "| name | type | labels | meaning |\n|---|---|---|---|\n"
    if EDGE not in page:
        page += f"\n{EDGE}\n\n{head}"
    ours, edges = page.split(EDGE)
    of_edge = "".join(fresh_row(each) + "\n" for each in new if each.name.startswith("proxima_edge"))
    others = "".join(fresh_row(each) + "\n" for each in new
                     if not each.name.startswith("proxima_edge"))
    if others:
        ours = ours.rstrip("\n") + f"\n\n## New\n{head}{others}\n"
    return ours + EDGE + edges.rstrip("\n") + "\n" + of_edge


def scrape_all(fleet, get):
    return families(*(get(port) for port in fleet.gslb_admins + fleet.edge_admins))


def declared():
    """Names of all families that the sources declare."""
    root = PAGE.parents[1]
    names = set()
    for path in (root / "gslb" / "metrics").glob("*.cc"):
        names |= set(re.findall(r'"((?:proxima|process)_[a-z_]+)"', path.read_text()))
    for path in (root / "edge" / "report").glob("*.cc"):
        names |= {"proxima_edge_" + name for name in re.findall(
            r'[({]\s*"([a-z][a-z_]+)",\s*"[A-Z01]', path.read_text())}
    return names


if __name__ == "__main__":
    import whole_fleet
    FLEET = whole_fleet.Fleet()
    FLEET.start()
    whole_fleet.harness.wait_until(
        lambda: not declared() - set(scrape_all(FLEET, whole_fleet.get)), 30, "all families", 0.5)
    PAGE.write_text(mend(PAGE.read_text(), scrape_all(FLEET, whole_fleet.get)))
    FLEET.stop()
