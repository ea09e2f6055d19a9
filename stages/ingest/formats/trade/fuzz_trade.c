/* Any bytes as JSON of post, express and trade; what is accepted is written where there is a writer, and read again. */
#include "ingest/formats/fuzz_read.h"
#include "ingest/formats/trade/trade_map.h"
#include "ingest/formats/trade/trade_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(void *context, gl_str path, gl_leaf_fate fate, const char *why)
{
    (void)path;
    *(size_t *)context += 1;
    MUST((fate == GL_LEAF_LEFT) == (why != NULL));
}

/* Larger than the limits, or an item of which the shape takes nothing. */
static bool may_be_refused(gl_str why)
{
    return gl_str_starts(why, GL_STR("too-large")) ||
           gl_str_starts(why, GL_STR("missing: the declaration has no item"));
}

/* What is written is a declaration again, whatever is lost of it. */
static void must_write(gl_arena *arena, const gl_intake *intake)
{
    gl_difference lost[1];
    gl_written w = {.lost = lost, .limit = 1, .why = GL_STR("")};
    gl_buf text = gl_buf_in(arena);
    bool post = gl_str_eqz(intake->declaration.data_set, "POST");
    if (!post && !(gl_str_eqz(intake->declaration.data_set, "US86") && intake->declaration.items.count == 1))
        return;
    bool good = (post ? gl_trade_write_itmatt : gl_trade_write_type86)(&text, arena, &intake->declaration, &w);
    if (!good && !may_be_refused(w.why))
        fprintf(stderr, "%.*s\n%.*s\n", GL_STR_ARG(w.why), GL_STR_ARG(gl_buf_view(&text)));
    MUST(good || may_be_refused(w.why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_str bytes = {(const char *)data, size};
    gl_arena *arena = gl_arena_new(0), *each = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    size_t leaves = 0;
    fuzz_read(NULL, GL_FORMAT_JSON, "", data, size);
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_JSON, GL_STR(""), bytes, 0, 0, &err);
    while (reader != NULL && gl_reader_next(reader, each, &intake)) {
        if (reader->form != NULL && reader->report.root != NULL && reader->report.origin_count > 0)
            gl_trade_leaves(&reader->report, each, look, &leaves);
        if (reader->form != NULL && !intake.rejected)
            must_write(each, &intake);
        gl_arena_reset(each);
    }
    gl_reader_close(reader);
    gl_arena_destroy(each);
    gl_arena_destroy(arena);
    return 0;
}
