/* Precedents: what a ruling is about, and which of several stands. */
#include "customs/precedent.h"

#include <criterion/criterion.h>

static gl_precedent_text text_of(const char *description)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    return gl_precedent_text_of_normal(gl_text_normalise(gl_str_of(description), normal));
}

static bool same(const char *a, const char *b)
{
    gl_precedent_text left = text_of(a), right = text_of(b);
    return memcmp(left.bytes, right.bytes, sizeof left.bytes) == 0;
}

Test(precedent, it_is_about_words_not_their_order)
{
    cr_assert(same("Men's cotton T-shirt", "cotton t-shirt, MENS (cotton)"));
    cr_assert(same("shirt size 40", "shirt size 42"), "a number is a number");
    cr_assert(!same("cotton shirt", "cotton shirts"));
    cr_assert(!same("table lamp", "lamp"));
    cr_assert(!same("ab c", "a bc"), "a space is no letter");
}

Test(precedent, words_are_sorted_and_there_once)
{
    char out[GL_TEXT_OUTPUT_MAX];
    gl_str words = gl_precedent_words(GL_STR("red shoe red a shoe shoes"), out);
    cr_assert(gl_str_eqz(words, "a red shoe shoes"), "%.*s", GL_STR_ARG(words));
    cr_assert_eq(gl_precedent_words(GL_STR(""), out).len, 0);
}

Test(precedent, the_longest_text_fits)
{
    char normal[GL_TEXT_OUTPUT_MAX], out[GL_TEXT_OUTPUT_MAX];
    for (size_t i = 0; i < sizeof normal; i++)
        normal[i] = i % 2 == 1 ? ' ' : (char)('a' + (i * 7 / 2) % 26);
    gl_str words = gl_precedent_words((gl_str){normal, sizeof normal - 1}, out);
    cr_assert(gl_str_eqz(words, "a b c d e f g h i j k l m n o p q r s t u v w x y z"), "%.*s", GL_STR_ARG(words));
    for (size_t i = 0; i < sizeof normal; i++)
        normal[i] = 'x';
    cr_assert_eq(gl_precedent_words((gl_str){normal, sizeof normal}, out).len, sizeof normal);
}

Test(precedent, codes_and_texts)
{
    cr_assert(gl_precedent_is_code(GL_STR("610910")) && gl_precedent_is_code(GL_STR("6109100010")));
    cr_assert(!gl_precedent_is_code(GL_STR("61091")) && !gl_precedent_is_code(GL_STR("61091000101")));
    cr_assert(!gl_precedent_is_code(GL_STR("6109.10")) && !gl_precedent_is_code(GL_STR("")));
    cr_assert(gl_precedent_is_text(GL_STR("0 a")) && !gl_precedent_is_text(GL_STR("0 0")));
}

Test(precedent, the_latest_stands_whatever_the_order)
{
    gl_precedent first = {.code = GL_STR("610910"), .made_at = 1, .account = GL_STR("a"), .event_id = GL_STR("1")};
    gl_precedent later = first, revoked = first, other = first;
    later.made_at = 2;
    revoked.code = GL_STR("");
    other.event_id = GL_STR("2");
    cr_assert(gl_precedent_before(&first, &later) && !gl_precedent_before(&later, &first));
    cr_assert(gl_precedent_before(&first, &revoked) && !gl_precedent_before(&revoked, &first));
    cr_assert(gl_precedent_before(&first, &other) && !gl_precedent_before(&other, &first));
    cr_assert(!gl_precedent_before(&first, &first));
}

Test(precedent, a_record_is_keyed_by_text_and_event)
{
    uint8_t a[GL_PRECEDENT_KEY_BYTES], b[GL_PRECEDENT_KEY_BYTES];
    gl_precedent one = {.words = GL_STR("cotton shirt"), .account = GL_STR("customs"), .event_id = GL_STR("E-1")};
    gl_precedent again = one;
    again.made_at = 5;
    gl_precedent_key(&one, a);
    gl_precedent_key(&again, b);
    cr_assert_eq(memcmp(a, b, sizeof a), 0);
    again.event_id = GL_STR("E-2");
    gl_precedent_key(&again, b);
    cr_assert_eq(memcmp(a, b, GL_PRECEDENT_TEXT_BYTES), 0);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}
