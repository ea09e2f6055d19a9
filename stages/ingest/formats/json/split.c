/* See split.h. */
#include "ingest/formats/json/split.h"

size_t gl_json_space(gl_str bytes, size_t at)
{
    while (at < bytes.len &&
           (bytes.ptr[at] == ' ' || bytes.ptr[at] == '\t' || bytes.ptr[at] == '\r' || bytes.ptr[at] == '\n'))
        at++;
    return at;
}

enum { WORD = sizeof(uint64_t) };
static const uint64_t ONES = UINT64_C(0x0101010101010101), HIGH = UINT64_C(0x8080808080808080);

/* Marks the zero bytes of `word`; above the lowest one also others. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - ONES) & ~word & HIGH;
}

/* Whole words from `at` on that hold neither quote nor backslash are passed. */
static size_t skip_plain(gl_str bytes, size_t at)
{
    uint64_t word;
    for (; bytes.len - at >= WORD; at += WORD) {
        memcpy(&word, bytes.ptr + at, WORD);
        if ((zero_bytes(word ^ ONES * '"') | zero_bytes(word ^ ONES * '\\')) != 0)
            break;
    }
    return at;
}

/* `at` stands behind the opening quote; returns the offset behind the closing one, or the end. */
static size_t skip_string(gl_str bytes, size_t at)
{
    while (at < bytes.len && bytes.ptr[at] != '"') {
        at += bytes.ptr[at] == '\\' ? 2 : 1;
        if (at < bytes.len)
            at = skip_plain(bytes, at);
    }
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

typedef enum kind { OTHER, QUOTE, OPENS, CLOSES } kind;
static const uint8_t kinds[256] = {['"'] = QUOTE, ['{'] = OPENS, ['['] = OPENS, ['}'] = CLOSES, [']'] = CLOSES};

bool gl_json_split(gl_str bytes, size_t *at)
{
    size_t depth = 0, i = *at;
    while (i < bytes.len) {
        switch (kinds[(unsigned char)bytes.ptr[i]]) {
        case QUOTE:
            i = skip_string(bytes, i + 1);
            if (depth == 0) {
                *at = i;
                return bytes.ptr[i - 1] == '"';
            }
            break;
        case OPENS:
            depth++;
            i++;
            break;
        case CLOSES:
            i++;
            if (depth <= 1) {
                *at = i;
                return true;
            }
            depth--;
            break;
        default:
            if (depth == 0) {
                *at = skip_word(bytes, i);
                return true;
            }
            i++;
            break;
        }
    }
    *at = bytes.len;
    return false;
}
