#!/usr/bin/env python3
"""The goods lexicon is what README.md says of it. Prints how much of the Harmonized System it covers.

usage: check.py [CHAPTER...]      (61, 62, brands; all of them: also the totals that are wanted)

The codes of HS 2022 are those of the model in models/classify.
"""
import collections
import glob
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL_HEADER = 256
LONGEST = 120        # of a term or title, characters
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "zh")
ATTRIBUTES = {"material", "construction", "for", "use", "power", "condition", "state", "size", "content", "kind"}
WANTED = {"terms": 20000, "subheadings": 4000}


class Line:
    def __init__(self, path, number, text):
        self.where = f"{os.path.basename(path)}:{number}"
        columns = text.split("\t")
        self.code, self.language, names = (columns + ["", "", ""])[:3]
        self.terms = names.split("|")
        self.text = text
        self.columns = len(columns)
        self.decides = dict(part.partition("=")[::2] for part in columns[3].split(";")) if len(columns) > 3 else {}


def read(chapters=()):
    """Lines of the chapters' files, in order; all of them if none is named."""
    lines = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.tsv"))):
        if chapters and path[-6:-4] not in chapters and os.path.basename(path)[:-4] not in chapters:
            continue
        with open(path, encoding="utf-8") as file:
            lines += [Line(path, i, text.rstrip("\n")) for i, text in enumerate(file, 1) if text.strip() and not text.startswith("#")]
    return lines


def stem(word):
    for ending in ("ies", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[:-len(ending)] + ("y" if ending == "ies" else "")
    return word


def essence(term):
    """The words of a term without their plurals and order."""
    return " ".join(sorted(stem(word) for word in re.findall(r"\w+", term.lower())))


def codes():
    """The classes of the model are the subheadings of HS 2022 (models/classify/README.md has its layout)."""
    with open(os.path.join(HERE, "..", "..", "models", "classify", "hs6.glm"), "rb") as file:
        data = file.read()
    count, = struct.unpack_from("<I", data, 12)
    return {data[at:at + 6].decode() for at in range(MODEL_HEADER, MODEL_HEADER + 6 * count, 6)}


def problems_of(line, known):
    if line.columns not in (3, 4):
        yield f"{line.columns} columns"
        return
    if line.code not in known:
        yield f"{line.code} is no subheading of HS 2022"
    if line.where.startswith("chapter_") and line.code[:2] != line.where[8:10]:
        yield "stands in another chapter's file"
    if line.language not in LANGUAGES:
        yield f"no language: {line.language}"
    for name, value in line.decides.items():
        if name not in ATTRIBUTES or not value.strip() or value != value.strip():
            yield f"no attribute and value: {name}={value}"
    for term in line.terms:
        if not term.strip() or term != term.strip() or len(term) > LONGEST or "  " in term:
            yield f"no term: {term!r}"
        elif line.language == "zh" and not term.isascii():
            yield f"not romanised: {term}"


def tells_apart(one, other):
    common = one.decides.keys() & other.decides.keys()
    return any(one.decides[name] != other.decides[name] for name in common)


def clashes(lines):
    """Terms with two codes and nothing that decides between them; terms of one code that are the same but for plurals and order."""
    by_term, by_essence = collections.defaultdict(list), {}
    for line in lines:
        for term in line.terms:
            by_term[term.lower()].append(line)
        if line.language == "en":
            key = (line.code, essence(line.terms[0]), tuple(sorted(line.decides.items())))
            if key in by_essence:
                yield f"{line.where}: {line.terms[0]!r} is {by_essence[key].terms[0]!r} of {by_essence[key].where}"
            by_essence.setdefault(key, line)
    for term, at in by_term.items():
        for i, one in enumerate(at):
            for other in at[i + 1:]:
                if one.code == other.code and one.language == other.language and one.decides == other.decides:
                    yield f"{other.where}: {term!r} stands at {one.where} too"
                elif one.code != other.code and not tells_apart(one, other):
                    yield f"{other.where}: {term!r} is {one.code} at {one.where}, and nothing decides"


def main():
    chapters = set(sys.argv[1:])
    known, lines = codes(), read(chapters)
    problems = [f"{line.where}: {text}" for line in lines for text in problems_of(line, known)] + list(clashes(lines))
    for text in problems[:200]:
        print(text)
    terms = collections.Counter(line.language for line in lines)
    covered = {line.code for line in lines}
    wanted = {code for code in known if not chapters or code[:2] in chapters}
    missing = sorted({code[:4] for code in wanted} - {code[:4] for code in covered})
    print(f"{sum(terms.values())} terms ({', '.join(f'{k} {v}' for k, v in sorted(terms.items()))}) over {len(covered)} of {len(wanted)} subheadings"
          f" and {len({code[:4] for code in covered})} of {len({code[:4] for code in wanted})} headings")
    if missing:
        print("headings without a term: " + " ".join(missing))
    if not chapters and (sum(terms.values()) < WANTED["terms"] or len(covered) < WANTED["subheadings"]):
        problems.append(f"fewer than {WANTED['terms']} terms or {WANTED['subheadings']} subheadings")
    if not chapters and missing:
        problems.append("a heading has no term")
    if problems:
        sys.exit(f"FAILED: {len(problems)} problems")


if __name__ == "__main__":
    main()
