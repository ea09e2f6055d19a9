#!/usr/bin/env python3
"""What finished runs of chaos.py show together: the part of docs/BENCHMARKS.md about faults, and that every fault hit every target often enough.

Ends with 1 when a cell (a fault, its target and, for kills between two steps, the step) was hit less often than five times over all runs.

usage: table.py RUN/legs.jsonl...
"""
import collections
import json
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import faults as f  # noqa: E402

WANTED = 5


def read(path):
    """(the run's head, its legs)"""
    with open(path, encoding="utf-8") as file:
        head, *legs = (json.loads(line) for line in file)
    return head, legs


def cell_of(fault):
    return "-".join([fault["fault"], fault["target"], *([fault["what"]["point"]] if "point" in fault["what"] else [])])


def of_run(head, legs):
    violations, decisions = collections.Counter(), 0
    for leg in legs:
        violations.update(leg["report"]["violations"])
        decisions += leg["report"]["counts"]["decisions"]
    rates = {n: [leg["rate"] for leg in legs if leg["brokers"] == n] for n in (1, 3)}
    said = [f"{min(found):,.0f} to {max(found):,.0f} with {'one broker' if n == 1 else 'three'}" for n, found in rates.items() if found]
    ended = sum(len(leg["ended"]) for leg in legs)
    return (f"| {head['seed']} | {sum(len(leg['faults']) for leg in legs)} | {sum(leg['seconds'] for leg in legs) / 60:.1f} | "
            f"{sum(leg['answered'] for leg in legs):,} | {decisions:,} | {'; '.join(said)} | {violations['lost']} | {violations['doubled']} | "
            f"{violations['order']} | {sum(violations.values()) - violations['lost'] - violations['doubled'] - violations['order']} | {ended} |")


def table(faults):
    with open(os.path.join(HERE, "limits.json"), encoding="utf-8") as file:
        limits = json.load(file)
    kinds = collections.defaultdict(list)
    for fault in faults:
        kinds[fault["fault"]].append(fault)
    for kind, found in sorted(kinds.items()):
        seconds = [fault["recovery_s"] for fault in found]
        targets = collections.Counter(fault["target"] for fault in found)
        yield (f"| {kind} | {len(found)} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {limits.get(kind, limits['*']):.0f} | "
               f"{' '.join(f'{t} {n}' for t, n in sorted(targets.items()))} |")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    runs = [read(path) for path in sys.argv[1:]]
    faults = [fault for _, legs in runs for leg in legs for fault in leg["faults"]]
    print("| seed | faults | minutes | answers | decisions | declarations a second | lost | doubled | out of order | other violations | daemons that ended by themselves |")
    print("|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|")
    print(*(of_run(*run) for run in runs), sep="\n")
    landed = collections.Counter(fault["what"]["point"] for fault in faults if fault["what"].get("landed"))
    kills = sum(fault["fault"] in ("kill", "kill-at-point", "kill-all") for fault in faults)
    print(f"\n{kills} kills, of them {sum(landed.values())} between two steps of a commit: {', '.join(f'{k} {n}' for k, n in landed.items())}.\n")
    print("| fault | count | median | longest | limit | targets |\n|---|---:|---:|---:|---:|---|")
    print(*table(faults), sep="\n")
    hits = collections.Counter(map(cell_of, faults))
    names = [f.name_of(cell) for cell in dict.fromkeys(f.SINGLE + f.CLUSTER)]
    few = {name: hits[name] for name in names if hits[name] < WANTED}
    print(f"\n{len(names)} cells, each hit {min(hits[name] for name in names)} to {max(hits[name] for name in names)} times.")
    print(*(f"FEWER THAN {WANTED}: {name} {n}" for name, n in few.items()), sep="\n")
    sys.exit(bool(few))


if __name__ == "__main__":
    main()
