"""How a model is made of rows, and what models that have not seen a row say of it.

`out_of_fold` trains a model for each part of the labelled rows, without that part, and keeps what they say under the build folder, by a
digest of data and code: figures and calibration come from there, and are made again in seconds.
"""
import hashlib
import os
import time
from dataclasses import dataclass

import numpy as np

import cues
from data import DECLARED, WEIGHT, data_dir, shares
from export import Quantised, shipped
from features import WORD, choose, fnv1a, matrix
from fit import Model, balanced, fit
from meaning import vectors

HERE = os.path.dirname(os.path.abspath(__file__))
SEED, FOLD_SEED, FOLDS = 20220101, 20261130, 5
WIDTH, FIXED_WIDTH, EPOCHS, GRAM_LEAST = 128, 96, 5, 4
# What the models of the folds follow from, beside the data.
CODE = ("cues.py", "data.py", "export.py", "features.py", "fit.py", "meaning.py", "recipe.py", "requirements.txt", "text.py")


def log(message):
    print(f"[{time.strftime('%H:%M:%S')}] {message}", flush=True)


def cache_dir():
    root = os.environ.get("GREENLANE_BUILD", os.path.join(HERE, "..", "..", "build"))
    path = os.path.join(root, "eval-classify")
    os.makedirs(path, exist_ok=True)
    return path


def digest():
    """Of data and code: 16 hexadecimal digits."""
    lexicon = os.path.join(HERE, "..", "lexicon")
    paths = [os.path.join(HERE, name) for name in CODE]
    paths += [os.path.join(lexicon, name) for name in sorted(os.listdir(lexicon)) if name.endswith((".tsv", ".py"))]
    paths += [os.path.join(data_dir(), name) for name in ("labelled.csv", "nomenclature.csv")]
    whole = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            whole.update(hashlib.sha256(file.read()).digest())
    return whole.hexdigest()[:16]


def kept(name, make):
    """make(), a dictionary of arrays, or what it was when it was kept under this name."""
    path = os.path.join(cache_dir(), name + ".npz")
    if not os.path.exists(path):
        np.savez(path + ".new.npz", **make())
        os.replace(path + ".new.npz", path)
    with np.load(path) as file:
        return dict(file)


def meanings(rows):
    """(hashes, vectors) of the words of all rows and of the encoder's own."""
    all_words = {word for text in rows.texts for word in text.split(" ") if word}
    name = hashlib.sha256(" ".join(sorted(all_words)).encode() + b"%d" % FIXED_WIDTH).hexdigest()[:16]

    def make():
        words, seen = vectors(all_words, FIXED_WIDTH)
        hashes = np.array([fnv1a(WORD + word.encode("utf-8")) for word in words], dtype=np.uint32)
        hashes, first = np.unique(hashes, return_index=True)
        return {"hashes": hashes, "seen": seen[first]}

    meaning = kept("meanings-" + name, make)
    return meaning["hashes"], meaning["seen"]


def with_meanings(vocabulary, meaning):
    """(vocabulary with the words that have a meaning, the fixed part of each, was it there before?)"""
    hashes, seen = meaning
    wider = np.union1d(vocabulary, hashes)
    fixed = np.zeros((len(wider), FIXED_WIDTH), np.float32)
    fixed[np.searchsorted(wider, hashes)] = seen
    return wider, fixed, np.isin(wider, vocabulary)


def train(rows, index, meaning):
    """A model of the rows with these indices (which include every legal text), as it would ship."""
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
    model = fit(x, labels, weights, rows.codes, legal, WIDTH, SEED, fixed, trained, epochs=EPOCHS,
                progress=lambda epoch, loss, seconds: log(f"epoch {epoch + 1}: subheading loss {loss:.3f}, {seconds:.0f} s"))
    return Quantised(vocabulary, balanced(model, WIDTH), rows.codes, cues.fitted(texts, labels, np.array([kind == DECLARED for kind in kinds]), shipped(rows.codes)))


def whole(rows):
    """The model of all rows."""
    def make():
        return train(rows, list(range(len(rows.texts))), meanings(rows)).arrays()

    return Quantised.of(rows.codes, kept("whole-" + digest(), make))


@dataclass
class OutOfFold:
    """What models say of labelled rows whose families they have not seen."""
    rows: np.ndarray     # indices into Rows
    fold: np.ndarray     # the part of each
    logits: np.ndarray   # rows x codes
    words: np.ndarray    # words of the text
    labels: np.ndarray
    kinds: np.ndarray
    sources: np.ndarray
    codes: list          # of the columns of `logits`


def fold(rows, meaning, part, name):
    """What a model that has not seen the rows of `part` says of them."""
    def make():
        held = set(part)
        model = train(rows, [i for i in range(len(rows.texts)) if i not in held], meaning)
        texts = [rows.texts[i] for i in part]
        logits = (model.dense(Model).logits(matrix(texts, model.vocabulary)[1]) + model.cues.scores(texts)).astype(np.float32)
        return {"rows": np.array(part), "logits": logits, "words": np.array([len(text.split(" ")) for text in texts])}

    return kept(name, make)


def out_of_fold(rows):
    meaning, name = meanings(rows), digest()
    seen = []
    for at, part in enumerate(rows.folds(FOLD_SEED, FOLDS)):
        log(f"fold {at + 1} of {FOLDS}: {len(part)} rows held out")
        seen.append(fold(rows, meaning, part, f"fold-{name}-{at + 1}"))
    every = {key: np.concatenate([s[key] for s in seen]) for key in ("rows", "logits", "words")}
    part_of = np.concatenate([np.full(len(s["rows"]), at) for at, s in enumerate(seen)])
    return OutOfFold(fold=part_of, labels=np.array(rows.labels)[every["rows"]], kinds=np.array(rows.kinds)[every["rows"]],
                     sources=np.array(rows.sources)[every["rows"]], codes=rows.codes[:every["logits"].shape[1]], **every)
