/* What the customs of the tables read. See trade_map.h. */
#include "ingest/formats/trade/trade_map.h"

static gl_str arena_text(gl_trade *trade, const char *format, gl_str first, gl_str second)
{
    return gl_str_of(gl_arena_printf(trade->report->arena, format, GL_STR_ARG(first), GL_STR_ARG(second)));
}

/* --- parties --- */

/* Company and person, in the order in which they are given. */
void gl_trade_read_name(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    gl_declaration_party *party = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    bool company = strncmp(rule->names, "company", 7) == 0;
    if (party->name.ptr == NULL) {
        gl_trade_set(trade, &gl_shape_party, "name", party, text, from, path);
        return;
    }
    if (text.len == 0 || gl_str_eq(party->name, text))
        return;
    party->name = company ? arena_text(trade, "%.*s, %.*s", text, party->name)
                          : arena_text(trade, "%.*s, %.*s", party->name, text);
    gl_report_origin(trade->report, NULL, from);
}

/* Who lives there: the party, or the first line of its address. */
void gl_trade_read_address_name(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                                const gl_path *path)
{
    gl_declaration_party *party = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    if (text.len == 0)
        return;
    if (party->name.ptr == NULL) {
        gl_trade_set(trade, &gl_shape_party, "name", party, text, from, path);
    } else if (party->street.ptr == NULL) {
        gl_trade_set(trade, &gl_shape_party, "street", party, text, from, path);
    } else {
        party->street = arena_text(trade, "%.*s, %.*s", text, party->street);
        gl_report_origin(trade->report, NULL, from);
    }
}

void gl_trade_read_street(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                          const gl_path *path)
{
    gl_declaration_party *party = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    if (text.len == 0)
        return;
    if (party->street.ptr == NULL) {
        gl_trade_set(trade, &gl_shape_party, "street", party, text, from, path);
        return;
    }
    party->street = arena_text(trade, "%.*s, %.*s", party->street, text);
    gl_report_origin(trade->report, NULL, from);
}

static void add_to_city(gl_trade *trade, gl_declaration_party *party, gl_str text, const gl_json *from,
                        const gl_path *path)
{
    if (party->city.ptr == NULL) {
        gl_trade_set(trade, &gl_shape_party, "city", party, text, from, path);
        return;
    }
    party->city = arena_text(trade, "%.*s, %.*s", party->city, text);
    gl_report_origin(trade->report, NULL, from);
}

void gl_trade_read_city(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    if (text.len > 0)
        add_to_city(trade, record, text, from, path);
}

void gl_trade_read_country(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                           const gl_path *path)
{
    gl_declaration_party *party = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    bool code = text.len == 2 && text.ptr[0] >= 'A' && text.ptr[0] <= 'Z' && text.ptr[1] >= 'A' && text.ptr[1] <= 'Z';
    gl_path member = {path, "country_code", &party->country_code};
    (void)rule;
    if (code) {
        gl_trade_set(trade, &gl_shape_party, "country_code", party, text, from, path);
        return;
    }
    gl_report_at(trade->report, from, &member,
                 &(gl_problem){.code = "invalid-code", .warning = true, .allowed = "two capital letters, ISO 3166"},
                 "not a country code: it stands behind the city");
    if (text.len > 0)
        add_to_city(trade, party, text, from, path);
}

/* A party of an item, whose role is said in words. */
void gl_trade_read_item_party(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                              const gl_path *path)
{
    static const char *const roles[] = {"declarant", "agent", "submitter", "importer", "exporter", "consignee",
                                        "consignor", "buyer", "seller",    "carrier",  "notify",   NULL};
    gl_declaration_goods_item *item = record;
    gl_str said = node->type == GL_JSON_OBJECT ? gl_json_text(node, "role") : GL_STR("");
    char word[24] = "";
    for (size_t i = 0; i < said.len && said.len < sizeof word; i++)
        word[i] = (char)(said.ptr[i] >= 'A' && said.ptr[i] <= 'Z' ? said.ptr[i] + 32 : said.ptr[i]);
    int role = gl_names_index(roles, gl_str_of(word));
    if (node->type == GL_JSON_ARRAY) {
        for (size_t i = 0; i < node->count; i++)
            gl_trade_read_item_party(trade, rule, node->items[i], record, path);
        return;
    }
    gl_declaration_party *made = gl_list_append(trade->report, (gl_list *)&item->parties, sizeof *made, node);
    gl_path list = {path, "parties", &item->parties}, element = {&list, NULL, gl_record_slot(made)};
    made->role = role >= 0 ? (gl_declaration_party_role)role : GL_DECLARATION_PARTY_ROLE_OTHER;
    if (role < 0 && said.len > 0)
        gl_trade_set(trade, &gl_shape_party, "role_code", made, said, gl_json_get(node, "role"), &element);
    if (node->type == GL_JSON_OBJECT)
        gl_trade_walk(trade, rule->inside, node, made, &element);
}

/* --- transport --- */

static gl_declaration_transport_means *border(gl_trade *trade, const gl_json *node)
{
    gl_declaration *declaration = trade->declaration;
    if (declaration->border_transport == NULL) {
        declaration->border_transport = GL_NEW(trade->report->arena, gl_declaration_transport_means);
        gl_report_origin(trade->report, &declaration->border_transport, node);
    }
    return declaration->border_transport;
}

void gl_trade_read_mode(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    static const char *const modes[][2] = {{"ocean", "1"}, {"sea", "1"},  {"vessel", "1"},  {"maritime", "1"},
                                           {"rail", "2"},  {"road", "3"}, {"truck", "3"},   {"air", "4"},
                                           {"mail", "5"},  {"post", "5"}, {"pipeline", "7"}};
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    char word[16] = "";
    (void)record, (void)rule;
    for (size_t i = 0; i < text.len && text.len < sizeof word; i++)
        word[i] = (char)(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] + 32 : text.ptr[i]);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(word, modes[i][0]) == 0) {
            gl_trade_set(trade, &gl_shape_transport_means, "mode_code", border(trade, from), gl_str_of(modes[i][1]),
                         from, path);
            return;
        }
    if (text.len == 0)
        return;
    gl_report_at(
        trade->report, from, path,
        &(gl_problem){.code = "unknown-code", .warning = true, .allowed = "Ocean, Rail, Truck, Air, Mail, Pipeline"},
        "not a mode of transport that is known: it is kept as the attribute transport_mode");
    gl_trade_set_attribute(trade, "transport_mode", text, from);
}

/* A place of goods, or a means of transport: its identification. */
void gl_trade_read_place(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                         const gl_path *path)
{
    gl_declaration *declaration = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    if (rule->inside != NULL) {
        gl_trade_set(trade, &gl_shape_transport_means, "id", border(trade, node), text, from, path);
        return;
    }
    if (text.len == 0 || declaration->goods_location != NULL)
        return;
    declaration->goods_location = GL_NEW(trade->report->arena, gl_declaration_goods_location);
    gl_report_origin(trade->report, &declaration->goods_location, node);
    gl_trade_set(trade, &gl_shape_goods_location, "id", declaration->goods_location, text, from, path);
}

/* --- documents and numbers --- */

/* The document's own number is the LRN; of a bill and a postal item it is the transport document's, too. */
static void add_transport(gl_trade *trade, const char *type, gl_str id, const gl_json *node)
{
    gl_declaration *declaration = trade->declaration;
    for (size_t i = 0; i < declaration->documents.count; i++) /* said twice */
        if (declaration->documents.at[i].kind == GL_DECLARATION_DOCUMENT_KIND_TRANSPORT &&
            gl_str_eqz(declaration->documents.at[i].type_code, type) &&
            gl_str_eq(declaration->documents.at[i].id, id)) {
            gl_report_origin(trade->report, NULL, node);
            return;
        }
    gl_declaration_document *made =
        gl_list_append(trade->report, (gl_list *)&declaration->documents, sizeof *made, node);
    made->kind = GL_DECLARATION_DOCUMENT_KIND_TRANSPORT;
    made->type_code = gl_str_of(type);
    made->id = id;
    gl_report_origin(trade->report, &made->id, node);
}

void gl_trade_read_number(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                          const gl_path *path)
{
    const gl_trade_form *form = trade->form;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    if (text.len == 0)
        return;
    gl_trade_set(trade, &gl_shape_declaration, "functional_reference_id", record,
                 arena_text(trade, "%.*s%.*s", gl_str_of(form->lrn_prefix), text), from, path);
    if (strncmp(rule->names, "entryNumber", 11) == 0)
        gl_trade_set_attribute(trade, "entry_number", text, from);
    else if (strncmp(rule->names, "shipmentTrackingNumber", 22) == 0)
        gl_trade_set_attribute(trade, "tracking_number", text, from);
    else
        add_transport(trade, trade->air ? form->air : form->sea, text, from);
}

/* The bill that an entry is about; `bolType` says which kind. */
void gl_trade_read_bill(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    const gl_json *from, *type = NULL;
    gl_str text = gl_trade_text(node, &from), kind = GL_STR("");
    (void)record, (void)rule, (void)path;
    if ((type = gl_json_get(trade->object, "bolType")) != NULL && type->type == GL_JSON_STRING)
        kind = type->text;
    if (text.len > 0)
        add_transport(trade,
                      gl_str_eqz(kind, "Master")  ? "N704"
                      : gl_str_eqz(kind, "House") ? "N714"
                      : trade->air                ? trade->form->air
                                                  : trade->form->sea,
                      text, from);
}

void gl_trade_read_master(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                          const gl_path *path)
{
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)record, (void)rule, (void)path;
    if (text.len > 0)
        add_transport(trade, trade->air ? "N741" : "N704", text, from);
}

/* The day of a date or of an instant; what it is more is kept beside it. */
void gl_trade_read_day(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                       const gl_path *path)
{
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    gl_str day = text.len > 10 && text.ptr[10] == 'T' ? (gl_str){text.ptr, 10} : text;
    gl_trade_set(trade, &gl_shape_declaration, "declared_date", record, day, from, path);
    if (day.len < text.len)
        gl_trade_set_attribute(trade, strncmp(rule->names, "summaryDate", 11) == 0 ? "summary_date" : "posting_date",
                               text, from);
}

/* It was read before the amounts. */
void gl_trade_read_currency(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                            const gl_path *path)
{
    (void)rule, (void)path, (void)record;
    gl_report_origin(trade->report, NULL, node);
}

void gl_trade_read_ioss(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    gl_declaration *declaration = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    if (text.len == 0)
        return;
    gl_declaration_party *made = gl_list_append(trade->report, (gl_list *)&declaration->parties, sizeof *made, node);
    gl_path list = {path, "parties", &declaration->parties}, element = {&list, NULL, gl_record_slot(made)};
    made->role = GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE;
    made->role_code = GL_STR("FR5");
    gl_trade_set(trade, &gl_shape_party, "id", made, text, from, &element);
}

/* What kind of contents: in words, or by the codes of UPU messages. */
void gl_trade_read_category(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                            const gl_path *path)
{
    static const char *const words[][2] = {{"sale", "11"},   {"returned", "21"},  {"gift", "31"},
                                           {"sample", "32"}, {"documents", "91"}, {"other", "99"}};
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)record, (void)rule;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (gl_str_eqz(text, words[i][0]) || gl_str_eqz(text, words[i][1])) {
            gl_trade_set_attribute(trade, "postal_category", gl_str_of(words[i][0]), from);
            return;
        }
    gl_report_at(trade->report, from, path,
                 &(gl_problem){.code = "unknown-code",
                               .warning = true,
                               .allowed = "sale, returned, gift, sample, documents, other; 11, 21, 31, 32, 91, 99"},
                 "not a category of postal contents");
    gl_trade_set_attribute(trade, "postal_category", text, from);
}

/* The first charge is the freight. */
void gl_trade_read_charge(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                          const gl_path *path)
{
    gl_declaration *declaration = record;
    (void)rule;
    if (declaration->freight == NULL)
        gl_trade_set_quantity(trade, &gl_shape_declaration, "freight", declaration, node, path);
    else
        gl_trade_add_attributes(trade, "charge_amount", node);
}

/* --- items --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "9403.7000.00" of type HTS: the digits are the declared code, the code as it stands a classification. */
void gl_trade_read_code(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    const gl_json *from, *type = NULL;
    gl_str text = gl_trade_text(node, &from);
    gl_buf digits = gl_buf_in(trade->report->arena);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '.' && text.ptr[i] != ' ')
            gl_buf_byte(&digits, (uint8_t)text.ptr[i]);
    if (text.len == 0)
        return;
    gl_str code = digits.len == 0 ? text : gl_buf_view(&digits);
    gl_trade_set(trade, &gl_shape_item, "commodity_code", item, code, from, path);
    (void)rule;
    if ((type = gl_json_get(trade->object, "commodityCodeType")) != NULL && type->type != GL_JSON_STRING)
        type = NULL;
    bool plain = code.len == text.len;
    for (size_t i = 0; i < code.len; i++)
        plain = plain && is_digit(code.ptr[i]);
    if (plain && type == NULL)
        return;
    gl_declaration_commodity_classification *made =
        gl_list_append(trade->report, (gl_list *)&item->classifications, sizeof *made, node);
    gl_path list = {path, "classifications", &item->classifications}, element = {&list, NULL, gl_record_slot(made)};
    gl_trade_set(trade, &gl_shape_classification, "id", made, text, from, &element);
    gl_str said = type == NULL ? GL_STR("HTS") : gl_str_trim(type->text);
    made->identification_type_code = said;
    if (type != NULL)
        gl_report_origin(trade->report, &made->identification_type_code, type);
}

static gl_declaration_packaging *packaging(gl_trade *trade, gl_declaration_goods_item *item, const gl_json *node)
{
    if (item->packaging.count == 0)
        gl_list_append(trade->report, (gl_list *)&item->packaging, sizeof *item->packaging.at, node);
    return &item->packaging.at[0];
}

void gl_trade_read_marks(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                         const gl_path *path)
{
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    gl_trade_set(trade, &gl_shape_packaging, "marks", packaging(trade, record, node), text, from, path);
}

void gl_trade_read_packages(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                            const gl_path *path)
{
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    gl_trade_set(trade, &gl_shape_packaging, "quantity", packaging(trade, record, node), text, from, path);
}

/* The item's own words before the tariff's. */
void gl_trade_read_description(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                               const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    const gl_json *from;
    gl_str text = gl_trade_text(node, &from);
    (void)rule;
    if (item->description.ptr == NULL)
        gl_trade_set(trade, &gl_shape_item, "description", item, text, from, path);
    else if (!gl_str_eq(item->description, text))
        gl_trade_set_attribute(trade, "commodity_description", text, from);
}
