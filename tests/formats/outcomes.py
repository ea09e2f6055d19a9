#!/usr/bin/env python3
"""What becomes of every document and of every leaf of it: the parts of docs/FORMATS.md that are counted. Needs no server.

usage: outcomes.py tree|data [--write]

`tree` counts what the tree itself has and generates, `data` the messages of the reference data ($GREENLANE_DATA): how many are accepted, and
why the others are not; which leaves of the declarations (an element with text, an attribute) are not taken, and why; what is the same after it
was written again. Each is compared with the page, with --write the page is brought up to date. It fails when a leaf is neither taken nor known,
or when more than 2 % are not taken.
"""
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(ROOT, "build"), "bin")
PAGE = os.path.join(ROOT, "docs", "FORMATS.md")
DAY = "2026-11-29"  # rules about dates hold on this day
SETS = (("ndjson", 1000, None), ("json", 1000, None), ("parcels", 1000, "parcels"), ("kcs", 1000, "kcs"), ("xml", 300, None), ("ens", 300, None))
FOLDERS = ("xml", "ens")  # a file each
KINDS = ("--bad", "6%", "--duplicates", "2%", "--amendments", "2%", "--seed", "7")
SHARE = 0.02  # of the leaves may be left
EDI_SHARE = 0.08  # of our own samples, which have one of many things
EDI_SAMPLES = ["samples/cusdec.edi", "samples/cuscar.edi"]
EDI_WHOLE = [f"stages/ingest/formats/edifact/corpus/groups_{name}.edi" for name in ("cusdec_96b", "cusdec_16b", "cuscar_96b", "cuscar_16b")]
SKIPPED = 77


def run(program, *arguments, fine=(0,)):
    result = subprocess.run([os.path.join(BIN, program), *arguments], capture_output=True, cwd=ROOT, check=False, timeout=600)
    if result.returncode not in fine:
        sys.exit(f"FAILED: {program} {' '.join(arguments)[:200]}: exit {result.returncode}: {result.stderr.decode()[-1000:]}")
    return result


def read_plain(files, *options):
    """What formats_read says of files, one dictionary a declaration, by the format alone."""
    return [json.loads(line) for line in run("formats_read", *options, *files).stdout.decode().splitlines()]


def read(files, *options):
    """The same, held against code lists and rules."""
    return read_plain(files, "-c", "config", "-t", DAY, *options)


# ---- counts ----

def is_error(problem):
    return problem["severity"] == "ERROR"


def data_set(found):
    """H1, ..., or what else it is."""
    error = next(filter(is_error, found["errors"]), None)
    if found["cancellation"]:
        return "cancellation"
    if error is None:
        return found.get("data_set", "none")
    if error["code"] == "amendment-not-supported":
        return "amendment by pointers"
    if error["text"].startswith("this is "):
        return error["text"].removeprefix("this is ").split(", not a declaration")[0].split(";")[0]
    return found.get("data_set", "cannot be told")


def reasons(found, wanted):
    """Codes with the number of declarations that have them."""
    counts = collections.Counter(code for one in found for code in {e["code"] for e in one["errors"] if is_error(e) == wanted})
    return ", ".join(f"`{code}` {count}" for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def table(source, found):
    """Rows of what was found, by format and data set."""
    groups = collections.defaultdict(list)
    for one in found:
        groups[one["format"], data_set(one)].append(one)
    rows = []
    for (form, name), members in sorted(groups.items()):
        bad = sum(one["rejected"] for one in members)
        rows.append(f"| {source} | {form} | {name} | {len(members):,} | {len(members) - bad:,} | {bad:,} | {reasons(members, True)} | {reasons(members, False)} |")
    return rows


HEAD = ["| source | format | data set, or what it is | documents | accepted | rejected | errors | warnings |", "|---|---|---|---|---|---|---|---|"]


def packed(folder):
    """Rows of what was generated, as gzip and zip, and of a workbook."""
    one, many = os.path.join(folder, "all.ndjson.gz"), os.path.join(folder, "all.zip")
    with open(os.path.join(folder, "ndjson.ndjson"), "rb") as plain, gzip.open(one, "wb") as file:
        file.write(plain.read())
    with zipfile.ZipFile(many, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(os.listdir(os.path.join(folder, "xml"))):
            archive.write(os.path.join(folder, "xml", name), name)
    return (table("the ndjson as gzip", read([one])) + table("the xml as zip", read([many])) +
            table("a workbook of `pack/corpus`", read(["stages/ingest/formats/pack/corpus/parcels.xlsx"], "-p", "parcels")))


def count_tree():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, count, profile in SETS:
            path = os.path.join(folder, name if name in FOLDERS else f"{name}.{'csv' if profile else name}")
            run("greenlane", "generate", "--format", name, "--count", str(count), *KINDS, "--output", path)
            files = [path] if name not in FOLDERS else [os.path.join(path, f) for f in sorted(os.listdir(path))]
            rows += table(f"generated {name}", read(files, *(("-p", profile) if profile else ())))
        rows += packed(folder)
    samples = [os.path.join("samples", name) for name in sorted(os.listdir(os.path.join(ROOT, "samples")))]
    for path in samples:
        if not path.endswith(".md"):
            rows += table(path, read([path], *(("-p", "parcels") if path.endswith(".csv") else ())))
    corpus = "stages/ingest/formats/cds/corpus"
    eu = [os.path.join(corpus, name) for name in sorted(os.listdir(os.path.join(ROOT, corpus))) if name.startswith("eucdm_")]
    rows += table("`trade/corpus`", read(["stages/ingest/formats/trade/corpus/mixed.json"]))
    rows += table("EU samples of `cds/corpus`", read(eu)) + table("`sad/corpus`", read(sad_documents()))
    again = AGAIN + [written_again(SAD_WHOLE, form) for form in ("sad-xml", "cds-xml")]
    again += [written_again(["samples/postal.json"], "itmatt"), written_again(["samples/type86.json"], "type86")]
    return {"outcomes": HEAD + rows + table("`edifact/corpus`", read(EDI_WHOLE)), "leaves-sad": count_leaves(SAD_WHOLE), "again-sad": again, **count_edi()}


def count_edi():
    """The samples, and the interchanges that have every segment group: much of those is about what a declaration does not have."""
    again = AGAIN + [written_again(EDI_SAMPLES + EDI_WHOLE, form) for form in ("cusdec", "cds-xml")]
    return {"leaves-edi": count_leaves(EDI_SAMPLES, EDI_SHARE), "leaves-edi-groups": count_leaves(EDI_WHOLE, 1, by_reason=True), "again-edi": again}


def sad_documents():
    corpus = "stages/ingest/formats/sad/corpus"
    return [os.path.join(corpus, name) for name in sorted(os.listdir(os.path.join(ROOT, corpus))) if name.endswith(".xml")]


AGAIN = ["| written as | declarations | the same when read again | what the others lose |", "|---|---|---|---|"]
# The SADs of the tree that have no element nobody knows, each of them with other things in it.
SAD_WHOLE = ["samples/sad.xml", *(f"stages/ingest/formats/sad/corpus/{name}.xml" for name in ("bom", "every", "latin1", "locale", "one"))]


def messages(kind="cds", ending=".xml"):
    """All messages of the reference data of a kind; the program ends when they are not there."""
    root = os.path.join(os.environ.get("GREENLANE_DATA") or os.path.join(ROOT, "..", "shared", "data"), "messages", kind)
    if not os.path.isdir(root):
        print(f"skipped: no reference data at $GREENLANE_DATA/messages/{kind}")
        sys.exit(SKIPPED)
    found = (os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    return sorted(path for path in found if path.endswith(ending))


# ---- leaves ----

def rows_by_reason(left):
    """A row a reason, with the segments whose values are left for it."""
    segments, times = collections.defaultdict(set), collections.Counter()
    for (path, why), count in left.items():
        segments[why].add(path.partition("/")[0])
        times[why] += count
    return [f"| {' '.join(sorted(segments[why]))} | {times[why]} | {why} |" for why in sorted(times)]


def count_leaves(files, share=SHARE, by_reason=False):
    found = read(files, "-l")
    taken = sum(one["taken"] for one in found)
    neither = sorted({other["path"] for one in found for other in one["others"] if "why" not in other})
    left = collections.Counter((other["path"], other["why"]) for one in found for other in one["others"] if "why" in other)
    within = collections.Counter(key for one in found for key in {(other["path"], other["why"]) for other in one["others"] if "why" in other})
    every, listed = taken + sum(left.values()), sum(left.values())
    lines = [f"{len(found):,} declarations have {every:,} leaves: {taken:,} are taken, {listed:,} ({100 * listed / every:.2f} %) are not, for the reasons below; "
             f"{len(neither)} are neither.",
             "", *(["| segments | values | why they are not taken |", "|---|---|---|"] if by_reason
                   else ["| leaf | times | declarations | why it is not taken |", "|---|---|---|---|"])]
    lines += rows_by_reason(left) if by_reason else [f"| `{path}` | {count} | {within[path, why]} | {why} |" for (path, why), count in sorted(left.items())]
    if neither:
        sys.exit("FAILED: neither taken nor known:\n  " + "\n  ".join(neither))
    if listed > share * every:
        sys.exit(f"FAILED: {listed} of {every} leaves are not taken, more than {100 * share:.0f} %")
    return lines


# ---- written again ----

def written_json(files, form):
    result = run("greenlane", "convert", *files, "--to", form, fine=(0, 1))
    found = json.loads(result.stdout)
    return result.stderr.decode(), len(found) if isinstance(found, list) else 1


def written_again(files, form):
    """How many declarations are written in the form, how many of them lose nothing, and what the others lose."""
    if form in ("itmatt", "type86"):  # several JSON documents make one list
        said, written = written_json(files, form)
    else:
        with tempfile.TemporaryDirectory() as folder:
            said = run("greenlane", "convert", *files, "--to", form, "--output", folder, fine=(0, 1)).stderr.decode()
            written = len(os.listdir(folder))
    losses = collections.defaultdict(set)
    for line in said.splitlines():
        if " has no place for " in line:
            place, _, field = line.rpartition(" has no place for ")
            losses[place].add(".".join(part for part in field.split(".") if not part.isdigit()))
    fields = collections.Counter(field for lost in losses.values() for field in lost)
    named = ", ".join(f"`{field}` {count}" for field, count in sorted(fields.items(), key=lambda pair: (-pair[1], pair[0])))
    return f"| {form} | {written} | {written - len(losses)} | {named} |"


def count_data():
    files = messages()
    accepted = [one["file"] for one in read(files) if not one["rejected"] and not one["cancellation"]]
    again = AGAIN + [written_again(accepted, form) for form in ("cds-xml", "eucdm-xml", "sad-xml", "cusdec")]
    return {"outcomes-data": HEAD + table("`messages/cds`", read(files)), "leaves": count_leaves(files), "again": again, **count_trade()}


def count_trade():
    """The traceability documents: US entries, bills of lading, and what is no declaration."""
    files = messages("traceability", ".json")
    found = read(files)
    accepted = [one["file"] for one in found if not one["rejected"]]
    again = AGAIN + [written_again(accepted, form) for form in ("type86", "itmatt", "cds-xml")]
    rows = [row for path in files for row in table(f"`{os.path.basename(path)}`", [one for one in found if one["file"] == path])]
    return {"outcomes-trade": HEAD + rows, "leaves-trade": count_leaves(accepted), "again-trade": again}


# ---- the page ----

def compare_page(parts, write, command):
    """Compares parts of the page with what was counted, or brings them up to date."""
    with open(PAGE, encoding="utf-8") as file:
        page = fresh = file.read()
    for name, lines in parts.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, _, rest = fresh.partition(begin)
        if end not in rest:
            sys.exit(f"FAILED: docs/FORMATS.md has no part {name}")
        fresh = before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]
    if fresh == page:
        print(f"docs/FORMATS.md is what was counted: {', '.join(parts)}")
    elif write:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(fresh)
    else:
        old, new = set(page.splitlines()), set(fresh.splitlines())
        print(*(f"- {line}" for line in page.splitlines() if line not in new), *(f"+ {line}" for line in fresh.splitlines() if line not in old), sep="\n")
        sys.exit(f"FAILED: docs/FORMATS.md is not what was counted: tests/formats/{command} --write")


def main():
    if sys.argv[1:2] not in (["tree"], ["data"]) or sys.argv[2:] not in ([], ["--write"]):
        sys.exit(__doc__)
    parts = count_tree() if sys.argv[1] == "tree" else count_data()
    compare_page(parts, sys.argv[2:] == ["--write"], f"outcomes.py {sys.argv[1]}")


if __name__ == "__main__":
    main()
