/* Text normalisation: a decoder, a fold for one code point, and an emitter that keeps the spaces right. See text.h.
 * The order of the tests in fold() is that of fold() in training/classify/text.py.
 */
#include "customs/text.h"

#include "customs/text_fold.h"

/* What one code point becomes. */
typedef struct fold_result {
    enum { FOLD_SKIP, FOLD_SPACE, FOLD_DIGIT, FOLD_LETTER } kind;
    unsigned char bytes[4];
    size_t len;
} fold_result;

/* Decodes one code point; returns the bytes used, 0 when the bytes at `p` are not UTF-8. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *cp)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;

    if (len == 0 || len > left)
        return 0;
    *cp = len == 1 ? p[0] : p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        *cp = *cp << 6 | (p[i] & 0x3Fu);
    }
    if (*cp < least[len] || *cp > 0x10FFFF || (*cp >= 0xD800 && *cp <= 0xDFFF))
        return 0;
    return len;
}

static fold_result letter(uint32_t cp)
{
    fold_result r = {.kind = FOLD_LETTER};

    if (cp < 0x80) {
        r.bytes[r.len++] = (unsigned char)cp;
    } else if (cp < 0x800) {
        r.bytes[r.len++] = (unsigned char)(0xC0 | cp >> 6);
        r.bytes[r.len++] = (unsigned char)(0x80 | (cp & 0x3F));
    } else if (cp < 0x10000) {
        r.bytes[r.len++] = (unsigned char)(0xE0 | cp >> 12);
        r.bytes[r.len++] = (unsigned char)(0x80 | (cp >> 6 & 0x3F));
        r.bytes[r.len++] = (unsigned char)(0x80 | (cp & 0x3F));
    } else {
        r.bytes[r.len++] = (unsigned char)(0xF0 | cp >> 18);
        r.bytes[r.len++] = (unsigned char)(0x80 | (cp >> 12 & 0x3F));
        r.bytes[r.len++] = (unsigned char)(0x80 | (cp >> 6 & 0x3F));
        r.bytes[r.len++] = (unsigned char)(0x80 | (cp & 0x3F));
    }
    return r;
}

static fold_result folded(const char entry[2], uint32_t cp)
{
    fold_result r = {.kind = FOLD_LETTER};

    if (entry[0] == ' ')
        return (fold_result){.kind = FOLD_SPACE};
    if (entry[0] == 0)
        return letter(cp);
    r.bytes[r.len++] = (unsigned char)entry[0];
    if (entry[1] != 0)
        r.bytes[r.len++] = (unsigned char)entry[1];
    return r;
}

static fold_result fold_ascii(uint32_t cp)
{
    if (cp >= 'a' && cp <= 'z')
        return letter(cp);
    if (cp >= 'A' && cp <= 'Z')
        return letter(cp + 32);
    if (cp >= '0' && cp <= '9')
        return (fold_result){.kind = FOLD_DIGIT};
    return (fold_result){.kind = cp == '\'' ? FOLD_SKIP : FOLD_SPACE};
}

static bool between(uint32_t cp, uint32_t first, uint32_t last)
{
    return cp >= first && cp <= last;
}

/* Apostrophes, combining marks, zero width, variation selectors, byte order mark. */
static bool is_silent(uint32_t cp)
{
    return cp == 0x02BC || cp == 0x2018 || cp == 0x2019 || cp == 0xFEFF || between(cp, 0x0300, 0x036F) ||
           between(cp, 0x200B, 0x200F) || between(cp, 0xFE00, 0xFE0F);
}

/* Punctuation, symbols, private use, emoji, tags and what lies beyond. */
static bool is_separator(uint32_t cp)
{
    return between(cp, 0x2000, 0x2BFF) || between(cp, 0x3000, 0x303F) || between(cp, 0xE000, 0xF8FF) ||
           between(cp, 0xFF5F, 0xFF65) || between(cp, 0xFFE0, 0xFFFF) || between(cp, 0x1F000, 0x1FAFF) || cp >= 0xE0000;
}

static fold_result fold(uint32_t cp)
{
    if (between(cp, 0xFF01, 0xFF5E)) /* full-width ASCII */
        cp -= 0xFEE0;
    if (cp < 0x80)
        return fold_ascii(cp);
    if (cp >= FOLD_LATIN_FIRST && cp < FOLD_LATIN_END)
        return folded(FOLD_LATIN[cp - FOLD_LATIN_FIRST], cp);
    if (cp >= FOLD_ADDITIONAL_FIRST && cp < FOLD_ADDITIONAL_END)
        return folded(FOLD_ADDITIONAL[cp - FOLD_ADDITIONAL_FIRST], cp);
    if (cp < FOLD_LATIN_FIRST) /* Latin-1 signs; a soft hyphen joins */
        return (fold_result){.kind = cp == 0xAD ? FOLD_SKIP : FOLD_SPACE};
    if (between(cp, 0x0391, 0x03A9) || between(cp, 0x0410, 0x042F)) /* Greek and Cyrillic capitals */
        return letter(cp + 32);
    if (between(cp, 0x0400, 0x040F))
        return letter(cp + 80);
    if (is_silent(cp))
        return (fold_result){.kind = FOLD_SKIP};
    if (is_separator(cp))
        return (fold_result){.kind = FOLD_SPACE};
    return letter(cp);
}

gl_str gl_text_normalise(gl_str raw, char out[GL_TEXT_OUTPUT_MAX])
{
    const unsigned char *p = (const unsigned char *)raw.ptr;
    size_t left = raw.len < GL_TEXT_INPUT_MAX ? raw.len : GL_TEXT_INPUT_MAX, size = 0;
    bool gap = false, number = false; /* a separator, a number: since or as the last word put out */

    while (left > 0) {
        uint32_t cp = ' ';
        size_t used = decode(p, left, &cp);
        fold_result r = fold(used == 0 ? ' ' : cp);

        p += used == 0 ? 1 : used;
        left -= used == 0 ? 1 : used;
        if (r.kind == FOLD_SPACE)
            gap = true;
        if (r.kind == FOLD_SKIP || r.kind == FOLD_SPACE || (r.kind == FOLD_DIGIT && number))
            continue; /* one number stands for a run of digits, with any punctuation inside */
        if (r.kind == FOLD_DIGIT) {
            r.bytes[0] = '0';
            r.len = 1;
        }
        bool need_space = size > 0 && (gap || number || r.kind == FOLD_DIGIT);
        if (size + need_space + r.len > GL_TEXT_OUTPUT_MAX)
            break;
        if (need_space)
            out[size++] = ' ';
        memcpy(out + size, r.bytes, r.len);
        size += r.len;
        gap = false;
        number = r.kind == FOLD_DIGIT;
    }
    return (gl_str){out, size};
}

gl_str gl_text_word(gl_str *rest)
{
    const char *space = rest->len == 0 ? NULL : memchr(rest->ptr, ' ', rest->len);
    gl_str word = {rest->ptr, space == NULL ? rest->len : (size_t)(space - rest->ptr)};
    size_t used = word.len + (space != NULL);

    if (used > 0)
        *rest = (gl_str){rest->ptr + used, rest->len - used};
    return word;
}

size_t gl_text_words(gl_str normal)
{
    size_t count = 0;

    while (gl_text_word(&normal).len > 0)
        count++;
    return count;
}
