/* All parts of a message, one after the other: see message.h. */
#include "ingest/formats/impl.h"
#include "ingest/formats/pack/message.h"

typedef struct parts {
    const gl_message *message;
    const gl_mappings *mappings;
    gl_str profile;
    bool events;
    size_t index;
    gl_reader *part; /* NULL: the one at `index` is not yet open */
} parts;

static gl_str pointer_in(gl_arena *arena, gl_str name, gl_str pointer)
{
    gl_buf whole = gl_buf_in(arena);
    gl_buf_text(&whole, "entry=");
    gl_pointer_name(&whole, name);
    if (pointer.len > 0)
        gl_buf_byte(&whole, ';');
    gl_buf_str(&whole, pointer);
    return gl_buf_view(&whole);
}

static bool open_part(parts *state, gl_reader *reader, size_t offset, gl_err *err)
{
    const gl_message_part *part = &state->message->parts[state->index];
    gl_reader *own = gl_reader_new(reader->arena, part->format, gl_message_part_bytes(state->message, state->index),
                                   offset, reader->position);
    if (offset > 0)
        own->before = -1;
    bool good =
        state->events ? gl_event_reader_begin(own, err) : gl_reader_begin(own, state->mappings, state->profile, err);
    if (good)
        state->part = own;
    return good;
}

/* The line end behind a part that is done belongs to it: what goes on from there begins with the next one. */
static size_t behind(const parts *state)
{
    return state->message->parts[state->index].end + 1;
}

/* An entry that cannot be opened is refused alone. */
static bool refuse_part(parts *state, gl_reader *reader, gl_arena *arena, gl_intake *intake, const gl_err *why)
{
    const gl_message_part *part = &state->message->parts[state->index];
    gl_report_begin(&reader->report, arena, NULL, NULL, NULL);
    gl_report_raw(&reader->report, pointer_in(arena, part->name, GL_STR("")), &(gl_problem){.code = why->code}, "%s",
                  why->message);
    reader->format = part->format;
    reader->offset = behind(state);
    gl_intake_refuse(reader, intake, gl_message_part_bytes(state->message, state->index));
    intake->by_mapping = gl_format_has_profile(part->format);
    state->index++;
    return true;
}

/* What a part says of itself, said of the message. */
static void lift(parts *state, gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    const gl_message_part *part = &state->message->parts[state->index];
    for (size_t i = 0; i < intake->error_count; i++)
        intake->errors[i].pointer = pointer_in(arena, part->name, intake->errors[i].pointer);
    intake->next_offset = state->part->finished ? behind(state) : part->begin + intake->next_offset;
    reader->offset = intake->next_offset;
    reader->position = state->part->position;
}

static void close_part(parts *state)
{
    gl_reader_close(state->part);
    state->part = NULL;
}

static bool next_of_parts(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    parts *state = reader->state;
    for (; state->index < state->message->part_count; state->index++) {
        gl_err err = {0};
        if (state->part == NULL && !open_part(state, reader, 0, &err))
            return refuse_part(state, reader, arena, intake, &err);
        state->part->checks = reader->checks;
        state->part->day = reader->day;
        if (gl_reader_next(state->part, arena, intake)) {
            lift(state, reader, arena, intake);
            return true;
        }
        close_part(state);
    }
    reader->finished = true;
    return false;
}

static void close_parts(gl_reader *reader)
{
    close_part(reader->state);
}

/* Where the message was left. A part that was read to its end goes on with nothing; one that cannot be opened is
 * refused when it is its turn. */
static void resume(parts *state, gl_reader *reader)
{
    const gl_message *message = state->message;
    gl_err err = {0};
    while (state->index < message->part_count && message->parts[state->index].end < reader->offset)
        state->index++;
    if (state->index < message->part_count && reader->offset > message->parts[state->index].begin)
        open_part(state, reader, reader->offset - message->parts[state->index].begin, &err);
}

static gl_reader *open_parts(gl_arena *arena, const gl_message *message, const parts *what, size_t offset,
                             int64_t position)
{
    gl_reader *reader = gl_reader_new(arena, GL_FORMAT_ZIP, message->bytes, offset, position);
    parts *state = GL_NEW(arena, parts);
    *state = *what;
    state->message = message;
    reader->state = state;
    reader->next = next_of_parts;
    reader->close = close_parts;
    resume(state, reader);
    return reader;
}

gl_reader *gl_message_reader(gl_arena *arena, const gl_mappings *mappings, gl_str profile, const gl_message *message,
                             size_t offset, int64_t position, gl_err *err)
{
    if (message->parts == &message->whole)
        return gl_reader_open(arena, mappings, message->whole.format, profile, message->bytes, offset, position, err);
    return open_parts(arena, message, &(parts){.mappings = mappings, .profile = profile}, offset, position);
}

gl_reader *gl_message_event_reader(gl_arena *arena, const gl_message *message, gl_err *err)
{
    if (message->parts == &message->whole)
        return gl_event_reader_open(arena, message->whole.format, message->bytes, err);
    return open_parts(arena, message, &(parts){.events = true}, 0, 0);
}
