/* What the tables' customs read, and the two messages as a whole. See edi_rules.h. */
#include "base/clock.h"
#include "ingest/formats/edifact/edi_rules.h"

const gl_edi_reference_type gl_edi_reference_types[] = {{"AWB", "N740"}, {"MWB", "N741"}, {"HWB", "N703"},
                                                        {"BM", "N705"},  {"MB", "N704"},  {"BH", "N714"},
                                                        {"AAM", "AAM"},  {"AAS", "AAS"},  {NULL, NULL}};
const char *const gl_edi_document_lists[] = {"SUPPORTING",    "PREVIOUS",         "TRANSPORT", "REFERENCE",
                                             "AUTHORISATION", "DEFERRED_PAYMENT", "GUARANTEE", NULL};
const char *const gl_edi_role_lists[] = {"DECLARANT", "AGENT",  "SUBMITTER", "IMPORTER", "EXPORTER", "CONSIGNEE",
                                         "CONSIGNOR", "BUYER",  "SELLER",    "CARRIER",  "NOTIFY",   "GUARANTOR",
                                         "PAYER",     "HOLDER", "FISCAL",    "CHAIN",    "OTHER",    NULL};
const gl_edi_cst_list gl_edi_cst_lists[] = {
    {"105", "type_code"}, {"112", "transaction_nature_code"}, {"119", "procedure_category"},
    {"109", "data_set"},  {"CONTAINER", "container_code"},    {NULL, NULL}};
const gl_edi_cst_list gl_edi_item_cst_lists[] = {{"", "commodity_code"},
                                                 {"122", "commodity_code"},
                                                 {"169", "commodity_code"},
                                                 {"112", "transaction_nature_code"},
                                                 {"127", "valuation_method_code"},
                                                 {"QUOTA", "quota_id"},
                                                 {NULL, NULL}};

static const gl_edi_value *named(const gl_edi_segment *segment, const char *path)
{
    uint8_t element, component;
    return gl_edi_find(segment->spec, path, &element, &component) ? gl_edi_value_at(segment, element, component) : NULL;
}

static gl_str text_of(const gl_edi_segment *segment, const char *path)
{
    const gl_edi_value *value = named(segment, path);
    return value == NULL ? GL_STR("") : value->text;
}

static const gl_edi_value *or_tag(const gl_edi_segment *segment, const gl_edi_value *value)
{
    return value == NULL ? &segment->values[0] : value;
}

static bool one_of(gl_str text, const char *const *names)
{
    return gl_names_index(names, text) >= 0;
}

void gl_edi_read_nothing(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                         const gl_path *path)
{
    (void)map, (void)rule, (void)segment, (void)record, (void)path;
}

/* --- BGM --- */

/* What stays the same in every message: the canonical function code, or an error. */
static void read_function(gl_edi_map *map, const gl_edi_segment *segment, const char *const (*codes)[2],
                          const char *taken)
{
    gl_declaration *declaration = map->declaration;
    gl_path path = {NULL, "function_code", &declaration->function_code};
    const gl_edi_value *value = named(segment, "1225");
    static const char *const changes[] = {"2", "3", "33", "36", NULL};
    if (value == NULL)
        return;
    for (size_t i = 0; codes[i][0] != NULL; i++)
        if (gl_str_eqz(value->text, codes[i][0])) {
            declaration->function_code = gl_str_of(codes[i][1]);
            gl_report_origin(map->report, &declaration->function_code, value);
            return;
        }
    if (one_of(value->text, changes))
        gl_report_at(map->report, value, &path,
                     &(gl_problem){.code = "amendment-not-supported",
                                   .allowed = taken,
                                   .hint = "send the whole declaration as it is now, with message function 4 or 5"},
                     "this says what changes in a declaration; only a whole declaration can amend");
    else
        gl_report_at(map->report, value, &path, &(gl_problem){.code = "invalid-code", .allowed = taken},
                     "not a message function of a declaration");
}

static void set_family(gl_edi_map *map, bool export, const gl_edi_value *node)
{
    map->declaration->family = export ? GL_DECLARATION_FAMILY_EXPORT : GL_DECLARATION_FAMILY_IMPORT;
    gl_report_origin(map->report, &map->declaration->family, node);
}

static void set_text(gl_edi_map *map, gl_str *slot, gl_str text, const gl_edi_value *node)
{
    *slot = text;
    gl_report_origin(map->report, slot, node);
}

/* 929 and 830 say it; of 960 (SAD) and where no number stands its type does. */
static void derive_family(gl_edi_map *map, const gl_edi_segment *segment, gl_str type)
{
    static const char *const names[] = {"929", "830", "960", NULL};
    const gl_edi_value *value = named(segment, "1001");
    gl_str name = value == NULL ? GL_STR("") : value->text;
    gl_path path = {NULL, "family", &map->declaration->family};
    bool export = gl_str_eqz(name, "830") || gl_str_starts(type, GL_STR("EX"));
    bool import = gl_str_eqz(name, "929") || gl_str_starts(type, GL_STR("IM"));
    if (name.len > 0 && !one_of(name, names))
        gl_report_at(map->report, value, &path,
                     &(gl_problem){.code = "invalid-code", .allowed = "929 (imports), 830 (exports), 960"},
                     "not a declaration of imports or exports");
    else if (export != import)
        set_family(map, export, or_tag(segment, value));
    else if (gl_str_starts(type, GL_STR("CO")) && !gl_str_eqz(name, "830"))
        set_family(map, false, or_tag(segment, value));
}

void gl_edi_read_bgm(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                     const gl_path *path)
{
    static const char *const codes[][2] = {{"9", "9"}, {"4", "4"}, {"5", "4"}, {"1", "1"}, {NULL, NULL}};
    gl_declaration *declaration = record;
    const gl_edi_value *lrn = named(segment, "1004"), *type = named(segment, "1000");
    (void)rule;
    if (lrn != NULL)
        gl_edi_set_named(map, &gl_shape_declaration, "functional_reference_id", declaration, lrn->text, lrn, path);
    if (type != NULL)
        gl_edi_set_named(map, &gl_shape_declaration, "type_code", declaration, type->text, type, path);
    derive_family(map, segment, type == NULL ? GL_STR("") : type->text);
    read_function(map, segment, codes, "9, 4, 5, 1");
}

/* What finds the consignments of one manifest together. 785: cargo manifest (1001). */
static void add_manifest(gl_edi_map *map, gl_declaration *declaration, const gl_edi_value *number)
{
    if (number == NULL)
        return;
    gl_declaration_document *document =
        gl_list_append(map->report, (gl_list *)(void *)&declaration->documents, sizeof *document, number);
    document->kind = GL_DECLARATION_DOCUMENT_KIND_REFERENCE;
    set_text(map, &document->type_code, GL_STR("785"), number);
    set_text(map, &document->id, number->text, number);
}

void gl_edi_read_manifest_bgm(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                              const gl_path *path)
{
    static const char *const codes[][2] = {{"9", "9"}, {"2", "9"}, {"4", "4"},  {"5", "4"},
                                           {"1", "1"}, {"3", "1"}, {NULL, NULL}};
    gl_declaration *declaration = record;
    const gl_edi_value *node = or_tag(segment, named(segment, "1001"));
    bool export = gl_str_eqz(text_of(segment, "1001"), "833");
    (void)rule, (void)path;
    set_family(map, export, node);
    set_text(map, &declaration->type_code, export ? GL_STR("EXA") : GL_STR("IMA"), node);
    set_text(map, &declaration->data_set, GL_STR("PARCEL"), node);
    read_function(map, segment, codes, "9, 2, 4, 5, 1, 3");
    add_manifest(map, declaration, named(segment, "1004"));
}

/* --- CST --- */

static const char *field_of(const gl_edi_cst_list *lists, gl_str list)
{
    for (; lists->list != NULL; lists++)
        if (gl_str_eqz(list, lists->list))
            return lists->field;
    return NULL;
}

/* The next code of a CST's C246, from element `e` on, with its list; false: no more. */
static bool next_code(const gl_edi_segment *segment, unsigned *e, const gl_edi_value **code, gl_str *list)
{
    while (++*e <= 6) {
        *code = gl_edi_value_at(segment, *e, 1);
        *list = gl_edi_text_at(segment, *e, 2);
        if (*code != NULL)
            return true;
    }
    return false;
}

void gl_edi_read_cst(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                     const gl_path *path)
{
    const gl_edi_value *code = NULL;
    gl_str list;
    (void)rule;
    for (unsigned e = 1; next_code(segment, &e, &code, &list);) {
        const char *field = field_of(gl_edi_cst_lists, list);
        if (field != NULL)
            gl_edi_set_named(map, &gl_shape_declaration, field, record, code->text, code, path);
        else
            gl_edi_add_attribute(map, "customs_status_", list, code->text, code);
    }
}

/* "4000": current and previous; "4000C07": with an additional one; "C07": that alone. */
static void read_procedure(gl_edi_map *map, const gl_edi_value *code, void *record, const gl_path *path)
{
    gl_str text = code->text;
    bool ascii = gl_edi_characters(text) == text.len;
    bool requested = text.len == 2 || text.len == 4 || text.len == 7;
    size_t rest = requested ? (text.len == 2 ? 2 : 4) : 0;
    if (!ascii || (!requested && text.len != 3)) {
        gl_report_at(map->report, code, path,
                     &(gl_problem){.code = "invalid-code", .allowed = "2, 3, 4 or 7 characters"},
                     "not a customs procedure");
        return;
    }
    if (requested)
        gl_edi_set_named(map, &gl_shape_item, "procedure_current_code", record, (gl_str){text.ptr, 2}, code, path);
    if (rest == 4)
        gl_edi_set_named(map, &gl_shape_item, "procedure_previous_code", record, (gl_str){text.ptr + 2, 2}, code, path);
    if (text.len - rest == 3)
        gl_edi_set_named(map, &gl_shape_item, "additional_procedures", record, (gl_str){text.ptr + rest, 3}, code,
                         path);
}

static void add_preference(gl_edi_map *map, gl_declaration_goods_item *item, const gl_edi_value *code)
{
    gl_declaration_duty_tax_fee *duty =
        gl_list_append(map->report, (gl_list *)(void *)&item->duty_tax_fees, sizeof *duty, code);
    set_text(map, &duty->duty_regime_code, code->text, code);
}

static void add_classification(gl_edi_map *map, gl_declaration_goods_item *item, const gl_edi_value *code, gl_str list)
{
    gl_declaration_commodity_classification *one =
        gl_list_append(map->report, (gl_list *)(void *)&item->classifications, sizeof *one, code);
    set_text(map, &one->id, code->text, code);
    if (list.len > 0)
        set_text(map, &one->identification_type_code, list, code);
}

void gl_edi_read_item_cst(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                          const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    const gl_edi_value *code = NULL;
    gl_str list;
    (void)rule;
    for (unsigned e = 1; next_code(segment, &e, &code, &list);) {
        const char *field = field_of(gl_edi_item_cst_lists, list);
        if (gl_str_eqz(list, "117"))
            read_procedure(map, code, record, path);
        else if (gl_str_eqz(list, "116"))
            add_preference(map, item, code);
        else if (field == NULL || (list.len == 0 && item->commodity_code.ptr != NULL))
            add_classification(map, item, code, list);
        else
            gl_edi_set_named(map, &gl_shape_item, field, record, code->text, code, path);
    }
}

void gl_edi_read_gid_cst(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                         const gl_path *path)
{
    gl_edi_read_item_cst(map, rule, segment, record, path);
}

void gl_edi_read_preference(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                            const gl_path *path)
{
    const gl_edi_value *code = named(segment, "7365");
    (void)rule, (void)path;
    if (code != NULL)
        add_preference(map, record, code);
}

/* --- dates --- */

static bool digits(gl_str text, size_t from, size_t count, int *value)
{
    *value = 0;
    for (size_t i = from; i < from + count; i++) {
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        *value = *value * 10 + text.ptr[i] - '0';
    }
    return true;
}

/* Minutes east of Greenwich of a zone's three characters; false: not one that is known. */
static bool zone_minutes(gl_str zone, int *minutes)
{
    static const struct {
        const char *name;
        int minutes;
    } zones[] = {{"UTC", 0}, {"GMT", 0}, {"WET", 0}, {"BST", 60}, {"CET", 60}, {"EET", 120}, {"Z", 0}, {"", 0}};
    int hours = 0;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (gl_str_eqz(zone, zones[i].name)) {
            *minutes = zones[i].minutes;
            return true;
        }
    if (zone.len != 3 || (zone.ptr[0] != '+' && zone.ptr[0] != '-') || !digits(zone, 1, 2, &hours) || hours > 14)
        return false;
    *minutes = zone.ptr[0] == '-' ? -60 * hours : 60 * hours;
    return true;
}

/* A day or an instant by its format (2379), as our own texts write it; empty: it is none. */
static gl_str iso_of(gl_arena *arena, gl_str text, gl_str format, bool *instant)
{
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0;
    bool short_year = gl_str_eqz(format, "101") || gl_str_eqz(format, "201");
    size_t at = short_year ? 2 : 4;
    bool day_only = gl_str_eqz(format, "101") || gl_str_eqz(format, "102");
    bool seconds = gl_str_eqz(format, "204") || gl_str_eqz(format, "304");
    bool zoned = gl_str_eqz(format, "303") || gl_str_eqz(format, "304");
    *instant = !day_only;
    if (!day_only && !seconds && !zoned && !gl_str_eqz(format, "203") && !gl_str_eqz(format, "201"))
        return GL_STR("");
    if (!digits(text, 0, at, &year) || !digits(text, at, 2, &month) || !digits(text, at + 2, 2, &day))
        return GL_STR("");
    year += short_year ? (year < 70 ? 2000 : 1900) : 0;
    size_t end = at + 4;
    if (!day_only && (!digits(text, end, 2, &hour) || !digits(text, end + 2, 2, &minute)))
        return GL_STR("");
    end += day_only ? 0 : 4;
    if (seconds && !digits(text, end, 2, &second))
        return GL_STR("");
    end += seconds ? 2 : 0;
    if (zoned ? !zone_minutes((gl_str){text.ptr + end, text.len - end}, &zone) : text.len != end)
        return GL_STR("");
    if (day_only)
        return gl_str_of(gl_arena_printf(arena, "%04d-%02d-%02d", year, month, day));
    return gl_str_of(gl_arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", year, month, day, hour, minute,
                                     second, zone < 0 ? '-' : '+', (zone < 0 ? -zone : zone) / 60,
                                     (zone < 0 ? -zone : zone) % 60));
}

void gl_edi_read_dtm(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                     const gl_path *path)
{
    const gl_edi_value *value = named(segment, "2380");
    gl_str qualifier = text_of(segment, "2005"), format = text_of(segment, "2379");
    bool instant = false;
    (void)rule;
    if (value == NULL)
        return;
    gl_str text = iso_of(map->report->arena, value->text, format, &instant);
    const char *field = instant && gl_str_eqz(qualifier, "137") ? "issue_date_time" : "declared_date";
    gl_path member = {path, field, NULL};
    if (text.len == 0)
        gl_report_at(
            map->report, value, &member,
            &(gl_problem){.code = "invalid-date", .allowed = "20261124 with format 102, 202611240635 with 203"},
            "not a date of this format, or a format that is not read");
    else if (strcmp(field, "declared_date") == 0)
        gl_edi_set_named(map, &gl_shape_declaration, field, record, (gl_str){text.ptr, 10}, value, path);
    else
        gl_edi_set_named(map, &gl_shape_declaration, field, record, text, value, path);
}

/* As the source writes it; a day as our own texts write it. */
void gl_edi_read_effective(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                           const gl_path *path)
{
    const gl_edi_value *value = named(segment, "2380");
    bool instant = false;
    (void)rule;
    if (value == NULL)
        return;
    gl_str text = iso_of(map->report->arena, value->text, text_of(segment, "2379"), &instant);
    gl_edi_set_named(map, &gl_shape_document, "effective_date", record, text.len > 0 && !instant ? text : value->text,
                     value, path);
}

/* --- parties and documents --- */

/* The list whose name has these three letters first: 1131 has no more before D.99A. Below 0: none, or several. */
static int short_index(gl_str text, const char *const *names)
{
    int found = -1;
    for (int i = 0; text.len == 3 && names[i] != NULL; i++)
        if (memcmp(names[i], text.ptr, 3) == 0)
            found = found < 0 ? i : INT32_MIN;
    return found;
}

/* "FISCAL.FR5": its list, and what stands behind the mark; false: it is none of ours. */
static bool split_list(gl_str text, const char *const *names, int *index, char *mark, gl_str *rest)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] != '.' && text.ptr[len] != '-')
        len++;
    *index = gl_names_index(names, (gl_str){text.ptr, len});
    if (*index < 0)
        *index = short_index(text, names);
    *mark = len < text.len ? text.ptr[len] : '\0';
    *rest = len < text.len ? (gl_str){text.ptr + len + 1, text.len - len - 1} : GL_STR("");
    return *index >= 0;
}

/* Lines without structure: the first is the name, the others the street. */
static void read_lines(gl_edi_map *map, const gl_edi_segment *segment, gl_declaration_party *party, const gl_path *path)
{
    uint8_t element = 0, component = 0;
    gl_edi_find(segment->spec, "C058.3124", &element, &component);
    for (unsigned i = 1; i <= 5; i++) {
        const gl_edi_value *line = gl_edi_value_at(segment, element, i);
        if (line == NULL)
            continue;
        if (party->name.ptr == NULL)
            gl_edi_set_named(map, &gl_shape_party, "name", party, line->text, line, path);
        else if (party->street.ptr == NULL)
            gl_edi_set_named(map, &gl_shape_party, "street", party, line->text, line, path);
        else
            party->street = gl_edi_concat(map->report->arena, party->street, " ", line->text);
    }
}

void gl_edi_read_party(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                       const gl_path *path)
{
    gl_declaration_party *party = record;
    const gl_edi_value *list = named(segment, "C082.1131"), *qualifier = named(segment, "3035");
    int role = -1;
    char mark = '\0';
    gl_str code = GL_STR("");
    if (list != NULL && split_list(list->text, gl_edi_role_lists, &role, &mark, &code)) {
        const gl_edi_value *agency = named(segment, "C082.3055");
        party->role = (gl_declaration_party_role)role;
        if (code.len > 0)
            set_text(map, &party->role_code, code, list);
        else if (list->text.len == 3 && agency != NULL)
            set_text(map, &party->role_code, agency->text, agency);
    } else if (strcmp(rule->qualifiers, "*") == 0 && qualifier != NULL && !gl_str_eqz(qualifier->text, "ZZZ")) {
        set_text(map, &party->role_code, qualifier->text, qualifier);
    }
    if (party->name.ptr == NULL)
        read_lines(map, segment, party, path);
}

void gl_edi_read_reference(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                           const gl_path *path)
{
    gl_declaration_document *document = record;
    const gl_edi_value *qualifier = named(segment, "1153");
    (void)rule, (void)path;
    for (const gl_edi_reference_type *t = gl_edi_reference_types; qualifier != NULL && t->qualifier != NULL; t++)
        if (gl_str_eqz(qualifier->text, t->qualifier))
            set_text(map, &document->type_code, gl_str_of(t->type), qualifier);
}

void gl_edi_read_document(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                          const gl_path *path)
{
    gl_declaration_document *document = record;
    const gl_edi_value *list = named(segment, "C002.1131");
    int kind = -1;
    char mark = '\0';
    gl_str rest = GL_STR("");
    (void)rule, (void)path;
    if (list == NULL || !split_list(list->text, gl_edi_document_lists, &kind, &mark, &rest))
        return;
    document->kind = (gl_declaration_document_kind)kind;
    if (mark == '.' && rest.len > 0)
        set_text(map, &document->category_code, rest, list);
    if (mark == '-' && document->type_code.ptr != NULL)
        document->type_code = gl_edi_concat(map->report->arena, rest, "", document->type_code);
}

/* FTX+ZZZ+++type:code */
void gl_edi_read_free_attribute(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                                const gl_path *path)
{
    const gl_edi_value *type = named(segment, "C108.4440"), *code = named(segment, "C108.4440/2");
    (void)rule, (void)record, (void)path;
    if (type == NULL || code == NULL)
        gl_report_at(map->report, or_tag(segment, type), NULL,
                     &(gl_problem){.code = "missing", .allowed = "FTX+ZZZ+++type:code"},
                     "an attribute has a type and a code");
    else
        gl_edi_add_attribute(map, "", type->text, code->text, code);
}

/* --- transport --- */

/* The name of the means where it has no number, and its carrier. */
void gl_edi_read_carrier(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                         const gl_path *path)
{
    gl_declaration_transport_means *means = record;
    const gl_edi_value *name = named(segment, "8212"), *id = named(segment, "C040.3127"),
                       *carrier = named(segment, "C040.3126");
    (void)rule;
    if (means->id.ptr == NULL && name != NULL)
        gl_edi_set_named(map, &gl_shape_transport_means, "id", means, name->text, name, path);
    if (id == NULL && carrier == NULL)
        return;
    gl_declaration_party *party = gl_list_append(map->report, (gl_list *)(void *)&map->declaration->parties,
                                                 sizeof *party, id == NULL ? carrier : id);
    party->role = GL_DECLARATION_PARTY_ROLE_CARRIER;
    if (id != NULL)
        set_text(map, &party->id, id->text, id);
    if (carrier != NULL)
        set_text(map, &party->name, carrier->text, carrier);
}

void gl_edi_read_loading(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                         const gl_path *path)
{
    const gl_edi_value *value = named(segment, "3225");
    (void)rule, (void)record, (void)path;
    if (value != NULL)
        gl_edi_set_named(map, &gl_shape_declaration, "loading_location_id", map->declaration, value->text, value, NULL);
}

/* --- consignments --- */

static void set_lrn(gl_edi_map *map, gl_declaration *declaration, const gl_edi_value *value)
{
    if (value != NULL && declaration->functional_reference_id.ptr == NULL)
        set_text(map, &declaration->functional_reference_id, value->text, value);
}

void gl_edi_read_cni(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                     const gl_path *path)
{
    (void)rule, (void)path;
    set_lrn(map, record, named(segment, "1004"));
}

void gl_edi_read_house(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                       const gl_path *path)
{
    gl_declaration *declaration = record;
    const gl_edi_value *qualifier = named(segment, "1153"), *id = named(segment, "1154");
    if (qualifier == NULL || id == NULL)
        return;
    if (gl_str_eqz(qualifier->text, "UCN")) {
        gl_edi_set_named(map, &gl_shape_declaration, "ucr", declaration, id->text, id, path);
        return;
    }
    gl_declaration_document *document =
        gl_list_append(map->report, (gl_list *)(void *)&declaration->documents, sizeof *document, qualifier);
    gl_edi_read_reference(map, rule, segment, document, NULL);
    document->kind = document->type_code.ptr != NULL ? GL_DECLARATION_DOCUMENT_KIND_TRANSPORT
                                                     : GL_DECLARATION_DOCUMENT_KIND_REFERENCE;
    if (document->type_code.ptr == NULL)
        set_text(map, &document->type_code, qualifier->text, qualifier);
    set_text(map, &document->id, id->text, id);
    set_lrn(map, declaration, id);
}

/* Each C213 of a GID. */
void gl_edi_read_gid(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                     const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    gl_path list = {path, "packaging", &item->packaging};
    (void)rule;
    for (unsigned e = 2; e <= 6; e++) {
        const gl_edi_value *count = gl_edi_value_at(segment, e, 1), *type = gl_edi_value_at(segment, e, 2);
        if (count == NULL && type == NULL)
            continue;
        gl_declaration_packaging *packaging = gl_list_append(map->report, (gl_list *)(void *)&item->packaging,
                                                             sizeof *packaging, count == NULL ? type : count);
        gl_path inner = {&list, NULL, gl_record_slot(packaging)};
        if (count != NULL)
            gl_edi_set_named(map, &gl_shape_packaging, "quantity", packaging, count->text, count, &inner);
        if (type != NULL)
            gl_edi_set_named(map, &gl_shape_packaging, "type_code", packaging, type->text, type, &inner);
    }
}

/* Marks belong to the last packaging; without any they make one. */
void gl_edi_read_marks(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                       const gl_path *path)
{
    gl_declaration_goods_item *item = record;
    (void)rule, (void)path;
    for (unsigned i = 1; i <= 10; i++) {
        const gl_edi_value *mark = gl_edi_value_at(segment, 2, i);
        if (mark == NULL)
            continue;
        if (item->packaging.count == 0)
            gl_list_append(map->report, (gl_list *)(void *)&item->packaging, sizeof *item->packaging.at, mark);
        gl_declaration_packaging *last = &item->packaging.at[item->packaging.count - 1];
        if (last->marks.ptr == NULL)
            set_text(map, &last->marks, mark->text, mark);
        else
            last->marks = gl_edi_concat(map->report->arena, last->marks, " ", mark->text);
    }
}

/* A container that several items are in is one. */
void gl_edi_read_equipment(gl_edi_map *map, const gl_edi_rule *rule, const gl_edi_segment *segment, void *record,
                           const gl_path *path)
{
    const gl_edi_value *id = named(segment, "8260");
    gl_declaration *declaration = map->declaration;
    (void)rule, (void)record, (void)path;
    for (size_t i = 0; id != NULL && i < declaration->transport_equipment_ids.count; i++)
        if (gl_str_eq(declaration->transport_equipment_ids.at[i], id->text))
            return;
    if (id != NULL)
        gl_edi_set_named(map, &gl_shape_declaration, "transport_equipment_ids", declaration, id->text, id, NULL);
}

/* --- the whole --- */

static gl_edi_map begin(gl_reader *reader, gl_intake *intake)
{
    const gl_edi *edi = reader->state;
    gl_edi_prepare();
    gl_edi_map map = {.edi = edi,
                      .report = &reader->report,
                      .declaration = &intake->declaration,
                      .epoch = gl_edi_epoch(edi->message.directory)};
    intake->declaration.test_indicator = edi->interchange.test;
    gl_report_origin(&reader->report, gl_record_slot(&intake->declaration), reader->report.root);
    return map;
}

/* Without a name of its own a declaration's type is what 1001 says. */
static void complete_type(gl_edi_map *map, const gl_edi_unit *unit)
{
    gl_declaration *declaration = map->declaration;
    if (declaration->type_code.ptr != NULL || !gl_report_given(map->report, &declaration->family))
        return;
    const gl_edi_value *node = &unit->segments[unit->count > 1].values[0];
    set_text(map, &declaration->type_code,
             declaration->family == GL_DECLARATION_FAMILY_EXPORT ? GL_STR("EX") : GL_STR("IM"), node);
}

void gl_edi_map_cusdec(gl_reader *reader, gl_intake *intake, const gl_edi_unit *unit)
{
    gl_edi_map map = begin(reader, intake);
    gl_edi_walk(&map, &gl_edi_cusdec, unit, 0, unit->count, 0, &intake->declaration, NULL);
    complete_type(&map, unit);
}

const gl_edi_value *gl_edi_cancelled_mrn(const gl_edi_unit *unit)
{
    for (size_t i = 0; i < unit->count; i++) {
        const gl_edi_segment *segment = &unit->segments[i];
        gl_str qualifier = gl_edi_text_at(segment, 1, 1);
        if (segment->code == GL_EDI_TAG('R', 'F', 'F') &&
            (gl_str_eqz(qualifier, "ABT") || gl_str_eqz(qualifier, "AAE")))
            return gl_edi_value_at(segment, 1, 2);
    }
    return NULL;
}

void gl_edi_map_cuscar(gl_reader *reader, gl_intake *intake, const gl_edi_unit *header, const gl_edi_unit *consignment)
{
    gl_edi_map map = begin(reader, intake);
    gl_edi_walk(&map, &gl_edi_cuscar_consignment, consignment, 0, consignment->count, 0, &intake->declaration, NULL);
    map.fill = true;
    map.own_attributes = intake->declaration.attributes.count;
    gl_edi_walk(&map, &gl_edi_cuscar_header, header, 0, header->count, 0, &intake->declaration, NULL);
}
