"""Declarations with an error planted in them, of more than forty kinds, in every form that ingest takes; and where each error is.

A kind changes one good declaration. What is expected of the answer is its code, the pointer to the planted place, and the value that was
planted there: the pointer is resolved in what was sent, by means that share nothing with ingest's.
"""
import csv
import io
import json
import re
import xml.etree.ElementTree as ET

SAME = object()  # the value reported is the text at the pointer
NONE = object()  # nothing stands there, and no value is reported
FAR = "2031-12-31"
VALUE_BYTES = 1024  # more of a value is not reported
TOKEN = 100  # a text that ends too early is reported where its last word begins


class Plant:
    """One kind: how it changes a declaration, and what must be said of it."""

    def __init__(self, name, code, change, pointer, value=SAME, mark=None):
        self.name, self.code, self.change, self.pointer, self.value, self.mark = name, code, change, pointer, value, mark


def masked(text):
    """As personal fields are reported: the first character and the length (docs/FORMATS.md)."""
    return lambda value: value is not None and text not in value and value.startswith(text[0]) and str(len(text)) in value


# ---- our JSON ----

def at(declaration, path):
    for key in path:
        declaration = declaration[key]
    return declaration


def put(path, value):
    def change(declaration):
        at(declaration, path[:-1])[path[-1]] = value
    return change


def drop(path):
    def change(declaration):
        del at(declaration, path[:-1])[path[-1]]
    return change


def json_pointer(path):
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def field(name, code, path, value, reported=SAME):
    return Plant(name, code, put(path, value), json_pointer(path), reported)


def missing(name, path):
    """Reported where it should be: at the object that lacks it."""
    return Plant(name, "missing", drop(path), json_pointer(path[:-1]), NONE)


def item(**changes):
    def change(declaration):
        declaration["items"][0].update(changes)
    return change


def twice(declaration):
    declaration["items"].append(dict(declaration["items"][0]))
    declaration["goods_item_quantity"] = 2


def replace(old, new, count=1):
    """In the bytes of the line."""
    def change(line):
        assert old in line, (old, line)
        return line.replace(old, new, count)
    return change


ITEM = ("items", 0)
EUR = {"amount": "200.00", "currency": "EUR"}

JSON_PLANTS = [
    missing("no LRN", ("functional_reference_id",)),
    missing("no family", ("family",)),
    missing("no type", ("type_code",)),
    missing("no items", ("items",)),
    missing("a party without a role", ("parties", 0, "role")),
    field("items are a text", "wrong-type", ("items",), "three"),
    field("an item is a number", "wrong-type", ITEM, 7),
    field("a flag is a text", "wrong-type", ("test_indicator",), "perhaps"),
    field("a text is a number", "wrong-type", (*ITEM, "description"), 12),
    field("a quantity is a text", "wrong-type", ("goods_item_quantity",), "one"),
    field("LRN too long", "too-long", ("functional_reference_id",), "L" * 36),
    field("description too long", "too-long", (*ITEM, "description"), "d" * 3000),
    field("name too long", "too-long", ("parties", 1, "name"), "N" * 400, masked("N" * 400)),
    field("control character", "control-character", (*ITEM, "description"), "socks\u0007 of cotton"),
    field("type not of its form", "invalid-code", ("type_code",), "import"),
    field("family unknown", "invalid-code", ("family",), "TRANSIT"),
    field("function unknown", "invalid-code", ("function_code",), "7"),
    field("role unknown", "invalid-code", ("parties", 0, "role"), "PILOT"),
    field("commodity too short", "invalid-code", (*ITEM, "commodity_code"), "6115"),
    field("commodity of letters", "invalid-code", (*ITEM, "commodity_code"), "61I595"),
    field("country in small letters", "invalid-code", (*ITEM, "origin_country_id"), "cn"),
    field("country not in the list", "unknown-code", (*ITEM, "origin_country_id"), "XQ"),
    field("country of a party", "unknown-code", ("parties", 1, "country_code"), "XQ"),
    field("currency not in the list", "invalid-code", (*ITEM, "item_charge_amount", "currency"), "EUX"),
    field("unit not of its form", "invalid-code", (*ITEM, "net_mass", "unit"), "KILOGRAMS"),
    field("procedure not in the list", "unknown-code", (*ITEM, "procedure_current_code"), "98"),
    field("mode not in the list", "unknown-code", ("border_transport", "mode_code"), "11"),
    field("amount with a comma", "invalid-number", (*ITEM, "item_charge_amount", "amount"), "12,50"),
    field("amount of letters", "invalid-number", (*ITEM, "item_charge_amount", "amount"), "twelve"),
    field("amount too long", "out-of-range", (*ITEM, "item_charge_amount", "amount"), "1234567890123456789012"),
    field("negative amount", "negative", (*ITEM, "item_charge_amount", "amount"), "-1.00"),
    field("negative mass", "negative", (*ITEM, "net_mass", "value"), "-0.1"),
    field("a day that is none", "invalid-date", ("declared_date",), "2026-02-30"),
    field("a date in another form", "invalid-date", ("declared_date",), "24.11.2026"),
    field("an instant without zone", "invalid-date", ("issue_date_time",), "2026-11-24T06:35:01"),
    field("a date in the future", "date-in-future", ("declared_date",), FAR),
    field("issued in the future", "issued-in-future", ("issue_date_time",), FAR + "T00:00:00Z"),
    field("item number zero", "out-of-range", (*ITEM, "sequence_numeric"), 0),
    field("item number too large", "out-of-range", (*ITEM, "sequence_numeric"), 10000),
    Plant("item number twice", "duplicate-sequence", twice, "/items/1/sequence_numeric"),
    Plant("relief above its limit", "relief-value", item(additional_procedures=["C07"], item_charge_amount=EUR), "/items/0/item_charge_amount/amount"),
    Plant("gift above its limit", "gift-value", item(additional_procedures=["C08"], item_charge_amount=EUR), "/items/0/item_charge_amount/amount"),
    Plant("goods without relief", "relief-excluded-goods", item(additional_procedures=["C07"], commodity_code="240220"), "/items/0/commodity_code"),
    Plant("value above the data set's", "data-set-value", item(additional_procedures=["000"], item_charge_amount={"amount": "1000.01", "currency": "EUR"}),
          "/items/0/item_charge_amount/amount"),
    field("no IOSS number", "ioss-form", ("parties", 3, "id"), "XI5280000012"),
    field("a field nobody knows", "unknown-field", (*ITEM, "colour"), "red"),
]

# Of the line's bytes. It cannot be read at all: the pointer is the line, the text says where in it (at the mark, which stands there).
LINE_PLANTS = [
    Plant("a field twice", "duplicate-field", replace(b'"family":"IMPORT"', b'"family":"IMPORT","family":"EXPORT"'), None, NONE, b',"family":"EXPORT"'),
    Plant("cut short", "not-well-formed", lambda line: line[: len(line) // 2], None, NONE, b""),
    Plant("a comma too many", "not-well-formed", replace(b'"IMPORT",', b'"IMPORT",,'), None, NONE, b",,"),
    Plant("a wrong escape", "not-well-formed", replace(b'"description":"', b'"description":"\\x'), None, NONE, b"\\x"),
    Plant("not UTF-8", "encoding", replace(b'"description":"', b'"description":"\xe9t\xe9 '), None, NONE, b"\xe9t"),
    Plant("too deep", "too-deep", replace(b'"items":[', b'"items":[' + b"[" * 40 + b"]" * 40 + b","), None, NONE, b"[" * 41),
    Plant("a number", "wrong-type", lambda line: b"17", "", "17"),
]


def resolve_json(line, pointer):
    """RFC 6901; (found, value)."""
    value = json.loads(line)
    for key in pointer.split("/")[1:]:
        key = key.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, ValueError, TypeError):
            return False, None
    return True, value


def text_of_json(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def plant_json(plant, line):
    """The line with the error in it."""
    if plant in LINE_PLANTS:
        return plant.change(line)
    declaration = json.loads(line)
    plant.change(declaration)
    return json.dumps(declaration, separators=(",", ":"), ensure_ascii=False).encode()


def columns(text):
    """Characters, as columns are counted."""
    return sum(byte & 0xC0 != 0x80 for byte in text)


def wrong_json(plant, line, error):
    """What is wrong with what is said of the line, or None."""
    if plant.pointer is None:
        place = re.match(r"line 1, column (\d+): ", error["text"])
        first = columns(line[:line.index(plant.mark)]) if plant.mark else columns(line) - TOKEN
        last = first + 2 + (columns(plant.mark) or TOKEN)
        return None if place and first <= int(place.group(1)) <= last and not error["pointer"] and "value" not in error else f"not between columns {first} and {last}"
    if error["pointer"] != plant.pointer:
        return f"points at {error['pointer']}, not at {plant.pointer}"
    return wrong_value(plant, error, *(resolve_json(line, error["pointer"]) if plant.value is not None else (True, None)), text_of_json)


def wrong_value(plant, error, found, value, text_of):
    reported = error.get("value")
    if plant.value is NONE:
        return None if found and reported is None else f"something missing has the value {reported!r}"
    if not found:
        return "the pointer does not resolve"
    if plant.value is None:
        return None
    if callable(plant.value):
        return None if plant.value(reported) else f"{reported!r} is reported"
    want = text_of(value).encode()[:VALUE_BYTES].decode("utf-8", "ignore") if plant.value is SAME else plant.value
    return None if reported == want else f"{reported!r} is reported, {want!r} is there"


# ---- CSV of the profile parcels ----

def cell(name, code, column, text, reported=SAME):
    """`text` in the cell of the first row."""
    return Plant(name, code, (column, text), column, reported)


CSV_PLANTS = [
    cell("no reference", "missing", "Tracking Number", ""),
    cell("reference too long", "too-long", "Tracking Number", "T" * 36),
    cell("no day", "invalid-date", "Arrival Date", "2026-13-01"),
    cell("a date in another form", "invalid-date", "Arrival Date", "24.11.2026"),
    cell("office too long", "too-long", "Office", "BE" + "1" * 400),
    cell("mode not in the list", "unknown-code", "Transport Mode", "11"),
    cell("sender's country", "unknown-code", "Sender Country", "XQ"),
    cell("name too long", "too-long", "Consignee Name", "N" * 400, masked("N" * 400)),
    cell("consignee's country", "unknown-code", "Consignee Country", "XQ"),
    cell("no IOSS number", "ioss-form", "IOSS", "XI5280000012"),
    cell("article of letters", "invalid-number", "Article", "one"),
    cell("article too large", "out-of-range", "Article", "10000"),
    cell("no description", "missing", "Description", ""),
    cell("description too long", "too-long", "Description", "d" * 3000),
    cell("control character", "control-character", "Description", "socks\x07 of cotton"),
    cell("commodity too short", "invalid-code", "HS Code", "6115"),
    cell("commodity of letters", "invalid-code", "HS Code", "61I595"),
    cell("quantity of letters", "invalid-number", "Quantity", "a pair"),
    cell("negative quantity", "negative", "Quantity", "-2"),
    cell("mass with a comma", "invalid-number", "Net Mass", "0,284"),
    cell("negative mass", "negative", "Gross Mass", "-0.3"),
    cell("no value", "missing", "Value", ""),
    cell("value with a sign", "invalid-number", "Value", "EUR 6"),
    cell("negative value", "negative", "Value", "-6.05"),
    cell("value too long", "out-of-range", "Value", "1234567890123456789012"),
    cell("currency not in the list", "invalid-code", "Currency", "EUX"),
    cell("origin not in the list", "unknown-code", "Origin", "XQ"),
    cell("origin not of its form", "invalid-code", "Origin", "C"),
    cell("procedure too long", "too-long", "Procedures", "C07" * 20),
    Plant("a cell too many", "wrong-cell-count", lambda row: row + b",extra", None, NONE),
    Plant("cells missing", "wrong-cell-count", lambda row: row.rsplit(b",", 3)[0], None, NONE),
    Plant("a quote within", "not-well-formed", lambda row: row.replace(b",", b',so"', 1), None, NONE),
    Plant("not UTF-8", "encoding", lambda row: row.replace(b",", b",\xe9\xe9", 1), "?", None),
]


def csv_cells(row):
    return next(csv.reader(io.StringIO(row.decode(), newline="")))


def csv_row(cells):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue().encode()


def plant_csv(plant, header, row):
    if callable(plant.change):
        return plant.change(row)
    cells = csv_cells(row)
    column, text = plant.change
    cells[header.index(column)] = text
    return csv_row(cells)


def wrong_csv(plant, header, row, number, error):
    """`number`: of the row in the file, the header is 1 (RFC 7111)."""
    if plant.pointer is None:
        return None if error["pointer"] == f"row={number}" else f"points at {error['pointer']}, not at row={number}"
    place = re.fullmatch(r"cell=(\d+),(\d+)", error["pointer"])
    if not place or int(place.group(1)) != number:
        return f"points at {error['pointer']}, not into row {number}"
    if plant.pointer == "?":
        return None if int(place.group(2)) == 2 else f"points at {error['pointer']}, not at the second cell"
    column = int(place.group(2))
    if column != header.index(plant.pointer) + 1:
        return f"points at column {column}, not at {plant.pointer}"
    return wrong_value(plant, error, True, csv_cells(row)[column - 1], str)


# ---- WCO XML ----

def element(name, code, old, new, tail, value=SAME):
    """`old` (a regular expression) becomes `new`; the pointer ends with the steps of `tail` ("GoodsShipment/UCR/@x")."""
    return Plant(name, code, (old, new), tail, value)


XML_PLANTS = [
    element("no LRN", "missing", r"<FunctionalReferenceID>.*?</FunctionalReferenceID>", "", "Declaration", NONE),
    element("LRN too long", "too-long", r"(<FunctionalReferenceID>).*?<", r"\g<1>" + "L" * 36 + "<", "FunctionalReferenceID"),
    element("no type", "missing", r"<TypeCode>IMA</TypeCode>", "", "Declaration", NONE),
    element("type not of its form", "invalid-code", r"<TypeCode>IMA<", "<TypeCode>import<", "TypeCode"),
    element("function unknown", "invalid-code", r"<FunctionCode>9<", "<FunctionCode>7<", "FunctionCode"),
    element("count of letters", "invalid-number", r"(<GoodsItemQuantity>).*?<", r"\g<1>one<", "GoodsItemQuantity"),
    element("an element twice", "duplicate-element", r"(<GoodsItemQuantity>.*?</GoodsItemQuantity>)", r"\g<1>\g<1>", "GoodsItemQuantity"),
    element("mode not in the list", "unknown-code", r"<ModeCode>.*?<", "<ModeCode>11<", "BorderTransportMeans/ModeCode"),
    element("name too long", "too-long", r"(<Importer>.*?<Name>).*?<", r"\g<1>" + "N" * 400 + "<", "Importer/Name", masked("N" * 400)),
    element("country of a party", "unknown-code", r"(<Importer>.*?<CountryCode>).*?<", r"\g<1>XQ<", "Importer/Address/CountryCode"),
    element("item number zero", "out-of-range", r"(<GovernmentAgencyGoodsItem>\s*<SequenceNumeric>)1<", r"\g<1>0<", "GovernmentAgencyGoodsItem/SequenceNumeric"),
    element("item number too large", "out-of-range", r"(<GovernmentAgencyGoodsItem>\s*<SequenceNumeric>)1<", r"\g<1>10000<",
            "GovernmentAgencyGoodsItem/SequenceNumeric"),
    element("description too long", "too-long", r"<Description>.*?<", "<Description>" + "d" * 3000 + "<", "Commodity/Description"),
    element("commodity too short", "invalid-code", r"(<Classification><ID>).*?<", r"\g<1>6115<", "Commodity/Classification/ID"),
    element("commodity of letters", "invalid-code", r"(<Classification><ID>).*?<", r"\g<1>61I595<", "Commodity/Classification/ID"),
    element("mass with a comma", "invalid-number", r"(<NetNetWeightMeasure unitCode=\"KGM\">).*?<", r"\g<1>0,284<", "GoodsMeasure/NetNetWeightMeasure"),
    element("negative mass", "negative", r"(<NetNetWeightMeasure unitCode=\"KGM\">).*?<", r"\g<1>-1<", "GoodsMeasure/NetNetWeightMeasure"),
    element("unit not of its form", "invalid-code", r"<NetNetWeightMeasure unitCode=\"KGM\"", "<NetNetWeightMeasure unitCode=\"KILOGRAMS\"",
            "NetNetWeightMeasure/@unitCode"),
    element("amount of letters", "invalid-number", r"(<ItemChargeAmount [^>]*>).*?<", r"\g<1>twelve<", "InvoiceLine/ItemChargeAmount"),
    element("negative amount", "negative", r"(<ItemChargeAmount [^>]*>).*?<", r"\g<1>-5<", "InvoiceLine/ItemChargeAmount"),
    element("currency not in the list", "invalid-code", r"<ItemChargeAmount currencyID=\"\w+\"", "<ItemChargeAmount currencyID=\"EUX\"",
            "ItemChargeAmount/@currencyID"),
    element("procedure not in the list", "unknown-code", r"<CurrentCode>40<", "<CurrentCode>98<", "GovernmentProcedure/CurrentCode"),
    element("origin not in the list", "unknown-code", r"(<Origin><CountryCode>).*?<", r"\g<1>XQ<", "Origin/CountryCode"),
    element("origin not of its form", "invalid-code", r"(<Origin><CountryCode>).*?<", r"\g<1>china<", "Origin/CountryCode"),
    element("packages of letters", "invalid-number", r"(<QuantityQuantity>).*?<", r"\g<1>one<", "Packaging/QuantityQuantity"),
    element("relief above its limit", "relief-value", r"(<ItemChargeAmount )currencyID=\"\w+\">.*?<", r'\g<1>currencyID="EUR">200.00<', "InvoiceLine/ItemChargeAmount"),
    element("goods without relief", "relief-excluded-goods", r"(<Classification><ID>).*?<", r"\g<1>240220<", "Commodity/Classification/ID"),
    element("a tag never closed", "not-well-formed", r"</Description>", "", None, NONE),
    element("cut short", "not-well-formed", r"(?s)<GoodsShipment>.*", "", None, NONE),
    element("an entity nobody defined", "not-well-formed", r"<Description>", "<Description>&who;", None, NONE),
    element("a document type", "dtd-refused", r"<md:MetaData ", "<!DOCTYPE x><md:MetaData ", None, NONE),
    element("another document", "not-a-declaration", r"(?s)<md:MetaData .*", "<order><line/></order>", "order", None),
]


def plant_xml(plant, document):
    old, new = plant.change
    text, count = re.subn(old, new, document.decode(), count=1, flags=re.DOTALL)
    assert count == 1, plant.name
    return text.encode()


def local(tag):
    return tag.split("}")[-1]


def resolve_xpath(document, pointer):
    """The steps that docs/FORMATS.md describes; (found, text). None: not such an XPath."""
    here, value = [ET.fromstring(document)], None
    for depth, step in enumerate(re.findall(r"/([^/]+)", pointer)):
        found = re.fullmatch(r"(@?)\*\[local-name\(\)='([^']+)'\](?:\[(\d+)\])?", step)
        if not found:
            return False, None
        if found.group(1):
            values = [v for e in here for k, v in e.attrib.items() if local(k) == found.group(2)]
            return len(values) == 1, (values or [None])[0]
        candidates = [e for e in (here if depth == 0 else [c for e in here for c in e]) if local(e.tag) == found.group(2)]
        if found.group(3):
            candidates = candidates[int(found.group(3)) - 1:int(found.group(3))]
        if len(candidates) != 1:
            return False, None
        here, value = candidates, candidates[0].text or ""
    return True, value


def wrong_xml(plant, document, error):
    if plant.pointer is None:
        place = re.fullmatch(r"line (\d+), column (\d+)", error["pointer"])
        return None if place and int(place.group(1)) <= document.count(b"\n") + 1 else f"{error['pointer']} is no place in the text"
    found, value = resolve_xpath(document, error["pointer"])
    names = "/".join(re.findall(r"(@?)\*\[local-name\(\)='([^']+)'\]", error["pointer"]) and
                     [a + n for a, n in re.findall(r"(@?)\*\[local-name\(\)='([^']+)'\]", error["pointer"])])
    if not found:
        return f"{error['pointer']} does not resolve"
    if not ("/" + names).endswith("/" + plant.pointer):
        return f"points at {names}, not at {plant.pointer}"
    if plant.value is NONE:
        return None if "value" not in error or not error["value"].strip() else f"something missing has the value {error['value']!r}"
    return wrong_value(plant, error, True, value, lambda text: text.strip())
