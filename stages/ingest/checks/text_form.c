/* See text_form.h. */
#include "ingest/checks/text_form.h"

#include "base/clock.h"
#include "customs/ids.h"

enum { EORI_LEAST = 3, EORI_MOST = 17, UK_DIGITS = 12, UK_BRANCH_DIGITS = 15 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool all_digits(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.ptr[i]))
            return false;
    return text.len > 0;
}

/* Two letters of a country, then at most 15 letters and digits (Regulation (EU) 2015/2447, Annex 12-01); the United
 * Kingdom's are GB or XI and 12 or 15 digits. */
static bool is_eori(gl_str text)
{
    if (text.len < EORI_LEAST || text.len > EORI_MOST || !is_capital(text.ptr[0]) || !is_capital(text.ptr[1]))
        return false;
    gl_str rest = {text.ptr + 2, text.len - 2};
    if (gl_str_starts(text, GL_STR("GB")) || gl_str_starts(text, GL_STR("XI")))
        return all_digits(rest) && (rest.len == UK_DIGITS || rest.len == UK_BRANCH_DIGITS);
    for (size_t i = 0; i < rest.len; i++)
        if (!is_digit(rest.ptr[i]) && !is_capital(rest.ptr[i]))
            return false;
    return true;
}

/* Regulation (EU) 2020/194, Annex IV; the rule of its check digit is not published. */
static bool is_ioss(gl_str text)
{
    return text.len == 12 && gl_str_starts(text, GL_STR("IM")) && all_digits((gl_str){text.ptr + 2, 10});
}

/* After IM the number of the Member State (ISO 3166-1 numeric), or 900. What is no IOSS number at all is another
 * matter. */
static bool is_ioss_state(gl_str text)
{
    static const char states[][4] = {"040", "056", "100", "191", "196", "203", "208", "233", "246", "250",
                                     "276", "300", "348", "372", "380", "428", "440", "442", "470", "528",
                                     "616", "620", "642", "703", "705", "724", "752", "900"};
    if (!is_ioss(text))
        return true;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (memcmp(text.ptr + 2, states[i], 3) == 0)
            return true;
    return false;
}

static bool is_mrn(gl_str text)
{
    return gl_mrn_valid(text, NULL);
}

/* Three letters of the owner, U, J or Z, seven digits: what else identifies equipment (trailers, wagons) has rules of
 * its own. */
static bool looks_like_container(gl_str text)
{
    if (text.len != 11 || memchr("UJZ", text.ptr[3], 3) == NULL)
        return false;
    for (unsigned i = 0; i < 11; i++)
        if (i < 4 ? !is_capital(text.ptr[i]) : !is_digit(text.ptr[i]))
            return false;
    return true;
}

/* ISO 6346: letters count from 10 and leave out the multiples of 11; weights are powers of two. */
static bool is_container(gl_str text)
{
    unsigned sum = 0;
    if (!looks_like_container(text))
        return true;
    for (unsigned i = 0; i < 10; i++) {
        unsigned letter = (unsigned)(text.ptr[i] - 'A');
        sum += (i < 4 ? letter + 10 + (letter + 9) / 10 : (unsigned)(text.ptr[i] - '0')) << i;
    }
    return sum % 11 % 10 == (unsigned)(text.ptr[10] - '0');
}

/* IATA: three digits of the airline, a hyphen or none, seven of the serial number and its remainder by 7. */
static bool is_air_waybill(gl_str text)
{
    bool parted = text.len == 12 && text.ptr[3] == '-';
    if (text.len != 11 && !parted)
        return false;
    gl_str airline = {text.ptr, 3}, serial = {text.ptr + text.len - 8, 8};
    unsigned number = 0;
    if (!all_digits(airline) || !all_digits(serial))
        return false;
    for (unsigned i = 0; i < 7; i++)
        number = number * 10 + (unsigned)(serial.ptr[i] - '0');
    return number % 7 == (unsigned)(serial.ptr[7] - '0');
}

/* UPU standard S10: two letters, eight digits and their check digit, the country. */
static bool is_s10(gl_str text)
{
    static const unsigned weights[] = {8, 6, 4, 2, 3, 5, 9, 7};
    unsigned sum = 0;
    if (text.len != 13 || !is_capital(text.ptr[0]) || !is_capital(text.ptr[1]) || !is_capital(text.ptr[11]) ||
        !is_capital(text.ptr[12]) || !all_digits((gl_str){text.ptr + 2, 9}))
        return false;
    for (unsigned i = 0; i < 8; i++)
        sum += weights[i] * (unsigned)(text.ptr[2 + i] - '0');
    unsigned rest = 11 - sum % 11, digit = rest == 10 ? 0 : rest == 11 ? 5 : rest;
    return digit == (unsigned)(text.ptr[10] - '0');
}

static bool is_date(gl_str text)
{
    int32_t days;
    int64_t instant_us;
    return gl_date_parse(text, &days) || gl_time_parse(text, &instant_us);
}

const gl_text_form gl_text_form_table[] = {
    {"eori", is_eori}, {"ioss", is_ioss},           {"ioss-state", is_ioss_state},
    {"mrn", is_mrn},   {"container", is_container}, {"air-waybill", is_air_waybill},
    {"s10", is_s10},   {"date", is_date},
};
const size_t gl_text_form_count = sizeof gl_text_form_table / sizeof *gl_text_form_table;

const char *const gl_text_forms[] = {"eori",        "ioss", "ioss-state", "mrn", "container",
                                     "air-waybill", "s10",  "date",       NULL};
