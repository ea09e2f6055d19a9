#!/usr/bin/env python3
"""A hub's own CSV, in German and in another encoding: `greenlane mapping init` proposes a mapping, `mapping check` reads the whole file by it, and
what it reads is what was written; `greenlane detect` knows the file then. Needs no server.

usage: test_own_csv.py
"""
import csv
import io
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import outside as o  # noqa: E402

NAMES = {"Tracking Number": "Sendungsnummer", "Sender Name": "Absender Name", "Sender Country": "Absender Land", "Consignee Name": "Empfänger",
         "Consignee Address": "Empfänger Straße", "Consignee Country": "Empfänger Land", "Description": "Warenbezeichnung", "HS Code": "Zolltarifnummer",
         "Quantity": "Anzahl", "Net Mass": "Nettogewicht (g)", "Gross Mass": "Bruttogewicht (g)", "Value": "Warenwert", "Currency": "Währung",
         "Origin": "Ursprungsland", "Arrival Date": "Datum der Ankunft"}
COUNT = 200


def foreign(text):
    """The same rows under German names: grams, decimal commas, days first, ';' and Latin-1."""
    rows = list(csv.DictReader(io.StringIO(text)))
    names = [name for name in rows[0] if name in NAMES and any(row[name] for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([NAMES[name] for name in names] + ["Bemerkung"])
    for row in rows:
        if "Mass" in "".join(names):
            for name in ("Net Mass", "Gross Mass"):
                row[name] = f"{float(row[name]) * 1000:.1f}".replace(".", ",") if row.get(name) else ""
        row["Value"] = row["Value"].replace(".", ",")
        if row.get("Arrival Date"):
            row["Arrival Date"] = ".".join(reversed(row["Arrival Date"].split("-")))
        writer.writerow([row[name] for name in names] + ["zerbrechlich, Größe M"])
    return rows, names, out.getvalue().encode("latin-1", "replace")


def main():
    rows, names, text = foreign(o.greenlane("generate", "--format", "parcels", "--count", COUNT, "--prefix", "G" + o.new_prefix()[1:]).decode())
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = os.path.join(folder, "sendungen.csv"), os.path.join(folder, "german.yaml")
        with open(path, "wb") as file:
            file.write(text)
        kind = json.loads(o.greenlane("detect", "--json", "--mappings", folder, path))
        o.check(kind["format"] == "csv" and kind["profiles"] == [], f"before there is a mapping: {kind}")
        o.greenlane("mapping", "init", path, "--output", mapping)
        with open(mapping, encoding="utf-8") as file:
            yaml = file.read()
        for line in ('delimiter: ";"', "encoding: latin1", "lrn: Sendungsnummer", "unit: GRM", 'decimal: ","', "- Bemerkung"):
            o.check(line in yaml, f"\"{line}\" is not in\n{yaml}")
        columns = yaml.partition("columns:\n")[2].partition("ignore:")[0]
        for name in names:
            o.check(NAMES[name].partition("(")[0].strip() in columns, f"{NAMES[name]} was not understood:\n{yaml}")
        o.greenlane("mapping", "init", path, "--output", mapping, fine=(3,))  # it is somebody's work by now
        shown = o.greenlane("mapping", "check", mapping, path, "--records", COUNT).decode()
        o.check(f"{COUNT} declarations: {COUNT} would be accepted, 0 refused" in shown, shown[-2000:])
        for row in rows:
            o.check(json.dumps(row["Tracking Number"]) in shown and json.dumps(row["Description"], ensure_ascii=False) in shown, f"{row} was not read")
        kind = json.loads(o.greenlane("detect", "--json", "--mappings", folder, path))
        o.check(kind["profiles"] == ["german"], f"with a mapping: {kind}")
        with open(path, "ab") as file:
            file.write(text.splitlines()[-1].replace(b";", b";;", 1) + b"\r\n")
        shown = o.greenlane("mapping", "check", mapping, path, fine=(1,)).decode()
        o.check(f"{COUNT + 1} declarations: {COUNT} would be accepted, 1 refused" in shown and f"row={len(rows) + 2}" in shown, shown[-2000:])
    print(f"{COUNT} parcels of a file of its own: {len(names)} of {len(names) + 1} columns understood, all read; one bad row is named")


if __name__ == "__main__":
    main()
