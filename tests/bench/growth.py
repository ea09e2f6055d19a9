#!/usr/bin/env python3
"""Does the stack grow? Sends millions of declarations through the running stack, a million at a time, and writes a table of each
million into docs/BENCHMARKS.md: CPU of each daemon, anonymous memory, local state, disk. With ten millions or more it fails when CPU
or anonymous memory of the four at the last million is more than 5 % above that at the second.

Topics that are not compacted get a small retention first, so that the run stays within 30 GB of disk.

usage: growth.py [--millions 10] [--size 1000000] [--output docs/BENCHMARKS.md] [--command TEXT]
"""
import argparse
import datetime
import os
import subprocess
import sys
import tempfile
import warnings

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

import bench
from bench import o, row

MIB = 1 << 20
LIMIT = 1.05
STATEFUL = ("decide",)


def bound_topics(size):
    """A little of each retained topic, and of the decisions what one million takes: they are counted afterwards."""
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    names = {topic for inputs, outputs in bench.SHAPE.values() for topic in (*inputs, *outputs)} - {"gl.clearances"} | {"gl.intake.originals", "gl.intake.batches"}
    partitions = len(bench.ends("gl.decisions"))
    keep = {topic: 64 * MIB for topic in names} | {"gl.decisions": max(64 * MIB, 2 * 1500 * size // partitions)}
    resources = []
    for topic in sorted(names):
        resource = ConfigResource(ResourceType.TOPIC, topic)
        current = admin.describe_configs([resource])[resource].result(30)
        settings = {name: entry.value for name, entry in current.items() if not entry.is_default}
        settings.update({"retention.bytes": str(keep[topic]), "segment.bytes": str(32 * MIB)})
        resources.append(ConfigResource(ResourceType.TOPIC, topic, set_config=settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its successor is not in every version
        for future in admin.alter_configs(resources).values():
            future.result(30)


def state_bytes():
    return {name: o.metric("gl_state_bytes", name) for name in STATEFUL}


def disk_bytes(folder):
    words = ["du", "-sk", folder]
    return int(subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.split()[0]) * 1024


def anonymous_kib(one):
    return sum(one["memory"][name]["RssAnon"] for name in o.STAGES)


def cpu_sum(one):
    return sum(one["cpu"][name] for name in o.STAGES)


def verdicts(millions):
    """(what, ratio of the last to the second)"""
    return [("CPU of the four", cpu_sum(millions[-1]) / cpu_sum(millions[1])),
            ("anonymous memory of the four", anonymous_kib(millions[-1]) / anonymous_kib(millions[1]))]


def report(args, millions):
    held = len(millions) * args.size
    lines = [f"Measured {datetime.date.today()} by `{args.command}` on {bench.versions()}.", "",
             f"{held:,} declarations, `greenlane generate --seed 7`, {args.size:,} a row; nothing is forgotten meanwhile.", "",
             row("declarations before", *(f"{n} us" for n in o.STAGES), "sum us", "kafka us", "redis us", "declarations/s", "RssAnon of the four, MiB",
                 *(f"state of {n}, MiB" for n in STATEFUL), "disk of the stack, GiB"),
             row(*["---:"] * (10 + len(STATEFUL)))]
    for number, one in enumerate(millions):
        lines.append(row(f"{number * args.size:,}", *(f"{one['cpu'][n]:.1f}" for n in o.STAGES), f"{cpu_sum(one):.1f}",
                         *(f"{one['cpu'].get(n, 0):.1f}" for n in bench.OTHERS), f"{one['rate']:,.0f}", f"{anonymous_kib(one) / 1024:.0f}",
                         *(f"{one['state'][n] / MIB:,.0f}" for n in STATEFUL), f"{one['disk'] / (1 << 30):.1f}"))
    lines += ["", "State for each declaration that is kept: " + ", ".join(
        f"{name} {millions[-1]['state'][name] / held:.0f} bytes" for name in STATEFUL) + "."]
    if len(millions) > 2:
        lines += ["", "Last row against the second: " + ", ".join(f"{what} {ratio:.3f}" for what, ratio in verdicts(millions)) +
                  f" (aimed at: {LIMIT})."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=10)
    parser.add_argument("--size", type=int, default=1_000_000, help="declarations in a row of the table")
    parser.add_argument("--output", default=os.path.join(o.ROOT, "docs", "BENCHMARKS.md"))
    parser.add_argument("--command", default="./dev bench --growth")
    args = parser.parse_args()
    o.need_stack()
    bound_topics(args.size)
    millions = []
    with tempfile.TemporaryDirectory(dir=os.environ["GREENLANE_RUN"]) as folder:
        for number in range(args.millions):
            path = bench.workload(folder, args.size, number * args.size)
            one = bench.round_through_all(path, args.size)
            os.unlink(path)
            one.update(state=state_bytes(), disk=disk_bytes(os.environ["GREENLANE_RUN"]))
            millions.append(one)
            print(f"{number + 1} of {args.millions}: {one['rate']:,.0f}/s, {cpu_sum(one):.1f} us, {anonymous_kib(one) / 1024:.0f} MiB, "
                  f"disk {one['disk'] / (1 << 30):.1f} GiB", flush=True)
            bench.write_report(args.output, report(args, millions), "growth")
    print(report(args, millions))
    if args.millions >= 10:
        grown = [f"{what} {ratio:.3f}" for what, ratio in verdicts(millions) if ratio > LIMIT]
        if grown:
            sys.exit(f"growth.py: more than {LIMIT}: {', '.join(grown)}")


if __name__ == "__main__":
    main()
