/* Loading and evaluating the HS6 model; the layout is written by training/classify/export.py. See model.h.
 *
 * File (little-endian; sections begin at multiples of 64): header, codes, chapter mix, bias, head scales, head,
 * buckets, hashes, row scales, rows, and of the cues (cues.h) hashes, weights, starts, classes and strengths; the last
 * 32 bytes are the SHA-256 of all before them. `hashes` is rising; bucket b is where the hashes begin whose top bits
 * are b. A row is `width` numbers of 4 bits, less 8: the low halves of the bytes are the first half of the row, the
 * high halves the second.
 */
#include "classify/model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "classify/cues.h"
#include "classify/fnv.h"
#include "customs/ids.h"
#include "customs/text.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the model file is read in place: little-endian machines only"
#endif

/* One version for AVX2 and one for any x86-64, chosen when the program starts. Sanitizers cannot instrument the
 * choosing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__x86_64__) && !defined(SANITIZED)
#define VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORISED
#endif

enum {
    HEADER_BYTES = 256,
    DIGEST_BYTES = 32,
    ALIGN_BYTES = 64,
    WIDTH_UNIT = 32,
    WIDTH_MAX = 256, /* 127 * 32767 * WIDTH_MAX < 2^31: a dot product fits 32 bits */
    CLASS_MAX = 65535,
    ROW_MAX = 1 << 22,
    BUCKET_BITS_MAX = 20,
    LANES = 16,
    NAME_BYTES = 32,
    CHAPTER_MAX = 100,
    FEATURES_AHEAD = 64,
};

static const uint32_t NO_ROW = UINT32_MAX;

static const char MAGIC[8] = {'G', 'L', 'H', 'S', '6', 'M', 0, 3};

typedef struct header {
    char magic[8];
    uint32_t width, class_count, row_count, bucket_bits;
    uint32_t gram_min, gram_max, gram_word_max, abstain_ppm;
    uint32_t chapter_count;
    float word_weight, gram_weight;
    char name[NAME_BYTES]; /* NUL-padded */
    uint32_t unused;
    uint64_t file_bytes;
    float temperature[GL_HS_LENGTHS]; /* by the text's words: longer texts are less sure than they look */
    /* Likewise, chapters first: what all shares of a level together come to; a finer level's is no higher. */
    float ceiling[GL_HS_LEVELS][GL_HS_LENGTHS];
    uint32_t cue_count, tie_count, cue_beginning;
    float cue_scale;
    uint8_t zero[16];
} header;
_Static_assert(sizeof(header) == HEADER_BYTES, "the header's layout is the file's");

const size_t gl_hs_level_digits[GL_HS_LEVELS] = {2, 4, GL_HS_CODE_DIGITS};

/* Codes rise, so a chapter or heading is a run of classes: group g begins with class starts[g]. Its parts in the next
 * finer level (headings of a chapter, classes of a heading) are [parts[g], parts[g + 1]). */
typedef struct level {
    uint32_t *starts, *parts;
    size_t count;
} level;

struct gl_hs_model {
    header head;
    const char *codes;       /* class_count x 6, rising */
    const float *mix;        /* of each chapter, its share of the labelled training rows */
    const float *bias;       /* class_count */
    const float *head_scale; /* class_count */
    const int8_t *head_rows; /* class_count x width */
    const uint32_t *buckets; /* 2^bucket_bits + 1, rising from 0 to row_count */
    const uint32_t *hashes;  /* row_count, rising */
    const float *row_scale;  /* row_count */
    const uint8_t *rows;     /* row_count x width / 2 */
    gl_cues cues;
    void *mapping; /* NULL: the bytes are the caller's */
    size_t mapping_bytes;
    char version[GL_HS_VERSION_BYTES];
    level groups[GL_HS_LEVELS - 1]; /* coarse first */
};

struct gl_hs_scratch {
    float hidden[WIDTH_MAX];
    int16_t quantised[WIDTH_MAX];
    float total_weight;
    size_t words;
    gl_cue_scratch *cues;
    float *logits;                 /* class_count, padded with -inf to a multiple of LANES */
    float *shares;                 /* e^((logit - largest) / temperature), likewise */
    float *sums[GL_HS_LEVELS - 1]; /* of each group */
    bool knows;                    /* anything of the text: what follows holds */
    float factor[GL_HS_LEVELS];    /* what makes confidences of a level's shares and sums */
};

/* ---- loading ---- */

static bool invalid(gl_err *err, const char *what)
{
    return gl_fail(err, GL_FATAL, "model-invalid", "HS6 model: %s", what);
}

static bool check_header(const header *h, size_t size, gl_err *err)
{
    if (memcmp(h->magic, MAGIC, sizeof MAGIC) != 0)
        return invalid(err, "not a model file of this version (magic)");
    if (h->file_bytes != size)
        return invalid(err, "the file is not as long as its header says");
    if (h->width == 0 || h->width > WIDTH_MAX || h->width % WIDTH_UNIT != 0)
        return invalid(err, "width is out of range");
    if (h->class_count < GL_HS_TOP || h->class_count > CLASS_MAX)
        return invalid(err, "class count is out of range");
    if (h->row_count == 0 || h->row_count > ROW_MAX)
        return invalid(err, "row count is out of range");
    if (h->bucket_bits == 0 || h->bucket_bits > BUCKET_BITS_MAX)
        return invalid(err, "bucket bits are out of range");
    if (h->gram_min == 0 || h->gram_min > h->gram_max || h->gram_max > 16 || h->gram_word_max == 0 ||
        h->gram_word_max > 256)
        return invalid(err, "n-gram lengths are out of range");
    if (h->abstain_ppm > 1000000)
        return invalid(err, "abstention threshold is out of range");
    if (h->chapter_count == 0 || h->chapter_count > CHAPTER_MAX)
        return invalid(err, "chapter count is out of range");
    for (size_t i = 0; i < GL_HS_LENGTHS; i++)
        if (!(h->temperature[i] >= 0.01f && h->temperature[i] <= 100.0f))
            return invalid(err, "a temperature is out of range");
    for (size_t i = 0; i < GL_HS_LENGTHS; i++)
        for (size_t l = 0; l < GL_HS_LEVELS; l++)
            if (!(h->ceiling[l][i] >= 0.01f && h->ceiling[l][i] <= (l == 0 ? 1 : h->ceiling[l - 1][i])))
                return invalid(err, "a ceiling is out of range");
    if (!(h->word_weight > 0 && h->word_weight <= 16 && h->gram_weight > 0 && h->gram_weight <= 16))
        return invalid(err, "feature weights are out of range");
    if (h->cue_count > GL_CUE_LIMIT || h->tie_count > GL_CUE_TIE_LIMIT || h->cue_beginning == 0 ||
        h->cue_beginning > GL_CUE_BEGINNING_MAX || !(h->cue_scale >= 0 && h->cue_scale <= 100))
        return invalid(err, "what is said of the cues is out of range");
    return true;
}

/* Where each section begins, for these counts, and where the digest does (all bounded, so nothing overflows). */
typedef struct layout {
    size_t codes, mix, bias, head_scale, head_rows, buckets, hashes, row_scale, rows, cue_hashes, cue_weights,
        cue_starts, tie_classes, tie_strengths, digest;
} layout;

static size_t after(size_t begin, size_t count, size_t bytes)
{
    return (begin + count * bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

static layout layout_of(const header *h)
{
    layout l = {.codes = HEADER_BYTES};
    l.mix = after(l.codes, h->class_count, GL_HS_CODE_DIGITS);
    l.bias = after(l.mix, h->chapter_count, sizeof(float));
    l.head_scale = after(l.bias, h->class_count, sizeof(float));
    l.head_rows = after(l.head_scale, h->class_count, sizeof(float));
    l.buckets = after(l.head_rows, h->class_count, h->width);
    l.hashes = after(l.buckets, ((size_t)1 << h->bucket_bits) + 1, sizeof(uint32_t));
    l.row_scale = after(l.hashes, h->row_count, sizeof(uint32_t));
    l.rows = after(l.row_scale, h->row_count, sizeof(float));
    l.cue_hashes = after(l.rows, h->row_count, h->width / 2);
    l.cue_weights = after(l.cue_hashes, h->cue_count, sizeof(uint32_t));
    l.cue_starts = after(l.cue_weights, h->cue_count, sizeof(float));
    l.tie_classes = after(l.cue_starts, (size_t)h->cue_count + 1, sizeof(uint32_t));
    l.tie_strengths = after(l.tie_classes, h->tie_count, sizeof(uint16_t));
    l.digest = after(l.tie_strengths, h->tie_count, sizeof(uint8_t));
    return l;
}

/* Points the sections into the file; false when they do not fill it exactly. */
static bool lay_out(gl_hs_model *model, const uint8_t *base, size_t size)
{
    layout l = layout_of(&model->head);

    if (l.digest + DIGEST_BYTES != size)
        return false;
    model->codes = (const char *)base + l.codes;
    model->mix = (const void *)(base + l.mix);
    model->bias = (const void *)(base + l.bias);
    model->head_scale = (const void *)(base + l.head_scale);
    model->head_rows = (const void *)(base + l.head_rows);
    model->buckets = (const void *)(base + l.buckets);
    model->hashes = (const void *)(base + l.hashes);
    model->row_scale = (const void *)(base + l.row_scale);
    model->rows = base + l.rows;
    model->cues = (gl_cues){.count = model->head.cue_count,
                            .tie_count = model->head.tie_count,
                            .beginning = model->head.cue_beginning,
                            .scale = model->head.cue_scale,
                            .hashes = (const void *)(base + l.cue_hashes),
                            .weights = (const void *)(base + l.cue_weights),
                            .starts = (const void *)(base + l.cue_starts),
                            .classes = (const void *)(base + l.tie_classes),
                            .strengths = base + l.tie_strengths};
    return true;
}

static bool codes_ok(const gl_hs_model *model)
{
    for (size_t i = 0; i < model->head.class_count; i++) {
        const char *code = model->codes + i * GL_HS_CODE_DIGITS;
        for (size_t d = 0; d < GL_HS_CODE_DIGITS; d++)
            if (code[d] < '0' || code[d] > '9')
                return false;
        if (i > 0 && memcmp(code - GL_HS_CODE_DIGITS, code, GL_HS_CODE_DIGITS) >= 0)
            return false;
    }
    return true;
}

/* As many chapters as the header says, each with a share of more than nothing. */
static bool mix_ok(const gl_hs_model *model)
{
    uint32_t chapters = 1;

    for (size_t i = 1; i < model->head.class_count; i++)
        chapters += memcmp(model->codes + (i - 1) * GL_HS_CODE_DIGITS, model->codes + i * GL_HS_CODE_DIGITS, 2) != 0;
    for (size_t i = 0; i < model->head.chapter_count; i++)
        if (!(model->mix[i] > 0 && model->mix[i] <= 1))
            return false;
    return chapters == model->head.chapter_count;
}

/* Each bucket is exactly the rising run of hashes with its top bits. */
static bool hashes_ok(const gl_hs_model *model)
{
    uint32_t bits = model->head.bucket_bits, rows = model->head.row_count, buckets = 1u << bits;

    if (model->buckets[0] != 0 || model->buckets[buckets] != rows)
        return false;
    for (uint32_t b = 0; b < buckets; b++) {
        if (model->buckets[b] > model->buckets[b + 1] || model->buckets[b + 1] > rows)
            return false;
        for (uint32_t i = model->buckets[b]; i < model->buckets[b + 1]; i++)
            if (model->hashes[i] >> (32 - bits) != b || (i > 0 && model->hashes[i] <= model->hashes[i - 1]))
                return false;
    }
    return true;
}

static bool floats_ok(const float *at, size_t count, float limit)
{
    for (size_t i = 0; i < count; i++)
        if (!(at[i] >= -limit && at[i] <= limit))
            return false;
    return true;
}

static bool check(gl_hs_model *model, const uint8_t *bytes, size_t size, gl_err *err)
{
    uint8_t digest[GL_SHA256_BYTES];

    if (size < HEADER_BYTES + DIGEST_BYTES || size > GL_HS_MODEL_LIMIT_BYTES)
        return invalid(err, "the size is out of range");
    memcpy(&model->head, bytes, sizeof model->head);
    if (!check_header(&model->head, size, err))
        return false;
    if (!lay_out(model, bytes, size))
        return invalid(err, "the sections do not fill the file");
    gl_sha256((gl_str){(const char *)bytes, size - DIGEST_BYTES}, digest);
    if (memcmp(digest, bytes + size - DIGEST_BYTES, DIGEST_BYTES) != 0)
        return invalid(err, "the digest does not match: the file is damaged");
    if (!codes_ok(model))
        return invalid(err, "a code is not six digits, or out of order");
    if (!mix_ok(model))
        return invalid(err, "the mix of chapters is not one of its codes");
    if (!hashes_ok(model))
        return invalid(err, "the hashes are out of order, or not in their buckets");
    if (!gl_cues_ok(&model->cues, model->head.class_count))
        return invalid(err, "the cues are out of order, or tied to no class");
    if (!floats_ok(model->bias, model->head.class_count, 1e3f) ||
        !floats_ok(model->head_scale, model->head.class_count, 1e3f) ||
        !floats_ok(model->row_scale, model->head.row_count, 1e3f))
        return invalid(err, "a number is not finite or too large");
    char hex[2 * 4 + 1];
    gl_hex(digest, 4, hex);
    size_t name_len = strnlen(model->head.name, NAME_BYTES);
    for (size_t i = 0; i < name_len; i++)
        if (model->head.name[i] < '!' || model->head.name[i] > '~')
            return invalid(err, "the name is not printable");
    snprintf(model->version, sizeof model->version, "%.*s.%s", (int)name_len, model->head.name, hex);
    return true;
}

/* `finer`: the level below, NULL: the classes. */
static void find_groups(gl_hs_model *model, level *groups, size_t digits, const level *finer)
{
    uint32_t classes = model->head.class_count;
    size_t parts = finer == NULL ? classes : finer->count;

    groups->starts = calloc((size_t)classes + 1, sizeof *groups->starts);
    groups->parts = calloc((size_t)classes + 1, sizeof *groups->parts);
    if (groups->starts == NULL || groups->parts == NULL)
        abort();
    for (size_t i = 0; i < parts; i++) {
        uint32_t c = finer == NULL ? (uint32_t)i : finer->starts[i];
        const char *code = model->codes + c * GL_HS_CODE_DIGITS;
        if (i > 0 && memcmp(model->codes + groups->starts[groups->count - 1] * GL_HS_CODE_DIGITS, code, digits) == 0)
            continue;
        groups->starts[groups->count] = c;
        groups->parts[groups->count++] = (uint32_t)i;
    }
    groups->parts[groups->count] = (uint32_t)parts;
}

gl_hs_model *gl_hs_model_over(const uint8_t *bytes, size_t size, gl_err *err)
{
    gl_hs_model *model = calloc(1, sizeof *model);

    if (model == NULL)
        abort();
    if (!check(model, bytes, size, err)) {
        free(model);
        return NULL;
    }
    for (size_t l = GL_HS_LEVELS - 1; l-- > 0;)
        find_groups(model, &model->groups[l], gl_hs_level_digits[l],
                    l + 2 < GL_HS_LEVELS ? &model->groups[l + 1] : NULL);
    gl_cues_index(&model->cues);
    return model;
}

gl_hs_model *gl_hs_model_open(const char *path, gl_err *err)
{
    gl_hs_model *model = NULL;
    void *mapping = MAP_FAILED;
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        gl_fail(err, GL_FATAL, "model-unreadable", "%s: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > GL_HS_MODEL_LIMIT_BYTES) {
        gl_fail(err, GL_FATAL, "model-unreadable", "%s is not a file of 1 byte to %d MiB", path,
                GL_HS_MODEL_LIMIT_BYTES >> 20);
        goto done;
    }
    mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED) {
        gl_fail(err, GL_FATAL, "model-unreadable", "%s: %s", path, strerror(errno));
        goto done;
    }
    model = gl_hs_model_over(mapping, (size_t)st.st_size, err);
    if (model == NULL) {
        gl_fail_context(err, "%s", path);
        munmap(mapping, (size_t)st.st_size);
        goto done;
    }
    model->mapping = mapping;
    model->mapping_bytes = (size_t)st.st_size;
done:
    if (fd >= 0)
        close(fd);
    return model;
}

void gl_hs_model_destroy(gl_hs_model *model)
{
    if (model == NULL)
        return;
    if (model->mapping != NULL)
        munmap(model->mapping, model->mapping_bytes);
    gl_cues_free(&model->cues);
    for (size_t l = 0; l < GL_HS_LEVELS - 1; l++) {
        free(model->groups[l].starts);
        free(model->groups[l].parts);
    }
    free(model);
}

const char *gl_hs_model_version(const gl_hs_model *model)
{
    return model->version;
}

int32_t gl_hs_model_abstain_ppm(const gl_hs_model *model)
{
    return (int32_t)model->head.abstain_ppm;
}

size_t gl_hs_model_chapters(const gl_hs_model *model)
{
    return model->head.chapter_count;
}

float gl_hs_model_chapter(const gl_hs_model *model, size_t index, char code[3])
{
    memcpy(code, model->codes + model->groups[0].starts[index] * GL_HS_CODE_DIGITS, 2);
    code[2] = 0;
    return model->mix[index];
}

static int compare_code(const void *key, const void *code)
{
    return memcmp(key, code, GL_HS_CODE_DIGITS);
}

bool gl_hs_model_knows_code(const gl_hs_model *model, gl_str hs6)
{
    return hs6.len == GL_HS_CODE_DIGITS &&
           bsearch(hs6.ptr, model->codes, model->head.class_count, GL_HS_CODE_DIGITS, compare_code) != NULL;
}

/* The first class at or after this code: a code is compared as far as it goes. */
static size_t first_class(const gl_hs_model *model, gl_str code)
{
    size_t low = 0, high = model->head.class_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(model->codes + middle * GL_HS_CODE_DIGITS, code.ptr, code.len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_level(gl_str code)
{
    for (size_t l = 0; l < GL_HS_LEVELS; l++)
        if (code.len == gl_hs_level_digits[l])
            return true;
    return false;
}

static bool begins_with(const gl_hs_model *model, size_t c, gl_str code)
{
    return c < model->head.class_count && memcmp(model->codes + c * GL_HS_CODE_DIGITS, code.ptr, code.len) == 0;
}

bool gl_hs_model_knows(const gl_hs_model *model, gl_str code)
{
    return is_level(code) && begins_with(model, first_class(model, code), code);
}

static float *floats_new(size_t count)
{
    float *made = calloc(count, sizeof *made);
    if (made == NULL)
        abort();
    return made;
}

gl_hs_scratch *gl_hs_scratch_new(const gl_hs_model *model)
{
    gl_hs_scratch *scratch = calloc(1, sizeof *scratch);
    size_t padded = ((size_t)model->head.class_count + LANES - 1) / LANES * LANES;

    if (scratch == NULL)
        abort();
    scratch->logits = floats_new(padded);
    scratch->shares = floats_new(padded);
    for (size_t l = 0; l < GL_HS_LEVELS - 1; l++)
        scratch->sums[l] = floats_new(model->groups[l].count);
    for (size_t i = model->head.class_count; i < padded; i++)
        scratch->logits[i] = -INFINITY;
    scratch->cues = gl_cue_scratch_new(&model->cues);
    return scratch;
}

void gl_hs_scratch_destroy(gl_hs_scratch *scratch)
{
    if (scratch == NULL)
        return;
    gl_cue_scratch_destroy(scratch->cues);
    free(scratch->logits);
    free(scratch->shares);
    for (size_t l = 0; l < GL_HS_LEVELS - 1; l++)
        free(scratch->sums[l]);
    free(scratch);
}

/* ---- features ---- */

VECTORISED static void add_scaled(float *restrict low, float *restrict high, const uint8_t *restrict row, float factor,
                                  size_t half)
{
    for (size_t d = 0; d < half; d++) {
        low[d] += factor * (float)((row[d] & 15) - 8);
        high[d] += factor * (float)((row[d] >> 4) - 8);
    }
}

/* Features that wait to be added, so that what they need is on its way from memory before it is used. */
typedef struct waiting {
    uint32_t hash[FEATURES_AHEAD], row[FEATURES_AHEAD];
    float weight[FEATURES_AHEAD];
    size_t count;
} waiting;

static void find_rows(const gl_hs_model *model, waiting *w)
{
    uint32_t shift = 32 - model->head.bucket_bits;

    for (size_t i = 0; i < w->count; i++) {
        w->row[i] = model->buckets[w->hash[i] >> shift];
        __builtin_prefetch(&model->hashes[w->row[i]]);
    }
    for (size_t i = 0; i < w->count; i++) {
        uint32_t row = w->row[i], end = model->buckets[(w->hash[i] >> shift) + 1];
        while (row < end && model->hashes[row] < w->hash[i])
            row++;
        w->row[i] = row < end && model->hashes[row] == w->hash[i] ? row : NO_ROW;
        if (w->row[i] == NO_ROW)
            continue;
        const uint8_t *embedding = model->rows + (size_t)row * (model->head.width / 2);
        __builtin_prefetch(&model->row_scale[row]);
        __builtin_prefetch(embedding);
        __builtin_prefetch(embedding + ALIGN_BYTES);
    }
}

/* Adds the embeddings of those that the model has. */
static void add_waiting(const gl_hs_model *model, gl_hs_scratch *scratch, waiting *w)
{
    size_t half = model->head.width / 2;

    find_rows(model, w);
    for (size_t i = 0; i < w->count; i++) {
        size_t row = w->row[i];
        if (row == NO_ROW)
            continue;
        add_scaled(scratch->hidden, scratch->hidden + half, model->rows + row * half,
                   w->weight[i] * model->row_scale[row], half);
        scratch->total_weight += w->weight[i];
    }
    w->count = 0;
}

static void add_feature(const gl_hs_model *model, gl_hs_scratch *scratch, waiting *w, uint32_t hash, float weight)
{
    if (w->count == FEATURES_AHEAD)
        add_waiting(model, scratch, w);
    __builtin_prefetch(&model->buckets[hash >> (32 - model->head.bucket_bits)]);
    w->hash[w->count] = hash;
    w->weight[w->count++] = weight;
}

static void add_grams(const gl_hs_model *model, gl_hs_scratch *scratch, waiting *w, gl_str word)
{
    unsigned char marked[256 + 2];
    size_t len = word.len < model->head.gram_word_max ? word.len : model->head.gram_word_max, size = len + 2, count = 0;

    marked[0] = '<';
    memcpy(marked + 1, word.ptr, len);
    marked[len + 1] = '>';
    for (size_t n = model->head.gram_min; n <= model->head.gram_max && n <= size; n++)
        count += size - n + 1;
    if (count == 0)
        return;
    float weight = model->head.gram_weight / (float)count;
    for (size_t n = model->head.gram_min; n <= model->head.gram_max; n++)
        for (size_t i = 0; i + n <= size; i++)
            add_feature(model, scratch, w, gl_fnv1a_kind(2, marked + i, n), weight);
}

static void add_text(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str text)
{
    waiting w = {.count = 0};

    for (gl_str word = gl_text_word(&text); word.len > 0; word = gl_text_word(&text)) {
        scratch->words++;
        add_feature(model, scratch, &w, gl_fnv1a_kind(1, word.ptr, word.len), model->head.word_weight);
        add_grams(model, scratch, &w, word);
    }
    add_waiting(model, scratch, &w);
}

/* ---- head ---- */

/* hidden / sqrt(total weight), as 16-bit integers; returns what one unit is worth, 0 for a zero vector. */
static float quantise(gl_hs_scratch *scratch, size_t width)
{
    float norm = 1.0f / sqrtf(scratch->total_weight), largest = 0;

    for (size_t d = 0; d < width; d++) {
        scratch->hidden[d] *= norm;
        largest = fmaxf(largest, fabsf(scratch->hidden[d]));
    }
    if (!(largest > 0))
        return 0;
    float to_unit = 32767.0f / largest;
    for (size_t d = 0; d < width; d++)
        scratch->quantised[d] = (int16_t)lrintf(scratch->hidden[d] * to_unit);
    return largest / 32767.0f;
}

/* Rows are taken some at a time: one reading of the hidden vector serves them, and sums are made of vectors once. */
VECTORISED static void head_logits(const int8_t *restrict rows, const int16_t *restrict hidden, size_t width,
                                   size_t count, const float *restrict scale, const float *restrict bias, float unit,
                                   float *restrict logits)
{
    size_t units = width / WIDTH_UNIT * WIDTH_UNIT, c = 0;

    for (; c + 4 <= count; c += 4) {
        const int8_t *a = rows + c * width, *b = a + width, *d = b + width, *e = d + width;
        int32_t sum_a = 0, sum_b = 0, sum_d = 0, sum_e = 0;
        for (size_t i = 0; i < units; i++) {
            sum_a += (int16_t)a[i] * hidden[i];
            sum_b += (int16_t)b[i] * hidden[i];
            sum_d += (int16_t)d[i] * hidden[i];
            sum_e += (int16_t)e[i] * hidden[i];
        }
        logits[c] = (float)sum_a * (scale[c] * unit) + bias[c];
        logits[c + 1] = (float)sum_b * (scale[c + 1] * unit) + bias[c + 1];
        logits[c + 2] = (float)sum_d * (scale[c + 2] * unit) + bias[c + 2];
        logits[c + 3] = (float)sum_e * (scale[c + 3] * unit) + bias[c + 3];
    }
    for (; c < count; c++) {
        int32_t sum = 0;
        for (size_t i = 0; i < units; i++)
            sum += (int16_t)rows[c * width + i] * hidden[i];
        logits[c] = (float)sum * (scale[c] * unit) + bias[c];
    }
}

/* The three largest, best first; of equal ones the lower index first. */
static void best_three(const float *logits, size_t count, size_t best[GL_HS_TOP])
{
    float value[GL_HS_TOP] = {-INFINITY, -INFINITY, -INFINITY};

    for (size_t i = 0; i < GL_HS_TOP; i++)
        best[i] = i;
    for (size_t c = 0; c < count; c++) {
        if (!(logits[c] > value[GL_HS_TOP - 1]))
            continue;
        size_t at = GL_HS_TOP - 1;
        for (; at > 0 && logits[c] > value[at - 1]; at--) {
            value[at] = value[at - 1];
            best[at] = best[at - 1];
        }
        value[at] = logits[c];
        best[at] = c;
    }
}

typedef union bits32 {
    float value;
    uint32_t bits;
} bits32;

/* e^x for x <= 0 as 2^(i + f), |f| <= 1/2, by a polynomial (relative error below 3e-7): the same bits everywhere. 0
 * below -80. Of negative numbers the bits rise as the numbers fall: compared as integers, since compilers make no
 * vectors of a choice between floats that keeps the rules for NaN. */
static inline float exp_negative(float x)
{
    static const uint32_t BITS_OF_MINUS_115 = 0xC2E60000u, BITS_OF_MINUS_80 = 0xC2A00000u;
    bits32 in = {.value = x}, t = {.value = x * 1.44269504f};
    t.bits = t.bits < BITS_OF_MINUS_115 ? t.bits : BITS_OF_MINUS_115;
    int32_t i = (int32_t)(t.value - 0.5f);
    float f = t.value - (float)i;
    float p = 1.54035304e-4f;
    p = p * f + 1.33335581e-3f;
    p = p * f + 9.61812911e-3f;
    p = p * f + 5.55041087e-2f;
    p = p * f + 2.40226507e-1f;
    p = p * f + 6.93147181e-1f;
    p = p * f + 1.0f;
    bits32 power = {.bits = (uint32_t)(i + 127) << 23}, out = {.value = p * power.value};
    out.bits &= in.bits > BITS_OF_MINUS_80 ? 0u : ~0u;
    return out.value;
}

/* Each e^((logit - top) / temperature). A loop of its own, so that compilers make vectors of it. */
VECTORISED static void exp_shares(const float *restrict logits, size_t padded, float top, float inverse_temperature,
                                  float *restrict shares)
{
    for (size_t c = 0; c < padded; c++)
        shares[c] = exp_negative((logits[c] - top) * inverse_temperature);
}

/* Their sum, in LANES partial sums of a fixed order. */
VECTORISED static float sum_shares(const float *restrict shares, size_t padded)
{
    float lanes[LANES] = {0};

    for (size_t c = 0; c < padded; c += LANES)
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += shares[c + l];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

/* ---- answers ---- */

static int32_t ppm_of(float confidence)
{
    int32_t ppm = (int32_t)(confidence * 1e6f + 0.5f);
    return ppm < 1000000 ? ppm : 1000000; /* the sum of a group may round to more than all */
}

static gl_hs_candidate candidate_of(const gl_hs_model *model, size_t c, size_t digits, float confidence)
{
    gl_hs_candidate candidate = {.confidence_ppm = ppm_of(confidence), .confidence = confidence};
    memcpy(candidate.hs6, model->codes + c * GL_HS_CODE_DIGITS, digits);
    return candidate;
}

/* The sums of a level's groups over their parts, and the largest one (the first of equal ones). This is log-sum-exp:
 * what is summed is relative to the largest logit. */
static size_t sum_groups(const level *groups, const float *parts, float *sums)
{
    size_t best = 0;

    for (size_t g = 0; g < groups->count; g++) {
        float sum = 0;
        for (uint32_t p = groups->parts[g]; p < groups->parts[g + 1]; p++)
            sum += parts[p];
        sums[g] = sum;
        best = sum > sums[best] ? g : best;
    }
    return best;
}

size_t gl_hs_length(size_t words)
{
    size_t length = 0;

    while (length < GL_HS_LENGTHS - 1 && words > (size_t)1 << length)
        length++;
    return length;
}

void gl_hs_model_classify(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str text, gl_hs_result *result)
{
    size_t width = model->head.width, classes = model->head.class_count, best[GL_HS_TOP];

    *result = (gl_hs_result){0};
    memset(scratch->hidden, 0, sizeof scratch->hidden);
    scratch->total_weight = 0;
    scratch->knows = false;
    scratch->words = 0;
    add_text(model, scratch, text);
    if (!(scratch->total_weight > 0))
        return;
    float unit = quantise(scratch, width);
    head_logits(model->head_rows, scratch->quantised, width, classes, model->head_scale, model->bias, unit,
                scratch->logits);
    gl_cues_add(&model->cues, scratch->cues, text, scratch->logits);
    best_three(scratch->logits, classes, best);
    size_t length = gl_hs_length(scratch->words);
    float top = scratch->logits[best[0]], inverse = 1.0f / model->head.temperature[length];
    size_t padded = (classes + LANES - 1) / LANES * LANES;
    exp_shares(scratch->logits, padded, top, inverse, scratch->shares);
    float sum = sum_shares(scratch->shares, padded);
    for (size_t l = 0; l < GL_HS_LEVELS; l++)
        scratch->factor[l] = model->head.ceiling[l][length] / sum;
    scratch->knows = true;
    result->count = GL_HS_TOP;
    for (size_t i = 0; i < GL_HS_TOP; i++)
        result->top[i] = candidate_of(model, best[i], GL_HS_CODE_DIGITS,
                                      scratch->shares[best[i]] * scratch->factor[GL_HS_LEVELS - 1]);
    const float *parts = scratch->shares;
    for (size_t l = GL_HS_LEVELS - 1; l-- > 0; parts = scratch->sums[l]) {
        size_t g = sum_groups(&model->groups[l], parts, scratch->sums[l]);
        result->group[l] = candidate_of(model, model->groups[l].starts[g], gl_hs_level_digits[l],
                                        scratch->sums[l][g] * scratch->factor[l]);
    }
}

/* The indices of the largest values, largest first; of equal ones the lower index first. Returns how many. */
static size_t largest(const float *values, size_t count, size_t limit, uint32_t *best)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (found == limit && !(values[i] > values[best[found - 1]]))
            continue;
        size_t at = found < limit ? found++ : found - 1;
        for (; at > 0 && values[i] > values[best[at - 1]]; at--)
            best[at] = best[at - 1];
        best[at] = (uint32_t)i;
    }
    return found;
}

void gl_hs_model_list(const gl_hs_model *model, const gl_hs_scratch *scratch, size_t level_index, size_t limit,
                      gl_hs_list *list)
{
    uint32_t best[GL_HS_LIST_LIMIT];
    bool of_classes = level_index == GL_HS_LEVELS - 1;
    const level *groups = of_classes ? NULL : &model->groups[level_index];

    list->count = 0;
    limit = limit < GL_HS_LIST_LIMIT ? limit : GL_HS_LIST_LIMIT;
    if (!scratch->knows || limit == 0)
        return;
    list->count = of_classes ? largest(scratch->logits, model->head.class_count, limit, best)
                             : largest(scratch->sums[level_index], groups->count, limit, best);
    for (size_t i = 0; i < list->count; i++) {
        float value = of_classes ? scratch->shares[best[i]] : scratch->sums[level_index][best[i]];
        list->at[i] = candidate_of(model, of_classes ? best[i] : groups->starts[best[i]],
                                   gl_hs_level_digits[level_index], value * scratch->factor[level_index]);
    }
}

/* The group that begins with class `c`. */
static size_t group_at(const level *groups, size_t c)
{
    size_t low = 0, high = groups->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (groups->starts[middle] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t gl_hs_model_confidence_ppm(const gl_hs_model *model, const gl_hs_scratch *scratch, gl_str code)
{
    if (!scratch->knows || !gl_hs_model_knows(model, code))
        return -1;
    size_t c = first_class(model, code);
    for (size_t l = 0; l < GL_HS_LEVELS - 1; l++)
        if (code.len == gl_hs_level_digits[l])
            return ppm_of(scratch->sums[l][group_at(&model->groups[l], c)] * scratch->factor[l]);
    return ppm_of(scratch->shares[c] * scratch->factor[GL_HS_LEVELS - 1]);
}
