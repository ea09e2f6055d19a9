#!/usr/bin/env python3
"""What does a tariff in the stream cost? Rounds of the workload through the running stack, in turn without and with a tariff for the country of
its declarations, on one instance of classify that reads its configuration again in between: CPU of each daemon and bytes of a record, and their
ratio. Then what it adds to one item, by bench_classify. Writes its part of docs/BENCHMARKS.md.

usage: tariff.py FORMAT:FILE [--count 100000] [--rounds 3] [--output docs/BENCHMARKS.md] [--command TEXT]
"""
import argparse
import datetime
import os
import subprocess
import sys
import tempfile

import bench
from bench import o, row

sys.path.insert(0, os.path.join(o.ROOT, "tests", "support"))
import classifier  # noqa: E402
from classify import descriptions, program  # noqa: E402

TOPICS = ("gl.declarations.classified", "gl.decisions")
WARM = 2000


def cpu_of_all(instance):
    return {**{name: bench.cpu_us(name) for name in (*o.STAGES, *bench.OTHERS) if name != "classify"}, "classify": bench.cpu_of(instance.process.pid)}


def one_round(instance, path, count):
    start, seen, before = {topic: bench.ends(topic) for topic in TOPICS}, bench.consumed("decide"), cpu_of_all(instance)
    bench.submit(path)
    o.wait_for(lambda: bench.consumed("decide") - seen >= count, f"{count} through all four", 1800, 0.2)
    spent = bench.difference(cpu_of_all(instance), before)
    sizes = {}
    for topic in TOPICS:
        made = bench.tally(topic, start[topic])
        o.check(made.count == count, f"{topic}: {made.count} records for {count}")
        sizes[topic] = made.bytes / count
    return {"cpu": {name: us / count for name, us in spent.items()}, "bytes": sizes, "memory": anonymous_mib(instance)}


def anonymous_mib(instance):
    with open(f"/proc/{instance.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024


def measure(args, folder, instance, tariffs):
    """[rounds without, rounds with]"""
    plain = open(instance.config, encoding="utf-8").read()
    found, at = ([], []), 0
    for number in range(-1, args.rounds):  # the first one is to get warm
        count = WARM if number < 0 else args.count
        for loaded in (0, 1):
            with open(instance.config, "w", encoding="utf-8") as file:
                file.write(plain + (tariffs if loaded else ""))
            instance.reload()
            path = bench.workload(folder, count, at)
            at += count
            one = one_round(instance, path, count)
            os.unlink(path)
            if number >= 0:
                found[loaded].append(one)
                print(f"round {number + 1}, {'with' if loaded else 'without'}: classify {one['cpu']['classify']:.1f} us", flush=True)
    return found


def mean(rounds, kind, name):
    return sum(one[kind][name] for one in rounds) / len(rounds)


def report(args, found, items, alone):
    rows = [(f"{name}: CPU us a declaration", mean(found[0], "cpu", name), mean(found[1], "cpu", name)) for name in (*o.STAGES, *bench.OTHERS)]
    four = [sum(mean(rounds, "cpu", name) for name in o.STAGES) for rounds in found]
    rows.insert(len(o.STAGES), ("all four", *four))
    rows += [(f"{topic}: bytes a record", mean(found[0], "bytes", topic), mean(found[1], "bytes", topic)) for topic in TOPICS]
    each = "; ".join(f"{what} " + ", ".join(f"{one['cpu']['classify']:.1f}" for one in rounds) for what, rounds in zip(("without", "with"), found))
    total = max(1, sum(items.values()))
    return "\n".join([
        f"Measured {datetime.date.today()} by `{args.command}` on {bench.versions()}; load average {os.getloadavg()[0]:.1f}.", "",
        f"{args.rounds} rounds of {args.count:,} declarations without a tariff and as many with it, in turn, by one instance that reads its configuration again in between; "
        f"`greenlane generate --seed 7`, which declares six digits. Of the items with a tariff: " + ", ".join(f"{100 * n / total:.0f} % {name}" for name, n in items.items()) + ".", "",
        row("", "without", "with", "ratio"), row("---", "---:", "---:", "---:"),
        *(row(what, f"{without:.1f}", f"{with_it:.1f}", f"{with_it / without:.2f}") for what, without, with_it in rows), "",
        f"classify round by round, CPU us: {each}. Its anonymous memory: {found[0][-1]['memory']:.0f} MiB without, {found[1][-1]['memory']:.0f} with. "
        f"One item alone, one thread (`bench_classify`, terms of the goods lexicon, a value and another code declared): {alone}"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tariff")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", default=os.path.join(o.ROOT, "docs", "BENCHMARKS.md"))
    parser.add_argument("--command", default="./dev bench --tariff")
    args = parser.parse_args()
    form, _, path = args.tariff.partition(":")
    o.check(os.path.isfile(path), f"{args.tariff} is not FORMAT:FILE")
    o.need_stack()
    o.stack("stop", "classify")
    with tempfile.TemporaryDirectory() as folder:
        instance = classifier.Instance(folder)
        instance.start()
        try:
            o.wait_for(lambda: instance.metric("gl_assigned_partitions") > 0, "classify has its partitions", 60)
            tariffs = f"tariffs:\n  - {{name: bench, format: {form}, file: {os.path.abspath(path)}, countries: [BE]}}\n"
            found = measure(args, folder, instance, tariffs)
            results = ("answered", "open", "unknown-subheading")
            items = {name: instance.metric("gl_classify_national_items_total", result=name) for name in results}
            o.check(items["answered"] > 0, "no item has a national code")
        finally:
            instance.end()
        texts = descriptions(folder)
        alone = subprocess.run([program(), texts, "3", f"{form}:{os.path.abspath(path)}"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]
    text = report(args, found, items, alone.partition(": ")[2])
    bench.write_report(args.output, text, "tariff")
    print(text)


if __name__ == "__main__":
    main()
