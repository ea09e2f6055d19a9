#!/usr/bin/env python3
"""Another Avro implementation (fastavro) reads the composed schemas and our values, and writes the same bytes.

    interop.py DUMP     DUMP prints for each topic a line: record name, schema as JSON, values as hex, separated by tabs

Exit code 77 (skipped) where fastavro is not installed.
"""

import io
import json
import subprocess
import sys

try:
    import fastavro
except ImportError:
    print("skipped: Python's fastavro is not installed")
    sys.exit(77)


def canonical(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def without_logical_types(schema):
    """Python's datetime does not hold all 64 bits of our instants."""
    if isinstance(schema, dict):
        return {key: without_logical_types(part) for key, part in schema.items() if key != "logicalType"}
    return [without_logical_types(part) for part in schema] if isinstance(schema, list) else schema


def main():
    lines = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines()
    count = 0
    for line in lines:
        record, text, *values = line.split("\t")
        fastavro.parse_schema(json.loads(text))
        schema = fastavro.parse_schema(without_logical_types(json.loads(text)))
        for value in values:
            data = bytes.fromhex(value)
            source = io.BytesIO(data)
            decoded = fastavro.schemaless_reader(source, schema)
            if source.read(1):
                sys.exit(f"{record}: bytes are left over")
            if canonical(schema, decoded) != data:
                sys.exit(f"{record}: fastavro writes other bytes")
            count += 1
    if not lines or count < len(lines):
        sys.exit("nothing was compared")
    print(f"{count} values of {len(lines)} topics")


if __name__ == "__main__":
    main()
