/* See precedent.h. */
#include "customs/precedent.h"

#include "customs/ids.h"

enum { WORDS = (GL_TEXT_OUTPUT_MAX + 1) / 2 }; /* a word and a space have two bytes at least */

static int compare(gl_str a, gl_str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Shell's sort: in place, and bounded for hostile texts too. */
static void sort(gl_str *words, size_t count)
{
    static const size_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++)
        for (size_t i = gaps[g]; i < count; i++) {
            gl_str word = words[i];
            size_t at = i;
            for (; at >= gaps[g] && compare(word, words[at - gaps[g]]) < 0; at -= gaps[g])
                words[at] = words[at - gaps[g]];
            words[at] = word;
        }
}

gl_str gl_precedent_words(gl_str normal, char out[GL_TEXT_OUTPUT_MAX])
{
    gl_str words[WORDS];
    size_t count = 0, size = 0;

    for (gl_str word = gl_text_word(&normal); word.len > 0 && count < WORDS; word = gl_text_word(&normal))
        words[count++] = word;
    sort(words, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && gl_str_eq(words[i], words[i - 1]))
            continue;
        if (size > 0)
            out[size++] = ' ';
        memcpy(out + size, words[i].ptr, words[i].len);
        size += words[i].len;
    }
    return (gl_str){out, size};
}

gl_precedent_text gl_precedent_text_of(gl_str words)
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_precedent_text text;

    gl_sha256(words, digest);
    memcpy(text.bytes, digest, sizeof text.bytes);
    return text;
}

gl_precedent_text gl_precedent_text_of_normal(gl_str normal)
{
    char words[GL_TEXT_OUTPUT_MAX];
    return gl_precedent_text_of(gl_precedent_words(normal, words));
}

bool gl_precedent_is_code(gl_str code)
{
    for (size_t i = 0; i < code.len; i++)
        if (code.ptr[i] < '0' || code.ptr[i] > '9')
            return false;
    return code.len >= GL_PRECEDENT_MIN_DIGITS && code.len <= GL_PRECEDENT_MAX_DIGITS;
}

bool gl_precedent_is_text(gl_str normal)
{
    for (size_t i = 0; i < normal.len; i++)
        if (normal.ptr[i] != ' ' && normal.ptr[i] != '0')
            return true;
    return false;
}

void gl_precedent_key(const gl_precedent *precedent, uint8_t key[GL_PRECEDENT_KEY_BYTES])
{
    uint8_t digest[GL_SHA256_BYTES];
    gl_precedent_text text = gl_precedent_text_of(precedent->words);
    gl_buf event = {0};

    gl_buf_str(&event, precedent->account);
    gl_buf_byte(&event, '\n');
    gl_buf_str(&event, precedent->event_id);
    gl_sha256(gl_buf_view(&event), digest);
    gl_buf_free(&event);
    memcpy(key, text.bytes, sizeof text.bytes);
    memcpy(key + sizeof text.bytes, digest, GL_PRECEDENT_KEY_BYTES - sizeof text.bytes);
}

bool gl_precedent_before(const gl_precedent *a, const gl_precedent *b)
{
    if (a->made_at != b->made_at)
        return a->made_at < b->made_at;
    if ((a->code.len == 0) != (b->code.len == 0))
        return b->code.len == 0;
    int order = compare(a->account, b->account);
    return order != 0 ? order < 0 : compare(a->event_id, b->event_id) < 0;
}
