/* See eligibility.h. */
#include "decide/eligibility.h"

enum { EURO_SCALE = 6, DECIMAL_SCALE_LIMIT = 18, IOSS_CHARS = 12 };

typedef struct claims {
    bool c07, c08, f48;
} claims;

static claims find_claims(const gl_declaration *declaration)
{
    claims found = {0};
    for (size_t i = 0; i < declaration->items.count; i++) {
        const gl_declaration_goods_item *item = &declaration->items.at[i];
        for (size_t k = 0; k < item->additional_procedures.count; k++) {
            gl_str code = item->additional_procedures.at[k];
            found.c07 |= gl_str_eqz(code, "C07");
            found.c08 |= gl_str_eqz(code, "C08");
            found.f48 |= gl_str_eqz(code, "F48");
        }
    }
    return found;
}

/* -- The intrinsic value ---------------------------------------------------------------------------------------------
 */

typedef struct value_result {
    bool known;
    gl_decimal euro;
    gl_str problem; /* when it is not known */
} value_result;

static value_result problem(gl_arena *arena, const char *text, gl_str detail)
{
    return (value_result){.problem = gl_str_of(gl_arena_printf(arena, "%s%.*s", text, GL_STR_ARG(detail)))};
}

static value_result add_amount(const gl_decide_policy *policy, const gl_declaration_amount *amount, gl_decimal sum,
                               gl_arena *arena)
{
    gl_decimal rate, euro;
    if (amount->scale < 0 || amount->scale > DECIMAL_SCALE_LIMIT)
        return problem(arena, "a value has more decimals than can be compared", GL_STR(""));
    if (amount->currency_code.len == 0)
        return problem(arena, "a value has no currency", GL_STR(""));
    if (!gl_rates_find(gl_decide_policy_rates(policy), amount->currency_code, &rate))
        return problem(arena, "there is no exchange rate for ", amount->currency_code);
    gl_decimal value = {amount->unscaled, amount->scale};
    if (!gl_decimal_multiply(value, rate, EURO_SCALE, &euro) || !gl_decimal_add(sum, euro, &sum))
        return problem(arena, "the value is too large", GL_STR(""));
    return (value_result){.known = true, .euro = sum};
}

typedef const gl_declaration_amount *item_amount(const gl_declaration_goods_item *item);

static const gl_declaration_amount *charge_of(const gl_declaration_goods_item *item)
{
    return item->item_charge_amount;
}

static const gl_declaration_amount *customs_value_of(const gl_declaration_goods_item *item)
{
    return item->customs_value_amount;
}

static bool all_have(const gl_declaration *declaration, item_amount *amount_of)
{
    for (size_t i = 0; i < declaration->items.count; i++)
        if (amount_of(&declaration->items.at[i]) == NULL)
            return false;
    return declaration->items.count > 0;
}

static value_result sum_items(const gl_decide_policy *policy, const gl_declaration *declaration, item_amount *amount_of,
                              gl_arena *arena)
{
    value_result sum = {.known = true};
    for (size_t i = 0; i < declaration->items.count && sum.known; i++)
        sum = add_amount(policy, amount_of(&declaration->items.at[i]), sum.euro, arena);
    return sum;
}

/* The item prices, which H7 declares as the intrinsic value (DE 14 14); else the invoice; else the customs values. */
static value_result intrinsic_value(const gl_decide_policy *policy, const gl_declaration *declaration, gl_arena *arena)
{
    if (all_have(declaration, charge_of))
        return sum_items(policy, declaration, charge_of, arena);
    if (declaration->invoice_amount != NULL)
        return add_amount(policy, declaration->invoice_amount, (gl_decimal){0, 0}, arena);
    if (all_have(declaration, customs_value_of))
        return sum_items(policy, declaration, customs_value_of, arena);
    return problem(arena, "the declaration has no value", GL_STR(""));
}

/* -- Who sends to whom -----------------------------------------------------------------------------------------------
 */

typedef bool party_test(const gl_declaration_party *party);

static bool any_in(const gl_declaration_party *at, size_t count, party_test *test)
{
    for (size_t i = 0; i < count; i++)
        if (test(&at[i]))
            return true;
    return false;
}

static bool any_party(const gl_declaration *declaration, party_test *test)
{
    if (any_in(declaration->parties.at, declaration->parties.count, test))
        return true;
    for (size_t i = 0; i < declaration->items.count; i++)
        if (any_in(declaration->items.at[i].parties.at, declaration->items.at[i].parties.count, test))
            return true;
    return false;
}

/* EORI, VAT and IOSS numbers begin with two letters and go on with digits in them; passport and tax numbers of people
 * are not told apart from them, which errs towards asking for documents. */
static bool is_trade_number(gl_str id)
{
    if (id.len < 4 || id.ptr[0] < 'A' || id.ptr[0] > 'Z' || id.ptr[1] < 'A' || id.ptr[1] > 'Z')
        return false;
    for (size_t i = 2; i < id.len; i++)
        if (id.ptr[i] >= '0' && id.ptr[i] <= '9')
            return true;
    return false;
}

/* Whoever trades: a sender or receiver with a trader's number, or any fiscal reference (a sale is taxed, a gift is
 * not). */
static bool is_trader(const gl_declaration_party *party)
{
    switch (party->role) {
    case GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE:
        return true;
    case GL_DECLARATION_PARTY_ROLE_EXPORTER:
    case GL_DECLARATION_PARTY_ROLE_CONSIGNOR:
    case GL_DECLARATION_PARTY_ROLE_SELLER:
    case GL_DECLARATION_PARTY_ROLE_IMPORTER:
    case GL_DECLARATION_PARTY_ROLE_CONSIGNEE:
    case GL_DECLARATION_PARTY_ROLE_BUYER:
        return is_trade_number(party->id);
    default:
        return false;
    }
}

/* IM and ten digits (Implementing Regulation 2020/194, annex I), as fiscal reference FR5 (DE 13 16 031). */
static bool has_ioss_number(const gl_declaration_party *party)
{
    if (party->role != GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE || !gl_str_eqz(party->role_code, "FR5"))
        return false;
    if (party->id.len != IOSS_CHARS || !gl_str_starts(party->id, GL_STR("IM")))
        return false;
    for (size_t i = 2; i < IOSS_CHARS; i++)
        if (party->id.ptr[i] < '0' || party->id.ptr[i] > '9')
            return false;
    return true;
}

/* -- The codes -------------------------------------------------------------------------------------------------------
 */

/* As money is written: no zeros after the second decimal. */
static gl_decimal without_zeros(gl_decimal value)
{
    while (value.scale > 2 && value.unscaled % 10 == 0) {
        value.unscaled /= 10;
        value.scale--;
    }
    return value;
}

static bool check_limit(value_result value, gl_decimal limit, gl_arena *arena, gl_str *reason)
{
    if (!value.known) {
        *reason = value.problem;
        return false;
    }
    char have[GL_DECIMAL_TEXT_BYTES], allowed[GL_DECIMAL_TEXT_BYTES];
    bool within = gl_decimal_compare(value.euro, limit) <= 0;
    gl_str have_text = gl_decimal_format(without_zeros(value.euro), have),
           allowed_text = gl_decimal_format(limit, allowed);
    *reason = gl_str_of(gl_arena_printf(arena, "the intrinsic value of %.*s EUR is %s the limit of %.*s EUR",
                                        GL_STR_ARG(have_text), within ? "within" : "above", GL_STR_ARG(allowed_text)));
    return within;
}

static gl_decision_eligibility check_c08(const gl_decide_policy *policy, const gl_declaration *declaration,
                                         value_result value, gl_arena *arena)
{
    gl_decision_eligibility result = {.code = GL_STR("C08")};
    result.eligible = check_limit(value, gl_decide_policy_c08_limit(policy), arena, &result.reason);
    if (result.eligible && any_party(declaration, is_trader)) {
        result.eligible = false;
        result.reason =
            GL_STR("a party has a trader's number: the consignment is not from one private individual to another");
    }
    return result;
}

static const char *const PROOF_OF_VALUE = "Invoice or proof of payment that shows the value";
static const char *const PROOF_OF_GIFT =
    "Statement of the sender that it is a gift between private individuals, with its value";
static const char *const IOSS_NUMBER = "IOSS number of the seller (IM and ten digits) as fiscal reference FR5";

size_t gl_eligibility_check(const gl_decide_policy *policy, const gl_declaration *declaration, gl_arena *arena,
                            gl_decision_eligibility out[GL_ELIGIBILITY_CODES], gl_str required[GL_ELIGIBILITY_CODES],
                            size_t *required_count)
{
    claims claimed = find_claims(declaration);
    size_t count = 0;
    *required_count = 0;
    value_result value = {0};
    if (claimed.c07 || claimed.c08)
        value = intrinsic_value(policy, declaration, arena);
    if (claimed.c07) {
        out[count] = (gl_decision_eligibility){.code = GL_STR("C07")};
        out[count].eligible = check_limit(value, gl_decide_policy_c07_limit(policy), arena, &out[count].reason);
        if (!out[count++].eligible)
            required[(*required_count)++] = gl_str_of(PROOF_OF_VALUE);
    }
    if (claimed.c08) {
        out[count] = check_c08(policy, declaration, value, arena);
        if (!out[count++].eligible)
            required[(*required_count)++] = gl_str_of(PROOF_OF_GIFT);
    }
    if (claimed.f48) {
        bool there = any_party(declaration, has_ioss_number);
        gl_str reason = there ? GL_STR("an IOSS number is there")
                              : GL_STR("there is no IOSS number (IM and ten digits) as fiscal reference FR5");
        out[count++] = (gl_decision_eligibility){.code = GL_STR("F48"), .eligible = there, .reason = reason};
        if (!there)
            required[(*required_count)++] = gl_str_of(IOSS_NUMBER);
    }
    return count;
}
