/* The YAML tree: what is read, with its lines, and everything that is refused and how it is said. */
#include "base/yaml.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

TestSuite(yaml, .init = setup, .fini = teardown);

static gl_yaml *parse(const char *text)
{
    return gl_yaml_parse(arena, "t.yaml", gl_str_of(text), &err);
}

Test(yaml, reads_scalars_lists_and_maps_with_their_lines)
{
    const gl_yaml *root = parse("# comment\n"
                                "name: plain text\n"
                                "\"quoted key\": 'it''s'\n"
                                "list:\n"
                                "  - 1\n"
                                "  - \"two\\u00e9\"\n"
                                "  - {a: x, b: [y, z]}\n"
                                "text: |\n"
                                "  one\n"
                                "  two\n"
                                "empty:\n");
    cr_assert(root != NULL, "%s", err.message);
    cr_assert_eq(root->type, GL_YAML_MAP);
    cr_assert_eq(root->count, 5u);
    cr_assert(gl_str_eqz(root->keys[1], "quoted key"));
    cr_assert_eq(root->key_lines[1], 3);
    const gl_yaml *name = gl_yaml_get(root, "name");
    cr_assert(gl_str_eqz(name->text, "plain text") && !name->quoted && name->line == 2);
    cr_assert_eq(name->text.ptr[name->text.len], '\0');
    const gl_yaml *quoted = gl_yaml_get(root, "quoted key");
    cr_assert(gl_str_eqz(quoted->text, "it's") && quoted->quoted);
    const gl_yaml *list = gl_yaml_get(root, "list");
    cr_assert(list->type == GL_YAML_LIST && list->count == 3 && list->keys == NULL);
    cr_assert(gl_str_eqz(list->items[1]->text, "two\xC3\xA9") && list->items[1]->line == 6);
    cr_assert(gl_str_eqz(gl_yaml_get(list->items[2], "b")->items[1]->text, "z"));
    cr_assert(gl_str_eqz(gl_yaml_get(root, "text")->text, "one\ntwo\n") && gl_yaml_get(root, "text")->quoted);
    const gl_yaml *empty = gl_yaml_get(root, "empty");
    cr_assert(empty->type == GL_YAML_SCALAR && empty->text.len == 0 && !empty->quoted);
    cr_assert(gl_yaml_get(root, "nothing") == NULL);
    cr_assert(gl_yaml_get(list, "name") == NULL);
    cr_assert(gl_yaml_get(NULL, "name") == NULL);
}

Test(yaml, an_empty_document_is_an_empty_map)
{
    static const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n", "---\n...\n", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const gl_yaml *root = parse(texts[i]);
        cr_assert(root != NULL && root->type == GL_YAML_MAP && root->count == 0, "%zu: %s", i, err.message);
    }
}

typedef struct refusal {
    const char *text, *code, *message;
} refusal;

Test(yaml, refuses_and_says_what_and_where)
{
    static const refusal refusals[] = {
        {"a: 1\nb: 2\na: 3\n", "yaml-duplicate-key", "t.yaml: line 3: key \"a\" is also on line 1"},
        {"a: &x 1\n", "yaml-alias", "line 1"},
        {"a: 1\nb: *x\n", "yaml-alias", "line 2"},
        {"*x : 1\n", "yaml-alias", "line 1"},
        {"a: !!str 1\n", "yaml-tag", "line 1"},
        {"a: 1\nb: !x {}\n", "yaml-tag", "line 2"},
        {"a: 1\n---\nb: 2\n", "yaml-documents", "only one document"},
        {"? [a, b]\n: 1\n", "yaml-key", "line 1"},
        {"a: [1, 2\nb: 3\n", "yaml-syntax", "t.yaml: line"},
        {"a: 1\n\tb: 2\n", "yaml-syntax", "line 2"},
        {"a: \"x\n", "yaml-syntax", "line"},
        {"a: 1\nb: \xFF\n", "yaml-encoding", "t.yaml: line 2: not UTF-8"},
        {"a: \x01\n", "yaml-syntax", "t.yaml"},
        {"%YAML 9.9\n---\na: 1\n", "yaml-syntax", "line 1"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        cr_assert(parse(refusals[i].text) == NULL, "%zu", i);
        cr_assert_str_eq(err.code, refusals[i].code, "%zu: %s %s", i, err.code, err.message);
        cr_assert(strstr(err.message, refusals[i].message) != NULL, "%zu: %s", i, err.message);
        cr_assert_eq(err.action, GL_FATAL);
    }
}

static gl_buf repeated(const char *before, const char *text, size_t count, const char *after)
{
    gl_buf buf = gl_buf_in(arena);
    gl_buf_text(&buf, before);
    for (size_t i = 0; i < count; i++)
        gl_buf_text(&buf, text);
    gl_buf_text(&buf, after);
    gl_buf_byte(&buf, 0);
    return buf;
}

Test(yaml, limits_depth)
{
    gl_buf fits = repeated("", "[", GL_YAML_LIMIT_DEPTH, "");
    gl_buf_printf(&fits, "%s", "");
    fits.len--;
    for (int i = 0; i < GL_YAML_LIMIT_DEPTH; i++)
        gl_buf_byte(&fits, ']');
    cr_assert(gl_yaml_parse(arena, "t", gl_buf_view(&fits), &err) != NULL, "%s", err.message);
    cr_assert(parse((char *)repeated("", "[", GL_YAML_LIMIT_DEPTH + 1, "").data) == NULL);
    cr_assert_str_eq(err.code, "yaml-depth");
    cr_assert(parse((char *)repeated("", "[", 200000, "").data) == NULL);
    cr_assert(parse((char *)repeated("", "{a: ", 200000, "").data) == NULL);
    cr_assert(parse((char *)repeated("", "- ", 200000, "").data) == NULL);
}

Test(yaml, limits_nodes)
{
    cr_assert(parse((char *)repeated("[", "1,", GL_YAML_LIMIT_NODES - 1, "]").data) != NULL, "%s", err.message);
    cr_assert(parse((char *)repeated("[", "1,", GL_YAML_LIMIT_NODES, "]").data) == NULL);
    cr_assert_str_eq(err.code, "yaml-nodes");
}

Test(yaml, limits_size)
{
    cr_assert(parse((char *)repeated("a: ", "x", GL_YAML_LIMIT_BYTES - 3, "").data) != NULL);
    cr_assert(parse((char *)repeated("a: ", "x", GL_YAML_LIMIT_BYTES - 2, "").data) == NULL);
    cr_assert_str_eq(err.code, "yaml-size");
}

Test(yaml, finds_duplicates_in_large_maps)
{
    gl_buf buf = gl_buf_in(arena);
    for (int i = 0; i < 50000; i++)
        gl_buf_printf(&buf, "k%d: 1\n", i);
    cr_assert(gl_yaml_parse(arena, "t", gl_buf_view(&buf), &err) != NULL, "%s", err.message);
    gl_buf_text(&buf, "k777: 1\n");
    cr_assert(gl_yaml_parse(arena, "t", gl_buf_view(&buf), &err) == NULL);
    cr_assert_str_eq(err.message, "t: line 50001: key \"k777\" is also on line 778");
}

Test(yaml, only_names_the_nearest_key)
{
    static const char *const allowed[] = {"brokers", "timeout_ms", "group", NULL};
    const gl_yaml *map = parse("brokers: x\ngroup:\n  y: 1\n");
    cr_assert(gl_yaml_only(map, "t.yaml", allowed, &err));
    map = parse("brokers: x\ntimeout:\n  y: 1\n");
    cr_assert_not(gl_yaml_only(map, "t.yaml", allowed, &err));
    cr_assert_str_eq(err.code, "yaml-unknown-key");
    cr_assert_str_eq(err.message, "t.yaml: line 2: unknown key \"timeout\"; did you mean \"timeout_ms\"?");
    cr_assert_not(gl_yaml_only(parse("xyz: 1\n"), "t.yaml", allowed, &err));
    cr_assert_str_eq(err.message, "t.yaml: line 1: unknown key \"xyz\"");
    cr_assert_not(gl_yaml_only(parse("[1]\n"), "t.yaml", allowed, &err));
    cr_assert_str_eq(err.code, "yaml-type");
}

Test(yaml, nearest_names)
{
    static const char *const names[] = {"brokers", "transactional_id", "batch_bytes", "linger", "id", NULL};
    static const char *const near[][2] = {
        {"broker", "brokers"},
        {"Brokers", "brokers"},
        {"borkers", "brokers"},
        {"batch-bytes", "batch_bytes"},
        {"batch", "batch_bytes"},
        {"lnger", "linger"},
        {"transactional.id", "transactional_id"},
        {"if", "id"},
    };
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        const char *found = gl_nearest_name(gl_str_of(near[i][0]), names);
        cr_assert(found != NULL && strcmp(found, near[i][1]) == 0, "%s: %s", near[i][0], found == NULL ? "-" : found);
    }
    static const char *const far[] = {"", "x", "topics",
                                      "completely_different_and_longer_than_any_of_the_names_that_are_here"};
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        cr_assert(gl_nearest_name(gl_str_of(far[i]), names) == NULL, "%s", far[i]);
    static const char *const none[] = {NULL};
    cr_assert(gl_nearest_name(GL_STR("a"), none) == NULL);
}

Test(yaml, loads_files)
{
    char path[] = "/tmp/greenlane-test-yaml-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, "a: [1, 2]\n", 10), 10);
    close(fd);
    const gl_yaml *root = gl_yaml_load(arena, path, &err);
    cr_assert(root != NULL && gl_yaml_get(root, "a")->count == 2);
    cr_assert_eq(truncate(path, GL_YAML_LIMIT_BYTES + 100), 0);
    cr_assert(gl_yaml_load(arena, path, &err) == NULL);
    cr_assert_str_eq(err.code, "yaml-size");
    unlink(path);
    cr_assert(gl_yaml_load(arena, path, &err) == NULL);
    cr_assert_str_eq(err.code, "yaml-unreadable");
    cr_assert(strstr(err.message, path) != NULL);
    cr_assert(gl_yaml_load(arena, "/tmp", &err) == NULL);
    cr_assert_str_eq(err.code, "yaml-unreadable");
}
