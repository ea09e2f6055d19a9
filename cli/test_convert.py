#!/usr/bin/env python3
"""`greenlane convert`: XML as JSON and back is the same XML, every format becomes XML, what is refused or has no place is said. Needs no server.

usage: test_convert.py
"""
import json
import os
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import outside as o  # noqa: E402

CORPUS = "stages/ingest/formats/cds/corpus"
COUNT = 100


def convert(*arguments, code=0):
    """(standard output, standard error) as texts."""
    binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane")
    result = subprocess.run([binary, "convert", *arguments], capture_output=True, cwd=o.ROOT, timeout=120, check=False)
    out, err = result.stdout.decode(), result.stderr.decode()
    o.check(result.returncode == code, f"convert {' '.join(arguments)}: exit {result.returncode}, not {code}: {err[-2000:]}")
    return out, err


def ordered(text):
    """Declarations with parties, documents and attributes in the order of roles, kinds and types: among each other they have none."""
    found = json.loads(text)
    for record in found["items"] + [found]:
        for name, key in (("parties", "role"), ("documents", "kind"), ("attributes", "type")):
            if name in record:
                record[name].sort(key=lambda element, by=key: element[by])
    return found


def there_and_back(folder, path, form):
    """XML -> JSON -> XML -> JSON: the same JSON, and the XML is the one that is written at once."""
    first = os.path.join(folder, "first.json")
    convert(path, "--to", "json", "--output", first)
    xml = convert(first, "--to", form)[0]
    o.check(xml == convert(path, "--to", "xml")[0], f"{path}: XML by JSON is other XML")
    second = os.path.join(folder, "second.xml")
    with open(second, "w", encoding="utf-8") as file:
        file.write(xml)
    with open(first, encoding="utf-8") as file:
        o.check(ordered(file.read()) == ordered(convert(second, "--to", "json")[0]), f"{path}: not the same after it was written")


def generated(folder):
    """Generated declarations of each format as XML; what XML carries comes back the same."""
    xml, again = os.path.join(folder, "xml"), os.path.join(folder, "again")
    o.greenlane("generate", "--format", "xml", "--count", COUNT, "--output", xml)
    files = sorted(os.path.join(xml, name) for name in os.listdir(xml))
    convert(*files, "--to", "xml", "--output", again)
    before = convert(*files, "--to", "ndjson")[0]
    after = convert(*sorted(os.path.join(again, name) for name in os.listdir(again)), "--to", "ndjson")[0]
    o.check(before == after and len(before.splitlines()) == COUNT, "generated XML is not the same after it was written")
    o.check(len(json.loads(convert(*files, "--to", "json")[0])) == COUNT, "several declarations are a list")
    packed = os.path.join(folder, "xml.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, os.path.basename(path))
    o.check(convert(packed, "--to", "ndjson")[0] == before, "what is packed is read otherwise")
    for name, code in (("parcels", 0), ("kcs", 1)):
        csv, messages = os.path.join(folder, name + ".csv"), os.path.join(folder, name)
        with open(csv, "wb") as file:
            file.write(o.greenlane("generate", "--format", name, "--high-value", "0", "--count", COUNT))
        said = convert(csv, "--profile", name, "--to", "xml", "--output", messages, code=code)[1]
        o.check(len(os.listdir(messages)) == COUNT, f"{len(os.listdir(messages))} messages of {COUNT} declarations of {name}")
        lost = {"attributes." in line.split("has no place for ")[1] for line in said.splitlines()}
        o.check(lost == (set() if name == "parcels" else {True}), f"lost of {name}: {said[-1000:]}")


def refusals(folder):
    out, err = convert("samples/bad.json", "--to", "xml", code=1)
    o.check(out == "" and "error" in err and " at /" in err, f"what is wrong was not said: {err}")
    out, err = convert(f"{CORPUS}/notification.xml", "--to", "json", code=1)
    o.check(out == "" and "not-a-declaration" in err, err)
    path = os.path.join(folder, "test.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"functional_reference_id": "T-1", "family": "IMPORT", "type_code": "IMA", "test_indicator": True, "items": [{"description": "tea"}]}, file)
    out, err = convert(path, "--to", "xml", code=1)
    o.check(out == "" and "test indicator" in err, f"a test became a real one: {out}{err}")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"functional_reference_id": "C-1", "family": "EXPORT", "function_code": "1"}, file)
    xml = convert(path, "--to", "xml")[0]
    o.check("<FunctionCode>1</FunctionCode>" in xml and "<TypeCode>EX</TypeCode>" in xml, xml)
    convert(path, path, "--to", "xml", code=2)
    convert(path, "--to", "yaml", code=2)
    convert(os.path.join(folder, "none.json"), "--to", "json", code=3)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for path, form in ((f"{CORPUS}/all.xml", "cds-xml"), ("samples/full.xml", "cds-xml"), ("samples/h7.xml", "eucdm-xml"), (f"{CORPUS}/eucdm_full.xml", "eucdm-xml")):
            there_and_back(folder, path, form)
        generated(folder)
        refusals(folder)
    print(f"samples of both forms and {COUNT} generated declarations come back the same; {COUNT} parcels became XML without a loss; what is refused is said")


if __name__ == "__main__":
    main()
