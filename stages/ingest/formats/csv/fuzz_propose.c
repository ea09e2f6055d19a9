/* Any bytes as a CSV that a mapping is wanted for: what is proposed must load, and the file's header must fit it. */
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/csv/propose.h"
#include "ingest/formats/fuzz_read.h"
#include "ingest/formats/impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_fit(gl_arena *arena, const gl_mapping *mapping, gl_str csv)
{
    gl_reader reader = {.format = GL_FORMAT_CSV, .arena = arena, .bytes = csv, .position = 1, .mapping = mapping};
    reader.report.keep = arena;
    gl_err err = {0};
    MUST(gl_csv_reader_open(&reader, &err));
    gl_intake intake;
    while (gl_reader_next(&reader, arena, &intake)) {
        must_be_errors(&intake);
        for (size_t i = 0; i < intake.error_count; i++)
            MUST(!gl_str_eqz(intake.errors[i].code, "unknown-column") &&
                 !gl_str_eqz(intake.errors[i].code, "missing-column") &&
                 !gl_str_eqz(intake.errors[i].code, "duplicate-column"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_str csv = {(const char *)data, size};
    gl_err err = {0};
    gl_proposal proposal;
    bool good = gl_mapping_propose(arena, GL_FORMAT_CSV, csv, &proposal, &err);
    MUST(good || err.code != NULL);
    if (good) {
        const gl_mapping *mapping = gl_mapping_parse(arena, "proposed.yaml", proposal.yaml, &err);
        MUST(mapping != NULL && proposal.mapped <= proposal.columns);
        must_fit(arena, mapping, csv);
    }
    gl_arena_destroy(arena);
    return 0;
}
