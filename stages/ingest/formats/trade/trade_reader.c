/* The walk over the tables, and what a document is as a whole. See trade_map.h. */
#include "base/yaml.h"
#include "ingest/formats/json/elements.h"
#include "ingest/formats/trade/trade_map.h"

/* --- texts --- */

/* Codes and numbers of places, in the order in which they count. */
static const char *const place_members[] = {"unLocode", "usPortCode", "locationCode", "identifier", "code", NULL};

gl_str gl_trade_text(const gl_json *node, const gl_json **from)
{
    *from = node;
    switch (node->type) {
    case GL_JSON_STRING:
    case GL_JSON_NUMBER:
        return gl_str_trim(node->text);
    case GL_JSON_TRUE:
        return GL_STR("true");
    case GL_JSON_FALSE:
        return GL_STR("false");
    case GL_JSON_ARRAY:
        return node->count == 1 ? gl_trade_text(node->items[0], from) : (gl_str){NULL, 0};
    case GL_JSON_OBJECT:
        for (size_t i = 0; place_members[i] != NULL; i++) {
            const gl_json *member = gl_json_get(node, place_members[i]);
            if (member != NULL && (member->type == GL_JSON_STRING || member->type == GL_JSON_NUMBER))
                return gl_trade_text(member, from);
        }
        return (gl_str){NULL, 0};
    case GL_JSON_NULL:
        break;
    }
    return (gl_str){NULL, 0};
}

static bool is_empty(const gl_json *node)
{
    return node->type == GL_JSON_NULL || (node->type == GL_JSON_STRING && gl_str_trim(node->text).len == 0) ||
           (node->type == GL_JSON_ARRAY && node->count == 0);
}

static void wrong_type(gl_trade *trade, const gl_json *node, const gl_path *path, const char *expected)
{
    gl_json_wrong_type(trade->report, node, path, expected, NULL);
}

static bool is_of_party(const gl_shape *shape)
{
    return shape == &gl_shape_party;
}

static void unknown_member(gl_trade *trade, const gl_trade_table *table, gl_str name, const gl_json *value)
{
    const char *names[64] = {NULL};
    gl_arena *arena = trade->report->arena;
    for (size_t i = 0, count = 0; i < table->count && count < 63; i++)
        names[count++] = gl_arena_strndup(arena, table->rules[i].names, strcspn(table->rules[i].names, "|"));
    const char *near = gl_report_wants_hint(trade->report) ? gl_nearest_name(name, names) : NULL;
    gl_problem problem = {.code = "unknown-field",
                          .warning = true,
                          .hint = near == NULL ? NULL : gl_arena_printf(arena, "did you mean \"%s\"?", near)};
    if (is_of_party(table->shape) && value->type == GL_JSON_STRING && value->text.len > 0)
        problem.value = gl_report_masked(arena, value->text);
    gl_report_at(trade->report, value, NULL, &problem, "nobody knows \"%.*s\" here: it is not read", GL_STR_ARG(name));
}

/* --- fields --- */

void gl_trade_set(gl_trade *trade, const gl_shape *shape, const char *field_name, void *record, gl_str text,
                  const gl_json *node, const gl_path *path)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(field_name));
    void *slot = (char *)record + field->offset;
    gl_path member = {path, field->name, slot};
    if (text.len == 0)
        return;
    if (field->kind != GL_FIELD_TEXTS && !gl_field_blank(field, slot)) {
        gl_report_origin(trade->report, NULL, node);
        bool same = field->kind == GL_FIELD_TEXT && gl_str_eq(*(gl_str *)slot, text);
        if (!trade->around && !same)
            gl_report_at(trade->report, node, &member, &(gl_problem){.code = "duplicate-field"}, "%s was given before",
                         field->name);
        return;
    }
    gl_field_set_text(trade->report, field, record, text, node, &member);
}

/* What measures are called, and amounts: {"value": "7420", "unitCode": "kg"}, {"price": 12, "priceCurrency": "USD"}. */
static const char *const numbers[] = {"value", "price", "amount", NULL}, *const units[] = {"unitCode", "unit",
                                                                                           "priceCurrency", "currency",
                                                                                           NULL};

static const gl_json *one_of(const gl_json *object, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const gl_json *member = gl_json_get(object, names[i]);
        if (member != NULL && !is_empty(member))
            return member;
    }
    return NULL;
}

/* Units of trade as the codes of UN/ECE Recommendation 20. */
static gl_str unit_code(gl_arena *arena, gl_str unit)
{
    static const char *const codes[][2] = {{"KG", "KGM"},  {"KGS", "KGM"}, {"G", "GRM"}, {"GR", "GRM"}, {"LB", "LBR"},
                                           {"LBS", "LBR"}, {"OZ", "ONZ"},  {"T", "TNE"}, {"L", "LTR"},  {"PCS", "PCE"},
                                           {"CBM", "MTQ"}, {"CMB", "MTQ"}, {"M3", "MTQ"}};
    char *capitals = gl_arena_strndup(arena, unit.ptr, unit.len);
    for (size_t i = 0; i < unit.len; i++)
        capitals[i] = (char)(capitals[i] >= 'a' && capitals[i] <= 'z' ? capitals[i] - 32 : capitals[i]);
    gl_str upper = {capitals, unit.len};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (gl_str_eqz(upper, codes[i][0]))
            return gl_str_of(codes[i][1]);
    return upper;
}

static void set_unit(gl_trade *trade, const gl_field *field, void *slot, const gl_json *unit)
{
    gl_record_pointer number = *(gl_record_pointer *)slot;
    bool amount = field->kind == GL_FIELD_AMOUNT;
    gl_str *code = number == NULL ? NULL
                   : amount       ? &((gl_declaration_amount *)number)->currency_code
                                  : &((gl_declaration_measure *)number)->unit_code;
    if (code == NULL)
        return;
    if (unit != NULL) {
        *code = amount ? gl_str_trim(unit->text) : unit_code(trade->report->arena, gl_str_trim(unit->text));
        gl_report_origin(trade->report, code, unit);
    } else if (amount && trade->currency.len > 0) {
        *code = trade->currency;
        if (trade->currency_node != NULL)
            gl_report_origin(trade->report, code, trade->currency_node);
    }
}

/* The members of an object that is a number with its unit; those nobody knows are warned of. */
static const gl_json *number_of(gl_trade *trade, const gl_json *node, const gl_json **unit)
{
    const gl_json *number = node;
    *unit = NULL;
    if (node->type == GL_JSON_OBJECT) {
        number = one_of(node, numbers);
        *unit = one_of(node, units);
        *unit = *unit != NULL && (*unit)->type == GL_JSON_STRING ? *unit : NULL;
        for (size_t i = 0; i < node->count; i++)
            if (gl_names_index(numbers, node->keys[i]) < 0 && gl_names_index(units, node->keys[i]) < 0 &&
                !gl_str_eqz(node->keys[i], "type") && !gl_str_eqz(node->keys[i], "@type"))
                gl_report_at(trade->report, node->items[i], NULL,
                             &(gl_problem){.code = "unknown-field", .warning = true},
                             "nobody knows \"%.*s\" of a number: it is not read", GL_STR_ARG(node->keys[i]));
    }
    return number != NULL && (number->type == GL_JSON_NUMBER || number->type == GL_JSON_STRING) ? number : NULL;
}

void gl_trade_set_quantity(gl_trade *trade, const gl_shape *shape, const char *field_name, void *record,
                           const gl_json *node, const gl_path *path)
{
    const gl_field *field = gl_shape_field(shape, gl_str_of(field_name));
    void *slot = (char *)record + field->offset;
    gl_path member = {path, field->name, slot};
    const gl_json *unit, *number = number_of(trade, node, &unit);
    if (number == NULL) {
        wrong_type(trade, node, &member, field->kind == GL_FIELD_AMOUNT ? "an amount" : "a measure");
        return;
    }
    bool blank = gl_field_blank(field, slot);
    gl_trade_set(trade, shape, field_name, record, gl_str_trim(number->text), number, path);
    if (blank)
        set_unit(trade, field, slot, unit);
    else if (unit != NULL)
        gl_report_origin(trade->report, NULL, unit);
}

/* An integer may be a measure without a unit ({"value": "200"}). */
static const gl_json *plain_number(gl_trade *trade, const gl_json *node)
{
    const gl_json *unit;
    const gl_json *number = node->type == GL_JSON_OBJECT ? number_of(trade, node, &unit) : NULL;
    return number == NULL ? node : number;
}

static void read_field(gl_trade *trade, const gl_trade_table *table, const gl_trade_rule *rule, const gl_json *node,
                       void *record, const gl_path *path)
{
    const gl_field *field = rule->target;
    gl_path member = {path, field->name, (char *)record + field->offset};
    const gl_json *from = node;
    if (field->kind == GL_FIELD_AMOUNT || field->kind == GL_FIELD_MEASURE) {
        gl_trade_set_quantity(trade, table->shape, rule->field, record, node, path);
        return;
    }
    if (field->kind == GL_FIELD_TEXTS && node->type == GL_JSON_ARRAY) {
        for (size_t i = 0; i < node->count; i++)
            read_field(trade, table, rule, node->items[i], record, path);
        return;
    }
    if (field->kind == GL_FIELD_INT || field->kind == GL_FIELD_OPT_INT)
        node = plain_number(trade, node);
    gl_str text = gl_trade_text(node, &from);
    if (text.ptr == NULL)
        wrong_type(trade, node, &member, gl_field_kind_text(field->kind));
    else if (field->kind == GL_FIELD_TEXT && field->form == GL_FORM_COUNTRY &&
             (text.len != 2 || text.ptr[0] < 'A' || text.ptr[0] > 'Z'))
        gl_report_at(trade->report, from, &member,
                     &(gl_problem){.code = "invalid-code", .warning = true, .allowed = "two capital letters, ISO 3166"},
                     "not a country code: it is kept as the attribute %s", rule->field),
            gl_trade_set_attribute(trade, rule->field, text, from);
    else
        gl_trade_set(trade, table->shape, rule->field, record, text, from, path);
}

/* --- attributes --- */

void gl_trade_set_attribute(gl_trade *trade, const char *type, gl_str text, const gl_json *node)
{
    const gl_field *code = gl_shape_field(&gl_shape_attribute, GL_STR("code"));
    gl_declaration *declaration = trade->declaration;
    gl_declaration_goods_item *item = trade->item;
    if (text.len == 0)
        return;
    if (text.len > (size_t)code->limit) {
        gl_list *list =
            item != NULL ? (gl_list *)&item->additional_information : (gl_list *)&declaration->additional_information;
        gl_declaration_additional_information *made = gl_list_append(trade->report, list, sizeof *made, node);
        made->statement_code = gl_str_of(type);
        made->statement_description = text;
        gl_report_origin(trade->report, &made->statement_description, node);
        return;
    }
    gl_list *list = item != NULL ? (gl_list *)&item->attributes : (gl_list *)&declaration->attributes;
    gl_declaration_attribute *made = gl_list_append(trade->report, list, sizeof *made, node);
    made->type = gl_str_of(type);
    made->code = text;
    gl_report_origin(trade->report, &made->code, node);
}

/* Does an attribute of a manifest say again what the consignment says itself? */
static bool is_said(const gl_trade *trade, const char *type)
{
    for (size_t i = 0; trade->around && i < trade->declaration->attributes.count; i++)
        if (gl_str_eqz(trade->declaration->attributes.at[i].type, type))
            return true;
    return false;
}

/* An object as one text: "1533 lbs", "851671 HS". */
static gl_str object_text(gl_trade *trade, const gl_json *node)
{
    gl_buf text = gl_buf_in(trade->report->arena);
    for (size_t i = 0; i < node->count; i++) {
        const gl_json *from, *value = node->items[i];
        bool kind = gl_str_eqz(node->keys[i], "type") || gl_str_eqz(node->keys[i], "@type");
        gl_str part = kind ? (gl_str){NULL, 0} : gl_trade_text(value, &from);
        if (part.len == 0)
            continue;
        gl_buf_printf(&text, "%s%.*s", text.len > 0 ? " " : "", GL_STR_ARG(part));
        gl_report_origin(trade->report, NULL, from);
    }
    return text.len == 0 ? (gl_str){NULL, 0} : gl_buf_view(&text);
}

void gl_trade_add_attributes(gl_trade *trade, const char *type, const gl_json *node)
{
    const gl_json *from = node;
    if (node->type == GL_JSON_ARRAY) {
        for (size_t i = 0; i < node->count; i++)
            if (!is_empty(node->items[i]))
                gl_trade_add_attributes(trade, type, node->items[i]);
        return;
    }
    /* A number and its unit, whichever of them stands first. */
    const gl_json *unit = NULL, *number = NULL;
    if (node->type == GL_JSON_OBJECT && (number = one_of(node, numbers)) != NULL)
        number = number_of(trade, node, &unit);
    gl_str text = gl_trade_text(node, &from);
    if (number != NULL) {
        gl_str of = unit == NULL ? GL_STR("") : gl_str_trim(unit->text);
        text = gl_str_of(gl_arena_printf(trade->report->arena, of.len > 0 ? "%.*s %.*s" : "%.*s",
                                         GL_STR_ARG(gl_str_trim(number->text)), GL_STR_ARG(of)));
        if (unit != NULL)
            gl_report_origin(trade->report, NULL, unit);
        from = number;
    } else if (node->type == GL_JSON_OBJECT && text.ptr == NULL) {
        text = object_text(trade, node);
    }
    if (text.ptr == NULL)
        wrong_type(trade, node, NULL, "a text or a number");
    else if (is_said(trade, type))
        gl_report_origin(trade->report, NULL, from);
    else
        gl_trade_set_attribute(trade, type, text, from);
}

/* --- records and lists --- */

static gl_list *parties_of(gl_trade *trade)
{
    return trade->item != NULL ? (gl_list *)&trade->item->parties : (gl_list *)&trade->declaration->parties;
}

static void read_party(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, const gl_path *path)
{
    gl_list *parties = parties_of(trade);
    if (node->type == GL_JSON_ARRAY) {
        for (size_t i = 0; i < node->count; i++)
            if (!is_empty(node->items[i]))
                read_party(trade, rule, node->items[i], path);
        return;
    }
    for (size_t i = 0; trade->around && i < parties->count; i++)
        if (((const gl_declaration_party *)parties->at)[i].role == (gl_declaration_party_role)rule->key)
            return; /* the consignment has its own */
    gl_declaration_party *made = gl_list_append(trade->report, parties, sizeof *made, node);
    gl_path list = {path, "parties", parties}, element = {&list, NULL, gl_record_slot(made)};
    made->role = (gl_declaration_party_role)rule->key;
    if (rule->code != NULL)
        made->role_code = gl_str_of(rule->code);
    if (node->type == GL_JSON_OBJECT)
        gl_trade_walk(trade, rule->inside, node, made, &element);
    else if (node->type == GL_JSON_STRING || node->type == GL_JSON_NUMBER) /* its number alone */
        gl_trade_set(trade, &gl_shape_party, "id", made, gl_str_trim(node->text), node, &element);
    else
        wrong_type(trade, node, &element, "an object");
}

static void read_document(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, const gl_path *path)
{
    const gl_json *from;
    gl_list *documents =
        trade->item != NULL ? (gl_list *)&trade->item->documents : (gl_list *)&trade->declaration->documents;
    if (node->type == GL_JSON_ARRAY) {
        for (size_t i = 0; i < node->count; i++)
            if (!is_empty(node->items[i]))
                read_document(trade, rule, node->items[i], path);
        return;
    }
    gl_str text = gl_trade_text(node, &from);
    if (text.ptr == NULL) {
        wrong_type(trade, node, path, "a text");
        return;
    }
    gl_declaration_document *made = gl_list_append(trade->report, documents, sizeof *made, node);
    made->kind = (gl_declaration_document_kind)rule->key;
    if (rule->code != NULL)
        made->type_code = gl_str_of(rule->code);
    made->id = text;
    gl_report_origin(trade->report, &made->id, from);
}

/* Amounts of this object are in the currency that it names. */
static void take_currency(gl_trade *trade, const gl_json *object)
{
    const gl_json *currency = gl_json_get(object, "currency");
    if (currency == NULL || currency->type != GL_JSON_STRING || gl_str_trim(currency->text).len == 0)
        return;
    trade->currency = gl_str_trim(currency->text);
    trade->currency_node = currency;
}

static gl_declaration_goods_item *add_item(gl_trade *trade, const gl_json *node)
{
    return gl_list_append(trade->report, (gl_list *)&trade->declaration->items, sizeof(gl_declaration_goods_item),
                          node);
}

static void read_items(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, const gl_path *path)
{
    gl_declaration *declaration = trade->declaration;
    gl_path list = {path, "items", &declaration->items};
    if (node->type != GL_JSON_ARRAY) {
        wrong_type(trade, node, &list, "a list of objects");
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->type != GL_JSON_OBJECT) {
            wrong_type(trade, node->items[i], &list, "an object");
            continue;
        }
        gl_declaration_goods_item *made = add_item(trade, node->items[i]);
        gl_path element = {&list, NULL, gl_record_slot(made)};
        gl_str currency = trade->currency;
        const gl_json *currency_node = trade->currency_node;
        trade->item = made;
        take_currency(trade, node->items[i]);
        gl_trade_walk(trade, rule->inside, node->items[i], made, &element);
        trade->item = NULL;
        trade->currency = currency;
        trade->currency_node = currency_node;
    }
}

static void apply(gl_trade *trade, const gl_trade_table *table, const gl_trade_rule *rule, gl_str name,
                  const gl_json *node, void *record, const gl_path *path);

/* A member of the document that is about its only item. */
static void read_item(gl_trade *trade, const gl_trade_rule *rule, gl_str name, const gl_json *node, const gl_path *path)
{
    gl_declaration *declaration = trade->declaration;
    gl_declaration_goods_item *it = declaration->items.count > 0 ? &declaration->items.at[0] : add_item(trade, node);
    gl_path list = {path, "items", &declaration->items}, element = {&list, NULL, gl_record_slot(it)};
    trade->item = it;
    apply(trade, rule->inside, gl_trade_rule_of(rule->inside, name), name, node, it, &element);
    trade->item = NULL;
}

static void enter(gl_trade *trade, const gl_trade_table *table, const gl_trade_rule *rule, const gl_json *node,
                  void *record, const gl_path *path)
{
    (void)table;
    if (node->type == GL_JSON_OBJECT) {
        gl_trade_walk(trade, rule->inside, node, record, path);
        return;
    }
    if (node->type != GL_JSON_ARRAY) {
        wrong_type(trade, node, path, "an object");
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->type == GL_JSON_OBJECT)
            gl_trade_walk(trade, rule->inside, node->items[i], record, path);
        else if (!is_empty(node->items[i]))
            wrong_type(trade, node->items[i], path, "an object");
}

static void read_record(gl_trade *trade, const gl_trade_rule *rule, const gl_json *node, void *record,
                        const gl_path *path)
{
    gl_record_pointer *slot = (gl_record_pointer *)(void *)((char *)record + rule->target->offset);
    gl_path member = {path, rule->target->name, slot};
    if (node->type != GL_JSON_OBJECT) {
        wrong_type(trade, node, &member, "an object");
        return;
    }
    if (*slot == NULL) {
        *slot = gl_arena_calloc(trade->report->arena, 1, rule->target->shape->bytes);
        gl_report_origin(trade->report, slot, node);
    }
    gl_trade_walk(trade, rule->inside, node, *slot, &member);
}

static void apply(gl_trade *trade, const gl_trade_table *table, const gl_trade_rule *rule, gl_str name,
                  const gl_json *node, void *record, const gl_path *path)
{
    switch (rule->action) {
    case GL_TRADE_FIELD:
        read_field(trade, table, rule, node, record, path);
        return;
    case GL_TRADE_ENTER:
        enter(trade, table, rule, node, record, path);
        return;
    case GL_TRADE_RECORD:
        read_record(trade, rule, node, record, path);
        return;
    case GL_TRADE_PARTY:
        read_party(trade, rule, node, path);
        return;
    case GL_TRADE_DOCUMENT:
        read_document(trade, rule, node, path);
        return;
    case GL_TRADE_ITEMS:
        read_items(trade, rule, node, path);
        return;
    case GL_TRADE_ITEM:
        read_item(trade, rule, name, node, path);
        return;
    case GL_TRADE_ATTRIBUTE:
        gl_trade_add_attributes(trade, rule->field, node);
        return;
    case GL_TRADE_CUSTOM:
        rule->custom(trade, rule, node, record, path);
        return;
    case GL_TRADE_KIND:
    case GL_TRADE_PART:
    case GL_TRADE_LEFT:
        return;
    }
}

void gl_trade_walk(gl_trade *trade, const gl_trade_table *table, const gl_json *node, void *record, const gl_path *path)
{
    const gl_json *outer = trade->object;
    for (size_t i = 0; i < node->count; i++) {
        const gl_trade_rule *rule = gl_trade_rule_of(table, node->keys[i]);
        if (is_empty(node->items[i]))
            continue;
        trade->object = node;
        if (rule == NULL)
            unknown_member(trade, table, node->keys[i], node->items[i]);
        else
            apply(trade, table, rule, node->keys[i], node->items[i], record, path);
    }
    trade->object = outer;
}

/* --- the whole --- */

static void refuse(gl_reader *reader, gl_intake *intake, const gl_trade_form *form, const gl_json *tree,
                   const gl_json *document, gl_str text)
{
    gl_report *report = &reader->report;
    const gl_json *from, *type = gl_json_get(document, "type");
    type = type == NULL ? gl_json_get(document, "@type") : type;
    type = type == NULL ? gl_json_get(tree, "type") : type;
    gl_str said = type == NULL ? (gl_str){NULL, 0} : gl_trade_text(type, &from);
    reader->form = "trade-json";
    gl_problem problem = {.code = "not-a-declaration",
                          .allowed = "an entry, a bill of lading, a postal item, or a declaration",
                          .hint = "nothing was declared: send declarations only"};
    if (form->type != NULL)
        gl_report_at(report, type, NULL, &problem, "this is %s (%s), not a declaration", form->what, form->type);
    else if (said.len > 0 && said.len <= 64)
        gl_report_at(report, type, NULL, &problem, "this is a document of the type %.*s, not a declaration",
                     GL_STR_ARG(said));
    else
        gl_report_at(report, type, NULL, &problem, "this is %s, not a declaration", form->what);
    gl_intake_refuse(reader, intake, text);
}

/* It is about none, or about several. */
static void refuse_credential(gl_reader *reader, gl_intake *intake, const gl_json *tree, gl_str text)
{
    const gl_json *subject = gl_json_get(tree, "credentialSubject");
    if (subject->type == GL_JSON_ARRAY && subject->count > 1)
        gl_report_at(&reader->report, subject, NULL, &(gl_problem){.code = "several-declarations"},
                     "a credential is about one declaration, this one about %zu", subject->count);
    else
        gl_json_wrong_type(&reader->report, subject, NULL, "an object", NULL);
    gl_intake_refuse(reader, intake, text);
}

/* What a document does not say, and follows from what it is. */
static void derive(gl_trade *trade, const gl_json *document)
{
    gl_declaration *declaration = trade->declaration;
    const gl_json *type = gl_json_get(document, "type");
    declaration->family = GL_DECLARATION_FAMILY_IMPORT;
    declaration->type_code = GL_STR("IM");
    gl_report_origin(trade->report, &declaration->family, type != NULL ? type : document);
    gl_report_origin(trade->report, &declaration->type_code, type != NULL ? type : document);
    declaration->data_set = gl_str_of(trade->form->data_set);
}

static bool says_air(const gl_json *document)
{
    static const char *const names[] = {"modeOfTransportation", "transportMode", NULL};
    for (size_t i = 0; document != NULL && names[i] != NULL; i++)
        if (gl_str_eqz(gl_json_text(document, names[i]), "Air"))
            return true;
    return document != NULL &&
           (gl_json_get(document, "mawb") != NULL || gl_json_get(document, "hawb") != NULL ||
            gl_json_get(document, "masterWaybill") != NULL || gl_json_get(document, "houseWaybill") != NULL);
}

static void read_document_of(gl_reader *reader, gl_intake *intake, const gl_trade_form *form, const gl_json *tree,
                             const gl_json *document, const gl_json *around, gl_str text)
{
    gl_trade trade = {.form = form,
                      .report = &reader->report,
                      .declaration = &intake->declaration,
                      .currency = form->currency == NULL ? GL_STR("") : gl_str_of(form->currency),
                      .air = says_air(document) || says_air(around)};
    reader->form = form->format;
    gl_report_origin(trade.report, gl_record_slot(&intake->declaration), document);
    if (document != tree)
        gl_trade_walk(&trade, &gl_trade_table_credential, tree, trade.declaration, NULL);
    if (around != NULL)
        take_currency(&trade, around);
    take_currency(&trade, document);
    derive(&trade, document);
    gl_trade_walk(&trade, form->table, document, trade.declaration, NULL);
    trade.around = true;
    if (around != NULL)
        gl_trade_walk(&trade, &gl_trade_table_around, around, trade.declaration, NULL);
    gl_intake_finish(reader, intake, text, (gl_str){NULL, 0});
}

void gl_trade_read(gl_reader *reader, gl_intake *intake, const gl_json *tree, const gl_json *around, gl_str text)
{
    const gl_json *document;
    gl_trade_prepare();
    const gl_trade_form *form = gl_trade_form_of(tree, &document);
    if (form == NULL && around != NULL) /* a house bill that says so by where it stands */
        for (size_t i = 0; i < gl_trade_form_count; i++)
            if (strcmp(gl_trade_forms[i].type, "HouseBillOfLading") == 0)
                form = &gl_trade_forms[i];
    if (gl_trade_is_credential(tree) && document == tree)
        refuse_credential(reader, intake, tree, text);
    else if (form == NULL || form->format == NULL)
        refuse(reader, intake, form == NULL ? &(gl_trade_form){.what = "something else"} : form, tree, document, text);
    else
        read_document_of(reader, intake, form, tree, document, around, text);
}
