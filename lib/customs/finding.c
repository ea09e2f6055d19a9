/* See finding.h. */
#include "customs/finding.h"

#include "customs/precedent.h"

enum { ID_BYTES = 16, ITEM_DIGITS = 5 };

#define FOUND "found"

const char gl_found_names[] = FOUND ", or " FOUND ". and an item's number from 1 to 99999";
const char gl_found_values[] = "a code of 6 to 10 digits, as-declared, or unknown";
const char gl_found_values_of_all[] = "as-declared, or unknown";

bool gl_found_is(gl_str name)
{
    static const gl_str found = {FOUND, sizeof FOUND - 1};
    return gl_str_eq(name, found) || (gl_str_starts(name, found) && name.ptr[found.len] == '.');
}

/* 0: not a number from 1 on. No number has two names. */
static int32_t item_of(gl_str digits)
{
    int32_t item = 0;
    if (digits.len == 0 || digits.len > ITEM_DIGITS || digits.ptr[0] == '0')
        return 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return 0;
        item = item * 10 + (digits.ptr[i] - '0');
    }
    return item;
}

const char *gl_found_read(gl_str name, gl_str value, gl_found *found, bool *of_name)
{
    bool all = name.len == sizeof FOUND - 1;
    *found = (gl_found){.what = GL_FOUND_CODE, .code = value};
    if (!all)
        found->item = item_of((gl_str){name.ptr + sizeof FOUND, name.len - sizeof FOUND});
    *of_name = !all && found->item == 0;
    if (*of_name)
        return gl_found_names;
    if (gl_str_eqz(value, "as-declared"))
        found->what = GL_FOUND_AS_DECLARED;
    else if (gl_str_eqz(value, "unknown"))
        found->what = GL_FOUND_UNKNOWN;
    else if (all)
        return gl_found_values_of_all;
    else if (!gl_precedent_is_code(value))
        return gl_found_values;
    return NULL;
}

void gl_finding_key(const uint8_t declaration_id[16], int32_t item, uint8_t key[GL_FINDING_KEY_BYTES])
{
    memcpy(key, declaration_id, ID_BYTES);
    for (size_t i = ID_BYTES; i < GL_FINDING_KEY_BYTES; i++)
        key[i] = (uint8_t)((uint32_t)item >> 8 * (GL_FINDING_KEY_BYTES - 1 - i));
}
