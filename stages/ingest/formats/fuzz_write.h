/* What every writer must hold for whatever its reader accepted: shared by the fuzz targets of the formats. */
#ifndef GL_INGEST_FORMATS_FUZZ_WRITE_H
#define GL_INGEST_FORMATS_FUZZ_WRITE_H

#include "ingest/formats/fuzz_read.h"
#include "ingest/formats/writer.h"

/* Writes the declaration by the writer of that name, which reads it again: it is taken, and the same unless it may lose
 * something. Escapes and elements of the format's own may make it larger than the limits: then it need not be taken. */
static inline void must_write(gl_arena *arena, const char *writer, const gl_declaration *declaration, bool may_lose)
{
    gl_buf text = gl_buf_in(arena);
    gl_difference lost[1];
    gl_written w = {.lost = lost, .limit = 1, .why = GL_STR("")};
    bool good = gl_writer_find(gl_str_of(writer))->write(&text, arena, declaration, &w);
    if (!good && (text.len > GL_INTAKE_LIMIT_BYTES || gl_str_starts(w.why, GL_STR("too-large"))))
        return;
    good = good && (may_lose || w.count == 0);
    if (!good)
        fprintf(stderr, "%.*s differs, %.*s\n%.*s\n", GL_STR_ARG(w.count > 0 ? lost[0].path : GL_STR("nothing")),
                GL_STR_ARG(w.why), GL_STR_ARG(gl_buf_view(&text)));
    MUST(good);
}

#endif
