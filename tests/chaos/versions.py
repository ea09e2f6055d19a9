#!/usr/bin/env python3
"""Upgrade and rollback while declarations flow: this version and the next one, which has another schema, state and store format.

The next version is this tree built with GL_VERSION_NEXT (tools/next_schemas.py says what differs). A stage is replaced as an operator does it
(docs/OPERATIONS.md): an instance of the other version joins, both work, the first one is drained and started as the other version in its place,
the second one leaves. Upgrades begin with the last stage, rollbacks with the first. In between decide alone is upgraded and rolled back. An
outside client (oracle.py) knows the printed schemas of both and counts at the end: nothing lost, nothing twice, nothing out of order, no dead
letter; this script checks that both versions wrote, and what became of decide's local state.

usage: versions.py [--rounds 1] [--rate 300] [--work 3] [--short]
"""
import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402
import rolling  # noqa: E402

UPGRADE = tuple(reversed(o.STAGES))  # who reads before who writes
ROLLBACK = o.STAGES
PROGRAMS = ["greenlane", *("greenlane-" + stage for stage in o.STAGES)]


def build_next(directory):
    """This tree as the version after it."""
    os.makedirs(directory, exist_ok=True)
    for command in (["cmake", "-S", o.ROOT, "-B", directory, "--preset", "release", "-DGL_VERSION_NEXT=ON"], ["ninja", "-C", directory, *PROGRAMS]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        o.check(done.returncode == 0, f"{' '.join(command)}: {done.stdout.decode()[-3000:]}")


def printed_id(build, topic):
    return json.loads(subprocess.run([os.path.join(build, "bin", "greenlane"), "schema", "--json", topic], stdout=subprocess.PIPE, check=True).stdout)["schema_id"]


class Versions(rolling.Rolling):
    def __init__(self, args, this, following):
        super().__init__(args)
        self.this, self.following = this, following
        self.builds = [following]
        o.know_schemas(following)
        self.old_id, self.new_id = (printed_id(build, "gl.decisions") for build in (this, following))
        o.check(self.old_id != self.new_id, "both builds write the same schema")
        self.by_id = collections.Counter()

    def look(self, message):
        """Counts decisions by their schema; the next version's carry what it added."""
        number = o.schema_id(message.value())
        self.by_id[number] += 1
        if number == self.new_id and self.by_id[number] % 20 == 1:
            record = o.decode("gl.decisions", message.value())
            self.by_id["with classify's new field"] += record["classification"]["next_note"] == "next"

    def log_of(self, daemon, text):
        with open(os.path.join(self.run, daemon.name + ".log"), encoding="utf-8", errors="replace") as log:
            return sum(text in line for line in log)

    def both_work(self, stage):
        if stage == "ingest":
            self.driver.tell(intakes=self.system.intakes())
        else:
            self.settled(stage, 2)
        time.sleep(self.args.work)

    def replace(self, stage, build):
        name = "the next version" if build == self.following else "this version"
        began = time.monotonic()
        first = self.system.daemons[stage]
        other = self.system.add(stage, build)
        other.wait_ready(60)
        o.check(other.runs(), f"{stage} as {name} ended while starting: {self.system.last_line(other)}")
        self.both_work(stage)
        wiped = self.log_of(first, '"state-wiped"')
        first.terminate()
        first.build = build
        first.start()
        first.wait_ready(90)
        self.both_work(stage)
        if stage == "decide":
            self.system.note(self.log_of(first, '"state-wiped"') > wiped, "decide took over a store of another version's format")
        other.terminate()
        self.system.remove(other)
        if stage == "ingest":
            self.driver.tell(intakes=self.system.intakes())
        else:
            self.settled(stage, 1)
        self.calm()
        print(f"  {stage:9s} is {name} after {time.monotonic() - began:5.1f} s; decisions by schema {dict(self.by_id)}", flush=True)

    def all_of(self, order, build):
        for stage in order:
            self.replace(stage, build)
        wanted = self.new_id if build == self.following else self.old_id
        before = self.by_id[wanted]
        o.wait_for(lambda: self.by_id[wanted] > before + 200, f"decisions with schema {wanted}", 60)

    def change_all(self):
        self.replace("decide", self.following)
        self.replace("decide", self.this)  # its state has been written by the next one meanwhile
        self.all_of(UPGRADE, self.following)
        for _ in range(self.args.rounds):
            self.all_of(ROLLBACK, self.this)
            if not self.args.short:
                self.all_of(UPGRADE, self.following)
        self.decisions.close()
        o.check(self.by_id["with classify's new field"] > 0, "no decision carries what the next version's classify added")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--work", type=float, default=3, help="seconds that both versions of a stage work side by side")
    parser.add_argument("--short", action="store_true", help="without the last upgrade")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally
    args.run = os.environ.get("GREENLANE_RUN") or os.path.join(o.ROOT, "run", "versions")
    os.makedirs(args.run, exist_ok=True)
    this = os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build")
    following = this + "-next"
    build_next(following)
    sys.exit(0 if rolling.finish_run(Versions(args, this, following)) else 1)


if __name__ == "__main__":
    main()
