/* What the dead-letter command reads: corrected records, marks, and the texts of its filters. */
#include <stdlib.h>

#include "cli/letters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_marks(gl_str first, gl_str rest)
{
    gl_letter_marks marks = {0};
    gl_letter letter = {.stage = 3, .partition = 1, .offset = 5, .timestamp_ms = 77};
    gl_letter_marks_add(&marks, first, rest);
    gl_letter_marks_add(&marks, rest, first);
    gl_letter_marks_add(&marks, first, (gl_str){NULL, 0});
    gl_letter_marks_sort(&marks);
    gl_letter_marks_has(&marks, &letter);
    gl_letter_marks_free(&marks);
}

static void read_filters(gl_arena *arena, gl_str first, gl_str rest)
{
    gl_letter_filter filter;
    gl_err err;
    const char *one = gl_arena_printf(arena, "%.*s", GL_STR_ARG(first)),
               *two = gl_arena_printf(arena, "%.*s", GL_STR_ARG(rest));
    gl_letter letter = {.code = first, .key = rest};
    if (gl_letter_filter_parse(&filter, "", two, one, "", "", 0, &err))
        gl_letter_matches(&filter, &letter);
    if (gl_letter_filter_parse(&filter, one, "", "", two, "", 0, &err))
        gl_letter_matches(&filter, &letter);
    if (gl_letter_filter_parse(&filter, "", "", "", "", one, 0, &err))
        gl_letter_matches(&filter, &letter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_str all = {size == 0 ? "" : (const char *)data, size};
    gl_replacements found;
    gl_err err;
    const char *line = memchr(all.ptr, '\n', all.len);
    size_t first_len = line == NULL ? all.len : (size_t)(line - all.ptr);
    gl_str first = {all.ptr, first_len}, rest = {all.ptr + first_len, all.len - first_len};
    if (rest.len > 0)
        rest = (gl_str){rest.ptr + 1, rest.len - 1};
    gl_letter letter = {.stage = 2, .partition = 1, .offset = 9};
    if (gl_replacements_parse(arena, all, &found, &err))
        gl_replacements_find(&found, &letter);
    read_marks(first, rest);
    read_filters(arena, first, rest);
    gl_arena_destroy(arena);
    return 0;
}
