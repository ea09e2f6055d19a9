"""Trains the HS6 classifier, measures it on rows it has not seen, and writes what ships.

1. Fit on the training part; quantise; fit temperature and abstention threshold on the validation part; print the figures.
2. Fit again on all rows with the same settings; that model, with the temperature and threshold of step 1, is models/classify/hs6.glm.
3. Golden vectors of the shipped model: stages/classify/golden_model.tsv. The figures go into models/classify/README.md.
"""
import argparse
import os
import time
from collections import Counter

import numpy as np
from scipy.optimize import minimize_scalar

import golden
from data import WEIGHT, Rows, shares
from export import Quantised, write_if_changed
from features import WORD, choose, fnv1a, matrix
from fit import Model, balanced, fit, softmax
from meaning import vectors
from text import normalise

ROOT = golden.ROOT
NAME = "hs6-2"
SEED = 20220101
HELD_OUT = 0.15
WIDTH, FIXED_WIDTH, EPOCHS, GRAM_LEAST = 128, 96, 5, 3
TARGET_PRECISION = 0.70
KINDS = ("parcels", "search", "rulings")


def log(message):
    print(f"[{time.strftime('%H:%M:%S')}] {message}", flush=True)


def meanings(rows):
    """(hashes, vectors) of the words of all rows and of the encoder's own."""
    words, seen = vectors({word for text in rows.texts for word in text.split(" ") if word}, FIXED_WIDTH)
    hashes = np.array([fnv1a(WORD + word.encode("utf-8")) for word in words], dtype=np.uint32)
    hashes, first = np.unique(hashes, return_index=True)
    return hashes, seen[first]


def with_meanings(vocabulary, meaning):
    """(vocabulary with the words that have a meaning, the fixed part of each, was it there before?)"""
    hashes, seen = meaning
    wider = np.union1d(vocabulary, hashes)
    fixed = np.zeros((len(wider), FIXED_WIDTH), np.float32)
    fixed[np.searchsorted(wider, hashes)] = seen
    return wider, fixed, np.isin(wider, vocabulary)


def train(rows, index, epochs, meaning):
    """A model of the rows with these indices (which include every legal text): (vocabulary, Model)."""
    texts = [rows.texts[i] for i in index]
    labels = np.array([rows.labels[i] for i in index])
    kinds = [rows.kinds[i] for i in index]
    weights = np.array([WEIGHT[kind] for kind in kinds]) * np.array(shares(texts, kinds))
    legal = np.zeros(len(rows.codes), int)
    for at, i in enumerate(index):
        if rows.kinds[i] == "hs":
            legal[rows.labels[i]] = at
    vocabulary, fixed, trained = with_meanings(choose(texts, GRAM_LEAST), meaning)
    vocabulary, x = matrix(texts, vocabulary)
    log(f"{len(texts)} rows, {len(vocabulary)} features, {x.nnz / len(texts):.0f} a row")
    model = fit(x, labels, weights, rows.codes, legal, WIDTH, SEED, fixed, trained, epochs=epochs,
                progress=lambda epoch, loss, seconds, model: log(f"epoch {epoch + 1}: subheading loss {loss:.3f}, {seconds:.0f} s"))
    return vocabulary, balanced(model, WIDTH)


def calibrate(logits, labels):
    """The temperature of least log loss, and the confidence of the best answer at it."""
    rows = np.arange(len(labels))

    def loss(log_t):
        return -np.log(softmax(logits / np.exp(log_t))[rows, labels] + 1e-12).mean()

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2, 3), method="bounded").x))
    return temperature, softmax(logits / temperature)


def threshold(confidence, right, target):
    """The lowest confidence such that the answers at or above it are right as often as `target`."""
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(precision >= target)
    return float(confidence[order[good[-1]]]) if len(good) else 1.0


def interval(share, count):
    """Half width of the 95 % interval, in points."""
    return 100 * 1.96 * np.sqrt(share * (1 - share) / max(count, 1))


def figures(rows, held_out, p, cut):
    """Markdown: what was seen on the validation part."""
    labels = np.array([rows.labels[i] for i in held_out])
    kinds = np.array([rows.kinds[i] for i in held_out])
    codes = np.array(rows.codes)
    order = np.argsort(-p, axis=1, kind="stable")[:, :3]
    best, confidence = order[:, 0], p.max(axis=1)
    right = best == labels
    head4 = np.array([codes[a][:4] == codes[b][:4] for a, b in zip(best, labels)])
    head2 = np.array([codes[a][:2] == codes[b][:2] for a, b in zip(best, labels)])
    top3 = (order == labels[:, None]).any(axis=1)
    lines = ["| validation rows | count | top 1 | top 3 | heading | chapter | answered | right of those |", "|---|---|---|---|---|---|---|---|"]
    for kind in KINDS + ("all",):
        m = np.ones(len(kinds), bool) if kind == "all" else kinds == kind
        answered = m & (confidence >= cut)
        lines.append(f"| {kind} | {m.sum()} | {100 * right[m].mean():.1f} ± {interval(right[m].mean(), m.sum()):.1f} % | {100 * top3[m].mean():.1f} % "
                     f"| {100 * head4[m].mean():.1f} % | {100 * head2[m].mean():.1f} % | {100 * answered.sum() / m.sum():.1f} % "
                     f"| {100 * right[answered].mean():.1f} % |")
    lines += ["", "| most confident | right | lowest confidence |", "|---|---|---|"]
    by = np.argsort(-confidence, kind="stable")
    for share in (0.1, 0.25, 0.5, 0.75, 1.0):
        take = by[:max(1, int(share * len(by)))]
        lines.append(f"| {100 * share:.0f} % | {100 * right[take].mean():.1f} % | {confidence[take[-1]]:.3f} |")
    lines += ["", "| confidence | rows | mean confidence | right |", "|---|---|---|---|"]
    for lo, hi in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.01)):
        m = (confidence >= lo) & (confidence < hi)
        if m.any():
            lines.append(f"| {lo:.1f} to {min(hi, 1):.1f} | {m.sum()} | {confidence[m].mean():.3f} | {right[m].mean():.3f} |")
    return "\n".join(lines)


def update_card(text):
    path = os.path.join(ROOT, "models", "classify", "README.md")
    begin, end = "<!-- figures -->\n", "<!-- end of figures -->"
    with open(path, encoding="utf-8") as file:
        card = file.read()
    head, rest = card.split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + begin + text + "\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure-only", action="store_true", help="stop after the figures; write nothing")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    rows = Rows()
    log(f"rows: {dict(Counter(rows.kinds))}; left out (code not in HS 2022, or no text): {dict(rows.left_out)}")
    held_out = rows.split(SEED, HELD_OUT)
    held = set(held_out)
    meaning = meanings(rows)
    log(f"{len(meaning[0])} words have a meaning")
    vocabulary, model = train(rows, [i for i in range(len(rows.texts)) if i not in held], args.epochs, meaning)
    dense = Quantised(vocabulary, model, rows.codes).dense(Model)
    x = matrix([rows.texts[i] for i in held_out], vocabulary)[1]
    labels = np.array([rows.labels[i] for i in held_out])
    temperature, p = calibrate(dense.logits(x), labels)
    right = p.argmax(axis=1) == labels
    cut = threshold(p.max(axis=1), right, TARGET_PRECISION)
    seen = figures(rows, held_out, p, cut) + f"\n\nTemperature {temperature:.3f}, abstention below {cut:.4f} (answers at least {100 * TARGET_PRECISION:.0f} % right)."
    print(seen, flush=True)
    if args.measure_only:
        return
    vocabulary, model = train(rows, list(range(len(rows.texts))), args.epochs, meaning)
    shipped = Quantised(vocabulary, model, rows.codes)
    shipped.temperature, shipped.abstain_ppm = np.float32(temperature), int(round(cut * 1e6))
    data = shipped.to_bytes(NAME)
    write_if_changed(os.path.join(ROOT, "models", "classify", "hs6.glm"), data)
    log(f"models/classify/hs6.glm: {len(data)} bytes")
    golden.write_model_vectors(lambda raw: shipped.classify(normalise(raw)))
    golden.write_text_vectors()
    update_card(seen)


if __name__ == "__main__":
    main()
