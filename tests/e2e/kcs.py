#!/usr/bin/env python3
"""The KCS validation file: one decision with a score for each of its rows, good scores, blind to the labels, and no decision twice.

Submits the file with `greenlane submit`, reads the decisions as an outside client and lets training/risk/evaluate.py judge the scores. Then
the same file with both label columns blanked, as another submitter: the same scores; and the first file again: no further decision. May be
run again on the same stack.

usage: kcs.py [--min-precision 0.92] [--min-auc 0.86]
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

LABELS = ("Fraud", "Critical Fraud")


def submit(path, account):
    """{lrn: answer}; every declaration is accepted."""
    answers = o.json_lines(o.greenlane("submit", "--profile", "kcs", "--account", account, "--json", path))
    refused = [a for a in answers if a["status"] != "accepted"]
    o.check(not refused, f"{len(refused)} were refused, first {refused[:1]}")
    return {a["lrn"]: a for a in answers}


def blank_labels(source_path, target_path):
    with open(source_path, newline="", encoding="utf-8") as source, open(target_path, "w", newline="", encoding="utf-8") as target:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(target, rows.fieldnames, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, **{label: "" for label in LABELS}})


def scores_of(decisions, account, answers):
    """{lrn: score_ppm}, after proving that each was decided once."""
    found, duplicates = o.assert_once(decisions.kept, {a["mrn"] for a in answers.values()}, account)
    scores = {d["lrn"]: d["score_ppm"] for (d,) in found.values()}
    unscored = [lrn for lrn, score in scores.items() if score is None]
    o.check(not unscored, f"{len(unscored)} decisions without a score, first {unscored[:3]}")
    return scores, duplicates


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--min-precision", type=float, default=0.92)
    parser.add_argument("--min-auc", type=float, default=0.86)
    args = parser.parse_args()
    o.need_stack()
    source = o.data("declarations", "kcs", "valid.csv")
    with open(source, newline="", encoding="utf-8") as file:
        rows = sum(1 for _ in csv.DictReader(file))

    with o.Topic("gl.decisions", o.decision_of, beginning=True) as decisions, tempfile.TemporaryDirectory() as folder:
        answers = submit(source, "kcs")
        o.check(len(answers) == rows, f"{len(answers)} answers for {rows} rows")
        o.flush_pipeline(decisions)
        scores, duplicates_before = scores_of(decisions, "kcs", answers)
        print(f"{rows} rows, {len(scores)} decisions, each with a score")

        scores_path = os.path.join(folder, "scores.csv")
        with open(scores_path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["lrn", "score_ppm"])
            writer.writerows(scores.items())
        judged = subprocess.run([sys.executable, os.path.join(o.ROOT, "training", "risk", "evaluate.py"), scores_path, source,
                                 "--min-precision", str(args.min_precision), "--min-auc", str(args.min_auc)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(judged.stdout.strip())
        o.check(judged.returncode == 0, "the scores are not good enough")

        blanked = os.path.join(folder, "blanked.csv")
        blank_labels(source, blanked)
        blank_answers = submit(blanked, "kcs-blank")
        o.flush_pipeline(decisions)
        blank_scores, _ = scores_of(decisions, "kcs-blank", blank_answers)
        different = [lrn for lrn in scores if scores[lrn] != blank_scores.get(lrn)]
        o.check(not different, f"{len(different)} scores depend on the labels, first {different[:3]}")
        print(f"the same {len(blank_scores)} scores with the label columns blanked")

        again = submit(source, "kcs")
        o.check({lrn: a["mrn"] for lrn, a in again.items()} == {lrn: a["mrn"] for lrn, a in answers.items()}, "MRNs changed")
        o.check(all(a["duplicate"] or a["duplicate_check"] == "pending" for a in again.values()), "a duplicate was not called one")
        o.flush_pipeline(decisions)
        _, duplicates = scores_of(decisions, "kcs", answers)
        print(f"a second submission added no decision ({duplicates - duplicates_before} closed as duplicates by decide)")


if __name__ == "__main__":
    main()
