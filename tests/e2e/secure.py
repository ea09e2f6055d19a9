#!/usr/bin/env python3
"""Every lock is on, and holds: a stack with SASL_SSL and client certificates at the broker, an ACL at Redis, HTTPS with certificates and API
keys at the intake and at classify, a schema registry by HTTPS with a password clears its declarations, and Confluent's own deserializer reads the decisions;
a daemon takes its share over the port that asks for certificates;
each credential that is wrong or missing is refused with a message that says so; submitters are kept apart and within their limits; no secret
is in a log, a command line, an environment or a printed configuration.

usage: secure.py [--count 500]     against a stack that was started with SECURE=yes (`./dev test secure`)
"""
import argparse
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition  # noqa: E402
from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: E402
from confluent_kafka.schema_registry.avro import AvroDeserializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402

RUN = os.environ.get("GREENLANE_RUN", "")
SECURE = os.path.join(RUN, "secure")
BIN = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin")
JSON = "application/json"


def secret(name):
    with open(os.path.join(SECURE, name + ".secret"), encoding="ascii") as file:
        return file.read().strip()


def file(name):
    return os.path.join(SECURE, name)


def surroundings(changes):
    """The environment of run/env with the passwords, and what is changed; None takes a variable away."""
    env = {**os.environ, "KAFKA_PASSWORD": secret("kafka"), "REDIS_PASSWORD": secret("redis"), **changes}
    return {name: value for name, value in env.items() if value is not None}


def run(*command, seconds=120, **environment):
    """(exit code, what it said)"""
    result = subprocess.run([os.path.join(BIN, command[0]), *command[1:]], env=surroundings(environment), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, cwd=o.ROOT, check=False)
    return result.returncode, result.stdout.decode("utf-8", "replace")


def refused(what, said, *wanted):
    code, text = said
    o.check(code != 0, f"{what}: was not refused: {text[-500:]}")
    o.check(all(w in text for w in wanted), f"{what}: it says {text[-700:]!r}, not {wanted}")
    print(f"  {what}: {next((line.strip() for line in text.splitlines() if wanted[0] in line), '')[:150]}")


# ---- the way through ----

def clear(count):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "some.ndjson")
        code, text = run("greenlane", "generate", "--count", str(count), "--prefix", o.new_prefix(), "--output", path)
        o.check(code == 0, text)
        code, text = run("greenlane", "submit", "--json", path, seconds=120)
        answers = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        mrns = {a["mrn"] for a in answers if a["status"] == "accepted"}
        o.check(code == 0 and len(mrns) == count, f"submit: exit {code}, {len(mrns)} accepted: {text[-500:]}")

    def decided():
        return {json.loads(line)["declaration"]["mrn"] for line in run("greenlane", "decisions", "--json")[1].splitlines() if line.startswith("{")}
    o.wait_for(lambda: mrns <= decided(), "each has its decision", 90, 1)
    print(f"{count} declarations cleared over TLS, SASL, certificates and ACL")
    return mrns


# ---- Kafka ----

def kafka():
    def ask(**environment):
        return run("greenlane", "topics", "list", **environment)

    plain = {"KAFKA_SECURITY": None, "KAFKA_USERNAME": None, "KAFKA_PASSWORD": None, "KAFKA_CA": None}
    mtls = {**plain, "KAFKA_SECURITY": "ssl", "KAFKA_CA": file("ca.pem"), "KAFKA_BROKERS": os.environ["KAFKA_MTLS_BROKERS"]}
    code, text = ask()
    o.check(code == 0 and "gl.decisions" in text, f"SCRAM: {text[-500:]}")
    code, text = ask(**mtls, KAFKA_CERTIFICATE=file("greenlane.pem"), KAFKA_KEY=file("greenlane.key"))
    o.check(code == 0 and "gl.decisions" in text, f"client certificate: {text[-500:]}")
    print("Kafka: password and client certificate are taken; refused are")
    refused("no TLS", ask(**plain), "security.protocol")
    refused("no password", ask(KAFKA_PASSWORD=None), "needs kafka.username and kafka.password")
    refused("wrong password", ask(KAFKA_PASSWORD="wrong" * 8), "authentication")
    refused("unknown user", ask(KAFKA_USERNAME="nobody"), "authentication")
    refused("a broker that is not ours", ask(KAFKA_CA=file("stranger/ca.pem")), "certificate verify failed")
    refused("no client certificate", ask(**mtls), "certificate")
    refused("a stranger's client certificate",
            ask(**mtls, KAFKA_CERTIFICATE=file("stranger/default.pem"), KAFKA_KEY=file("stranger/default.key")), "certificate")
    refused("a user without rights", run("greenlane", "topics", "create", KAFKA_USERNAME="powerless", KAFKA_PASSWORD=secret("powerless")),
            "uthoriz")
    daemon("a daemon with a wrong password", ["kafka-authentication"], f"kafka.password=${{file:{file('powerless.secret')}}}")
    daemon("a daemon without a client certificate", ["kafka-tls", "certificate"], "stage.start_deadline=2s", **mtls)
    daemon("a daemon with a stranger's client certificate", ["kafka-tls", "certificate"], "stage.start_deadline=2s", **mtls,
           KAFKA_CERTIFICATE=file("stranger/default.pem"), KAFKA_KEY=file("stranger/default.key"))
    daemon_by_certificate({**mtls, "KAFKA_CERTIFICATE": file("greenlane.pem"), "KAFKA_KEY": file("greenlane.key")})


def classify(folder, *settings):
    """The command of another classify beside the stack's."""
    sets = [f"stage.state_dir={folder}", f"registry.cache_dir={folder}/schemas", "stage.instance=another", "admin.listen=127.0.0.1:0", *settings]
    return ["greenlane-classify", "--config", os.path.join(o.ROOT, "config", "classify.yaml"), *(w for one in sets for w in ("--set", one))]


def daemon(what, wanted, *settings, **environment):
    """A daemon with a wrong credential ends, and says why."""
    with tempfile.TemporaryDirectory() as folder:
        said = run(*classify(folder, *settings), **{"KAFKA_PASSWORD": None, **environment})
        refused(what, said, *wanted)
        o.check(secret("powerless") not in said[1], "the log shows the password")


def daemon_by_certificate(environment):
    """With its certificate a daemon joins its group over the second listener, takes partitions of the stack's and processes."""
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(RUN, "classify-by-certificate.log"), "wb") as log:
        port = os.path.join(folder, "port")
        command = classify(folder, f"admin.port_file={port}")
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", os.path.join(BIN, command[0]), *command[1:]], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, cwd=o.ROOT, env=surroundings(environment))
        try:
            def metric(name):
                """0 while it does not answer."""
                o.check(process.poll() is None, f"the daemon with a certificate ended with {process.returncode}: {log.name}")
                try:
                    with open(port, encoding="ascii") as source:
                        return o.metric_at(f"http://127.0.0.1:{int(source.read())}", name)
                except (OSError, ValueError):
                    return 0
            o.wait_for(lambda: metric("gl_assigned_partitions") > 0, "the daemon with a certificate has partitions", 120)
            mrns = clear(100)
            o.wait_for(lambda: metric("gl_records_consumed_total") > 0, f"the daemon with a certificate took some of {len(mrns)}", 60)
            print(f"  a daemon with its certificate owns {metric('gl_assigned_partitions'):.0f} partitions and took "
                  f"{metric('gl_records_consumed_total'):.0f} declarations")
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        o.check(code == 0, f"the daemon with a certificate ended with {code} after SIGTERM")


# ---- the schema registry ----

def deserialized(mrns):
    """Confluent's client, with credentials of its own, reads the decisions through the registry."""
    registry = SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"], "ssl.ca.location": file("ca.pem"),
                                     "basic.auth.user.info": "greenlane:" + secret("registry")})
    deserialize, found = AvroDeserializer(registry), set()
    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
                         "sasl.username": "greenlane", "sasl.password": secret("kafka"), "ssl.ca.location": file("ca.pem"), "group.id": "outside",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    partitions = consumer.list_topics("gl.decisions", 20).topics["gl.decisions"].partitions
    consumer.assign([TopicPartition("gl.decisions", p, OFFSET_BEGINNING) for p in partitions])

    def read():
        for message in consumer.consume(500, 0.5):
            o.check(not message.error(), f"gl.decisions: {message.error()}")
            record = deserialize(message.value(), SerializationContext("gl.decisions", MessageField.VALUE))
            found.add(record["declaration"]["mrn"])
        return mrns <= found
    o.wait_for(read, "each decision is read by Confluent's deserializer", 60, 0)
    consumer.close()
    print(f"{len(found)} decisions were read by Confluent's deserializer, with the registry's schemas")


def registry():
    def ask(**environment):
        return run("greenlane", "schema", "check", **environment)

    url = os.environ["SCHEMA_REGISTRY_URL"]
    code, text = ask()
    o.check(code == 0 and " registered" in text, f"registry: exit {code}: {text[-500:]}")
    print("Registry: user and password are taken; refused are")
    wrong = {"SCHEMA_REGISTRY_PASSWORD_FILE": None, "SCHEMA_REGISTRY_PASSWORD": "wrong" * 8}
    refused("wrong password", ask(**wrong), "credentials")
    refused("no password", ask(SCHEMA_REGISTRY_USER=None, SCHEMA_REGISTRY_PASSWORD_FILE=None), "credentials")
    refused("unknown user", ask(SCHEMA_REGISTRY_USER="nobody"), "credentials")
    refused("a registry that is not ours", ask(SCHEMA_REGISTRY_CA_FILE=file("stranger/ca.pem")), "certificate")
    refused("no TLS", ask(SCHEMA_REGISTRY_URL=url.replace("https:", "http:")), "HTTPS")
    daemon("a daemon with a wrong password of the registry", ["credentials"], f"registry.password_file={file('powerless.secret')}",
           f"kafka.password=${{file:{file('kafka.secret')}}}", f"redis.password=${{file:{file('redis.secret')}}}", "stage.start_deadline=2s")
    code, text = run("greenlane", "doctor", "--json", **wrong)
    found = next(json.loads(line) for line in text.splitlines() if '"schema registry"' in line)
    o.check(not found["good"] and "credentials" in found["found"] and "credentials" in found["cure"], f"doctor: {found}")


# ---- Redis ----

def redis_says(*command, password=None):
    host = urllib.parse.urlsplit(os.environ["REDIS_URL"])
    with socket.create_connection((host.hostname, host.port), 5) as connection:
        answer = b""
        for parts in ([["AUTH", "greenlane", password]] if password else []) + [command]:
            connection.sendall(b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(p), p.encode()) for p in parts)]))
            answer = connection.recv(1000)
        return answer.decode("utf-8", "replace").strip()


def redis():
    def ask(**environment):
        code, text = run("greenlane", "doctor", "--json", **environment)
        found = [json.loads(line) for line in text.splitlines() if '"check":"Redis"' in line]
        o.check(len(found) == 1, f"doctor: exit {code}: {text[-500:]}")
        return (0 if found[0]["good"] else 1), found[0]["found"]

    code, text = ask()
    o.check(code == 0, f"Redis: {text}")
    print("Redis: user and password are taken; refused are")
    refused("wrong password", ask(REDIS_PASSWORD="wrong"), "WRONGPASS")
    refused("no password", ask(REDIS_USERNAME=None, REDIS_PASSWORD=None), "NOAUTH")
    for command in (["FLUSHALL"], ["SET", "other", "1"], ["GET", "other"], ["CONFIG", "GET", "*"], ["KEYS", "*"]):
        answer = redis_says(*command, password=secret("redis"))
        o.check(answer.startswith("-NOPERM"), f"Redis: {command}: {answer}")
    print("  everything beyond the keys and commands that the stages use")
    code, text = run("greenlane-decide", "--config", os.path.join(o.ROOT, "config", "decide.yaml"), "--check-config", "--set",
                     "redis.url=rediss://127.0.0.1:6379")
    o.check(code == 0 or (code == 2 and "hiredis" in text), f"rediss://: exit {code}: {text[-300:]}")
    print("  rediss:// " + ("is taken: this hiredis has TLS" if code == 0 else "is refused by --check-config: this hiredis has no TLS"))


# ---- the intake ----

class Sender:
    """A client of the intake with credentials of its own, each request on a new connection."""

    def __init__(self, certificate=None, key=None, ca="ca.pem"):
        self.context = ssl.create_default_context(cafile=file(ca))
        if certificate:
            self.context.load_cert_chain(file(certificate + ".pem"), file(certificate + ".key"))
        self.headers = {"Authorization": "Bearer " + key} if key else {}
        self.address = urllib.parse.urlsplit(os.environ["INGEST_URL"])

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPSConnection(self.address.hostname, self.address.port, timeout=60, context=self.context)
        connection.request(method, path, body, {**self.headers, "Content-Type": JSON, **headers})
        answer = connection.getresponse()
        payload = answer.read()
        self.certificate = connection.sock.getpeercert() if connection.sock else None
        connection.close()
        return answer.status, json.loads(payload), answer.headers

    def expect(self, what, status, code, method="GET", path="/v1/profiles/parcels", body=None, **headers):
        got, answer, sent = self.call(method, path, body, **headers)
        o.check(got == status and code in json.dumps(answer), f"{what}: {got} {answer}, not {status} {code}")
        if status >= 400:
            print(f"  {what}: {status} {answer.get('detail', code)[:120]}")
        return answer, sent


def declaration():
    return o.generate(1)[0]


def intake():
    key = secret("hub-1-key")
    print("Intake: certificates and keys are taken; refused are")
    Sender("default").expect("certificate", 202, "accepted", "POST", "/v1/declarations", declaration())
    Sender(key=key).expect("key", 202, "accepted", "POST", "/v1/declarations", declaration())
    Sender("hub-1", key).expect("both", 202, "accepted", "POST", "/v1/declarations", declaration())
    Sender().expect("no credential", 401, "credential-missing", "POST", "/v1/declarations", declaration())
    Sender().expect("no credential, reading", 401, "credential-missing")
    Sender(key="gl_" + "x" * 43).expect("wrong key", 401, "key-unknown")
    Sender("stranger/default").expect("a stranger's certificate", 401, "certificate-untrusted")
    Sender("expired").expect("a certificate that has ended", 401, "certificate-untrusted")
    Sender("nobody").expect("a certificate of nobody", 403, "certificate-unknown")
    Sender("default", key).expect("two submitters at once", 403, "credentials-differ")
    Sender("default").expect("another's account", 403, "account-mismatch", **{"Greenlane-Account": "customs"})
    try:
        Sender("default", ca="stranger/ca.pem").call("GET", "/v1/profiles/parcels")
        o.check(False, "a stranger's server was trusted")
    except ssl.SSLCertVerificationError:
        print("  a server that is not ours")
    address = urllib.parse.urlsplit(os.environ["INGEST_URL"])
    try:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        connection.request("GET", "/v1/profiles/parcels")
        o.check(connection.getresponse().status >= 400, "HTTP without TLS was answered")
    except (OSError, http.client.HTTPException):
        print("  HTTP without TLS")
    refused("greenlane submit without a credential",
            run("greenlane", "submit", os.path.join(o.ROOT, "samples", "parcel.json"), INGEST_CERTIFICATE=None, INGEST_KEY=None), "API key")


def limits():
    hub = Sender(key=secret("hub-1-key"))
    hub.expect("a body above the submitter's limit", 413, "body-too-large", "POST", "/v1/declarations", b" " * (2 << 20))
    for _ in range(400):
        status, answer, headers = hub.call("GET", "/v1/profiles/parcels")
        if status == 429:
            break
    o.check(status == 429 and answer["code"] == "too-many-requests" and int(headers["Retry-After"]) >= 1, f"limits: {status} {answer}")
    print(f"  more than 60 requests a minute: 429, Retry-After {headers['Retry-After']}")
    Sender("default").expect("another submitter meanwhile", 200, "parcels")


def classifier():
    """The file of submitters is the intake's; so are the limits, counted apart."""
    key = secret("hub-1-key")
    address = urllib.parse.urlsplit(os.environ["CLASSIFY_URL"])
    body = json.dumps({"description": "ceramic mug"})

    def expect(what, status, code, sender, **headers):
        sender.address = address
        sender.expect(what, status, code, "POST", "/fpo-code-search", body, **headers)

    print("Classify: certificates and keys are taken; refused are")
    expect("certificate", 200, "results", Sender("default"))
    expect("key", 200, "results", Sender(key=key))
    expect("key in a header of its own", 200, "results", Sender(), **{"X-Api-Key": key})
    expect("no credential", 401, "credential-missing", Sender())
    expect("wrong key", 401, "key-unknown", Sender(key="gl_" + "x" * 43))
    expect("a stranger's certificate", 401, "certificate-untrusted", Sender("stranger/default"))
    expect("a certificate of nobody", 403, "certificate-unknown", Sender("nobody"))
    expect("another's account", 403, "account-mismatch", Sender("default"), **{"Greenlane-Account": "customs"})
    try:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        connection.request("GET", "/v1/openapi.json")
        o.check(connection.getresponse().status >= 400, "HTTP without TLS was answered")
    except (OSError, http.client.HTTPException):
        print("  HTTP without TLS")


def event(kind, mrn, **more):
    return json.dumps({"event_id": o.new_prefix() + kind, "type": kind, "occurred_at": "2026-11-24T06:35:01Z", "mrn": mrn, **more})


def apart(mrn):
    """Who sees what, and who may act as an officer."""
    path = "/v1/declarations/" + mrn
    own, customs = Sender("default"), Sender("customs")
    o.wait_for(lambda: "score_ppm" in customs.call("GET", path)[1], "the officer's view of a decision")
    view, _ = own.expect("its own", 200, mrn, path=path)
    o.check(not {"score_ppm", "intended_outcome", "shadow"} & view.keys(), f"the submitter sees {sorted(view)}")
    codes = {r["code"] for r in view.get("reasons", [])}
    o.check(not codes & {"score", "criterion", "random", "classification", "policy"}, f"the submitter sees reasons {codes}")
    view, _ = customs.expect("any", 200, mrn, path=path)
    o.check({"score_ppm", "reasons", "intended_outcome"} <= view.keys(), f"the officer sees {sorted(view)}")
    Sender("hub-1").expect("another's declaration", 404, "mrn-unknown", path=path)
    action = event("OFFICER_ACTION", mrn, code="reroute", actor="officer 7", details={"lane": "RED"})
    own.expect("an officer's action by a submitter", 422, "officer-required", "POST", "/v1/events", action)
    customs.expect("an officer's action", 202, "accepted", "POST", "/v1/events", action)
    print("a submitter sees its own declarations without scores and reasons of risk; officers see and act")


# ---- reload, secrets ----

def pid(name):
    with open(os.path.join(RUN, name + ".pid"), encoding="ascii") as source:
        return int(source.read())


def reload(wanted):
    """SIGHUP to ingest, until it says so."""
    log = os.path.join(RUN, "ingest.log")
    before = os.path.getsize(log)
    os.kill(pid("ingest"), signal.SIGHUP)

    def said():
        with open(log, "rb") as source:
            source.seek(before)
            return f'"code":"{wanted}"'.encode() in source.read()
    o.wait_for(said, f"ingest: {wanted}", 20)


def renew():
    path = file("access.yaml")
    with open(path, encoding="utf-8") as source:
        old = source.read()
    code, text = run("greenlane", "key", "--account", "newcomer")
    key = next(word for word in text.split() if word.startswith("gl_"))
    digest = text[text.index("sha256:"):].split("]")[0]
    o.check(code == 0 and key.startswith("gl_") and len(digest) == 71, f"greenlane key: {text}")
    Sender(key=key).expect("a key that is not there yet", 401, "key-unknown")

    def write(content):
        with open(path, "w", encoding="utf-8") as target:
            target.write(content)
    try:
        write(old + f"  - account: newcomer\n    keys: [{digest}]\n")
        reload("reloaded")
        Sender(key=key).expect("the new key", 202, "accepted", "POST", "/v1/declarations", declaration())
        write(old + "  - account: newcomer\n")
        reload("reload-failed")
        Sender(key=key).expect("the old file stays", 200, "parcels")
        write(old)
        reload("reloaded")
        Sender(key=key).expect("a key that was taken away", 401, "key-unknown")
        sender = Sender("default")
        sender.call("GET", "/v1/profiles/parcels")
        first = sender.certificate["serialNumber"]
        subprocess.run(["sh", os.path.join(o.ROOT, "tools", "certificates.sh"), SECURE, "ingest"], check=True)
        reload("reloaded")
        sender.call("GET", "/v1/profiles/parcels")
        o.check(sender.certificate["serialNumber"] != first, "the renewed certificate is not in use")
    finally:
        write(old)
    print("submitters and the certificate are renewed without a restart; a wrong file changes nothing")


def nowhere():
    secrets = [secret(name) for name in ("kafka", "powerless", "redis", "registry", "hub-1-key")]
    places = {}
    for name in sorted(os.listdir(RUN)):
        if name.endswith(".log"):
            with open(os.path.join(RUN, name), "rb") as source:
                places[name] = source.read()
    for stage in o.STAGES:
        for what in ("cmdline", "environ"):
            with open(f"/proc/{pid(stage)}/{what}", "rb") as source:
                places[f"{stage}'s {what}"] = source.read()
        sets = ["--set", f"kafka.password=${{file:{file('kafka.secret')}}}"]
        if stage != "risk":
            sets += ["--set", f"redis.password=${{file:{file('redis.secret')}}}"]
        places[f"{stage}'s configuration"] = run("greenlane-" + stage, "--config", os.path.join(o.ROOT, "config", stage + ".yaml"),
                                                 "--print-config", *sets)[1].encode()
        o.check(b'password: "(secret)"' in places[f"{stage}'s configuration"], f"{stage} --print-config")
    for place, content in places.items():
        o.check(not any(s.encode() in content for s in secrets), f"a secret is in {place}")
    print(f"no secret is in {len(places)} logs, command lines, environments and printed configurations")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    o.need_stack()
    if not os.path.exists(os.path.join(SECURE, "made")):
        o.skip("the stack was not started with SECURE=yes: `./dev test secure`")
    mrns = clear(args.count)
    deserialized(mrns)
    kafka()
    registry()
    redis()
    intake()
    classifier()
    apart(min(mrns))
    renew()
    limits()
    nowhere()
    o.assert_all_run()


if __name__ == "__main__":
    main()
