#!/usr/bin/env python3
"""`greenlane detect` says what the samples are: the format, of XML the form and the data set, of CSV the profiles. Needs no server.

usage: test_detect.py
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import outside as o  # noqa: E402

CORPUS = "stages/ingest/formats/cds/corpus"
KINDS = {"samples/h7.xml": {"format": "eucdm-xml", "data_set": "H7"},
         f"{CORPUS}/eucdm_prefix.xml": {"format": "eucdm-xml", "data_set": "H7"},
         f"{CORPUS}/eucdm_truncated.xml": {"format": "cds-xml"},
         "samples/full.xml": {"format": "cds-xml", "data_set": "H1"},
         "samples/type86.json": {"format": "us-json", "data_set": "US86"},
         "samples/postal.json": {"format": "itmatt-json", "data_set": "POST"},
         "samples/manifest.json": {"format": "bill-json", "data_set": "BILL"},
         "samples/sad.xml": {"format": "asycuda-xml", "data_set": "SAD"},
         "samples/parcel.json": {"format": "greenlane-json"},
         "samples/parcels.csv": {"format": "csv", "profiles": ["parcels"]}}


def main():
    lines = o.greenlane("detect", "--json", *KINDS).decode().splitlines()
    found = {kind.pop("file"): kind for kind in map(json.loads, lines)}
    for path, kind in KINDS.items():
        o.check(found.get(path) == kind, f"{path}: {found.get(path)}, not {kind}")
    text = o.greenlane("detect", "samples/h7.xml").decode()
    o.check(text == "samples/h7.xml: eucdm-xml, data set H7\n", text)
    print(f"{len(KINDS)} files are told apart")


if __name__ == "__main__":
    main()
