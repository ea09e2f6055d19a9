#!/usr/bin/env python3
"""Makes the C codecs of Greenlane's Avro schemas (see schemas/CODECS.md for what they look like).

    avrogen.py --schemas DIR --out DIR          all sections, states and topics of schemas/
    avrogen.py --out DIR --codecs NAME FILE...  codecs of these schema files, and a table gl_codecs_NAME of them

What always holds: what the generator does not handle it refuses, with the file and the field; the order of all output depends on
the schemas only; a file whose content did not change is not written, so that nothing is compiled again for it.
"""

import argparse
import hashlib
import json
import os
import re
import sys

PRIMITIVES = ("boolean", "int", "long", "float", "double", "string", "bytes")
C_KEYWORDS = set(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict "
    "return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false".split()
)
VARINT_INT_BYTES = 5
VARINT_LONG_BYTES = 10


class SchemaError(Exception):
    pass


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def c_name(name):
    return name + "_" if name in C_KEYWORDS else name


# Types. Each knows its C declaration and how to emit the reading, skipping, writing and dumping of a value.
#   least     fewest bytes of an encoding
#   bounded   most bytes of an encoding, None when it makes its own room while writing


class Primitive:
    C = {"boolean": "bool", "int": "int32_t", "long": "int64_t", "float": "float", "double": "double"}
    OPT = {"boolean": "gl_opt_bool", "int": "gl_opt_i32", "long": "gl_opt_i64", "float": "gl_opt_f32", "double": "gl_opt_f64"}
    READ = {"boolean": "gl_rd_bool", "int": "gl_rd_int", "long": "gl_rd_long", "float": "gl_rd_float", "double": "gl_rd_double"}
    LEAST = {"boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8}
    MOST = {"boolean": 1, "int": VARINT_INT_BYTES, "long": VARINT_LONG_BYTES, "float": 4, "double": 8}
    DUMPS = {"boolean": "gl_js_bool", "int": "gl_js_int", "long": "gl_js_int", "float": "gl_js_float", "double": "gl_js_double"}
    LOGICAL = {("long", "timestamp-micros"): "gl_js_micros", ("long", "timestamp-millis"): "gl_js_millis", ("int", "date"): "gl_js_date"}

    def __init__(self, name, logical):
        self.name = name
        self.key = name
        self.least = self.LEAST[name]
        self.bounded = self.MOST[name]
        self.dump_call = self.LOGICAL.get((name, logical), self.DUMPS[name])
        self.opt_type = self.OPT[name]

    def declare(self, name):
        return f"{self.C[self.name]} {name}"

    def zero(self, value):
        return f"{value} = 0;"

    def read(self, out, value, where):
        out.attempt(f"{self.READ[self.name]}(p, end, &{value}, c)", where)

    def skip(self, out, where):
        kind = self.C[self.name]
        out.line(f"{{ {kind} value; {out.attempt_text(f'{self.READ[self.name]}(p, end, &value, c)', where)} (void)value; }}")

    def write(self, out, value):
        if self.name == "boolean":
            out.line(f"w = gl_wr_byte(w, {value});")
        elif self.name in ("int", "long"):
            out.line(f"w = gl_wr_long(w, {value});")
        else:
            out.line(f"w = gl_wr_fixed(w, &{value}, sizeof {value});")

    def dump(self, out, value):
        out.line(f"{self.dump_call}(buf, {value});")


class Text:
    """A string, or bytes: a slice."""

    def __init__(self, name):
        self.name = name
        self.key = name
        self.least = 1
        self.bounded = None

    def declare(self, name):
        return f"gl_str {name}"

    def read(self, out, value, where):
        out.attempt(f"gl_rd_str(p, end, &{value}, c)", where)

    def skip(self, out, where):
        out.line(f"{{ gl_str value; {out.attempt_text('gl_rd_str(p, end, &value, c)', where)} }}")

    def write(self, out, value):
        out.line(f"w = gl_wr_str(w, o, {value});")

    def dump(self, out, value):
        if self.name == "string":
            out.line(f"gl_buf_json(buf, {value});")
        else:
            out.line(f"gl_js_hex(buf, {value}.ptr, {value}.len);")


class Fixed:
    def __init__(self, fullname, size):
        self.key = "fixed_" + fullname.replace(".", "_").lower()
        self.size = size
        self.least = size
        self.bounded = size

    def declare(self, name):
        return f"uint8_t {name}[{self.size}]"

    def zero(self, value):
        return f"memset({value}, 0, {self.size});"

    def read(self, out, value, where):
        out.attempt(f"gl_rd_fixed(p, end, {value}, {self.size}, c)", where)

    def skip(self, out, where):
        out.line(f"{{ uint8_t value[{self.size}]; {out.attempt_text(f'gl_rd_fixed(p, end, value, {self.size}, c)', where)} }}")

    def write(self, out, value):
        out.line(f"w = gl_wr_fixed(w, {value}, {self.size});")

    def dump(self, out, value):
        out.line(f"gl_js_hex(buf, {value}, {self.size});")


class Enum:
    def __init__(self, prefix, name, symbols, doc):
        self.ctype = f"gl_{prefix}_{snake(name)}"
        self.key = self.ctype
        self.symbols = symbols
        self.doc = doc
        self.least = 1
        self.bounded = VARINT_INT_BYTES
        self.opt_type = f"gl_{prefix}_opt_{snake(name)}"

    def constant(self, symbol):
        return f"{self.ctype.upper()}_{snake(symbol).upper()}"

    def declare(self, name):
        return f"{self.ctype} {name}"

    def zero(self, value):
        return f"{value} = ({self.ctype})0;"

    def read(self, out, value, where):
        call = f"gl_rd_index(p, end, {len(self.symbols)}, &index, c)"
        out.line(f"{{ int64_t index = 0; {out.attempt_text(call, where)} {value} = ({self.ctype})index; }}")

    def skip(self, out, where):
        call = f"gl_rd_index(p, end, {len(self.symbols)}, &index, c)"
        out.line(f"{{ int64_t index = 0; {out.attempt_text(call, where)} }}")

    def write(self, out, value):
        out.line(f"w = gl_wr_long(w, (int64_t){value});")

    def dump(self, out, value):
        out.line(f"gl_buf_printf(buf, \"\\\"%s\\\"\", {self.ctype}_name({value}));")


class Record:
    """A nested record: its functions take a pointer."""

    def __init__(self, ctype, name, doc):
        self.ctype = ctype
        self.name = name
        self.key = ctype
        self.doc = doc
        self.fields = []  # (avro name, C name, type, doc)
        self.since = {}  # version in which a field came, of those that came later
        self.bounded = None

    @property
    def least(self):
        return sum(field[2].least for field in self.fields)

    @property
    def short(self):
        return self.ctype[3:]

    def declare(self, name):
        return f"{self.ctype} {name}"

    def read(self, out, value, where):
        out.attempt(f"read_{self.short}(&{value}, p, end, c)", where)

    def skip(self, out, where):
        out.attempt(f"skip_{self.short}(p, end, c)", where)

    def write(self, out, value):
        out.line(f"w = write_{self.short}(&{value}, w, o);")

    def dump(self, out, value):
        out.line(f"json_{self.short}(buf, &{value});")


class Array:
    def __init__(self, items):
        self.items = items
        self.key = "array_of_" + items.key
        self.least = 1
        self.bounded = None

    def pointer(self, name):
        declared = self.items.declare(f"(*{name})" if isinstance(self.items, Fixed) else f"*{name}")
        return declared

    def declare(self, name):
        return f"struct {{ {self.pointer('at')}; size_t count; }} {name}"

    def read(self, out, value, where):
        level = out.level()
        at, count, room, n, stop, i = (f"{x}{level}" for x in ("at", "count", "room", "n", "stop", "i"))
        out.open("{")
        out.line(f"{self.pointer(at)} = NULL;")
        out.line(f"size_t {count} = 0, {room} = 0;")
        out.open("for (;;) {")
        out.line(f"size_t {n} = 0;")
        out.line(f"const uint8_t *{stop} = NULL;")
        out.attempt(f"gl_rd_block(p, end, {self.items.least}, &{n}, &{stop}, c)", where)
        out.line(f"if ({n} == 0) break;")
        out.line(f"{at} = gl_rd_grow(c, {at}, {count}, {n}, &{room}, sizeof *{at});")
        out.open(f"for (size_t {i} = 0; {i} < {n}; {i}++, {count}++) {{")
        self.items.read(out, f"{at}[{count}]", f"gl_avro_in_element(c, {count}), {where}")
        out.close()
        out.line(f"if ({stop} != NULL && p != {stop}) return gl_avro_refuse(c, p, \"avro-invalid\", "
                 f"\"a block of an array has another size than it says\"), {where};")
        out.close()
        out.line(f"{value}.at = {at};")
        out.line(f"{value}.count = {count};")
        out.close()

    def skip(self, out, where):
        level = out.level()
        count, n, stop, i = (f"{x}{level}" for x in ("count", "n", "stop", "i"))
        out.open(f"for (size_t {count} = 0;;) {{")
        out.line(f"size_t {n} = 0;")
        out.line(f"const uint8_t *{stop} = NULL;")
        out.attempt(f"gl_rd_block(p, end, {self.items.least}, &{n}, &{stop}, c)", where)
        out.line(f"if ({n} == 0) break;")
        out.open(f"for (size_t {i} = 0; {i} < {n}; {i}++, {count}++) {{")
        self.items.skip(out, f"gl_avro_in_element(c, {count}), {where}")
        out.close()
        out.line(f"if ({stop} != NULL && p != {stop}) return gl_avro_refuse(c, p, \"avro-invalid\", "
                 f"\"a block of an array has another size than it says\"), {where};")
        out.close()

    def write(self, out, value):
        i = f"i{out.level()}"
        out.line(f"w = gl_wr_room(w, o, {2 * VARINT_LONG_BYTES});")
        out.open(f"if ({value}.count > 0) {{")
        out.line(f"w = gl_wr_long(w, (int64_t){value}.count);")
        out.open(f"for (size_t {i} = 0; {i} < {value}.count; {i}++) {{")
        if self.items.bounded is not None:
            out.line(f"w = gl_wr_room(w, o, {self.items.bounded});")
        self.items.write(out, f"{value}.at[{i}]")
        out.close()
        out.line("w = gl_wr_room(w, o, 1);")
        out.close()
        out.line("w = gl_wr_byte(w, 0);")

    def dump(self, out, value):
        i = f"i{out.level()}"
        out.line("gl_buf_byte(buf, '[');")
        out.open(f"for (size_t {i} = 0; {i} < {value}.count; {i}++) {{")
        out.line(f"if ({i} > 0) gl_buf_byte(buf, ',');")
        self.items.dump(out, f"{value}.at[{i}]")
        out.close()
        out.line("gl_buf_byte(buf, ']');")


class Optional:
    """[null, T]."""

    def __init__(self, inner):
        self.inner = inner
        self.key = "opt_" + inner.key
        self.least = 1
        self.bounded = None if inner.bounded is None else 1 + inner.bounded
        self.is_text = isinstance(inner, Text)
        self.is_record = isinstance(inner, Record)

    def declare(self, name):
        if self.is_text:
            return f"gl_str {name}"
        if self.is_record:
            return f"{self.inner.ctype} *{name}"
        if isinstance(self.inner, Fixed):
            return f"struct {{ bool set; uint8_t value[{self.inner.size}]; }} {name}"
        return f"{self.inner.opt_type} {name}"

    def read(self, out, value, where):
        if self.is_text:
            out.attempt(f"gl_rd_opt_str(p, end, &{value}, c)", where)
            return
        out.open("{")
        out.line("bool some = false;")
        out.attempt("gl_rd_branch(p, end, &some, c)", where)
        if self.is_record:
            out.line(f"{value} = NULL;")
            out.open("if (some) {")
            out.line(f"{value} = gl_arena_alloc(c->arena, sizeof *{value});")
            out.attempt(f"read_{self.inner.short}({value}, p, end, c)", where)
        else:
            out.line(f"{value}.set = some;")
            out.line(self.inner.zero(f"{value}.value"))
            out.open("if (some) {")
            self.inner.read(out, f"{value}.value", where)
        out.close()
        out.close()

    def skip(self, out, where):
        out.open("{")
        out.line("bool some = false;")
        out.attempt("gl_rd_branch(p, end, &some, c)", where)
        out.open("if (some) {")
        self.inner.skip(out, where)
        out.close()
        out.close()

    def write(self, out, value):
        if self.is_text:
            out.line(f"w = gl_wr_opt_str(w, o, {value});")
        elif self.is_record:
            out.line("w = gl_wr_room(w, o, 1);")
            out.line(f"w = gl_wr_byte(w, {value} == NULL ? 0 : 2);")
            out.line(f"if ({value} != NULL) w = write_{self.inner.short}({value}, w, o);")
        else:
            out.line(f"w = gl_wr_byte(w, {value}.set ? 2 : 0);")
            out.open(f"if ({value}.set) {{")
            self.inner.write(out, f"{value}.value")
            out.close()

    def dump(self, out, value):
        present = f"{value}.ptr != NULL" if self.is_text else f"{value} != NULL" if self.is_record else f"{value}.set"
        out.open(f"if ({present}) {{")
        if self.is_text:
            self.inner.dump(out, value)
        elif self.is_record:
            out.line(f"json_{self.inner.short}(buf, {value});")
        else:
            self.inner.dump(out, f"{value}.value")
        out.close(" else {")
        out.depth += 1
        out.line("gl_buf_text(buf, \"null\");")
        out.close()


class Section:
    """One schema file: its types in the order of definition, and the top record."""

    def __init__(self, path):
        self.path = path
        self.stem = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            self.schema = json.load(file)
        self.named = {}  # full name -> type
        self.order = []  # records and enums, inner ones first
        self.optional_enums = []
        self.open_records = []
        self.version = 1  # the highest `since` of a field
        if self.schema.get("type") != "record":
            raise SchemaError(f"{path}: the top of a schema is a record")
        self.top = self.record(self.schema, "", f"gl_{self.stem}", self.stem)

    def as_of(self, version):
        """The schema as it was in an earlier version (None: as it is)."""
        if version is None:
            return self.schema
        return dict(self.schema, fields=[field for field in self.schema["fields"] if field.get("since", 1) <= version])

    def fail(self, where, text):
        raise SchemaError(f"{self.path}: {where}: {text}")

    def fullname(self, schema, namespace):
        name = schema["name"]
        if "." in name:
            return name
        space = schema.get("namespace", namespace)
        return f"{space}.{name}" if space else name

    def define(self, fullname, kind, where):
        if fullname in self.named:
            self.fail(where, f"{fullname} is defined twice")
        self.named[fullname] = kind

    def record(self, schema, namespace, ctype, where):
        fullname = self.fullname(schema, namespace)
        record = Record(ctype, schema["name"], schema.get("doc"))
        self.define(fullname, record, where)
        self.open_records.append(record)
        space = fullname.rpartition(".")[0]
        for field in schema["fields"]:
            at = f"{where}.{field['name']}"
            kind = self.type(field["type"], space, at)
            if any(field["name"] == seen[0] for seen in record.fields):
                self.fail(at, "a field is there twice")
            self.check_since(field, record, where, at)
            record.fields.append((field["name"], c_name(field["name"]), kind, field.get("doc")))
        self.open_records.pop()
        if record.least == 0:
            self.fail(where, "a record whose encoding may be empty would make arrays of any length from no bytes")
        self.order.append(record)
        return record

    def check_since(self, field, record, where, at):
        """A field that came later says since which version of the section; such fields are the top record's last ones."""
        since = field.get("since", 1)
        if since == 1 and self.version == 1:
            return
        if record is not self.open_records[0]:
            if since != 1:
                self.fail(at, "only the top record grows")
            return
        if since < self.version:
            self.fail(at, "a field that came later stands before it")
        if field.get("default", self) not in (None, "", [], False, 0):
            self.fail(at, "a field that came later needs an empty default")
        self.version = since
        record.since[field["name"]] = since

    def type(self, schema, space, where):
        if isinstance(schema, list):
            return self.union(schema, space, where)
        if isinstance(schema, str):
            return self.by_name(schema, space, where)
        name = schema["type"]
        if isinstance(name, (dict, list)):
            return self.type(name, space, where)
        if name == "record":
            return self.record(schema, space, f"gl_{self.stem}_{snake(schema['name'])}", where)
        if name == "enum":
            enum = Enum(self.stem, schema["name"], schema["symbols"], schema.get("doc"))
            if not enum.symbols or len(set(enum.symbols)) != len(enum.symbols):
                self.fail(where, "an enum needs symbols, each once")
            self.define(self.fullname(schema, space), enum, where)
            self.order.append(enum)
            return enum
        if name == "fixed":
            fullname = self.fullname(schema, space)
            if not isinstance(schema["size"], int) or schema["size"] < 1:
                self.fail(where, "a fixed has at least one byte")
            fixed = Fixed(fullname, schema["size"])
            self.define(fullname, fixed, where)
            return fixed
        if name == "array":
            items = self.type(schema["items"], space, where)
            if isinstance(items, Array):
                self.fail(where, "an array of arrays: put a record between them")
            return Array(items)
        if name in ("int", "long", "float", "double", "boolean"):
            return Primitive(name, schema.get("logicalType"))
        return self.by_name(name, space, where)

    def by_name(self, name, space, where):
        if name in ("string", "bytes"):
            return Text(name)
        if name in PRIMITIVES:
            return Primitive(name, None)
        fullname = name if "." in name or not space else f"{space}.{name}"
        kind = self.named.get(fullname)
        if kind is None:
            self.fail(where, f"{name} is not a type that is handled here")
        if kind in self.open_records:
            self.fail(where, f"{name} would contain itself")
        return kind

    def union(self, branches, space, where):
        if len(branches) != 2 or branches[0] != "null":
            self.fail(where, "a union is [null, T]")
        inner = self.type(branches[1], space, where)
        if isinstance(inner, (Array, Optional)):
            self.fail(where, "a union of null with an array or a union")
        if isinstance(inner, Enum) and inner not in self.optional_enums:
            self.optional_enums.append(inner)
        return Optional(inner)


class Source:
    """Lines of C with their indentation."""

    def __init__(self):
        self.lines = []
        self.depth = 0

    def line(self, text=""):
        self.lines.append("    " * self.depth + text if text else "")

    def open(self, text):
        self.line(text)
        self.depth += 1

    def close(self, more=""):
        self.depth -= 1
        self.line("}" + more)

    def level(self):
        return self.depth

    def attempt_text(self, call, where):
        return f"p = {call}; if (GL_RT_UNLIKELY(p == NULL)) return {where};"

    def attempt(self, call, where):
        self.line(f"p = {call};")
        self.line(f"if (GL_RT_UNLIKELY(p == NULL)) return {where};")

    def text(self):
        return "\n".join(self.lines) + "\n"


def comment(text):
    return text.replace("*/", "* /")


def generated(out, what):
    out.line(f"/* {what} Made by tools/avrogen.py from schemas/: change the schema, not this file. */")


def emit_enum_declaration(out, enum):
    if enum.doc:
        out.line(f"/* {comment(enum.doc)} */")
    out.open(f"typedef enum {enum.ctype} {{")
    for i, symbol in enumerate(enum.symbols):
        out.line(f"{enum.constant(symbol)} = {i},")
    out.close(f" {enum.ctype};")
    out.line(f"enum {{ {enum.ctype.upper()}_COUNT = {len(enum.symbols)} }};")
    out.line("/* The symbol, \"?\" for a value out of range. */")
    out.line(f"const char *{enum.ctype}_name({enum.ctype} value);")
    out.line("/* The value of a symbol; false when there is none of that name. */")
    out.line(f"bool {enum.ctype}_find(gl_str name, {enum.ctype} *value);")
    out.line()


def emit_record_declaration(out, record):
    if record.doc:
        out.line(f"/* {comment(record.doc)} */")
    out.open(f"typedef struct {record.ctype} {{")
    for _, name, kind, doc in record.fields:
        out.line(f"{kind.declare(name)};" + (f" /* {comment(doc)} */" if doc else ""))
    out.close(f" {record.ctype};")
    out.line()


def section_header(section):
    out = Source()
    top = section.top
    guard = f"GL_GEN_{section.stem.upper()}_H"
    generated(out, f"{top.name}: {comment(top.doc or 'a record')}")
    out.line(f"#ifndef {guard}")
    out.line(f"#define {guard}")
    out.line()
    out.line('#include "gen/rt.h"')
    out.line()
    for kind in section.order:
        if isinstance(kind, Enum):
            emit_enum_declaration(out, kind)
            if kind in section.optional_enums:
                out.open(f"typedef struct {kind.opt_type} {{")
                out.line("bool set;")
                out.line(f"{kind.ctype} value;")
                out.close(f" {kind.opt_type};")
                out.line()
        else:
            emit_record_declaration(out, kind)
    t = top.ctype
    out.line("/* Slices in `out` point into `bytes`; arrays and nullable records are in `arena`. `used` (may be NULL) gets the bytes")
    out.line(" * of the record. Errors (GL_DEAD_LETTER): avro-truncated, avro-invalid, avro-limit; `out` is undefined then. Thread: any. */")
    out.line(f"bool {t}_decode({t} *out, const uint8_t *bytes, size_t size, size_t *used, gl_arena *arena, gl_err *err);")
    if section.version > 1:
        out.line(f"/* The same of a record written with an earlier version of the schema (from 1; {section.version} is this one): what came later is empty. */")
        out.line(f"bool {t}_decode_version({t} *out, const uint8_t *bytes, size_t size, int version, size_t *used, gl_arena *arena, gl_err *err);")
    out.line(f"/* Reads over the record: succeeds exactly when {t}_decode does. */")
    out.line(f"bool {t}_skip(const uint8_t *bytes, size_t size, size_t *used, gl_err *err);")
    out.line("/* Appends the canonical encoding (each array as one block). Enum values must be in range. */")
    out.line(f"void {t}_encode(gl_buf *buf, const {t} *in);")
    out.line("/* The same without what is empty at the end, of fields that came later: as an earlier version writes the same content. For digests. */")
    out.line(f"void {t}_encode_least(gl_buf *buf, const {t} *in);")
    out.line("/* Appends plain JSON for people and scripts: no unions, instants and dates as text, bytes as hex. */")
    out.line(f"void {t}_json(gl_buf *buf, const {t} *in);")
    out.line()
    out.line("#endif")
    return out.text()


def emit_enum_functions(out, enum):
    out.line(f"static const char *const {enum.ctype[3:]}_names[] = {{" + ", ".join(f'"{s}"' for s in enum.symbols) + "};")
    out.line()
    out.line(f"const char *{enum.ctype}_name({enum.ctype} value)")
    out.open("{")
    out.line(f"return (unsigned)value < {len(enum.symbols)}u ? {enum.ctype[3:]}_names[value] : \"?\";")
    out.close()
    out.line()
    out.line(f"bool {enum.ctype}_find(gl_str name, {enum.ctype} *value)")
    out.open("{")
    out.open(f"for (unsigned i = 0; i < {len(enum.symbols)}u; i++) {{")
    out.open(f"if (gl_str_eqz(name, {enum.ctype[3:]}_names[i])) {{")
    out.line(f"*value = ({enum.ctype})i;")
    out.line("return true;")
    out.close()
    out.close()
    out.line("return false;")
    out.close()
    out.line()


def emit_read(out, record):
    out.line(f"static const uint8_t *read_{record.short}({record.ctype} *out, const uint8_t *p, const uint8_t *end, gl_avro_reading *c)")
    out.open("{")
    for name, cname, kind, _ in record.fields:
        since = record.since.get(name)
        if since is not None:
            out.line(f"memset(&out->{cname}, 0, sizeof out->{cname});")
            out.open(f"if (c->version >= {since}) {{")
        kind.read(out, f"out->{cname}", f"gl_avro_in_field(c, \"{name}\")")
        if since is not None:
            out.close()
    out.line("return p;")
    out.close()
    out.line()


def emit_skip(out, record):
    out.line(f"static const uint8_t *skip_{record.short}(const uint8_t *p, const uint8_t *end, gl_avro_reading *c)")
    out.open("{")
    for name, _, kind, _ in record.fields:
        kind.skip(out, f"gl_avro_in_field(c, \"{name}\")")
    out.line("return p;")
    out.close()
    out.line()


def emit_write(out, record):
    out.line(f"static uint8_t *write_{record.short}(const {record.ctype} *in, uint8_t *w, gl_avro_writing *o)")
    out.open("{")
    fields = record.fields
    for i, (name, cname, kind, _) in enumerate(fields):
        if record.since and name == next(iter(record.since)):
            out.line("o->later = (size_t)(w - o->buf->data);")
        starts_run = kind.bounded is not None and (i == 0 or fields[i - 1][2].bounded is None)
        if starts_run:
            room = 0
            for later in fields[i:]:
                if later[2].bounded is None:
                    break
                room += later[2].bounded
            out.line(f"w = gl_wr_room(w, o, {room});")
        kind.write(out, f"in->{cname}")
    out.line("return w;")
    out.close()
    out.line()


def emit_json(out, record):
    out.line(f"static void json_{record.short}(gl_buf *buf, const {record.ctype} *in)")
    out.open("{")
    for i, (name, cname, kind, _) in enumerate(record.fields):
        opening = "{" if i == 0 else ","
        out.line(f"gl_buf_text(buf, \"{opening}\\\"{name}\\\":\");")
        kind.dump(out, f"in->{cname}")
    out.line("gl_buf_byte(buf, '}');")
    out.close()
    out.line()


def section_source(section):
    out = Source()
    top = section.top
    t = top.ctype
    generated(out, f"See gen/{section.stem}.h.")
    out.line(f'#include "gen/{section.stem}.h"')
    out.line()
    for kind in section.order:
        if isinstance(kind, Enum):
            emit_enum_functions(out, kind)
    for kind in section.order:
        if isinstance(kind, Record):
            emit_read(out, kind)
            emit_skip(out, kind)
            emit_write(out, kind)
            emit_json(out, kind)
    versioned = [("decode_version", f"{t} *out, const uint8_t *bytes, size_t size, int version, size_t *used, gl_arena *arena, gl_err *err",
                  f"read_{top.short}(out, bytes, bytes + size, &c)")] if section.version > 1 else []
    for verb, params, call in versioned + [
        ("decode", f"{t} *out, const uint8_t *bytes, size_t size, size_t *used, gl_arena *arena, gl_err *err", f"read_{top.short}(out, bytes, bytes + size, &c)"),
        ("skip", "const uint8_t *bytes, size_t size, size_t *used, gl_err *err", f"skip_{top.short}(bytes, bytes + size, &c)"),
    ]:
        out.line(f"bool {t}_{verb}({params})")
        out.open("{")
        out.line("gl_avro_reading c;")
        out.line(f"if (!gl_avro_start(&c, &bytes, size, {'NULL' if verb == 'skip' else 'arena'}, err))")
        out.line("    return false;")
        if verb == "decode_version":
            out.line("c.version = version;")
        out.line(f"const uint8_t *p = {call};")
        out.line("if (p == NULL)")
        out.line(f"    return gl_avro_report(&c, \"{section.stem}\", err);")
        out.line("if (used != NULL)")
        out.line("    *used = (size_t)(p - bytes);")
        out.line("return true;")
        out.close()
        out.line()
    for verb, finish in (("encode", "gl_wr_finish"), ("encode_least", "gl_wr_finish_least")):
        out.line(f"void {t}_{verb}(gl_buf *buf, const {t} *in)")
        out.open("{")
        out.line("gl_avro_writing o;")
        out.line("uint8_t *w = gl_wr_start(&o, buf);")
        out.line(f"w = write_{top.short}(in, w, &o);")
        out.line(f"{finish}(w, &o);")
        out.close()
        out.line()
    out.line(f"void {t}_json(gl_buf *buf, const {t} *in)")
    out.open("{")
    out.line(f"json_{top.short}(buf, in);")
    out.close()
    return out.text()


class Topic:
    def __init__(self, entry, sections):
        self.entry = entry
        self.record = entry["record"]
        self.stem = snake(self.record)
        self.ctype = f"gl_{self.stem}"
        self.constant = f"GL_SCHEMA_ID_{self.stem.upper()}"
        self.index_constant = f"GL_SCHEMA_{self.stem.upper()}"
        self.sections = []
        for name in entry["sections"]:
            if name not in sections:
                raise SchemaError(f"topics.json: {self.record}: there is no schema {name}")
            self.sections.append(sections[name])
        self.earlier = {}  # schema id -> versions of the sections
        for number, versions in sorted(entry.get("earlier", {}).items()):
            for name, version in versions.items():
                if name not in entry["sections"] or not 1 <= version < sections[name].version:
                    raise SchemaError(f"topics.json: {self.record}: {number} is no earlier version of {name}")
            self.earlier[int(number)] = versions
        names = [fullname for section in self.sections for fullname in section.named]
        if len(set(names)) != len(names):
            raise SchemaError(f"topics.json: {self.record}: its sections define the same name twice")
        self.json = self.composed({})
        self.earlier_json = [self.composed(versions) for versions in self.earlier.values()]
        self.fingerprint = hashlib.sha256(self.json.encode()).hexdigest()[:16]

    def composed(self, versions):
        """The schema of the value, with its sections as of `versions` (by name; this version without one)."""
        record = {
            "type": "record", "name": self.record, "namespace": "org.greenlane",
            "doc": f"Value of {self.entry['topic']}; key: {self.entry['key']}",
            "fields": [{"name": section.stem, "type": section.as_of(versions.get(section.stem))} for section in self.sections],
        }
        return json.dumps(record, separators=(",", ":"), ensure_ascii=True)

    def upstream(self, topics):
        """The topic whose values this one's begin with, or None."""
        return next((topic for topic in topics if self.sections[:-1] and topic.sections == self.sections[:-1]), None)


TOPICS_DECLARATIONS = """\
/* A schema that values are written with, and the topic they are on. */
typedef struct gl_topic_schema {
    const char *topic;
    const char *record;      /* name of the composed record */
    const char *key;         /* what a record's key is, for people */
    uint32_t schema_id;      /* built in */
    const uint32_t *earlier; /* ids of earlier versions, 0 after the last: values of them are read, what came later is empty */
    const char *const *earlier_json; /* their schemas */
    bool grows_at_end;       /* one section: values of later versions are read, what is not known is left out */
    bool compacted;          /* the topic's cleanup policy */
    bool secondary;          /* another entry of the same topic describes it */
    int partitions;          /* 0: the deployment's count */
    const char *json;        /* composed schema, NUL-terminated; any Avro client reads the values with it */
    size_t json_len;
    const char *fingerprint; /* first 16 hex digits of the SHA-256 of `json` */
    /* Decodes a value and appends it as plain JSON. Errors: as the topic's decode function. */
    bool (*value_json)(gl_buf *buf, const uint8_t *value, size_t size, gl_arena *arena, gl_err *err);
} gl_topic_schema;

/* In the order of topics.json. The entry after the last has a NULL topic. */
extern const gl_topic_schema gl_topic_schemas[];
extern const size_t gl_topic_schema_count;
/* The first entry of a topic, or NULL. */
const gl_topic_schema *gl_topic_schema_find(const char *topic);
/* By built-in id, this version's or an earlier one's, or NULL. */
const gl_topic_schema *gl_topic_schema_of_id(uint32_t schema_id);

/* Composed schema of a built-in id, this version's or an earlier one's, or NULL. */
const char *gl_topic_schema_json_of(uint32_t schema_id);

/* The ids that values are written with, by GL_SCHEMA_...: the built-in ones, or a registry's. Set before any thread encodes or
 * decodes. */
extern uint32_t gl_schema_ids[GL_SCHEMA_COUNT];
/* Whether values with built-in ids are read also when gl_schema_ids has others. Set before any thread decodes. */
extern bool gl_schema_builtin_ids;
/* Appends the header of a value of our own, for its sections to follow. */
void gl_schema_begin(gl_buf *buf, int schema);

/* A writer's schema that says more than ours: what we do not know is passed on where a schema with it is registered. Kept by whoever
 * resolves it. */
typedef struct gl_schema_origin {
    uint32_t schema_id;
    _Atomic uint32_t ids[GL_SCHEMA_COUNT]; /* of the schema that has the writer's sections, then ours; 0: there is none */
    _Atomic uint64_t dropped;              /* values whose unknown fields were left out for want of one */
} gl_schema_origin;

/* Translates a body that was written with another schema into the bytes of `reader` (in `arena`). `*origin` stays NULL when nothing of
 * it is lost. Without one (NULL), such a value is refused as envelope-schema-unknown. Set once, before any thread decodes. Errors: as it
 * says; envelope-schema-unknown for an id that it does not know. */
typedef bool gl_schema_fallback_fn(uint32_t schema_id, const gl_topic_schema *reader, gl_str body, gl_arena *arena, gl_str *translated,
                                   gl_schema_origin **origin, gl_err *err);
extern gl_schema_fallback_fn *gl_schema_fallback;
"""

TOPICS_FUNCTIONS = """\
gl_schema_fallback_fn *gl_schema_fallback;

/* Confluent's header: magic 0, then the schema id, big endian. */
enum { HEADER_BYTES = 5 };

/* Another version of the same record: ids that differ in their thousands. */
static bool is_later(const gl_topic_schema *reader, uint32_t schema_id)
{
    return reader->grows_at_end && gl_schema_fallback == NULL && schema_id > reader->schema_id &&
           schema_id % 1000 == reader->schema_id % 1000 && schema_id < 100000;
}

static bool is_earlier(const gl_topic_schema *reader, uint32_t schema_id)
{
    for (const uint32_t *earlier = reader->earlier; *earlier != 0; earlier++)
        if (*earlier == schema_id)
            return true;
    return false;
}

typedef struct opened {
    gl_str body;    /* in one of our versions */
    gl_str written; /* as it came */
    uint32_t schema_id;
    uint32_t version; /* built-in id of the body's version */
    gl_schema_origin *origin;
} opened;

/* Ids that differ from what we write are read by what the registry says of them, or else are those of our own versions. */
static bool open_other(int schema, gl_arena *arena, opened *o, gl_err *err)
{
    const gl_topic_schema *reader = &gl_topic_schemas[schema];
    bool own = o->schema_id == reader->schema_id || is_earlier(reader, o->schema_id) || is_later(reader, o->schema_id);
    if (own && gl_schema_builtin_ids) {
        o->version = o->schema_id;
        return true;
    }
    if (gl_schema_fallback == NULL)
        return gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "schema id %u is not %s's %u", (unsigned)o->schema_id,
                       reader->record, (unsigned)gl_schema_ids[schema]);
    return gl_schema_fallback(o->schema_id, reader, o->written, arena, &o->body, &o->origin, err);
}

static bool open_envelope(int schema, const uint8_t *value, size_t size, gl_arena *arena, opened *o, gl_err *err)
{
    if (size < HEADER_BYTES)
        return gl_fail(err, GL_DEAD_LETTER, "envelope-magic", "a value of %zu bytes has no Confluent header", size);
    if (value[0] != 0)
        return gl_fail(err, GL_DEAD_LETTER, "envelope-magic", "first byte is 0x%02x, not the magic 0", value[0]);
    o->schema_id = (uint32_t)value[1] << 24 | (uint32_t)value[2] << 16 | (uint32_t)value[3] << 8 | value[4];
    o->written = o->body = (gl_str){(const char *)value + HEADER_BYTES, size - HEADER_BYTES};
    o->version = gl_topic_schemas[schema].schema_id;
    o->origin = NULL;
    return GL_RT_LIKELY(o->schema_id == gl_schema_ids[schema]) || open_other(schema, arena, o, err);
}

static void write_header(gl_buf *buf, uint32_t schema_id)
{
    uint8_t header[HEADER_BYTES] = {0, (uint8_t)(schema_id >> 24), (uint8_t)(schema_id >> 16), (uint8_t)(schema_id >> 8), (uint8_t)schema_id};
    gl_buf_bytes(buf, header, sizeof header);
}

void gl_schema_begin(gl_buf *buf, int schema)
{
    write_header(buf, gl_schema_ids[schema]);
}

/* Begins a value of `schema` with what came from upstream: as it was written, where a schema with it and our section is known. */
static void follow(gl_buf *buf, int schema, gl_str body, gl_str written, gl_schema_origin *origin)
{
    uint32_t id = origin == NULL ? 0 : atomic_load_explicit(&origin->ids[schema], memory_order_relaxed);
    if (origin != NULL && id == 0)
        atomic_fetch_add_explicit(&origin->dropped, 1, memory_order_relaxed);
    write_header(buf, id == 0 ? gl_schema_ids[schema] : id);
    gl_buf_str(buf, id == 0 ? body : written);
}

static bool left_over(const char *record, size_t at, size_t size, gl_err *err)
{
    return gl_fail(err, GL_DEAD_LETTER, "avro-invalid", "%s: %zu bytes are left over after byte %zu", record, size - at, at);
}
"""

TOPICS_LOOKUP = """\
const gl_topic_schema *gl_topic_schema_find(const char *topic)
{
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (strcmp(gl_topic_schemas[i].topic, topic) == 0)
            return &gl_topic_schemas[i];
    return NULL;
}

const gl_topic_schema *gl_topic_schema_of_id(uint32_t schema_id)
{
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (gl_topic_schemas[i].schema_id == schema_id || is_earlier(&gl_topic_schemas[i], schema_id))
            return &gl_topic_schemas[i];
    return NULL;
}

const char *gl_topic_schema_json_of(uint32_t schema_id)
{
    const gl_topic_schema *schema = gl_topic_schema_of_id(schema_id);
    if (schema == NULL || schema->schema_id == schema_id)
        return schema == NULL ? NULL : schema->json;
    size_t i = 0;
    while (schema->earlier[i] != schema_id)
        i++;
    return schema->earlier_json[i];
}
"""


def topics_header(topics):
    out = Source()
    generated(out, "Values of the topics: their envelopes, and the schemas they are written with.")
    out.line("#ifndef GL_GEN_TOPICS_H")
    out.line("#define GL_GEN_TOPICS_H")
    out.line()
    out.line("#include <stdatomic.h>")
    out.line()
    for section in sorted({section.stem for topic in topics for section in topic.sections}):
        out.line(f'#include "gen/{section}.h"')
    out.line()
    out.open("enum {")
    for topic in topics:
        out.line(f"{topic.constant} = {topic.entry['schema_id']},")
    out.close(";")
    out.line("/* Indices of gl_topic_schemas. */")
    out.open("enum {")
    for topic in topics:
        out.line(f"{topic.index_constant},")
    out.line("GL_SCHEMA_COUNT")
    out.close(";")
    out.line()
    out.lines += TOPICS_DECLARATIONS.splitlines()
    out.line()
    for topic in topics:
        t = topic.ctype
        out.line(f"/* {topic.entry['topic']}, key: {topic.entry['key']}. */")
        out.open(f"typedef struct {t} {{")
        for section in topic.sections:
            out.line(f"{section.top.ctype} {c_name(section.stem)};")
        out.line("gl_str body;       /* what follows the header, in the built-in schema: the next stage copies it */")
        out.line("uint32_t schema_id; /* as in the header */")
        out.line("gl_str written;     /* what follows the header, as it came */")
        out.line("gl_schema_origin *origin; /* not NULL: `written` says more than the sections do */")
        out.close(f" {t};")
        out.line("/* Errors (GL_DEAD_LETTER): envelope-magic, envelope-schema-unknown, avro-truncated, avro-invalid, avro-limit. */")
        out.line(f"bool {t}_decode({t} *out, const uint8_t *value, size_t size, gl_arena *arena, gl_err *err);")
        out.line("/* Appends header and sections (not `body`). */")
        out.line(f"void {t}_encode(gl_buf *buf, const {t} *in);")
        out.line(f"void {t}_json(gl_buf *buf, const {t} *in);")
        upstream = topic.upstream(topics)
        if upstream:
            out.line(f"/* Appends the header and the sections of `upstream`, with all that they say: {topic.sections[-1].stem} is to follow. */")
            out.line(f"void {t}_follow(gl_buf *buf, const {upstream.ctype} *upstream);")
        out.line()
    out.line("#endif")
    return out.text()


def emit_topic_functions(out, topic, topics):
    t = topic.ctype
    out.line(f"bool {t}_decode({t} *out, const uint8_t *value, size_t size, gl_arena *arena, gl_err *err)")
    out.open("{")
    out.line("opened o;")
    out.line(f"if (!open_envelope({topic.index_constant}, value, size, arena, &o, err))")
    out.line("    return false;")
    out.line("out->schema_id = o.schema_id;")
    out.line("out->body = o.body;")
    out.line("out->written = o.written;")
    out.line("out->origin = o.origin;")
    out.line("const uint8_t *bytes = (const uint8_t *)out->body.ptr;")
    out.line("size_t left = out->body.len, used = 0;")
    for section in topic.sections:
        versions = {number: v[section.stem] for number, v in topic.earlier.items() if section.stem in v}
        if versions:
            chosen = "".join(f"o.version == {number} ? {v} : " for number, v in sorted(versions.items())) + str(section.version)
            out.line(f"if (!{section.top.ctype}_decode_version(&out->{c_name(section.stem)}, bytes, left, {chosen}, &used, arena, err))")
        else:
            out.line(f"if (!{section.top.ctype}_decode(&out->{c_name(section.stem)}, bytes, left, &used, arena, err))")
        out.line("    return false;")
        if section is not topic.sections[-1]:
            out.line("bytes += used;")
        out.line("left -= used;")
    out.line(f"if (left != 0 && !is_later(&gl_topic_schemas[{topic.index_constant}], o.version))")
    out.line(f"    return left_over(\"{topic.record}\", out->body.len - left, out->body.len, err);")
    if topic.earlier or len(topic.sections) == 1:
        reader = f"&gl_topic_schemas[{topic.index_constant}]"
        out.open(f"if (is_earlier({reader}, o.version) || is_later({reader}, o.version)) {{")
        out.line("gl_buf buf = gl_buf_in(arena);")
        for section in topic.sections:
            out.line(f"{section.top.ctype}_encode(&buf, &out->{c_name(section.stem)});")
        out.line("out->body = gl_buf_view(&buf);")
        out.close()
    out.line("return true;")
    out.close()
    out.line()
    out.line(f"void {t}_encode(gl_buf *buf, const {t} *in)")
    out.open("{")
    out.line(f"write_header(buf, gl_schema_ids[{topic.index_constant}]);")
    for section in topic.sections:
        out.line(f"{section.top.ctype}_encode(buf, &in->{c_name(section.stem)});")
    out.close()
    out.line()
    out.line(f"void {t}_json(gl_buf *buf, const {t} *in)")
    out.open("{")
    for i, section in enumerate(topic.sections):
        out.line(f"gl_buf_text(buf, \"{'{' if i == 0 else ','}\\\"{section.stem}\\\":\");")
        out.line(f"{section.top.ctype}_json(buf, &in->{c_name(section.stem)});")
    out.line("gl_buf_byte(buf, '}');")
    out.close()
    out.line()
    upstream = topic.upstream(topics)
    if upstream:
        out.line(f"void {t}_follow(gl_buf *buf, const {upstream.ctype} *upstream)")
        out.open("{")
        out.line(f"follow(buf, {topic.index_constant}, upstream->body, upstream->written, upstream->origin);")
        out.close()
        out.line()
    out.line(f"static bool {topic.stem}_value_json(gl_buf *buf, const uint8_t *value, size_t size, gl_arena *arena, gl_err *err)")
    out.open("{")
    out.line(f"{t} *in = gl_arena_alloc(arena, sizeof *in);")
    out.line(f"if (!{t}_decode(in, value, size, arena, err))")
    out.line("    return false;")
    out.line(f"{t}_json(buf, in);")
    out.line("return true;")
    out.close()
    out.line()


def emit_bytes(out, name, text):
    """Not a string literal: C promises room for 4095 characters only."""
    data = text.encode("ascii") + b"\0"
    out.line(f"static const char {name}[] = {{")
    for i in range(0, len(data), 32):
        out.line("    " + ",".join(str(b) for b in data[i : i + 32]) + ",")
    out.line("};")
    out.line()


def c_string(text):
    return json.dumps(text, ensure_ascii=True)


def topics_source(topics):
    out = Source()
    generated(out, "See gen/topics.h.")
    out.line('#include "gen/topics.h"')
    out.line()
    out.lines += TOPICS_FUNCTIONS.splitlines()
    out.line()
    out.line("uint32_t gl_schema_ids[GL_SCHEMA_COUNT] = {" + ", ".join(topic.constant for topic in topics) + "};")
    out.line("bool gl_schema_builtin_ids = true;")
    out.line()
    for topic in topics:
        emit_topic_functions(out, topic, topics)
    for topic in topics:
        emit_bytes(out, f"{topic.stem}_schema", topic.json)
        for i, text in enumerate(topic.earlier_json):
            emit_bytes(out, f"{topic.stem}_schema_{i}", text)
        names = [f"{topic.stem}_schema_{i}" for i in range(len(topic.earlier_json))] + ["NULL"]
        out.line(f"static const char *const {topic.stem}_earlier_json[] = {{" + ", ".join(names) + "};")
        out.line(f"static const uint32_t {topic.stem}_earlier[] = {{" + "".join(f"{number}, " for number in topic.earlier) + "0};")
    out.line("const gl_topic_schema gl_topic_schemas[] = {")
    for topic in topics:
        e = topic.entry
        out.line(
            f"    {{.topic = {c_string(e['topic'])}, .record = {c_string(topic.record)}, .key = {c_string(e['key'])}, "
            f".schema_id = {topic.constant}, .earlier = {topic.stem}_earlier, .earlier_json = {topic.stem}_earlier_json, "
            f".grows_at_end = {str(len(topic.sections) == 1).lower()}, .compacted = {str(bool(e.get('compacted'))).lower()}, "
            f".secondary = {str(bool(e.get('secondary'))).lower()}, .partitions = {int(e.get('partitions', 0))},"
        )
        out.line(
            f"     .json = {topic.stem}_schema, .json_len = sizeof {topic.stem}_schema - 1, .fingerprint = \"{topic.fingerprint}\", "
            f".value_json = {topic.stem}_value_json}},"
        )
    out.line("    {.topic = NULL},")
    out.line("};")
    out.line(f"const size_t gl_topic_schema_count = {len(topics)};")
    out.line()
    out.lines += TOPICS_LOOKUP.splitlines()
    return out.text()


def codecs_header(name):
    out = Source()
    generated(out, "The codecs as a table, for what treats all records alike (tests, tools).")
    guard = f"GL_GEN_CODECS_{name.upper()}_H"
    out.lines += f"""\
#ifndef {guard}
#define {guard}

#include "gen/codec.h"

extern const gl_codec gl_codecs_{name}[];
extern const size_t gl_codecs_{name}_count;

#endif""".splitlines()
    return out.text()


CODEC_HEADER = """\
/* One generated codec, its record type forgotten. Made by tools/avrogen.py. */
#ifndef GL_GEN_CODEC_H
#define GL_GEN_CODEC_H

#include "gen/rt.h"

typedef struct gl_codec {
    const char *name;
    const char *json;   /* schema, NUL-terminated */
    size_t struct_bytes;
    size_t header_bytes; /* of an envelope; 0 for a plain record */
    bool (*decode)(void *out, const uint8_t *bytes, size_t size, size_t *used, gl_arena *arena, gl_err *err);
    bool (*skip)(const uint8_t *bytes, size_t size, size_t *used, gl_err *err); /* NULL for an envelope */
    void (*encode)(gl_buf *buf, const void *in);
    void (*json_dump)(gl_buf *buf, const void *in);
} gl_codec;

#endif
"""


def codecs_source(name, sections, topics):
    out = Source()
    generated(out, f"See gen/codecs_{name}.h.")
    out.line(f'#include "gen/codecs_{name}.h"')
    out.line()
    for section in sections:
        out.line(f'#include "gen/{section.stem}.h"')
    if topics:
        out.line('#include "gen/topics.h"')
    out.line()
    rows = []
    for section in sections:
        t = section.top.ctype
        emit_codec_wrappers(out, t, section.stem, f"return {t}_decode(out, bytes, size, used, arena, err);")
        emit_bytes(out, f"{section.stem}_schema", json.dumps(section.schema, separators=(",", ":"), ensure_ascii=True))
        rows.append((section.stem, f"{section.stem}_schema", t, section.stem, 0, f"{t}_skip"))
    for topic in topics:
        t = topic.ctype
        wrapped = f"{topic.stem}_value"
        emit_codec_wrappers(out, t, wrapped, f"*used = size; return {t}_decode(out, bytes, size, arena, err);")
        emit_bytes(out, f"{wrapped}_schema", topic.json)
        rows.append((topic.record, f"{wrapped}_schema", t, wrapped, 5, "NULL"))
    out.line(f"const gl_codec gl_codecs_{name}[] = {{")
    for label, schema, t, stem, header, skip in rows:
        out.line(f"    {{\"{label}\", {schema}, sizeof({t}), {header}, {stem}_decode_any, {skip}, {stem}_encode_any, {stem}_json_any}},")
    out.line("};")
    out.line(f"const size_t gl_codecs_{name}_count = {len(rows)};")
    return out.text()


def emit_codec_wrappers(out, ctype, stem, decode):
    out.line(f"static bool {stem}_decode_any(void *out, const uint8_t *bytes, size_t size, size_t *used, gl_arena *arena, gl_err *err)")
    out.line(f"{{ {decode} }}")
    out.line(f"static void {stem}_encode_any(gl_buf *buf, const void *in)")
    out.line(f"{{ {ctype}_encode(buf, in); }}")
    out.line(f"static void {stem}_json_any(gl_buf *buf, const void *in)")
    out.line(f"{{ {ctype}_json(buf, in); }}")
    out.line()


def write_if_changed(directory, name, text):
    path = os.path.join(directory, name)
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except FileNotFoundError:
        pass
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def check_c_names(sections, topics):
    """Two schemas must not give one C type."""
    seen = {}
    for owner, name in [(s.path, kind.ctype) for s in sections for kind in s.order] + [("topics.json", t.ctype) for t in topics]:
        if name in seen:
            raise SchemaError(f"{owner}: the C type {name} is also made from {seen[name]}")
        seen[name] = owner


def emit_sections(directory, sections):
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("rt.h", "rt.c"):
        with open(os.path.join(here, "avrogen_" + name), encoding="utf-8") as file:
            write_if_changed(directory, name, file.read())
    write_if_changed(directory, "codec.h", CODEC_HEADER)
    for section in sections:
        write_if_changed(directory, section.stem + ".h", section_header(section))
        write_if_changed(directory, section.stem + ".c", section_source(section))


def generate_tree(root, directory):
    paths = []
    for folder in ("sections", "state"):
        names = sorted(name for name in os.listdir(os.path.join(root, folder)) if name.endswith(".avsc"))
        paths += [os.path.join(root, folder, name) for name in names]
    sections = [Section(path) for path in paths]
    with open(os.path.join(root, "topics", "topics.json"), encoding="utf-8") as file:
        entries = json.load(file)
    topics = [Topic(entry, {section.stem: section for section in sections}) for entry in entries]
    ids = [entry["schema_id"] for entry in entries] + [number for topic in topics for number in topic.earlier]
    if len(set(ids)) != len(ids):
        raise SchemaError("topics.json: a schema id is there twice")
    check_c_names(sections, topics)
    emit_sections(directory, sections)
    write_if_changed(directory, "topics.h", topics_header(topics))
    write_if_changed(directory, "topics.c", topics_source(topics))
    write_if_changed(directory, "codecs_all.h", codecs_header("all"))
    write_if_changed(directory, "codecs_all.c", codecs_source("all", sections, topics))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", metavar="DIR", help="generate for the tree of schemas/")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--codecs", metavar="NAME", help="name of the table for FILE...")
    parser.add_argument("files", nargs="*", metavar="FILE")
    args = parser.parse_args()
    if (args.schemas is None) == (not args.files) or (args.files and not args.codecs):
        parser.error("either --schemas DIR, or --codecs NAME FILE...")
    os.makedirs(args.out, exist_ok=True)
    try:
        if args.schemas:
            generate_tree(args.schemas, args.out)
        else:
            sections = [Section(path) for path in args.files]
            check_c_names(sections, [])
            emit_sections(args.out, sections)
            write_if_changed(args.out, f"codecs_{args.codecs}.h", codecs_header(args.codecs))
            write_if_changed(args.out, f"codecs_{args.codecs}.c", codecs_source(args.codecs, sections, []))
    except (SchemaError, KeyError, json.JSONDecodeError, OSError) as error:
        sys.exit(f"avrogen: {error if not isinstance(error, KeyError) else f'a schema lacks {error}'}")


if __name__ == "__main__":
    main()
