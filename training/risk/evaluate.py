#!/usr/bin/env python3
"""Precision in the top 5 % of scores and AUC of scored declarations against the labels of a KCS file. Needs nothing but Python.

usage: evaluate.py SCORES.csv KCS.csv [--json] [--min-precision P] [--min-auc A]

SCORES.csv has the columns lrn and score_ppm (others are ignored); lrn is the KCS file's Declaration ID (or any column named by
--id-column). Every row of the KCS file needs exactly one score: a missing, null or second one is an error, not a row less.
Ties at the edge of the top 5 % count by their mean label, so the order of the file cannot change the figure.
"""
import argparse
import csv
import json
import sys


def read_scores(path):
    scores = {}
    with open(path, newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            if row["lrn"] in scores:
                raise SystemExit(f"{path}: {row['lrn']} has two scores")
            scores[row["lrn"]] = None if row["score_ppm"] in ("", "null") else int(row["score_ppm"])
    return scores


def read_labels(path, id_column):
    with open(path, newline="", encoding="utf-8") as source:
        return {row[id_column]: int(row["Fraud"]) for row in csv.DictReader(source)}


def precision_at(pairs, share):
    """Precision in the top `share` of (score, label) pairs; ties at the edge by their mean."""
    count = int(len(pairs) * share)
    ordered = sorted(pairs, key=lambda p: -p[0])
    edge = ordered[count - 1][0]
    above = [label for score, label in ordered if score > edge]
    at = [label for score, label in ordered if score == edge]
    return (sum(above) + (count - len(above)) * sum(at) / len(at)) / count


def auc(pairs):
    """Mann-Whitney with mean ranks for ties."""
    ordered = sorted(pairs)
    ranks, start = 0.0, 0
    positives = sum(label for _, label in ordered)
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        mean_rank = (start + 1 + end) / 2
        ranks += mean_rank * sum(label for _, label in ordered[start:end])
        start = end
    negatives = len(ordered) - positives
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores")
    parser.add_argument("kcs")
    parser.add_argument("--id-column", default="Declaration ID")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--min-precision", type=float, default=0.0)
    parser.add_argument("--min-auc", type=float, default=0.0)
    args = parser.parse_args()
    scores, labels = read_scores(args.scores), read_labels(args.kcs, args.id_column)
    unscored = [i for i in labels if scores.get(i) is None]
    unknown = [i for i in scores if i not in labels]
    if unscored or unknown:
        raise SystemExit(f"{len(unscored)} rows without a score (first: {unscored[:3]}), {len(unknown)} scores without a row (first: {unknown[:3]})")
    pairs = [(scores[i], label) for i, label in labels.items()]
    result = {"rows": len(pairs), "precision_at_5_percent": round(precision_at(pairs, 0.05), 4), "auc": round(auc(pairs), 4)}
    print(json.dumps(result) if args.json else "rows {rows}  precision@5% {precision_at_5_percent}  AUC {auc}".format(**result))
    return 0 if result["precision_at_5_percent"] >= args.min_precision and result["auc"] >= args.min_auc else 1


if __name__ == "__main__":
    sys.exit(main())
