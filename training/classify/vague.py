"""Trains the gate: does a description say what the goods are? Writes models/classify/vague.glv, its golden vectors and its figures.

usage: vague.py [--measure-only]

A logistic regression over the words of a description, their character n-grams (hashed) and its shape. Vague: the UK's list of parcel texts that
nobody could classify. Not vague: its labelled parcel texts without those that are on the list too, and with little weight search terms, the
goods lexicon and names, so that the gate does not take the way that shops write for what goods are. Measured on five parts, near
duplicates together, by models that have not seen the part. stages/classify/vague.c does the same as `features`, `Gate.score` and the file says.
"""
import csv
import hashlib
import os
import struct
import sys

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.sparse.csgraph import connected_components

import golden
from data import data_dir, read_csv
from export import write_if_changed
from features import fnv1a
from text import normalise

sys.path.insert(0, os.path.join(golden.ROOT, "training", "lexicon"))
import check  # noqa: E402

MAGIC, NAME = b"GLVAGU\x00\x01", "vague-1"
BITS, GRAM_MIN, GRAM_MAX, GRAM_WORD_MAX = 16, 2, 5, 32
CAP_BYTES, CAP_COUNT = 64, 16     # of what counts in the shape
FALSE_FLAGS, PARTS, SEED, NEAR = 0.05, 5, 20261130, 0.75
WEIGHT = {"search": 0.05, "lexicon": 0.01}
LEXICON_ROWS = 12000
SIGNS = (b"_", b"-", b",", b"[(", b"/", b'"', b"&")
SHAPE_SCALE = 0.3                 # of a standardised number of the shape: how little its weight is held back


def bucket(data):
    value = fnv1a(data)
    return (value ^ value >> BITS) & ((1 << BITS) - 1)


def words_and_grams(normal):
    """Two lists of buckets."""
    words, grams = [], []
    for word in normal.encode("utf-8").split():
        if word != b"0":
            words.append(bucket(b"\x01" + word))
        marked = b"<" + word[:GRAM_WORD_MAX] + b">"
        grams += [bucket(b"\x02" + marked[i:i + n]) for n in range(GRAM_MIN, GRAM_MAX + 1) for i in range(len(marked) - n + 1)]
    return words, grams


def shape(raw, normal):
    """Numbers that say what a text looks like: of its bytes, then of its words."""
    all_words = normal.encode("utf-8").split()
    words = [word for word in all_words if word != b"0"]
    lengths = [len(word) for word in words] or [0]
    count = max(1, len(words))
    digits = sum(0x30 <= b <= 0x39 for b in raw)
    signs = sum(0x21 <= b <= 0x7E and not bytes([b]).isalnum() for b in raw)
    out = [min(len(raw), CAP_BYTES), min(digits, CAP_COUNT), digits / max(1, len(raw)), min(signs, CAP_COUNT)]
    out += [any(bytes([b]) in raw for b in group) for group in SIGNS]
    out += [min(len(words), CAP_COUNT), min(len(all_words) - len(words), CAP_COUNT), min(lengths[-1], CAP_COUNT), min(max(lengths), CAP_COUNT),
            sum(min(n, CAP_COUNT) for n in lengths) / count, sum(len(word) <= 2 for word in words) / count,
            sum(not set(word) & set(b"aeiouy") for word in words) / count]
    return [float(number) for number in out]


def matrix(rows):
    """`rows`: (raw bytes, normalised). Hashed features (each group over the square root of its size), and the shape."""
    indices, indptr, values = [], [0], []
    for raw, normal in rows:
        for group in words_and_grams(normal):
            indices += group
            values += [1 / np.sqrt(max(1, len(group)))] * len(group)
        indptr.append(len(indices))
    hashed = sp.csr_matrix((values, indices, indptr), shape=(len(rows), 1 << BITS))
    hashed.sum_duplicates()
    return hashed, np.array([shape(raw, normal) for raw, normal in rows])


class Gate:
    """What ships: weights of the buckets in 8 bits with one scale, of the shape as they are."""

    def __init__(self, buckets, shape_weights, bias):
        self.scale = np.float32(np.abs(buckets).max() / 127)
        self.buckets = np.rint(buckets / self.scale).astype(np.int8)
        self.shape = shape_weights.astype(np.float32)
        self.bias, self.threshold_ppm = np.float32(bias), 0

    def scores(self, hashed, shapes):
        """Log odds."""
        return hashed @ (self.buckets * np.float64(self.scale)) + shapes @ self.shape.astype(np.float64) + np.float64(self.bias)

    def to_bytes(self):
        header = MAGIC + struct.pack("<IIIIIIff", BITS, len(self.shape), GRAM_MIN, GRAM_MAX, GRAM_WORD_MAX, self.threshold_ppm, self.scale, self.bias)
        header += NAME.encode().ljust(16, b"\0")
        body = header + self.shape.astype("<f4").tobytes() + self.buckets.tobytes()
        return body + hashlib.sha256(body).digest()


def share(score):
    return 1 / (1 + np.exp(-score))


def fit(hashed, shapes, vague, weights):
    """Least weighted log loss + half the squares of the weights; the bias is free."""
    mean, deviation = shapes.mean(axis=0), shapes.std(axis=0) + 1e-9
    x = sp.hstack([hashed, sp.csr_matrix((shapes - mean) / deviation * SHAPE_SCALE)]).tocsr()
    sign = np.where(vague, 1.0, -1.0)

    def loss(w):
        margin = sign * (x @ w[:-1] + w[-1])
        pull = weights * sign * -share(-margin)
        return ((weights * np.logaddexp(0, -margin)).sum() + 0.5 * (w[:-1] @ w[:-1]), np.r_[x.T @ pull + w[:-1], pull.sum()])

    w = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    shape_weights = w[1 << BITS:-1] / deviation * SHAPE_SCALE
    return Gate(w[:1 << BITS], shape_weights, w[-1] - shape_weights @ mean)


# ---- rows ----

def listed():
    """The UK's parcel texts that nobody could classify."""
    with open(os.path.join(data_dir(), "fpo_vague_terms.csv"), newline="", encoding="utf-8") as file:
        return [row[0] for row in csv.reader(file) if row]


class Rows:
    """Distinct normalised texts: `rows` (raw bytes, normalised), `kinds`: vague, parcels, search, lexicon."""

    def __init__(self):
        self.rows, self.kinds, seen = [], [], set()
        self.left_out = 0
        labelled = read_csv("labelled.csv")
        terms = sorted({term for line in check.read() for term in line.terms})
        picked = np.random.default_rng(SEED).permutation(len(terms))[:LEXICON_ROWS]
        for kind, texts in (("vague", listed()), ("parcels", [r["description"] for r in labelled if r["source"] == "uk_fpo_extra_references"]),
                            ("search", [r["description"] for r in labelled if r["source"] == "uk_search_references"]),
                            ("lexicon", [terms[i] for i in picked])):
            vague = {normal for _, normal in self.rows} if kind == "parcels" else set()
            for text in texts:
                raw = text.encode("utf-8")
                normal = normalise(raw)
                self.left_out += normal in vague
                if normal and normal not in seen:
                    seen.add(normal)
                    self.rows.append((raw, normal))
                    self.kinds.append(kind)
        self.kinds = np.array(self.kinds)

    def parts(self):
        """The part of each row; rows whose trigrams are much the same are in one."""
        known, row, column = {}, [], []
        for at, (_, normal) in enumerate(self.rows):
            marked = f"^{normal}$"
            for gram in {marked[i:i + 3] for i in range(len(marked) - 2)}:
                row.append(at)
                column.append(known.setdefault(gram, len(known)))
        grams = sp.csr_matrix((np.ones(len(row), np.float32), (row, column)))
        grams = sp.diags(1 / np.sqrt(np.asarray(grams.sum(axis=1)).ravel())) @ grams
        near = []
        for at in range(0, grams.shape[0], 500):
            alike = (grams[at:at + 500] @ grams.T).tocoo()
            pick = alike.data >= NEAR
            near.append(np.c_[alike.row[pick] + at, alike.col[pick]])
        near = np.concatenate(near)
        count, group = connected_components(sp.coo_matrix((np.ones(len(near)), near.T), shape=(len(self.rows),) * 2), directed=False)
        return np.random.default_rng(SEED).integers(0, PARTS, count)[group]

    def weights(self, pick):
        kinds = self.kinds[pick]
        vague, parcels = (kinds == "vague").sum(), (kinds == "parcels").sum()
        return np.select([kinds == "vague", kinds == "parcels"] + [kinds == k for k in WEIGHT], [1.0, vague / parcels] + list(WEIGHT.values()))


class Words:
    """The rules of models/classify/vague.txt, as stages/classify/gate.c has them: that list goes first."""

    def __init__(self):
        self.kind, self.goods, section = {}, set(), None
        with open(os.path.join(golden.ROOT, "models", "classify", "vague.txt"), encoding="utf-8") as file:
            for line in file:
                line = line.strip()
                if line.startswith("["):
                    section = line[1:-1]
                elif section == "goods" and line:
                    self.goods.add(normalise(line.encode()))
                elif line and not line.startswith("#"):
                    self.kind.update((word, section) for word in normalise(line.encode()).split())

    def flags(self, normal):
        words = [word for word in normal.split() if word != "0" and self.kind.get(word) != "fillers"]
        kinds = {self.kind.get(word) for word in words}
        return (kinds <= {"hollow", "materials"} or kinds <= {"hollow", "alone"}) and " ".join(words) not in self.goods


# ---- figures ----

def out_of_part(rows, parts, hashed, shapes):
    scores = np.zeros(len(parts))
    for part in range(PARTS):
        seen = parts != part
        gate = fit(hashed[seen], shapes[seen], rows.kinds[seen] == "vague", rows.weights(seen))
        scores[~seen] = gate.scores(hashed[~seen], shapes[~seen])
    return scores


def found(scores, rows, parts, false_flags):
    """(share of vague texts found, half of the 95 % interval of the mean over the parts), when so many parcel texts are flagged in each."""
    shares = [(scores[(parts == part) & (rows.kinds == "vague")] >
               np.quantile(scores[(parts == part) & (rows.kinds == "parcels")], 1 - false_flags)).mean() for part in range(PARTS)]
    return 100 * np.mean(shares), 100 * 1.96 * np.std(shares, ddof=1) / np.sqrt(PARTS)


def figures(rows, parts, scores, listed, cut):
    both = np.where(listed, np.inf, scores)
    vague, parcels = rows.kinds == "vague", rows.kinds == "parcels"
    lines = ["| labelled parcel texts flagged | list and gate find | gate alone finds |", "|---|---|---|"]
    for false_flags in (0.01, 0.02, FALSE_FLAGS, 0.1):
        lines.append(f"| {100 * false_flags:.0f} % | {'%.1f ± %.1f %%' % found(both, rows, parts, false_flags)} "
                     f"| {'%.1f ± %.1f %%' % found(scores, rows, parts, false_flags)} |")
    flagged = both > cut
    lines += ["", f"{vague.sum()} vague texts, {parcels.sum()} labelled ones ({rows.left_out} rows that are on the list of vague texts too are left out). The list alone finds "
              f"{100 * listed[vague].mean():.1f} % and flags {100 * listed[parcels].mean():.1f} %. At the threshold that ships ({share(cut):.4f}) list and gate find "
              f"{100 * flagged[vague].mean():.1f} %, and flag {100 * flagged[parcels].mean():.1f} % of the labelled parcel texts, {100 * flagged[rows.kinds == 'search'].mean():.1f} % of the search "
              f"terms and {100 * flagged[rows.kinds == 'lexicon'].mean():.1f} % of the terms and names of the lexicon."]
    return "\n".join(lines)


def write_golden(gate):
    rows = [(golden.raw(text), normalise(golden.raw(text))) for text in golden.PLAIN + [t for repeat, t in golden.HARD if repeat == 1]]
    scores = share(gate.scores(*matrix(rows)))
    with open(os.path.join(golden.ROOT, "stages", "classify", "golden_vague.tsv"), "w", encoding="ascii") as file:
        file.write("# Written by training/classify/vague.py: text, then how vague it is.\n")
        file.writelines(f"{golden.escape(raw)}\t{score:.9f}\n" for (raw, normal), score in zip(rows, scores) if normal)


def update_card(text):
    path = os.path.join(golden.ROOT, "models", "classify", "README.md")
    begin, end = "<!-- figures of the gate -->\n", "<!-- end of figures of the gate -->"
    with open(path, encoding="utf-8") as file:
        head, rest = file.read().split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + begin + text + "\n" + end + rest.split(end)[1])


def main():
    rows, words = Rows(), Words()
    parts = rows.parts()
    hashed, shapes = matrix(rows.rows)
    scores = out_of_part(rows, parts, hashed, shapes)
    listed = np.array([words.flags(normal) for _, normal in rows.rows])
    cut = float(np.quantile(np.where(listed, np.inf, scores)[rows.kinds == "parcels"], 1 - FALSE_FLAGS, method="lower"))
    seen = figures(rows, parts, scores, listed, cut)
    print(seen)
    if sys.argv[1:] == ["--measure-only"]:
        return
    gate = fit(hashed, shapes, rows.kinds == "vague", rows.weights(np.ones(len(parts), bool)))
    gate.threshold_ppm = int(round(share(cut) * 1e6))
    write_if_changed(os.path.join(golden.ROOT, "models", "classify", "vague.glv"), gate.to_bytes())
    write_golden(gate)
    update_card(seen)


if __name__ == "__main__":
    main()
