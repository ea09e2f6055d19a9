#!/usr/bin/env python3
"""How fast are descriptions classified: one thread with a cold cache and from the cache, and the HTTP service under 50 keep-alive connections
of autocannon (where there is node). Writes its part of docs/BENCHMARKS.md, and fails when a figure is below its bound.

The service is that of greenlane-classify without a stack around it (bench_classify --serve). autocannon runs on the same machine, and takes
about as much CPU as the service.

usage: classify.py [--seconds 30] [--texts FILE] [--output docs/BENCHMARKS.md] [--command TEXT]
"""
import argparse
import datetime
import glob
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

import bench
from bench import o

COLD_A_SECOND, CACHED_A_SECOND = 10_000, 200_000
CONNECTIONS, REQUESTS_A_SECOND, P90_MS = 50, 5_000, 20
BODY = {"description": "red woollen scarf with fringes", "digits": 6, "limit": 5}


def program():
    return os.path.join(os.environ["GREENLANE_BUILD"], "bin", "bench_classify")


def descriptions(folder):
    """The English terms of the goods lexicon with what is said of them, as a parcel's description has it, each once."""
    texts = set()
    for path in sorted(glob.glob(os.path.join(o.ROOT, "training", "lexicon", "chapter_*.tsv"))):
        with open(path, encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file if line[:1].isdigit()]
        texts |= {" ".join([row[2].split("|")[0], *(part.partition("=")[2] for part in row[3].split(";"))]) for row in rows
                  if len(row) > 3 and row[1] == "en"}
    path = os.path.join(folder, "descriptions.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(" ".join(text.split()) + "\n" for text in sorted(texts))
    return path


def one_thread(path):
    """What bench_classify prints, and its two speeds."""
    lines = subprocess.run([program(), path, "3"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    speeds = [int(line.split("|")[3]) for line in lines if line.startswith(("| cold", "| from the"))]
    return lines, speeds


def autocannon(port, seconds):
    words = ["npx", "--yes", "autocannon", "-j", "-c", str(CONNECTIONS), "-d", str(seconds), "-m", "POST", "-H", "content-type=application/json",
             "-b", json.dumps(BODY), f"http://127.0.0.1:{port}/fpo-code-search"]
    with tempfile.TemporaryDirectory() as folder:  # npx looks for a package where it runs
        return json.loads(subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, cwd=folder).stdout)


def over_http(seconds, threads):
    """autocannon's report, and microseconds of the service's CPU a request."""
    service = subprocess.Popen([program(), "--serve", str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = int(service.stdout.readline())
        report = autocannon(port, seconds)
    finally:
        service.stdin.close()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        service.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return report, cpu * 1e6 / max(report["requests"]["total"], 1)


def http_rows(report, cpu_us, threads):
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    latency = report["latency"]
    return [
        f"`npx autocannon -c {CONNECTIONS} -d {report['duration']:.0f}` (node {version}) on POST /fpo-code-search, {threads} threads; load average "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, autocannon's own among it:", "",
        "| requests/s | latency ms: median | p90 | p99 | highest | errors | not 200 | service's CPU us a request |", "|---|---|---|---|---|---|---|---|",
        f"| {report['requests']['average']:,.0f} | {latency['p50']} | {latency['p90']} | {latency['p99']} | {latency['max']} | {report['errors']} | "
        f"{report['non2xx']} | {cpu_us:.0f} |"]


def bounds(speeds, report):
    for name, speed, bound in zip(("cold", "from the cache"), speeds, (COLD_A_SECOND, CACHED_A_SECOND)):
        if speed < bound:
            yield f"{name}: {speed} texts/s, {bound} are wanted"
    if report is None:
        return
    if report["requests"]["average"] < REQUESTS_A_SECOND:
        yield f"{report['requests']['average']} requests/s, {REQUESTS_A_SECOND} are wanted"
    if report["latency"]["p90"] >= P90_MS:
        yield f"p90 {report['latency']['p90']} ms, below {P90_MS} is wanted"
    if report["errors"] or report["non2xx"] or report["timeouts"]:
        yield f"{report['errors']} errors, {report['non2xx']} answers that are not 200, {report['timeouts']} timeouts"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30, help="of autocannon")
    parser.add_argument("--threads", type=int, default=2, help="of the service (classify.threads)")
    parser.add_argument("--texts", help="descriptions, a text a line, instead of those of generated parcels")
    parser.add_argument("--output", default=os.path.join(o.ROOT, "docs", "BENCHMARKS.md"))
    parser.add_argument("--command", default="./dev bench --classify")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, speeds = one_thread(args.texts or descriptions(folder))
    report = None
    if shutil.which("npx"):
        report, cpu_us = over_http(args.seconds, args.threads)
        lines += ["", *http_rows(report, cpu_us, args.threads)]
    else:
        print("skipped: no npx (package npm): nothing is measured over HTTP")
    print("\n".join(lines))
    bench.write_report(args.output, "\n".join([f"Measured {datetime.date.today()} by `{args.command}` on {bench.versions()}.", "", *lines]), "classify")
    slow = list(bounds(speeds, report))
    if slow:
        sys.exit("classify.py: " + "; ".join(slow))


if __name__ == "__main__":
    main()
