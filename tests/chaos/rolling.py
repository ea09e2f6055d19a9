#!/usr/bin/env python3
"""Instances come and go while declarations flow: nothing is lost, nothing is there twice, and partitions that stay with their owner go on.

For each stage a second instance joins, works, and leaves: drained (SIGTERM), killed (SIGKILL), or killed between sending its offsets and its
commit, which leaves a transaction open. An outside read_committed reader notes when each partition of the stage's output topic moves; who owns
which partition is read from the instances' metrics. The longest gap of a partition whose owner is the same before and after has a limit, and so
has that of one that a killed instance had. The daemons and the broker run with the time-outs they are shipped with, so what a dead one left open lasts up to
20 s; partitions that stay do not wait for it. oracle.py counts at the end, as in a chaos run.

usage: rolling.py [--cycles 1] [--seed N] [--rate 400] [--short] [--stage NAME]... [--limit 3.0]
"""
import argparse
import os
import random
import re
import signal
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import chaos  # noqa: E402
import outside as o  # noqa: E402
import system as sut  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402

# What the owner of a partition says of it, and the topic on which its work is seen.
INPUT = {"classify": "gl.declarations.accepted", "risk": "gl.declarations.classified", "decide": "gl.declarations.assessed"}
OUTPUT = {"classify": "gl.declarations.classified", "risk": "gl.declarations.assessed", "decide": "gl.decisions"}
SHIPPED = ["stage.instance=chaos"]  # time-outs as in config/
WAYS = ("drain", "kill", "kill-open")
SHORT = [("classify", "kill"), ("classify", "kill-open"), ("risk", "drain"), ("decide", "drain"), ("decide", "kill"), ("ingest", "kill")]
SETTLED_S = 90
WORK_S = 3


class Pulse:
    """When each partition of the output topics moved, as a reader of committed records sees it."""

    def __init__(self, topics):
        self.consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": f"pulse-{os.getpid()}", "log_level": 0,
                                  "isolation.level": "read_committed", "enable.auto.commit": False, "auto.offset.reset": "error",
                                  "fetch.wait.max.ms": 20})
        self.seen = {}  # (topic, partition): moments, in order
        assignment = []
        for topic in topics:
            for partition in self.consumer.list_topics(topic, 10).topics[topic].partitions:
                end = self.consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)[1]
                assignment.append(TopicPartition(topic, partition, end))
                self.seen[topic, partition] = []
        self.consumer.assign(assignment)
        self.late_s = 0.0  # how long this process itself was kept from reading, at most
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        last = time.monotonic()
        while not self.closing:
            messages = self.consumer.consume(1000, 0.05)
            now = time.monotonic()
            self.late_s = max(self.late_s, now - last - 0.05)
            last = now
            for message in messages:
                if message.error() is None:
                    moments = self.seen[message.topic(), message.partition()]
                    if not moments or now - moments[-1] > 0.001:
                        moments.append(now)

    def gap(self, topic, partition, since, until):
        """The longest time without a record that touches [since, until]."""
        moments = list(self.seen[topic, partition])
        before = [m for m in moments if m < since]
        inside = [m for m in moments if since <= m <= until]
        points = before[-1:] + inside + [m for m in moments if m > until][:1]
        if len(points) < 2:
            return until - since
        return max(b - a for a, b in zip(points, points[1:]))

    def close(self):
        self.closing = True
        self.thread.join(10)
        self.consumer.close()


def owned_by(daemon):
    """Partitions that this instance says it owns; none while it cannot be asked."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.admin}/metrics", timeout=3) as answer:
            text = answer.read().decode()
    except OSError:
        return set()
    wanted = INPUT[daemon.stage]
    return {int(p) for t, p in re.findall(r'^gl_consumer_lag_records\{topic="([^"]+)",partition="(\d+)"\}', text, re.MULTILINE) if t == wanted}


# What a killed process left open holds its readers back for (docs/GUARANTEES.md): kafka.transaction_timeout and the broker's interval for looking, as
# shipped. By then its partitions have another owner (kafka.session_timeout is shorter), who has to read on and commit.
HUNG_S = 10 + 10
GOES_ON_S = 5


class Rolling(chaos.Leg):
    def __init__(self, args):
        super().__init__(args, 1, 1, [])
        self.rows = []

    def owners(self, stage, instances):
        """{partition: instance} once each has one owner and each of the instances something to do; None before."""
        found = {}
        for daemon in [d for d in self.system.daemons.values() if d.stage == stage and d.runs()]:
            mine = owned_by(daemon)
            if not mine or mine & set(found):
                return None
            found.update(dict.fromkeys(mine, daemon.name))
        complete = len(found) == self.partitions and len(set(found.values())) == instances
        return found if complete else None

    def settled(self, stage, instances):
        """The owners, when two looks a moment apart agree."""
        def agree():
            self.system.supervise()
            first = self.owners(stage, instances)
            time.sleep(0.2)
            return first if first is not None and first == self.owners(stage, instances) else None

        return o.wait_for(agree, f"{stage}: {self.partitions} partitions owned by {instances} instances", SETTLED_S)

    def note(self, stage, change, before, after, since):
        until = time.monotonic()
        o.wait_for(lambda: all(self.pulse.seen[OUTPUT[stage], p][-1] > until for p in after), f"{stage}: every partition moves", SETTLED_S)
        gaps = {p: self.pulse.gap(OUTPUT[stage], p, since, until) for p in after}
        stays = [p for p in after if before[p] == after[p]]
        stayed = max((gaps[p] for p in stays), default=0.0)
        moved = max((gaps[p] for p in after if p not in stays), default=0.0)
        self.rows.append((stage, change, len(stays), stayed, moved, until - since))
        print(f"  {stage:9s} {change:12s} {len(stays)} stay: {stayed:5.2f} s, others {moved:5.2f} s; settled after {until - since:5.1f} s", flush=True)
        o.check(stays, f"{stage} {change}: no partition stayed, nothing was measured")
        self.system.note(stayed <= self.args.limit, f"{stage} {change}: a partition that stayed with its owner paused for {stayed:.2f} s")
        if change.startswith("kill"):
            self.system.note(moved <= HUNG_S + GOES_ON_S, f"{stage} {change}: a partition of the killed one moved again only after {moved:.2f} s")

    def leave(self, other, way):
        if way == "drain":
            other.terminate()
        elif way == "kill":
            other.kill()
        else:
            other.wanted = False
            o.wait_for(lambda: not other.runs(), f"{other.name} dies with its transaction open", 60)
            o.check(other.process.returncode == -signal.SIGKILL, f"{other.name} ended with {other.process.returncode}")
        self.system.remove(other)

    def change(self, stage, way):
        before = self.settled(stage, 1)
        since = time.monotonic()
        other = self.system.add(stage)
        both = self.settled(stage, 2)
        self.note(stage, "joins", before, both, since)
        time.sleep(WORK_S)  # it works for a while
        if way == "kill-open":  # started again in the same slot, to die where that leaves a transaction open
            other.terminate()
            self.settled(stage, 1)
            other.start({"GL_TEST_POINT": f"offsets:{self.rng.randrange(40, 60)}"})
            both = self.settled(stage, 2)
        since = time.monotonic()
        self.leave(other, way)
        self.note(stage, way, both, self.settled(stage, 1), since)

    def change_ingest(self, way):
        """It owns no partitions: senders go to the other one. A killed one is started again, which ends its open transaction."""
        other = self.system.add("ingest")
        other.wait_ready(40)
        self.driver.tell(intakes=self.system.intakes())
        time.sleep(WORK_S)
        since = time.monotonic()
        if way == "drain":
            other.terminate()
        else:
            other.kill()
            other.start()
            other.wait_ready(40)
            other.terminate()
        self.system.remove(other)
        self.driver.tell(intakes=self.system.intakes())
        until = time.monotonic()
        o.wait_for(lambda: all(self.pulse.seen[OUTPUT["classify"], p][-1] > until for p in range(self.partitions)), "every partition moves", SETTLED_S)
        longest = max(self.pulse.gap(OUTPUT["classify"], p, since, until) for p in range(self.partitions))
        self.rows.append(("ingest", way, 0, 0.0, longest, until - since))
        print(f"  ingest    {way:12s} longest gap {longest:5.2f} s", flush=True)

    def plan(self):
        stages = self.args.stage or o.STAGES
        if self.args.short:
            return [(stage, way) for stage, way in SHORT if stage in stages]
        steps = []
        for _ in range(self.args.cycles):
            part = [(stage, way) for stage in stages for way in WAYS if (stage, way) != ("ingest", "kill-open")]
            self.rng.shuffle(part)
            steps += part
        return steps

    def look(self, message):
        """Of each decision."""

    def change_all(self):
        for stage, way in self.plan():
            self.change_ingest(way) if stage == "ingest" else self.change(stage, way)
            self.calm()

    def play(self):
        if os.path.exists(self.ledger):
            os.unlink(self.ledger)
        try:
            self.start()
            self.pulse = Pulse(OUTPUT.values())
            self.partitions = len([p for t, p in self.pulse.seen if t == OUTPUT["decide"]])
            o.wait_for(lambda: all(self.pulse.seen.values()), "every partition of every stage moves", SETTLED_S)
            self.decisions = o.Topic(OUTPUT["decide"], self.look, quiet=True)
            self.calm()
            self.change_all()
            self.pulse.close()
            return self.finish()
        finally:
            for name in ("driver", "oracle"):
                part = getattr(self, name, None)
                if part is not None and part.process.poll() is None:
                    part.process.kill()
            self.system.down()


def finish_run(leg):
    """Plays it and prints what was found; whether it is good."""
    sut.DAEMON_SETTINGS[:] = SHIPPED
    sut.BROKER_SETTINGS[:] = [setting for setting in sut.BROKER_SETTINGS if not setting.startswith("transaction.")]
    began = time.monotonic()
    answered, report = leg.play()
    print()
    for stage, change, stays, stayed, moved, took in leg.rows:
        print(f"  {stage:9s} {change:12s} {stays:4d} stay, paused {stayed:5.2f} s; others {moved:6.2f} s; settled after {took:5.1f} s")
    for kind, examples in report["examples"].items():
        print(f"  VIOLATION {kind}: {report['violations'][kind]}, first {examples[:3]}")
    for text in leg.system.findings + [f"ended by itself: {ended}" for ended in leg.system.ended]:
        print(f"  finding: {text}")
    print(f"  {answered} answers, {report['counts'].get('decisions', 0)} decisions in {time.monotonic() - began:.0f} s; this reader was late by "
          f"{leg.pulse.late_s:.2f} s at most")
    good = not report["violations"] and not leg.system.findings and not leg.system.ended
    print("PASSED" if good else "FAILED")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=400)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--stage", action="append", choices=o.STAGES)
    parser.add_argument("--limit", type=float, default=3.0, help="seconds that a partition which stays may pause")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally
    args.run = os.environ.get("GREENLANE_RUN") or os.path.join(o.ROOT, "run", "rolling")
    os.makedirs(args.run, exist_ok=True)
    sys.exit(0 if finish_run(Rolling(args)) else 1)


if __name__ == "__main__":
    main()
