/* The tables. See ens_map.h. */
#include "ingest/formats/ens/ens_map.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

const char gl_ens_format[] = "ens-xml";

/* How often. */
#define ONE       .least = 1, .most = 1
#define MAY       .most = 1
#define UP_TO(n)  .most = (n)
#define ANY       .most = 0
#define SOME      .least = 1, .most = 0
#define ONLY(m)   .only = GL_ENS_##m
#define TEXT(n)   .form = GL_ENS_TEXT, .limit = (n)
#define NUMBER(n) .form = GL_ENS_NUMBER, .limit = (n)
#define IS(f)     .form = GL_ENS_##f

/* What it becomes. */
#define FIELD(f)        .action = GL_ENS_FIELD, .field = (f), .key = -1
#define ATTRIBUTE(f)    .action = GL_ENS_ATTRIBUTE, .field = (f), .key = -1
#define PROFILE(f)      .action = GL_ENS_PROFILE, .field = (f), .key = -1
#define CUSTOM(f, r, p) .action = GL_ENS_CUSTOM, .field = (f), .key = -1, .read = (r), .put = (p)
#define PART(f)         .action = GL_ENS_PART, .field = (f), .key = -1
#define ENTER(t)        .form = GL_ENS_GROUP, .action = GL_ENS_ENTER, .key = -1, .inside = &(t)
#define EACH(t)         .form = GL_ENS_GROUP, .action = GL_ENS_EACH, .key = -1, .inside = &(t)
#define LIST(f, k, t)   .form = GL_ENS_GROUP, .action = GL_ENS_LIST, .field = (f), .key = (k), .inside = &(t)
#define PARTY(r, t)     LIST("parties", GL_DECLARATION_PARTY_ROLE_##r, t)
#define LANGUAGE(e)                                                                                                    \
    {                                                                                                                  \
        (e), "language", MAY, IS(LANGUAGE), .action = GL_ENS_LEFT, .key = -1, .note = LANGUAGE_NOTE                    \
    }
#define LANGUAGE_NOTE "texts are UTF-8 in any language, and nothing is decided by which one it is"

#define TABLE(name, s, r)                                                                                              \
    static const gl_ens_table name = {.shape = &(s), .rows = (r), .count = sizeof(r) / sizeof *(r)}

/* Traders: each has elements of its own names, in one of three orders. */
#define NAME_(e)                                                                                                       \
    {                                                                                                                  \
        (e), "name", MAY, TEXT(35), FIELD("name")                                                                      \
    }
#define STREET_(e)                                                                                                     \
    {                                                                                                                  \
        (e), "street and number", MAY, TEXT(35), FIELD("street")                                                       \
    }
#define POSTCODE_(e)                                                                                                   \
    {                                                                                                                  \
        (e), "postal code", MAY, TEXT(9), FIELD("postcode")                                                            \
    }
#define CITY_(e)                                                                                                       \
    {                                                                                                                  \
        (e), "city", MAY, TEXT(35), FIELD("city")                                                                      \
    }
#define COUNTRY_(e)                                                                                                    \
    {                                                                                                                  \
        (e), "country code", MAY, IS(COUNTRY), FIELD("country_code")                                                   \
    }
#define TIN_(e, n)                                                                                                     \
    {                                                                                                                  \
        (e), "TIN", .least = (n), .most = 1, IS(TIN), FIELD("id")                                                      \
    }
#define TRADER(table, tins, name, street, postcode, city, country, language, tin)                                      \
    static gl_ens_row table##_rows[] = {NAME_(name),       STREET_(street),    POSTCODE_(postcode), CITY_(city),       \
                                        COUNTRY_(country), LANGUAGE(language), TIN_(tin, tins)};                       \
    TABLE(table, gl_shape_party, table##_rows)

TRADER(consignor, 0, "NamCO17", "StrAndNumCO122", "PosCodCO123", "CitCO124", "CouCO125", "NADLNGCO", "TINCO159");
TRADER(consignee, 0, "NamCE17", "StrAndNumCE122", "PosCodCE123", "CitCE124", "CouCE125", "NADLNGCE", "TINCE159");
TRADER(notify, 0, "NamNOTPAR672", "StrNumNOTPAR673", "PosCodNOTPAR676", "CitNOTPAR674", "CouCodNOTPAR675",
       "NOTPAR670LNG", "TINNOTPAR671");
TRADER(item_consignor, 0, "NamCO27", "StrAndNumCO222", "PosCodCO223", "CitCO224", "CouCO225", "NADLNGGTCO", "TINCO259");
TRADER(item_consignee, 0, "NamCE27", "StrAndNumCE222", "PosCodCE223", "CitCE224", "CouCE225", "NADLNGGICE", "TINCE259");
TRADER(item_notify, 0, "NamPRTNOT642", "StrNumPRTNOT646", "PstCodPRTNOT644", "CtyPRTNOT643", "CouCodGINOT647",
       "PRTNOT640LNG", "TINPRTNOT641");
TRADER(representative, 1, "NamTRE1", "StrAndNumTRE1", "PosCodTRE1", "CitTRE1", "CouCodTRE1", "TRAREPLNG", "TINTRE1");
TRADER(person, 1, "NamPLD1", "StrAndNumPLD1", "PosCodPLD1", "CitPLD1", "CouCodPLD1", "PERLODSUMDECLNG", "TINPLD1");
TRADER(carrier, 0, "NamTRACARENT604", "StrNumTRACARENT607", "PstCodTRACARENT606", "CtyTRACARENT603",
       "CouCodTRACARENT605", "TRACARENT601LNG", "TINTRACARENT602");

/* --- a goods item --- */

static gl_ens_row document_rows[] = {
    {"DocTypDC21", "document type", ONE, TEXT(4), FIELD("type_code")},
    {"DocRefDC23", "document reference", ONE, TEXT(35), FIELD("id")},
    LANGUAGE("DocRefDCLNG"),
};
TABLE(document, gl_shape_document, document_rows);

static gl_ens_row mention_rows[] = {
    {"AddInfCodMT23", "additional information code", ONE, TEXT(5), FIELD("statement_code")}};
TABLE(mention, gl_shape_additional_information, mention_rows);

static gl_ens_row commodity_rows[] = {{"ComNomCMD1", "Combined Nomenclature code", ONE, IS(CODE), .limit = 8,
                                       CUSTOM("`classifications` of type CN; `commodity_code` from 6 digits on",
                                              gl_ens_read_commodity, gl_ens_put_commodity)}};
TABLE(commodity, gl_shape_item, commodity_rows);

static gl_ens_row container_rows[] = {{"ConNumNR21", "container number", ONE, TEXT(17), ATTRIBUTE("container")}};
TABLE(container, gl_shape_item, container_rows);

static gl_ens_row means_rows[] = {
    {"NatIDEMEATRAGI973", "nationality", MAY, IS(COUNTRY), PART("with its identity")},
    {"IdeMeaTraGIMEATRA971", "identity of means of transport crossing border", ONE, TEXT(27), PART("the attribute")},
    LANGUAGE("IdeMeaTraGIMEATRA972LNG"),
};
TABLE(means, gl_shape_item, means_rows);

static gl_ens_row package_rows[] = {
    {"KinOfPacGS23", "kind of packages", ONE, IS(EXACT), .limit = 2, FIELD("type_code")},
    {"NumOfPacGS24", "number of packages", MAY, NUMBER(5),
     CUSTOM("`quantity`", gl_ens_read_quantity, gl_ens_put_packages)},
    {"NumOfPieGS25", "number of pieces", MAY, NUMBER(5),
     CUSTOM("`quantity`, of goods that are not packed", gl_ens_read_quantity, gl_ens_put_pieces)},
    {"MarNumOfPacGSL21", "marks and numbers of packages", MAY, TEXT(140), FIELD("marks")},
    LANGUAGE("MarNumOfPacGSL21LNG"),
};
TABLE(package, gl_shape_packaging, package_rows);

static gl_ens_row item_rows[] = {
    {"IteNumGDS7", "item number", ONE, NUMBER(5), CUSTOM("`sequence_numeric`", gl_ens_read_number, gl_ens_put_number)},
    {"GooDesGDS23", "goods description", MAY, TEXT(280), FIELD("description")},
    LANGUAGE("GooDesGDS23LNG"),
    {"GroMasGDS46", "gross mass", MAY, IS(MASS), FIELD("gross_mass")},
    {"MetOfPayGDI12", "transport charges, method of payment", MAY, IS(CAPITAL), ATTRIBUTE("transport_charges")},
    {"ComRefNumGIM1", "commercial reference number", MAY, TEXT(70), FIELD("ucr")},
    {"UNDanGooCodGDI1", "UN dangerous goods code", MAY, IS(DIGITS), .limit = 4, ATTRIBUTE("un_dangerous_goods")},
    {"PlaLoaGOOITE333", "place of loading", MAY, IS(PLACE), ATTRIBUTE("place_of_loading")},
    LANGUAGE("PlaLoaGOOITE333LNG"),
    {"PlaUnlGOOITE333", "place of unloading", MAY, IS(PLACE), ATTRIBUTE("place_of_unloading")},
    LANGUAGE("PlaUnlGOOITE333LNG"),
    {"PRODOCDC2", "produced documents and certificates", UP_TO(99), .form = GL_ENS_GROUP, .inside = &document,
     CUSTOM("`documents`, TRANSPORT by its type, else SUPPORTING", gl_ens_read_produced, gl_ens_put_documents)},
    {"SPEMENMT2", "special mentions", UP_TO(99), LIST("additional_information", -1, mention)},
    {"TRACONCO2", "consignor of the item", MAY, PARTY(CONSIGNOR, item_consignor)},
    {"COMCODGODITM", "commodity code", MAY, ENTER(commodity)},
    {"TRACONCE2", "consignee of the item", MAY, PARTY(CONSIGNEE, item_consignee)},
    {"CONNR2", "containers", UP_TO(99), EACH(container)},
    {"IDEMEATRAGI970", "identity of means of transport at border", ANY, .form = GL_ENS_GROUP, .inside = &means,
     CUSTOM("attribute `means_of_transport`: nationality (or --) and identity", gl_ens_read_means, gl_ens_put_means)},
    {"PACGS2", "packages", UP_TO(99), LIST("packaging", -1, package)},
    {"PRTNOT640", "notify party of the item", MAY, PARTY(NOTIFY, item_notify)},
};
TABLE(item, gl_shape_item, item_rows);

/* --- the declaration --- */

static gl_ens_row header_rows[] = {
    {"RefNumHEA4", "reference number (LRN)", ONE, ONLY(315), TEXT(22), FIELD("functional_reference_id")},
    {"DocNumHEA5", "document/reference number (MRN)", ONE, ONLY(313), IS(MRN),
     CUSTOM("which declaration it amends; `function_code` 4", gl_ens_read_amended, NULL)},
    {"TraModAtBorHEA76", "transport mode at border", ONE, NUMBER(2), FIELD("border_transport.mode_code")},
    {"IdeOfMeaOfTraCroHEA85", "identity of means of transport crossing border", MAY, TEXT(27),
     FIELD("border_transport.id")},
    LANGUAGE("IdeOfMeaOfTraCroHEA85LNG"),
    {"NatOfMeaOfTraCroHEA87", "nationality of means of transport crossing border", MAY, IS(COUNTRY),
     FIELD("border_transport.nationality_code")},
    {"TotNumOfIteHEA305", "total number of items", ONE, NUMBER(5), FIELD("goods_item_quantity"),
     .put = gl_ens_put_item_count},
    {"TotNumOfPacHEA306", "total number of packages", MAY, NUMBER(7), FIELD("total_package_quantity")},
    {"TotGroMasHEA307", "total gross mass", MAY, IS(MASS), FIELD("total_gross_mass")},
    {"DecPlaHEA394", "declaration place", ONE, ONLY(315), TEXT(35), ATTRIBUTE("declaration_place"),
     .put = gl_ens_put_place},
    {"DecPlaHEA394LNG", "language", MAY, ONLY(315), IS(LANGUAGE), .action = GL_ENS_LEFT, .key = -1,
     .note = LANGUAGE_NOTE},
    {"AmdPlaHEA598", "amendment place", ONE, ONLY(313), TEXT(35), ATTRIBUTE("declaration_place")},
    {"AmdPlaHEA598LNG", "language", MAY, ONLY(313), IS(LANGUAGE), .action = GL_ENS_LEFT, .key = -1,
     .note = LANGUAGE_NOTE},
    {"SpeCirIndHEA1", "specific circumstance indicator", MAY, IS(CAPITAL),
     FIELD("entry_summary.specific_circumstance_code")},
    {"TraChaMetOfPayHEA1", "transport charges, method of payment", MAY, IS(CAPITAL),
     FIELD("entry_summary.transport_charges_code")},
    {"ComRefNumHEA", "commercial reference number", MAY, TEXT(70), FIELD("ucr")},
    {"ConRefNumHEA", "conveyance reference number", MAY, TEXT(35), FIELD("entry_summary.conveyance_reference_id")},
    {"PlaLoaGOOITE334", "place of loading", MAY, IS(PLACE), FIELD("loading_location_id")},
    LANGUAGE("PlaLoaGOOITE334LNG"),
    {"PlaUnlGOOITE334", "place of unloading", MAY, IS(PLACE), FIELD("entry_summary.unloading_location_id")},
    LANGUAGE("CodPlUnHEA357LNG"),
    {"DecDatTimHEA114", "declaration date and time", ONE, ONLY(315), IS(MOMENT), FIELD("issue_date_time")},
    {"DatTimAmeHEA113", "date and time of amendment", ONE, ONLY(313), IS(MOMENT), FIELD("issue_date_time")},
};
TABLE(header, gl_shape_declaration, header_rows);

static gl_ens_row itinerary_rows[] = {
    {"CouOfRouCodITI1", "country of routing", ONE, IS(COUNTRY), FIELD("entry_summary.routing_country_ids")}};
TABLE(itinerary, gl_shape_declaration, itinerary_rows);

static gl_ens_row lodgement_rows[] = {
    {"RefNumCOL1", "reference number of the office", ONE, IS(OFFICE), FIELD("declaration_office_id")}};
TABLE(lodgement, gl_shape_declaration, lodgement_rows);

static gl_ens_row seal_rows[] = {{"SeaIdSEAID530", "seal", ONE, TEXT(20), FIELD("entry_summary.seal_ids")},
                                 LANGUAGE("SeaIdSEAID530LNG")};
TABLE(seal, gl_shape_declaration, seal_rows);

static gl_ens_row entry_rows[] = {
    {"RefNumCUSOFFFENT731", "reference number of the office", ONE, IS(OFFICE),
     FIELD("entry_summary.first_entry_office_id")},
    {"ExpDatOfArrFIRENT733", "expected date and time of arrival", ONE, IS(MOMENT),
     FIELD("entry_summary.expected_arrival_at")},
};
TABLE(entry, gl_shape_declaration, entry_rows);

static gl_ens_row subsequent_rows[] = {{"RefNumSUBENR909", "reference number of the office", ONE, IS(OFFICE),
                                        FIELD("entry_summary.subsequent_office_ids")}};
TABLE(subsequent, gl_shape_declaration, subsequent_rows);

static gl_ens_row root_rows[] = {
    {"MesSenMES3", "message sender", ONE, TEXT(35), ATTRIBUTE("message_sender"), .put = gl_ens_put_sender},
    {"MesRecMES6", "message recipient", MAY, TEXT(35), ATTRIBUTE("message_recipient")},
    {"DatOfPreMES9", "date of preparation", ONE, IS(DATE), PROFILE("prepared"), .put = gl_ens_put_prepared},
    {"TimOfPreMES10", "time of preparation", ONE, IS(TIME), PROFILE("at"), .put = gl_ens_put_prepared},
    {"PriMES15", "priority", MAY, IS(LETTER), PROFILE("priority")},
    {"MesIdeMES19", "message identification", ONE, TEXT(14), PROFILE("id"), .put = gl_ens_put_prepared},
    {"MesTypMES20", "message type", ONE, IS(NAME), PROFILE("type"), .put = gl_ens_put_name},
    {"CorIdeMES25", "correlation identifier", MAY, TEXT(14), PROFILE("about")},
    {"HEAHEA", "header", ONE, ENTER(header)},
    {"TRACONCO1", "consignor", MAY, PARTY(CONSIGNOR, consignor)},
    {"TRACONCE1", "consignee", MAY, PARTY(CONSIGNEE, consignee)},
    {"NOTPAR670", "notify party", MAY, PARTY(NOTIFY, notify)},
    {"GOOITEGDS", "goods item", SOME, .form = GL_ENS_GROUP, .inside = &item,
     CUSTOM("`items`", gl_ens_read_item, gl_ens_put_items)},
    {"ITI", "itinerary", UP_TO(99), EACH(itinerary)},
    {"CUSOFFLON", "customs office of lodgement", MAY, ONLY(315), ENTER(lodgement)},
    {"TRAREP", "representative", MAY, PARTY(AGENT, representative)},
    {"PERLODSUMDEC", "person lodging the summary declaration", ONE, PARTY(DECLARANT, person)},
    {"SEAID529", "seals", ANY, EACH(seal)},
    {"CUSOFFFENT730", "customs office of first entry", ONE, ENTER(entry)},
    {"CUSOFFSENT740", "customs office of subsequent entry", UP_TO(99), EACH(subsequent)},
    {"TRACARENT601", "carrier at entry", MAY, PARTY(CARRIER, carrier)},
};
const gl_ens_table gl_ens_root = {&gl_shape_declaration, root_rows, sizeof root_rows / sizeof *root_rows};

/* --- looking up --- */

/* "entry_summary.seal_ids": the record that holds it, and the field. */
static void resolve(const gl_shape *shape, gl_ens_row *row)
{
    const char *dot = strchr(row->field, '.');
    if (dot != NULL) {
        row->holder = gl_shape_field(shape, (gl_str){row->field, (size_t)(dot - row->field)});
        shape = row->holder == NULL ? shape : row->holder->shape;
    }
    row->target = gl_shape_field(shape, gl_str_of(dot == NULL ? row->field : dot + 1));
    if (row->target == NULL || (dot != NULL && row->holder == NULL)) {
        fprintf(stderr, "ens mapping: %s has no field %s\n", shape->name, row->field);
        abort();
    }
}

static void prepare_table(const gl_ens_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        gl_ens_row *row = &table->rows[i];
        row->name = gl_str_of(row->element);
        if (row->action == GL_ENS_FIELD || row->action == GL_ENS_LIST)
            resolve(table->shape, row);
        if (row->inside != NULL)
            prepare_table(row->inside);
    }
}

static void prepare_all(void)
{
    prepare_table(&gl_ens_root);
}

void gl_ens_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_all);
}

bool gl_ens_is_in(const gl_ens_row *row, gl_ens_message message)
{
    return row->only == GL_ENS_BOTH || row->only == message;
}

const gl_ens_row *gl_ens_row_of(const gl_ens_table *table, gl_ens_message message, gl_str element)
{
    return gl_ens_row_from(table, message, element, 0);
}

static const gl_ens_row *row_between(const gl_ens_table *table, gl_ens_message message, gl_str element, size_t from,
                                     size_t to)
{
    for (const gl_ens_row *row = table->rows + from; row < table->rows + to; row++)
        if (gl_str_eq(row->name, element) && gl_ens_is_in(row, message))
            return row;
    return NULL;
}

const gl_ens_row *gl_ens_row_from(const gl_ens_table *table, gl_ens_message message, gl_str element, size_t from)
{
    const gl_ens_row *row = row_between(table, message, element, from, table->count);
    return row != NULL ? row : row_between(table, message, element, 0, from);
}

/* --- profiles --- */

/* Where " word " is in the text, or NULL. */
static const char *word_in(gl_str text, const char *word)
{
    char pattern[32];
    int len = snprintf(pattern, sizeof pattern, " %s ", word);
    return text.len == 0 ? NULL : memmem(text.ptr, text.len, pattern, (size_t)len);
}

/* It ends before the next word of a row. */
gl_str gl_ens_profile_part(gl_str profile, const char *word)
{
    size_t first = strlen(word);
    const char *at = word_in(profile, word);
    if (at != NULL)
        at += first + 2;
    else if (profile.len > first && memcmp(profile.ptr, word, first) == 0 && profile.ptr[first] == ' ')
        at = profile.ptr + first + 1;
    else
        return (gl_str){NULL, 0};
    const char *end = profile.ptr + profile.len;
    for (size_t i = 0; i < gl_ens_root.count; i++) {
        const gl_ens_row *row = &gl_ens_root.rows[i];
        const char *next = row->action == GL_ENS_PROFILE ? word_in((gl_str){at, (size_t)(end - at)}, row->field) : NULL;
        end = next != NULL ? next : end;
    }
    return (gl_str){at, (size_t)(end - at)};
}

/* --- documentation --- */

static void document_row(gl_buf *buf, const gl_ens_row *row)
{
    switch (row->action) {
    case GL_ENS_LEFT:
        gl_buf_text(buf, "not carried");
        return;
    case GL_ENS_ATTRIBUTE:
        gl_buf_printf(buf, "attribute `%s`", row->field);
        return;
    case GL_ENS_PROFILE:
        gl_buf_printf(buf, "`message.profile`, after \"%s\"", row->field);
        return;
    case GL_ENS_CUSTOM:
    case GL_ENS_PART:
        gl_buf_text(buf, row->field);
        return;
    case GL_ENS_LIST:
        gl_buf_printf(buf, "`%s`", row->field);
        if (row->key >= 0)
            gl_buf_printf(buf, ", %s", row->target->shape->fields[0].names[row->key]);
        return;
    case GL_ENS_FIELD:
        gl_buf_printf(buf, "`%s`", row->field);
        return;
    case GL_ENS_ENTER:
    case GL_ENS_EACH:
        return;
    }
}

static void document_times(gl_buf *buf, const gl_ens_row *row)
{
    if (row->most == 0)
        gl_buf_printf(buf, "%d to any", row->least);
    else if (row->least == row->most)
        gl_buf_printf(buf, "%d", row->most);
    else
        gl_buf_printf(buf, "%d to %d", row->least, row->most);
}

static void document_table(gl_buf *buf, const gl_ens_table *table, const char *prefix)
{
    gl_buf path = {0};
    for (size_t i = 0; i < table->count; i++) {
        const gl_ens_row *row = &table->rows[i];
        path.len = 0;
        gl_buf_printf(&path, "%s%s%s", prefix, *prefix == 0 ? "" : "/", row->element);
        gl_buf_byte(&path, 0);
        gl_buf_printf(buf, "| `%s`%s | %s | ", (const char *)path.data,
                      row->only == GL_ENS_315   ? " (IE315)"
                      : row->only == GL_ENS_313 ? " (IE313)"
                                                : "",
                      row->words);
        document_times(buf, row);
        gl_buf_text(buf, " | ");
        document_row(buf, row);
        gl_buf_printf(buf, " | %s |\n", row->note == NULL ? "" : row->note);
        if (row->inside != NULL)
            document_table(buf, row->inside, (const char *)path.data);
    }
    gl_buf_free(&path);
}

void gl_ens_document(gl_buf *buf)
{
    gl_ens_prepare();
    gl_buf_text(buf, "| element | what it is | times | canonical | |\n|---|---|---|---|---|\n");
    document_table(buf, &gl_ens_root, "");
}
