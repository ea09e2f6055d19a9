#!/usr/bin/env python3
"""Measures the running stack against the shape echo on the same broker, and writes the table of docs/BENCHMARKS.md.

What is measured, in this order, on one stack:
  rounds    the workload through all four daemons, several times: throughput, CPU of each process, whether it grows
  stages    each daemon alone over what the one before it left
  latency   an open loop at a fixed rate: from a request's last byte to receipt by an outside read_committed consumer
  profile   with --profile: one more round, sampled by perf(1): in whose code each daemon's time goes
  echo      four hops with the recorded values of the same topics, together and one alone
The workload is synthetic and seeded, so a run can be repeated: `greenlane generate --seed 7` (H7 parcels, 5 % H1, 1.5 items on average).

usage: bench.py [--count 100000] [--rounds 3] [--rate 1500] [--seconds 60] [--profile] [--output docs/BENCHMARKS.md] [--command TEXT]
"""
import argparse
import datetime
import json
import os
import platform
import resource
import struct
import subprocess
import sys
import tempfile
import time

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402
import sampling  # noqa: E402

BIN = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin")
TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
SAMPLE = 5000
BATCH, BATCH_MS = 5000, 100  # the stages' own: stage.max_batch_records, stage.max_batch_time
# Hop: inputs, outputs. The topics of each stage; the echo has the same under "echo.".
SHAPE = {
    "ingest": ([], ["gl.declarations.accepted", "gl.intake.originals"]),
    "classify": (["gl.declarations.accepted"], ["gl.declarations.classified"]),
    "risk": (["gl.declarations.classified"], ["gl.declarations.assessed"]),
    "decide": (["gl.declarations.assessed", "gl.events"], ["gl.decisions", "gl.notifications", "gl.clearances", "gl.audit"]),
}
OTHERS = ("kafka", "redis")


# ---- processes ----

def cpu_us(name):
    """User and system CPU of a process of the stack since it started."""
    return cpu_of(o.pid_of(name))


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US


def memory_kib(name):
    with open(f"/proc/{o.pid_of(name)}/status", encoding="ascii") as file:
        values = dict(line.split(":", 1) for line in file)
    return {key: int(values[key].split()[0]) for key in ("VmHWM", "RssAnon")}


def cpu_of_all():
    return {name: cpu_us(name) for name in (*o.STAGES, *OTHERS) if os.path.exists(os.path.join(os.environ["GREENLANE_RUN"], name + ".pid"))}


def children_cpu_us():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * 1e6)


def difference(after, before):
    return {name: after[name] - before[name] for name in after}


# ---- topics ----

def read_topic(topic, each, start=None):
    """Calls each(message) for all committed records from `start` ({partition: offset}, default the first) to the present end."""
    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": "bench-reader", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True, "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, (start or {}).get(p, 0)) for p in partitions])
    left = set(partitions)
    while left:
        for message in consumer.consume(5000, 1.0):
            if message.error() is None:
                each(message)
            else:
                o.check(message.error().name() == "_PARTITION_EOF", f"{topic}: {message.error()}")
                left.discard(message.partition())
    consumer.close()


def ends(topic):
    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": "bench-reader"})
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    found = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10)[1] for p in partitions}
    consumer.close()
    return found


class Tally:
    """Count, bytes, first and last time (broker's record timestamps, ms) of records."""

    def __init__(self):
        self.count = self.bytes = 0
        self.first = self.last = None

    def add(self, message):
        at = message.timestamp()[1]
        self.count += 1
        self.bytes += len(message.value() or b"")
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


def tally(topic, start):
    found = Tally()
    read_topic(topic, found.add, start)
    return found


# ---- the pipeline ----

def workload(folder, count, first):
    path = os.path.join(folder, f"load-{first}.ndjson")
    o.greenlane("generate", "--count", count, "--first", first, "--seed", 7, "--prefix", "BENCH7", "--output", path)
    return path


def consumed(stage):
    return o.metric("gl_records_consumed_total", stage)


def submit(path, *arguments):
    """(seconds, CPU of the generator in us)"""
    cpu, started = children_cpu_us(), time.monotonic()
    o.greenlane("submit", "--account", "bench", *arguments, path, seconds=3600)
    return time.monotonic() - started, children_cpu_us() - cpu


def round_through_all(path, count, *arguments):
    start, seen, before = ends("gl.decisions"), consumed("decide"), cpu_of_all()
    sent_at_ms = time.time_ns() // 1_000_000
    _, generator = submit(path, *arguments)
    o.wait_for(lambda: consumed("decide") - seen >= count, f"{count} through all four", 1800, 0.2)
    spent = difference(cpu_of_all(), before)
    decided = tally("gl.decisions", start)
    o.check(decided.count == count, f"{decided.count} decisions for {count} declarations")
    return {"rate": count / ((decided.last - sent_at_ms) / 1000), "cpu": {n: us / count for n, us in spent.items()},
            "generator": generator / count, "memory": {n: memory_kib(n) for n in o.STAGES}}


def busy_seconds(stage):
    """Time that a stage's worker was busy with batches since it started: from a batch's first record to its commit, and applying it."""
    return o.metric("gl_batch_seconds_sum", stage) + o.metric("gl_stage_seconds_sum", stage, step="apply")


def stages_alone(path, count):
    """Records a second of each stage while the others stand still: over what waits for it, by the time that its worker is busy."""
    rates = {}
    for name in ("classify", "risk", "decide"):
        o.stack("stop", name)
    for name in o.STAGES:
        topic = SHAPE[name][1][0]
        start = ends(topic)
        if name == "ingest":
            seconds, _ = submit(path)
        else:
            o.stack("start", name)
            o.wait_for(lambda n=name: consumed(n) >= count, f"{name} alone", 1800, 0.2)
            seconds = busy_seconds(name)
        made = tally(topic, start)
        o.check(made.count == count, f"{name} alone: {made.count} records for {count}")
        rates[name] = count / seconds
        if name not in ("ingest", "decide"):
            o.stack("stop", name)
    for name in ("classify", "risk"):
        o.stack("start", name)
    return rates


def profile(path, count, folder):
    """{stage: {place: CPU us a declaration}} of one more round."""
    samples = sampling.Sampling({name: o.pid_of(name) for name in o.STAGES}, os.path.join(folder, "perf.data"))
    spent = round_through_all(path, count)["cpu"]
    return {name: {where: share * spent[name] for where, share in shares.items()} for name, shares in samples.shares().items()}


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def stem_of_key(key):
    """The 12 characters of an MRN that come from the declaration id: base 36 of its top 62 bits."""
    bits = int.from_bytes(key[:8], "big") >> 2
    text = ""
    for _ in range(12):
        bits, digit = divmod(bits, 36)
        text = BASE36[digit] + text
    return text


def latency(path, rate, seconds):
    """Milliseconds from a request's last byte to receipt of its decision by an outside consumer, at a fixed rate."""
    count = int(rate * seconds)
    address = o.urllib.parse.urlsplit(os.environ["INGEST_URL"])
    before = cpu_of_all()

    def received(message):
        return stem_of_key(message.key()), time.time_ns() // 1000

    with o.Topic("gl.decisions", received, one_by_one=True) as decisions:
        sender = subprocess.run([os.path.join(BIN, "bench_load"), address.hostname, str(address.port), path, str(rate), str(count)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        o.check(sender.returncode == 0, f"bench_load: {sender.stderr[-1000:]}")
        decisions.wait_count(count)
        received_us = dict(decisions.kept)
    spent = difference(cpu_of_all(), before)
    sent_us = {line.split()[0][o.STEM]: int(line.split()[1]) for line in sender.stdout.splitlines()}
    o.check(len(sent_us) == count, f"{len(sent_us)} answers for {count} requests")
    missing = [stem for stem in sent_us if stem not in received_us]
    o.check(not missing, f"{len(missing)} were not received")
    ordered = sorted((received_us[stem] - at) / 1000 for stem, at in sent_us.items())
    report = json.loads(sender.stderr.splitlines()[-1])
    return {"rate": rate, "seconds": seconds, "late": report["late"], "cpu": {n: us / count for n, us in spent.items()},
            **{name: percentile(ordered, share) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))},
            "max": ordered[-1]}


# ---- the shape echo ----

def record_shape(folder, starts, count):
    """Of each topic: records for each declaration, mean bytes, and a file of recorded values."""
    shape = {}
    for topic in [t for _, outputs in SHAPE.values() for t in outputs]:
        path = os.path.join(folder, topic)
        found, kept = Tally(), []

        def each(message, found=found, kept=kept):
            found.add(message)
            if len(kept) < SAMPLE:
                kept.append(message.value() or b"")

        read_topic(topic, each, starts[topic])
        with open(path, "wb") as file:
            for value in kept:
                file.write(struct.pack(">I", len(value)) + value)
        shape[topic] = {"ratio": found.count / count, "bytes": found.bytes / max(1, found.count), "sample": path}
    return shape


def echo_name(topic, run):
    return topic.replace("gl.", f"echo{run}.", 1)


def make_echo_topics(run, partitions):
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    names = {t for inputs, outputs in SHAPE.values() for t in (*inputs, *outputs)}
    topics = [NewTopic(echo_name(t, run), partitions, 1, config={"max.message.bytes": str(4 << 20)}) for t in sorted(names)]
    for future in admin.create_topics(topics).values():
        future.result(30)


def start_hop(name, run, shape, count, partitions):
    inputs, outputs = SHAPE[name]
    words = [os.path.join(BIN, "bench_echo"), "--name", f"echo-{name}", "--transactional-id", f"echo{run}-{name}", "--batch", str(BATCH),
             "--batch-ms", str(BATCH_MS), "--partitions", str(partitions), "--count", str(count), "--print-settings", "yes"]
    for topic in inputs:
        words += ["--in", echo_name(topic, run)]
    if inputs:
        words += ["--group", f"echo{run}.{name}"]
    for topic in outputs:
        if shape[topic]["ratio"] > 0:
            words += ["--out", f"{echo_name(topic, run)}:{shape[topic]['ratio']:.9f}:{shape[topic]['sample']}"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def finish_hop(process):
    """(report, CPU in us, settings)"""
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    o.check(process.returncode == 0, f"an echo failed: {lines[-3:]}")
    return json.loads(lines[-1]), int((usage.ru_utime + usage.ru_stime) * 1e6), [line for line in lines if line.startswith(("producer ", "consumer ")) and
        not any(noise in line for noise in ("client.software", "enabled_events", "transactional.id", "group.id"))]


def echo(shape, count, partitions):
    """All four hops at once, then each one alone over what is there."""
    make_echo_topics(1, partitions)
    before = cpu_us("kafka") if "kafka" in cpu_of_all() else 0
    hops = {name: start_hop(name, 1, shape, count, partitions) for name in reversed(SHAPE)}
    reports = {name: finish_hop(process) for name, process in hops.items()}
    kafka = cpu_us("kafka") - before if before else 0
    first = min(report["first_us"] for report, _, _ in reports.values())
    last = max(report["last_us"] for report, _, _ in reports.values())
    result = {"rate": count / ((last - first) / 1e6), "cpu": {name: cpu / count for name, (_, cpu, _) in reports.items()}, "kafka": kafka / count,
              "settings": sorted(set(sum((settings for _, _, settings in reports.values()), []))),
              "transactions": {name: report["transactions"] for name, (report, _, _) in reports.items()}, "alone": {}}
    make_echo_topics(2, partitions)
    for name in SHAPE:
        report, _, _ = finish_hop(start_hop(name, 2, shape, count, partitions))
        result["alone"][name] = report["records"] / max(0.001, (report["last_us"] - report["first_us"]) / 1e6)
    return result


# ---- the report ----

def versions():
    def first_line(*words):
        try:
            return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout.splitlines()[0]
        except (OSError, IndexError):
            return "?"
    system = "?"
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release", encoding="utf-8") as file:
            system = dict(line.strip().split("=", 1) for line in file if "=" in line).get("PRETTY_NAME", "?").strip('"')
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    commit = first_line("git", "-C", o.ROOT, "rev-parse", "--short", "HEAD")
    kafka = "Kafka 3.9.1" if os.path.exists(os.path.join(os.environ["GREENLANE_RUN"], "kafka.pid")) else "a given Kafka"
    return (f"{os.cpu_count()} cores ({model}), {system}, Linux {platform.release()}, {first_line('gcc', '--version').split()[-1]} (gcc), {kafka}, "
            f"{first_line('redis-server', '--version').split(' sha')[0]}, commit {commit}")


def row(*cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def profile_table(profiled):
    places = sorted({where for one in profiled.values() for where in one}, key=lambda where: -sum(one.get(where, 0) for one in profiled.values()))
    lines = ["### In whose code", "",
             f"One more round, sampled by perf {sampling.FREQUENCY_HZ} times a second: CPU us a declaration, by the code (or thread) that spends it.", "",
             row("", *o.STAGES, "all four"), row(*["---"] + ["---:"] * 5)]
    for where in places:
        each = [profiled[name].get(where, 0) for name in o.STAGES]
        lines.append(row(where, *(f"{us:.2f}" for us in each), f"{sum(each):.2f}"))
    return [*lines, ""]


def report(args, rounds, scored, alone, late, shape, echoed, partitions, hit_rate, profiled):
    last = rounds[-1]
    cpu = {name: last["cpu"][name] for name in o.STAGES}
    total, echo_total = sum(cpu.values()), sum(echoed["cpu"].values())
    lines = [f"Measured {datetime.date.today()} by `{args.command}` on {versions()}.", "",
             f"Workload: {args.count:,} declarations a round, {args.rounds} rounds, `greenlane generate --seed 7` (H7 parcels, 5 % H1, 1.5 items), "
             f"sent by `greenlane submit` over HTTP (NDJSON, 2,000 a request, 4 at once); {partitions} partitions, one worker a daemon; "
             f"{hit_rate:.0%} of the classifier's look-ups were answered by its caches. All processes share the cores.", "",
             "### Through all four, and through one", "",
             row("", "ingest", "classify", "risk", "decide", "all four"), row(*["---"] + ["---:"] * 5),
             row("Greenlane: CPU us a declaration", *(f"{cpu[n]:.1f}" for n in o.STAGES), f"**{total:.1f}**"),
             row("shape echo: CPU us a declaration", *(f"{echoed['cpu'][n]:.1f}" for n in o.STAGES), f"**{echo_total:.1f}**"),
             row("ratio", *(f"{cpu[n] / echoed['cpu'][n]:.2f}" for n in o.STAGES), f"**{total / echo_total:.2f}**"),
             row("Greenlane: declarations/s", *(f"{alone[n]:,.0f}" for n in o.STAGES), f"**{last['rate']:,.0f}**"),
             row("shape echo: declarations/s", *(f"{echoed['alone'][n]:,.0f}" for n in o.STAGES), f"**{echoed['rate']:,.0f}**"),
             row("ratio", *(f"{alone[n] / echoed['alone'][n]:.2f}" for n in o.STAGES), f"**{last['rate'] / echoed['rate']:.2f}**"),
             row("Greenlane, every declaration scored: CPU us", *(f"{scored['cpu'][n]:.1f}" for n in o.STAGES),
                 f"**{sum(scored['cpu'][n] for n in o.STAGES):.1f}**"),
             row("Greenlane: peak memory, MiB", *(f"{last['memory'][n]['VmHWM'] / 1024:.0f}" for n in o.STAGES),
                 f"{sum(last['memory'][n]['VmHWM'] for n in o.STAGES) / 1024:.0f}"), "",
             "A stage's own throughput is measured with the others stopped, over what waits for it (ingest and the echo's first hop: with nobody reading). "
             "H7 parcels lack most of the risk model's inputs and are not scored; the line of scored ones is the same run with declarations of the KCS "
             f"shape (`generate --format kcs --seed 8`), {scored['rate']:,.0f} a second through all four.", "",
             "Beside them, CPU us a declaration: " + ", ".join([*(f"{n} {last['cpu'][n]:.1f}" for n in OTHERS if n in last["cpu"]),
                                                               f"generator {last['generator']:.1f}", f"the echo's broker {echoed['kafka']:.1f}"]) + ".", "",
             "### Round after round: does it grow?", "",
             row("round", "declarations before", *(f"{n} us" for n in o.STAGES), "sum us", "declarations/s", "RssAnon of the four, MiB"),
             row(*["---:"] * 9)]
    for number, one in enumerate(rounds):
        lines.append(row(number + 1, f"{number * args.count:,}", *(f"{one['cpu'][n]:.1f}" for n in o.STAGES),
                         f"{sum(one['cpu'][n] for n in o.STAGES):.1f}", f"{one['rate']:,.0f}",
                         f"{sum(one['memory'][n]['RssAnon'] for n in o.STAGES) / 1024:.0f}"))
    lines += ["", *(profile_table(profiled) if profiled else ())]
    lines += [f"### Latency at {late['rate']:,} a second, open loop, {late['seconds']:.0f} s", "",
              "From a request's last byte to receipt of the decision by an outside read_committed consumer; one declaration a request.", "",
              row("median", "90 %", "99 %", "99.9 %", "longest", "CPU us a declaration"), row(*["---:"] * 6),
              row(*(f"{late[k]:.0f} ms" for k in ("p50", "p90", "p99", "p999", "max")), f"{sum(late['cpu'][n] for n in o.STAGES):.0f}"), "",
              f"{late['late']} of {int(late['rate'] * late['seconds']):,} requests waited more than 5 ms for a free connection; their wait counts.", "",
              "### The shape echo's configuration", "",
              f"Four processes, one consumer and one transactional producer each; a transaction for what is there, at most {BATCH:,} records; recorded values "
              "of the real topics in turn:", "",
              row("topic", "records a declaration", "bytes a record"), row("---", "---:", "---:")]
    lines += [row(topic, f"{s['ratio']:.4f}", f"{s['bytes']:.0f}") for topic, s in shape.items()]
    lines += ["", "Transactions: " + ", ".join(f"{n} {echoed['transactions'][n]}" for n in SHAPE) + ". librdkafka settings that are not its defaults "
              "(made by the same code as the stages' clients):", "", "```", *echoed["settings"], "```"]
    return "\n".join(lines)


def write_report(path, text, name="bench"):
    """Into the page, between the two comments of this name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    with open(path, encoding="utf-8") as file:
        old = file.read()
    o.check(begin in old and end in old, f"{path} has no {begin} ... {end}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(old[:old.index(begin) + len(begin)] + "\n" + text + "\n" + old[old.index(end):])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=1500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--profile", action="store_true", help="one more round, sampled by perf(1), which must be installed")
    parser.add_argument("--output", default=os.path.join(o.ROOT, "docs", "BENCHMARKS.md"))
    parser.add_argument("--command", default="./dev bench")
    args = parser.parse_args()
    o.check(not args.profile or sampling.available(), "--profile needs perf(1), package linux-perf")
    o.need_stack()
    with tempfile.TemporaryDirectory() as folder:
        path = workload(folder, 2000, 0)
        round_through_all(path, 2000)  # warm: models are paged in, topics have their leaders
        at, rounds = 2000, []
        starts = {}
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}: {args.count:,} declarations", flush=True)
            path = workload(folder, args.count, at)
            if number == args.rounds - 1:
                starts = {topic: ends(topic) for _, outputs in SHAPE.values() for topic in outputs}
            rounds.append(round_through_all(path, args.count))
            print(f"  {rounds[-1]['rate']:,.0f}/s, {sum(rounds[-1]['cpu'][n] for n in o.STAGES):.1f} us", flush=True)
            os.unlink(path)
            at += args.count
        shape = record_shape(folder, starts, args.count)
        hits, misses = (o.metric(f"gl_classify_cache_{kind}_total", "classify") for kind in ("hits", "misses"))
        profiled = None
        if args.profile:
            print("profile", flush=True)
            profiled = profile(workload(folder, args.count, at), args.count, folder)
            at += args.count
        print("every declaration scored", flush=True)
        scored_path = os.path.join(folder, "scored.csv")
        o.greenlane("generate", "--format", "kcs", "--count", args.count, "--seed", 8, "--prefix", "BENCH8", "--output", scored_path)
        scored = round_through_all(scored_path, args.count, "--profile", "kcs")
        print(f"latency at {args.rate}/s for {args.seconds:.0f} s", flush=True)
        count = int(args.rate * args.seconds)
        late = latency(workload(folder, count, at), args.rate, args.seconds)
        print("  " + ", ".join(f"{k} {late[k]:.0f} ms" for k in ("p50", "p99", "max")), flush=True)
        at += count
        print("each stage alone", flush=True)
        alone = stages_alone(workload(folder, args.count, at), args.count)
        for name in o.STAGES:
            o.stack("stop", name)
        print("the shape echo", flush=True)
        partitions = len(ends("gl.decisions"))
        echoed = echo(shape, args.count, partitions)
        text = report(args, rounds, scored, alone, late, shape, echoed, partitions, hits / max(1, hits + misses), profiled)
    write_report(args.output, text)
    print(text)


if __name__ == "__main__":
    main()
