#!/usr/bin/env python3
"""The CDS samples: at least 95 % of the declarations are accepted, each error points into its source, other messages are refused as what they are.

Sends every XML file of the samples. A declaration is a DMS declaration with function code 9; amendments by pointers and requests (13) are
refused as not supported; a cancellation (13, INV) names an MRN that is not ours and is told so; notifications and other messages as no declaration. A pointer must resolve in the file, and the value reported must be the
one found there.

usage: cds.py [--min-share 0.95] [--list]   (--list: prints each rejection)
"""
import argparse
import collections
import os
import re
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

DEC = "{urn:wco:datamodel:WCO:DEC-DMS:2}Declaration"


def kind_of(content):
    """declaration, amendment, cancellation, unreadable or other; and the parsed document."""
    try:
        root = ET.fromstring(content)
    except ET.ParseError:
        return "unreadable", None
    declaration = next((d for d in root.iter(DEC)), None)
    if declaration is None or not any(local(e.tag) in ("MetaData", "submitDeclarationRequest") for e in [root]):
        return "other", root
    if root.find("{urn:wco:datamodel:WCO:DocumentMetaData-DMS:2}Response") is not None or any(local(e.tag) == "Response" for e in root.iter()):
        return "other", root
    code = (declaration.findtext(DEC.replace("Declaration", "FunctionCode")) or "").strip()
    if code == "13" and (declaration.findtext(DEC.replace("Declaration", "TypeCode")) or "").strip() == "INV":
        return "cancellation", root
    return {"9": "declaration", "13": "amendment"}.get(code, "other"), root


def local(tag):
    return tag.split("}")[-1]


def resolve(root, pointer):
    """The element or attribute text at an XPath of simple steps: /A/b:B[2]/*[local-name()='C'] or /A/@x. None when there is none."""
    steps = [s for s in pointer.split("/") if s]
    at = [root]
    for depth, step in enumerate(steps):
        if step.startswith("@*[local-name"):
            step = "@" + step.split("'")[1]
        if step.startswith("@"):
            values = [v for e in at for k, v in e.attrib.items() if local(k) == step[1:].split(":")[-1]]
            return values[0] if values else None
        match = re.fullmatch(r"(?:\*\[local-name\(\)='([^']+)'\]|(?:[\w.-]+:)?([\w.-]+|\*))(?:\[(\d+)\])?", step)
        if not match:
            return None
        name, index = match.group(1) or match.group(2), int(match.group(3) or 1)
        candidates = at if depth == 0 else [c for e in at for c in e]
        found = [c for c in candidates if name in ("*", local(c.tag))]
        if len(found) < index:
            return None
        at = [found[index - 1]]
    return at[0]


def check_errors(path, root, errors):
    for error in errors:
        o.check(error["code"] and error["text"], f"{path}: {error}")
        if root is None or not error.get("pointer"):
            continue
        found = resolve(root, error["pointer"])
        o.check(found is not None, f"{path}: {error['code']}: pointer {error['pointer']} does not resolve")
        if error.get("value") is not None:
            text = found if isinstance(found, str) else (found.text or "")
            o.check(text.strip() == error["value"].strip(), f"{path}: {error['pointer']}: value {error['value']!r} is reported, {text!r} is there")


def errors_of(status, answer):
    if status in (202, 422):
        return [e for r in answer["results"] if r["status"] == "rejected" for e in r["errors"]]
    return [{"code": answer["code"], "text": answer["detail"]}]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--min-share", type=float, default=0.95)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    o.need_stack()
    folder = o.data("messages", "cds")
    intake = o.Intake(account="cds")
    sent, accepted, mrns = collections.Counter(), collections.Counter(), set()
    reused = 0
    with o.Topic("gl.decisions", o.decision_of, beginning=True) as decisions:
        for path in sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names if f.endswith(".xml")):
            with open(path, "rb") as file:
                content = file.read()
            name = os.path.relpath(path, folder)
            kind, root = kind_of(content)
            status, answer = intake.post(content, "application/xml")
            o.check(status in (202, 400, 413, 415, 422), f"{name}: {status} {str(answer)[:300]}")
            errors = errors_of(status, answer)
            sent[kind] += 1
            if any(e["code"] == "lrn-reused" for e in errors):  # samples share reference numbers
                reused += 1
                accepted[kind] += 1
            elif not errors:
                accepted[kind] += 1
                mrns |= {r["mrn"] for r in answer["results"]}
            else:
                check_errors(name, root, errors)
            if args.list and errors:
                print(f"{kind}: {name}: " + "; ".join(f"{e['code']} at {e.get('pointer', '')} ({e.get('value', '')}): {e['text']}" for e in errors[:5]))
            if kind == "other":
                o.check(errors, f"{name}: is no declaration and was accepted")
            if kind == "cancellation":
                o.check(any(e["code"] in ("mrn-unknown", "view-rebuilding", "invalid-code") for e in errors), f"{name}: cancellation: {errors[:2]}")
            if kind == "amendment":
                o.check(any("not-supported" in e["code"] for e in errors), f"{name}: amendment: {errors[:2]}")
        o.flush_pipeline(decisions)
        o.assert_once([d for d in decisions.kept if d["mrn"] in mrns], mrns)
    total = sent["declaration"]
    print(f"{accepted['declaration']} of {total} declarations accepted ({reused} of them share a reference number with another sample), "
          f"{sent['amendment']} amendments, {sent['cancellation']} cancellations, {sent['other']} other messages and {sent['unreadable']} unreadable files refused as what they are")
    o.check(accepted["declaration"] >= args.min_share * total, f"less than {args.min_share:.0%} accepted")
    o.assert_all_run()


if __name__ == "__main__":
    main()
