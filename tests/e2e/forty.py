#!/usr/bin/env python3
"""Ten thousand declarations in one message, a hundred of them bad, of more than forty kinds: one answer, which rejects those and no other.

Each rejection has the code of what was planted, a pointer that leads to the planted place and the value that was planted there; the others are
accepted, and decided once each. As NDJSON, as CSV of the profile parcels (and its answers as CSV), as a JSON array, and as XML, a document
each. Then the message is sent again after ingest was killed in the middle of it, and a watched file of it is gone on with: the same answer, and
still one decision each.

usage: forty.py [--count 10000] [--bad 100] [--points produced] [--reused]
  --points    where ingest dies (lib/stage/points.c), one after the other
  --reused    also LRNs that were used before: waits until ingest can be sure of them
"""
import argparse
import csv
import io
import json
import os
import random
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402
import planted as p  # noqa: E402

RES = "{urn:wco:datamodel:WCO:RES-DMS:2}"
REUSED = p.Plant("an LRN used before", "lrn-reused", None, "", None)


class Message:
    """What is sent, and what is planted in it: {position: (plant, its bytes)}."""

    def __init__(self, body, planted, good):
        self.body, self.planted, self.good = body, planted, good  # good: LRNs


def spread(candidates, plants, bad, rng):
    """Each kind at least once, at places of its own: [(place, plant)]."""
    o.check(len(plants) <= bad <= len(candidates), f"{bad} bad ones of {len(plants)} kinds in {len(candidates)} places")
    return list(zip(sorted(rng.sample(candidates, bad)), (plants[i % len(plants)] for i in range(bad))))


def is_plain(declaration):
    return declaration["data_set"] == "H7" and len(declaration["items"]) == 1 and len(declaration["parties"]) > 3


def ndjson_message(args, rng, plants):
    lines = o.generate(args.count, "--high-value", "0")
    parsed = [json.loads(line) for line in lines]
    candidates = [i for i, d in enumerate(parsed) if i > 0 and is_plain(d)]
    planted = {}
    for at, plant in spread(candidates, plants, args.bad, rng):
        if plant is REUSED:
            parsed[at]["functional_reference_id"] = parsed[0]["functional_reference_id"]
            lines[at] = json.dumps(parsed[at]).encode()
        else:
            lines[at] = p.plant_json(plant, lines[at])
        planted[at + 1] = (plant, lines[at])
    good = {d["functional_reference_id"] for i, d in enumerate(parsed) if i + 1 not in planted}
    return Message(b"\n".join(lines) + b"\n", planted, good)


def csv_message(args, rng):
    """Keyed by the number of the row."""
    text = o.greenlane("generate", "--format", "parcels", "--count", args.count, "--seed", rng.randrange(1 << 30), "--prefix", o.new_prefix(), "--high-value", "0")
    rows = text.split(b"\n")
    header = p.csv_cells(rows[0])
    lrns = [row.split(b",")[0] for row in rows]
    planted = {}
    for at, plant in spread(single_rows(lrns), p.CSV_PLANTS, args.bad, rng):
        rows[at] = p.plant_csv(plant, header, rows[at])
        planted[at + 1] = (plant, rows[at])
    good = {lrn.decode() for i, lrn in enumerate(lrns) if i > 0 and lrn and i + 1 not in planted}
    return Message(b"\n".join(rows), planted, good), header


def single_rows(lrns):
    return [i for i in range(1, len(lrns) - 1) if lrns[i] and lrns[i] not in (lrns[i - 1], lrns[i + 1])]


def errors_of(result):
    return [e for e in result["errors"] if e["severity"] == "error"]


def check_rejection(plant, source, result, wrong):
    """One of its errors is the planted one, said rightly."""
    reasons = [wrong(plant, source, e) for e in errors_of(result) if e["code"] == plant.code]
    o.check(None in reasons, f"{plant.name} ({plant.code}): {reasons or [e['code'] for e in errors_of(result)]}: {json.dumps(result['errors'])[:800]}\n{source[:1500]!r}")


def check_answer(message, results, place_of, wrong):
    """Exactly the planted ones are rejected, the others accepted, each once; their MRNs by LRN."""
    rejected = {place_of(r): r for r in results if r["status"] == "rejected"}
    extra, missing = sorted(set(rejected) - set(message.planted)), sorted(set(message.planted) - set(rejected))
    o.check(not extra, f"{len(extra)} good ones rejected, first at {extra[:3]}: {json.dumps(rejected[extra[0]])[:600] if extra else ''}")
    o.check(not missing, f"{len(missing)} bad ones accepted, first {[message.planted[m][0].name for m in missing[:5]]}")
    o.check(len([r for r in results if r["status"] == "rejected"]) == len(message.planted), "one is rejected twice")
    for at, result in rejected.items():
        check_rejection(*message.planted[at], result, wrong(at))
    mrns = {r["lrn"]: r["mrn"] for r in results if r["status"] == "accepted"}
    o.check(set(mrns) == message.good and len(set(mrns.values())) == len(message.good),
            f"{len(mrns)} LRNs accepted with {len(set(mrns.values()))} MRNs, {len(message.good)} were good")
    return mrns


def check_json(message, results):
    return check_answer(message, results, lambda r: r["position"], lambda at: p.wrong_json)


def row_of(result):
    return int(result["errors"][0]["pointer"].split("=")[1].split(",")[0])


def check_csv(message, header, results):
    return check_answer(message, results, row_of, lambda at: lambda plant, row, error: p.wrong_csv(plant, header, row, at, error))


def post(body, content_type="application/x-ndjson", profile=None, **intake):
    status, answer = o.Intake(**intake).post(body, content_type, profile)
    o.check(status == 202, f"{status} {str(answer)[:500]}")
    return answer["results"]


def check_decided(decisions, mrns, what):
    """Each of them once, and no other of theirs; how many were closed as duplicates."""
    wanted = set(mrns.values())
    decisions.wait(lambda kept: len({d["mrn"] for d in kept if d["mrn"] in wanted}) == len(wanted), f"decisions of {what}")
    o.flush_pipeline(decisions)
    mine = [d for d in decisions.kept if d["mrn"] in wanted or d["lrn"] in mrns]
    return o.assert_once(mine, wanted)[1]


# ---- the forms ----

def check_csv_answers(message, header):
    """The same message, only looked at, answered in CSV: each planted place by row and column, each value behind its apostrophe."""
    status, answer = o.Intake().call("POST", "/v1/validate?profile=parcels&answers=rejected", message.body, "text/csv", {"Accept": "text/csv"})
    o.check(status == 200, f"{status} {answer[:300]}")
    found = {}
    for line in csv.DictReader(io.StringIO(answer.decode("utf-8", "replace"), newline="")):
        o.check(line["status"] == "invalid", f"{line}")
        for text in line.values():
            o.check(not text.lstrip().startswith(("=", "+", "-", "@")), f"a cell begins a formula: {text!r}")
        if line["severity"] == "error":
            found.setdefault(int(line["row"]), []).append(line)
    o.check(set(found) == set(message.planted), f"{len(found)} rows in the answer, {len(message.planted)} were planted")
    for row, (plant, source) in message.planted.items():
        line = next((e for e in found[row] if e["code"] == plant.code), None)
        o.check(line, f"{plant.name}: {found[row]}")
        if plant.pointer in header:
            column = header.index(plant.pointer)
            o.check(line["column"] == str(column + 1) and line["column_name"] == plant.pointer, f"{plant.name}: {line}")
            text = p.csv_cells(source)[column]
            if plant.value is p.SAME:
                want = ("'" if text[:1] in ("=", "+", "-", "@") else "") + text[:p.VALUE_BYTES]
                o.check(line["value"] == want, f"{plant.name}: {line['value'][:200]!r}, {text[:200]!r} was planted")


def check_array(rng):
    """One JSON array, in which pointers begin with the element."""
    plants = p.JSON_PLANTS
    lines = [line for line in o.generate(4 * len(plants), "--high-value", "0") if is_plain(json.loads(line))][:2 * len(plants)]
    places = dict(spread(list(range(len(lines))), plants, len(plants), rng))
    lines = [p.plant_json(places[i], line) if i in places else line for i, line in enumerate(lines)]
    results = post(b"[" + b",\n".join(lines) + b"]", "application/json")
    rejected = {r["position"] - 1: r for r in results if r["status"] == "rejected"}
    o.check(set(rejected) == set(places), f"array: {sorted(set(rejected) ^ set(places))[:5]}")
    for at, result in rejected.items():
        for error in errors_of(result):
            o.check(error["pointer"].startswith(f"/{at}/") or error["pointer"] == f"/{at}", f"array: {error}")
            error["pointer"] = error["pointer"][len(f"/{at}"):]
        check_rejection(places[at], lines[at], result, p.wrong_json)
    return {r["lrn"]: r["mrn"] for r in results if r["status"] == "accepted"}


def statements_of(response, code):
    return [s.findtext(RES + "StatementDescription") for s in response.iter(RES + "AdditionalInformation") if s.findtext(RES + "StatementCode") == code]


def check_xml(folder, good_count):
    """A document each: all kinds, and good ones; rejected ones a second time with the answer in XML."""
    o.greenlane("generate", "--format", "xml", "--count", len(p.XML_PLANTS) + good_count, "--prefix", o.new_prefix(), "--high-value", "0", "--items", "1", "--output", folder)
    documents = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            documents.append(file.read())
    single = [d for d in documents if d.count(b"<GovernmentAgencyGoodsItem>") == 1]
    o.check(len(single) > len(p.XML_PLANTS), f"{len(single)} documents with one item")
    intake, mrns = o.Intake(), {}
    for plant, document in zip(p.XML_PLANTS, single):
        document = p.plant_xml(plant, document)
        status, answer = intake.post(document, "application/xml")
        o.check(status == 422 and len(answer["results"]) == 1, f"{plant.name}: {status} {str(answer)[:500]}")
        check_rejection(plant, document, answer["results"][0], p.wrong_xml)
        status, answer_xml = intake.call("POST", "/v1/declarations", document, "application/xml", {"Accept": "application/xml"})
        o.check(status == 422, f"{plant.name}: {status}")
        response = p.ET.fromstring(answer_xml)
        o.check(response.findtext(f"{RES}Response/{RES}FunctionCode") == "03" and plant.code in statements_of(response, "code"), f"{plant.name}: {answer_xml[:600]}")
        for error in errors_of(answer["results"][0]):
            o.check(error["pointer"] in "".join(statements_of(response, "pointer")), f"{plant.name}: {error['pointer']} is not in the response")
    for document in single[len(p.XML_PLANTS):]:
        result = intake.post(document, "application/xml")[1]["results"][0]
        o.check(result["status"] == "accepted", f"{result}")
        mrns[result["lrn"]] = result["mrn"]
    return mrns


# ---- deaths ----

def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def start_to_die(point):
    os.environ["GL_TEST_POINT"] = point
    try:
        o.stack("kill", "ingest")
        o.stack("start", "ingest")
    finally:
        del os.environ["GL_TEST_POINT"]
    return o.pid_of("ingest")


def start_after_death(pid, point):
    o.wait_for(lambda: not is_alive(pid), f"death at {point}", 60)
    o.stack("start", "ingest")


def sent_again(message, point):
    """Over HTTP: no answer comes, the sender sends it again; its answer."""
    results = []
    pid = start_to_die(f"{point}:1")
    sender = threading.Thread(target=lambda: results.extend(post(message.body, patience_s=120)), daemon=True)
    sender.start()
    start_after_death(pid, point)
    sender.join(120)
    o.check(results, f"{point}: no answer to the message that was sent again")
    return results


def put_file(inbox, name, content):
    partial = os.path.join(inbox, "." + name)
    with open(partial, "wb") as file:
        file.write(content)
    os.rename(partial, os.path.join(inbox, name))


def answers_to(inbox, name):
    """The answers file, once it is there."""
    def there():
        out = os.path.join(inbox, "out")
        names = os.listdir(out) if os.path.isdir(out) else []
        return next((os.path.join(out, n) for n in names if n.startswith(name + ".") and n.endswith(".answers.ndjson")), None)
    with open(o.wait_for(there, f"answers to {name}", 120), "rb") as file:
        return o.json_lines(file.read())


def gone_on(message, point, nth):
    """A watched file: ingest dies in the middle of it, and goes on where it was."""
    inbox = os.environ["GREENLANE_INBOX"]
    name = f"forty-{os.getpid()}-{point}.ndjson"
    pid = start_to_die(f"{point}:{nth}")
    put_file(inbox, name, message.body)
    start_after_death(pid, point)
    return answers_to(inbox, name)


def wait_until_sure():
    """Until every partition says of a new LRN that it was not used before."""
    def sure():
        status, answer = o.Intake(account="fence", patience_s=30).post(b"\n".join(o.generate(40)))
        return status == 202 and all(r["duplicate_check"] == "done" for r in answer["results"])
    o.wait_for(sure, "duplicate_check: done", 120, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--bad", type=int, default=100)
    parser.add_argument("--points", default="produced")
    parser.add_argument("--reused", action="store_true")
    args = parser.parse_args()
    o.need_stack()
    rng = random.Random(40)
    plants = p.JSON_PLANTS + p.LINE_PLANTS
    o.check(len(plants) >= 40, f"{len(plants)} kinds")
    if args.reused:
        wait_until_sure()
    with o.Topic("gl.decisions", o.decision_of) as decisions:
        message = ndjson_message(args, rng, plants + [REUSED] if args.reused else plants)
        mrns = check_json(message, post(message.body))
        print(f"NDJSON: {len(message.planted)} rejected of {len(plants)} kinds, {len(mrns)} accepted", flush=True)
        message, header = csv_message(args, rng)
        mrns.update(check_csv(message, header, post(message.body, "text/csv", "parcels")))
        check_csv_answers(message, header)
        print(f"CSV: {len(message.planted)} rejected of {len(p.CSV_PLANTS)} kinds, {len(message.good)} accepted; the same in CSV", flush=True)
        mrns.update(check_array(rng))
        with tempfile.TemporaryDirectory() as folder:
            mrns.update(check_xml(folder, 40))
        print(f"XML: {len(p.XML_PLANTS)} kinds, a document each, answered in JSON and in XML", flush=True)
        o.check(check_decided(decisions, mrns, "the messages") == 0, "duplicates were decided")
        for point in args.points.split(","):
            message = ndjson_message(args, rng, plants)
            mrns = check_json(message, sent_again(message, point))
            repeated = check_decided(decisions, mrns, f"the message sent again after {point}")
            print(f"killed at {point}, sent again: {len(mrns)} accepted, decided once each; {repeated} repetitions closed", flush=True)
            message = ndjson_message(args, rng, plants)
            mrns = check_json(message, gone_on(message, point, 2))
            repeated = check_decided(decisions, mrns, f"the file after {point}")
            o.check(repeated == 0, f"{point}: {repeated} declarations of the file were taken in twice")
            print(f"killed at {point}, the file gone on with: {len(mrns)} accepted and decided once each", flush=True)
    o.assert_all_run()


if __name__ == "__main__":
    main()
