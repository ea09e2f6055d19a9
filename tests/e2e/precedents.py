#!/usr/bin/env python3
"""An officer's ruling on a description, sent in at one instance of ingest, is the answer of every instance of classify within five seconds: over
HTTP and in the stream, whatever their caches hold; `greenlane classify --explain` says who ruled, when and why. It outlives a restart and a kill,
is not undone by what arrives late or twice, and once it is revoked the model answers as before.

usage: precedents.py
"""
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import classifier  # noqa: E402
import outside as o  # noqa: E402

WITHIN_S = 5
DECLARATIONS = 12  # in each of the four partitions some, so that both instances have had some
ACTOR = "officer 7"


def word():
    """One that no other run has, of letters only: numbers are all the same to the classifier."""
    number, letters = time.time_ns() // 1000, ""
    while number:
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return "q" + letters


def ask(url, text, **more):
    status, answer = o.Intake(url=url, patience_s=20).call("POST", "/v1/classify", json.dumps({"description": text, **more}).encode(), "application/json")
    o.check(status == 200, f"{status} {answer}")
    return answer


def said(answer):
    return answer["status"], answer["reason"], answer["candidates"], answer["answer"]


def rule(*words, account="customs", fine=(0,)):
    return o.greenlane("precedents", *words, "--actor", ACTOR, "--account", account, fine=fine)


def everywhere(urls, condition, what):
    """Seconds until it holds at every instance; fails after five."""
    began = time.monotonic()
    for url in urls:
        o.wait_for(lambda u=url: condition(u), f"{what} at {url}", WITHIN_S - (time.monotonic() - began), 0.01)
    return time.monotonic() - began


def nothing_changed_by(urls, send, condition, what):
    """What is sent is known to have arrived once a ruling that is sent after it has."""
    send()
    mark = word() + " marker"
    rule("correct", mark, "950300", "--reason", "a mark")
    everywhere(urls, lambda url: ask(url, mark)["reason"] == "precedent", "the mark")
    o.check(all(condition(url) for url in urls), what)
    rule("revoke", mark, "--reason", "a mark")


def cleared(text, code):
    """Declarations with this description go all the way; [(item, answer, precedents)] of their classifications."""
    lines = []
    for line in o.generate(DECLARATIONS):
        record = json.loads(line)
        record["items"] = record["items"][:1]
        record["items"][0].update(description=text, commodity_code=code)
        lines.append(json.dumps(record).encode())
    with o.Topic("gl.declarations.classified", lambda m: o.decode("gl.declarations.classified", m.value())) as topic, o.Topic("gl.decisions", o.decision_of) as decisions:
        status, answers = o.Intake("inputs", patience_s=60).post(b"\n".join(lines))
        mrns = {r["mrn"] for r in answers["results"] if r["status"] == "accepted"}
        o.check(status == 202 and len(mrns) > DECLARATIONS // 2, f"{status} {str(answers)[:500]}")
        topic.wait(lambda kept: mrns <= {r["declaration"]["mrn"] for r in kept}, "each is classified")
        decisions.wait(lambda kept: mrns <= {d["mrn"] for d in kept}, "each is decided")
    records = [r["classification"] for r in topic.kept if r["declaration"]["mrn"] in mrns]
    o.check(not any(r["degraded"] for r in records), "a record is degraded")
    return [(r["items"][0], r["answers"][0], r["precedents"]) for r in records]


def in_the_stream(text, code):
    for item, answer, precedents in cleared("  " + text.upper() + "!", code):
        o.check(item["status"] == "CLASSIFIED" and item["reason"] == "precedent" and item["candidates"][0]["hs6"] == code, f"{item}")
        o.check(answer["answer_code"] == code and answer["verdict"] == "CONSISTENT", f"{answer}")
        o.check(len(precedents) == 1 and precedents[0]["item"] == 0 and precedents[0]["event_id"] == "R-" + text, f"{precedents}")


def explained(text):
    answer = o.json_lines(o.greenlane("classify", text, "--explain", "--json", "--brokers", os.environ["KAFKA_BROKERS"]))[0]
    told = answer["precedent"]
    o.check(told["actor"] == ACTOR and told["reason"] == "ruling 12" and told["event_id"] == "R-" + text and told["account"] == "customs", f"{told}")
    shown = o.greenlane("classify", text, "--explain").decode()
    o.check(ACTOR in shown and "because: ruling 12" in shown, shown)
    listed = {p["description"]: p for p in o.json_lines(o.greenlane("precedents", "list", "--json"))}
    o.check(listed[text] == told, f"{listed.get(text)} is not {told}")


def imported():
    mark = word()
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("reference,description,commodity_code,made_at\n" + "".join(
            f"\"binding, no. {i}\",{mark} lamp {chr(97 + i)},940542,2026-01-0{i + 1}T00:00:00Z\n" for i in range(3)) + f"bad,{mark},94,2026-01-01T00:00:00Z\n")
        file.flush()
        for _ in range(2):
            out = rule("import", file.name, fine=(1,)).decode()
            o.check("3 accepted, 1 rejected" in out, out)
    listed = [p for p in o.json_lines(o.greenlane("precedents", "list", "--json")) if p["description"].startswith(mark)]
    o.check(len(listed) == 3 and all(p["code"] == "940542" and p["reason"].startswith("binding, no. ") for p in listed), f"{listed}")
    print("the rulings of a file are imported, once however often; what is wrong in it is said")


def main():
    o.need_stack()
    text, code = f"{word()} handmade table lamp", "611020"
    with tempfile.TemporaryDirectory() as folder:
        second = classifier.Instance(folder)
        second.start()
        urls = [os.environ["CLASSIFY_URL"], second.url]
        o.wait_for(lambda: 0 < second.metric("gl_assigned_partitions") < 4, "the second instance has partitions", 60)
        before = said(ask(urls[0], text))
        o.check(all(said(ask(url, text)) == before for url in urls * 2), "the instances do not agree")
        o.check(all(item["reason"] != "precedent" and not told for item, _, told in cleared(text, code)), "a ruling that nobody made")

        rule("correct", text, code, "--reason", "r", account="default", fine=(1,))
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        correction = ["correct", text, code, "--reason", "ruling 12", "--id", "R-" + text, "--at", at]
        rule(*correction)
        took = everywhere(urls, lambda url: ask(url, text)["reason"] == "precedent", "the ruling")
        for url in urls:
            answer = ask(url, " ".join(reversed(text.split())), declared=code + "0000")
            o.check(answer["candidates"][0] == {"code": code, "confidence": 0.99} and answer["declared"]["verdict"] == "CONSISTENT", f"{answer}")
            o.check(answer["precedent"]["code"] == code and "actor" not in answer["precedent"], f"{answer}")
        in_the_stream(text, code)
        explained(text)
        print(f"a ruling was the answer of both instances within {took:.2f} s, in the stream too, and is explained")

        second.end()
        second.start()
        o.check(ask(second.url, text)["reason"] == "precedent", "the first answer after a restart is the model's")
        o.stack("kill", "classify")
        o.stack("start", "classify")
        o.check(ask(urls[0], text)["reason"] == "precedent", "the first answer after a kill is the model's")
        print("it outlives a restart and a kill")

        stands = [lambda url: ask(url, text).get("precedent", {}).get("code") == code, lambda url: said(ask(url, text)) == before]
        nothing_changed_by(urls, lambda: rule("correct", text, "620520", "--reason", "older", "--at", "2020-01-01T00:00:00Z"), stands[0], "an older ruling won")
        rule("revoke", text, "--reason", "appeal 3")
        took = everywhere(urls, stands[1], "the model's answer")
        nothing_changed_by(urls, lambda: rule(*correction), stands[1], "a ruling that was sent again undid its revocation")
        o.check(all(item["reason"] != "precedent" and not told for item, _, told in cleared(text, code)), "a revoked ruling in the stream")
        o.check(text not in o.greenlane("precedents", "list").decode(), "a revoked ruling is listed")
        print(f"revoked, both instances answered as before within {took:.2f} s; what came late or twice changed nothing")
        imported()
        o.check(o.metric("gl_classify_precedents_complete", "classify") == 1 and o.metric("gl_classify_precedent_delay_seconds_count", "classify") > 0, "no metrics")
        second.end()
    o.assert_all_run()


if __name__ == "__main__":
    main()
