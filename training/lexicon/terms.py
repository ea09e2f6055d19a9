#!/usr/bin/env python3
"""The lexicon's terms in one packed file, models/classify/terms.gz: what greenlane shows as closest to a description.

usage: terms.py [--check]      (--check: is the file current?)

A line is a code, a term or a spelling of it, and what decides, with tabs between them; in the order of code and term. Titles are left out: a reason
is a term.
"""
import gzip
import os
import sys

import check

OUT = os.path.join(check.HERE, "..", "..", "models", "classify", "terms.gz")


def text():
    rows = set()
    for line in check.read():
        if line.where.startswith("titles"):
            continue
        decides = ";".join(f"{name}={value}" for name, value in sorted(line.decides.items()))
        rows |= {(line.code, term, decides) for term in line.terms}
    return "".join("\t".join(row) + "\n" for row in sorted(rows))


def main():
    if sys.argv[1:] == ["--check"]:
        with gzip.open(OUT) as file:
            sys.exit(0 if file.read().decode() == text() else "models/classify/terms.gz is not what the lexicon says: run training/lexicon/terms.py")
    with open(OUT, "wb") as file:
        file.write(gzip.compress(text().encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
