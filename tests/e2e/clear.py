#!/usr/bin/env python3
"""The way through: declarations of every format, packed ones and workbooks too, go in, and each has one decision, one notification, one status,
and a replay that agrees.

usage: clear.py [--count 500]   (of each format)
"""
import argparse
import csv
import gzip
import io
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


def fresh(name, count=20):
    return o.greenlane("generate", "--format", name, "--count", count, "--prefix", o.new_prefix())


def workbook(manifest):
    """The manifest as a spreadsheet would have it: amounts and masses are numbers, codes and dates stay texts."""
    header, *rows = csv.reader(io.StringIO(manifest.decode()))
    numbers = {header.index(name) for name in ("Quantity", "Net Mass", "Gross Mass", "Value")}
    return o.workbook_of([header] + [[float(cell) if i in numbers and cell else cell for i, cell in enumerate(row)] for row in rows])


def packed():
    """{name: (content, Content-Type, further headers)}, each of new declarations; the archive has two files of them."""
    return {"parcels.csv.gz": (gzip.compress(fresh("parcels")), "text/csv", {"Content-Encoding": "gzip"}),
            "two.zip": (o.zip_of({"a/day.ndjson": fresh("ndjson"), "parcels.csv": fresh("parcels")}), "application/zip", {}),
            "parcels.xlsx": (workbook(fresh("parcels")), None, {})}


def accepted_of(name, answers, wanted):
    refused = [a for a in answers if a["status"] != "accepted"]
    o.check(len(answers) == wanted and not refused, f"{name}: {len(answers)} answers, {len(refused)} refused, first {refused[:1]}")
    return {a["mrn"]: a for a in answers}


def send_packed():
    """Over HTTP and through the watched directory; what was accepted, by MRN, of each."""
    wanted = {"parcels.csv.gz": 20, "two.zip": 40, "parcels.xlsx": 20}
    intake, sent, watched = o.Intake(patience_s=30), {}, {}
    for name, (content, kind, headers) in packed().items():
        status, answer = intake.call("POST", "/v1/declarations?profile=parcels", content, kind, headers)
        o.check(status == 202, f"{name}: {status} {answer}")
        sent.update(accepted_of(name, answer["results"], wanted[name]))
    for name, answers in o.take_in({name: content for name, (content, _, _) in packed().items()}).items():
        watched.update(accepted_of(name, answers, wanted[name]))
    return sent, watched


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
            accepted.update(accepted_of(name, submit(paths, profile), args.count))
            files.append((paths, profile))
        o.check(len(accepted) == args.count * len(FORMATS), f"{len(accepted)} MRNs")
        sent, watched = send_packed()
        accepted.update(sent)
        decisions.wait(lambda kept: accepted.keys() | watched.keys() <= {d["mrn"] for d in kept} if len(kept) >= len(accepted) else False, "all decided")
        o.flush_pipeline(decisions)
        o.assert_once(decisions.kept, watched, "inbox")
        by_mrn, _ = o.assert_once(decisions.kept, accepted, "default")
        partitions = len(decisions.partitions)
        o.check(all(d["partition"] == o.partition_of(m, partitions) for m, (d,) in by_mrn.items()), "a decision is in the wrong partition")
        o.check(all(d["lane"] in LANES and d["outcome"] in ("RELEASED", "HELD", "REFUSED") for (d,) in by_mrn.values()), "lanes and outcomes")
        print(f"{len(accepted) + len(watched)} declarations of {len(FORMATS)} formats, packed and in workbooks too, each decided once")

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
