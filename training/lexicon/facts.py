#!/usr/bin/env python3
"""What decides between subheadings, from the lexicon's fourth column: writes models/classify/facts.txt, which greenlane asks traders by.

usage: facts.py [--check]      (--check: is the file current?)

A line of [facts] is a subheading and, of each attribute that its terms have, the values that are usual for it (at least a third of the
commonest one's lines, at most VALUES_MAX), commonest first. In front of them stands questions.txt.
"""
import collections
import os
import sys

import check

OUT = os.path.join(check.HERE, "..", "..", "models", "classify", "facts.txt")
VALUES_MAX, USUAL = 4, 3
HEAD = """# Made by training/lexicon/facts.py from the goods lexicon and questions.txt: how to ask for what decides between subheadings.
"""


def facts(lines):
    """{code: {attribute: Counter of values}}"""
    out = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for line in lines:
        for name, value in line.decides.items():
            out[line.code][name][value] += 1
    return out


def usual(values):
    most = max(values.values())
    ranked = sorted(values, key=lambda value: (-values[value], value))
    return [value for value in ranked if values[value] * USUAL >= most][:VALUES_MAX]


def text():
    with open(os.path.join(check.HERE, "questions.txt"), encoding="utf-8") as file:
        questions = [line for line in file.read().split("\n") if line and not line.startswith("#")]
    known = facts(check.read())
    lines = ["\t".join([code] + [f"{name}={'|'.join(usual(known[code][name]))}" for name in sorted(known[code])]) for code in sorted(known)]
    return HEAD + "\n".join(questions + ["[facts]"] + lines) + "\n"


def main():
    if sys.argv[1:] == ["--check"]:
        with open(OUT, encoding="utf-8") as file:
            sys.exit(0 if file.read() == text() else "models/classify/facts.txt is not what the lexicon says: run training/lexicon/facts.py")
    with open(OUT, "w", encoding="utf-8") as file:
        file.write(text())


if __name__ == "__main__":
    main()
