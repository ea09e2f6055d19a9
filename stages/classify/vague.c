/* Reading the gate's weights and evaluating them; training/classify/vague.py has the same features. See vague.h.
 *
 * File (little-endian): magic, u32 bits, shape numbers, shortest and longest n-gram, bytes of a word that give n-grams,
 * threshold (ppm), f32 scale, bias, name[16]; f32 [shape numbers]; i8 [2^bits]; SHA-256 of all before.
 */
#include "classify/vague.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "classify/fnv.h"
#include "customs/ids.h"
#include "customs/text.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the file is read in place: little-endian machines only"
#endif

enum {
    HEADER_BYTES = 56,
    NAME_BYTES = 16,
    BITS_MIN = 8,
    BITS_MAX = 20,
    GRAM_WORD_LIMIT = 256,
    CAP_BYTES = 64, /* of what counts in the shape */
    CAP_COUNT = 16,
    SHORT_BYTES = 2,
};

static const char MAGIC[8] = {'G', 'L', 'V', 'A', 'G', 'U', 0, 1};

typedef struct header {
    char magic[8];
    uint32_t bits, shape_count, gram_min, gram_max, gram_word_max, threshold_ppm;
    float scale, bias;
    char name[NAME_BYTES]; /* NUL-padded */
} header;
_Static_assert(sizeof(header) == HEADER_BYTES, "the header's layout is the file's");

/* Numbers of the shape, in the file's order. */
enum {
    SHAPE_BYTES,
    SHAPE_DIGITS,
    SHAPE_DIGIT_SHARE,
    SHAPE_SIGNS,
    SHAPE_UNDERSCORE, /* this and the next six: is the sign there? */
    SHAPE_WORDS = SHAPE_UNDERSCORE + 7,
    SHAPE_NUMBERS,
    SHAPE_LAST_WORD,
    SHAPE_LONGEST_WORD,
    SHAPE_MEAN_WORD,
    SHAPE_SHORT_WORDS,
    SHAPE_WORDS_WITHOUT_VOWEL,
    SHAPE_COUNT
};

/* As in SHAPE_UNDERSCORE and what follows. */
static const char *const SIGNS[] = {"_", "-", ",", "[(", "/", "\"", "&"};
enum { SIGN_COUNT = sizeof SIGNS / sizeof SIGNS[0] };

struct gl_vague {
    header head;
    float shape[SHAPE_COUNT];
    int8_t *buckets; /* 2^bits */
    char version[GL_VAGUE_VERSION_BYTES];
};

/* ---- reading ---- */

static bool invalid(gl_err *err, const char *what)
{
    return gl_fail(err, GL_FATAL, "vague-invalid", "gate: %s", what);
}

static bool check(const header *h, gl_str bytes, gl_err *err)
{
    if (memcmp(h->magic, MAGIC, sizeof MAGIC) != 0)
        return invalid(err, "not a file of this version (magic)");
    if (h->bits < BITS_MIN || h->bits > BITS_MAX || h->shape_count != SHAPE_COUNT)
        return invalid(err, "counts are out of range");
    if (h->gram_min == 0 || h->gram_min > h->gram_max || h->gram_max > CAP_COUNT || h->gram_word_max == 0 ||
        h->gram_word_max > GRAM_WORD_LIMIT)
        return invalid(err, "n-gram lengths are out of range");
    if (h->threshold_ppm > 1000000)
        return invalid(err, "threshold is out of range");
    if (!(fabsf(h->scale) <= 1e6f && fabsf(h->bias) <= 1e6f))
        return invalid(err, "scale or bias is out of range");
    if (memchr(h->name, 0, NAME_BYTES) == NULL)
        return invalid(err, "the name has no end");
    if (bytes.len != HEADER_BYTES + SHAPE_COUNT * sizeof(float) + ((size_t)1 << h->bits) + GL_SHA256_BYTES)
        return invalid(err, "the file is not as long as its header says");
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256((gl_str){bytes.ptr, bytes.len - GL_SHA256_BYTES}, digest);
    return memcmp(digest, bytes.ptr + bytes.len - GL_SHA256_BYTES, GL_SHA256_BYTES) == 0 ||
           invalid(err, "damaged (digest)");
}

gl_vague *gl_vague_parse(gl_str bytes, gl_err *err)
{
    header head;

    if (bytes.len < HEADER_BYTES || bytes.len > GL_VAGUE_FILE_LIMIT_BYTES) {
        invalid(err, "too short or too long");
        return NULL;
    }
    memcpy(&head, bytes.ptr, sizeof head);
    if (!check(&head, bytes, err))
        return NULL;
    gl_vague *vague = calloc(1, sizeof *vague);
    size_t count = (size_t)1 << head.bits;
    if (vague == NULL || (vague->buckets = malloc(count)) == NULL)
        abort();
    vague->head = head;
    memcpy(vague->shape, bytes.ptr + HEADER_BYTES, sizeof vague->shape);
    memcpy(vague->buckets, bytes.ptr + HEADER_BYTES + sizeof vague->shape, count);
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (!(fabsf(vague->shape[i]) <= 1e6f)) {
            invalid(err, "a weight is out of range");
            gl_vague_destroy(vague);
            return NULL;
        }
    char hex[8 + 1];
    gl_hex((const uint8_t *)bytes.ptr + bytes.len - GL_SHA256_BYTES, 4, hex);
    snprintf(vague->version, sizeof vague->version, "%s.%s", head.name, hex);
    return vague;
}

gl_vague *gl_vague_open(const char *path, gl_err *err)
{
    gl_buf bytes = {0};
    gl_vague *vague = NULL;

    if (!gl_buf_read_file(&bytes, path, GL_VAGUE_FILE_LIMIT_BYTES))
        gl_fail(err, GL_FATAL, "vague-unreadable", "%s: %s", path, strerror(errno));
    else if ((vague = gl_vague_parse(gl_buf_view(&bytes), err)) == NULL)
        gl_fail_context(err, "%s", path);
    gl_buf_free(&bytes);
    return vague;
}

void gl_vague_destroy(gl_vague *vague)
{
    if (vague == NULL)
        return;
    free(vague->buckets);
    free(vague);
}

const char *gl_vague_version(const gl_vague *vague)
{
    return vague->version;
}

int32_t gl_vague_threshold_ppm(const gl_vague *vague)
{
    return (int32_t)vague->head.threshold_ppm;
}

/* ---- words and n-grams ---- */

/* Sums of weights are whole numbers: exact in any order. */
typedef struct sums {
    int64_t word, gram;
    size_t words, grams;
} sums;

static int8_t weight_of(const gl_vague *vague, char kind, const char *bytes, size_t size)
{
    uint32_t hash = gl_fnv1a_kind((unsigned char)kind, bytes, size);
    return vague->buckets[(hash ^ hash >> vague->head.bits) & ((1u << vague->head.bits) - 1)];
}

static void add_grams(const gl_vague *vague, gl_str word, sums *s)
{
    char marked[GRAM_WORD_LIMIT + 2];
    size_t len = word.len < vague->head.gram_word_max ? word.len : vague->head.gram_word_max;

    marked[0] = '<';
    memcpy(marked + 1, word.ptr, len);
    marked[len + 1] = '>';
    for (size_t n = vague->head.gram_min; n <= vague->head.gram_max; n++)
        for (size_t i = 0; i + n <= len + 2; i++) {
            s->gram += weight_of(vague, 2, marked + i, n);
            s->grams++;
        }
}

static double over_root(int64_t sum, size_t count)
{
    return count == 0 ? 0 : (double)sum / sqrt((double)count);
}

/* ---- shape ---- */

static double capped(size_t number, size_t cap)
{
    return (double)(number < cap ? number : cap);
}

static void shape_of_raw(gl_str raw, double shape[SHAPE_COUNT])
{
    size_t digits = 0, signs = 0;
    bool seen[128] = {false};

    for (size_t i = 0; i < raw.len; i++) {
        unsigned char c = (unsigned char)raw.ptr[i];
        bool digit = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        digits += digit;
        signs += c > ' ' && c < 0x7F && !digit && !letter;
        if (c < sizeof seen)
            seen[c] = true;
    }
    shape[SHAPE_BYTES] = capped(raw.len, CAP_BYTES);
    shape[SHAPE_DIGITS] = capped(digits, CAP_COUNT);
    shape[SHAPE_DIGIT_SHARE] = (double)digits / (double)(raw.len > 0 ? raw.len : 1);
    shape[SHAPE_SIGNS] = capped(signs, CAP_COUNT);
    for (size_t i = 0; i < SIGN_COUNT; i++)
        for (const char *sign = SIGNS[i]; *sign != 0; sign++)
            if (seen[(unsigned char)*sign])
                shape[SHAPE_UNDERSCORE + i] = 1;
}

static bool has_vowel(gl_str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (memchr("aeiouy", word.ptr[i], 6) != NULL)
            return true;
    return false;
}

typedef struct word_shape {
    size_t words, numbers, last, longest, short_ones, without_vowel;
    double bytes;
} word_shape;

static void add_word_shape(word_shape *w, gl_str word)
{
    w->words++;
    w->last = word.len;
    w->longest = word.len > w->longest ? word.len : w->longest;
    w->bytes += capped(word.len, CAP_COUNT);
    w->short_ones += word.len <= SHORT_BYTES;
    w->without_vowel += !has_vowel(word);
}

static void shape_of_words(const word_shape *w, double shape[SHAPE_COUNT])
{
    double count = (double)(w->words > 0 ? w->words : 1);

    shape[SHAPE_WORDS] = capped(w->words, CAP_COUNT);
    shape[SHAPE_NUMBERS] = capped(w->numbers, CAP_COUNT);
    shape[SHAPE_LAST_WORD] = capped(w->last, CAP_COUNT);
    shape[SHAPE_LONGEST_WORD] = capped(w->longest, CAP_COUNT);
    shape[SHAPE_MEAN_WORD] = w->bytes / count;
    shape[SHAPE_SHORT_WORDS] = (double)w->short_ones / count;
    shape[SHAPE_WORDS_WITHOUT_VOWEL] = (double)w->without_vowel / count;
}

int32_t gl_vague_ppm(const gl_vague *vague, gl_str raw, gl_str normal)
{
    double shape[SHAPE_COUNT] = {0}, score = (double)vague->head.bias;
    word_shape w = {0};
    sums s = {0};

    raw.len = raw.len < GL_TEXT_INPUT_MAX ? raw.len : GL_TEXT_INPUT_MAX;
    for (gl_str word = gl_text_word(&normal); word.len > 0; word = gl_text_word(&normal)) {
        add_grams(vague, word, &s);
        if (gl_str_eqz(word, "0")) {
            w.numbers++;
            continue;
        }
        add_word_shape(&w, word);
        s.word += weight_of(vague, 1, word.ptr, word.len);
        s.words++;
    }
    shape_of_raw(raw, shape);
    shape_of_words(&w, shape);
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        score += (double)vague->shape[i] * shape[i];
    score += (double)vague->head.scale * (over_root(s.word, s.words) + over_root(s.gram, s.grams));
    return (int32_t)(1e6 / (1 + exp(-score)) + 0.5);
}
