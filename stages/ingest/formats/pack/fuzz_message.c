/* Any bytes as a message: plain, gzip or zip, and everything that is read of it. */
#include "ingest/formats/fuzz_read.h"
#include "ingest/formats/pack/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT_BYTES = 1 << 20 };

/* What holds of every message that was opened. */
static void must_be_parts(const gl_message *message)
{
    size_t at = 0;
    for (size_t i = 0; i < message->part_count; i++) {
        const gl_message_part *part = &message->parts[i];
        MUST(part->begin >= at && part->begin <= part->end && part->end <= message->bytes.len);
        MUST((part->name.len > 0) == (message->parts != &message->whole) && gl_str_is_utf8(part->name, NULL));
        at = part->end + 1;
    }
    MUST(message->part_count > 0 && message->unpacked.len <= LIMIT_BYTES + message->part_count);
}

/* Read again from where any entry ends: the rest, as it was. */
static void must_resume(const gl_mappings *mappings, const gl_message *message)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake first = {0}, again = {0};
    gl_reader *reader = gl_message_reader(arena, mappings, GL_STR("parcels"), message, 0, 0, &err);
    while (reader != NULL && gl_reader_next(reader, arena, &first)) {
        gl_reader *rest =
            gl_message_reader(arena, mappings, GL_STR("parcels"), message, first.next_offset, first.position + 1, &err);
        bool more = gl_reader_next(reader, arena, &first);
        MUST(rest != NULL && gl_reader_next(rest, arena, &again) == more);
        MUST(!more || (again.source.ptr == first.source.ptr && again.position == first.position &&
                       again.error_count == first.error_count));
        for (size_t i = 0; more && i < first.error_count; i++)
            MUST(gl_str_eq(first.errors[i].pointer, again.errors[i].pointer));
        gl_reader_close(rest);
    }
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gl_mappings *mappings;
    gl_err err = {0};
    gl_message message;
    if (mappings == NULL)
        mappings = gl_mappings_load(GL_SOURCE_DIR "/config/mappings", &err);
    MUST(mappings != NULL);
    gl_message_source source = {.bytes = {(const char *)data, size}, .name = GL_STR(""), .limit_bytes = LIMIT_BYTES};
    if (gl_message_open(&message, &source, &err)) {
        gl_arena *arena = gl_arena_new(0);
        must_be_parts(&message);
        must_read(gl_message_reader(arena, mappings, GL_STR("parcels"), &message, 0, 0, &err), message.bytes, &err);
        must_read(gl_message_event_reader(arena, &message, &err), message.bytes, &err);
        if (message.parts != &message.whole)
            must_resume(mappings, &message);
        gl_arena_destroy(arena);
    } else {
        MUST(err.code != NULL && err.action == GL_DEAD_LETTER && message.part_count == 0);
    }
    gl_message_close(&message);
    return 0;
}
