/* See ens_parties.h. */
#include "ingest/formats/ens/ens_parties.h"

#include <pthread.h>
#include <stdio.h>

#include "ingest/formats/ens/ens_form.h"

enum { FIELDS = 5, CODE_BYTES = 9, FOREIGN = 100 };

/* How the numbers of a trader's elements are found: the first one's, 0: there is no such rule. */
typedef struct trader {
    const char *group, *words, *tin, *fields[FIELDS];
    bool of_item;
    int required, forbidden; /* required with a TIN of another country: `required` + 100 */
    bool any_tin;            /* forbidden with a TIN of any country */
} trader;

static const char *const field_names[FIELDS] = {"name", "street", "postcode", "city", "country_code"};
static const char *const field_words[FIELDS] = {"name", "street and number", "postal code", "city", "country"};

static const trader traders[] = {
    {"TRACONCO1",
     "consignor",
     "TINCO159",
     {"NamCO17", "StrAndNumCO122", "PosCodCO123", "CitCO124", "CouCO125"},
     false,
     8120,
     8626,
     false},
    {"TRACONCE1",
     "consignee",
     "TINCE159",
     {"NamCE17", "StrAndNumCE122", "PosCodCE123", "CitCE124", "CouCE125"},
     false,
     8125,
     8631,
     false},
    {"NOTPAR670",
     "notify party",
     "TINNOTPAR671",
     {"NamNOTPAR672", "StrNumNOTPAR673", "PosCodNOTPAR676", "CitNOTPAR674", "CouCodNOTPAR675"},
     false,
     8130,
     8636,
     false},
    {"TRACONCO2",
     "consignor of an item",
     "TINCO259",
     {"NamCO27", "StrAndNumCO222", "PosCodCO223", "CitCO224", "CouCO225"},
     true,
     8137,
     8641,
     false},
    {"TRACONCE2",
     "consignee of an item",
     "TINCE259",
     {"NamCE27", "StrAndNumCE222", "PosCodCE223", "CitCE224", "CouCE225"},
     true,
     8142,
     8646,
     false},
    {"PRTNOT640",
     "notify party of an item",
     "TINPRTNOT641",
     {"NamPRTNOT642", "StrNumPRTNOT646", "PstCodPRTNOT644", "CtyPRTNOT643", "CouCodGINOT647"},
     true,
     8154,
     8651,
     false},
    {"TRAREP",
     "representative",
     "TINTRE1",
     {"NamTRE1", "StrAndNumTRE1", "PosCodTRE1", "CitTRE1", "CouCodTRE1"},
     false,
     0,
     8656,
     true},
    {"PERLODSUMDEC",
     "person lodging the declaration",
     "TINPLD1",
     {"NamPLD1", "StrAndNumPLD1", "PosCodPLD1", "CitPLD1", "CouCodPLD1"},
     false,
     0,
     8661,
     true},
    {"TRACARENT601",
     "carrier",
     "TINTRACARENT602",
     {"NamTRACARENT604", "StrNumTRACARENT607", "PstCodTRACARENT606", "CtyTRACARENT603", "CouCodTRACARENT605"},
     false,
     8159,
     8666,
     false},
};
enum { TRADERS = sizeof traders / sizeof *traders };

/* Without a TIN, with one of another country, with one of the country. */
typedef enum told_by { BY_ADDRESS, BY_FOREIGN_TIN, BY_TIN, TELLINGS } told_by;

static char codes[TRADERS][TELLINGS][FIELDS][CODE_BYTES];

static int first_number(const trader *t, told_by telling)
{
    return telling == BY_TIN           ? t->forbidden
           : t->required == 0          ? 0
           : telling == BY_FOREIGN_TIN ? t->required + FOREIGN
                                       : t->required;
}

static void make_codes(void)
{
    for (size_t t = 0; t < TRADERS; t++)
        for (int telling = 0; telling < TELLINGS; telling++)
            for (int f = 0; f < FIELDS; f++) {
                int first = first_number(&traders[t], (told_by)telling);
                if (first > 0)
                    snprintf(codes[t][telling][f], CODE_BYTES, "ens-%04d", (first + f) % 10000);
            }
}

static void prepare_codes(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_codes);
}

static void fail_field(const gl_ens_check *c, const gl_xml *node, const gl_path *path, const char *code,
                       const char *text, const char *condition)
{
    bool of = condition[0] != 0;
    gl_report_at(c->report, node, path, &(gl_problem){.code = code}, "%s%s%s%s", text, of ? " (" : "", condition,
                 of ? ")" : "");
}

void gl_ens_fail(const gl_ens_check *c, const gl_xml *node, const char *code, const char *text, const char *condition)
{
    fail_field(c, node, NULL, code, text, condition);
}

static const char *sentence(gl_arena *arena, const trader *t, told_by telling, int field)
{
    static const char *const rest[] = {" is required when there is no TIN",
                                       " is required with a TIN of another country",
                                       " is not given with a TIN of the country"};
    const char *forms = t->any_tin && telling == BY_TIN ? " is not given with a TIN" : rest[telling];
    return gl_arena_printf(arena, "The %s of the %s%s", field_words[field], t->words, forms);
}

static told_by telling_of(const gl_ens_check *c, const trader *t, const gl_xml *node)
{
    const gl_xml *tin = gl_xml_child(node, t->tin);
    gl_str text = gl_ens_text(c->report->arena, GL_ENS_TIN, tin);
    if (tin == NULL)
        return BY_ADDRESS;
    return t->any_tin || gl_str_starts(text, GL_STR("GB")) ? BY_TIN : BY_FOREIGN_TIN;
}

static void check_trader(const gl_ens_check *c, size_t index, const gl_xml *node)
{
    const trader *t = &traders[index];
    told_by telling = telling_of(c, t, node);
    for (int f = 0; f < FIELDS; f++) {
        const gl_xml *field = gl_xml_child(node, t->fields[f]);
        const char *code = codes[index][telling][f];
        if (code[0] == 0 || (field != NULL) != (telling == BY_TIN))
            continue;
        /* By the path names and addresses are masked. */
        gl_path items = {NULL, "items", NULL}, item = {&items, NULL, NULL};
        gl_path parties = {t->of_item ? &item : NULL, "parties", NULL}, party = {&parties, NULL, NULL},
                of_field = {&party, field_names[f], NULL};
        fail_field(c, telling == BY_TIN ? field : node, &of_field, code, sentence(c->report->arena, t, telling, f),
                   "C501");
    }
}

void gl_ens_check_parties(const gl_ens_check *c)
{
    prepare_codes();
    for (size_t t = 0; t < TRADERS; t++) {
        gl_str name = traders[t].of_item ? GL_STR("GOOITEGDS") : gl_str_of(traders[t].group);
        const gl_xml *node = traders[t].of_item ? c->item : gl_xml_child(c->root, traders[t].group);
        for (; node != NULL; node = node->next) {
            if (!gl_str_eq(node->name, name))
                continue;
            const gl_xml *found = traders[t].of_item ? gl_xml_child(node, traders[t].group) : node;
            if (found != NULL)
                check_trader(c, t, found);
        }
    }
}

bool gl_ens_party_rule_of(gl_str code, const char **number, const char **condition, gl_ens_fault *fault)
{
    prepare_codes();
    for (size_t t = 0; t < TRADERS; t++)
        for (int telling = 0; telling < TELLINGS; telling++)
            for (int f = 0; f < FIELDS; f++)
                if (code.len > 0 && gl_str_eqz(code, codes[t][telling][f])) {
                    *number = codes[t][telling][f] + GL_ENS_PREFIX;
                    *condition = "C501";
                    *fault = telling == BY_TIN ? GL_ENS_FAULT_FORBIDDEN : GL_ENS_FAULT_MISSING;
                    return true;
                }
    return false;
}

void gl_ens_parties_document(gl_buf *buf)
{
    gl_arena *arena = gl_arena_new(0);
    prepare_codes();
    for (size_t t = 0; t < TRADERS; t++)
        for (int telling = 0; telling < TELLINGS; telling++)
            if (codes[t][telling][0][0] != 0)
                gl_buf_printf(buf, "| `%s` to `%s` | C501 | %s; and so on for %s, %s, %s and %s |\n",
                              codes[t][telling][0], codes[t][telling][FIELDS - 1],
                              sentence(arena, &traders[t], (told_by)telling, 0), field_words[1], field_words[2],
                              field_words[3], field_words[4]);
    gl_arena_destroy(arena);
}
