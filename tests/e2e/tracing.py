#!/usr/bin/env python3
"""W3C trace context goes from the request through all four stages: an outside reader finds the headers of the request on every record that
follows from it. What is not well-formed goes nowhere, and costs the sender nothing.

usage: tracing.py
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

TOPICS = ["gl.declarations.accepted", "gl.declarations.classified", "gl.declarations.assessed", "gl.decisions", "gl.notifications"]
PARENT, STATE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
WHOLE = {"traceparent": PARENT.encode(), "tracestate": STATE.encode()}
# What the sender gives, and what is found on each record.
CASES = [({"traceparent": PARENT, "tracestate": STATE}, WHOLE),
         ({"traceparent": PARENT}, {"traceparent": PARENT.encode()}),
         ({"traceparent": PARENT.upper(), "tracestate": STATE}, {}),
         ({"traceparent": PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)}, {}),
         ({"traceparent": PARENT + "-" + "x" * 4000}, {}),
         ({"tracestate": STATE}, {}),
         ({}, {})]


def headers_by_id(reader, ids):
    """{declaration id: headers} of the first record of each."""
    found = {}
    for message in list(reader.kept):
        if message.key() in ids:
            found.setdefault(message.key(), {k: v for k, v in message.headers() or [] if k.startswith("trace")})
    return found


def main():
    o.need_stack()
    readers = [o.Topic(topic) for topic in TOPICS]
    lrns = {}
    for (send, wanted), body in zip(CASES, o.generate(len(CASES))):
        status, answer = o.Intake().call("POST", "/v1/declarations", body, "application/x-ndjson", send)
        o.check(status == 202, f"{send}: {status} {answer}")
        lrns[answer["results"][0]["mrn"]] = wanted
    wanted = {}
    readers[0].wait(lambda kept: len(kept) >= len(CASES), "all are accepted")
    for message in readers[0].kept:
        mrn = o.decode(TOPICS[0], message.value())["declaration"]["mrn"]
        if mrn in lrns:
            wanted[message.key()] = lrns[mrn]
    o.check(len(wanted) == len(CASES), f"{len(wanted)} of {len(CASES)} were accepted")
    for reader in readers:
        reader.wait(lambda kept, r=reader: len(headers_by_id(r, wanted)) == len(wanted), "a record of each")
        found = headers_by_id(reader, wanted)
        wrong = [(found[key], wanted[key]) for key in wanted if found[key] != wanted[key]]
        o.check(not wrong, f"{reader.topic}: headers, and what they should be: {wrong}")
        reader.close()
    print(f"trace headers of {len(CASES)} requests are as they should be on {len(TOPICS)} topics")


if __name__ == "__main__":
    main()
