#!/usr/bin/env python3
"""The schemas of the version after this one, for the test of upgrades (GL_VERSION_NEXT): a copy of schemas/ in which three sections grow.

Each gets the field "next_note" at its end, as README.md there has it: a section that ingest writes and every stage passes on (declaration), one
that a stage in the middle appends (classification), and a state (clearance). Topics whose value thereby changes get the next schema id and name
this version's under `earlier`. So whatever the schemas are today, there is a next version of them.

usage: next_schemas.py SCHEMAS OUT
"""
import json
import os
import shutil
import sys

GROWING = {"declaration": "sections", "classification": "sections", "clearance": "state"}
STEP = 1000  # from one version's schema id to the next


def version_of(schema):
    return max(field.get("since", 1) for field in schema["fields"])


def grow(path):
    """Adds the field; the version that the section had."""
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    version = version_of(schema)
    schema["fields"].append({"name": "next_note", "since": version + 1, "type": "string", "default": "", "doc": "Only in the next version"})
    with open(path, "w", encoding="utf-8") as file:
        json.dump(schema, file)
    return version


def main():
    source, target = sys.argv[1:]
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("sections", "state", "topics"):
        shutil.copytree(os.path.join(source, folder), os.path.join(target, folder))
    versions = {name: grow(os.path.join(target, folder, name + ".avsc")) for name, folder in GROWING.items()}
    path = os.path.join(target, "topics", "topics.json")
    with open(path, encoding="utf-8") as file:
        topics = json.load(file)
    for topic in topics:
        grown = {name: versions[name] for name in topic["sections"] if name in versions}
        if not grown:
            continue
        earlier = {number: {**grown, **of} for number, of in topic.get("earlier", {}).items()}
        topic["earlier"] = {**earlier, str(topic["schema_id"]): grown}
        topic["schema_id"] += STEP
    with open(path, "w", encoding="utf-8") as file:
        json.dump(topics, file)


if __name__ == "__main__":
    main()
