/* Splitting: nothing is lost or doubled, what belongs together stays together, and pointers lead into the file. */
#include <criterion/criterion.h>

#include "base/buf.h"
#include "cli/split.h"

enum { PARTS = 8 };

typedef struct parts {
    gl_buf joined; /* head, then the parts */
    gl_part at[PARTS];
    size_t count;
} parts;

static parts split_all(gl_format format, const char *text, int64_t limit, const gl_split_rule *rule)
{
    gl_split split;
    parts p = {.count = 0};
    gl_split_begin(&split, format, gl_str_of(text), rule);
    if (!split.whole && format == GL_FORMAT_CSV)
        gl_buf_str(&p.joined, split.head);
    while (gl_split_next(&split, limit, &p.at[p.count])) {
        gl_buf_str(&p.joined, p.at[p.count].bytes);
        cr_assert_lt(++p.count, PARTS);
    }
    gl_split_end(&split);
    return p;
}

static void check(gl_format format, const char *text, int64_t limit, const gl_split_rule *rule, size_t count)
{
    parts p = split_all(format, text, limit, rule);
    cr_assert_eq(p.count, count, "%zu parts of %s", p.count, text);
    cr_assert(gl_str_eqz(gl_buf_view(&p.joined), text), "%.*s", GL_STR_ARG(gl_buf_view(&p.joined)));
    gl_buf_free(&p.joined);
}

static gl_split_rule rule_of(char delimiter, bool group)
{
    return (gl_split_rule){.delimiter = delimiter, .group = group, .lrn = {GL_STR("id")}, .lrn_count = 1};
}

Test(split, csv_rows_with_quoted_line_ends)
{
    gl_split_rule rule = rule_of(',', false);
    check(GL_FORMAT_CSV, "id,b\n1,\"x\ny\"\n2,\"he said \"\"no\n\"\"\"\n3,z", 1, &rule, 3);
    check(GL_FORMAT_CSV, "id,b\r\n1,2\r\n", 5, &rule, 1);
    check(GL_FORMAT_CSV, "id,b\n", 5, &rule, 1);
}

Test(split, rows_of_one_declaration_stay_together)
{
    gl_split_rule rule = rule_of(';', true);
    const char *text = "b;id\n1;A\n2;A\n3;\"A\"\n1;B\n1;C\n2; C\n";
    parts p = split_all(GL_FORMAT_CSV, text, 1, &rule);
    cr_assert_eq(p.count, 3);
    cr_assert(gl_str_eqz(p.at[0].bytes, "1;A\n2;A\n3;\"A\"\n"));
    cr_assert_eq(p.at[2].position, 3);
    cr_assert_eq(p.at[2].rows_before, 4);
    gl_buf_free(&p.joined);
    check(GL_FORMAT_CSV, text, 2, &rule, 2);
}

Test(split, a_csv_whose_profile_is_not_known_is_one_part)
{
    gl_split_rule other = rule_of(',', true);
    check(GL_FORMAT_CSV, "a,b\n1,2\n3,4\n", 1, NULL, 1);
    check(GL_FORMAT_CSV, "a,b\n1,2\n3,4\n", 1, &other, 1);
    check(GL_FORMAT_XML, "<a/>", 1, NULL, 1);
    check(GL_FORMAT_JSON, "{\"a\":1}", 1, NULL, 1);
    check(GL_FORMAT_JSON, "[1,2", 1, NULL, 1);
    check(GL_FORMAT_JSON, "", 1, NULL, 1);
}

Test(split, ndjson_lines_in_parts_of_two)
{
    check(GL_FORMAT_NDJSON, "{\"a\":\"\\\"\"}\n{}\n{}\n", 2, NULL, 2);
    parts p = split_all(GL_FORMAT_NDJSON, "{}\n\n{}\n{}\n", 2, NULL);
    cr_assert_eq(p.count, 2);
    cr_assert_eq(p.at[1].position, 3, "a blank line is no declaration");
    gl_buf_free(&p.joined);
}

Test(split, a_json_array_by_its_elements)
{
    parts p = split_all(GL_FORMAT_JSON, " [ {\"a\":[1,2]} , {\"b\":\"]\"},{} ] ", 2, NULL);
    cr_assert_eq(p.count, 2);
    cr_assert(gl_str_eqz(gl_str_trim(p.at[0].bytes), "{\"a\":[1,2]} , {\"b\":\"]\"}"), "%.*s",
              GL_STR_ARG(p.at[0].bytes));
    cr_assert(gl_str_eqz(gl_str_trim(p.at[1].bytes), "{}"), "%.*s", GL_STR_ARG(p.at[1].bytes));
    cr_assert_eq(p.at[1].position, 3);
    gl_buf_free(&p.joined);
}

Test(split, pointers_lead_into_the_file)
{
    gl_split csv = {.format = GL_FORMAT_CSV}, json = {.format = GL_FORMAT_JSON}, lines = {.format = GL_FORMAT_NDJSON};
    gl_part part = {.position = 2001, .rows_before = 2400};
    gl_buf out = {0};
    gl_split_rebase(&csv, &part, GL_STR("[{\"pointer\":\"cell=5,3\",\"value\":\"cell=5,3\"},{\"pointer\":\"\"}]"),
                    &out);
    cr_assert(
        gl_str_eqz(gl_buf_view(&out), "[{\"pointer\":\"cell=2405,3\",\"value\":\"cell=5,3\"},{\"pointer\":\"\"}]"));
    out.len = 0;
    gl_split_rebase(&json, &part, GL_STR("{\"pointer\":\"/7/items/0\"}"), &out);
    cr_assert(gl_str_eqz(gl_buf_view(&out), "{\"pointer\":\"/2007/items/0\"}"));
    out.len = 0;
    gl_split_rebase(&lines, &part, GL_STR("{\"pointer\":\"/items/0\"}"), &out);
    cr_assert(gl_str_eqz(gl_buf_view(&out), "{\"pointer\":\"/items/0\"}"));
    gl_buf_free(&out);
}
