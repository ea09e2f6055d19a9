/* See split.h. */
#include "ingest/formats/json/split.h"

size_t gl_json_space(gl_str bytes, size_t at)
{
    while (at < bytes.len &&
           (bytes.ptr[at] == ' ' || bytes.ptr[at] == '\t' || bytes.ptr[at] == '\r' || bytes.ptr[at] == '\n'))
        at++;
    return at;
}

/* `at` stands behind the opening quote; returns the offset behind the closing one, or the end. */
static size_t skip_string(gl_str bytes, size_t at)
{
    while (at < bytes.len && bytes.ptr[at] != '"')
        at += bytes.ptr[at] == '\\' ? 2 : 1;
    return at < bytes.len ? at + 1 : bytes.len;
}

/* A number, true, false, null, or whatever stands in their place. */
static size_t skip_word(gl_str bytes, size_t at)
{
    size_t start = at;
    while (at < bytes.len && strchr(",]}[{\" \t\r\n", bytes.ptr[at]) == NULL)
        at++;
    return at == start ? at + 1 : at;
}

bool gl_json_split(gl_str bytes, size_t *at)
{
    size_t depth = 0, i = *at;
    while (i < bytes.len) {
        char c = bytes.ptr[i];
        if (c == '"') {
            i = skip_string(bytes, i + 1);
            if (depth == 0) {
                *at = i;
                return bytes.ptr[i - 1] == '"';
            }
        } else if (c == '{' || c == '[') {
            depth++;
            i++;
        } else if (c == '}' || c == ']') {
            i++;
            if (depth <= 1) {
                *at = i;
                return true;
            }
            depth--;
        } else if (depth == 0) {
            *at = skip_word(bytes, i);
            return true;
        } else {
            i++;
        }
    }
    *at = bytes.len;
    return false;
}
