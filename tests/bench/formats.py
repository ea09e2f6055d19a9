#!/usr/bin/env python3
"""How fast is each format read, beside the bare parse by its library? Writes a table into docs/BENCHMARKS.md (bench_formats measures) and
fails when a reader is slower than half of its library (a third for entry summaries, whose rules are part of reading), or an H7 of 2 kB is read and checked less than 20,000 times a second.

usage: formats.py [--seconds 3] [--output docs/BENCHMARKS.md] [--command TEXT]
"""
import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys

import bench
from bench import o

SHARE, H7_A_SECOND = 0.5, 20_000
SHARE_OF = {"ens.xml": 0.33}
SEED = ("--seed", 7)


def write_interchange(source, target, count=2000):
    """The first declarations of NDJSON as CUSDEC, all in one interchange."""
    folder = target + ".each"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(source, "rb") as lines, open(folder + ".ndjson", "wb") as some:
        some.writelines(line for line, _ in zip(lines, range(count)))
    o.greenlane("convert", "--to", "cusdec", "--output", folder, folder + ".ndjson", fine=(0, 1))
    written = [b"UNB+UNOY:4+GREENLANE+CUSTOMS+20261124:0635+1'"]
    for number, name in enumerate(sorted(os.listdir(folder)), 1):
        with open(os.path.join(folder, name), "rb") as file:
            body, segments = re.search(rb"UNH\+1\+(.*\n)UNT\+(\d+)\+1'", file.read(), re.DOTALL).groups()
        written.append(b"UNH+%d+%sUNT+%s+%d'\n" % (number, body, segments, number))
    with open(target, "wb") as file:
        file.write(b"".join([b"UNA:+.?*'", *written, b"UNZ+%d+1'" % count]))


def made(folder):
    """(file, CSV profile) of generated messages and of the tree's H7 in the EU's form."""
    def path(name):
        return os.path.join(folder, name)
    for kind, name in (("ndjson", "parcels.ndjson"), ("json", "parcels.json"), ("parcels", "manifest.csv"), ("kcs", "kcs.csv")):
        o.greenlane("generate", "--format", kind, "--count", 20000, *SEED, "--output", path(name))
    for name, items in (("one-item", 1), ("many-items", 8)):
        os.makedirs(path(name), exist_ok=True)
        o.greenlane("generate", "--format", "xml", "--count", 40, "--items", items, *SEED, "--output", path(name))
        largest = max((path(os.path.join(name, f)) for f in os.listdir(path(name))), key=os.path.getsize)
        shutil.copy(largest, path(name + ".xml"))
    for sample, name in (("h7.xml", "h7-eucdm.xml"), ("ens.xml", "ens.xml")):
        shutil.copy(os.path.join(o.ROOT, "samples", sample), path(name))
    files = ("parcels.ndjson", "parcels.json", "one-item.xml", "h7-eucdm.xml", "many-items.xml", "ens.xml", "manifest.csv",
             "parcels.edi")
    write_interchange(path("parcels.ndjson"), path("parcels.edi"))
    return [(path(name), "parcels") for name in files] + [(path("kcs.csv"), "kcs")]


def measure(files, seconds):
    """The table's rows, and its head."""
    rows = []
    for profile in ("parcels", "kcs"):
        words = [os.path.join(os.environ["GREENLANE_BUILD"], "bin", "bench_formats"), "-c", os.path.join(o.ROOT, "config"), "-p", profile,
                 "-s", str(seconds), *(path for path, its in files if its == profile)]
        head, ruler, *more = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        rows += more
    return [head, ruler, *rows], [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def too_slow(cells):
    for name, _, _, size, _, _, _, a_second, share in cells:
        if share and float(share) < SHARE_OF.get(name, SHARE):
            yield f"{name}: {share} of its library's speed"
        if name == "one-item.xml" and float(a_second) < H7_A_SECOND:
            yield f"{name}: {a_second} a second of {size} bytes"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="of CPU for each figure")
    parser.add_argument("--output", default=os.path.join(o.ROOT, "docs", "BENCHMARKS.md"))
    parser.add_argument("--command", default="./dev bench --formats")
    args = parser.parse_args()
    lines, cells = measure(made(os.environ["GREENLANE_RUN"]), args.seconds)
    print("\n".join(lines))
    bench.write_report(args.output, "\n".join([f"Measured {datetime.date.today()} by `{args.command}` on {bench.versions()}.", "", *lines]), "formats")
    slow = list(too_slow(cells))
    if slow:
        sys.exit("formats.py: " + "; ".join(slow))


if __name__ == "__main__":
    main()
