/* See split.h. */
#include "cli/split.h"

/* Just after the row that begins at `at`: quoted fields may hold line ends (RFC 4180). */
static size_t row_end(gl_str source, size_t at, bool quotes)
{
    bool quoted = false;
    for (size_t i = at; i < source.len; i++) {
        char c = source.ptr[i];
        if (quotes && c == '"')
            quoted = !quoted;
        else if (c == '\n' && !quoted)
            return i + 1;
    }
    return source.len;
}

void gl_split_begin(gl_split *split, gl_format format, gl_str source)
{
    *split = (gl_split){.format = format, .source = source, .position = 1};
    if (format == GL_FORMAT_CSV) {
        size_t end = row_end(source, 0, true);
        split->header = (gl_str){source.ptr, end};
        split->at = end;
    }
}

bool gl_split_next(gl_split *split, int64_t limit, gl_part *part)
{
    if (split->at >= split->source.len && !(split->at == 0 && split->position == 1))
        return false;
    size_t begin = split->at;
    part->position = split->position;
    part->count = 0;
    if (split->format == GL_FORMAT_CSV || split->format == GL_FORMAT_NDJSON) {
        while (split->at < split->source.len && part->count < limit) {
            split->at = row_end(split->source, split->at, split->format == GL_FORMAT_CSV);
            part->count++;
        }
    } else {
        split->at = split->source.len;
        part->count = 1;
    }
    split->position += part->count > 0 ? part->count : 1;
    part->bytes = (gl_str){split->source.ptr + begin, split->at - begin};
    return true;
}
