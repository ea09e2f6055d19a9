/* See propose.h. */
#include "ingest/formats/csv/propose.h"

#include <strings.h>

#include "ingest/formats/csv/header.h"
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/csv/sample.h"

typedef enum values { ANY_TEXT, A_NUMBER, A_DATE, A_COUNTRY, A_CURRENCY, A_COMMODITY, A_LIST } values;

static const struct place {
    const char *fields; /* as a mapping writes them */
    values kind;
    const char *unit;   /* of a measure, where the header says none */
    const char *wanted; /* said at the top when no column was found for it; NULL: not needed */
} places[GL_MEANINGS] = {
    [GL_MEANS_DECLARATION] = {NULL, ANY_TEXT, NULL, NULL},
    [GL_MEANS_PARCEL] = {"documents.TRANSPORT.id", ANY_TEXT, NULL, NULL},
    [GL_MEANS_ORDER] = {"documents.REFERENCE.id", ANY_TEXT, NULL, NULL},
    [GL_MEANS_DATE] = {"declared_date", A_DATE, NULL, NULL},
    [GL_MEANS_OFFICE] = {"declaration_office_id", ANY_TEXT, NULL, NULL},
    [GL_MEANS_MODE] = {"border_transport.mode_code", A_NUMBER, NULL, NULL},
    [GL_MEANS_CARRIER] = {"parties.CARRIER.name", ANY_TEXT, NULL, NULL},
    [GL_MEANS_SELLER_NAME] = {"parties.SELLER.name", ANY_TEXT, NULL, "the seller's name"},
    [GL_MEANS_SELLER_ID] = {"parties.SELLER.id", ANY_TEXT, NULL, NULL},
    [GL_MEANS_SELLER_STREET] = {"parties.SELLER.street", ANY_TEXT, NULL, NULL},
    [GL_MEANS_SELLER_CITY] = {"parties.SELLER.city", ANY_TEXT, NULL, NULL},
    [GL_MEANS_SELLER_POSTCODE] = {"parties.SELLER.postcode", ANY_TEXT, NULL, NULL},
    [GL_MEANS_SELLER_COUNTRY] = {"[parties.SELLER.country_code, export_country_id]", A_COUNTRY, NULL, NULL},
    [GL_MEANS_SELLER_CONTACT] = {"parties.SELLER.communications", ANY_TEXT, NULL, NULL},
    [GL_MEANS_IMPORTER_NAME] = {"parties.IMPORTER.name", ANY_TEXT, NULL, "the consignee's name"},
    [GL_MEANS_IMPORTER_ID] = {"parties.IMPORTER.id", ANY_TEXT, NULL, NULL},
    [GL_MEANS_IMPORTER_STREET] = {"parties.IMPORTER.street", ANY_TEXT, NULL, NULL},
    [GL_MEANS_IMPORTER_CITY] = {"parties.IMPORTER.city", ANY_TEXT, NULL, NULL},
    [GL_MEANS_IMPORTER_POSTCODE] = {"parties.IMPORTER.postcode", ANY_TEXT, NULL, NULL},
    [GL_MEANS_IMPORTER_COUNTRY] = {"[parties.IMPORTER.country_code, destination_country_id]", A_COUNTRY, NULL, NULL},
    [GL_MEANS_IMPORTER_CONTACT] = {"parties.IMPORTER.communications", ANY_TEXT, NULL, NULL},
    [GL_MEANS_IOSS] = {"\"parties.FISCAL_REFERENCE:FR5.id\"", ANY_TEXT, NULL, NULL},
    [GL_MEANS_ARTICLE] = {"items.sequence_numeric", A_NUMBER, NULL, NULL},
    [GL_MEANS_DESCRIPTION] = {"items.description", ANY_TEXT, NULL, "the description of the goods"},
    [GL_MEANS_COMMODITY] = {"items.commodity_code", A_COMMODITY, NULL, "the commodity code"},
    [GL_MEANS_QUANTITY] = {"items.tariff_quantity", A_NUMBER, "C62", NULL},
    [GL_MEANS_NET_MASS] = {"items.net_mass", A_NUMBER, "KGM", "the net mass"},
    [GL_MEANS_GROSS_MASS] = {"items.gross_mass", A_NUMBER, "KGM", NULL},
    [GL_MEANS_MASS] = {"items.net_mass", A_NUMBER, "KGM", NULL},
    [GL_MEANS_VALUE] = {"items.item_charge_amount", A_NUMBER, NULL, "the value of the goods"},
    [GL_MEANS_UNIT_PRICE] = {NULL, A_NUMBER, NULL, NULL},
    [GL_MEANS_CURRENCY] = {"items.item_charge_amount.currency", A_CURRENCY, NULL, NULL},
    [GL_MEANS_ORIGIN] = {"items.origin_country_id", A_COUNTRY, NULL, "the country of origin"},
    [GL_MEANS_PROCEDURES] = {"items.additional_procedures", A_LIST, NULL, NULL},
};

/* Of one column of the file: what it becomes. */
typedef struct plan {
    const gl_sample_column *column;
    gl_header header;
    bool mapped;
    const char *why;  /* not mapped, or how it was taken; NULL: nothing to say */
    const char *date; /* NULL: none, or ISO 8601 */
    bool comma, upper;
} plan;

typedef struct proposal {
    gl_sample sample;
    plan *plans;
    plan *of[GL_MEANINGS]; /* the column taken for it */
    plan *lrn;
    gl_buf out;
} proposal;

/* ---- what the values say ---- */

static bool nearly_all(size_t some, size_t all)
{
    return 20 * some >= 19 * all;
}

static bool refuse(plan *p, const char *why)
{
    p->why = why;
    return false;
}

static bool take_number(const gl_sample_column *c, plan *p)
{
    p->comma = c->commas > c->points;
    return nearly_all(p->comma ? c->commas : c->points, c->filled) || refuse(p, "its values are not plain numbers");
}

static bool take_date(const gl_sample_column *c, plan *p)
{
    size_t best = 0, fitting = 0;
    for (size_t i = 0; i < GL_SAMPLE_DATE_FORMATS; i++) {
        fitting += c->dates[i] == c->filled;
        best = c->dates[i] > c->dates[best] ? i : best;
    }
    if (!nearly_all(c->dates[best], c->filled))
        return refuse(p, "its values are dates of no form that is known");
    p->date = best == 0 ? NULL : gl_sample_date_formats[best];
    if (fitting > 1)
        p->why = "days and months may be the other way round: the sample fits both";
    return true;
}

static bool take_country(const gl_sample_column *c, plan *p)
{
    p->upper = c->lower > 0;
    return nearly_all(c->letters, c->filled) ||
           refuse(p, "its values are no codes of two letters; say which they are: {field: ..., values: {Germany: DE}}");
}

static bool take_commodity(const gl_sample_column *c, plan *p)
{
    if (2 * c->commodities < c->filled)
        return refuse(p, "its values are not 6 to 10 digits");
    if (c->commodities < c->filled)
        p->why = "some values are not 6 to 10 digits: those rows will be refused";
    return true;
}

static bool take_values(plan *p)
{
    const gl_sample_column *c = p->column;
    if (c->filled == 0)
        return true; /* nothing speaks against it */
    switch (places[p->header.meaning].kind) {
    case A_NUMBER:
        return take_number(c, p);
    case A_DATE:
        return take_date(c, p);
    case A_COUNTRY:
        return take_country(c, p);
    case A_CURRENCY:
        return nearly_all(c->currencies, c->filled) || refuse(p, "its values are no ISO 4217 codes");
    case A_COMMODITY:
        return take_commodity(c, p);
    case ANY_TEXT:
    case A_LIST:
        break;
    }
    return c->letters < c->filled || p->header.meaning == GL_MEANS_OFFICE ||
           refuse(p, "its values are codes of two letters");
}

/* ---- which column is taken for what ---- */

static bool may_be_many(gl_meaning meaning)
{
    return meaning == GL_MEANS_SELLER_CONTACT || meaning == GL_MEANS_IMPORTER_CONTACT;
}

static void take_column(proposal *o, plan *p)
{
    gl_meaning meaning = p->header.meaning;
    if (meaning == GL_MEANS_NOTHING) {
        p->why = "not understood";
        return;
    }
    if (o->of[meaning] != NULL && !may_be_many(meaning)) {
        p->why = "another column is taken for this already";
        return;
    }
    if (meaning == GL_MEANS_UNIT_PRICE) {
        p->why = "a price of one piece: what is declared is the value of the row";
        return;
    }
    if (!take_values(p))
        return;
    p->mapped = places[meaning].fields != NULL;
    if (o->of[meaning] == NULL)
        o->of[meaning] = p;
}

/* A mass that is neither called net nor gross is the net mass when there is no other. */
static void settle_mass(proposal *o)
{
    plan *mass = o->of[GL_MEANS_MASS];
    if (mass == NULL)
        return;
    if (o->of[GL_MEANS_NET_MASS] != NULL) {
        mass->mapped = false;
        mass->why = "net or gross? There is a net mass already";
        return;
    }
    mass->why = "net or gross is not said; taken for net";
    mass->header.meaning = GL_MEANS_NET_MASS;
    o->of[GL_MEANS_NET_MASS] = mass;
}

static void settle_currency(proposal *o)
{
    plan *value = o->of[GL_MEANS_VALUE];
    if (value == NULL || o->of[GL_MEANS_CURRENCY] != NULL || value->header.currency[0] != '\0')
        return;
    value->why = "in which currency? No column says it: {field: items.item_charge_amount, currency: EUR}";
}

/* A currency without an amount has nowhere to go. */
static void settle_currency_alone(proposal *o)
{
    plan *currency = o->of[GL_MEANS_CURRENCY];
    if (currency == NULL || o->of[GL_MEANS_VALUE] != NULL)
        return;
    currency->mapped = false;
    currency->why = "there is no value that it could be the currency of";
}

static bool tells_apart(const gl_sample *sample, const plan *p)
{
    return p != NULL && p->column->filled == sample->rows && !p->column->returns;
}

/* What numbers the declarations: what is called so, or the first column whose values are all there and all different.
 */
static bool choose_lrn(proposal *o, gl_err *err)
{
    static const gl_meaning meanings[] = {GL_MEANS_DECLARATION, GL_MEANS_PARCEL, GL_MEANS_ORDER};
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings && o->lrn == NULL; i++)
        if (tells_apart(&o->sample, o->of[meanings[i]]))
            o->lrn = o->of[meanings[i]];
    for (size_t i = 0; i < o->sample.count && o->lrn == NULL; i++)
        if (tells_apart(&o->sample, &o->plans[i]) && !o->plans[i].column->repeats) {
            o->lrn = &o->plans[i];
            o->lrn->why =
                "no name says which column numbers the declarations; the values of this one are all different";
        }
    return o->lrn != NULL ||
           gl_fail(err, GL_DEAD_LETTER, "mapping-sample",
                   "no column numbers the declarations: one is needed with a value in each row, different for each "
                   "declaration, the rows of a declaration together");
}

/* ---- YAML ---- */

enum { SHOWN = 40 }; /* characters of an example */

static bool is_plain(gl_str text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'), digit = c >= '0' && c <= '9';
        if (!letter && (i == 0 || !(digit || c == '_' || c == '-' || (c == ' ' && i + 1 < text.len))))
            return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text.len == strlen(words[i]) && strncasecmp(text.ptr, words[i], text.len) == 0)
            return false;
    return text.len > 0;
}

/* One character of a double-quoted scalar. What YAML does not take as it is, or takes for a line break, is escaped. */
static void put_character(gl_buf *out, gl_str character)
{
    unsigned char first = (unsigned char)character.ptr[0];
    uint32_t code = first < 0x80 ? first : first < 0xE0 ? first & 0x1Fu : first < 0xF0 ? first & 0x0Fu : first & 0x07u;
    for (size_t i = 1; i < character.len; i++)
        code = code << 6 | ((unsigned char)character.ptr[i] & 0x3Fu);
    if (code == '"' || code == '\\')
        gl_buf_printf(out, "\\%c", (char)code);
    else if (code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
             code == 0xFFFE || code == 0xFFFF)
        gl_buf_printf(out, "\\u%04X", (unsigned)code);
    else
        gl_buf_str(out, character);
}

/* At most `limit` characters of well-formed UTF-8. */
static void put_quoted(gl_buf *out, gl_str text, size_t limit)
{
    gl_buf_byte(out, '"');
    for (size_t at = 0, len; at < text.len && limit > 0; at += len, limit--) {
        for (len = 1; at + len < text.len && ((unsigned char)text.ptr[at + len] & 0xC0) == 0x80;)
            len++;
        put_character(out, (gl_str){text.ptr + at, len});
    }
    gl_buf_byte(out, '"');
}

static void put_text(gl_buf *out, gl_str text)
{
    if (is_plain(text))
        gl_buf_str(out, text);
    else
        put_quoted(out, text, SIZE_MAX);
}

static void put_options(proposal *o, const plan *p)
{
    const struct place *place = &places[p->header.meaning];
    bool several = place->fields[0] == '[';
    gl_buf_printf(&o->out, "{%s: %s", several ? "fields" : "field", place->fields);
    if (place->unit != NULL)
        gl_buf_printf(&o->out, ", unit: %s", p->header.unit != NULL ? p->header.unit : place->unit);
    if (p->header.meaning == GL_MEANS_VALUE && o->of[GL_MEANS_CURRENCY] == NULL && p->header.currency[0] != '\0')
        gl_buf_printf(&o->out, ", currency: %s", p->header.currency);
    if (p->comma)
        gl_buf_text(&o->out, ", decimal: \",\"");
    if (p->date != NULL)
        gl_buf_printf(&o->out, ", date: %s", p->date);
    if (p->upper)
        gl_buf_text(&o->out, ", upper: true");
    if (place->kind == A_LIST)
        gl_buf_text(&o->out, ", split: \"+\"");
    gl_buf_text(&o->out, "}");
}

static bool has_options(const proposal *o, const plan *p)
{
    const struct place *place = &places[p->header.meaning];
    return place->unit != NULL || p->comma || p->date != NULL || p->upper || place->kind == A_LIST ||
           (p->header.meaning == GL_MEANS_VALUE && o->of[GL_MEANS_CURRENCY] == NULL && p->header.currency[0] != '\0');
}

static void put_column(proposal *o, const plan *p)
{
    gl_buf_text(&o->out, "  ");
    put_text(&o->out, p->column->name);
    gl_buf_text(&o->out, ": ");
    if (has_options(o, p))
        put_options(o, p);
    else
        gl_buf_text(&o->out, places[p->header.meaning].fields);
    gl_buf_text(&o->out, "  # ");
    put_quoted(&o->out, p->column->example, SHOWN);
    if (p->why != NULL)
        gl_buf_printf(&o->out, "; %s", p->why);
    gl_buf_text(&o->out, "\n");
}

static void put_ignored(proposal *o, const plan *p)
{
    gl_buf_text(&o->out, "  - ");
    put_text(&o->out, p->column->name);
    gl_buf_text(&o->out, "  # ");
    put_quoted(&o->out, p->column->example, SHOWN);
    if (p->why != NULL)
        gl_buf_printf(&o->out, "; %s", p->why);
    gl_buf_text(&o->out, "\n");
}

static void put_head(proposal *o)
{
    size_t missing = 0;
    gl_buf_printf(&o->out, "# Proposed from %zu rows: go through it, then `greenlane mapping check` it.\n",
                  o->sample.rows);
    for (size_t i = 0; i < GL_MEANINGS; i++)
        if (places[i].wanted != NULL && o->of[i] == NULL)
            gl_buf_printf(&o->out, "%s%s", missing++ == 0 ? "# No column was found for: " : ", ", places[i].wanted);
    gl_buf_printf(&o->out, "%sversion: 1 # raise it with every change\n", missing > 0 ? ".\n" : "");
    if (o->sample.delimiter != ',' && o->sample.delimiter != 0)
        gl_buf_printf(&o->out, "delimiter: \"%s\"\n",
                      o->sample.delimiter == '\t' ? "\\t" : (const char[]){o->sample.delimiter, 0});
    if (o->sample.latin1)
        gl_buf_text(&o->out, "encoding: latin1\n");
    if (o->lrn->column->repeats)
        gl_buf_text(&o->out, "group: true # the rows of a declaration stand together\n");
    gl_buf_text(&o->out, "lrn: ");
    put_text(&o->out, o->lrn->column->name);
    if (o->lrn->why != NULL)
        gl_buf_printf(&o->out, " # %s", o->lrn->why);
    gl_buf_text(&o->out, "\nconstants: # the same for every row\n  family: IMPORT\n  function_code: \"9\"\n"
                         "  type_code: IMA\n  data_set: PARCEL\n");
}

static size_t put_columns(proposal *o)
{
    size_t mapped = 0, left = 0;
    for (size_t i = 0; i < o->sample.count; i++)
        mapped += o->plans[i].mapped;
    gl_buf_text(&o->out, "columns:\n");
    if (mapped == 0) { /* a mapping has a column; the one that numbers the declarations */
        gl_buf_text(&o->out, "  ");
        put_text(&o->out, o->lrn->column->name);
        gl_buf_text(&o->out, ": documents.REFERENCE.id\n");
    }
    for (size_t i = 0; i < o->sample.count; i++)
        if (o->plans[i].mapped)
            put_column(o, &o->plans[i]);
    for (size_t i = 0; i < o->sample.count; i++)
        if (!o->plans[i].mapped && &o->plans[i] != o->lrn) {
            if (left++ == 0)
                gl_buf_text(&o->out, "ignore: # what nothing is read from\n");
            put_ignored(o, &o->plans[i]);
        }
    return mapped + (o->lrn->mapped ? 0 : 1);
}

bool gl_mapping_propose(gl_arena *arena, gl_format format, gl_str csv, gl_proposal *proposed, gl_err *err)
{
    proposal o = {.out = gl_buf_in(arena)};
    if (!gl_sample_take(arena, format, csv, &o.sample, err))
        return false;
    if (o.sample.count > GL_MAPPING_LIMIT_COLUMNS - 8)
        return gl_fail(err, GL_DEAD_LETTER, "mapping-sample", "%zu columns: a mapping has at most %d", o.sample.count,
                       GL_MAPPING_LIMIT_COLUMNS - 8);
    o.plans = GL_NEW_N(arena, plan, o.sample.count);
    for (size_t i = 0; i < o.sample.count; i++) {
        o.plans[i] = (plan){.column = &o.sample.columns[i], .header = gl_header_read(o.sample.columns[i].name)};
        take_column(&o, &o.plans[i]);
    }
    settle_mass(&o);
    settle_currency_alone(&o);
    settle_currency(&o);
    if (!choose_lrn(&o, err))
        return false;
    put_head(&o);
    proposed->columns = o.sample.count;
    proposed->mapped = put_columns(&o);
    proposed->yaml = gl_buf_view(&o.out);
    return true;
}
