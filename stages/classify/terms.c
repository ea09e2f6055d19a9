/* See terms.h. An inverted index (word -> terms) finds candidates, the forward one (term -> words) scores them. */
#include "classify/terms.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "customs/text.h"
#include "io/unpack.h"

enum { CODE_DIGITS = 6, WORDS_OF_TERM = 48, WORDS_OF_TEXT = 64, LEAST_PPM = 333333 };

/* What decides a term's code counts half of what its name does. */
static const float HALF = 0.5f;

typedef struct word {
    gl_str text;
    uint32_t next;  /* in its chain: index + 1 */
    uint32_t first; /* of its postings; the next word's is their end */
    uint32_t count; /* terms that have it */
    float idf;
} word;

typedef struct term {
    gl_str code, name, decides;
    uint32_t first; /* of its words; the next term's is their end */
    float norm;
} term;

/* A term's word, or in the text a word: which, and whether it is only of what decides. */
typedef struct use {
    uint32_t word;
    bool half;
} use;

struct gl_terms {
    char *text;
    gl_arena *arena; /* words */
    word *words;
    size_t word_count, word_capacity;
    uint32_t *chains; /* index + 1 */
    size_t chain_mask;
    term *terms; /* one more than term_count: the end of the last one's words */
    size_t term_count, term_capacity;
    use *uses; /* of terms, in their order */
    size_t use_count, use_capacity;
    uint32_t *postings; /* of words, in their order */
};

/* ---- words ---- */

/* Singular and plural alike, where a plural is an s. */
static gl_str stem(gl_str text)
{
    bool plural = text.len > 3 && text.ptr[text.len - 1] == 's' && text.ptr[text.len - 2] != 's';
    return (gl_str){text.ptr, text.len - plural};
}

static size_t hash(gl_str text)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.ptr[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

/* Its index + 1; 0: no term has it. */
static uint32_t find_word(const gl_terms *terms, gl_str text)
{
    uint32_t at = terms->chains[hash(text) & terms->chain_mask];
    while (at != 0 && !gl_str_eq(terms->words[at - 1].text, text))
        at = terms->words[at - 1].next;
    return at;
}

static void *grow(void *array, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 1024 : 2 * *capacity;
    array = realloc(array, *capacity * element_bytes);
    if (array == NULL)
        abort();
    return array;
}

static uint32_t add_word(gl_terms *terms, gl_str text)
{
    uint32_t found = find_word(terms, text);
    if (found != 0)
        return found - 1;
    terms->words = grow(terms->words, terms->word_count, &terms->word_capacity, sizeof *terms->words);
    uint32_t *chain = &terms->chains[hash(text) & terms->chain_mask];
    terms->words[terms->word_count] =
        (word){.text = {gl_arena_strndup(terms->arena, text.ptr, text.len), text.len}, .next = *chain};
    *chain = (uint32_t)++terms->word_count;
    return *chain - 1;
}

/* ---- reading ---- */

static gl_str cut(gl_str *rest, char at)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, at, rest->len);
    gl_str part = {rest->ptr, end == NULL ? rest->len : (size_t)(end - rest->ptr)};
    size_t used = part.len + (end != NULL);
    *rest = (gl_str){rest->ptr + used, rest->len - used};
    return part;
}

/* The words of `text` that the term does not have yet. */
static void add_uses(gl_terms *terms, gl_str text, bool half)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    size_t first = terms->terms[terms->term_count].first;
    gl_str rest = gl_text_normalise(text, normal);

    for (gl_str next = gl_text_word(&rest); next.len > 0; next = gl_text_word(&rest)) {
        uint32_t index = add_word(terms, stem(next));
        size_t at = first;
        while (at < terms->use_count && terms->uses[at].word != index)
            at++;
        if (at < terms->use_count || terms->use_count - first == WORDS_OF_TERM)
            continue;
        terms->uses = grow(terms->uses, terms->use_count, &terms->use_capacity, sizeof *terms->uses);
        terms->uses[terms->use_count++] = (use){index, half};
        terms->words[index].count++;
    }
}

static void add_values(gl_terms *terms, gl_str decides)
{
    while (decides.len > 0) {
        gl_str value = cut(&decides, ';');
        cut(&value, '=');
        add_uses(terms, value, true);
    }
}

static bool is_code(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len == CODE_DIGITS;
}

static bool read_line(gl_terms *terms, gl_str line, size_t number, gl_err *err)
{
    if (line.len > GL_TERMS_LINE_LIMIT_BYTES || terms->term_count == GL_TERMS_LIMIT)
        return gl_fail(err, GL_FATAL, "terms-invalid", "line %zu: %s", number,
                       line.len > GL_TERMS_LINE_LIMIT_BYTES ? "too long" : "too many terms");
    terms->terms = grow(terms->terms, terms->term_count + 1, &terms->term_capacity, sizeof *terms->terms);
    term *fresh = &terms->terms[terms->term_count];
    *fresh = (term){.first = (uint32_t)terms->use_count};
    fresh->code = cut(&line, '\t');
    fresh->name = cut(&line, '\t');
    fresh->decides = line;
    if (!is_code(fresh->code) || fresh->name.len == 0 || !gl_str_is_utf8(fresh->name, NULL) ||
        !gl_str_is_utf8(line, NULL) || gl_str_has_control(fresh->name) || gl_str_has_control(line))
        return gl_fail(err, GL_FATAL, "terms-invalid", "line %zu: not a code of six digits, a term and what decides",
                       number);
    add_uses(terms, fresh->name, false);
    add_values(terms, fresh->decides);
    terms->term_count++;
    return true;
}

/* Room for the words of the largest file within some chains of a few each. */
static void make_chains(gl_terms *terms, size_t text_bytes)
{
    size_t chains = 64;
    while (chains < text_bytes / 32)
        chains *= 2;
    terms->chains = calloc(chains, sizeof *terms->chains);
    if (terms->chains == NULL)
        abort();
    terms->chain_mask = chains - 1;
}

static float weight(const gl_terms *terms, use of)
{
    return terms->words[of.word].idf * (of.half ? HALF : 1);
}

static void weigh(gl_terms *terms)
{
    for (size_t w = 0; w < terms->word_count; w++)
        terms->words[w].idf = logf((float)(terms->term_count + 1) / (float)terms->words[w].count);
    for (size_t t = 0; t < terms->term_count; t++) {
        float sum = 0;
        for (size_t u = terms->terms[t].first; u < terms->terms[t + 1].first; u++)
            sum += weight(terms, terms->uses[u]) * weight(terms, terms->uses[u]);
        terms->terms[t].norm = sqrtf(sum);
    }
}

static void invert(gl_terms *terms)
{
    uint32_t at = 0;
    for (size_t w = 0; w < terms->word_count; w++) {
        terms->words[w].first = at;
        at += terms->words[w].count;
    }
    uint32_t *next = calloc(terms->word_count + 1, sizeof *next);
    terms->postings = calloc(terms->use_count + 1, sizeof *terms->postings);
    if (next == NULL || terms->postings == NULL)
        abort();
    for (size_t t = 0; t < terms->term_count; t++)
        for (size_t u = terms->terms[t].first; u < terms->terms[t + 1].first; u++) {
            uint32_t w = terms->uses[u].word;
            terms->postings[terms->words[w].first + next[w]++] = (uint32_t)t;
        }
    free(next);
}

gl_terms *gl_terms_parse(char *text, size_t len, gl_err *err)
{
    gl_terms *terms = calloc(1, sizeof *terms);
    gl_str rest = {text, len};

    if (terms == NULL)
        abort();
    terms->text = text;
    terms->arena = gl_arena_new(0);
    make_chains(terms, len);
    terms->terms = grow(NULL, 0, &terms->term_capacity, sizeof *terms->terms);
    for (size_t number = 1; rest.len > 0; number++)
        if (!read_line(terms, cut(&rest, '\n'), number, err)) {
            gl_terms_destroy(terms);
            return NULL;
        }
    terms->terms[terms->term_count] = (term){.first = (uint32_t)terms->use_count};
    weigh(terms);
    invert(terms);
    return terms;
}

static bool read_file(const char *path, gl_buf *packed, gl_err *err)
{
    FILE *file = fopen(path, "rbe");
    char chunk[65536];

    if (file == NULL)
        return gl_fail(err, GL_FATAL, "terms-unreadable", "%s: %s", path, strerror(errno));
    for (size_t got = fread(chunk, 1, sizeof chunk, file); got > 0 && packed->len <= GL_TERMS_FILE_LIMIT_BYTES;
         got = fread(chunk, 1, sizeof chunk, file))
        gl_buf_bytes(packed, chunk, got);
    bool good = ferror(file) == 0;
    fclose(file);
    if (good && packed->len > GL_TERMS_FILE_LIMIT_BYTES)
        return gl_fail(err, GL_FATAL, "terms-invalid", "%s: more than %d MiB", path, GL_TERMS_FILE_LIMIT_BYTES >> 20);
    return good || gl_fail(err, GL_FATAL, "terms-unreadable", "%s: %s", path, strerror(errno));
}

gl_terms *gl_terms_open(const char *path, gl_err *err)
{
    gl_buf packed = {0}, text = {0};
    gl_terms *terms = NULL;
    gl_err why = {0};

    if (read_file(path, &packed, err)) {
        gl_unpack_room room = {.packed_bytes = packed.len, .limit_bytes = GL_TERMS_TEXT_LIMIT_BYTES};
        gl_buf_reserve(&text, 4 * packed.len + 1);
        if (!gl_gzip_read(packed.len == 0 ? GL_STR("") : gl_buf_view(&packed), &room, &text, &why))
            gl_fail(err, GL_FATAL, "terms-invalid", "%s: %s", path, why.message);
        else if ((terms = gl_terms_parse((char *)text.data, text.len, err)) == NULL)
            gl_fail_context(err, "%s", path);
        if (terms != NULL || why.code == NULL)
            text = (gl_buf){0}; /* taken */
    }
    gl_buf_free(&text);
    gl_buf_free(&packed);
    return terms;
}

void gl_terms_destroy(gl_terms *terms)
{
    if (terms == NULL)
        return;
    gl_arena_destroy(terms->arena);
    free(terms->text);
    free(terms->words);
    free(terms->chains);
    free(terms->terms);
    free(terms->uses);
    free(terms->postings);
    free(terms);
}

size_t gl_terms_count(const gl_terms *terms)
{
    return terms->term_count;
}

/* ---- looking for the closest ---- */

typedef struct question {
    uint32_t words[WORDS_OF_TEXT]; /* that some term has, the rarest first */
    size_t count;
    uint64_t seen; /* bit w mod 64: a word w may be among them */
    float norm;
} question;

static void insert(const gl_terms *terms, question *q, uint32_t index)
{
    size_t at = q->count++;
    q->seen |= UINT64_C(1) << index % 64;
    while (at > 0 && terms->words[q->words[at - 1]].count > terms->words[index].count) {
        q->words[at] = q->words[at - 1];
        at--;
    }
    q->words[at] = index;
}

/* A word that no term has is as rare as can be, and makes every term less similar. */
static void read_question(const gl_terms *terms, gl_str normal, question *q)
{
    float sum = 0, rarest = logf((float)(terms->term_count + 1));

    *q = (question){.count = 0};
    for (gl_str next = gl_text_word(&normal); next.len > 0 && q->count < WORDS_OF_TEXT; next = gl_text_word(&normal)) {
        uint32_t found = find_word(terms, stem(next));
        bool again = false;
        for (size_t i = 0; found != 0 && i < q->count; i++)
            again |= q->words[i] == found - 1;
        if (again)
            continue;
        if (found != 0)
            insert(terms, q, found - 1);
        float idf = found == 0 ? rarest : terms->words[found - 1].idf;
        sum += idf * idf;
    }
    q->norm = sqrtf(sum);
}

static int32_t similarity(const gl_terms *terms, const question *q, uint32_t index)
{
    const term *of = &terms->terms[index];
    float sum = 0;

    for (size_t u = of->first; u < terms->terms[index + 1].first; u++) {
        if ((q->seen >> terms->uses[u].word % 64 & 1) == 0)
            continue;
        for (size_t i = 0; i < q->count; i++)
            if (q->words[i] == terms->uses[u].word)
                sum += weight(terms, terms->uses[u]) * terms->words[q->words[i]].idf;
    }
    float both = of->norm * q->norm;
    return both <= 0 || sum >= both ? (both > 0) * 1000000 : (int32_t)(sum / both * 1000000);
}

/* Of each code the closest one; of equals the one that came first. */
static void keep(gl_close_term at[GL_TERMS_SHOWN], size_t *count, const gl_close_term *found)
{
    size_t place;

    for (size_t i = 0; i < *count; i++) {
        if (!gl_str_eq(at[i].code, found->code))
            continue;
        if (at[i].similarity_ppm >= found->similarity_ppm)
            return;
        memmove(&at[i], &at[i + 1], (--*count - i) * sizeof *at);
        break;
    }
    for (place = *count; place > 0 && at[place - 1].similarity_ppm < found->similarity_ppm;)
        place--;
    if (place == GL_TERMS_SHOWN)
        return;
    *count -= *count == GL_TERMS_SHOWN;
    memmove(&at[place + 1], &at[place], (*count - place) * sizeof *at);
    at[place] = *found;
    ++*count;
}

size_t gl_terms_closest(const gl_terms *terms, gl_str normal, gl_close_term at[GL_TERMS_SHOWN])
{
    question q;
    size_t count = 0, looked = 0;

    read_question(terms, normal, &q);
    for (size_t i = 0; i < q.count; i++) {
        const word *by = &terms->words[q.words[i]];
        for (size_t p = 0; p < by->count && looked < GL_TERMS_CANDIDATES; p++, looked++) {
            uint32_t index = terms->postings[by->first + p];
            const term *of = &terms->terms[index];
            gl_close_term found = {of->code, of->name, of->decides, similarity(terms, &q, index)};
            if (found.similarity_ppm >= LEAST_PPM)
                keep(at, &count, &found);
        }
    }
    return count;
}

void gl_terms_json(gl_buf *buf, const gl_close_term *at, size_t count)
{
    gl_buf_byte(buf, '[');
    for (size_t i = 0; i < count; i++) {
        gl_buf_text(buf, i == 0 ? "{\"term\":" : ",{\"term\":");
        gl_buf_json(buf, at[i].term);
        gl_buf_text(buf, ",\"code\":");
        gl_buf_json(buf, at[i].code);
        gl_buf_text(buf, ",\"decides\":");
        gl_buf_json(buf, at[i].decides);
        gl_buf_printf(buf, ",\"similarity\":%d.%06d}", (int)(at[i].similarity_ppm / 1000000),
                      (int)(at[i].similarity_ppm % 1000000));
    }
    gl_buf_byte(buf, ']');
}
