"""Training rows: what $GREENLANE_DATA/descriptions and the goods lexicon say, normalised, with their weights.

Always holds: a code is one of the subheadings of HS 2022; rows with other codes (older editions) are left out and counted.
"""
import csv
import os
import random
import re
import sys
from collections import Counter, defaultdict

import numpy as np

from features import singular
from text import normalise

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lexicon"))
import check  # noqa: E402

KIND = {"uk_fpo_extra_references": "parcels", "uk_fpo_brands": "parcels", "uk_search_references": "search", "us_cross_rulings": "rulings",
        "eu_bti_rulings_en": "rulings", "eu_bti_rulings_multi": "rulings", "uk_atar_rulings": "rulings",
        "hs2022": "hs", "uk_cn_2020": "cn", "us_hts_2026": "us"}
# How often a row is drawn in an epoch, on average.
WEIGHT = {"parcels": 8.0, "search": 5.0, "lexicon": 1.0, "names": 0.7, "titles": 1.0, "decided": 0.5, "rulings": 2.0, "hs": 1.0, "cn": 0.5, "us": 0.15}
# "Commodities not specified according to kind" of trade statistics: in the nomenclature file, last, but no code of the Harmonized System.
# It takes part in training and is left out of what ships.
NOT_A_CODE = "999999"
OWN = {"brands": "names", "titles": "titles"}     # files of the lexicon that are no chapter's
# Of a value of what decides: not said as it is; and what is said behind a term, with what before it.
UNSAID = ("other", "not", "up to", "over", "under", "more", "less")
BEHIND = {"for": "for ", "use": "for ", "kind": ""}
DECLARED = "parcels"    # rows that are what somebody declared
LABELLED = ("parcels", "search", "rulings")


def data_dir():
    root = os.environ.get("GREENLANE_DATA", os.path.join(HERE, "..", "..", "..", "shared", "data"))
    return os.path.join(root, "descriptions")


def read_csv(name):
    with open(os.path.join(data_dir(), name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def decided(line):
    """What decides, said with the term: "cotton t-shirt", "t-shirt for women"; all that does together, too."""
    said = {}
    for name, value in line.decides.items():
        values = [part.strip() for part in re.split(r" or |, | and ", value)]
        said[name] = [part for part in values if part and not part.startswith(UNSAID)]
        for part in said[name]:
            if part.lower() not in line.terms[0].lower():
                yield from together(line.terms[0], {name: part})
                if name == "for":
                    yield f"{part}s {line.terms[0]}"
    first = {name: parts[0] for name, parts in said.items() if parts}
    if len(first) > 1:
        yield from together(line.terms[0], first)


def together(term, said):
    before = [part for name, part in said.items() if name not in BEHIND]
    behind = [BEHIND[name] + part for name, part in said.items() if name in BEHIND]
    yield " ".join([*before, term, *behind])


def read_lexicon():
    """(kind, text, code): each term and its other spellings, names and titles apart from nouns; one with several codes comes with each. Of English
    terms also what decides."""
    lines = check.read()
    found = {(OWN.get(line.where.partition(".")[0], "lexicon"), term, line.code) for line in lines for term in line.terms}
    found |= {("decided", text, line.code) for line in lines if line.language == "en" for text in decided(line)}
    return sorted(found)


def shares(texts, kinds):
    """How much of its kind's weight each row has: terms of the lexicon with several codes share it."""
    own = ("lexicon", *OWN.values(), "decided")
    codes = Counter(text for text, kind in zip(texts, kinds) if kind in own)
    return [1 / codes[text] if kind in own else 1.0 for text, kind in zip(texts, kinds)]


def family(text):
    """What a text has in common with its near duplicates: its words in any order and number."""
    return b" ".join(sorted({singular(word) for word in text.encode("utf-8").split(b" ")}))


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
