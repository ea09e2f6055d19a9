#!/usr/bin/env python3
"""Entry summary declarations held against the reference cases ($GREENLANE_DATA/messages/ens): the parts of docs/FORMATS.md about them.

usage: ens.py [--write]

Each case is a message and the errors that it must raise: of the schema (the case names the elements), or of the rules (number and place). Counted
is for how many we raise each of these errors at the same place. Each case is then corrected, by what the case itself says is wrong, and must be
taken without an error. Leaves of the messages that are neither taken nor known fail, and what is taken is written again as IE315 and compared.
The page is compared with what was counted; with --write it is brought up to date.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import outcomes  # noqa: E402

FOLDER = os.path.join(os.environ.get("GREENLANE_DATA") or os.path.join(outcomes.ROOT, "..", "shared", "data"), "messages", "ens")
CASES = os.path.join(FOLDER, "test", "resources", "xmls")
LEAST = {"schema": 0.95, "rules": 0.85}  # share of the cases of each category
ROUNDS = 6  # of correcting: what one error hides shows when it is corrected
TIN, ADDRESS = "GBab12", {"name": "N", "street": "S 1", "postcode": "P1", "city": "C", "country": "GB"}


# ---- messages as trees ----

def local(node):
    return node.tag.rpartition("}")[2]


def load(path):
    return tree.parse(path).getroot()


def message_of(root):
    """The message itself, in an envelope too."""
    return next(node for node in root.iter() if local(node) in ("CC315A", "CC313A"))


def find(message, place):
    """The node at "GOOITEGDS[2]/PACGS2[1]", and its parent."""
    parent, node = None, message
    for step in filter(None, place.split("/")[1:]):
        name, index = re.fullmatch(r"(?:\w+:)?(\w+)\[(\d+)\]", step).groups()
        parent, node = node, [child for child in node if local(child) == name][int(index) - 1]
    return node, parent


def place_of(pointer):
    """Our XPath as the cases write it, from the message on."""
    steps = re.findall(r"\*\[local-name\(\)='(\w+)'\](?:\[(\d+)\])?", pointer)
    start = next((i for i, (name, _) in enumerate(steps) if name in ("CC315A", "CC313A")), 0)
    return "/".join(f"{name}[{number or 1}]" for name, number in steps[start:])


def orders():
    """The order of each group's elements, as the schema of the reference data has it."""
    found = {}
    for name in ("CC315A-v11-2.xsd", "CC313A-v11-2.xsd", "complex_types_ics-v11-2.xsd"):
        for kind in load(os.path.join(FOLDER, "conf", "xsds", name)).iter():
            if local(kind) in ("complexType", "group") and kind.get("name"):
                found.setdefault(kind.get("name").removesuffix("Type"), [e.get("name") for e in kind.iter() if local(e) == "element"])
    found["CC315A"] = found["MESSAGE"] + found["CC315A"]
    found["CC313A"] = found["MESSAGE"] + found["CC313A"]
    return found


# ---- corrections ----

PARTIES = {"TRACONCO1": ("NamCO17", "StrAndNumCO122", "PosCodCO123", "CitCO124", "CouCO125", "TINCO159"),
           "TRACONCE1": ("NamCE17", "StrAndNumCE122", "PosCodCE123", "CitCE124", "CouCE125", "TINCE159"),
           "NOTPAR670": ("NamNOTPAR672", "StrNumNOTPAR673", "PosCodNOTPAR676", "CitNOTPAR674", "CouCodNOTPAR675", "TINNOTPAR671"),
           "TRACONCO2": ("NamCO27", "StrAndNumCO222", "PosCodCO223", "CitCO224", "CouCO225", "TINCO259"),
           "TRACONCE2": ("NamCE27", "StrAndNumCE222", "PosCodCE223", "CitCE224", "CouCE225", "TINCE259"),
           "PRTNOT640": ("NamPRTNOT642", "StrNumPRTNOT646", "PstCodPRTNOT644", "CtyPRTNOT643", "CouCodGINOT647", "TINPRTNOT641"),
           "TRACARENT601": ("NamTRACARENT604", "StrNumTRACARENT607", "PstCodTRACARENT606", "CtyTRACARENT603", "CouCodTRACARENT605", "TINTRACARENT602")}
BULK, UNPACKED = ("VQ", "VG", "VL", "VY", "VR", "VS", "VO"), ("NE", "NF", "NG")
GOOD = {"MesSenMES3": "GB1234/1234567890", "MesRecMES6": "R", "TraModAtBorHEA76": "2", "ConRefNumHEA": "ABC1234D", "GroMasGDS46": "0", "TotGroMasHEA307": "99999",
        "IteNumGDS7": "1", "NumOfPacGS24": "1", "NumOfPieGS25": "1", "MarNumOfPacGSL21": "M", "SpeCirIndHEA1": "D", "RefNumCOL1": "GB123456", "RefNumSUBENR909": "GB123457",
        "RefNumCUSOFFFENT731": "GB123458", "ExpDatOfArrFIRENT733": "202611300000", "TotNumOfIteHEA305": "1", "TotNumOfPacHEA306": "1", "TINPLD1": "GB123", "NADLNGGTCO": "en",
        "TINTRE1": TIN, "KinOfPacGS23": "VR", "DocTypDC21": "N705", "DocRefDC23": "B", "NatIDEMEATRAGI973": "GB", "NatOfMeaOfTraCroHEA87": "GB",
        "IdeOfMeaOfTraCroHEA85": "1234567", "IdeMeaTraGIMEATRA971": "1234567"}
for _names in PARTIES.values():
    GOOD.update(zip(_names, [*ADDRESS.values(), TIN]))


class Corrector:
    """Changes a message so that an error is gone: each number's correction is one method or row."""

    def __init__(self, message, order):
        self.message, self.order = message, order
        self.header = next((node for node in message if local(node) == "HEAHEA"), None)

    def items(self):
        return [node for node in self.message if local(node) == "GOOITEGDS"]

    @staticmethod
    def child(node, name):
        return next((child for child in node if local(child) == name), None)

    def set(self, parent, name, text):
        """The child with that text, made at its place when it is not there."""
        found = self.child(parent, name)
        if found is None:
            order = self.order[local(parent)]
            found = tree.Element(name)
            at = sum(order.index(local(child)) <= order.index(name) for child in parent if local(child) in order)
            parent.insert(at, found)
        found.text = text
        return found

    def drop(self, parent, *names):
        for name in names:
            for child in [child for child in parent if local(child) == name]:
                parent.remove(child)

    def number(self, node, name):
        text = (self.child(node, name).text or "").strip() if self.child(node, name) is not None else ""
        return int(text) if text.isdigit() else 0

    def packages(self):
        return [package for item in self.items() for package in item if local(package) == "PACGS2"]

    def count(self):
        """Totals of what is there."""
        total = sum(self.number(p, "NumOfPacGS24") + self.number(p, "NumOfPieGS25") + ((self.child(p, "KinOfPacGS23").text or "").strip() in BULK) for p in self.packages())
        self.set(self.header, "TotNumOfPacHEA306", str(total))
        self.set(self.header, "TotNumOfIteHEA305", str(len(self.items())))

    def trader(self, parent, group):
        """A trader told by a TIN."""
        self.drop(parent, group)
        made = self.set(parent, group, None)
        tree.SubElement(made, PARTIES[group][5]).text = TIN

    def mode(self, number):
        """Another mode of transport, with what goes with it."""
        self.set(self.header, "TraModAtBorHEA76", number)
        self.drop(self.header, "IdeOfMeaOfTraCroHEA85", "NatOfMeaOfTraCroHEA87")

    def package(self, node):
        kind = (self.child(node, "KinOfPacGS23").text or "").strip()
        keep = () if kind in BULK else ("NumOfPieGS25",) if kind in UNPACKED else ("NumOfPacGS24",)
        self.drop(node, *{"NumOfPacGS24", "NumOfPieGS25"} - set(keep))
        for name in keep:
            if self.child(node, name) is None:
                self.set(node, name, "1")
        self.count()

    def consignors(self):
        for item in self.items():
            self.drop(item, "TRACONCO2")

    def number_items(self):
        for number, item in enumerate(self.items(), 1):
            self.set(item, "IteNumGDS7", str(number))

    def strip(self, name):
        """Leading zeros and signs go."""
        for node in self.message.iter():
            if local(node) == name and node.text:
                number = node.text.strip().lstrip("+-").lstrip("0")
                node.text = "0" + number if not number or number[0] == "." else number

    def trader_fields(self, group, node, parent, required):
        """C501: the address that is missing, or without the field that must not be there."""
        if not required:
            parent.remove(node)
            return
        for name, text in zip(PARTIES[group], ADDRESS.values()):
            if self.child(node, name) is None:
                self.set(node, name, text)

    def correct(self, number, place):
        node, parent = find(self.message, place)
        simple = {"4065": lambda: self.set(self.message, "MesSenMES3", GOOD["MesSenMES3"]), "8102": self.number_items,
                  "8103": lambda: self.set(node, "GroMasGDS46", "0"), "8105": lambda: self.trader(self.message, "TRACONCE1"),
                  "8107": lambda: (self.set(self.header, "IdeOfMeaOfTraCroHEA85", "1234567"), [self.drop(item, "IDEMEATRAGI970") for item in self.items()]),
                  "8108": lambda: self.set(self.header, "NatOfMeaOfTraCroHEA87", "GB"), "8109": self.count, "8111": lambda: self.mode("3"), "8112": lambda: self.mode("2"),
                  "8113": lambda: self.drop(self.header, "IdeOfMeaOfTraCroHEA85"),
                  "8114": lambda: self.set(self.header, "IdeOfMeaOfTraCroHEA85", "1234567") if local(node) == "HEAHEA" else setattr(node, "text", "1234567"),
                  "8115": lambda: self.drop(self.header, "NatOfMeaOfTraCroHEA87"), "8117": self.count, "8118": lambda: self.set(self.header, "ConRefNumHEA", "ABC1234D"),
                  "8147": lambda: self.set(node, "NatIDEMEATRAGI973", "GB"), "8149": lambda: self.package(node), "8150": lambda: self.package(node),
                  "8151": lambda: self.package(node), "8152": lambda: self.set(node, "MarNumOfPacGSL21", "M"),
                  "8153": lambda: (self.set(node, "NumOfPacGS24", "1"), self.count()),
                  "8170": lambda: (tree.SubElement(self.set(node, "PRODOCDC2", None), "DocTypDC21"), tree.SubElement(self.child(node, "PRODOCDC2"), "DocRefDC23"),
                                   setattr(self.child(node, "PRODOCDC2")[0], "text", "N705"), setattr(self.child(node, "PRODOCDC2")[1], "text", "B")),
                  "8193": self.consignors, "8206": self.count, "8612": lambda: [node.remove(extra) for extra in [c for c in node if local(c) == "IDEMEATRAGI970"][999:]],
                  "8622": lambda: self.trader(node, "PRTNOT640"), "8623": lambda: self.trader(node, "TRACONCE2"), "8672": lambda: self.strip("TotNumOfPacHEA306"),
                  "8673": lambda: self.strip("TotGroMasHEA307"), "8674": lambda: self.strip(local(node)), "8677": lambda: self.strip(local(node)),
                  "8678": self.number_items, "8679": lambda: self.strip("GroMasGDS46"), "8680": lambda: self.strip("NumOfPacGS24"), "8681": lambda: self.strip("NumOfPieGS25"),
                  "8685": lambda: self.set(self.header, "ConRefNumHEA", "XFERa:e"), "8686": lambda: self.set(self.header, "TotGroMasHEA307", "99999999"),
                  "8689": lambda: self.mode("2"), "8690": lambda: self.strip("TraModAtBorHEA76"), "8691": lambda: self.drop(self.header, "SpeCirIndHEA1"),
                  "8692": lambda: self.set(self.child(self.message, "PERLODSUMDEC"), "TINPLD1", "GB123")}
        if number in simple:
            simple[number]()
        elif 8120 <= int(number) <= 8299 and local(node) in PARTIES and number != "8204":
            self.trader_fields(local(node), node, parent, True)
        else:  # it is where it must not be
            parent.remove(node)

    def correct_form(self, error):
        """An error of the schema: the text says which element is missing, the place which one is wrong."""
        node, parent = find(self.message, place_of(error["pointer"]))
        absent = re.fullmatch(r"(\w+) \(.*\) is missing", error["text"])
        if absent is None:
            node.text = GOOD[local(node)]
        elif absent[1] == "PERLODSUMDEC":
            tree.SubElement(self.set(node, absent[1], None), "TINPLD1").text = GOOD["TINPLD1"]
        elif absent[1] == "GOOITEGDS":
            tree.SubElement(self.set(node, absent[1], None), "IteNumGDS7").text = "1"
        else:
            self.set(node, absent[1], GOOD[absent[1]])
        self.count()


def save(root, folder, name):
    path = os.path.join(folder, name + ".xml")
    tree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)
    return path


# ---- cases ----

class Case:
    def __init__(self, category, path):
        self.category, self.path, self.name = category, path, os.path.basename(path).removesuffix(".xml")
        control = load(path.removesuffix(".xml") + ".ctl")
        errors = [{local(part): (part.text or "").strip() for part in error} for error in control.iter() if local(error) == "Error"]
        self.wanted = {(error["Number"], error["Location"].lstrip("/").replace("ie:", "")) for error in errors if "Number" in error}
        self.named = {name for error in errors for name in re.findall(r"\[([A-Z][A-Z0-9]+)\]", error["Text"])}
        self.valid = not errors
        self.errors = []

    def raised(self):
        return {(error["code"].removeprefix("ens-"), place_of(error["pointer"])) for error in self.errors}

    def form_errors(self):
        return [error for error in self.errors if not error["code"].startswith("ens-")]

    def names(self, error):
        """The element that an error is about: the one at its place, or the one that is missing there."""
        absent = re.fullmatch(r"(\w+) \(.*\) is missing", error["text"])
        return (absent[1] if absent else place_of(error["pointer"]).rpartition("/")[2].partition("[")[0]).upper()

    def hit(self):
        if self.category == "schema":
            return not self.form_errors() if self.valid else any(self.names(error) in self.named for error in self.form_errors())
        return not self.errors if self.valid else self.wanted <= self.raised()


def errors_of(files):
    """Errors by file; what comes of them only warns."""
    return [list(filter(outcomes.is_error, found["errors"])) for found in outcomes.read_plain(files)]


def cases():
    found = [Case(category, os.path.join(CASES, folder, name)) for category, folder in (("schema", "schemaTestCases315"), ("rules", "ruleTestCases315"))
             for name in sorted(os.listdir(os.path.join(CASES, folder))) if name.endswith(".xml")]
    for case, errors in zip(found, errors_of([case.path for case in found])):
        case.errors = errors
    return found


def corrected(found):
    """The cases that are taken without an error once they are corrected, and what is left of the others."""
    order, left = orders(), {case.name: case for case in found if not case.valid}
    with tempfile.TemporaryDirectory() as folder:
        trees = {name: load(case.path) for name, case in left.items()}
        faulty = {name: [("schema", e) for e in case.form_errors()] if case.category == "schema" else sorted(case.wanted) for name, case in left.items()}
        for _ in range(ROUNDS):
            for name, errors in faulty.items():
                corrector = Corrector(message_of(trees[name]), order)
                for number, what in sorted(errors, key=lambda pair: pair[0], reverse=True):
                    try:
                        if number == "schema":
                            corrector.correct_form(what)
                        else:
                            corrector.correct(number, what)
                    except (IndexError, ValueError):
                        continue  # another correction took it away
            paths = {name: save(trees[name], folder, name) for name in faulty}
            after = dict(zip(paths, errors_of(list(paths.values()))))
            faulty = {name: [("schema", e) if not e["code"].startswith("ens-") else (e["code"][4:], place_of(e["pointer"])) for e in errors] for name, errors in after.items() if errors}
            if not faulty:
                break
    return set(left) - set(faulty), faulty


def count_cases(found):
    good, wrong = corrected(found)
    lines = ["| category | cases | must raise errors | each error at the same place | and no other | corrected, without an error |", "|---|---|---|---|---|---|"]
    failed = []
    for category in ("schema", "rules"):
        mine = [case for case in found if case.category == category]
        bad, hits = [case for case in mine if not case.valid], sum(case.hit() for case in mine)
        exact = "" if category == "schema" else str(sum(case.wanted == case.raised() for case in mine))
        lines.append(f"| {category} | {len(mine)} | {len(bad)} | {hits} ({100 * hits / len(mine):.1f} %) | {exact} | {sum(case.name in good for case in bad)} of {len(bad)} |")
        if hits < LEAST[category] * len(mine):
            failed.append(f"{category}: {hits} of {len(mine)} cases: {[case.name for case in mine if not case.hit()]}")
    numbers = {number for case in found for number, _ in case.wanted}
    shown = {number for case in found if case.name in good for number, _ in case.wanted}
    lines += ["", f"The rule cases have errors of {len(numbers)} numbers; each of them is gone in at least one corrected case."]
    failed += [f"{name} once corrected: {errors}" for name, errors in wrong.items()]
    failed += [f"no corrected case of {number}" for number in sorted(numbers - shown)]
    return lines, failed


# ---- what becomes of all messages ----

EXAMPLES = ("public/api/conf/1.0/examples/validSubmission.xml", "public/api/conf/1.0/examples/validAmendment.xml")


def all_messages():
    found = sorted(os.path.join(folder, name) for folder, _, names in os.walk(FOLDER) for name in names if name.endswith(".xml"))
    return [path for path in found if b"CC31" in open(path, "rb").read() and b":Error" not in open(path, "rb").read()]


def count_outcomes(files):
    read = outcomes.read_plain(files)
    groups = collections.defaultdict(list)
    for path, found in zip(files, read):
        kind = os.path.basename(os.path.dirname(path))
        groups["examples and samples" if kind in ("examples", "xmls") else kind].append(found)
    lines = ["| source | documents | accepted | rejected | errors |", "|---|---|---|---|---|"]
    for name, members in sorted(groups.items()):
        bad = sum(found["rejected"] for found in members)
        codes = collections.Counter(code for found in members for code in {"`ens-...` (rules)" if e["code"].startswith("ens-") else f"`{e['code']}`"
                                                                              for e in found["errors"] if outcomes.is_error(e)})
        said = ", ".join(f"{code} {count}" for code, count in sorted(codes.items(), key=lambda pair: (-pair[1], pair[0])))
        lines.append(f"| `messages/ens`, {name} | {len(members)} | {len(members) - bad} | {bad} | {said} |")
    return lines, [path for path, found in zip(files, read) if not found["rejected"]]


def count_leaves(files):
    found = outcomes.read_plain(files, "-l")
    taken = sum(one["taken"] for one in found)
    left = collections.Counter((other["path"].rpartition("/")[2], other["why"]) for one in found for other in one["others"] if "why" in other)
    neither = sorted({other["path"] for one in found for other in one["others"] if "why" not in other})
    every = taken + sum(left.values())
    lines = [f"The {len(files)} accepted ones have {every:,} leaves: {taken:,} are taken, {sum(left.values())} ({100 * sum(left.values()) / every:.2f} %) are not: "
             f"{', '.join(f'`{leaf}` {count}' for (leaf, _), count in sorted(left.items()))} ({'; '.join(sorted({why for _, why in left}))}); {len(neither)} are neither."]
    return lines, [f"leaves neither taken nor known: {neither}"] if neither else []


def main():
    if sys.argv[1:] not in ([], ["--write"]):
        sys.exit(__doc__)
    if not os.path.isdir(CASES):
        print("skipped: no reference data at $GREENLANE_DATA/messages/ens")
        sys.exit(outcomes.SKIPPED)
    files = all_messages()
    lines, failed = count_cases(cases())
    table, accepted = count_outcomes(files)
    leaves, neither = count_leaves(accepted)
    originals = [path for path in accepted if b"CC313A" not in open(path, "rb").read()]
    again = ["| written as | declarations | the same when read again | what the others lose |", "|---|---|---|---|", outcomes.written_again(originals, "ie315")]
    failed += neither + [f"{name} is a valid example and was refused" for name in EXAMPLES if os.path.join(FOLDER, name) not in accepted]
    if failed:
        sys.exit("FAILED: " + "\n  ".join(failed))
    outcomes.compare_page({"ens-cases": lines, "ens-outcomes": table + ["", *leaves, "", *again]}, sys.argv[1:] == ["--write"], "ens.py")


if __name__ == "__main__":
    main()
