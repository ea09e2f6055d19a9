"""Features of the risk model: the Python half of stages/risk/features.c.

models/risk/features.tsv is the one table of both halves. What always holds: the same inputs give the same float32 bits here and
in C, which models/risk/golden.tsv proves; no feature keeps a value of the data as text; the declaration's id is no input.
"""
import struct

import numpy as np

TEXT_INPUTS = ("commodity_code", "dispatch_country", "origin_country", "tax_type")
NUMBER_INPUTS = ("tax_rate", "net_mass", "item_price")
INPUTS = TEXT_INPUTS + NUMBER_INPUTS
KINDS = ("number", "hash", "ratio")

# Column of the KCS files for each input; what stages/risk reads from the canonical declaration is in models/risk/README.md.
KCS_COLUMNS = {
    "commodity_code": "HS6 Code",
    "dispatch_country": "Country of Departure",
    "origin_country": "Country of Origin",
    "tax_type": "Tax Type",
    "tax_rate": "Tax Rate",
    "net_mass": "Net Mass",
    "item_price": "Item Price",
}

MASK64 = (1 << 64) - 1
NAN = float("nan")


def load_table(path):
    """[(name, kind, [inputs], label)] in the model's order."""
    table = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            name, kind, inputs, label = line.rstrip("\n").split("\t")
            inputs = inputs.split(",")
            if kind not in KINDS or any(i not in INPUTS for i in inputs):
                raise SystemExit(f"{path}: {name}: unknown kind or input")
            table.append((name, kind, inputs, label))
    return table


def hash24(name, parts):
    """FNV-1a 64 over name, then 0x1f and the bytes of each part; mixed as MurmurHash3's fmix64; the top 24 bits, exact in a float32."""
    h = 0xCBF29CE484222325
    for byte in b"\x1f".join([name.encode()] + parts):
        h = ((h ^ byte) * 0x100000001B3) & MASK64
    h ^= h >> 33
    h = (h * 0xFF51AFD7ED558CCD) & MASK64
    h ^= h >> 33
    h = (h * 0xC4CEB9FE1A85EC53) & MASK64
    h ^= h >> 33
    return h >> 40


def clean(name, value):
    """Text input as hashed (bytes), or None when it is missing. Empty and white space are missing; a commodity code is its first six digits."""
    if value is None:
        return None
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    raw = raw.strip(b" \t\r\n\v\f")
    if name == "commodity_code":
        return raw[:6] if len(raw) >= 6 and all(48 <= b <= 57 for b in raw[:6]) else None
    return raw or None


def number(value):
    """The double nearest to the decimal text; NaN when it is missing."""
    if value is None or not str(value).strip():
        return NAN
    return float(value)


def compute(table, inputs):
    """Feature values (float32) of one item; `inputs`: dict of text, None for missing."""
    text = {n: clean(n, inputs.get(n)) for n in TEXT_INPUTS}
    num = {n: number(inputs.get(n)) for n in NUMBER_INPUTS}
    num["commodity_code"] = NAN if text["commodity_code"] is None else float(int(text["commodity_code"]))
    row = np.empty(len(table), np.float32)
    for at, (name, kind, sources, _) in enumerate(table):
        if kind == "number":
            row[at] = np.float32(num[sources[0]])
        elif kind == "ratio":
            above, below = num[sources[0]], num[sources[1]]
            row[at] = np.float32(above / below) if below != 0 else np.float32(NAN)
        else:
            parts = [text[s] for s in sources]
            row[at] = np.float32(NAN) if None in parts else np.float32(hash24(name, parts))
    return row


def missing(table, inputs):
    """Names of the inputs that are missing."""
    return [n for n in TEXT_INPUTS if clean(n, inputs.get(n)) is None] + [n for n in NUMBER_INPUTS if number(inputs.get(n)) != number(inputs.get(n))]


def bits(row):
    """Eight hex digits a value: IEEE 754 bits, NaN always 7fc00000."""
    return " ".join("7fc00000" if v != v else "%08x" % struct.unpack("<I", struct.pack("<f", float(v)))[0] for v in row)
