#!/usr/bin/env python3
"""Officers find that most items of one submitter are something else than the model claimed, and that another's are right: within ten seconds another
instance of classify tightens the confidence of the first one's texts of that kind, over HTTP and in the stream, and of nobody else's. An instance that
counts drawn declarations only does not. It outlives a restart and a kill, what is sent twice changes nothing, and it ends when the findings are corrected.

usage: calibration.py [--count 40]
"""
import argparse
import hashlib
import json
import os
import secrets
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import classifier  # noqa: E402
import outside as o  # noqa: E402

WITHIN_S = 10
SLOPPY, GOOD = "inputs", "formats"  # submitters
TEXT, WRONG = "jigsaw puzzle for children", "847130"
LEAST = 20


class Second(classifier.Instance):
    """Another instance of classify, which counts every finding and knows who asks."""

    def __init__(self, folder):
        super().__init__(folder, f"\n  access: {folder}/access.yaml\n  tighten: all\n  tighten_least: {LEAST}\n")
        self.keys = {}
        with open(os.path.join(folder, "access.yaml"), "w", encoding="ascii") as file:
            file.write("submitters:\n")
            for account in (SLOPPY, GOOD, "cds"):
                self.keys[account] = "gl_calibration_" + secrets.token_hex(24)
                digest = hashlib.sha256(self.keys[account].encode()).hexdigest()
                file.write(f"  - account: {account}\n    keys: [\"sha256:{digest}\"]\n")

    def has_partitions(self):
        return 0 < self.metric("gl_assigned_partitions") < 4

    def kill(self):
        self.process.kill()
        self.process.wait(40)

    def ask(self, account):
        return ask(self.url, {"Authorization": "Bearer " + self.keys[account]})


def ask(url, headers=None):
    status, answer = o.Intake(url=url, patience_s=20).call("POST", "/v1/classify", json.dumps({"description": TEXT}).encode(), "application/json", headers)
    o.check(status == 200, f"{status} {answer}")
    return answer


def submit(account, count, code):
    """{mrn: lrn} of new declarations with one item of this text; each is decided."""
    lines = []
    for line in o.generate(count):
        record = json.loads(line)
        record["items"] = record["items"][:1]
        record["items"][0].update(description=TEXT, commodity_code=code)
        lines.append(json.dumps(record).encode())
    with o.Topic("gl.declarations.classified", lambda m: o.decode("gl.declarations.classified", m.value())) as topic, o.Topic("gl.decisions", o.decision_of) as decisions:
        status, answers = o.Intake(account, patience_s=60).post(b"\n".join(lines))
        sent = {r["mrn"]: r["lrn"] for r in answers["results"] if r["status"] == "accepted"}
        o.check(status == 202 and len(sent) == count, f"{status} {str(answers)[:500]}")
        decisions.wait(lambda kept: sent.keys() <= {d["mrn"] for d in kept}, "each is decided")
        topic.wait(lambda kept: sent.keys() <= {r["declaration"]["mrn"] for r in kept}, "each is classified")
    records = [r["classification"] for r in topic.kept if r["declaration"]["mrn"] in sent]
    o.check(not any(r["degraded"] for r in records), "a record is degraded")
    return sent, records


def find(sent, found, what):
    """One inspection result for each declaration."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    events = [{"event_id": f"{lrn}.{what}", "mrn": mrn, "type": "INSPECTION_RESULT", "occurred_at": at, "code": "A2", "details": found} for mrn, lrn in sent.items()]
    status, answer = o.Intake("customs", patience_s=60).call("POST", "/v1/events", b"\n".join(json.dumps(e).encode() for e in events), "application/x-ndjson")
    o.check(status == 202 and all(r["status"] == "accepted" for r in answer["results"]), f"events: {status} {str(answer)[:500]}")


def confidence(answer):
    return answer["candidates"][0]["confidence"]


def listed(second_only=SLOPPY):
    rows = o.json_lines(o.greenlane("calibration", "--tighten", "all", "--least", LEAST, "--json"))
    return {row["words"]: row for row in rows if row["submitter"] == second_only}


def refused():
    event = {"event_id": "x", "lrn": "none", "family": "IMPORT", "submitter": SLOPPY, "type": "INSPECTION_RESULT", "occurred_at": "2026-11-24T06:35:01Z", "code": "B1"}
    for details, code in (({"found.1": "95.03"}, "invalid-code"), ({"found": "950300"}, "invalid-code"), ({"found.one": "950300"}, "unknown-field")):
        _, answer = o.Intake("customs").call("POST", "/v1/events", json.dumps({**event, "details": details}).encode(), "application/json")
        o.check([e["code"] for e in answer["results"][0]["errors"]] == [code], f"{details}: {answer}")
    _, answer = o.Intake(SLOPPY).call("POST", "/v1/events", json.dumps({**event, "submitter": None, "details": {"found": "as-declared"}}).encode(), "application/json")
    o.check([e["code"] for e in answer["results"][0]["errors"]] == ["officer-required"], f"{answer}")
    print("what cannot have been found, and who is no officer, is refused")


def in_the_stream(second, code, claimed):
    """Until both instances had some: the second one's items of the sloppy submitter are tightened, and say what was claimed."""
    before = second.metric("gl_classify_tightened_items_total")
    tightened, others = [], []
    for _ in range(5):
        _, records = submit(SLOPPY, 12, code)
        tightened += [r for r in records if r["tightened"]]
        others += [r for r in records if not r["tightened"]]
        if tightened and others:
            break
    o.check(tightened and others, f"{len(tightened)} records of one instance, {len(others)} of the other")
    for record in tightened:
        how, top = record["tightened"][0], record["items"][0]["candidates"][0]
        o.check(how["item"] == 0 and how["own"] and how["claimed_ppm"] == round(claimed * 1e6) and how["claimed_code"] == code, f"{how}")
        o.check(top["confidence_ppm"] == how["claimed_ppm"] * how["factor_ppm"] // 1_000_000, f"{how} {top}")
    o.check(all(r["items"][0]["candidates"][0]["confidence_ppm"] == round(claimed * 1e6) for r in others), "an instance that counts drawn ones only tightened")
    o.check(second.metric("gl_classify_tightened_items_total") - before == len(tightened), "tightened items are not counted")
    _, records = submit(GOOD, 12, code)
    o.check(not any(r["tightened"] for r in records), "another submitter's items are tightened")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=40)
    count = parser.parse_args().count
    o.need_stack()
    first = os.environ["CLASSIFY_URL"]
    with tempfile.TemporaryDirectory() as folder:
        second = Second(folder)
        second.start()
        o.wait_for(second.has_partitions, "the second instance has partitions", 60)
        refused()
        before = ask(first)
        code, claimed = before["answer"]["code"], confidence(before)
        o.check(len(code) == 6 and confidence(second.ask(SLOPPY)) == claimed == confidence(second.ask(GOOD)), f"{before}")
        good, _ = submit(GOOD, 4 * count, code)
        sloppy, _ = submit(SLOPPY, count, code)
        find(good, {"found": "as-declared"}, "right")
        o.wait_for(lambda: second.metric("gl_classify_findings", words="3-4") >= 4 * count, "the good one's findings count", WITHIN_S)
        o.check(confidence(second.ask(SLOPPY)) == claimed, "tightened by what is right")

        find(sloppy, {"found.1": WRONG}, "wrong")
        began = time.monotonic()
        o.wait_for(lambda: second.metric("gl_classify_findings", words="3-4") >= 5 * count and confidence(second.ask(SLOPPY)) <= 0.011, "confidence is down", WITHIN_S, 0.01)
        took = time.monotonic() - began
        answer = second.ask(SLOPPY)
        o.check(answer["abstained"] and answer["answer"] is None and answer["tightened"]["claimed"] == claimed and answer["tightened"]["answer"]["code"] == code, f"{answer}")
        o.check(confidence(second.ask(GOOD)) == claimed and "tightened" not in second.ask(GOOD), "another submitter's confidence changed")
        o.check(confidence(second.ask("cds")) == claimed == confidence(ask(first)), "one submitter's findings lowered everybody's confidence")
        row = listed()["3-4"]
        o.check(row["all"]["findings"] == count and row["all"]["right"] == 0 and abs(row["all"]["claimed"] - claimed) < 1e-5 and row["factor"] == 0.01 and row["own"], f"{row}")
        print(f"what was found of {count} items lowered one submitter's confidence from {claimed} at the other instance within {took:.2f} s, and nobody else's own")
        in_the_stream(second, code, claimed)
        print("so in the stream, and the record says what was claimed")

        for end in (second.end, second.kill):
            end()
            second.start()
            o.check(second.ask(SLOPPY)["tightened"]["factor"] == 0.01, "the first answer after a start is not tightened")
        find(sloppy, {"found.1": WRONG}, "wrong")  # the same events again
        find({next(iter(sloppy)): next(iter(sloppy.values()))}, {"found": "as-declared"}, "corrected")
        o.wait_for(lambda: listed()["3-4"]["all"]["right"] > 0, "a correction counts", WITHIN_S, 0.2)
        o.check(listed()["3-4"]["all"]["findings"] == count, "an event that was sent again counted again")
        print("it outlives a restart and a kill; a repetition changes nothing, and a correction replaces what was found before")

        find(sloppy, {"found": "unknown"}, "withdrawn")
        o.wait_for(lambda: confidence(second.ask(SLOPPY)) == claimed, "the claim stands again", WITHIN_S, 0.01)
        find(good, {"found": "unknown"}, "withdrawn")
        o.wait_for(lambda: not listed() and not listed(GOOD), "nothing is left", WITHIN_S, 0.2)
        o.check(o.metric("gl_findings_total", "decide", result="withdrawn") >= 5 * count and second.metric("gl_classify_findings_complete") == 1, "no metrics")
        print("withdrawn, they are as if they had never been")
        second.end()
    o.assert_all_run()


if __name__ == "__main__":
    main()
