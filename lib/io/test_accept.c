/* Which form is answered with, for what browsers, scripts and customs software send, and for what nobody should. */
#include <criterion/criterion.h>

#include "io/accept.h"

static const char *const OFFERS[] = {"application/json", "application/xml", "text/csv", "text/xml", NULL};

static int chosen(const char *accept)
{
    return gl_accept_choose(gl_str_of(accept), OFFERS);
}

typedef struct accept_case {
    const char *header;
    int offer; /* -1: none */
} accept_case;

static const accept_case CASES[] = {
    {"*/*", 0},
    {"application/*", 0},
    {"application/json", 0},
    {"application/xml", 1},
    {"APPLICATION/XML", 1},
    {"text/csv", 2},
    {"text/*", 2},
    {"text/xml", 3},
    {"text/html, application/xml;q=0.9, */*;q=0.8", 1}, /* a browser */
    {"application/json;q=0.5, text/csv", 2},
    {"application/json;q=0.5, text/csv;q=0.51", 2},
    {"text/csv;q=0.5,application/xml;q=0.5", 1}, /* equal: ours */
    {"application/json;q=0, */*", 1},            /* the closest range counts, not the kindest */
    {"*/*;q=0.1, text/*;q=0.3, text/csv;q=0.2", 3},
    {"*/*, application/json;q=0.2, application/xml;q=0.1", 2},
    {"text/csv;charset=utf-8;q=0.7, application/xml;q=0.6", 2},
    {"text/csv;header=\"a,b;q=0\\\",\";Q=0.9, application/xml;q=0.8", 2},
    {" \ttext/csv \t;\t q=1.000 , ", 2},
    {"text/csv;;q=0.3;", 2},
    {",,text/csv,,", 2},
    {"application/xml, application/xml;q=0.1, text/csv;q=0.5", 1},
    {"image/png", -1},
    {"*/*;q=0", -1},
    {"application/json;q=0.000", -1},
    {"text/plain, application/pdf", -1},
    /* Not well-formed: says nothing; what stands beside it counts. */
    {"json", 0},
    {"", 0},
    {" , ;", 0},
    {"*/json", 0},
    {"text/csv;q=2", 0},
    {"text/csv;q=1.001", 0},
    {"text/csv;q=0.1234", 0},
    {"text/csv;q=.5", 2},
    {"text/csv;q=.", 0},
    {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 0},
    {"application/xml;q=.1, *;q=.2, text/csv;q=.3", 2},
    {"text/csv;q=-1", 0},
    {"text/csv;q", 0},
    {"text/csv extra", 0},
    {"text/csv;a=\"never closed", 0},
    {"text/csv;q=9, application/xml;q=0.1", 1},
    {"json, text/csv", 2},
    {"te\"x,\"t/csv, application/xml", 1},
};

Test(accept, asks_for)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        cr_expect_eq(chosen(CASES[i].header), CASES[i].offer, "%s: %d", CASES[i].header, chosen(CASES[i].header));
}

Test(accept, without_a_header_the_favourite)
{
    cr_assert_eq(gl_accept_choose((gl_str){NULL, 0}, OFFERS), 0);
}

/* A slice is not NUL-terminated: nothing behind it is read. */
Test(accept, ends_where_the_slice_ends)
{
    cr_assert_eq(gl_accept_choose((gl_str){"text/csv;q=0.5", 8}, OFFERS), 2);
    cr_assert_eq(gl_accept_choose((gl_str){"text/csv;q=0", 11}, OFFERS), 0); /* "q=" is not well-formed */
    cr_assert_eq(gl_accept_choose((gl_str){"text/csv,image/png", 8}, OFFERS), 2);
}
