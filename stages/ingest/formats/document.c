/* See document.h. */
#include "ingest/formats/document.h"

#include <stdio.h>

#include "ingest/checks/checks.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/cds/cds_map.h"
#include "ingest/formats/codes.h"
#include "ingest/formats/edifact/edi_map.h"
#include "ingest/formats/ens/ens_map.h"
#include "ingest/formats/ens/ens_rules.h"
#include "ingest/formats/sad/sad_map.h"
#include "ingest/formats/trade/trade_map.h"

const char *const gl_document_parts[] = {"canonical", "cds",     "eucdm", "ens",   "ens-rules", "sad",
                                         "trade",     "edifact", "codes", "rules", NULL};

bool gl_document_part(const char *name, const gl_checks *checks, gl_buf *buf)
{
    if (strcmp(name, "canonical") == 0)
        gl_canonical_document(buf);
    else if (strcmp(name, "cds") == 0)
        gl_cds_document(buf);
    else if (strcmp(name, "eucdm") == 0)
        gl_eu_document(buf);
    else if (strcmp(name, "ens") == 0)
        gl_ens_document(buf);
    else if (strcmp(name, "ens-rules") == 0)
        gl_ens_rules_document(buf);
    else if (strcmp(name, "sad") == 0)
        gl_sad_document(buf);
    else if (strcmp(name, "edifact") == 0)
        gl_edi_document(buf);
    else if (strcmp(name, "trade") == 0)
        gl_trade_document(buf);
    else if (strcmp(name, "codes") == 0)
        gl_codes_document(buf);
    else if (strcmp(name, "rules") == 0)
        gl_checks_document(checks, buf);
    else
        return false;
    return true;
}

gl_str gl_document_find(gl_str page, const char *name)
{
    char begin[64], end[64];
    snprintf(begin, sizeof begin, "<!-- begin %s -->\n", name);
    snprintf(end, sizeof end, "<!-- end %s -->", name);
    const char *from = memmem(page.ptr, page.len, begin, strlen(begin));
    if (from == NULL)
        return (gl_str){NULL, 0};
    from += strlen(begin);
    const char *to = memmem(from, page.len - (size_t)(from - page.ptr), end, strlen(end));
    return to == NULL ? (gl_str){NULL, 0} : (gl_str){from, (size_t)(to - from)};
}

/* --- JSON Schema --- */

static void schema_record(gl_buf *buf, const gl_shape *shape);

static void schema_ref(gl_buf *buf, const char *name)
{
    gl_buf_printf(buf, "{\"$ref\": \"#/$defs/%s\"}", name);
}

/* "duty, tax or fee" is no name for a definition. */
static void shape_name(const gl_shape *shape, char name[64])
{
    size_t len = 0;
    for (const char *c = shape->name; *c != 0 && len < 63; c++)
        if (*c != ',')
            name[len++] = *c == ' ' ? '_' : *c;
    name[len] = 0;
}

/* An empty text is a value that is not given, but of the type code, which has to be. */
static const char *form_pattern(gl_form form)
{
    static const char *const patterns[GL_FORM_FORMS] = {[GL_FORM_TYPE_CODE] = "^[A-Z]{2,3}$",
                                                        [GL_FORM_COUNTRY] = "^([A-Z]{2})?$",
                                                        [GL_FORM_COMMODITY] = "^([0-9]{6,10})?$"};
    return patterns[form];
}

static void schema_text(gl_buf *buf, const gl_field *field)
{
    gl_buf_printf(buf, "{\"type\": \"string\", \"maxLength\": %d", field->limit);
    if (field->required)
        gl_buf_text(buf, ", \"minLength\": 1");
    if (form_pattern(field->form) != NULL)
        gl_buf_printf(buf, ", \"pattern\": \"%s\"", form_pattern(field->form));
    gl_buf_byte(buf, '}');
}

static void schema_value(gl_buf *buf, const gl_field *field)
{
    char name[64];
    switch (field->kind) {
    case GL_FIELD_TEXT:
        schema_text(buf, field);
        return;
    case GL_FIELD_TEXTS:
        gl_buf_printf(buf, "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"maxLength\": %d}}", field->limit);
        return;
    case GL_FIELD_BOOL:
        gl_buf_text(buf, "{\"type\": \"boolean\"}");
        return;
    case GL_FIELD_INT:
        gl_buf_text(buf, "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 9999}");
        return;
    case GL_FIELD_OPT_INT:
        gl_buf_text(buf, "{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 2147483647}");
        return;
    case GL_FIELD_DATE:
        gl_buf_text(buf, "{\"type\": \"string\", \"format\": \"date\"}");
        return;
    case GL_FIELD_INSTANT:
        gl_buf_text(buf, "{\"type\": \"string\", \"format\": \"date-time\"}");
        return;
    case GL_FIELD_ENUM:
        gl_buf_text(buf, "{\"enum\": [");
        for (size_t i = 0; field->names[i] != NULL; i++)
            gl_buf_printf(buf, "%s\"%s\"", i > 0 ? ", " : "", field->names[i]);
        gl_buf_text(buf, "]}");
        return;
    case GL_FIELD_DECIMAL:
        schema_ref(buf, "decimal");
        return;
    case GL_FIELD_AMOUNT:
        schema_ref(buf, "amount");
        return;
    case GL_FIELD_MEASURE:
        schema_ref(buf, "measure");
        return;
    case GL_FIELD_RECORD:
        shape_name(field->shape, name);
        schema_ref(buf, name);
        return;
    case GL_FIELD_LIST:
        shape_name(field->shape, name);
        gl_buf_text(buf, "{\"type\": \"array\", \"items\": ");
        schema_ref(buf, name);
        gl_buf_text(buf, field->shape == &gl_shape_item ? ", \"minItems\": 1, \"maxItems\": 9999}" : "}");
        return;
    }
}

/* A field that is null is one that is not given. */
static void schema_field(gl_buf *buf, const gl_field *field)
{
    gl_buf_printf(buf, "        \"%s\": {", field->name);
    if (field->help != NULL) {
        gl_buf_text(buf, "\"description\": ");
        gl_buf_json(buf, gl_str_of(field->help));
        gl_buf_text(buf, ", ");
    }
    gl_buf_text(buf, "\"anyOf\": [");
    schema_value(buf, field);
    gl_buf_text(buf, field->required ? "]}" : ", {\"type\": \"null\"}]}");
}

/* A cancellation names its declaration and needs no more. */
static const char schema_cancellation[] =
    "      \"if\": {\"required\": [\"function_code\"], \"properties\": {\"function_code\": {\"const\": \"1\"}}},\n"
    "      \"else\": {\"required\": [\"items\", \"type_code\"]},\n";

static bool of_originals(const gl_shape *shape, const gl_field *field)
{
    return shape == &gl_shape_declaration && strcmp(field->name, "type_code") == 0;
}

static void schema_record(gl_buf *buf, const gl_shape *shape)
{
    bool any = false;
    gl_buf_text(buf, "{\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n");
    if (shape == &gl_shape_declaration)
        gl_buf_text(buf, schema_cancellation);
    gl_buf_text(buf, "      \"required\": [");
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].required && !of_originals(shape, &shape->fields[i])) {
            gl_buf_printf(buf, "%s\"%s\"", any ? ", " : "", shape->fields[i].name);
            any = true;
        }
    gl_buf_text(buf, "],\n      \"properties\": {\n");
    for (size_t i = 0; i < shape->count; i++) {
        schema_field(buf, &shape->fields[i]);
        gl_buf_text(buf, i + 1 < shape->count ? ",\n" : "\n");
    }
    gl_buf_text(buf, "      }\n    }");
}

static const char schema_numbers[] =
    "    \"decimal\": {\"anyOf\": [{\"type\": \"string\", \"pattern\": \"^[+-]?[0-9]*\\\\.?[0-9]*$\", \"minLength\": "
    "1}, "
    "{\"type\": \"number\"}]},\n"
    "    \"amount\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"number\", \"minimum\": 0}, {\"type\": "
    "\"object\", "
    "\"additionalProperties\": false, \"required\": [\"amount\"], \"properties\": {\"amount\": {\"$ref\": "
    "\"#/$defs/decimal\"}, \"currency\": {\"type\": [\"string\", \"null\"], \"maxLength\": 3}}}]},\n"
    "    \"measure\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"number\", \"minimum\": 0}, {\"type\": "
    "\"object\", "
    "\"additionalProperties\": false, \"required\": [\"value\"], \"properties\": {\"value\": {\"$ref\": "
    "\"#/$defs/decimal\"}, \"unit\": {\"type\": [\"string\", \"null\"], \"maxLength\": 8}}}]},\n";

void gl_document_schema(gl_buf *buf)
{
    gl_buf_text(
        buf,
        "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"Greenlane declaration\",\n"
        "  \"description\": \"Our own JSON, one declaration (docs/FORMATS.md). Made from the canonical table by "
        "formats_read -j: "
        "do not edit.\",\n  \"$ref\": \"#/$defs/declaration\",\n  \"$defs\": {\n");
    gl_buf_text(buf, schema_numbers);
    for (size_t i = 0; gl_canonical_shapes[i] != NULL; i++) {
        char name[64];
        shape_name(gl_canonical_shapes[i], name);
        gl_buf_printf(buf, "    \"%s\": ", name);
        schema_record(buf, gl_canonical_shapes[i]);
        gl_buf_text(buf, gl_canonical_shapes[i + 1] != NULL ? ",\n" : "\n");
    }
    gl_buf_text(buf, "  }\n}\n");
}
