"""How good the classifier is: ./dev eval-classify. Prints the figures of the model card and, with --write, puts them there with the curve.

Every labelled row is answered by a model that has seen neither it nor its family (recipe.py). Calibration that is judged on a source has not
seen that source (calibrate.py). The gate's figures are those of vague.py, which has a part of the card of its own.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

import baselines
import calibrate
import figures
import vague
from data import WEIGHT, Rows, read_csv, shares
from figures import Seen, measured, percent, table
from golden import ROOT
from recipe import SEED, log, out_of_fold
from text import normalise

CARD = os.path.join(ROOT, "models", "classify", "README.md")
CURVE = os.path.join(ROOT, "models", "classify", "curve.svg")
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
BASELINE_FOLD = 0


def program(name):
    """The path of a built program, or None."""
    path = os.path.join(os.environ.get("GREENLANE_BUILD", os.path.join(ROOT, "build")), "bin", name)
    return path if os.path.exists(path) else None


def compared(rows, out, seen):
    """The same rows answered by simple classifiers that learnt from the same rows: one fold."""
    held = set(out.rows[out.fold == BASELINE_FOLD])
    index = [i for i in range(len(rows.texts)) if i not in held]
    asked = [rows.texts[i] for i in out.rows[out.fold == BASELINE_FOLD]]
    texts, kinds = [rows.texts[i] for i in index], [rows.kinds[i] for i in index]
    labels = np.array([rows.labels[i] for i in index])
    weights = np.array([WEIGHT[kind] for kind in kinds]) * np.array(shares(texts, kinds))
    part = {"nearest neighbours by TF-IDF": baselines.neighbours(texts, labels, weights, asked, len(rows.codes)),
            "fastText": baselines.fasttext(texts, labels, asked, SEED)}
    own = out.fold == BASELINE_FOLD
    lines = []
    for name, best in part.items():
        if best is None:
            log(f"{name}: not installed, not compared")
            continue
        right, top3 = best[:, 0] == seen.labels[own], (best == seen.labels[own][:, None]).any(axis=1)
        lines.append((name, right, top3))
    lines.append(("**hs6.glm**", seen.right[own], seen.top3[own]))
    kinds = seen.kinds[own]
    head = [f"{kind}, {top}" for kind in figures.KINDS for top in ("top 1", "top 3")]
    cells = [[f(flags[kinds == kind]) for kind in figures.KINDS for f, flags in ((measured, right), (percent, top3))] for _, right, top3 in lines]
    return table(("the same rows", *head), [(name, *row) for (name, _, _), row in zip(lines, cells)])


def speed():
    bench = program("bench_classify")
    if bench is None:
        return ["Speed was not measured: build bench_classify."]
    texts = sorted({row["description"] for row in read_csv("labelled.csv") if row["source"].startswith("uk_fpo")})
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(" ".join(text.split()) + "\n" for text in texts)
        file.flush()
        lines = subprocess.run([bench, file.name, "2"], stdout=subprocess.PIPE, text=True, check=True).stdout.rstrip("\n").splitlines()
    return [f"Speed of one thread, at a load average of {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: " + lines[0], *lines[1:]]


def write_card(text):
    with open(CARD, encoding="utf-8") as file:
        card = file.read()
    head, rest = card.split(BEGIN)
    with open(CARD, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + text + "\n" + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the figures and the curve into models/classify")
    args = parser.parse_args()
    rows = Rows()
    out = out_of_fold(rows)
    settings = calibrate.settings(out)
    seen = Seen(rows.codes[:out.logits.shape[1]], out.labels, out.kinds, out.sources, settings.shares(out.logits, out.words), settings.ceilings_of(out.words))
    known_vague = {normalise(text.encode("utf-8")) for text in vague.listed()}
    told = np.array([rows.texts[i] not in known_vague for i in out.rows]) & (seen.kinds == "parcels")
    parts = [figures.accuracy(seen, settings.cut, [("parcels that are not on the list of vague texts, too", told)]), figures.coverage(seen), ["![how many are right of the most confident](curve.svg)"], figures.calibration(seen),
             calibrate.left_out(out), figures.chapters(seen), compared(rows, out, seen), speed(), settings.describe()]
    text = "\n\n".join("\n".join(part) for part in parts)
    print(text, flush=True)
    subprocess.run([sys.executable, "-B", os.path.join(ROOT, "training", "classify", "vague.py"), "--measure-only"], check=True)
    if args.write:
        write_card(text)
        with open(CURVE, "w", encoding="utf-8") as file:
            file.write(figures.curve(seen))


if __name__ == "__main__":
    main()
