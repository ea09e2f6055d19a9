#!/usr/bin/env python3
"""Entry summaries from the message to the outcome: referrals raised by criteria and answered by events, do not load, an amendment by its MRN.

Each is sent as IE315 and answered in ICS's messages. What nothing is against is complete; lithium batteries are a referral for information, which a
document, or an amendment without them, answers; a watched country on the itinerary is one for screening; a listed party must not be loaded, and no event
changes that. The import of the same consignment finds its entry summary. Every notification is one of ICS2's, one a decision.

usage: ens.py
"""
import json
import os
import re
import sys
import time
import xml.etree.ElementTree as tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

ACCOUNT, XML = "ens", {"Accept": "application/xml"}
BATTERIES = "    <UNDanGooCodGDI1>3480</UNDanGooCodGDI1>\n"


def sample():
    with open(os.path.join(o.ROOT, "samples", "ens.xml"), encoding="utf-8") as file:
        return file.read()


def summary(lrn, batteries=False, through=None, consignee=None, waybill=None):
    """The tree's sample under another LRN."""
    text = sample().replace("ENS-AIR-0091", lrn)
    if not batteries:
        text = text.replace(BATTERIES, "")
    if through:
        text = text.replace("<CouOfRouCodITI1>DE<", f"<CouOfRouCodITI1>{through}<")
    if consignee:
        address = "<NamCE17>Harbour Trade</NamCE17><StrAndNumCE122>Quay 1</StrAndNumCE122><PosCodCE123>1000</PosCodCE123><CitCE124>Port</CitCE124><CouCE125>GB</CouCE125>"
        text = text.replace("    <TINCE159>GB331245671000</TINCE159>\n", f"    {address}<TINCE159>{consignee}</TINCE159>\n")
    return text.replace("157-12345675", waybill) if waybill else text


def amendment(text, mrn):
    """The IE313 that replaces an IE315."""
    text = text.replace("CC315A", "CC313A").replace("DecPlaHEA394", "AmdPlaHEA598").replace("DecDatTimHEA114", "DatTimAmeHEA113")
    return re.sub(r"<RefNumHEA4>.*</RefNumHEA4>", f"<DocNumHEA5>{mrn}</DocNumHEA5>", text)


def send(intake, text, wanted):
    """What is answered, as {element: text} of the message `wanted`."""
    status, answer = intake.call("POST", "/v1/declarations", text.encode(), "application/xml", XML)
    root = tree.fromstring(answer)
    o.check(root.tag == f"{{http://ics.dgtaxud.ec/{wanted}}}{wanted}", f"{wanted} was expected: {status} {answer[:500]}")
    o.check(status == (202 if wanted in ("CC328A", "CC304A") else 422), f"{wanted}: {status}")
    return {node.tag: node.text for node in root.iter()}, root


def accepted(intake, text):
    found, _ = send(intake, text, "CC328A")
    o.check(found["CorIdeMES25"] == "AIR-0091", f"the message that is answered: {found}")
    return found["DocNumHEA5"]


class Told:
    """What each declaration was told, in its order."""

    def __init__(self):
        self.topic = o.Topic("gl.notifications", self.keep)

    @staticmethod
    def keep(message):
        record = o.decode("gl.notifications", message.value())["notification"]
        return (record["mrn"], record["decision_version"], record["message_name"]) if record["submitter"] == ACCOUNT else None

    def of(self, mrn):
        return [name for which, _, name in self.topic.kept if which == mrn]

    def wait(self, mrn, *names):
        self.topic.wait(lambda _: len(self.of(mrn)) >= len(names), f"{mrn}: {names}")
        o.check(self.of(mrn) == list(names), f"{mrn} was told {self.of(mrn)}, not {names}")


def event(account, mrn, kind, code, **details):
    one = {"event_id": o.new_prefix(), "mrn": mrn, "type": kind, "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "code": code}
    if account == "customs":
        one["actor"] = "officer 7"
    if details:
        one["details"] = details
    status, answer = o.Intake(account=account, patience_s=60).call("POST", "/v1/events", json.dumps(one).encode(), "application/json")
    o.check(status == 202 and answer["results"][0]["status"] == "accepted", f"{kind} {code}: {status} {answer}")


def status_of(intake, mrn, outcome, hold=None):
    """Once the view shows it."""
    def shown():
        status, view = intake.status(mrn)
        return view if status == 200 and view.get("outcome") == outcome and (view.get("hold") or {}).get("reason") == hold else None
    return o.wait_for(shown, f"a status of {mrn}: {outcome} {hold}", 30)


def complete(intake, told):
    mrn = accepted(intake, summary(o.new_prefix()))
    told.wait(mrn, "IE3N03")
    status_of(intake, mrn, "RELEASED")
    print("nothing against it: assessment complete")


def for_information(intake, told):
    mrn = accepted(intake, summary(o.new_prefix(), batteries=True))
    told.wait(mrn, "IE3Q02")
    view = status_of(intake, mrn, "HELD", "referral-rfi")
    o.check(view["hold"]["required"] and view["hold"]["until"], f"what is asked for, and until when: {view['hold']}")
    o.check("ens-lithium" not in json.dumps(view), "what selected it is the officers' affair")
    event(ACCOUNT, mrn, "DOCUMENT", "invoice", document="all")
    told.wait(mrn, "IE3Q02", "IE3N03")
    status_of(intake, mrn, "RELEASED")
    print("a referral for information, answered by documents")


def amended(intake, told):
    lrn = o.new_prefix()
    mrn = accepted(intake, summary(lrn, batteries=True))
    told.wait(mrn, "IE3Q02")
    status_of(intake, mrn, "HELD", "referral-rfi")
    found, _ = send(intake, amendment(summary(lrn), mrn), "CC304A")
    o.check(found["DocNumHEA5"] == mrn, f"the MRN that stays: {found}")
    told.wait(mrn, "IE3Q02", "IE3N03")
    o.check(status_of(intake, mrn, "RELEASED")["lrn"] == lrn, "the amendment found its declaration")
    unknown = mrn[:2] + "GB" + mrn[4:]  # another country's: the check character is wrong, or it is nobody's
    _, root = send(intake, amendment(summary(lrn), unknown if unknown != mrn else "26FR00000000000AT0"), "CC305A")
    o.check(root.find("FUNERRER1/ErrTypER11").text == "90", "an MRN that is nobody's")
    other, answer = o.Intake(account="fence", patience_s=60).call("POST", "/v1/declarations", amendment(summary(lrn), mrn).encode(), "application/xml")
    o.check(other == 422 and answer["results"][0]["errors"][0]["code"] == "mrn-unknown", f"another account's: {other} {answer}")
    print("an amendment by MRN completes the assessment; others' and unknown ones are refused")


def for_screening(intake, told):
    for code, outcome, name in (("A1", "RELEASED", "IE3N03"), ("B1", "REFUSED", "IE3Q01")):
        mrn = accepted(intake, summary(o.new_prefix(), through="IR"))
        told.wait(mrn, "IE3Q03")
        status_of(intake, mrn, "HELD", "referral-rfs")
        event("customs", mrn, "INSPECTION_RESULT", code)
        told.wait(mrn, "IE3Q03", name)
        status_of(intake, mrn, outcome)
    print("referrals for screening, answered by its result")


def do_not_load(intake, told):
    mrn = accepted(intake, summary(o.new_prefix(), consignee="ZZ-WATCH-0001"))
    told.wait(mrn, "IE3Q01")
    status_of(intake, mrn, "REFUSED")
    event("customs", mrn, "OFFICER_ACTION", "release")
    told.wait(mrn, "IE3Q01", "IE3Q01")
    status_of(intake, mrn, "REFUSED")
    print("a listed party: do not load, and nothing changes that")


def rejected(intake):
    _, root = send(intake, summary(o.new_prefix()).replace("<TraModAtBorHEA76>4<", "<TraModAtBorHEA76>1<"), "CC316A")
    errors = {(e.findtext("ErrTypER11"), e.findtext("ErrPoiER12"), e.findtext("ErrReaER13")) for e in root.iter("FUNERRER1")}
    o.check(("13", "/CC315A/HEAHEA", "C017") in errors, f"a ship without a name: {errors}")
    print("a rejected one names condition and place")


def consignment(intake, told):
    waybill = f"157-{time.time_ns() // 1000 % 100_000_000:08d}"
    mrn = accepted(intake, summary(o.new_prefix(), through="IR", waybill=waybill))
    told.wait(mrn, "IE3Q03")
    line = json.loads(o.generate(1)[0])
    line["documents"] = [{"kind": "TRANSPORT", "type_code": "N740", "id": waybill}]
    status, answer = intake.post(json.dumps(line).encode())
    o.check(status == 202, f"the import: {status} {answer}")
    imported = answer["results"][0]["mrn"]

    def both():
        status, found = intake.call("GET", f"/v1/consignments?reference=N740:{waybill}")
        rows = {row["mrn"]: row for row in found["declarations"]} if status == 200 else {}
        return rows if {mrn, imported} <= set(rows) else None
    rows = o.wait_for(both, "the import and its entry summary", 30)
    o.check((rows[mrn]["family"], rows[mrn].get("hold")) == ("ENTRY_SUMMARY", "referral-rfs"), f"{rows[mrn]}")
    o.check(rows[imported]["family"] == "IMPORT", f"{rows[imported]}")
    o.check(f"N740:{waybill}" in intake.decided_status(imported)["references"], "the import names what they have in common")
    print("the import of the same consignment finds its entry summary, and that it was referred")


def main():
    o.need_stack()
    told, intake = Told(), o.Intake(account=ACCOUNT, patience_s=60)
    complete(intake, told)
    for_information(intake, told)
    amended(intake, told)
    for_screening(intake, told)
    do_not_load(intake, told)
    rejected(intake)
    consignment(intake, told)
    versions = [(mrn, version) for mrn, version, _ in told.topic.kept if version > 0]
    o.check(len(set(versions)) == len(versions), "one notification a decision")
    told.topic.close()
    o.assert_all_run()


if __name__ == "__main__":
    main()
