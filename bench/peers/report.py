"""Runs into figures, figures into tables."""
import re
import statistics

import workloads

BEGIN, END = "<!-- bench:peers -->", "<!-- /bench:peers -->"
BLOCK = re.compile(r"(<!-- bench:peers -->\n).*?(<!-- /?bench:peers -->)", re.DOTALL)
MAX_FAULTY = 0.001     # share of wrong or lost answers beyond which a run counts for nothing
MAX_FOREIGN = 0.02     # share of both cores somebody else may have used or the host stolen
SATURATED = 0.95       # share of its core a server must use for its q/s to be its own limit
COMMAND = "bench/peers/run.py --update-readme"


def faults(run):
    """Why a run counts for nothing; empty when it counts."""
    found = []
    if run["sent"] == 0 or run["right"] == 0:
        found.append("no answer")
    elif (run["wrong"] + run["lost"]) / run["sent"] > MAX_FAULTY:
        found.append(f"{run['wrong']} wrong and {run['lost']} lost of {run['sent']}")
    return found


def disturbed(run):
    return run["foreign"] > MAX_FOREIGN or run["stolen"] > MAX_FOREIGN


def counted(runs):
    """The runs whose figures are used: the quiet ones, unless they are fewer than half."""
    good = [run for run in runs if not faults(run)]
    quiet = [run for run in good if not disturbed(run)]
    return quiet if 2 * len(quiet) >= len(runs) else good


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(runs, others):
    """Median over the rounds of runs/others within one round; None without a common round."""
    base = {run["round"]: run["cpu_us"] for run in others}
    pairs = [run["cpu_us"] / base[run["round"]] for run in runs if run["round"] in base]
    return statistics.median(pairs) if pairs else None


def summarise(runs, instructions):
    """{workload: {server: figures}} over the counted runs; `instructions` by both."""
    table = {}
    for run in runs:
        table.setdefault(run["workload"], {}).setdefault(run["server"], []).append(run)
    summary = {}
    for workload, servers in table.items():
        good = {name: counted(all_) for name, all_ in servers.items()}
        summary[workload] = {}
        for name, all_ in servers.items():
            figures = {"runs": len(all_), "counted": len(good[name]),
                       "disturbed": sum(map(disturbed, good[name])),
                       "faults": sorted({fault for run in all_ for fault in faults(run)})}
            if good[name]:
                for key in ("qps", "cpu_us", "user_us", "system_us", "busy", "memory_mb",
                            "start_s", "answer_octets"):
                    figures[key] = spread([run[key] for run in good[name]])
                steady = [run["steady"] for run in good[name] if "steady" in run]
                figures["latency_us"] = [
                    statistics.median(run[key] for run in steady)
                    for key in ("p50_us", "p99_us", "p999_us")] if steady else None
                figures["instructions"] = instructions.get((workload, name))
                figures["of_echo"] = ratio(good[name], good.get("echo", []))
                figures["of_gdnsd"] = ratio(good[name], good.get("gdnsd", []))
            summary[workload][name] = figures
    return summary


def row(workload, server, figures):
    if not figures["counted"]:
        return f"| {workload} | {server} | does not count: {figures['faults'][0]} | | | | | | |"
    cpu, queries = figures["cpu_us"], figures["qps"]["median"]
    at_least = "" if figures["busy"]["median"] >= SATURATED else "≥ "
    mark = " †" if figures["disturbed"] else ""
    ratios = [f"{figures[key]:.2f}" if figures[key] else "–" for key in ("of_echo", "of_gdnsd")]
    return (f"| {workload} | {server}{mark} | {at_least}{queries:,.0f} | **{cpu['median']:.2f}** "
            f"({figures['user_us']['median']:.2f} + {figures['system_us']['median']:.2f}) | "
            f"{cpu['min']:.2f}–{cpu['max']:.2f} | {ratios[0]} | {ratios[1]} | "
            f"{number(figures['instructions'])} | "
            f"{' / '.join(map(number, figures['latency_us'] or [None]))} |")


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def markdown(result):
    lines = ["| workload | server | q/s | CPU-µs a query (user + system) | min–max | × echo "
             "| × gdnsd | instructions | p50 / p99 / p99.9, µs |",
             "|---|---|---|---|---|---|---|---|---|"]
    summary = result["summary"]
    for workload in (name for name in workloads.WORKLOADS if name in summary):
        for server, figures in summary[workload].items():
            lines.append(row(workload, server, figures))
    machine, method = result["machine"], result["method"]
    software = ", ".join([machine["system"]] + [
        f"{name} {text}" for name, text in result["versions"].items() if text])
    described = "; ".join(f"*{name}*: {workloads.WORKLOADS[name][0]}" for name in summary)
    lines += ["", f"`{COMMAND}` on {result['date']}: {machine['cpu']}, {machine['cores']} cores, "
              f"Linux {machine['kernel']}, {software}. Server with one worker "
              f"on core {method['server_core']}, generator on core {method['load_core']}, "
              f"{method['window']} queries outstanding, {method['rounds']} interleaved rounds of "
              f"{method['seconds']:g} s, medians; ratios are medians of the ratios within a round; "
              f"every answer checked. {described}. *echo* is an empty recvmmsg/sendmmsg loop with "
              "answers of the same size, over TCP one read and one write a wake.  Instructions: in user "
              f"space, a query, by callgrind.  Latency: at {method['rate']:,} queries a second."]
    if any(figures.get("qps") and figures["busy"]["median"] < SATURATED
           for servers in summary.values() for figures in servers.values()):
        lines.append("≥: the server's core was not full, so the rate is not its limit.")
    if any(figures["disturbed"] for servers in summary.values() for figures in servers.values()):
        lines.append(f"†: something else used more than {MAX_FOREIGN:.0%} of the machine in "
                     "most of its runs, also when repeated.")
    return "\n".join(lines) + "\n"


def update_readme(path, text):
    """Replaces what stands between the markers.  Raises ValueError when they are not there."""
    with open(path, encoding="utf-8") as readme:
        old = readme.read()
    new, count = BLOCK.subn(lambda match: match.group(1) + text + match.group(2), old)
    if count != 1:
        raise ValueError(f"{path}: {BEGIN} … {END} is there {count} times, not once")
    with open(path, "w", encoding="utf-8") as readme:
        readme.write(new)
