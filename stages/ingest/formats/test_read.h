/* Reading a message in a test: all its entries at once. */
#ifndef GL_INGEST_FORMATS_TEST_READ_H
#define GL_INGEST_FORMATS_TEST_READ_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/formats/canonical.h"
#include "ingest/formats/reader.h"

enum { TEST_READ_ENTRIES = 64 };

typedef struct test_read {
    gl_arena *arena;
    gl_mappings *mappings;
    gl_err err;
    size_t count;
    gl_intake at[TEST_READ_ENTRIES];
} test_read;

static inline gl_mappings *test_mappings(void)
{
    static gl_mappings *mappings;
    gl_err err = {0};
    if (mappings == NULL)
        mappings = gl_mappings_load(GL_SOURCE_DIR "/config/mappings", &err);
    cr_assert(mappings != NULL, "%s", err.message);
    return mappings;
}

enum { TEST_DAY_S = 1795521600 }; /* 2026-11-24T12:00:00Z */

/* The arena stays: tests run in processes of their own. `checks` may be NULL. */
static inline test_read *read_checked(gl_format format, const char *profile, gl_str bytes, size_t offset,
                                      int64_t position, const struct gl_checks *checks)
{
    test_read *r = calloc(1, sizeof *r);
    cr_assert(r != NULL);
    r->arena = gl_arena_new(0);
    gl_reader *reader =
        gl_reader_open(r->arena, test_mappings(), format, gl_str_of(profile), bytes, offset, position, &r->err);
    if (reader != NULL)
        gl_reader_check(reader, checks, (int64_t)TEST_DAY_S * 1000000);
    while (reader != NULL && r->count < TEST_READ_ENTRIES && gl_reader_next(reader, r->arena, &r->at[r->count]))
        r->count++;
    gl_reader_close(reader);
    return r;
}

static inline test_read *read_from(gl_format format, const char *profile, gl_str bytes, size_t offset, int64_t position)
{
    return read_checked(format, profile, bytes, offset, position, NULL);
}

static inline test_read *read_text(gl_format format, const char *profile, const char *text)
{
    return read_from(format, profile, gl_str_of(text), 0, 0);
}

static inline void test_read_free(test_read *r)
{
    gl_arena_destroy(r->arena);
    free(r);
}

static inline const char *canonical_text(test_read *r, size_t i)
{
    gl_buf out = gl_buf_in(r->arena);
    gl_canonical_json(&out, &r->at[i].declaration);
    gl_buf_byte(&out, 0);
    return (const char *)out.data;
}

/* The first error with this code and pointer (NULL: any), or NULL. */
static inline const gl_rejection_validation_error *find_error(const gl_intake *intake, const char *code,
                                                              const char *pointer)
{
    for (size_t i = 0; i < intake->error_count; i++)
        if (gl_str_eqz(intake->errors[i].code, code) &&
            (pointer == NULL || gl_str_eqz(intake->errors[i].pointer, pointer)))
            return &intake->errors[i];
    return NULL;
}

/* An error with code, pointer and value (NULL: without a value) must be there. */
static inline const gl_rejection_validation_error *expect_error(const gl_intake *intake, const char *code,
                                                                const char *pointer, const char *value)
{
    const gl_rejection_validation_error *e = find_error(intake, code, pointer);
    if (e == NULL)
        for (size_t i = 0; i < intake->error_count; i++)
            fprintf(stderr, "there is: %.*s at %.*s\n", GL_STR_ARG(intake->errors[i].code),
                    GL_STR_ARG(intake->errors[i].pointer));
    cr_assert(e != NULL, "no error %s at %s", code, pointer == NULL ? "any place" : pointer);
    cr_assert(value == NULL ? e->value.ptr == NULL : gl_str_eqz(e->value, value), "value of %s is %.*s", code,
              GL_STR_ARG(e->value));
    return e;
}

static inline void expect_accepted(const gl_intake *intake)
{
    for (size_t i = 0; i < intake->error_count; i++)
        fprintf(stderr, "%.*s at %.*s: %.*s\n", GL_STR_ARG(intake->errors[i].code),
                GL_STR_ARG(intake->errors[i].pointer), GL_STR_ARG(intake->errors[i].text));
    cr_assert(!intake->rejected);
}

#endif
