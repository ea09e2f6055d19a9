#!/usr/bin/env python3
"""Somebody has a CSV of parcels with columns of their own names, and README.md: its commands lead to decisions, within a time.

The commands are those of the page, word for word, but for the first one (the stack runs already) and the place of the file.

usage: own_csv.py [--seconds 60]
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

MAPPING = os.path.join(o.ROOT, "config", "mappings", "mine.yaml")
HEADER = "Sendungsnummer;Absender;Absender Land;Empfänger;Straße;Ort;PLZ;Land;Inhalt;Warennummer;Menge;Gewicht (g);Wert;Währung;Ursprungsland;IOSS"
ROWS = ("Shenzhen Toys Ltd;CN;Anna Muster;Gartenweg 3;Köln;50667;DE;Holzpuzzle für Kinder;950300;1;420;12,50;EUR;CN;IM2760000742",
        "Shenzhen Toys Ltd;CN;Peter Klein;Am Markt 1;Bonn;53111;DE;Baumwoll T-Shirt Herren;610910;3;560;27,00;EUR;BD;IM2760000742",
        "Yiwu Trade;CN;Eva Groß;Hafenstr. 9;Hamburg;20457;DE;Handyhülle aus Kunststoff;392690;2;90;8,98;EUR;CN;IM2760000742")
STEPS = ("./dev up", "greenlane mapping init", "greenlane mapping check", "kill -HUP", "greenlane submit", "greenlane decisions")


def commands():
    """The indented block of the page, without comments; its first line, which starts the stack, is left out."""
    with open(os.path.join(o.ROOT, "README.md"), encoding="utf-8") as file:
        block = re.search(r"columns of your own names.*?\n\n((?: {4}.*\n)+)", file.read()).group(1)
    lines = [line.split("  #")[0].strip() for line in block.splitlines()]
    o.check(len(lines) == len(STEPS) and all(line.startswith(step) for line, step in zip(lines, STEPS)), f"README.md has other steps: {lines}")
    return lines[1:]


def run(lines, path):
    """What they say. Each must succeed; a signal is followed by somebody's looking up from the keyboard."""
    build = os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build")
    environment = {**os.environ, "PATH": os.path.join(build, "bin") + os.pathsep + os.environ["PATH"]}
    environment.setdefault("GREENLANE_RUN", os.path.join(o.ROOT, "run"))
    said = ""
    for line in lines:
        done = subprocess.run(["sh", "-euc", line.replace("parcels.csv", path)], cwd=o.ROOT, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
        said += done.stdout
        o.check(done.returncode == 0, f"{line}: exit {done.returncode}: {done.stdout[-1000:]}")
        if line.startswith("kill"):
            o.wait_for(lambda: o.Intake().call("GET", "/v1/profiles/mine")[0] == 200, "the intake reads the mapping", 30)
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="from the file to decisions")
    args = parser.parse_args()
    o.need_stack()
    o.check(not os.path.exists(MAPPING), f"{MAPPING} is there already")
    prefix, begun = o.new_prefix(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "parcels.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([HEADER, *(f"{prefix}{i};{row}" for i, row in enumerate(ROWS)), ""]))
        try:
            said = run(commands(), path)
        finally:
            if os.path.exists(MAPPING):
                os.remove(MAPPING)
                os.kill(o.pid_of("ingest"), 1)
    o.check(f"{len(ROWS)} would be accepted, 0 refused" in said and f"{len(ROWS)} accepted, 0 rejected" in said, said)
    mrns = re.findall(r"^accepted: MRN (\w+), LRN " + prefix, said, re.MULTILINE)
    o.check(len(mrns) == len(ROWS), said)
    for mrn in mrns:
        o.Intake().decided_status(mrn)
    spent = time.monotonic() - begun
    o.check(spent < args.seconds, f"{spent:.0f} s from the file to decisions")
    print(f"{len(mrns)} parcels of columns with German names are decided {spent:.1f} s after the first command")


if __name__ == "__main__":
    main()
