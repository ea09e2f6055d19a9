/* See canonical.h. */
#include "ingest/formats/canonical.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/yaml.h"
#include "customs/money.h"

/* Most characters of a text. Wider than any one standard (the EU gives 17, 35, 70, 512): a limit here protects the
 * pipeline, the standards' own lengths are a matter for validation by data set. */
enum { CODE = 35, ID = 140, NAME = 256, TEXT = 2048 };

#define NAMED(record, member) .name = #member, .name_len = sizeof #member - 1, .offset = offsetof(record, member)
#define TXT(record, member, most, text)                                                                                \
    {                                                                                                                  \
        NAMED(record, member), .kind = GL_FIELD_TEXT, .limit = (most), .help = (text)                                  \
    }
#define COUNTRY(record, member, text)                                                                                  \
    {                                                                                                                  \
        NAMED(record, member), .kind = GL_FIELD_TEXT, .limit = CODE, .form = GL_FORM_COUNTRY, .help = (text)           \
    }
#define OF(record, member, which, text)                                                                                \
    {                                                                                                                  \
        NAMED(record, member), .kind = (which), .help = (text)                                                         \
    }
#define MASS(record, member)                                                                                           \
    {                                                                                                                  \
        NAMED(record, member), .kind = GL_FIELD_MEASURE, .unit = "KGM", .help = "KGM when no unit is given"            \
    }
#define REC(record, member, which, text)                                                                               \
    {                                                                                                                  \
        NAMED(record, member), .kind = GL_FIELD_RECORD, .shape = &(which), .help = (text)                              \
    }
#define LIST(record, member, which, text)                                                                              \
    {                                                                                                                  \
        NAMED(record, member), .kind = GL_FIELD_LIST, .shape = &(which), .help = (text)                                \
    }
#define SHAPE(variable, text, record, table)                                                                           \
    const gl_shape variable = {                                                                                        \
        .name = (text), .bytes = sizeof(record), .fields = (table), .count = sizeof(table) / sizeof *(table)}

static const char *const family_names[] = {"IMPORT", "EXPORT", "ENTRY_SUMMARY", NULL};
static const char *const role_names[] = {"DECLARANT",
                                         "AGENT",
                                         "SUBMITTER",
                                         "IMPORTER",
                                         "EXPORTER",
                                         "CONSIGNEE",
                                         "CONSIGNOR",
                                         "BUYER",
                                         "SELLER",
                                         "CARRIER",
                                         "NOTIFY",
                                         "GUARANTOR",
                                         "PAYER",
                                         "AUTHORISATION_HOLDER",
                                         "FISCAL_REFERENCE",
                                         "SUPPLY_CHAIN_ACTOR",
                                         "OTHER",
                                         NULL};
static const char *const document_names[] = {"SUPPORTING",    "PREVIOUS",         "TRANSPORT", "REFERENCE",
                                             "AUTHORISATION", "DEFERRED_PAYMENT", "GUARANTEE", NULL};

#define R gl_declaration_party
static const gl_field party_fields[] = {
    {NAMED(R, role), .kind = GL_FIELD_ENUM, .names = role_names, .required = true,
     .help = "What the party is to the declaration"},
    TXT(R, role_code, CODE,
        "The source's own code: FR5 for IOSS, an authorisation's category, a representative's status"),
    TXT(R, id, ID, "EORI, IOSS or VAT number, or a national identifier"),
    TXT(R, name, NAME, NULL),
    TXT(R, street, NAME, NULL),
    TXT(R, city, NAME, NULL),
    TXT(R, postcode, CODE, NULL),
    COUNTRY(R, country_code, NULL),
    {NAMED(R, communications), .kind = GL_FIELD_TEXTS, .limit = NAME, .help = "Telephone numbers and e-mail addresses"},
};
SHAPE(gl_shape_party, "party", R, party_fields);
#undef R

#define R gl_declaration_transport_means
static const gl_field transport_fields[] = {
    TXT(R, mode_code, CODE, "Mode of transport"),
    TXT(R, id, ID, NULL),
    TXT(R, identification_type_code, CODE, NULL),
    COUNTRY(R, nationality_code, NULL),
};
SHAPE(gl_shape_transport_means, "transport means", R, transport_fields);
#undef R

#define R gl_declaration_goods_location
static const gl_field location_fields[] = {
    TXT(R, type_code, CODE, NULL), TXT(R, qualifier_code, CODE, NULL), TXT(R, id, ID, NULL),
    TXT(R, name, NAME, NULL),      COUNTRY(R, country_code, NULL),
};
SHAPE(gl_shape_goods_location, "goods location", R, location_fields);
#undef R

#define R gl_declaration_trade_terms
static const gl_field terms_fields[] = {
    TXT(R, condition_code, CODE, "INCOTERM"),
    TXT(R, location_id, ID, NULL),
    TXT(R, location_name, NAME, NULL),
    COUNTRY(R, country_code, NULL),
};
SHAPE(gl_shape_trade_terms, "trade terms", R, terms_fields);
#undef R

#define R gl_declaration_document
static const gl_field document_fields[] = {
    {NAMED(R, kind), .kind = GL_FIELD_ENUM, .names = document_names, .required = true, .help = NULL},
    TXT(R, category_code, CODE, NULL),
    TXT(R, type_code, CODE, NULL),
    TXT(R, id, ID, NULL),
    TXT(R, name, NAME, NULL),
    TXT(R, status_code, CODE, "LPCO exemption code of the UK's CDS"),
    OF(R, line_numeric, GL_FIELD_OPT_INT, "Item of the document"),
    TXT(R, effective_date, CODE, "As the source writes it"),
    TXT(R, issuer_name, NAME, NULL),
    OF(R, quantity, GL_FIELD_MEASURE, NULL),
    OF(R, amount, GL_FIELD_AMOUNT, NULL),
};
SHAPE(gl_shape_document, "document", R, document_fields);
#undef R

#define R gl_declaration_additional_information
static const gl_field information_fields[] = {
    TXT(R, statement_code, CODE, NULL),
    TXT(R, statement_type_code, CODE, NULL),
    TXT(R, statement_description, TEXT, NULL),
};
SHAPE(gl_shape_additional_information, "additional information", R, information_fields);
#undef R

#define R gl_declaration_attribute
static const gl_field attribute_fields[] = {
    {NAMED(R, type), .kind = GL_FIELD_TEXT, .limit = ID, .required = true,
     .help = "Name in snake case: process_type, import_use"},
    {NAMED(R, code), .kind = GL_FIELD_TEXT, .limit = ID, .required = true, .help = NULL},
};
SHAPE(gl_shape_attribute, "attribute", R, attribute_fields);
#undef R

#define R gl_declaration_commodity_classification
static const gl_field classification_fields[] = {
    {NAMED(R, id), .kind = GL_FIELD_TEXT, .limit = CODE, .required = true, .help = NULL},
    TXT(R, identification_type_code, CODE, "TSP, TRC, TRA, GN, CV as in the source"),
};
SHAPE(gl_shape_classification, "classification", R, classification_fields);
#undef R

#define R gl_declaration_valuation_adjustment
static const gl_field adjustment_fields[] = {
    {NAMED(R, addition_code), .kind = GL_FIELD_TEXT, .limit = CODE, .required = true, .help = NULL},
    OF(R, amount, GL_FIELD_AMOUNT, NULL),
};
SHAPE(gl_shape_valuation_adjustment, "valuation adjustment", R, adjustment_fields);
#undef R

#define R gl_declaration_duty_tax_fee
static const gl_field duty_fields[] = {
    TXT(R, type_code, CODE, NULL),
    TXT(R, duty_regime_code, CODE, "Preference"),
    OF(R, tax_rate_percent, GL_FIELD_DECIMAL, NULL),
    OF(R, tax_base, GL_FIELD_MEASURE, "A quantity; when the base is an amount, its unit is the currency"),
    OF(R, assessed_amount, GL_FIELD_AMOUNT, NULL),
    OF(R, payment_amount, GL_FIELD_AMOUNT, NULL),
    TXT(R, payment_method_code, CODE, NULL),
};
SHAPE(gl_shape_duty_tax_fee, "duty, tax or fee", R, duty_fields);
#undef R

#define R gl_declaration_packaging
static const gl_field packaging_fields[] = {
    TXT(R, type_code, CODE, NULL),
    OF(R, quantity, GL_FIELD_OPT_INT, NULL),
    TXT(R, marks, TEXT, NULL),
};
SHAPE(gl_shape_packaging, "packaging", R, packaging_fields);
#undef R

#define R gl_declaration_goods_item
static const gl_field item_fields[] = {
    {NAMED(R, sequence_numeric), .kind = GL_FIELD_INT, .help = "From 1; its place in the list when it is left out"},
    TXT(R, description, TEXT, "In the trader's words"),
    {NAMED(R, commodity_code), .kind = GL_FIELD_TEXT, .limit = CODE, .form = GL_FORM_COMMODITY,
     .help = "Declared code, 6 to 10 digits: HS6, CN8 or TARIC"},
    LIST(R, classifications, gl_shape_classification, "Codes as the source gives them, with their type"),
    COUNTRY(R, origin_country_id, "Non-preferential origin"),
    COUNTRY(R, preferential_origin_id, NULL),
    COUNTRY(R, dispatch_country_id, NULL),
    COUNTRY(R, destination_country_id, NULL),
    MASS(R, gross_mass),
    MASS(R, net_mass),
    OF(R, tariff_quantity, GL_FIELD_MEASURE, "Supplementary units"),
    OF(R, item_charge_amount, GL_FIELD_AMOUNT, "Item price; the intrinsic value of an H7"),
    OF(R, customs_value_amount, GL_FIELD_AMOUNT, NULL),
    OF(R, statistical_value_amount, GL_FIELD_AMOUNT, NULL),
    OF(R, freight, GL_FIELD_AMOUNT, NULL),
    TXT(R, valuation_method_code, CODE, NULL),
    LIST(R, valuation_adjustments, gl_shape_valuation_adjustment, NULL),
    TXT(R, procedure_current_code, CODE, "Requested procedure, two characters"),
    TXT(R, procedure_previous_code, CODE, "Previous procedure, two characters"),
    {NAMED(R, additional_procedures), .kind = GL_FIELD_TEXTS, .limit = CODE, .help = "C07, C08, F48, F49, 000"},
    TXT(R, transaction_nature_code, CODE, NULL),
    TXT(R, quota_id, CODE, NULL),
    LIST(R, duty_tax_fees, gl_shape_duty_tax_fee, NULL),
    LIST(R, packaging, gl_shape_packaging, NULL),
    LIST(R, documents, gl_shape_document, NULL),
    LIST(R, additional_information, gl_shape_additional_information, NULL),
    LIST(R, parties, gl_shape_party, "Parties of this item only"),
    TXT(R, ucr, ID, NULL),
    LIST(R, attributes, gl_shape_attribute, NULL),
};
SHAPE(gl_shape_item, "item", R, item_fields);
#undef R

#define R gl_declaration_entry_summary
static const gl_field entry_fields[] = {
    TXT(R, specific_circumstance_code, CODE, "Specific circumstance indicator: C, D, E in ICS"),
    TXT(R, conveyance_reference_id, CODE, "Flight or voyage number"),
    TXT(R, transport_charges_code, CODE, "Method of payment of the transport charges"),
    TXT(R, unloading_location_id, ID, "Place of unloading"),
    TXT(R, first_entry_office_id, ID, "Customs office of first entry: it assesses the risk"),
    OF(R, expected_arrival_at, GL_FIELD_INSTANT, "At the office of first entry"),
    {NAMED(R, subsequent_office_ids), .kind = GL_FIELD_TEXTS, .limit = ID, .help = "Offices of subsequent entry"},
    {NAMED(R, routing_country_ids), .kind = GL_FIELD_TEXTS, .limit = CODE, .help = "Itinerary, in its order"},
    {NAMED(R, seal_ids), .kind = GL_FIELD_TEXTS, .limit = ID, .help = NULL},
};
SHAPE(gl_shape_entry_summary, "entry summary", R, entry_fields);
#undef R

#define R gl_declaration
static const gl_field declaration_fields[] = {
    {NAMED(R, functional_reference_id), .kind = GL_FIELD_TEXT, .limit = 35, .form = GL_FORM_LRN, .required = true,
     .help = "LRN: the submitter's own reference, unique to the declaration, 1 to 35 printable characters"},
    {NAMED(R, family), .kind = GL_FIELD_ENUM, .names = family_names, .required = true, .help = NULL},
    TXT(R, function_code, CODE,
        "9 or none: an original declaration; 4: an amendment, the whole declaration as it is now; 1: a cancellation"),
    {NAMED(R, type_code), .kind = GL_FIELD_TEXT, .limit = CODE, .form = GL_FORM_TYPE_CODE, .required = true,
     .help = "Declaration type and additional type together: IMA, IMD, EXD, COA"},
    TXT(R, data_set, CODE, "H1 to H8, I1, B1 to B4, C1, C21, SAD, PARCEL, ENS"),
    TXT(R, procedure_category, CODE, NULL),
    OF(R, test_indicator, GL_FIELD_BOOL, "A declaration made for a test: it never releases goods"),
    OF(R, issue_date_time, GL_FIELD_INSTANT, NULL),
    OF(R, declared_date, GL_FIELD_DATE, "Date on the declaration itself"),
    TXT(R, declaration_office_id, ID, NULL),
    TXT(R, presentation_office_id, ID, NULL),
    TXT(R, supervising_office_id, ID, NULL),
    TXT(R, exit_office_id, ID, NULL),
    OF(R, goods_item_quantity, GL_FIELD_OPT_INT, "Number of items as declared"),
    OF(R, total_package_quantity, GL_FIELD_OPT_INT, NULL),
    MASS(R, total_gross_mass),
    OF(R, invoice_amount, GL_FIELD_AMOUNT, NULL),
    OF(R, exchange_rate, GL_FIELD_DECIMAL, NULL),
    OF(R, freight, GL_FIELD_AMOUNT, "Transport and insurance costs"),
    TXT(R, transaction_nature_code, CODE, NULL),
    REC(R, trade_terms, gl_shape_trade_terms, NULL),
    COUNTRY(R, export_country_id, "Country of dispatch or export"),
    COUNTRY(R, destination_country_id, NULL),
    TXT(R, ucr, ID, "Unique consignment reference"),
    LIST(R, parties, gl_shape_party, NULL),
    REC(R, border_transport, gl_shape_transport_means, NULL),
    REC(R, arrival_transport, gl_shape_transport_means, "Also the departure transport of an export"),
    TXT(R, inland_mode_code, CODE, NULL),
    TXT(R, container_code, CODE, "1 in containers, 0 not"),
    {NAMED(R, transport_equipment_ids), .kind = GL_FIELD_TEXTS, .limit = ID, .help = "Container numbers"},
    REC(R, goods_location, gl_shape_goods_location, NULL),
    TXT(R, loading_location_id, ID, NULL),
    TXT(R, warehouse_id, ID, NULL),
    TXT(R, warehouse_type_code, CODE, NULL),
    LIST(R, documents, gl_shape_document, "Documents of the whole declaration"),
    LIST(R, additional_information, gl_shape_additional_information, NULL),
    LIST(R, attributes, gl_shape_attribute, "Coded values without a home of their own"),
    LIST(R, items, gl_shape_item, "1 to 9,999"),
    REC(R, entry_summary, gl_shape_entry_summary, "Of a safety and security declaration"),
};
SHAPE(gl_shape_declaration, "declaration", R, declaration_fields);
#undef R

const gl_field *gl_shape_field(const gl_shape *shape, gl_str name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].name_len == name.len && memcmp(shape->fields[i].name, name.ptr, name.len) == 0)
            return &shape->fields[i];
    return NULL;
}

const char *gl_shape_nearest(const gl_shape *shape, gl_str name)
{
    const char *names[64] = {NULL};
    size_t count = shape->count < 63 ? shape->count : 63;
    for (size_t i = 0; i < count; i++)
        names[i] = shape->fields[i].name;
    return gl_nearest_name(name, names);
}

const char *gl_field_kind_text(gl_field_kind kind)
{
    static const char *const texts[] = {
        [GL_FIELD_TEXT] = "text",
        [GL_FIELD_TEXTS] = "a list of texts",
        [GL_FIELD_BOOL] = "true or false",
        [GL_FIELD_INT] = "a whole number",
        [GL_FIELD_OPT_INT] = "a whole number",
        [GL_FIELD_DATE] = "a date (2026-11-24)",
        [GL_FIELD_INSTANT] = "an instant (2026-11-24T06:35:01Z)",
        [GL_FIELD_ENUM] = "one of the names",
        [GL_FIELD_DECIMAL] = "a decimal number",
        [GL_FIELD_AMOUNT] = "an amount",
        [GL_FIELD_MEASURE] = "a measure",
        [GL_FIELD_RECORD] = "an object",
        [GL_FIELD_LIST] = "a list of objects",
    };
    return texts[kind];
}

int gl_names_index(const char *const *names, gl_str text)
{
    for (int i = 0; names[i] != NULL; i++)
        if (gl_str_eqz(text, names[i]))
            return i;
    return -1;
}

/* ISO 4217 list one with the codes withdrawn since 2003, in order: declarations are kept, and sent again. */
static const char currencies[][4] = {
    "AED", "AFA", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZM", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BYR", "BZD", "CAD", "CDF", "CHE",
    "CHF", "CHW", "CLF", "CLP", "CNY", "COP", "COU", "CRC", "CSD", "CUC", "CUP", "CVE", "CYP", "CZK", "DJF", "DKK",
    "DOP", "DZD", "EEK", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHC", "GHS", "GIP", "GMD", "GNF",
    "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY",
    "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LTL", "LVL",
    "LYD", "MAD", "MDL", "MGA", "MGF", "MKD", "MMK", "MNT", "MOP", "MRO", "MRU", "MTL", "MUR", "MVR", "MWK", "MXN",
    "MXV", "MYR", "MZM", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR",
    "PLN", "PYG", "QAR", "ROL", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDD", "SDG", "SEK", "SGD", "SHP",
    "SIT", "SKK", "SLE", "SLL", "SOS", "SRD", "SRG", "SSP", "STD", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMM",
    "TMT", "TND", "TOP", "TRL", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "USN", "UYI", "UYU", "UYW", "UZS",
    "VEB", "VED", "VEF", "VES", "VND", "VUV", "WST", "XAF", "XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XCD", "XCG",
    "XDR", "XOF", "XPD", "XPF", "XPT", "XSU", "XTS", "XUA", "XXX", "YER", "ZAR", "ZMK", "ZMW", "ZWD", "ZWG", "ZWL"};

bool gl_currency_known(gl_str code)
{
    if (code.len != 3)
        return false;
    size_t low = 0, high = sizeof currencies / sizeof *currencies;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(code.ptr, currencies[middle], 3);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static void write_decimal(gl_buf *buf, int64_t unscaled, int32_t scale)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    gl_buf_json(buf, gl_decimal_format((gl_decimal){unscaled, scale}, text));
}

bool gl_field_blank(const gl_field *field, const void *slot)
{
    switch (field->kind) {
    case GL_FIELD_TEXT:
        return ((const gl_str *)slot)->ptr == NULL;
    case GL_FIELD_TEXTS:
    case GL_FIELD_LIST:
        return ((const gl_list *)slot)->count == 0;
    case GL_FIELD_BOOL:
        return !*(const bool *)slot;
    case GL_FIELD_OPT_INT:
    case GL_FIELD_DATE:
        return !((const gl_opt_i32 *)slot)->set;
    case GL_FIELD_INSTANT:
        return !((const gl_opt_i64 *)slot)->set;
    case GL_FIELD_DECIMAL:
    case GL_FIELD_AMOUNT:
    case GL_FIELD_MEASURE:
    case GL_FIELD_RECORD:
        return *(const gl_record_pointer *)slot == NULL;
    case GL_FIELD_INT:
        return *(const int32_t *)slot == 0;
    case GL_FIELD_ENUM:
        return false;
    }
    return false;
}

static void write_date(gl_buf *buf, int32_t days)
{
    int year, month, day;
    gl_date_civil(days, &year, &month, &day);
    gl_buf_printf(buf, "\"%04d-%02d-%02d\"", year, month, day);
}

static void write_record(gl_buf *buf, const gl_shape *shape, const void *record);

static void write_list(gl_buf *buf, const gl_field *field, const gl_list *list)
{
    size_t step = field->kind == GL_FIELD_TEXTS ? sizeof(gl_str) : field->shape->bytes;
    gl_buf_byte(buf, '[');
    for (size_t i = 0; i < list->count; i++) {
        const void *element = (const char *)list->at + i * step;
        if (i > 0)
            gl_buf_byte(buf, ',');
        if (field->kind == GL_FIELD_TEXTS)
            gl_buf_json(buf, *(const gl_str *)element);
        else
            write_record(buf, field->shape, element);
    }
    gl_buf_byte(buf, ']');
}

static void write_amount(gl_buf *buf, const gl_declaration_amount *amount)
{
    gl_buf_text(buf, "{\"amount\":");
    write_decimal(buf, amount->unscaled, amount->scale);
    if (amount->currency_code.len > 0) {
        gl_buf_text(buf, ",\"currency\":");
        gl_buf_json(buf, amount->currency_code);
    }
    gl_buf_byte(buf, '}');
}

static void write_measure(gl_buf *buf, const gl_declaration_measure *measure)
{
    gl_buf_text(buf, "{\"value\":");
    write_decimal(buf, measure->unscaled, measure->scale);
    if (measure->unit_code.len > 0) {
        gl_buf_text(buf, ",\"unit\":");
        gl_buf_json(buf, measure->unit_code);
    }
    gl_buf_byte(buf, '}');
}

void gl_canonical_value(gl_buf *buf, const gl_field *field, const void *slot)
{
    char time[GL_TIME_TEXT_BYTES];
    int value = 0;
    switch (field->kind) {
    case GL_FIELD_TEXT:
        gl_buf_json(buf, *(const gl_str *)slot);
        return;
    case GL_FIELD_TEXTS:
    case GL_FIELD_LIST:
        write_list(buf, field, slot);
        return;
    case GL_FIELD_BOOL:
        gl_buf_text(buf, *(const bool *)slot ? "true" : "false");
        return;
    case GL_FIELD_INT:
        gl_buf_printf(buf, "%d", *(const int32_t *)slot);
        return;
    case GL_FIELD_OPT_INT:
        gl_buf_printf(buf, "%d", ((const gl_opt_i32 *)slot)->value);
        return;
    case GL_FIELD_DATE:
        write_date(buf, ((const gl_opt_i32 *)slot)->value);
        return;
    case GL_FIELD_INSTANT:
        gl_buf_json(buf, gl_time_format(((const gl_opt_i64 *)slot)->value, time));
        return;
    case GL_FIELD_ENUM:
        memcpy(&value, slot, sizeof value);
        gl_buf_json(buf, gl_str_of(field->names[value]));
        return;
    case GL_FIELD_DECIMAL: {
        const gl_declaration_decimal *decimal = *(gl_declaration_decimal *const *)slot;
        write_decimal(buf, decimal->unscaled, decimal->scale);
        return;
    }
    case GL_FIELD_AMOUNT:
        write_amount(buf, *(gl_declaration_amount *const *)slot);
        return;
    case GL_FIELD_MEASURE:
        write_measure(buf, *(gl_declaration_measure *const *)slot);
        return;
    case GL_FIELD_RECORD:
        write_record(buf, field->shape, *(const gl_record_pointer *)slot);
        return;
    }
}

static void write_record(gl_buf *buf, const gl_shape *shape, const void *record)
{
    bool first = true;
    gl_buf_byte(buf, '{');
    for (size_t i = 0; i < shape->count; i++) {
        const gl_field *field = &shape->fields[i];
        const void *slot = (const char *)record + field->offset;
        if (gl_field_blank(field, slot))
            continue;
        if (!first)
            gl_buf_byte(buf, ',');
        first = false;
        gl_buf_byte(buf, '"');
        gl_buf_bytes(buf, field->name, field->name_len);
        gl_buf_text(buf, "\":");
        gl_canonical_value(buf, field, slot);
    }
    gl_buf_byte(buf, '}');
}

void gl_canonical_json(gl_buf *buf, const gl_declaration *declaration)
{
    write_record(buf, &gl_shape_declaration, declaration);
}

const gl_shape *const gl_canonical_shapes[] = {&gl_shape_declaration,
                                               &gl_shape_item,
                                               &gl_shape_party,
                                               &gl_shape_document,
                                               &gl_shape_duty_tax_fee,
                                               &gl_shape_packaging,
                                               &gl_shape_classification,
                                               &gl_shape_valuation_adjustment,
                                               &gl_shape_additional_information,
                                               &gl_shape_transport_means,
                                               &gl_shape_goods_location,
                                               &gl_shape_trade_terms,
                                               &gl_shape_entry_summary,
                                               &gl_shape_attribute,
                                               NULL};

static void document_kind(gl_buf *buf, const gl_field *field)
{
    if (field->kind == GL_FIELD_TEXT && field->form == GL_FORM_COUNTRY)
        gl_buf_text(buf, "country, two letters");
    else if (field->kind == GL_FIELD_TEXT)
        gl_buf_printf(buf, "text, at most %d characters", field->limit);
    else if (field->kind == GL_FIELD_RECORD)
        gl_buf_printf(buf, "object: %s", field->shape->name);
    else if (field->kind == GL_FIELD_LIST)
        gl_buf_printf(buf, "list of objects: %s", field->shape->name);
    else if (field->kind == GL_FIELD_ENUM)
        for (size_t i = 0; field->names[i] != NULL; i++)
            gl_buf_printf(buf, "%s`%s`", i > 0 ? ", " : "", field->names[i]);
    else
        gl_buf_text(buf, gl_field_kind_text(field->kind));
}

void gl_canonical_document(gl_buf *buf)
{
    for (size_t s = 0; gl_canonical_shapes[s] != NULL; s++) {
        const gl_shape *shape = gl_canonical_shapes[s];
        gl_buf_printf(buf, "\n#### %s\n\n| field | value | |\n|---|---|---|\n", shape->name);
        for (size_t i = 0; i < shape->count; i++) {
            const gl_field *field = &shape->fields[i];
            gl_buf_printf(buf, "| `%s` | ", field->name);
            document_kind(buf, field);
            gl_buf_printf(buf, " | %s%s%s |\n", field->required ? "required" : "",
                          field->required && field->help != NULL ? "; " : "", field->help == NULL ? "" : field->help);
        }
    }
}
