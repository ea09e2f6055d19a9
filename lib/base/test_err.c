/* Errors: messages are cut at whole characters, contexts stand in front, actions have names. */
#include "base/err.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

Test(err, fills_and_returns_false)
{
    gl_err err = {0};
    cr_assert_not(gl_fail(&err, GL_RETRY, "kv-timeout", "after %d ms", 50));
    cr_assert_str_eq(err.code, "kv-timeout");
    cr_assert_eq(err.action, GL_RETRY);
    cr_assert_str_eq(err.message, "after 50 ms");
    cr_assert_not(gl_fail(NULL, GL_FATAL, "x", "y"));
    cr_assert_not(gl_fail_context(NULL, "z"));
}

Test(err, context_stands_in_front)
{
    gl_err err = {0};
    gl_fail(&err, GL_FATAL, "conf-value", "not a number");
    cr_assert_not(gl_fail_context(&err, "file %s", "a.yaml"));
    cr_assert_str_eq(err.message, "file a.yaml: not a number");
    cr_assert_str_eq(err.code, "conf-value");
}

/* For every length around the limit, with characters of two, three and four bytes. */
Test(err, long_messages_are_cut_between_characters)
{
    static const char *const characters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < 4; c++) {
        for (size_t shift = 0; shift < 8; shift++) {
            char text[600] = "";
            memset(text, '.', shift);
            size_t step = strlen(characters[c]);
            for (size_t at = shift; at < 400; at += step)
                memcpy(text + at, characters[c], step);
            gl_err err = {0};
            gl_fail(&err, GL_FATAL, "long", "%s", text);
            cr_assert_lt(strlen(err.message), sizeof err.message);
            cr_assert_gt(strlen(err.message), sizeof err.message - 6);
            cr_assert(gl_str_is_utf8(gl_str_of(err.message), NULL));
            gl_fail_context(&err, "%s", text + shift + 192);
            cr_assert(gl_str_is_utf8(gl_str_of(err.message), NULL));
            gl_fail_context(&err, "%s", text);
            cr_assert(gl_str_is_utf8(gl_str_of(err.message), NULL));
            cr_assert_lt(strlen(err.message), sizeof err.message);
        }
    }
}

Test(err, actions_have_names)
{
    cr_assert_str_eq(gl_action_name(GL_NONE), "none");
    cr_assert_str_eq(gl_action_name(GL_RETRY), "retry");
    cr_assert_str_eq(gl_action_name(GL_WAIT), "wait");
    cr_assert_str_eq(gl_action_name(GL_ABORT_TXN), "abort-txn");
    cr_assert_str_eq(gl_action_name(GL_DEAD_LETTER), "dead-letter");
    cr_assert_str_eq(gl_action_name(GL_FATAL), "fatal");
}
