/* JSON trees: types, byte ranges, limits, and messages that say line and column. */
#include "io/json.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static gl_arena *arena;
static gl_err err;

static void setup(void)
{
    arena = gl_arena_new(0);
    err = (gl_err){0};
}

static void teardown(void)
{
    gl_arena_destroy(arena);
}

TestSuite(json, .init = setup, .fini = teardown);

/* A copy of the exact size, so that AddressSanitizer sees a read past the end. */
static gl_str exact(gl_str text, char **copy)
{
    *copy = malloc(text.len == 0 ? 1 : text.len);
    cr_assert(*copy != NULL);
    if (text.len > 0)
        memcpy(*copy, text.ptr, text.len);
    return (gl_str){*copy, text.len};
}

static gl_json *parse(const char *text)
{
    return gl_json_parse(arena, gl_str_of(text), 1 << 20, 10000, &err);
}

static bool covers(gl_str source, const gl_json *node, const char *text)
{
    return gl_str_eqz((gl_str){source.ptr + node->begin, node->end - node->begin}, text);
}

Test(json, reads_every_type)
{
    const gl_json *root =
        parse("{\"n\":null,\"t\":true,\"f\":false,\"i\":-12,\"d\":1.50e+3,\"s\":\"x\",\"a\":[],\"o\":{}}");
    cr_assert(root != NULL, "%s", err.message);
    cr_assert_eq(root->type, GL_JSON_OBJECT);
    cr_assert_eq(root->count, 8u);
    cr_assert_eq(gl_json_get(root, "n")->type, GL_JSON_NULL);
    cr_assert_eq(gl_json_get(root, "t")->type, GL_JSON_TRUE);
    cr_assert_eq(gl_json_get(root, "f")->type, GL_JSON_FALSE);
    cr_assert(gl_str_eqz(gl_json_get(root, "d")->text, "1.50e+3"));
    cr_assert(gl_str_eqz(gl_json_text(root, "s"), "x"));
    cr_assert_eq(gl_json_get(root, "a")->type, GL_JSON_ARRAY);
    cr_assert_eq(gl_json_get(root, "o")->count, 0u);
    cr_assert(gl_str_eqz(root->keys[4], "d"));
    cr_assert(gl_json_get(root, "x") == NULL && gl_json_get(NULL, "x") == NULL);
    cr_assert(gl_json_get(gl_json_get(root, "a"), "x") == NULL);
    cr_assert(gl_json_text(root, "i").ptr == NULL && gl_json_text(root, "x").ptr == NULL);
}

Test(json, keeps_numbers_as_they_are_written)
{
    static const char *const numbers[] = {"0", "-0", "12.50", "1E400", "123456789012345678901234567890", "0.1e-7"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char *copy = NULL;
        gl_str source = exact(gl_str_of(numbers[i]), &copy);
        const gl_json *node = gl_json_parse(arena, source, 100, 1, &err);
        cr_assert(node != NULL && node->type == GL_JSON_NUMBER, "%s: %s", numbers[i], err.message);
        cr_assert(gl_str_eqz(node->text, numbers[i]));
        cr_assert(node->begin == 0 && node->end == strlen(numbers[i]));
        free(copy);
    }
}

typedef struct integer {
    const char *text;
    bool fits;
    int64_t value;
} integer;

Test(json, integers)
{
    static const integer integers[] = {
        {"{\"v\":0}", true, 0},
        {"{\"v\":-7}", true, -7},
        {"{\"v\":9223372036854775807}", true, INT64_MAX},
        {"{\"v\":-9223372036854775808}", true, INT64_MIN},
        {"{\"v\":9223372036854775808}", false, 0},
        {"{\"v\":-9223372036854775809}", false, 0},
        {"{\"v\":1.0}", false, 0},
        {"{\"v\":1e2}", false, 0},
        {"{\"v\":\"1\"}", false, 0},
        {"{}", false, 0},
    };
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        int64_t value = 0;
        cr_assert_eq(gl_json_int(parse(integers[i].text), "v", &value), integers[i].fits, "%zu", i);
        cr_assert_eq(value, integers[i].value);
    }
}

Test(json, knows_the_bytes_of_every_value)
{
    char *copy = NULL;
    gl_str source =
        exact(GL_STR(" [ {\"a\" : 1 } ,\n\t\"x\\\"y\\u00e9\" , [ ] ,-1.5e3,true , null,{\"k\":[1,{\"z\":false}]} ] \n"),
              &copy);
    const gl_json *root = gl_json_parse(arena, source, 1000, 100, &err);
    cr_assert(root != NULL, "%s", err.message);
    static const char *const wanted[] = {"{\"a\" : 1 }", "\"x\\\"y\\u00e9\"",        "[ ]", "-1.5e3", "true",
                                         "null",         "{\"k\":[1,{\"z\":false}]}"};
    cr_assert_eq(root->count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < root->count; i++)
        cr_assert(covers(source, root->items[i], wanted[i]), "%zu", i);
    cr_assert(gl_str_eqz(root->items[1]->text, "x\"y\xC3\xA9"));
    const gl_json *k = gl_json_get(root->items[6], "k");
    cr_assert(covers(source, k, "[1,{\"z\":false}]") && covers(source, k->items[0], "1"));
    cr_assert(covers(source, gl_json_get(k->items[1], "z"), "false"));
    cr_assert(root->begin == 1 && source.ptr[root->end - 1] == ']');
    free(copy);
}

Test(json, a_byte_order_mark_is_skipped_but_counted)
{
    gl_str source = GL_STR("\xEF\xBB\xBF{\"a\":[7]}");
    const gl_json *root = gl_json_parse(arena, source, 100, 10, &err);
    cr_assert(root != NULL, "%s", err.message);
    cr_assert(covers(source, root, "{\"a\":[7]}") && covers(source, gl_json_get(root, "a")->items[0], "7"));
    cr_assert(gl_str_eqz(gl_json_get(root, "a")->items[0]->text, "7"));
}

Test(json, unescapes_text)
{
    const gl_json *root =
        parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\", \"a\\u0000b\", \"\"]");
    cr_assert(root != NULL, "%s", err.message);
    cr_assert(gl_str_eqz(root->items[0]->text, "\"\\/\b\f\n\r\t"));
    cr_assert(gl_str_eqz(root->items[1]->text, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
    cr_assert(gl_str_eq(root->items[2]->text, GL_STR("a\0b")));
    cr_assert_eq(root->items[3]->text.len, 0u);
    root = parse("{\"\\u006bey\":1}");
    cr_assert(root != NULL && gl_json_get(root, "key") != NULL);
}

typedef struct refusal {
    const char *text, *code, *message;
} refusal;

Test(json, refuses_and_says_line_and_column)
{
    static const refusal refusals[] = {
        {"", "json-syntax", "line 1, column 1"},
        {" \n ", "json-syntax", "line 2, column 2"},
        {"{", "json-syntax", "line 1, column 2"},
        {"[1,\n 2,\n x]", "json-syntax", "line 3, column 2"},
        {"{\"a\" 1}", "json-syntax", "line 1, column 6"},
        {"{a:1}", "json-syntax", "line 1"},
        {"{'a':1}", "json-syntax", "line 1"},
        {"[1,]", "json-syntax", "line 1, column 4"},
        {"{\"a\":1,}", "json-syntax", "line 1"},
        {"[1] 2", "json-syntax", "line 1, column 5"},
        {"[1]]", "json-syntax", "line 1, column 4"},
        {"01", "json-syntax", "line 1"},
        {"1.", "json-syntax", "line 1"},
        {".5", "json-syntax", "line 1"},
        {"+1", "json-syntax", "line 1"},
        {"-", "json-syntax", "line 1"},
        {"1e", "json-syntax", "line 1"},
        {"NaN", "json-syntax", "line 1"},
        {"tru", "json-syntax", "line 1"},
        {"nullx", "json-syntax", "line 1"},
        {"\"abc", "json-syntax", "line 1"},
        {"\"a\nb\"", "json-syntax", "line 1"},
        {"\"\\x\"", "json-syntax", "line 1"},
        {"\"\\u12g4\"", "json-syntax", "line 1"},
        {"\"\\u12", "json-syntax", "line 1"},
        {"[1,\v2]", "json-syntax", "white space"},
        {"[1]\f", "json-syntax", "white space"},
        {"\f1", "json-syntax", "white space"},
        {"// c\n1", "json-syntax", "line 1"},
        {"[\"\xC3\xA9\", \"\xC3\"]", "json-encoding", "line 1, column 8: not UTF-8"},
        {"\"\xED\xA0\x80\"", "json-encoding", "line 1, column 2"},
        {"[\"x\\ud83d\"]", "json-encoding", "line 1, column 4: half of a surrogate pair"},
        {"[\"\\ude00\"]", "json-encoding", "line 1, column 3"},
        {"[\"\\ud83d\\u0041\"]", "json-encoding", "line 1, column 3"},
        {"[\"\\ud83dxxxxxx\"]", "json-encoding", "line 1, column 3"},
        {"{\"\\ude00\":1}", "json-encoding", "line 1, column 3"},
        {"{\"a\":1,\n \"b\":2, \"a\":3}", "json-duplicate-key", "line 2, column 9: the key \"a\" is there twice"},
        {"{\"a\":{\"b\":1,\"\\u0062\":2}}", "json-duplicate-key", "\"b\""},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char *copy = NULL;
        gl_str source = exact(gl_str_of(refusals[i].text), &copy);
        cr_assert(gl_json_parse(arena, source, 1000, 100, &err) == NULL, "%s", refusals[i].text);
        cr_assert_str_eq(err.code, refusals[i].code, "%s: %s %s", refusals[i].text, err.code, err.message);
        cr_assert(strstr(err.message, refusals[i].message) != NULL, "%s: %s", refusals[i].text, err.message);
        cr_assert_eq(err.action, GL_DEAD_LETTER);
        free(copy);
    }
}

static gl_str repeated(const char *before, const char *text, size_t count, const char *after)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_text(&buf, before);
    for (size_t i = 0; i < count; i++)
        gl_buf_text(&buf, text);
    gl_buf_text(&buf, after);
    return gl_buf_view(&buf);
}

static void same_tree(const gl_json *a, const gl_json *b)
{
    cr_assert_eq(a->type, b->type);
    cr_assert_eq(a->count, b->count);
    cr_assert(a->begin == b->begin && a->end == b->end && a->offset == b->offset);
    cr_assert(gl_str_eq(a->text, b->text));
    for (size_t i = 0; i < a->count; i++) {
        cr_assert(a->type != GL_JSON_OBJECT || gl_str_eq(a->keys[i], b->keys[i]));
        same_tree(a->items[i], b->items[i]);
    }
}

/* Damaged at random, seeded: the quick way and yajl take the same and make the same of it. */
Test(json, the_quick_way_is_yajls)
{
    static const char seed[] = "\xEF\xBB\xBF{\"a\":[1,-0.5e-3,\"x\\u00e9\\ud83d\\ude00\\n\",true,null],\"b\" : "
                               "{\"\":{},\"c\":[ ]} ,\"d\":\"\xC3\xA9\",\"e\":0}\r\n";
    static const char pieces[] = "{}[]\",:\\u0d8 \t-+.eE19tfnx/\x01\xC3";
    unsigned random = 7;
    size_t taken = 0;
    for (int round = 0; round < 30000; round++) {
        char text[sizeof seed];
        memcpy(text, seed, sizeof seed);
        for (int k = 0; k < round % 4; k++) {
            random = random * 1103515245u + 12345u;
            text[(random >> 8) % (sizeof seed - 1)] = pieces[(random >> 20) % (sizeof pieces - 1)];
        }
        gl_err other_err = {0};
        gl_str source = {text, sizeof seed - 1};
        err = (gl_err){0};
        const gl_json *root = gl_json_parse(arena, source, 1 << 20, 20, &err);
        const gl_json *other = gl_json_parse_by_yajl(arena, source, 1 << 20, 20, &other_err);
        cr_assert((root == NULL) == (other == NULL), "%.*s: %s", GL_STR_ARG(source),
                  root == NULL ? err.message : "taken");
        if (root != NULL)
            same_tree(root, other);
        else
            cr_assert_str_eq(err.message, other_err.message);
        taken += root != NULL;
        gl_arena_reset(arena);
    }
    cr_assert_gt(taken, 7500);
}

Test(json, limits_depth)
{
    gl_buf fits = gl_buf_in(arena);
    for (int i = 0; i < GL_JSON_LIMIT_DEPTH; i++)
        gl_buf_byte(&fits, '[');
    for (int i = 0; i < GL_JSON_LIMIT_DEPTH; i++)
        gl_buf_byte(&fits, ']');
    cr_assert(gl_json_parse(arena, gl_buf_view(&fits), 1000, 100, &err) != NULL, "%s", err.message);
    cr_assert(gl_json_parse(arena, repeated("", "[", GL_JSON_LIMIT_DEPTH + 1, ""), 1000, 100, &err) == NULL);
    cr_assert_str_eq(err.code, "json-depth");
    cr_assert(strstr(err.message, "line 1, column 33") != NULL, "%s", err.message);
    cr_assert(gl_json_parse(arena, repeated("", "{\"a\":", 1000000, ""), 1 << 24, 1 << 24, &err) == NULL);
    cr_assert_str_eq(err.code, "json-depth");
}

Test(json, limits_size_and_nodes)
{
    cr_assert(gl_json_parse(arena, GL_STR("[1,2,3]"), 7, 4, &err) != NULL, "%s", err.message);
    cr_assert(gl_json_parse(arena, GL_STR("[1,2,3]"), 6, 4, &err) == NULL);
    cr_assert_str_eq(err.code, "json-size");
    cr_assert(gl_json_parse(arena, GL_STR("[1,2,3]"), 7, 3, &err) == NULL);
    cr_assert_str_eq(err.code, "json-size");
    cr_assert(strstr(err.message, "line 1, column 6") != NULL, "%s", err.message);
}

Test(json, finds_duplicates_in_large_objects)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_byte(&buf, '{');
    for (int i = 0; i < 50000; i++)
        gl_buf_printf(&buf, "\"k%d\":%d,", i, i);
    size_t len = buf.len;
    buf.data[len - 1] = '}';
    const gl_json *root = gl_json_parse(arena, gl_buf_view(&buf), 1 << 24, 1 << 20, &err);
    cr_assert(root != NULL && root->count == 50000, "%s", err.message);
    cr_assert(gl_str_eqz(gl_json_get(root, "k49999")->text, "49999"));
    buf.data[len - 1] = ',';
    gl_buf_text(&buf, "\"k123\":0}");
    cr_assert(gl_json_parse(arena, gl_buf_view(&buf), 1 << 24, 1 << 20, &err) == NULL);
    cr_assert_str_eq(err.code, "json-duplicate-key");
    cr_assert(strstr(err.message, "k123") != NULL);
}

Test(json, a_batch_in_its_stride_allocates_nothing)
{
    static const char text[] = "{\"a\":[1,2,{\"b\":\"x\\ny\"}],\"c\":\"d\"}";
    uint64_t grown = 0;
    for (int i = 0; i < 100; i++) {
        gl_arena_reset(arena);
        cr_assert(parse(text) != NULL);
        if (i == 0)
            grown = gl_arena_grow_count(arena);
    }
    cr_assert_eq(gl_arena_grow_count(arena), grown);
}
