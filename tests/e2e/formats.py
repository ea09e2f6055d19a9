#!/usr/bin/env python3
"""SADs, postal items, manifests and US entries go through to a decision, over HTTP and as files; the traceability documents do.

Each document is sent under numbers of its own, so that the script can be run again. What is accepted is decided once, and its status shows
it; what is no declaration is refused as what it is; the house bills of one manifest find each other by its master bill.

usage: formats.py
"""
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

JSON, XML = "application/json", "application/xml"
ACCOUNT = "formats"
DECLARATIONS = {"BillOfLading", "CBPEntry", "CBPEntrySummary", "CBPEntryType86", "DeMinimisShipment", "HouseBillOfLading", "MasterBillOfLading",
                "MultiModalBillOfLading"}
NUMBERS = ("entryNumber", "billOfLadingNumber", "shipmentTrackingNumber")


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def s10(number):
    """A postal identifier of eight digits, with its check digit."""
    digit = 11 - sum(int(d) * w for d, w in zip(number, (8, 6, 4, 2, 3, 5, 9, 7))) % 11
    return f"CP{number}{ {10: 0, 11: 5}.get(digit, digit) }SG"


def own_numbers(prefix):
    """(name, content type, body, how many are accepted): the samples under numbers of this run."""
    eight = f"{int(prefix[1:], 16) % 10**7:07d}"
    sad = read(o.ROOT, "samples", "sad.xml").replace(b"HC-2026-0815", prefix.encode())
    yield "sad.xml", XML, sad, 1
    yield "type86.json", JSON, read(o.ROOT, "samples", "type86.json").replace(b"70100049213", prefix.encode()), 1
    postal = json.loads(read(o.ROOT, "samples", "postal.json"))
    for i, item in enumerate(postal):
        item.pop("s10", None)
        item["itemId"] = s10(f"{i}{eight}")
    yield "postal.json", JSON, json.dumps(postal).encode(), 2
    manifest = json.loads(read(o.ROOT, "samples", "manifest.json"))
    manifest["masterBill"]["number"] = prefix
    for i, bill in enumerate(manifest["houseBills"]):
        bill["itemId" if "itemId" in bill else "houseWaybill"] = s10(f"9{eight}") if "itemId" in bill else f"{prefix}-{i}"
    yield "manifest.json", JSON, json.dumps(manifest).encode(), 3


def reference_documents(prefix):
    """The same of the traceability documents: one declaration, or none."""
    for path in sorted(glob.glob(os.path.join(o.data("messages", "traceability"), "*.json"))):
        document, name = json.loads(read(path)), os.path.basename(path)
        for number in NUMBERS:
            if number in document:
                document[number] = f"{prefix}{document[number]}"[:28]
        yield name, JSON, json.dumps(document).encode(), int(document["type"][0] in DECLARATIONS)


def send(intake, documents):
    """MRNs of what was accepted, with the document's name."""
    mrns = {}
    for name, kind, body, accepted in documents:
        status, answer = intake.post(body, kind)
        o.check(status == (202 if accepted else 422), f"{name}: {status} {str(answer)[:500]}")
        taken = [r["mrn"] for r in answer["results"] if r["status"] == "accepted"]
        o.check(len(taken) == accepted, f"{name}: {len(taken)} accepted, not {accepted}: {str(answer)[:500]}")
        mrns.update(dict.fromkeys(taken, name))
        for result in answer["results"]:
            for error in result.get("errors", []) if result["status"] == "rejected" else []:
                o.check(error["code"] == "not-a-declaration" and re.match("this is .*, not a declaration", error["text"]), f"{name}: {error}")
    return mrns


def house_bills(intake, master):
    status, found = intake.call("GET", f"/v1/consignments?reference=N741:{master}")
    return len(found["declarations"]) if status == 200 else 0


def main():
    o.need_stack()
    prefix = o.new_prefix()
    intake = o.Intake(account=ACCOUNT)
    with o.Topic("gl.decisions", o.decision_of) as decisions:
        mrns = send(intake, own_numbers(prefix))
        mrns.update(send(intake, reference_documents("R" + prefix[1:])))
        files = {"sad.xml": read(o.ROOT, "samples", "sad.xml").replace(b"HC-2026-0815", b"F" + prefix.encode())}
        for name, answers in o.take_in(files).items():
            o.check([a["status"] for a in answers] == ["accepted"], f"{name} as a file: {answers}")
            mrns[answers[0]["mrn"]] = name + " as a file"
            o.Intake(account="inbox").decided_status(answers[0]["mrn"])
        for mrn in (m for m, name in mrns.items() if not name.endswith("file")):
            intake.decided_status(mrn)
        o.flush_pipeline(decisions)
        made = [d["mrn"] for d in decisions.kept if d["mrn"] in mrns]
        o.check(sorted(made) == sorted(mrns), f"{len(made)} decisions for {len(mrns)} declarations")
        o.wait_for(lambda: house_bills(intake, prefix) == 3, "the manifest's house bills by their master bill", 30)
    o.assert_all_run()
    print(f"{len(mrns)} declarations of SADs, postal items, bills, manifests and US entries are decided, once each; others are refused as what they are")


if __name__ == "__main__":
    main()
