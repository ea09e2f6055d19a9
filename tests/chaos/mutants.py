#!/usr/bin/env python3
"""Defects that the tests must notice: each is built in (cmake -DGL_MUTANT=n) and must make the check fail that is named for it here.

A check that passes with the defect in it checks nothing: then this fails. The same check must pass without any defect first, so that it is
the defect that it notices. Checks of the label `broker` need KAFKA_BROKERS; without it they are left out and the run says so (77: all were).

usage: mutants.py --build DIR [N...]       run them, or only these
       mutants.py --table                  the table for docs/GUARANTEES.md
       mutants.py --check                  sources, table and page agree
"""
import argparse
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "GUARANTEES.md")
FOLDERS = ("lib", "stages", "cli")
SKIPPED = 77

# number: (the defect, where, the ctest that notices it, its targets)
EXACTLY_ONCE = ("broker_exactly_once", ["test_broker_exactly_once", "greenlane-test-echo"])
DECIDE = ("decide_process", ["test_decide_process"])
MUTANTS = {
    1: ("offsets are committed outside the transaction", "lib/stage/txn.c", *EXACTLY_ONCE),
    2: ("state is applied before the commit", "lib/stage/worker.c", *EXACTLY_ONCE),
    3: ("views are written before the commit", "lib/stage/worker.c", *EXACTLY_ONCE),
    4: ("a dead letter is dropped", "lib/stage/bisect.c", "stage_bisect", ["test_stage_bisect"]),
    5: ("a restore stops early", "lib/stage/restore.c", "broker_restore", ["test_broker_restore", "greenlane-test-echo"]),
    6: ("a stale view overwrites a newer one", "lib/customs/view.c", "decide_views", ["test_decide_views"]),
    7: ("a duplicate that the view does not catch (a flush) is let through", "stages/decide/process.c", *DECIDE),
    8: ("after an abort the batch is not tried again", "lib/stage/worker.c", "broker_dead_letters",
        ["test_broker_dead_letters", "greenlane-test-echo"]),
    9: ("audit blocks are not chained", "stages/decide/audit.c", *DECIDE),
    10: ("a decision is not notified", "stages/decide/process.c", *DECIDE),
    11: ("nobody is told of a dead letter (no technical hold)", "lib/stage/bisect.c", "stage_bisect", ["test_stage_bisect"]),
    12: ("what a failed attempt wrote stays in the state", "lib/stage/outbox.c", "stage_outbox", ["test_stage_outbox"]),
    13: ("what was aborted is read (read_uncommitted)", "lib/io/kafka.c", *EXACTLY_ONCE),
    14: ("partition out is not partition in", "lib/stage/txn.c", *EXACTLY_ONCE),
    15: ("senders are answered before the commit", "lib/stage/worker.c", *EXACTLY_ONCE),
    16: ("a batch does not see what it wrote itself", "lib/stage/state.c", *DECIDE),
    17: ("a producer goes on after it aborted records of unknown fate", "lib/stage/txn.c", "chaos_replies", ["greenlane-test-echo"]),
}


def table():
    lines = ["| mutant | defect built in | where | check that notices it |", "|---|---|---|---|"]
    lines += [f"| {n} | {what} | `{where}` | `{check}` |" for n, (what, where, check, _) in sorted(MUTANTS.items())]
    return "\n".join(lines)


def numbers_in(path):
    with open(path, encoding="utf-8") as file:
        return {int(n) for n in re.findall(r"GL_MUTANT\s*[=!]=\s*(\d+)", file.read())}


def check():
    """Every defect of the sources is in the table, at its place, and the page shows the table."""
    found = {}
    for folder in FOLDERS:
        for where, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                if name.endswith((".c", ".h")):
                    path = os.path.join(where, name)
                    for n in numbers_in(path):
                        found.setdefault(n, set()).add(os.path.relpath(path, ROOT))
    wrong = [f"mutant {n} is in {sorted(paths)}, not in the table" for n, paths in found.items() if n not in MUTANTS]
    wrong += [f"mutant {n} is not in {row[1]}" for n, row in MUTANTS.items() if row[1] not in found.get(n, ())]
    with open(PAGE, encoding="utf-8") as file:
        if table() not in file.read():
            wrong.append("docs/GUARANTEES.md does not show the table that `tests/chaos/mutants.py --table` prints")
    print("\n".join(wrong) or f"{len(MUTANTS)} mutants: sources, table and page agree")
    return 1 if wrong else 0


class Build:
    """One build directory for all: ccache gives back what a defect does not touch."""

    def __init__(self, directory):
        self.directory = directory
        self.log = os.path.join(directory, "mutants.log")
        os.makedirs(directory, exist_ok=True)

    def run(self, *command):
        with open(self.log, "ab") as log:
            log.write(("+ " + " ".join(command) + "\n").encode())
            log.flush()
            return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode

    def make(self, mutant, targets):
        return (self.run("cmake", "-S", ROOT, "-B", self.directory, "-G", "Ninja", f"-DGL_MUTANT={mutant}") == 0 and
                self.run("ninja", "-C", self.directory, *targets) == 0)

    def test(self, name):
        """'passed', 'failed', 'skipped' or 'missing'"""
        result = subprocess.run(["ctest", "--test-dir", self.directory, "-R", f"^{name}$", "--no-tests=error"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        with open(self.log, "ab") as log:
            log.write(result.stdout)
        text = result.stdout.decode(errors="replace")
        if "***Skipped" in text or "did not run" in text:
            return "skipped"
        if "No tests were found" in text or "Not Run" in text:
            return "missing"
        return "passed" if result.returncode == 0 else "failed"


def run(build, wanted):
    """The list of what went wrong, and how many were left out."""
    wrong, left_out, sound, begun = [], 0, {}, time.monotonic()
    for n in wanted:
        what, where, name, targets = MUTANTS[n]
        if name.startswith("broker_") and not os.environ.get("KAFKA_BROKERS"):
            print(f"{n:3d} left out: KAFKA_BROKERS is not set  {what}", flush=True)
            left_out += 1
            continue
        if name not in sound:
            sound[name] = build.test(name) if build.make(0, targets) else "not built"
        if sound[name] != "passed":
            wrong.append(f"{n}: {name} {sound[name]} without any defect")
            print(f"{n:3d} {name} {sound[name]} without any defect", flush=True)
            continue
        since = time.monotonic()
        outcome = build.test(name) if build.make(n, targets) else "not built"
        verdict = "caught" if outcome == "failed" else "SURVIVED" if outcome == "passed" else outcome.upper()
        if verdict != "caught":
            wrong.append(f"{n}: {what} ({where}): {name} {outcome}")
        print(f"{n:3d} {verdict:9s} by {name:22s} {time.monotonic() - since:5.0f} s  {what}", flush=True)
    print(f"{len(wanted) - left_out - len(wrong)} of {len(wanted)} mutants caught, {left_out} left out, {time.monotonic() - begun:.0f} s", flush=True)
    return wrong, left_out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", type=int, metavar="N")
    parser.add_argument("--build", help="build directory of its own")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.table:
        print(table())
        return 0
    if args.check:
        return check()
    wanted = args.numbers or sorted(MUTANTS)
    if not args.build or any(n not in MUTANTS for n in wanted):
        parser.error("--build DIR, and numbers of the table")
    build = Build(args.build)
    wrong, left_out = run(build, wanted)
    if wrong:
        print("FAILED, see " + build.log + "\n  " + "\n  ".join(wrong))
        return 1
    return SKIPPED if left_out == len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
