#!/usr/bin/env python3
"""The way through: declarations of every format go in, and each has one decision, one notification, one status, and a replay that agrees.

usage: clear.py [--count 500]   (of each format)
"""
import argparse
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

FORMATS = [("ndjson", "declarations.ndjson", None), ("json", "declarations.json", None), ("parcels", "parcels.csv", "parcels"),
           ("kcs", "kcs.csv", "kcs"), ("xml", "xml", None)]
LANES = {"RED", "YELLOW", "BLUE", "GREEN"}


def make(folder, name, file, count):
    path = os.path.join(folder, file)
    o.greenlane("generate", "--format", name, "--count", count, "--prefix", o.new_prefix(), "--output", path)
    return [os.path.join(path, f) for f in sorted(os.listdir(path))] if os.path.isdir(path) else [path]


def submit(paths, profile):
    return o.json_lines(o.greenlane("submit", "--json", *(["--profile", profile] if profile else []), *paths))


def notification_of(message):
    return o.decode("gl.notifications", message.value())["notification"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    o.need_stack()
    with tempfile.TemporaryDirectory() as folder, o.Topic("gl.decisions", o.decision_of) as decisions, \
            o.Topic("gl.notifications", notification_of) as notifications:
        files, accepted = [], {}
        for name, file, profile in FORMATS:
            paths = make(folder, name, file, args.count)
            answers = submit(paths, profile)
            refused = [a for a in answers if a["status"] != "accepted"]
            o.check(len(answers) == args.count and not refused, f"{name}: {len(answers)} answers, {len(refused)} refused, first {refused[:1]}")
            accepted.update({a["mrn"]: a for a in answers})
            files.append((paths, profile))
        o.check(len(accepted) == args.count * len(FORMATS), f"{len(accepted)} MRNs")
        decisions.wait(lambda kept: accepted.keys() <= {d["mrn"] for d in kept} if len(kept) >= len(accepted) else False, "all decided")
        o.flush_pipeline(decisions)
        by_mrn, _ = o.assert_once(decisions.kept, accepted, "default")
        partitions = len(decisions.partitions)
        o.check(all(d["partition"] == o.partition_of(m, partitions) for m, (d,) in by_mrn.items()), "a decision is in the wrong partition")
        o.check(all(d["lane"] in LANES and d["outcome"] in ("RELEASED", "HELD", "REFUSED") for (d,) in by_mrn.values()), "lanes and outcomes")
        print(f"{len(accepted)} declarations of {len(FORMATS)} formats, each decided once")

        notifications.wait(lambda kept: accepted.keys() <= {n["mrn"] for n in kept}, "a notification for each")
        wrong = [n for n in notifications.kept if n["mrn"] in accepted and (not n["payload"] or n["decision_version"] != 1)]
        o.check(not wrong, f"notifications: {wrong[:1]}")

        intake = o.Intake(patience_s=30)
        for mrn in list(accepted)[:: max(1, len(accepted) // 40)]:
            decision = by_mrn[mrn][0]
            view = intake.decided_status(mrn)
            o.check(view["mrn"] == mrn and view["lane"] == decision["lane"] and view["outcome"] == decision["outcome"],
                    f"status of {mrn}: {view}, decided {decision}")
        first = next(iter(accepted))
        o.check(json.loads(o.greenlane("status", "--json", first))["mrn"] == first, "greenlane status")
        for mrn in list(accepted)[:: max(1, len(accepted) // 5)]:
            o.greenlane("replay", mrn)  # exits 1 when it differs
        print("status and notification agree; replays agree")

        before = len([d for d in decisions.kept if d["submitter"] == "default"])
        for paths, profile in files:
            for answer in submit(paths, profile):
                o.check(answer["status"] == "accepted" and answer["mrn"] in accepted, f"sent again: {answer}")
        o.flush_pipeline(decisions)
        o.assert_once(decisions.kept, accepted, "default")
        after = len([d for d in decisions.kept if d["submitter"] == "default"])
        print(f"sent again: the first MRNs, no second decision ({after - before} closed as duplicates by decide)")

        findings = o.json_lines(o.greenlane("doctor", "--json"))
        o.check(findings, "doctor says nothing")
        o.assert_all_run()


if __name__ == "__main__":
    main()
