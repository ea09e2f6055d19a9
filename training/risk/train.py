"""Trains the risk model and writes its golden vectors; `tune` prints what the choices give on splits of the training file by time.

valid.csv and the labels of anything but train.csv are never read here. Target: the column Fraud. One thread and a fixed seed, so the
model file is the same bytes each time.
"""
import csv
import os
import sys

import numpy as np
import xgboost

import evaluate
import features

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL_DIR = os.path.join(HERE, "..", "..", "models", "risk")
DATA = os.path.join(os.environ.get("GREENLANE_DATA", os.path.join(HERE, "..", "..", "..", "shared", "data")), "declarations", "kcs", "train.csv")
SEED = 20201231

# Chosen by `train.sh tune`: see the model card.
TREES = 80
PARAMETERS = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 12, "eta": 0.2, "subsample": 0.9, "min_child_weight": 1,
              "nthread": 1, "seed": SEED}
# A masked copy of every row, at a fifth of the weight, in which each input is missing with probability 0.2: the model learns what to
# make of a declaration that lacks an input, instead of falling to an arbitrary side of each split.
MASK_WEIGHT, MASK_SHARE = 0.2, 0.2


def load(path):
    with open(path, newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    inputs = [{name: row[column] for name, column in features.KCS_COLUMNS.items()} for row in rows]
    return inputs, np.array([int(row["Fraud"]) for row in rows]), np.array([row["Date"] for row in rows])


def matrix(table, inputs):
    return np.stack([features.compute(table, one) for one in inputs])


def mask(table, values, random):
    """A copy in which inputs are missing, and so every feature made of them."""
    masked = values.copy()
    for name in features.INPUTS:
        gone = random.random(len(values)) < MASK_SHARE
        for at, (_, _, sources, _) in enumerate(table):
            if name in sources:
                masked[gone, at] = np.nan
    return masked


def fit(table, values, labels, trees=TREES, mask_weight=MASK_WEIGHT, **changes):
    weights = np.ones(len(labels))
    if mask_weight > 0:
        values = np.concatenate([values, mask(table, values, np.random.default_rng(SEED))])
        labels = np.concatenate([labels, labels])
        weights = np.concatenate([weights, np.full(len(weights), mask_weight)])
    names = [name for name, _, _, _ in table]
    data = xgboost.DMatrix(values, labels, weight=weights, feature_names=names)
    return xgboost.train({**PARAMETERS, **changes}, data, trees)


def measure(booster, table, values, labels):
    scores = booster.predict(xgboost.DMatrix(values, feature_names=[name for name, _, _, _ in table]))
    pairs = list(zip(score_ppm(scores).tolist(), labels.tolist()))
    return evaluate.precision_at(pairs, 0.05), evaluate.auc(pairs)


def score_ppm(probability):
    """As stages/risk/scorer.c: floor(p * 1e6 + 0.5) in double."""
    return np.floor(probability.astype(np.float64) * 1e6 + 0.5).astype(np.int64)


def tune(table):
    inputs, labels, dates = load(DATA)
    values = matrix(table, inputs)
    folds = [(dates < "2020-07", (dates >= "2020-07") & (dates < "2020-10")), (dates < "2020-10", dates >= "2020-10")]
    print("precision@5% / AUC on Q3 (trained on H1), on Q4 (trained on Q1-Q3), model bytes")
    for depth, trees, eta, weight in ((8, 60, 0.2, 0.2), (8, 300, 0.1, 0.2), (10, 60, 0.2, 0.2), (10, 100, 0.2, 0.2), (12, 40, 0.3, 0.2), (12, 60, 0.2, 0),
                                      (12, 60, 0.2, 0.2), (12, 80, 0.2, 0.2), (12, 100, 0.2, 0.2), (14, 60, 0.2, 0.2), (16, 100, 0.1, 0.2)):
        line, size = [], 0
        for train, test in folds:
            booster = fit(table, values[train], labels[train], trees, weight, max_depth=depth, eta=eta)
            line.append("%.3f / %.3f" % measure(booster, table, values[test], labels[test]))
            size = len(booster.save_raw("ubj"))
        print(f"depth {depth:2} trees {trees:3} eta {eta} mask {weight}: {line[0]}   {line[1]}   {size}", flush=True)
    train, test = folds[1]
    booster = fit(table, values[train], labels[train])
    for name in features.INPUTS:
        lacking = values[test].copy()
        for at, (_, _, sources, _) in enumerate(table):
            if name in sources:
                lacking[:, at] = np.nan
        print("Q4 without %s: %.3f / %.3f" % ((name,) + measure(booster, table, lacking, labels[test])), flush=True)
    keys = np.array([tuple(one[name] for name in features.INPUTS) for one in inputs], dtype=object).sum(axis=1)
    repeated = np.isin(keys[test], keys[train])
    for name, which in (("whose inputs all occur earlier", repeated), ("that are new", ~repeated)):
        figures = measure(booster, table, values[test][which], labels[test][which])
        print("Q4 items %s (%d of %d): %.3f / %.3f" % ((name, which.sum(), len(which)) + figures), flush=True)


def unescape(cell):
    if cell == "\\N":
        return None
    out, at = b"", 0
    while at < len(cell):
        if cell.startswith("\\x", at):
            out += bytes([int(cell[at + 2:at + 4], 16)])
            at += 4
        else:
            out += cell[at].encode()
            at += 1
    return out


def write_golden(table, booster, path):
    """One line a case: inputs as written, float bits, probability, score_ppm."""
    lines = ["# Made by training/risk/train.sh from training/risk/golden_inputs.tsv: the inputs, the features' float bits, the probability, score_ppm.\n"]
    with open(os.path.join(HERE, "golden_inputs.tsv"), encoding="utf-8") as source:
        for line in source:
            if line.startswith("#"):
                continue
            cells = line.rstrip("\n").split("\t")
            raw = dict(zip(features.INPUTS, map(unescape, cells[1:])))
            inputs = {n: v if n in features.TEXT_INPUTS or v is None else v.decode() for n, v in raw.items()}
            row = features.compute(table, inputs)
            data = xgboost.DMatrix(row.reshape(1, -1), feature_names=[name for name, _, _, _ in table])
            probability = booster.predict(data)
            lines.append("\t".join(cells + [features.bits(row), "%.9g" % probability[0], str(score_ppm(probability)[0])]) + "\n")
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(lines)


def train(table):
    inputs, labels, _ = load(DATA)
    booster = fit(table, matrix(table, inputs), labels)
    path = os.path.join(MODEL_DIR, "model.ubj")
    with open(path, "wb") as out:
        out.write(booster.save_raw("ubj"))
    write_golden(table, booster, os.path.join(MODEL_DIR, "golden.tsv"))
    print(f"{path}: {os.path.getsize(path)} bytes, {TREES} trees, {len(table)} features, {len(labels)} rows")


if __name__ == "__main__":
    feature_table = features.load_table(os.path.join(MODEL_DIR, "features.tsv"))
    {"tune": tune, "train": train}[sys.argv[1]](feature_table)
