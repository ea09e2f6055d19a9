#!/usr/bin/env python3
"""What the code generator refuses, and that its output is the same each time.

    test_avrogen.py GENERATOR SCHEMAS
"""

import json
import os
import subprocess
import sys
import tempfile

GENERATOR, SCHEMAS = sys.argv[1:3]


def grown(*fields):
    return {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, *fields]}


def record(*fields):
    return {"type": "record", "name": "R", "fields": [{"name": f"f{i}", "type": kind} for i, kind in enumerate(fields)]}


REFUSED = {
    "a union is [null, T]": record(["null", "int", "string"]),
    "f0: a union is": record(["string", "null"]),
    "null with an array": record(["null", {"type": "array", "items": "int"}]),
    "array of arrays": record({"type": "array", "items": {"type": "array", "items": "int"}}),
    "map is not a type": record({"type": "map", "values": "int"}),
    "null is not a type": record("null"),
    "Nowhere is not a type": record("Nowhere"),
    "contain itself": record("int", ["null", "R"]),
    "may be empty": record({"type": "record", "name": "Empty", "fields": []}),
    "defined twice": record({"type": "fixed", "name": "X", "size": 1}, {"type": "fixed", "name": "X", "size": 1}),
    "at least one byte": record({"type": "fixed", "name": "X", "size": 0}),
    "an enum needs symbols": record({"type": "enum", "name": "X", "symbols": ["A", "A"]}),
    "a field is there twice": {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]},
    "the top of a schema is a record": {"type": "enum", "name": "R", "symbols": ["A"]},
    "stands before it": grown({"name": "b", "type": "int", "since": 2, "default": 0}, {"name": "c", "type": "int"}),
    "needs an empty default": grown({"name": "b", "type": "int", "since": 2, "default": 7}),
    "b: a field that came later needs": grown({"name": "b", "type": "int", "since": 2}),
    "only the top record grows": record({"type": "record", "name": "Inner", "fields": [{"name": "b", "type": "int", "since": 2, "default": 0}]}),
    "a schema lacks": {"type": "record", "name": "R"},
}


def generate(*args):
    return subprocess.run([sys.executable, GENERATOR, *args], capture_output=True, text=True, check=False)


def check(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")


def check_refusals(folder):
    for message, schema in REFUSED.items():
        path = os.path.join(folder, "refused.avsc")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(schema, file)
        result = generate("--out", os.path.join(folder, "out"), "--codecs", "x", path)
        check(result.returncode == 1 and message in result.stderr, f"refused with {message!r}: {result.stderr or 'it was taken'}")


def contents(folder):
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            found[name] = (file.read(), os.stat(path).st_mtime_ns)
    return found


def check_stable(folder):
    first, second = (os.path.join(folder, name) for name in ("first", "second"))
    for out in (first, second):
        check(generate("--schemas", SCHEMAS, "--out", out).returncode == 0, "our own schemas are taken")
    before = contents(first)
    check({n: c for n, (c, _) in before.items()} == {n: c for n, (c, _) in contents(second).items()}, "two runs give the same files")
    generate("--schemas", SCHEMAS, "--out", first)
    check(contents(first) == before, "what did not change is not written again")


with tempfile.TemporaryDirectory() as scratch:
    check_refusals(scratch)
    check_stable(scratch)
    print(f"{len(REFUSED)} refusals")
