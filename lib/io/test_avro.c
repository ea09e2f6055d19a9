/* The walker and the resolver: against avro-c where it can do the same, against the specification where it cannot. */
#include "io/avro.h"

#include "random_value.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

enum { BUFFER_BYTES = 4 * 1024 * 1024, VALUES = 300 };

/* ---- Schemas ---- */

static const char LIST[] =
    "{'type':'record','name':'List','fields':[{'name':'v','type':'int'},{'name':'next','type':['null','List']}]}";

/* JSON with ' for ": readable in C. */
static gl_str quoted(char *to, size_t capacity, const char *text)
{
    size_t len = strlen(text);
    cr_assert_lt(len, capacity);
    for (size_t i = 0; i <= len; i++)
        to[i] = text[i] == '\'' ? '"' : text[i];
    return (gl_str){to, len};
}

static gl_avro_schema *schema_of(const char *text, gl_err *err)
{
    static char json[64 * 1024];
    return gl_avro_schema_new(quoted(json, sizeof json, text), err);
}

Test(schema, refused)
{
    static const char *const cases[] = {
        "",
        "{'type':",
        "'nothing'",
        "7",
        "[]",
        "['null',['int']]",
        "{'type':'record','name':'A'}",
        "{'type':'record','fields':[]}",
        "{'type':'record','name':'A','fields':[{'type':'int'}]}",
        "{'type':'record','name':'A','fields':[{'name':'a'}]}",
        "{'type':'record','name':'A','fields':[7]}",
        "{'type':'record','name':'A','fields':[{'name':'a','type':'A'}]}",
        ("{'type':'record','name':'A','fields':[{'name':'a','type':"
         "{'type':'record','name':'B','fields':[{'name':'b','type':'A'}]}}]}"),
        "{'type':'record','name':'A','fields':[{'name':'a','type':{'type':'fixed','name':'A','size':1}}]}",
        "{'type':'enum','name':'E'}",
        "{'type':'enum','name':'E','symbols':[]}",
        "{'type':'enum','name':'E','symbols':[1]}",
        "{'type':'fixed','name':'F'}",
        "{'type':'fixed','name':'F','size':-1}",
        "{'type':'fixed','name':'F','size':99999999999}",
        "{'type':'array'}",
        "{'type':'map','items':'int'}",
        "{'typo':'int'}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        cr_assert_null(schema_of(cases[i], &err), "%s", cases[i]);
        cr_assert_str_eq(err.code, "avro-schema");
        cr_assert_eq(err.action, GL_DEAD_LETTER);
    }
}

Test(schema, accepted)
{
    static const char *const cases[] = {
        "'int'",
        "{'type':{'type':'string'}}",
        "{'type':'array','items':'null'}",
        "{'type':'record','name':'A','fields':[]}",
        LIST,
        "{'type':'record','name':'a.b.A','fields':[{'name':'x','type':{'type':'fixed','name':'F','size':0}},{'name':'y'"
        ",'type':'a.b.F'}]}",
        "{'type':'record','name':'A','fields':[{'name':'x','type':{'type':'array','items':{'type':'record','name':'B',"
        "'fields':[{'name':'a','type':'A'}]}}}]}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        gl_avro_schema *schema = schema_of(cases[i], &err);
        cr_assert_not_null(schema, "%s: %s", cases[i], err.message);
        gl_avro_schema_destroy(schema);
    }
}

/* ---- The walker ---- */

typedef struct walk_case {
    const char *schema;
    uint8_t bytes[24];
    size_t size;
    const char *code; /* NULL: it is valid */
} walk_case;

Test(walk, cases)
{
    static const char nulls[] = "{'type':'array','items':'null'}";
    static const char strings[] = "{'type':'map','values':'string'}";
    static const walk_case cases[] = {
        {"'null'", {0}, 0, NULL},
        {"'null'", {0}, 1, "avro-invalid"}, /* left over */
        {"'boolean'", {2}, 1, "avro-invalid"},
        {"'int'", {0xFE, 0xFF, 0xFF, 0xFF, 0x0F}, 5, NULL},
        {"'int'", {0x80, 0x80, 0x80, 0x80, 0x10}, 5, "avro-invalid"},
        {"'long'", {0x80}, 1, "avro-truncated"},
        {"'long'", {0x80, 0}, 2, NULL}, /* longer than it need be */
        {"'double'", {1, 2, 3, 4, 5, 6, 7}, 7, "avro-truncated"},
        {"'string'", {2}, 1, "avro-truncated"},
        {"'bytes'", {1}, 1, "avro-invalid"},
        {"'bytes'", {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, 10, "avro-truncated"},
        {"{'type':'enum','name':'E','symbols':['A','B']}", {2}, 1, NULL},
        {"{'type':'enum','name':'E','symbols':['A','B']}", {4}, 1, "avro-invalid"},
        {"['null','int']", {1}, 1, "avro-invalid"},
        {"['null','int']", {2, 0}, 2, NULL},
        {nulls, {6, 0}, 2, NULL},
        {nulls, {0x80, 0x84, 0xAF, 0x5F, 0}, 5, "avro-limit"}, /* 100 million: avro-c reads it in seconds */
        {nulls, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0, 0}, 12, "avro-limit"},
        {strings, {2, 2, 'k', 2, 'v', 0}, 6, NULL},
        {strings, {1, 8, 2, 'k', 2, 'v', 0}, 7, NULL},
        {strings, {1, 6, 2, 'k', 2, 'v', 0}, 7, "avro-invalid"},
        {strings, {4, 2, 'k', 0}, 4, "avro-truncated"},
        {LIST, {2, 2, 4, 2, 6, 0}, 6, NULL},
        {LIST, {2, 2, 4, 2, 6, 2}, 6, "avro-truncated"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        gl_avro_schema *schema = schema_of(cases[i].schema, &err);
        cr_assert_not_null(schema, "%s", err.message);
        bool valid = gl_avro_walk(schema, (gl_str){(const char *)cases[i].bytes, cases[i].size}, NULL, NULL, &err);
        cr_assert_eq(valid, cases[i].code == NULL, "case %zu: %s", i, err.message);
        if (!valid)
            cr_assert_str_eq(err.code, cases[i].code, "case %zu: %s", i, err.message);
        gl_avro_schema_destroy(schema);
    }
}

Test(walk, depth_is_limited)
{
    uint8_t bytes[200];
    gl_err err = {0};
    gl_avro_schema *schema = schema_of(LIST, &err);
    memset(bytes, 2, sizeof bytes);
    bytes[sizeof bytes - 1] = 0;
    gl_str value = {(const char *)bytes, sizeof bytes};
    cr_assert_not(gl_avro_walk(schema, value, NULL, NULL, &err));
    cr_assert_str_eq(err.code, "avro-limit");
    const gl_avro_limits deep = {.bytes = 1000, .values = 1000, .depth = 1000};
    cr_assert(gl_avro_walk(schema, value, &deep, NULL, &err), "%s", err.message);
    const gl_avro_limits few = {.bytes = 1000, .values = 10, .depth = 1000},
                         small = {.bytes = 10, .values = 1000, .depth = 1000};
    cr_assert_not(gl_avro_walk(schema, value, &few, NULL, &err));
    cr_assert_str_eq(err.code, "avro-limit");
    cr_assert_not(gl_avro_walk(schema, value, &small, NULL, &err));
    cr_assert_str_eq(err.code, "avro-limit");
    gl_avro_schema_destroy(schema);
}

/* Forty records, each with two of the one before: 2^40 values without a byte. */
Test(walk, values_without_bytes_are_counted)
{
    char json[16 * 1024];
    size_t used = 0;
    gl_err err = {0};
    used += (size_t)snprintf(
        json, sizeof json,
        "{'type':'record','name':'Top','fields':[{'name':'f0','type':{'type':'record','name':'R0','fields':[]}}");
    for (int i = 1; i <= 40; i++)
        used += (size_t)snprintf(json + used, sizeof json - used,
                                 ",{'name':'f%d','type':{'type':'record','name':'R%d','fields':[{'name':'a','type':'R%"
                                 "d'},{'name':'b','type':'R%d'}]}}",
                                 i, i, i - 1, i - 1);
    snprintf(json + used, sizeof json - used, "]}");
    gl_avro_schema *schema = schema_of(json, &err);
    cr_assert_not_null(schema, "%s", err.message);
    cr_assert_not(gl_avro_walk(schema, (gl_str){0}, NULL, NULL, &err));
    cr_assert_str_eq(err.code, "avro-limit");
    gl_avro_schema_destroy(schema);
}

Test(walk, says_where_the_value_ends)
{
    gl_err err = {0};
    size_t used = 0;
    gl_avro_schema *schema = schema_of("'string'", &err);
    cr_assert(gl_avro_walk(schema, GL_STR("\4abrest"), NULL, &used, &err));
    cr_assert_eq(used, 3);
    gl_avro_schema_destroy(schema);
}

/* ---- The resolver and avro-c's ---- */

#define RECORD(fields)    "{'type':'record','name':'R','fields':[" fields "]}"
#define FIELD(name, type) "{'name':'" name "','type':" type "}"

typedef struct schema_pair {
    char writer[600];
    char reader[600];
} schema_pair;

static const schema_pair PAIRS[] = {
    {RECORD(FIELD("a", "'int'") "," FIELD("b", "'string'") "," FIELD("c", "'double'")),
     RECORD(FIELD("a", "'int'") "," FIELD("c", "'double'"))},
    {RECORD(FIELD("a", "'int'") "," FIELD("b", "'string'") "," FIELD("c", "{'type':'array','items':'string'}")),
     RECORD(FIELD("c", "{'type':'array','items':'string'}") "," FIELD("b", "'string'") "," FIELD("a", "'int'"))},
    {RECORD(FIELD("a", "'int'") "," FIELD("b", "'int'") "," FIELD("c", "'float'") "," FIELD("d", "'long'")),
     RECORD(FIELD("a", "'long'") "," FIELD("b", "'double'") "," FIELD("c", "'double'") "," FIELD("d", "'double'"))},
    {RECORD(FIELD("a", "'int'") "," FIELD("b", "'long'")), RECORD(FIELD("a", "'float'") "," FIELD("b", "'float'"))},
    {RECORD(FIELD("a", "'string'") "," FIELD("b", "'int'")),
     RECORD(FIELD("a", "['null','string']") "," FIELD("b", "['null','int','string']"))},
    {RECORD(FIELD("a", "['null','int']")), RECORD(FIELD("a", "['null','int','string']"))},
    {RECORD(FIELD(
         "a",
         "['null',{'type':'record','name':'I','fields':[{'name':'x','type':'int'},{'name':'y','type':'bytes'}]}]")),
     RECORD(FIELD("a", "['null',{'type':'record','name':'I','fields':[{'name':'y','type':'bytes'}]}]"))},
    {RECORD(FIELD("a", "{'type':'array','items':{'type':'record','name':'I','fields':[{'name':'x','type':'int'},{'name'"
                       ":'y','type':'bytes'}]}}")),
     RECORD(FIELD("a", "{'type':'array','items':{'type':'record','name':'I','fields':[{'name':'y','type':'bytes'},{'"
                       "name':'x','type':'long'}]}}"))},
    {RECORD(FIELD("a", "{'type':'enum','name':'E','symbols':['A','B','C']}") "," FIELD(
         "b", "{'type':'fixed','name':'F','size':5}") "," FIELD("c", "'boolean'")),
     RECORD(FIELD("b", "{'type':'fixed','name':'F','size':5}") "," FIELD(
         "a", "{'type':'enum','name':'E','symbols':['A','B','C']}") "," FIELD("c", "'boolean'"))},
    {RECORD(FIELD("a", "'int'") "," FIELD("n", "['null','R']")),
     RECORD(FIELD("n", "['null','R']") "," FIELD("a", "'long'"))},
};

static struct criterion_test_params pair_numbers(size_t count)
{
    static size_t which[64];
    if (count > sizeof which / sizeof which[0])
        abort();
    for (size_t i = 0; i < count; i++)
        which[i] = i;
    return cr_make_param_array(size_t, which, count);
}

typedef struct oracle {
    avro_schema_t writer_schema, reader_schema;
    avro_value_iface_t *writer_class, *reader_class, *resolved_class;
    avro_value_t written, read, resolved;
    char *buffer;
} oracle;

static void oracle_open(oracle *o, gl_str writer, gl_str reader)
{
    cr_assert_eq(avro_schema_from_json_length(writer.ptr, writer.len, &o->writer_schema), 0, "%s", avro_strerror());
    cr_assert_eq(avro_schema_from_json_length(reader.ptr, reader.len, &o->reader_schema), 0, "%s", avro_strerror());
    o->writer_class = avro_generic_class_from_schema(o->writer_schema);
    o->reader_class = avro_generic_class_from_schema(o->reader_schema);
    o->resolved_class = avro_resolved_writer_new(o->writer_schema, o->reader_schema);
    cr_assert_not_null(o->resolved_class, "%s", avro_strerror());
    avro_generic_value_new(o->writer_class, &o->written);
    avro_generic_value_new(o->reader_class, &o->read);
    avro_resolved_writer_new_value(o->resolved_class, &o->resolved);
    avro_resolved_writer_set_dest(&o->resolved, &o->read);
    o->buffer = malloc(BUFFER_BYTES);
}

static void oracle_close(oracle *o)
{
    avro_value_decref(&o->resolved);
    avro_value_decref(&o->read);
    avro_value_decref(&o->written);
    avro_value_iface_decref(o->resolved_class);
    avro_value_iface_decref(o->reader_class);
    avro_value_iface_decref(o->writer_class);
    avro_schema_decref(o->reader_schema);
    avro_schema_decref(o->writer_schema);
    free(o->buffer);
}

static size_t oracle_write(oracle *o, avro_value_t *value)
{
    avro_writer_t writer = avro_writer_memory(o->buffer, BUFFER_BYTES);
    cr_assert_eq(avro_value_write(writer, value), 0, "%s", avro_strerror());
    size_t size = (size_t)avro_writer_tell(writer);
    avro_writer_free(writer);
    return size;
}

/* What avro-c makes of `bytes` in the reader's schema, in `buffer`. */
static size_t oracle_resolve(oracle *o, const gl_buf *bytes)
{
    avro_reader_t reader = avro_reader_memory((const char *)bytes->data, (int64_t)bytes->len);
    avro_value_reset(&o->read);
    cr_assert_eq(avro_value_read(reader, &o->resolved), 0, "%s", avro_strerror());
    avro_reader_free(reader);
    return oracle_write(o, &o->read);
}

static void check_prefixes(const gl_avro_resolver *resolver, const gl_buf *bytes)
{
    gl_buf out = {0};
    for (size_t size = 0; size < bytes->len; size++) {
        gl_err err = {0};
        uint8_t *exact = malloc(size == 0 ? 1 : size);
        memcpy(exact, bytes->data, size);
        cr_assert_not(gl_avro_resolve(resolver, (gl_str){(const char *)exact, size}, &out, &err));
        cr_assert_str_eq(err.code, "avro-truncated");
        cr_assert_eq(out.len, 0u);
        free(exact);
    }
    gl_buf_free(&out);
}

static void check_pair(gl_str writer, gl_str reader, size_t values, size_t budget)
{
    oracle o;
    gl_err err = {0};
    gl_random random = {.state = 7};
    oracle_open(&o, writer, reader);
    gl_avro_resolver *resolver = gl_avro_resolver_new(writer, reader, &err);
    cr_assert_not_null(resolver, "%s", err.message);
    for (size_t i = 0; i < values; i++) {
        gl_buf bytes = {0}, out = {0};
        random.budget = budget;
        avro_value_reset(&o.written);
        gl_random_fill(&random, &o.written);
        gl_buf_bytes(&bytes, o.buffer, oracle_write(&o, &o.written));
        cr_assert(gl_avro_resolve(resolver, gl_buf_view(&bytes), &out, &err), "value %zu: %s", i, err.message);
        size_t size = oracle_resolve(&o, &bytes);
        cr_assert(out.len == size && memcmp(out.data, o.buffer, size) == 0, "value %zu: not as avro-c reads it", i);
        if (i < 5 && bytes.len < 2000)
            check_prefixes(resolver, &bytes);
        gl_buf_free(&bytes);
        gl_buf_free(&out);
    }
    gl_avro_resolver_destroy(resolver);
    oracle_close(&o);
}

ParameterizedTestParameters(resolve, like_avro_c)
{
    return pair_numbers(sizeof PAIRS / sizeof PAIRS[0]);
}

ParameterizedTest(const size_t *which, resolve, like_avro_c)
{
    char writer[600], reader[600];
    check_pair(quoted(writer, sizeof writer, PAIRS[*which].writer), quoted(reader, sizeof reader, PAIRS[*which].reader),
               VALUES, 30);
}

ParameterizedTestParameters(resolve, own_schemas_to_themselves)
{
    return pair_numbers(gl_topic_schema_count);
}

ParameterizedTest(const size_t *which, resolve, own_schemas_to_themselves)
{
    gl_str json = {gl_topic_schemas[*which].json, gl_topic_schemas[*which].json_len};
    check_pair(json, json, 100, 200);
}

/* ---- Beyond avro-c: defaults, aliases, enum defaults ---- */

static gl_avro_resolver *resolver_of(const char *writer, const char *reader, gl_err *err)
{
    static char writer_json[4096], reader_json[4096];
    return gl_avro_resolver_new(quoted(writer_json, sizeof writer_json, writer),
                                quoted(reader_json, sizeof reader_json, reader), err);
}

static void check_bytes(const char *writer, const char *reader, gl_str in, gl_str expected)
{
    gl_err err = {0};
    gl_buf out = {0};
    gl_avro_resolver *resolver = resolver_of(writer, reader, &err);
    cr_assert_not_null(resolver, "%s: %s", reader, err.message);
    cr_assert(gl_avro_resolve(resolver, in, &out, &err), "%s: %s", reader, err.message);
    cr_assert(gl_str_eq(gl_buf_view(&out), expected), "%s", reader);
    gl_buf_free(&out);
    gl_avro_resolver_destroy(resolver);
}

#define WITH(type, value) RECORD(FIELD("a", "'int'") ",{'name':'z','type':" type ",'default':" value "}")

Test(resolve, defaults)
{
    static const struct {
        const char *reader;
        gl_str expected;
    } cases[] = {
        {WITH("'null'", "null"), GL_STR("\2")},
        {WITH("'boolean'", "true"), GL_STR("\2\1")},
        {WITH("'int'", "-1"), GL_STR("\2\1")},
        {WITH("'long'", "64"), GL_STR("\2\200\1")},
        {WITH("'float'", "1"), GL_STR("\2\0\0\200\77")},
        {WITH("'double'", "-2.5"), GL_STR("\2\0\0\0\0\0\0\4\300")},
        {WITH("'string'", "'\xC3\xA9'"), GL_STR("\2\4\xC3\xA9")},
        {WITH("'bytes'", "'\\u00ffA'"), GL_STR("\2\4\xFF\x41")},
        {WITH("{'type':'fixed','name':'F','size':2}", "'\\u0080\\u0001'"), GL_STR("\2\x80\1")},
        {WITH("{'type':'enum','name':'E','symbols':['A','B']}", "'B'"), GL_STR("\2\2")},
        {WITH("{'type':'array','items':'int'}", "[]"), GL_STR("\2\0")},
        {WITH("{'type':'array','items':'int'}", "[1,2]"), GL_STR("\2\4\2\4\0")},
        {WITH("{'type':'map','values':'int'}", "{'k':3}"), GL_STR("\2\2\2k\6\0")},
        {WITH("['null','int']", "null"), GL_STR("\2\0")},
        {WITH("['int','null']", "5"), GL_STR("\2\0\n")},
        {WITH("['null','string']", "'x'"), GL_STR("\2\2\2x")}, /* of a later branch: allowed since 1.12 */
        {WITH("{'type':'record','name':'I','fields':[{'name':'p','type':'int'},{'name':'q','type':'int','default':9}]}",
              "{'p':1}"),
         GL_STR("\2\2\22")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_bytes(RECORD(FIELD("a", "'int'")), cases[i].reader, GL_STR("\2"), cases[i].expected);
}

Test(resolve, aliases_and_symbols)
{
    check_bytes(RECORD(FIELD("old", "'int'")), RECORD("{'name':'new','type':'int','aliases':['old']}"), GL_STR("\2"),
                GL_STR("\2"));
    check_bytes("{'type':'record','name':'x.Old','fields':[]}",
                "{'type':'record','name':'New','aliases':['Old'],'fields':[]}", (gl_str){"", 0}, (gl_str){0});
    /* names are compared without their namespaces */
    check_bytes("{'type':'record','name':'x.R','fields':[]}", "{'type':'record','name':'y.R','fields':[]}",
                (gl_str){"", 0}, (gl_str){0});
    check_bytes("{'type':'enum','name':'E','symbols':['A','B','C']}",
                "{'type':'enum','name':'E','symbols':['C','A'],'default':'A'}", GL_STR("\2"), GL_STR("\2"));
    check_bytes("{'type':'enum','name':'E','symbols':['A','B','C']}",
                "{'type':'enum','name':'E','symbols':['C','A'],'default':'A'}", GL_STR("\4"), GL_STR("\0"));
    check_bytes("'string'", "'bytes'", GL_STR("\2x"), GL_STR("\2x"));
    check_bytes("['int','string']", "'string'", GL_STR("\2\2x"), GL_STR("\2x"));
    check_bytes("'int'", "['string','double','long']", GL_STR("\2"), GL_STR("\2\0\0\0\0\0\0\360\77"));
    check_bytes("{'type':'map','values':'int'}", "{'type':'map','values':'long'}", GL_STR("\1\6\2k\6\0"),
                GL_STR("\2\2k\6\0"));
}

Test(resolve, incompatible)
{
    static const struct {
        const char *writer;
        const char *reader;
    } cases[] = {
        {"'string'", "'int'"},
        {"'long'", "'int'"},
        {"'int'", "['null','string']"},
        {"['null','string']", "'int'"},
        {"{'type':'fixed','name':'F','size':2}", "{'type':'fixed','name':'F','size':3}"},
        {"{'type':'fixed','name':'F','size':2}", "{'type':'fixed','name':'G','size':2}"},
        {"{'type':'array','items':'int'}", "{'type':'array','items':'string'}"},
        {"{'type':'array','items':'int'}", "{'type':'map','values':'int'}"},
        {RECORD(FIELD("a", "'int'")), RECORD(FIELD("b", "'int'"))},
        {RECORD(FIELD("a", "'int'")), RECORD(FIELD("a", "'string'"))},
        {RECORD(""), WITH("'int'", "0")},
        {RECORD(FIELD("a", "'int'")), WITH("'int'", "'x'")},
        {RECORD(FIELD("a", "'int'")), WITH("'int'", "2147483648")},
        {RECORD(FIELD("a", "'int'")), WITH("'int'", "1.5")},
        {RECORD(FIELD("a", "'int'")), WITH("'boolean'", "0")},
        {RECORD(FIELD("a", "'int'")), WITH("'bytes'", "'\xE2\x82\xAC'")},
        {RECORD(FIELD("a", "'int'")), WITH("{'type':'fixed','name':'F','size':2}", "'x'")},
        {RECORD(FIELD("a", "'int'")), WITH("{'type':'enum','name':'E','symbols':['A','B']}", "'C'")},
        {RECORD(FIELD("a", "'int'")), WITH("['int','string']", "null")},
        {RECORD(FIELD("a", "'int'")), WITH("{'type':'array','items':'int'}", "{}")},
        {RECORD(FIELD("a", "'int'")), WITH("{'type':'record','name':'I','fields':[{'name':'p','type':'int'}]}", "{}")},
        /* a default that contains itself without end */
        {RECORD(FIELD("a", "'int'")),
         WITH("{'type':'record','name':'I','fields':[{'name':'p','type':['I','null'],'default':{}}]}", "{}")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_err err = {0};
        cr_assert_null(resolver_of(cases[i].writer, cases[i].reader, &err), "case %zu", i);
        cr_assert_str_eq(err.code, "avro-incompatible", "case %zu: %s", i, err.message);
        cr_assert_eq(err.action, GL_DEAD_LETTER);
    }
}

/* What only some values have shows in those values only. */
Test(resolve, incompatible_in_a_value)
{
    gl_err err = {0};
    gl_buf out = {0};
    gl_avro_resolver *resolver = resolver_of("['null','int','string']", "['null','string']", &err);
    cr_assert(gl_avro_resolve(resolver, GL_STR("\4\2x"), &out, &err), "%s", err.message);
    cr_assert(gl_str_eq(gl_buf_view(&out), GL_STR("\2\2x")));
    cr_assert_not(gl_avro_resolve(resolver, GL_STR("\2\2"), &out, &err));
    cr_assert_str_eq(err.code, "avro-incompatible");
    cr_assert_eq(out.len, 3u);
    gl_avro_resolver_destroy(resolver);
    resolver = resolver_of("{'type':'enum','name':'E','symbols':['A','B']}",
                           "{'type':'enum','name':'E','symbols':['A']}", &err);
    cr_assert_not(gl_avro_resolve(resolver, GL_STR("\2"), &out, &err));
    cr_assert_str_eq(err.code, "avro-incompatible");
    gl_avro_resolver_destroy(resolver);
    gl_buf_free(&out);
}

/* Each element takes a default of a thousand bytes: the output is bounded, not only the input. */
Test(resolve, output_is_limited)
{
    char reader[4096], text[1100];
    gl_err err = {0};
    gl_buf in = {0}, out = {0};
    memset(text, 'x', 1000);
    text[1000] = '\0';
    snprintf(reader, sizeof reader,
             "{'type':'array','items':{'type':'record','name':'I','fields':[{'name':'a','type':'boolean'},{'name':'b','"
             "type':'string','default':'%s'}]}}",
             text);
    gl_avro_resolver *resolver = resolver_of(
        "{'type':'array','items':{'type':'record','name':'I','fields':[{'name':'a','type':'boolean'}]}}", reader, &err);
    cr_assert_not_null(resolver, "%s", err.message);
    enum { ELEMENTS = 100000 };
    gl_buf_bytes(&in, "\xC0\x9A\x0C", 3);
    for (int i = 0; i < ELEMENTS; i++)
        gl_buf_byte(&in, 1);
    gl_buf_byte(&in, 0);
    cr_assert_not(gl_avro_resolve(resolver, gl_buf_view(&in), &out, &err));
    cr_assert_str_eq(err.code, "avro-limit");
    cr_assert_lt(out.cap, (size_t)GL_AVRO_LIMIT_BYTES * 3);
    gl_buf_free(&in);
    gl_buf_free(&out);
    gl_avro_resolver_destroy(resolver);
}

/* ---- The fallback of the generated decoders ---- */

/* An event as an older version may have written it: two fields fewer, another order, and one that is gone since. */
static const char OLD_EVENT[] =
    "{'type':'record','name':'EventEnvelope','fields':[{'name':'event','type':{'type':'record','name':'Event','fields':"
    "["
    "{'name':'type','type':{'type':'enum','name':'EventType','symbols':['ARRIVAL','SIGNAL']}},"
    "{'name':'declaration_id','type':{'type':'fixed','name':'DeclarationId','size':16}},"
    "{'name':'severity','type':'int'},{'name':'event_id','type':'string'},"
    "{'name':'occurred_at','type':'long'},{'name':'received_at','type':'int'},"
    "{'name':'source','type':'string'},{'name':'code','type':'string'},{'name':'text','type':'string'}]}}]}";

enum { OLD_ID = 2001, INCOMPATIBLE_ID = 2002, BROKEN_ID = 2003, AWAY_ID = 2004 };

static int lookups;

static bool find_schema(void *context, uint32_t schema_id, gl_str *json, gl_err *err)
{
    static char text[4096];
    cr_assert_eq(context, &lookups);
    lookups++;
    switch (schema_id) {
    case OLD_ID:
        *json = quoted(text, sizeof text, OLD_EVENT);
        return true;
    case INCOMPATIBLE_ID:
        *json = quoted(text, sizeof text, "'string'");
        return true;
    case BROKEN_ID:
        *json = GL_STR("{");
        return true;
    case AWAY_ID:
        return gl_fail(err, GL_RETRY, "registry-unavailable", "no answer");
    default:
        return gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "schema id %u is not known",
                       (unsigned)schema_id);
    }
}

static const char OLD_BODY[] = "\2"               /* SIGNAL */
                               "0123456789abcdef" /* declaration_id */
                               "\6"               /* severity */
                               "\4e1"             /* event_id */
                               "\12\14"           /* occurred_at, received_at */
                               "\6hub\2c\2t";

static gl_buf old_event(uint32_t schema_id)
{
    gl_buf value = {0};
    const uint8_t header[] = {0, 0, 0, (uint8_t)(schema_id >> 8), (uint8_t)schema_id};
    gl_buf_bytes(&value, header, sizeof header);
    gl_buf_bytes(&value, OLD_BODY, sizeof OLD_BODY - 1);
    return value;
}

Test(fallback, older_value_is_read)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_buf value = old_event(OLD_ID);
    gl_event_envelope out, again;
    lookups = 0;
    gl_avro_fallback_install(find_schema, NULL, &lookups);
    for (int i = 0; i < 3; i++)
        cr_assert(gl_event_envelope_decode(&out, value.data, value.len, arena, &err), "%s", err.message);
    cr_assert_eq(lookups, 1);
    cr_assert_eq(out.schema_id, (uint32_t)OLD_ID);
    cr_assert_eq(out.event.type, GL_EVENT_EVENT_TYPE_SIGNAL);
    cr_assert(gl_str_eqz(out.event.event_id, "e1"));
    cr_assert_eq(out.event.occurred_at, 5);
    cr_assert_eq(out.event.received_at, 6);
    cr_assert_null(out.event.actor.ptr);
    cr_assert_eq(out.event.details.count, 0u);
    /* its body is in our schema: a stage may copy it */
    gl_buf ours = gl_buf_in(arena);
    gl_event_envelope_encode(&ours, &out);
    cr_assert(gl_str_eq(out.body, (gl_str){(const char *)ours.data + 5, ours.len - 5}));
    cr_assert(gl_event_envelope_decode(&again, ours.data, ours.len, arena, &err));
    gl_avro_fallback_install(NULL, NULL, NULL);
    cr_assert_not(gl_event_envelope_decode(&out, value.data, value.len, arena, &err));
    cr_assert_str_eq(err.code, "envelope-schema-unknown");
    gl_buf_free(&value);
    gl_arena_destroy(arena);
}

Test(fallback, refusals)
{
    static const struct {
        uint32_t schema_id;
        const char *code;
        gl_action action;
        int lookups;
    } cases[] = {
        {INCOMPATIBLE_ID, "avro-incompatible", GL_DEAD_LETTER, 1},
        {BROKEN_ID, "avro-schema", GL_DEAD_LETTER, 1},
        {AWAY_ID, "registry-unavailable", GL_RETRY, 2},
        {9, "envelope-schema-unknown", GL_DEAD_LETTER, 2},
        {GL_SCHEMA_ID_DECIDED, "envelope-schema-unknown", GL_DEAD_LETTER, 2}, /* of another topic */
    };
    gl_arena *arena = gl_arena_new(0);
    gl_avro_fallback_install(find_schema, NULL, &lookups);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_buf value = old_event(cases[i].schema_id);
        gl_event_envelope out;
        lookups = 0;
        for (int k = 0; k < 2; k++) {
            gl_err err = {0};
            cr_assert_not(gl_event_envelope_decode(&out, value.data, value.len, arena, &err));
            cr_assert_str_eq(err.code, cases[i].code, "case %zu: %s", i, err.message);
            cr_assert_eq(err.action, cases[i].action);
        }
        cr_assert_eq(lookups, cases[i].lookups, "case %zu", i);
        gl_buf_free(&value);
    }
    gl_avro_fallback_install(NULL, NULL, NULL);
    gl_arena_destroy(arena);
}

Test(fallback, truncated_older_value)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf value = old_event(OLD_ID);
    gl_avro_fallback_install(find_schema, NULL, &lookups);
    for (size_t size = 5; size < value.len; size++) {
        gl_err err = {0};
        gl_event_envelope out;
        cr_assert_not(gl_event_envelope_decode(&out, value.data, size, arena, &err));
        cr_assert_str_eq(err.code, "avro-truncated");
    }
    gl_avro_fallback_install(NULL, NULL, NULL);
    gl_buf_free(&value);
    gl_arena_destroy(arena);
}

/* ---- A newer version of an upstream section ---- */

enum { NEWER_ID = 5005, COMPOSED_ID = 77 };

typedef struct newer {
    char accepted[128 * 1024];
    gl_buf composed; /* what was asked for, for Classified */
    uint32_t id;     /* what it is registered as */
} newer;

static bool find_newer(void *context, uint32_t schema_id, gl_str *json, gl_err *err)
{
    const newer *n = context;
    *json = schema_id == NEWER_ID ? gl_str_of(n->accepted) : gl_buf_view(&n->composed);
    return schema_id == NEWER_ID || schema_id == COMPOSED_ID ||
           gl_fail(err, GL_DEAD_LETTER, "envelope-schema-unknown", "id %u", (unsigned)schema_id);
}

static bool identify_newer(void *context, const gl_topic_schema *schema, gl_str json, uint32_t *id, gl_err *err)
{
    newer *n = context;
    (void)err;
    *id = 0;
    if (schema != &gl_topic_schemas[GL_SCHEMA_CLASSIFIED])
        return true;
    n->composed.len = 0;
    gl_buf_str(&n->composed, json);
    *id = n->id;
    return true;
}

/* A declaration's section with one field more, and a value of it: returns the value. */
static gl_buf newer_accepted(newer *n, gl_arena *arena)
{
    const gl_topic_schema *ours = &gl_topic_schemas[GL_SCHEMA_ACCEPTED];
    gl_accepted made = {.declaration = {.mrn = GL_STR("25NL0000000000000R5")}};
    gl_buf value = gl_buf_in(arena);
    snprintf(n->accepted, sizeof n->accepted, "%.*s,{\"name\":\"novel\",\"type\":\"string\",\"default\":\"\"}]}}]}",
             (int)ours->json_len - 5, ours->json);
    gl_accepted_encode(&value, &made);
    value.data[3] = NEWER_ID >> 8;
    value.data[4] = NEWER_ID & 0xFF;
    gl_buf_text(&value, "\6new");
    return value;
}

Test(fallback, what_a_newer_section_adds_is_passed_on)
{
    newer *n = calloc(1, sizeof *n);
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    n->id = COMPOSED_ID;
    gl_buf value = newer_accepted(n, arena), next = gl_buf_in(arena);
    gl_avro_fallback_install(find_newer, identify_newer, n);
    cr_assert(gl_avro_fallback_prepare(GL_SCHEMA_ACCEPTED, gl_buf_view(&value), &err));
    gl_accepted in;
    cr_assert(gl_accepted_decode(&in, value.data, value.len, arena, &err), "%s", err.message);
    cr_assert(gl_str_eqz(in.declaration.mrn, "25NL0000000000000R5"));
    cr_assert_not_null(in.origin);
    gl_classified_follow(&next, &in);
    cr_assert_eq(next.data[4], COMPOSED_ID);
    cr_assert_eq(next.len, value.len);
    cr_assert_eq(memcmp(next.data + 5, value.data + 5, value.len - 5), 0);
    const gl_classification ours = {.model_version = GL_STR("m1")};
    gl_classification_encode(&next, &ours);
    gl_classified out;
    cr_assert(gl_classified_decode(&out, next.data, next.len, arena, &err), "%s", err.message);
    cr_assert(gl_str_eqz(out.declaration.mrn, "25NL0000000000000R5"));
    cr_assert(gl_str_eqz(out.classification.model_version, "m1"));
    cr_assert_eq(gl_avro_fallback_dropped(), 0u);
    gl_avro_fallback_install(NULL, NULL, NULL);
    gl_buf_free(&n->composed);
    free(n);
    gl_arena_destroy(arena);
}

Test(fallback, without_a_schema_for_the_next_topic_it_is_left_out_and_counted)
{
    newer *n = calloc(1, sizeof *n);
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_buf value = newer_accepted(n, arena), next = gl_buf_in(arena);
    gl_avro_fallback_install(find_newer, identify_newer, n);
    gl_accepted in;
    cr_assert(gl_accepted_decode(&in, value.data, value.len, arena, &err), "%s", err.message);
    gl_classified_follow(&next, &in);
    cr_assert_eq(next.len, value.len - 4);
    const gl_classification ours = {.model_version = GL_STR("m1")};
    gl_classification_encode(&next, &ours);
    gl_classified out;
    cr_assert(gl_classified_decode(&out, next.data, next.len, arena, &err), "%s", err.message);
    cr_assert_eq(out.schema_id, (uint32_t)GL_SCHEMA_ID_CLASSIFIED);
    cr_assert_null(out.origin);
    cr_assert_eq(gl_avro_fallback_dropped(), 1u);
    gl_avro_fallback_install(NULL, NULL, NULL);
    gl_buf_free(&n->composed);
    free(n);
    gl_arena_destroy(arena);
}

/* With a registry's ids our own values have other headers, and those with built-in ids are read as before. */
Test(fallback, ids_of_a_registry_and_built_in_ones)
{
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    gl_accepted made = {.declaration = {.mrn = GL_STR("25NL0000000000000R5")}}, in;
    gl_buf before = gl_buf_in(arena), value = gl_buf_in(arena);
    gl_accepted_encode(&before, &made);
    gl_schema_ids[GL_SCHEMA_ACCEPTED] = 4;
    gl_accepted_encode(&value, &made);
    cr_assert_eq(value.data[4], 4);
    cr_assert(gl_accepted_decode(&in, value.data, value.len, arena, &err) && in.schema_id == 4);
    cr_assert(gl_accepted_decode(&in, before.data, before.len, arena, &err) && in.schema_id == GL_SCHEMA_ID_ACCEPTED);
    gl_schema_builtin_ids = false;
    cr_assert_not(gl_accepted_decode(&in, before.data, before.len, arena, &err));
    cr_assert_str_eq(err.code, "envelope-schema-unknown");
    cr_assert(gl_accepted_decode(&in, value.data, value.len, arena, &err));
    gl_arena_destroy(arena);
}
