#!/usr/bin/env python3
"""The OpenAPI documents of intake and classify are true: schemathesis makes requests of every operation, good and bad, from the document that
the daemon serves, and checks that each answer has a status, a media type and a shape that are written there, and that nothing answers 500.

Left out (schemathesis.toml): that what fits the schemas is accepted. Declarations and events have rules that a schema does not hold.

usage: openapi.py SCHEMATHESIS [--examples 600]
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402


def requests_made(output):
    found = re.search(r"([\d,]+) generated", output)
    o.check(found is not None, f"schemathesis did not say how many requests it made:\n{output[-3000:]}")
    return int(found.group(1).replace(",", ""))


def made_of(args, url, settings):
    """Requests made of the document that is served there."""
    settings = os.path.join(os.path.dirname(os.path.abspath(__file__)), settings)
    words = [args.schemathesis, "--config-file", settings, "run", url + "/v1/openapi.json", "--max-examples", str(args.examples), "--seed", "1", "--no-color"]
    with tempfile.TemporaryDirectory() as folder:  # it keeps what it found where it runs
        result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=folder)
    print(result.stdout[-6000:])
    o.check(result.returncode == 0, f"schemathesis found violations at {url}")
    return requests_made(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemathesis")
    parser.add_argument("--examples", type=int, default=250, help="of each operation and phase, at most")
    parser.add_argument("--least", type=int, default=10_000, help="requests to be made")
    args = parser.parse_args()
    o.need_stack()
    intake = o.Intake(patience_s=60)
    status, _ = intake.post(b"\n".join(o.generate(50)))
    o.check(status == 202, f"status {status}")
    # Until the status view is complete every question for something unknown is answered with 503, truly.
    o.wait_for(lambda: intake.call("GET", "/v1/declarations?lrn=NEVER-SENT")[0] == 404, "the status view is complete")
    made = made_of(args, os.environ["INGEST_URL"], "schemathesis.toml")
    o.check(made >= args.least, f"{made} requests, {args.least} are wanted: raise --examples")
    made += made_of(args, os.environ["CLASSIFY_URL"], "schemathesis-classify.toml")
    o.assert_all_run()
    status, _ = intake.post(b"\n".join(o.generate(50)))
    o.check(status == 202, f"status {status} afterwards")
    print(f"{made} requests, no violation")


if __name__ == "__main__":
    main()
