/* The canonical table against the schema, and validation's own rules. */
#include "ingest/formats/test_read.h"
#include "ingest/validate.h"
#include "io/json.h"

static const gl_json *named[32];
static size_t named_count;

/* Notes every record that the schema defines. */
static void collect(const gl_json *node)
{
    gl_str type = gl_json_text(node, "type");
    if (node->type == GL_JSON_OBJECT && (gl_str_eqz(type, "record") || gl_str_eqz(type, "enum")) && named_count < 32)
        named[named_count++] = node;
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->type == GL_JSON_OBJECT || node->items[i]->type == GL_JSON_ARRAY)
            collect(node->items[i]);
}

static const gl_json *named_type(gl_str name)
{
    for (size_t i = 0; i < named_count; i++)
        if (gl_str_eq(gl_json_text(named[i], "name"), name))
            return named[i];
    return NULL;
}

/* The record of a field: through the union with null and the array, by name or in place. */
static const gl_json *inner(const gl_json *type)
{
    if (type->type == GL_JSON_ARRAY)
        return inner(type->items[1]);
    if (type->type == GL_JSON_STRING)
        return named_type(type->text);
    const gl_json *items = gl_json_get(type, "items");
    return items != NULL ? inner(items) : type;
}

static void compare(const gl_shape *shape, const gl_json *record)
{
    static const char *const ours[] = {"declaration_id", "content_digest", "mrn",     "mrn_provisional",
                                       "submitter",      "accepted_at",    "message", NULL};
    const gl_json *fields = gl_json_get(record, "fields");
    size_t matched = 0;
    for (size_t i = 0; i < fields->count; i++) {
        gl_str name = gl_json_text(fields->items[i], "name");
        if (shape == &gl_shape_declaration && gl_names_index(ours, name) >= 0)
            continue;
        const gl_field *field = gl_shape_field(shape, name);
        cr_assert(field != NULL, "the table has no %s.%.*s", shape->name, GL_STR_ARG(name));
        matched++;
        const gl_json *of = inner(gl_json_get(fields->items[i], "type"));
        if (field->shape != NULL)
            compare(field->shape, of);
        if (field->kind == GL_FIELD_ENUM) {
            const gl_json *symbols = gl_json_get(of, "symbols");
            for (size_t s = 0; s < symbols->count; s++)
                cr_assert_eq(gl_names_index(field->names, symbols->items[s]->text), (int)s);
            cr_assert(field->names[symbols->count] == NULL);
        }
    }
    cr_assert_eq(matched, shape->count, "the table of %s has fields that the schema does not", shape->name);
}

Test(canonical, the_table_is_the_schema)
{
    static char text[65536];
    FILE *file = fopen(GL_SOURCE_DIR "/schemas/sections/declaration.avsc", "rb");
    cr_assert(file != NULL);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    const gl_json *schema = gl_json_parse(arena, (gl_str){text, size}, sizeof text, 100000, &err);
    cr_assert(schema != NULL, "%s", err.message);
    collect(schema);
    compare(&gl_shape_declaration, schema);
    gl_arena_destroy(arena);
}

Test(canonical, currencies_are_in_order)
{
    cr_assert(gl_currency_known(GL_STR("AED")) && gl_currency_known(GL_STR("KRW")) && gl_currency_known(GL_STR("ZWL")));
    cr_assert(gl_currency_known(GL_STR("EUR")) && gl_currency_known(GL_STR("XCG")));
    cr_assert(!gl_currency_known(GL_STR("eur")) && !gl_currency_known(GL_STR("EU")) &&
              !gl_currency_known(GL_STR("AAA")));
}

Test(validate, warnings_do_not_reject)
{
    test_read *r = read_text(GL_FORMAT_JSON, "",
                             "{\"functional_reference_id\":\"A\",\"family\":\"IMPORT\",\"type_code\":\"IMA\","
                             "\"goods_item_quantity\":3,\"items\":[{}]}");
    const gl_intake *in = &r->at[0];
    cr_assert(!in->rejected);
    cr_assert_eq(in->error_count, 1);
    cr_assert_eq(expect_error(in, "item-count", "/goods_item_quantity", "3")->severity, GL_REJECTION_SEVERITY_WARNING);
    test_read_free(r);
}

static void lrn(const char *text, const char *code)
{
    char json[512];
    snprintf(json, sizeof json,
             "{\"functional_reference_id\":\"%s\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{}]}", text);
    test_read *r = read_text(GL_FORMAT_JSON, "", json);
    if (code == NULL)
        expect_accepted(&r->at[0]);
    else
        cr_assert(find_error(&r->at[0], code, NULL) != NULL, "%s", text);
    test_read_free(r);
}

Test(validate, lrn_has_1_to_35_printable_characters)
{
    lrn("A", NULL);
    lrn("12345678901234567890123456789012345", NULL);
    lrn("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9",
        NULL);
    lrn("123456789012345678901234567890123456", "too-long");
    lrn("a\\u0007b", "invalid-code");
    lrn("", "missing");
}

Test(validate, ten_thousand_items_are_too_many)
{
    gl_buf text = {0};
    gl_buf_text(&text, "{\"functional_reference_id\":\"A\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"items\":[{}");
    for (int i = 1; i < 10000; i++)
        gl_buf_text(&text, ",{}");
    gl_buf_text(&text, "]}");
    test_read *r = read_from(GL_FORMAT_JSON, "", gl_buf_view(&text), 0, 0);
    cr_assert(find_error(&r->at[0], "too-many-items", "/items") != NULL);
    test_read_free(r);
    gl_buf_free(&text);
}

Test(validate, what_says_who_somebody_is_is_not_repeated)
{
    test_read *r =
        read_text(GL_FORMAT_JSON, "",
                  "{\"functional_reference_id\":\"A\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"parties\":[{"
                  "\"role\":\"IMPORTER\",\"name\":\"Éva\\u0001Horváth\",\"country_code\":\"HUN\"}],\"items\":[{}]}");
    const gl_intake *in = &r->at[0];
    expect_error(in, "control-character", "/parties/0/name", "É… (11 characters)");
    expect_error(in, "invalid-code", "/parties/0/country_code", "HUN");
    test_read_free(r);
}
