#!/usr/bin/env python3
"""Writes the corpus of fuzz_message: small archives and workbooks, good ones and one of each kind that is refused.

usage: make_corpus.py (writes corpus/ beside itself; the same bytes each time)
"""
import gzip
import io
import os
import struct
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ONE = b'{"functional_reference_id":"A-%d","family":"IMPORT","type_code":"IMA","items":[{"description":"green tea"}]}'
LIST = b"[" + b",".join(ONE % i for i in range(3)) + b"]"
CSV = (b"Tracking Number,Sender Name,Sender Country,Consignee Name,Consignee Address,Description,HS Code,Net Mass,Gross Mass,Value,Currency,Origin\n"
       b"P-1,Tea House,CN,Ann Lee,Kade 1,Green tea,090210,0.5,0.6,12.50,EUR,CN\n"
       b"P-2,Tea House,CN,Bo Li,Kade 2,Black tea,090240,0.5,x,9.00,EUR,CN\n")


def packed(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 24, 6, 35, 0)), content, method)
    return out.getvalue()


def zipped(content):
    return gzip.compress(content, mtime=0)


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
BOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets><sheet name="Day" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                                  f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData>%s</sheetData></worksheet>",
}


def workbook(lines):
    """The rows of a CSV, as inline strings and numbers."""
    rows = "".join("<row>" + "".join(f"<c><v>{c}</v></c>" if c.replace(".", "", 1).isdigit() and c[0] != "0" else
                                     f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in line.split(",")) + "</row>" for line in lines)
    return packed([(name, text.replace("%s", rows)) for name, text in BOOK.items()])


def patched(archive, central, local, value):
    """Sets 16 bits of the first entry's headers: at `central` of the central directory's, at `local` of its own."""
    out = bytearray(archive)
    struct.pack_into("<H", out, out.index(b"PK\x01\x02") + central, value)
    struct.pack_into("<H", out, local, value)
    return bytes(out)


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1:]


def corpus():
    two = packed([("a/one.json", ONE % 1), ("parcels.csv", CSV)])
    stored = packed([("list.json", LIST)], zipfile.ZIP_STORED)
    book = workbook(CSV.decode().splitlines())
    yield "parcels.xlsx", book
    yield "cut.xlsx", book[:-40]
    yield "no_sheet.xlsx", packed([(n, t) for n, t in BOOK.items() if "sheet1" not in n])
    yield "empty.xlsx", workbook([])
    yield "parcels.xlsx.gz", zipped(book)
    yield "two_books.zip", packed([("a.xlsx", book), ("b.xlsx", workbook(["a,b", "1,2"])), ("c.json", ONE % 9)])
    yield "one.json.gz", zipped(ONE % 1)
    yield "two_members.ndjson.gz", zipped(ONE % 1 + b"\n") + zipped(ONE % 2 + b"\n") + bytes(16)
    yield "cut.gz", zipped(CSV)[:-9]
    yield "checksum.gz", flipped(zipped(CSV), -6)
    yield "trailing.gz", zipped(CSV) + b"more"
    yield "twice.gz", zipped(zipped(CSV))
    yield "bomb.gz", zipped(bytes(1 << 21))
    yield "two.zip", two
    yield "stored.zip", stored
    yield "mixed.zip", packed([("folder/", b""), ("empty.json", b""), ("list.json", LIST), ("readme", b"hello"), ("broken.json", b"[" + ONE % 7 + b",{"),
                               ("__MACOSX/._list.json", b"\0\5"), ("odd;100%.json", b"{}"), ("lines.ndjson", ONE % 1 + b"\n{}\n")])
    yield "only_folders.zip", packed([("folder/", b""), (".DS_Store", b"x")])
    yield "empty.zip", packed([])
    yield "cut.zip", two[:-30]
    yield "checksum.zip", flipped(stored, stored.index(b"A-1"))
    yield "encrypted.zip", patched(two, 8, 6, 1)
    yield "method.zip", patched(two, 10, 8, 12)
    yield "absolute.zip", packed([("/etc/one.json", ONE % 1)])
    yield "drive.zip", packed([("C:one.json", ONE % 1)])
    yield "backslash.zip", packed([("a\\one.json", ONE % 1)])
    yield "step_up.zip", packed([("a/../../one.json", ONE % 1)])
    yield "same_name.zip", packed([("one.json", ONE % 1), ("two.json", ONE % 2)]).replace(b"two.json", b"one.json")
    yield "nested.zip", packed([("inner.zip", two)])
    yield "nested_gzip.zip", packed([("one.json.gz", zipped(ONE % 1))])
    yield "bomb.zip", packed([("zeros.json", bytes(1 << 20)), ("more.json", b" " * (1 << 20))])
    yield "dense.zip", packed([("spaces.json", b" " * ((1 << 20) - 100)), ("more.json", b" " * 90)])


def main():
    folder = os.path.join(HERE, "corpus")
    os.makedirs(folder, exist_ok=True)
    for name, content in corpus():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


if __name__ == "__main__":
    main()
