"""Training rows: what $GREENLANE_DATA/descriptions and the goods lexicon say, normalised, with their weights.

Always holds: a code is one of the subheadings of HS 2022; rows with other codes (older editions) are left out and counted.
"""
import csv
import os
import random
import sys
from collections import Counter, defaultdict

import numpy as np

from text import normalise

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lexicon"))
import check  # noqa: E402

KIND = {"uk_fpo_extra_references": "parcels", "uk_fpo_brands": "parcels", "uk_search_references": "search", "us_cross_rulings": "rulings",
        "eu_bti_rulings_en": "rulings", "eu_bti_rulings_multi": "rulings", "uk_atar_rulings": "rulings",
        "hs2022": "hs", "uk_cn_2020": "cn", "us_hts_2026": "us"}
# How often a row is drawn in an epoch, on average.
WEIGHT = {"parcels": 6.0, "search": 4.0, "lexicon": 1.0, "names": 0.7, "rulings": 2.0, "hs": 1.0, "cn": 0.5, "us": 0.15}
# "Commodities not specified according to kind" of trade statistics: in the nomenclature file, last, but no code of the Harmonized System.
# It takes part in training and is left out of what ships.
NOT_A_CODE = "999999"
LABELLED = ("parcels", "search", "rulings")


def data_dir():
    root = os.environ.get("GREENLANE_DATA", os.path.join(HERE, "..", "..", "..", "shared", "data"))
    return os.path.join(root, "descriptions")


def read_csv(name):
    with open(os.path.join(data_dir(), name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_lexicon():
    """(source, term, code): each term and its other spellings, names apart from nouns; one with several codes comes with each."""
    return sorted({("names" if line.where.startswith("brands") else "lexicon", term, line.code) for line in check.read() for term in line.terms})


def shares(texts, kinds):
    """How much of its kind's weight each row has: terms of the lexicon with several codes share it."""
    own = ("lexicon", "names")
    codes = Counter(text for text, kind in zip(texts, kinds) if kind in own)
    return [1 / codes[text] if kind in own else 1.0 for text, kind in zip(texts, kinds)]


def singular(word):
    """An English plural's singular, roughly; other words as they are."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def family(text):
    """What a text has in common with its near duplicates: its words in any order and number."""
    return " ".join(sorted({singular(word) for word in text.split(" ")}))


class Rows:
    """texts, kinds, sources, labels (index into codes); `codes` sorted."""

    def __init__(self):
        nomenclature = read_csv("nomenclature.csv")
        self.codes = sorted({row["hs6"] for row in nomenclature if row["source"] == "hs2022"})
        index = {code: i for i, code in enumerate(self.codes)}
        self.texts, self.kinds, self.sources, self.labels = [], [], [], []
        self.left_out = Counter()
        lexicon = read_lexicon()
        unknown = sorted({code for _, _, code in lexicon} - set(self.codes))
        if unknown:
            raise SystemExit(f"lexicon: not in HS 2022: {' '.join(unknown)}")
        labelled = [(row["source"], row["description"], row["hs6"]) for row in nomenclature + read_csv("labelled.csv")]
        for source, text, code in labelled + lexicon:
            text = normalise(text.encode("utf-8"))
            if code not in index or text in ("", "other"):
                self.left_out[source] += 1
                continue
            self.texts.append(text)
            self.kinds.append(KIND.get(source, source))
            self.sources.append(source)
            self.labels.append(index[code])

    def chapter_mix(self):
        """The share of each chapter of `codes` in the labelled rows, as they are weighed; one draw more for each, so that none is 0."""
        chapters = sorted({code[:2] for code in self.codes if code != NOT_A_CODE})
        seen = Counter(dict.fromkeys(chapters, 1.0))
        for kind, label in zip(self.kinds, self.labels):
            if kind in LABELLED:
                seen[self.codes[label][:2]] += WEIGHT[kind]
        total = sum(seen[chapter] for chapter in chapters)
        return np.array([seen[chapter] / total for chapter in chapters], np.float32)

    def folds(self, seed, count):
        """The rows of labelled.csv in `count` parts of much the same size, as lists of indices; a family is in one part."""
        groups = defaultdict(list)
        for i, kind in enumerate(self.kinds):
            if kind in LABELLED:
                groups[family(self.texts[i])].append(i)
        keys = sorted(groups)
        random.Random(seed).shuffle(keys)
        return [sorted(i for key in keys[part::count] for i in groups[key]) for part in range(count)]
