#!/usr/bin/env python3
"""Bad input over HTTP, in a watched directory and on topics: an error that says what and where, or a dead letter, and the daemons go on.

Truncated, oversized, deeply nested, wrongly typed, wrongly encoded and random input, seeded. Good declarations are sent in between and must
be decided. Nothing may answer 5xx, hang, or end a daemon.

usage: inputs.py [--random 200] [--seed 1]
"""
import argparse
import gzip
import json
import os
import random
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

JSON, NDJSON, CSV, XML, ZIP = "application/json", "application/x-ndjson", "text/csv", "application/xml", "application/zip"
DEEP = 100_000
MIB = 1 << 20
INPUT_OF = {"classify": "gl.declarations.accepted", "risk": "gl.declarations.classified", "decide": "gl.declarations.assessed"}


def bad_bodies(good, xml, csv, rng, random_count):
    """(name, content type, profile, body): each must be refused as a whole or declaration by declaration."""
    one = json.loads(good)
    latin = json.dumps(one, ensure_ascii=False).replace('"functional_reference_id"', '"\xe9"').encode("latin-1", "replace")
    yield "empty", JSON, None, b""
    yield "blank", JSON, None, b" \n\t "
    yield "truncated JSON", JSON, None, good[: len(good) // 2]
    yield "truncated NDJSON", NDJSON, None, good[: len(good) * 2 // 3]
    yield "not an object", JSON, None, b'"a declaration"'
    yield "a number", JSON, None, b"17"
    yield "array of numbers", JSON, None, b"[1,2,3]"
    yield "deep arrays", JSON, None, b"[" * DEEP + b"]" * DEEP
    yield "deep objects", JSON, None, b'{"a":' * DEEP + b"1" + b"}" * DEEP
    yield "deep in a field", JSON, None, json.dumps({**one, "items": "@"}).replace('"@"', "[" * 5000 + "]" * 5000).encode()
    yield "items are text", JSON, None, json.dumps({**one, "items": "three"}).encode()
    yield "items are null", JSON, None, json.dumps({**one, "items": [None, 7]}).encode()
    yield "no fields", JSON, None, b"{}"
    yield "latin-1", JSON, None, latin
    yield "UTF-16", JSON, None, good.decode().encode("utf-16")
    yield "NUL bytes", JSON, None, good.replace(b"{", b"{\0", 1)
    yield "oversized declaration", JSON, None, json.dumps({**one, "filler": "x" * MIB}).encode()
    yield "wrong type: XML as JSON", JSON, None, xml
    yield "wrong type: JSON as XML", XML, None, good
    yield "truncated XML", XML, None, xml[: len(xml) // 2]
    yield "deep XML", XML, None, b"<a>" * DEEP + b"</a>" * DEEP
    yield "entity expansion", XML, None, (b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa">' +
                                          b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)) +
                                          b"]><m>&j;</m>")
    yield "external entity", XML, None, b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/hostname">]><m>&x;</m>'
    yield "XML that lies about its encoding", XML, None, b'<?xml version="1.0" encoding="UTF-8"?><m>\xff\xfe\xe9</m>'
    yield "XML of another kind", XML, None, b"<order><line/></order>"
    yield "unknown profile", CSV, "no-such-profile", csv
    yield "no profile", CSV, None, csv
    yield "CSV without its columns", CSV, "parcels", b"a,b,c\n1,2,3\n"
    yield "CSV with an open quote", CSV, "parcels", csv.splitlines()[0] + b'\n"never closed,1,2\n'
    yield "CSV row too short", CSV, "parcels", csv.splitlines()[0] + b"\nonly-one-cell\n"
    yield "CSV of binary", CSV, "parcels", csv.splitlines()[0] + b"\n" + bytes(range(256)) + b"\n"
    yield "gzip that ends early", JSON, None, gzip.compress(good)[:-5]
    yield "gzip in gzip", JSON, None, gzip.compress(gzip.compress(good))
    yield "a gzip bomb", JSON, None, gzip.compress(bytes(64 * MIB))
    yield "a zip that is none", ZIP, None, good
    yield "a zip that ends early", ZIP, None, o.zip_of({"a.json": good})[:-30]
    yield "a zip with a step up", ZIP, None, o.zip_of({"../a.json": good})
    yield "a zip in a zip", ZIP, None, o.zip_of({"a.zip": o.zip_of({"a.json": good})})
    yield "a zip of nothing", ZIP, None, o.zip_of({})
    yield "a workbook without its sheet", ZIP, "parcels", o.zip_of({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    for i in range(random_count):
        kind, profile, base = rng.choice([(JSON, None, good), (NDJSON, None, good), (XML, None, xml), (CSV, "parcels", csv)])
        if rng.random() < 0.3:
            yield f"random {i}", kind, profile, rng.randbytes(rng.randrange(1, 4096))
            continue
        body = bytearray(base)
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(body))
            if rng.random() < 0.5:
                body[at] = rng.randrange(256)
            else:
                del body[at:at + rng.randrange(1, 40)]
            if not body:
                body = bytearray(b"x")
        yield f"damaged {i}", kind, profile, bytes(body)


def check_answer(name, status, answer):
    """An error says what (a stable code, a text) and, for a declaration, where (a pointer)."""
    o.check(status < 500, f"{name}: {status} {str(answer)[:300]}")
    if status in (202, 422):
        for result in answer["results"]:
            if result["status"] == "rejected":
                o.check(result["errors"], f"{name}: rejected without an error")
                for error in result["errors"]:
                    o.check(error["code"] and error["text"] and "pointer" in error, f"{name}: {error}")
        return
    o.check(400 <= status < 500 and isinstance(answer, dict) and answer.get("code") and answer.get("detail"), f"{name}: {status} {str(answer)[:300]}")


def http_inputs(args, good, xml, csv):
    rng = random.Random(args.seed)
    intake = o.Intake(account="inputs")
    count = 0
    for name, kind, profile, body in bad_bodies(good, xml, csv, rng, args.random):
        status, answer = intake.post(body, kind, profile)
        check_answer(name, status, answer)
        if not name.startswith("damaged"):  # damage may leave a declaration that is still right
            o.check(status != 202, f"{name}: was accepted: {str(answer)[:300]}")
        count += 1
    status, answer = o.Intake(account="no-such-account").post(good, JSON)
    o.check(status in (401, 403), f"unknown account: {status} {answer}")
    status, answer = intake.call("GET", "/v1/declarations/not-an-mrn")
    check_answer("not an MRN", status, answer)
    status, answer = intake.call("PUT", "/v1/declarations", b"{}", JSON)
    o.check(status in (404, 405), f"PUT: {status}")
    status = oversized_body()
    o.check(status in (413, None), f"a body above the limit: {status}")
    for junk in (b"\r\n\r\n", b"GET\0/ HTTP/9.9\r\n\r\n", b"POST /v1/declarations HTTP/1.1\r\nContent-Length: -5\r\n\r\n{}",
                 b"POST /v1/declarations HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{", b"X" * 100_000):
        raw_http(junk)
    o.assert_all_run()
    print(f"HTTP: {count} bad bodies refused with code and place, broken requests survived")


def address():
    parts = o.urllib.parse.urlsplit(os.environ["INGEST_URL"])
    return parts.hostname, parts.port


def raw_http(junk):
    """Sends bytes that are no request and hangs up; what comes back, if anything, is not a 5xx."""
    with socket.create_connection(address(), 5) as link:
        link.settimeout(1)
        try:
            link.sendall(junk)
            link.shutdown(socket.SHUT_WR)
            reply = link.recv(4096)
        except OSError:
            reply = b""
    o.check(not reply.startswith(b"HTTP/1.1 5"), f"{junk[:30]}: {reply[:100]}")


def oversized_body():
    """Announces 64 MiB and sends until refused; the status, or None when the connection was closed on us."""
    with socket.create_connection(address(), 10) as link:
        link.settimeout(30)
        try:
            link.sendall(b"POST /v1/declarations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
            for _ in range(64):
                link.sendall(b" " * MIB)
        except OSError:
            pass
        try:
            head = link.recv(100).split(b" ")
        except OSError:
            return None
    return int(head[1]) if len(head) > 1 else None


def file_inputs(good, csv):
    """Each file of the watched directory gets an answers file, bad ones too, and is moved away."""
    packed = gzip.compress(good)
    files = {"good.ndjson": good + b"\n", "truncated.json": good[: len(good) // 2], "random.json": random.Random(7).randbytes(2000),
             "empty.json": b"", "deep.json": b"[" * DEEP, "binary.csv": csv[:100] + bytes(range(256)), "unknown.bin": b"\x7fELF" + bytes(500),
             "cut.json.gz": packed[:-5], "not.zip": good}
    for name, answers in o.take_in(files).items():
        if name == "good.ndjson":
            o.check([a["status"] for a in answers] == ["accepted"], f"{name}: {answers}")
            good_mrn = answers[0]["mrn"]
        else:
            o.check(answers and all(a.get("status") == "rejected" and a["errors"] for a in answers), f"{name}: {answers}")
    o.assert_all_run()
    print(f"files: {len(files) - 1} bad ones answered and moved away, a good one among them accepted")
    return good_mrn


def bad_values(valid, rng):
    yield b""
    yield b"\0"
    yield b"\1" + valid[1:]
    yield valid[:5]
    yield valid[: len(valid) // 2]
    yield valid[:-1]
    yield valid + b"\0"
    yield b"\0\x7f\xff\xff\xff" + valid[5:]
    yield valid[:5] + b"\xff" * 40
    yield valid[:21] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + valid[21:]
    for _ in range(30):
        yield rng.randbytes(rng.randrange(1, 600))


def dead_letter_of(message):
    return message.key(), message.value(), dict(message.headers() or [])


def topic_inputs(decisions, good_lines):
    """Whatever is put on a stage's input topic and cannot be read is on its dead-letter topic as it came, and what follows is processed."""
    rng = random.Random(3)
    total = 0
    for stage, topic in INPUT_OF.items():
        with o.Topic(topic) as source, o.Topic(f"gl.{stage}.dlq", dead_letter_of) as dead:
            status, answer = o.Intake(account="inputs").post(good_lines.pop())
            o.check(status == 202, f"{status} {answer}")
            source.wait_count(1)
            valid = source.kept[0].value()
            values = list(bad_values(valid, rng))
            producer = o.producer()
            for value in values:
                producer.produce(topic, value, rng.randbytes(16), partition=rng.choice(source.partitions), headers={"seen-by": b"nobody"})
            o.check(producer.flush(30) == 0, "producing bad records")
            dead.wait_count(len(values))
            o.flush_pipeline(decisions)
            o.check(len(dead.kept) == len(values), f"{stage}: {len(dead.kept)} dead letters for {len(values)} bad records")
            o.check(sorted(v or b"" for _, v, _ in dead.kept) == sorted(values), f"{stage}: a dead letter's value is not what was consumed")
            for _, _, headers in dead.kept:
                for name in ("gl.dlq.code", "gl.dlq.message", "gl.dlq.stage", "gl.dlq.topic", "gl.dlq.partition", "gl.dlq.offset"):
                    o.check(headers.get(name), f"{stage}: a dead letter without {name}: {headers}")
                o.check(headers["gl.dlq.topic"] == topic.encode() and headers.get("seen-by") == b"nobody", f"{stage}: {headers}")
            total += len(values)
    o.assert_all_run()
    print(f"topics: {total} unreadable records are dead letters with code and origin; what followed them was decided")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    o.need_stack()
    good_lines = o.generate(20)
    xml = o.greenlane("generate", "--format", "xml", "--count", 1, "--prefix", "X" + o.new_prefix()[1:])
    csv = o.greenlane("generate", "--format", "parcels", "--count", 3, "--prefix", "C" + o.new_prefix()[1:])
    with o.Topic("gl.decisions", o.decision_of) as decisions:
        http_inputs(args, good_lines.pop(), xml, csv)
        mrn = file_inputs(good_lines.pop(), csv)
        topic_inputs(decisions, good_lines)
        o.check(mrn in {d["mrn"] for d in decisions.kept}, "the good file's declaration was not decided")


if __name__ == "__main__":
    main()
