/* See ens_rules.h. One function a kind of rule, one row a rule. */
#include "ingest/formats/ens/ens_rules.h"

#include <stdlib.h>

#include "customs/money.h"
#include "ingest/formats/ens/ens_form.h"
#include "ingest/formats/ens/ens_parties.h"

/* The mention "negotiable bill of lading 'to order blank endorsed'": the consignee is not known, a notify party is. */
#define TO_ORDER "10600"

enum { MEANS_LIMIT = 999, NO_MODE = -1 };

static const gl_xml *child(const gl_xml *node, const char *name)
{
    return node == NULL ? NULL : gl_xml_child(node, name);
}

/* What counts of that child; {NULL, 0}: it is not there, or its form is wrong. */
static gl_str text_of(const gl_ens_check *c, const gl_xml *node, const char *name)
{
    return gl_ens_text(c->report->arena, GL_ENS_TEXT, child(node, name));
}

/* The number in that child; -1: there is none. */
static int64_t number_of(const gl_ens_check *c, const gl_xml *node, const char *name)
{
    uint64_t number = 0;
    return gl_str_to_u64(text_of(c, node, name), INT32_MAX, &number) ? (int64_t)number : -1;
}

static const gl_xml *first_of(const gl_xml *node, const char *name)
{
    return child(node, name);
}

static const gl_xml *next_of(const gl_xml *node)
{
    const gl_xml *next = node->next;
    while (next != NULL && !gl_str_eq(next->name, node->name))
        next = next->next;
    return next;
}

#define EACH(at, parent, name)                                                                                         \
    const gl_xml *at = first_of(parent, name);                                                                         \
    at != NULL;                                                                                                        \
    at = next_of(at)

#define EACH_ITEM(at, c)                                                                                               \
    const gl_xml *at = (c)->item;                                                                                      \
    at != NULL;                                                                                                        \
    at = next_of(at)

static void fail(const gl_ens_check *c, const gl_ens_rule *rule, const gl_xml *node)
{
    gl_ens_fail(c, node, rule->code, rule->text, rule->condition);
}

static bool is_mode(const gl_ens_check *c, const int *modes)
{
    for (; *modes != 0; modes++)
        if (c->mode == *modes)
            return true;
    return false;
}

static bool is_circumstance(const gl_ens_check *c, const char *indicator)
{
    return gl_str_eqz(c->circumstance, indicator);
}

static bool is_to_order(const gl_ens_check *c, const gl_xml *item)
{
    for (EACH(mention, item, "SPEMENMT2"))
        if (gl_str_eqz(text_of(c, mention, "AddInfCodMT23"), TO_ORDER))
            return true;
    return false;
}

/* --- header --- */

static const int BY_SEA[] = {1, 8, 0}, BY_LAND[] = {3, 10, 11, 0}, MODES[] = {1, 2, 3, 4, 8, 10, 11, 0};
static const int NOT_BY_ROAD[] = {1, 2, 4, 8, 10, 11, 0}, NOT_BY_RAIL[] = {1, 3, 4, 8, 10, 11, 0};
enum { BY_RAIL = 2, BY_AIR = 4 };

static void check_mode(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (c->mode != NO_MODE && !is_mode(c, MODES))
        fail(c, rule, c->header);
}

static void check_circumstance(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (c->circumstance.len > 0 && !is_circumstance(c, "C") && !is_circumstance(c, "D") && !is_circumstance(c, "E"))
        fail(c, rule, c->header);
}

static void check_road(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_circumstance(c, "C") && is_mode(c, NOT_BY_ROAD))
        fail(c, rule, c->header);
}

static void check_rail(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_circumstance(c, "D") && is_mode(c, NOT_BY_RAIL))
        fail(c, rule, c->header);
}

static void check_ship_named(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_mode(c, BY_SEA) && !c->has_means)
        fail(c, rule, c->header);
}

static void check_no_means(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (c->mode == BY_AIR && c->has_means)
        fail(c, rule, c->header);
}

static void check_nation_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_mode(c, BY_LAND) && c->has_means && child(c->header, "NatOfMeaOfTraCroHEA87") == NULL)
        fail(c, rule, c->header);
}

static void check_no_nation(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (c->mode != NO_MODE && !(is_mode(c, BY_LAND) && c->has_means) &&
        child(c->header, "NatOfMeaOfTraCroHEA87") != NULL)
        fail(c, rule, c->header);
}

/* IMO number: 7 digits; ENI: 8. */
static bool is_ship(gl_str id)
{
    bool digits = id.len == 7 || id.len == 8;
    for (size_t i = 0; digits && i < id.len; i++)
        digits = id.ptr[i] >= '0' && id.ptr[i] <= '9';
    return digits;
}

static void check_ship(const gl_ens_check *c, const gl_ens_rule *rule)
{
    gl_str id = text_of(c, c->header, "IdeOfMeaOfTraCroHEA85");
    if (!is_mode(c, BY_SEA))
        return;
    if (id.len > 0 && !is_ship(id))
        fail(c, rule, c->header);
    for (EACH_ITEM(item, c))
        for (EACH(means, item, "IDEMEATRAGI970")) {
            id = text_of(c, means, "IdeMeaTraGIMEATRA971");
            if (id.len > 0 && !is_ship(id))
                fail(c, rule, child(means, "IdeMeaTraGIMEATRA971"));
        }
}

static bool is_alphanumeric(char ch)
{
    return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
}

/* Carrier of up to 3 letters or digits, up to 4 digits, perhaps a letter. */
static bool is_flight(gl_str text)
{
    size_t end = text.len, digits = 0;
    if (end < 2 || end > 8)
        return false;
    for (size_t i = 0; i < end; i++)
        if (!is_alphanumeric(text.ptr[i]))
            return false;
    end -= text.ptr[end - 1] > '9';
    while (digits < 4 && digits < end && text.ptr[end - 1 - digits] >= '0' && text.ptr[end - 1 - digits] <= '9')
        digits++;
    return digits > 0 && end - digits <= 3;
}

static void check_flight(const gl_ens_check *c, const gl_ens_rule *rule)
{
    const gl_xml *reference = child(c->header, "ConRefNumHEA");
    if (c->mode == BY_AIR && (reference == NULL || !reference->refused) &&
        !is_flight(text_of(c, c->header, "ConRefNumHEA")))
        fail(c, rule, c->header);
}

/* "XFER", letters and digits, and perhaps once ':' or '-' with letters and digits. */
static void check_transfer(const gl_ens_check *c, const gl_ens_rule *rule)
{
    gl_str text = text_of(c, c->header, "ConRefNumHEA"), prefix = GL_STR("XFER");
    if (c->mode != 1 || !gl_str_starts(text, prefix))
        return;
    size_t run = 0, separators = 0;
    bool good = true;
    for (size_t i = prefix.len; i < text.len && good; i++) {
        bool separates = text.ptr[i] == ':' || text.ptr[i] == '-';
        good = separates ? run > 0 && separators == 0 : is_alphanumeric(text.ptr[i]);
        separators += separates;
        run = separates ? 0 : run + 1;
    }
    if (!good || run == 0)
        fail(c, rule, c->header);
}

/* --- numbers --- */

static bool has_leading_zero(gl_str text)
{
    return text.len > 1 && text.ptr[0] == '0' && text.ptr[1] >= '0' && text.ptr[1] <= '9';
}

static void check_header_zeros(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (has_leading_zero(text_of(c, c->header, rule->element)))
        fail(c, rule, c->header);
}

static void check_item_zeros(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        if (has_leading_zero(text_of(c, item, rule->element)))
            fail(c, rule, child(item, rule->element));
}

static void check_package_zeros(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2"))
            if (has_leading_zero(text_of(c, package, rule->element)))
                fail(c, rule, child(package, rule->element));
}

typedef bool mass_test(gl_str text);

static bool is_signed(gl_str text)
{
    return text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');
}

static bool lacks_digit(gl_str text)
{
    return text.len > 0 && (text.ptr[0] == '.' || text.ptr[text.len - 1] == '.');
}

static void check_masses(const gl_ens_check *c, const gl_ens_rule *rule, mass_test *wrong)
{
    if (wrong(text_of(c, c->header, "TotGroMasHEA307")))
        fail(c, rule, child(c->header, "TotGroMasHEA307"));
    for (EACH_ITEM(item, c))
        if (wrong(text_of(c, item, "GroMasGDS46")))
            fail(c, rule, child(item, "GroMasGDS46"));
}

static void check_mass_zeros(const gl_ens_check *c, const gl_ens_rule *rule)
{
    check_masses(c, rule, has_leading_zero);
}

static void check_mass_point(const gl_ens_check *c, const gl_ens_rule *rule)
{
    check_masses(c, rule, lacks_digit);
}

static void check_total_sign(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_signed(text_of(c, c->header, "TotGroMasHEA307")))
        fail(c, rule, c->header);
}

static void check_mass_sign(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        if (is_signed(text_of(c, item, "GroMasGDS46")))
            fail(c, rule, child(item, "GroMasGDS46"));
}

static bool mass_of(const gl_ens_check *c, const gl_xml *node, const char *name, gl_decimal *mass)
{
    gl_str text = text_of(c, node, name);
    return text.len > 0 && gl_decimal_parse(gl_ens_decimal(c->report->arena, text), mass);
}

static void check_total_mass(const gl_ens_check *c, const gl_ens_rule *rule)
{
    gl_decimal total, sum = {0, 0}, mass;
    if (!mass_of(c, c->header, "TotGroMasHEA307", &total))
        return;
    for (EACH_ITEM(item, c))
        if (mass_of(c, item, "GroMasGDS46", &mass) && !gl_decimal_add(sum, mass, &sum))
            return;
    if (gl_decimal_compare(total, sum) < 0)
        fail(c, rule, c->header);
}

static void check_mass_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_circumstance(c, "E") || child(c->header, "TotGroMasHEA307") != NULL)
        return;
    for (EACH_ITEM(item, c))
        if (child(item, "GroMasGDS46") == NULL)
            fail(c, rule, item);
}

/* --- items --- */

static void check_item_numbers(const gl_ens_check *c, const gl_ens_rule *rule)
{
    int64_t place = 0;
    bool follow = true;
    for (EACH_ITEM(item, c)) {
        int64_t number = number_of(c, item, "IteNumGDS7");
        place++;
        follow = follow && (number < 0 || number == place);
    }
    if (!follow)
        fail(c, rule, c->root);
}

static void check_item_count(const gl_ens_check *c, const gl_ens_rule *rule)
{
    int64_t said = number_of(c, c->header, "TotNumOfIteHEA305"), count = 0;
    for (EACH_ITEM(item, c))
        count++;
    if (said >= 0 && said != count)
        fail(c, rule, c->header);
}

static void check_document_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (child(c->header, "ComRefNumHEA") != NULL)
        return;
    for (EACH_ITEM(item, c))
        if (child(item, "ComRefNumGIM1") == NULL && child(item, "PRODOCDC2") == NULL)
            fail(c, rule, item);
}

/* `element`: of the header and, after a space, of the item. */
static void check_place_once(const gl_ens_check *c, const gl_ens_rule *rule)
{
    const char *of_item = strchr(rule->element, ' ') + 1,
               *of_header = gl_arena_strndup(c->report->arena, rule->element, (size_t)(of_item - 1 - rule->element));
    if (child(c->header, of_header) == NULL)
        return;
    for (EACH_ITEM(item, c))
        if (child(item, of_item) != NULL)
            fail(c, rule, child(item, of_item));
}

static void check_means_once(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (!c->has_means && c->mode != BY_AIR)
        return;
    for (EACH_ITEM(item, c))
        for (EACH(means, item, "IDEMEATRAGI970"))
            fail(c, rule, means);
}

static void check_means_nation(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (c->mode == BY_RAIL || c->mode == NO_MODE)
        return;
    for (EACH_ITEM(item, c))
        for (EACH(means, item, "IDEMEATRAGI970"))
            if (child(means, "NatIDEMEATRAGI973") == NULL)
                fail(c, rule, means);
}

static void check_means_count(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c)) {
        size_t count = 0;
        for (EACH(means, item, "IDEMEATRAGI970"))
            count++;
        if (count > MEANS_LIMIT)
            fail(c, rule, item);
    }
}

/* --- packages --- */

/* Behind V, behind N. */
#define BULK_KINDS     "QGLYRSO"
#define UNPACKED_KINDS "EFG"

typedef enum packing { PACKED, UNPACKED, BULK, UNKNOWN_PACKING } packing;

static packing packing_of(const gl_ens_check *c, const gl_xml *package)
{
    gl_str kind = text_of(c, package, "KinOfPacGS23");
    if (kind.len != 2)
        return kind.len == 0 ? UNKNOWN_PACKING : PACKED;
    char first = kind.ptr[0], second = kind.ptr[1];
    return first == 'V' && memchr(BULK_KINDS, second, sizeof BULK_KINDS - 1) != NULL           ? BULK
           : first == 'N' && memchr(UNPACKED_KINDS, second, sizeof UNPACKED_KINDS - 1) != NULL ? UNPACKED
                                                                                               : PACKED;
}

/* What each packing has: must there be a number of packages, of pieces? */
static void check_packing(const gl_ens_check *c, const gl_ens_rule *rule, packing which, bool packages, bool pieces)
{
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2"))
            if (packing_of(c, package) == which && ((child(package, "NumOfPacGS24") != NULL) != packages ||
                                                    (child(package, "NumOfPieGS25") != NULL) != pieces))
                fail(c, rule, package);
}

static void check_bulk(const gl_ens_check *c, const gl_ens_rule *rule)
{
    check_packing(c, rule, BULK, false, false);
}

static void check_unpacked(const gl_ens_check *c, const gl_ens_rule *rule)
{
    check_packing(c, rule, UNPACKED, false, true);
}

static void check_packed(const gl_ens_check *c, const gl_ens_rule *rule)
{
    check_packing(c, rule, PACKED, true, false);
}

static void check_marks_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (child(c->header, "SpeCirIndHEA1") != NULL)
        return;
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2"))
            if (packing_of(c, package) == PACKED && child(package, "MarNumOfPacGSL21") == NULL)
                fail(c, rule, package);
}

static int by_text(const void *first, const void *second)
{
    const gl_str *a = first, *b = second;
    int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* The marks of all packages that there is a number of, in order. */
static gl_str *counted_marks(const gl_ens_check *c, size_t *count)
{
    size_t all = 1;
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2"))
            all++;
    gl_str *marks = GL_NEW_N(c->report->arena, gl_str, all);
    *count = 0;
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2")) {
            gl_str text = text_of(c, package, "MarNumOfPacGSL21");
            if (text.len > 0 && number_of(c, package, "NumOfPacGS24") > 0)
                marks[(*count)++] = text;
        }
    qsort(marks, *count, sizeof *marks, by_text);
    return marks;
}

static void check_no_packages(const gl_ens_check *c, const gl_ens_rule *rule)
{
    size_t count;
    const gl_str *marks = counted_marks(c, &count);
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2")) {
            gl_str text = text_of(c, package, "MarNumOfPacGSL21");
            if (number_of(c, package, "NumOfPacGS24") == 0 &&
                (text.len == 0 || bsearch(&text, marks, count, sizeof *marks, by_text) == NULL))
                fail(c, rule, package);
        }
}

static bool has_packages(const gl_ens_check *c)
{
    for (EACH_ITEM(item, c))
        if (child(item, "PACGS2") != NULL)
            return true;
    return false;
}

static void check_total_packages_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (child(c->header, "TotNumOfPacHEA306") == NULL && has_packages(c))
        fail(c, rule, c->header);
}

static void check_total_packages(const gl_ens_check *c, const gl_ens_rule *rule)
{
    int64_t said = number_of(c, c->header, "TotNumOfPacHEA306"), sum = 0;
    if (said < 0)
        return;
    for (EACH_ITEM(item, c))
        for (EACH(package, item, "PACGS2")) {
            int64_t packages = number_of(c, package, "NumOfPacGS24"), pieces = number_of(c, package, "NumOfPieGS25");
            sum += (packages > 0 ? packages : 0) + (pieces > 0 ? pieces : 0) + (packing_of(c, package) == BULK);
        }
    if (said != sum)
        fail(c, rule, c->header);
}

/* --- consignors, consignees, notify parties --- */

/* What a trader's elements say, in one text. */
static gl_str trader_text(const gl_ens_check *c, const gl_xml *trader)
{
    gl_buf text = gl_buf_in(c->report->arena);
    for (const gl_xml *part = trader->first; part != NULL; part = part->next)
        gl_buf_printf(&text, "%.*s=%.*s\n", GL_STR_ARG(part->name),
                      GL_STR_ARG(gl_ens_text(c->report->arena, GL_ENS_TEXT, part)));
    return text.len == 0 ? GL_STR("") : gl_buf_view(&text);
}

static void check_consignors_differ(const gl_ens_check *c, const gl_ens_rule *rule)
{
    gl_str first = {NULL, 0};
    size_t count = 0;
    bool differ = false;
    for (EACH_ITEM(item, c)) {
        const gl_xml *consignor = child(item, "TRACONCO2");
        if (consignor == NULL)
            continue;
        gl_str text = trader_text(c, consignor);
        differ = differ || (count > 0 && !gl_str_eq(first, text));
        first = count++ == 0 ? text : first;
    }
    if (count > 0 && !differ)
        fail(c, rule, c->root);
}

static void check_no_consignee(const gl_ens_check *c, const gl_ens_rule *rule)
{
    bool to_order = false;
    for (EACH_ITEM(item, c))
        to_order = to_order || is_to_order(c, item);
    if (to_order && c->consignee != NULL)
        fail(c, rule, c->consignee);
}

static void check_no_notify(const gl_ens_check *c, const gl_ens_rule *rule)
{
    bool other = false;
    for (EACH_ITEM(item, c))
        other = other || !is_to_order(c, item);
    if (other && c->notify != NULL)
        fail(c, rule, c->notify);
}

static void check_no_item_notify(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        if (child(item, "PRTNOT640") != NULL && !is_to_order(c, item))
            fail(c, rule, child(item, "PRTNOT640"));
}

static void check_item_notify_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        if (c->notify == NULL && child(item, "PRTNOT640") == NULL && is_to_order(c, item))
            fail(c, rule, item);
}

static void check_item_consignee_given(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        if (c->consignee == NULL && child(item, "TRACONCE2") == NULL && !is_to_order(c, item))
            fail(c, rule, item);
}

static void check_no_item_consignee(const gl_ens_check *c, const gl_ens_rule *rule)
{
    for (EACH_ITEM(item, c))
        if (c->consignee != NULL && child(item, "TRACONCE2") != NULL)
            fail(c, rule, child(item, "TRACONCE2"));
}

static void check_authorised(const gl_ens_check *c, const gl_ens_rule *rule)
{
    if (is_circumstance(c, "E") && c->consignee != NULL && child(c->consignee, "TINCE159") == NULL)
        fail(c, rule, c->consignee);
}

static void check_sender(const gl_ens_check *c, const gl_ens_rule *rule)
{
    gl_str text = text_of(c, c->root, "MesSenMES3");
    const char *slash = text.len < 10 + 1 ? NULL : text.ptr + text.len - 10 - 1;
    size_t before = slash == NULL ? 0 : (size_t)(slash - text.ptr);
    bool good = slash != NULL && *slash == '/' && before >= 3;
    for (size_t i = 0; good && i < 10; i++)
        good = slash[1 + i] >= '0' && slash[1 + i] <= '9';
    for (size_t i = 0; good && i < 2; i++)
        good = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
    size_t characters = 0;
    for (size_t i = 2; i < before; i++)
        characters += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    if (text.len > 0 && (!good || characters > 15))
        fail(c, rule, child(c->root, "MesSenMES3"));
}

static void check_lodging_tin(const gl_ens_check *c, const gl_ens_rule *rule)
{
    const gl_xml *person = child(c->root, "PERLODSUMDEC");
    gl_str tin = text_of(c, person, "TINPLD1");
    if (tin.len > 0 && !gl_str_starts(tin, GL_STR("GB")))
        fail(c, rule, child(person, "TINPLD1"));
}

static void check_offices_differ(const gl_ens_check *c, const gl_ens_rule *rule)
{
    gl_str lodgement = text_of(c, child(c->root, "CUSOFFLON"), "RefNumCOL1"),
           entry = text_of(c, child(c->root, "CUSOFFFENT730"), "RefNumCUSOFFFENT731");
    if (lodgement.len > 0 && gl_str_eq(lodgement, entry))
        fail(c, rule, child(child(c->root, "CUSOFFLON"), "RefNumCOL1"));
}

/* --- the table --- */

#define VALUE     GL_ENS_FAULT_VALUE
#define MISSING   GL_ENS_FAULT_MISSING
#define NOT_HERE  GL_ENS_FAULT_NOT_HERE
#define FORBIDDEN GL_ENS_FAULT_FORBIDDEN
#define NOTATION  GL_ENS_FAULT_NOTATION

static const gl_ens_rule rules[] = {
    {"ens-4065", "", VALUE, "The message sender is a TIN, a slash and ten digits", check_sender, NULL},
    {"ens-8102", "R007", VALUE, "Items are numbered from 1, each by 1 more than the one before", check_item_numbers,
     NULL},
    {"ens-8103", "C592", MISSING,
     "An item has its gross mass, unless there is a total gross mass or the specific circumstance indicator is E",
     check_mass_given, NULL},
    {"ens-8105", "C562", MISSING, "With the specific circumstance indicator E the consignee has a TIN",
     check_authorised, NULL},
    {"ens-8107", "C017", MISSING, "Transport by ship (modes 1 and 8) names the ship", check_ship_named, NULL},
    {"ens-8108", "C024", MISSING, "In modes 3, 10 and 11 the means of transport that is named has its nationality",
     check_nation_given, NULL},
    {"ens-8109", "C582", MISSING, "With packages there is a total number of packages", check_total_packages_given,
     NULL},
    {"ens-8111", "C529", NOT_HERE, "With the specific circumstance indicator C the transport mode is 3", check_road,
     NULL},
    {"ens-8112", "C529", NOT_HERE, "With the specific circumstance indicator D the transport mode is 2", check_rail,
     NULL},
    {"ens-8113", "C017", FORBIDDEN, "Transport by air (mode 4) names no means of transport in the header",
     check_no_means, NULL},
    {"ens-8114", "C514", VALUE, "A ship is named by its IMO number (7 digits) or its ENI (8 digits)", check_ship, NULL},
    {"ens-8115", "C024", FORBIDDEN,
     "A nationality of the means of transport is given in modes 3, 10 and 11 only, and with its identity",
     check_no_nation, NULL},
    {"ens-8117", "R105", VALUE,
     "The total number of packages is the sum of packages, pieces and 1 for each kind in bulk", check_total_packages,
     NULL},
    {"ens-8118", "TR0518", VALUE,
     "In mode 4 the conveyance reference number is a flight number: carrier, up to 4 digits, perhaps a letter",
     check_flight, NULL},
    {"ens-8136", "C574", FORBIDDEN, "A place of loading in the header leaves none for an item", check_place_once,
     "PlaLoaGOOITE334 PlaLoaGOOITE333"},
    {"ens-8147", "C020", MISSING, "In all modes but 2 an item's means of transport has its nationality",
     check_means_nation, NULL},
    {"ens-8149", "C062", FORBIDDEN, "Goods in bulk have no number of packages and none of pieces", check_bulk, NULL},
    {"ens-8150", "C062", MISSING, "Unpacked goods have a number of pieces and none of packages", check_unpacked, NULL},
    {"ens-8151", "C062", MISSING, "Packed goods have a number of packages and none of pieces", check_packed, NULL},
    {"ens-8152", "C062", MISSING,
     "Packed goods have marks and numbers, unless there is a specific circumstance indicator", check_marks_given, NULL},
    {"ens-8153", "TR0022", VALUE,
     "For packages whose number is 0 there are others with the same marks and a number above 0", check_no_packages,
     NULL},
    {"ens-8170", "C567", MISSING, "An item has a document, unless it or the header has a commercial reference number",
     check_document_given, NULL},
    {"ens-8171", "C579", FORBIDDEN, "A place of unloading in the header leaves none for an item", check_place_once,
     "PlaUnlGOOITE334 PlaUnlGOOITE333"},
    {"ens-8193", "", VALUE, "Consignors of items are at least two, and not all the same", check_consignors_differ,
     NULL},
    {"ens-8198", "C019", FORBIDDEN, "A means of transport in the header, or mode 4, leaves none for an item",
     check_means_once, NULL},
    {"ens-8204", "C583", FORBIDDEN, "With the mention 10600 at any item there is no consignee of the whole",
     check_no_consignee, NULL},
    {"ens-8206", "TR0811", VALUE, "The total number of items is the number of items", check_item_count, NULL},
    {"ens-8612", "", GL_ENS_FAULT_TOO_MANY, "An item has at most 999 means of transport", check_means_count, NULL},
    {"ens-8616", "", VALUE, "The office of lodgement is another than the office of first entry", check_offices_differ,
     NULL},
    {"ens-8619", "C583", FORBIDDEN, "A notify party of the whole needs the mention 10600 at every item",
     check_no_notify, NULL},
    {"ens-8620", "C584", FORBIDDEN, "A notify party of an item needs the mention 10600 there", check_no_item_notify,
     NULL},
    {"ens-8622", "C584", MISSING, "An item with the mention 10600 has a notify party, unless the whole has one",
     check_item_notify_given, NULL},
    {"ens-8623", "C584", MISSING, "An item without the mention 10600 has a consignee, unless the whole has one",
     check_item_consignee_given, NULL},
    {"ens-8625", "C584", FORBIDDEN, "A consignee of the whole leaves none for an item", check_no_item_consignee, NULL},
    {"ens-8672", "", NOTATION, "The total number of packages has no leading zeros", check_header_zeros,
     "TotNumOfPacHEA306"},
    {"ens-8673", "", NOTATION, "The total gross mass has no sign", check_total_sign, NULL},
    {"ens-8674", "", NOTATION, "A mass has no leading zeros", check_mass_zeros, NULL},
    {"ens-8677", "", NOTATION, "A mass has a digit before and behind its decimal point", check_mass_point, NULL},
    {"ens-8678", "", NOTATION, "An item number has no leading zeros", check_item_zeros, "IteNumGDS7"},
    {"ens-8679", "", NOTATION, "A gross mass has no sign", check_mass_sign, NULL},
    {"ens-8680", "", NOTATION, "A number of packages has no leading zeros", check_package_zeros, "NumOfPacGS24"},
    {"ens-8681", "", NOTATION, "A number of pieces has no leading zeros", check_package_zeros, "NumOfPieGS25"},
    {"ens-8685", "TR0519", VALUE,
     "In mode 1 a conveyance reference number that begins with XFER goes on with letters and digits, and perhaps once "
     "with ':' or '-' and letters and digits",
     check_transfer, NULL},
    {"ens-8686", "TR0812", VALUE, "The total gross mass is at least the sum of the items'", check_total_mass, NULL},
    {"ens-8689", "", VALUE, "The transport mode is 1, 2, 3, 4, 8, 10 or 11", check_mode, NULL},
    {"ens-8690", "", NOTATION, "The transport mode has no leading zeros", check_header_zeros, "TraModAtBorHEA76"},
    {"ens-8691", "", VALUE, "The specific circumstance indicator is C, D or E", check_circumstance, NULL},
    {"ens-8692", "", VALUE, "The TIN of the person lodging the declaration begins with GB", check_lodging_tin, NULL},
};
enum { RULES = sizeof rules / sizeof *rules };

void gl_ens_check_rules(gl_report *report, const gl_xml *root)
{
    gl_ens_check c = {.report = report, .root = root, .header = gl_xml_child(root, "HEAHEA"), .mode = NO_MODE};
    if (c.header == NULL)
        return; /* an error of the form, and nothing that the rules say makes sense without it */
    c.item = gl_xml_child(root, "GOOITEGDS");
    c.consignee = gl_xml_child(root, "TRACONCE1");
    c.notify = gl_xml_child(root, "NOTPAR670");
    c.mode = (int)number_of(&c, c.header, "TraModAtBorHEA76");
    c.circumstance = text_of(&c, c.header, "SpeCirIndHEA1");
    c.has_means = child(c.header, "IdeOfMeaOfTraCroHEA85") != NULL;
    for (size_t i = 0; i < RULES; i++)
        rules[i].check(&c, &rules[i]);
    gl_ens_check_parties(&c);
}

bool gl_ens_rule_of(gl_str code, const char **number, const char **condition, gl_ens_fault *fault)
{
    for (size_t i = 0; i < RULES; i++)
        if (gl_str_eqz(code, rules[i].code)) {
            *number = rules[i].code + GL_ENS_PREFIX;
            *condition = rules[i].condition;
            *fault = rules[i].fault;
            return true;
        }
    return gl_ens_party_rule_of(code, number, condition, fault);
}

void gl_ens_rules_document(gl_buf *buf)
{
    gl_buf_text(buf, "| code | condition | holds when |\n|---|---|---|\n");
    for (size_t i = 0; i < RULES; i++)
        gl_buf_printf(buf, "| `%s` | %s | %s |\n", rules[i].code, rules[i].condition, rules[i].text);
    gl_ens_parties_document(buf);
}
