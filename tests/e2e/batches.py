#!/usr/bin/env python3
"""A message of several declarations is a batch: its progress until everything is decided; what was sent is kept as it came, and the parcels
of a consignment find each other.

The batch is found after a restart of ingest too, is nobody else's, and counts what was rejected. `greenlane original` gives back the bytes
of each declaration, under the digest that the record names.

usage: batches.py [--count 300]
"""
import argparse
import hashlib
import http.client
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402


def progress(batch, account=None):
    return o.Intake(account, patience_s=30).call("GET", f"/v1/batches/{batch}")


def send(body):
    """The answer, and where the batch is."""
    address = urllib.parse.urlsplit(os.environ["INGEST_URL"])
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request("POST", "/v1/declarations", body, {"Content-Type": "application/x-ndjson", "Greenlane-Account": "inputs"})
    answer = connection.getresponse()
    content = answer.read()
    o.check(answer.status == 202, f"{answer.status} {content[:200]}")
    return json.loads(content), answer.getheader("Location")


def check_progress(count):
    lines = o.generate(count)
    body = b"\n".join([*lines, b'{"functional_reference_id":"no","family":"IMPORT"}'])
    answers, location = send(body)
    batch = answers["batch"]
    o.check(location == f"/v1/batches/{batch}", f"Location: {location}")
    done = o.wait_for(lambda: (p := progress(batch, "inputs"))[0] == 200 and p[1]["done"] and p[1], "everything in the batch is decided", 60)
    o.check((done["accepted"], done["rejected"], done["decided"]) == (count, 1, count), f"{done}")
    o.check(done["released"] + done["held"] + done["refused"] == count, f"{done}")
    o.check(progress(batch)[0] == 404, "another account sees it")
    o.check(progress(batch, "customs")[1] == done, "an officer does not see it")
    o.check(progress("00" + batch[2:], "inputs")[0] == 404 and progress("x", "inputs")[0] == 400, "what is no batch is found")
    o.stack("stop", "ingest")
    o.stack("start", "ingest")
    again = o.wait_for(lambda: (p := progress(batch, "inputs"))[0] == 200 and p[1], "the batch is found after a restart", 60)
    o.check(again == done, f"{again} instead of {done}")
    print(f"a batch of {count}: {done['released']} released, {done['held']} held, 1 rejected; the same after a restart")
    return lines, answers


def check_consignment(lines, answers):
    """All of them are of one air waybill; an other account has none of it."""
    reference = "N740:" + json.loads(lines[0])["documents"][0]["id"]
    path = "/v1/consignments?reference=" + urllib.parse.quote(reference)
    intake = o.Intake("inputs", patience_s=30)
    status, first = intake.call("GET", path)
    o.check(status == 200 and first["reference"] == reference, f"{status} {first}")
    mrns, at = [d["mrn"] for d in first["declarations"]], first.get("next")
    while at:
        page = intake.call("GET", f"{path}&from={at}")[1]
        mrns += [d["mrn"] for d in page["declarations"]]
        at = page.get("next")
    wanted = {r["mrn"] for r, line in zip(answers["results"], lines) if json.loads(line)["documents"][0]["id"] == reference[5:]}
    o.check(wanted <= set(mrns) and len(mrns) == len(set(mrns)), f"{len(wanted - set(mrns))} of {len(wanted)} are missing")
    o.check(o.Intake("rehearsal", patience_s=30).call("GET", path)[1]["total"] == 0, "another account sees it")
    o.check(o.Intake("customs", patience_s=30).call("GET", path + "&submitter=inputs")[1]["total"] == first["total"], "an officer does not see it")
    o.check(intake.call("GET", "/v1/consignments")[0] == 400, "no reference")
    status, view = intake.call("GET", "/v1/declarations/" + answers["results"][0]["mrn"])
    o.check(view.get("references") == [reference], f"{view}")
    print(f"{len(wanted)} parcels of {reference} find each other")


def check_originals(lines, answers):
    for line, result in list(zip(lines, answers["results"]))[:5]:
        kept = o.greenlane("original", result["mrn"])
        o.check(kept == line, f"{kept[:200]} instead of {line[:200]}")
        listed = o.greenlane("original", "--list", result["mrn"]).decode().split()
        o.check(listed[1:] == [hashlib.sha256(line).hexdigest(), str(len(line)), "bytes"], f"{listed}")
        o.check(o.greenlane("original", listed[1]) == line, "it is not found by its digest")
    o.greenlane("original", "0" * 64, fine=(1,))
    print("five originals are as they were sent")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    args = parser.parse_args()
    o.need_stack()
    lines, answers = check_progress(args.count)
    check_consignment(lines, answers)
    check_originals(lines, answers)
    o.assert_all_run()


if __name__ == "__main__":
    main()
