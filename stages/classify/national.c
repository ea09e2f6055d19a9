/* See national.h. The words of all lines are made ready when a tariff is loaded; a question costs a look at each word
 * of the lines below its subheadings. */
#include "classify/national.h"

#include <math.h>
#include <stdlib.h>

#include "classify/fnv.h"
#include "customs/text.h"

/* Fitted on public rulings and search terms with national codes (docs/CLASSIFY.md). */
#define GAIN_OF_EXCLUDED  0.28
#define GAIN_OF_RESIDUAL  0.38
#define COST_OF_UNMATCHED 0.14

enum { LEAST_SLOTS = 32, NATIONAL_DIGITS = 8, PPM = 1000000, SHORT_WORD = 4 };
/* A word of a description, and the space behind it, have two bytes at least. */
enum { WORD_LIMIT = GL_TEXT_OUTPUT_MAX / 2 };
_Static_assert((int)GL_NATIONAL_QUESTION_SLOTS > 2 * (int)WORD_LIMIT, "a free slot is always found");

typedef struct word {
    uint32_t hash;
    float gain; /* of a description that has it; below 0: the line excludes it */
} word;

typedef struct line_words {
    size_t first, count;
    float asked; /* sum of the gains above 0 */
    bool residual;
} line_words;

struct gl_national {
    gl_tariff *tariff;
    const gl_tariff_line *lines; /* the tariff's */
    line_words *of;              /* one a line; of lines that are not declarable empty */
    word *words;
    size_t word_count, word_cap;
};

/* ---- words ---- */

static bool ends_with(gl_str text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* Without the ending of an English plural; "-y" goes, as "-ies" does. */
static gl_str stem(gl_str text)
{
    if (text.len > SHORT_WORD && ends_with(text, "ies"))
        return (gl_str){text.ptr, text.len - 3};
    if (text.len >= SHORT_WORD && ends_with(text, "y"))
        return (gl_str){text.ptr, text.len - 1};
    if (text.len > SHORT_WORD &&
        (ends_with(text, "sses") || ends_with(text, "shes") || ends_with(text, "ches") || ends_with(text, "xes")))
        return (gl_str){text.ptr, text.len - 2};
    if (text.len >= SHORT_WORD && ends_with(text, "s") && !ends_with(text, "ss") && !ends_with(text, "us") &&
        !ends_with(text, "is"))
        return (gl_str){text.ptr, text.len - 1};
    return text;
}

static bool is_empty_word(gl_str text)
{
    static const char *const words[] = {"of",   "or", "and", "the", "for", "with", "not",     "in",
                                        "to",   "by", "on",  "a",   "an",  "than", "whether", "but",
                                        "from", "as", "at",  "be",  "is",  "are",  "0",       "other"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (gl_str_eqz(text, words[i]))
            return true;
    return false;
}

/* Never 0, which is a free slot. */
static uint32_t hash_of(gl_str text)
{
    uint32_t hash = gl_fnv1a(GL_FNV1A_BASIS, text.ptr, text.len);
    return hash == 0 ? 1 : hash;
}

/* Cuts the next word that says something off a normalised text; 0 at the end. */
static uint32_t next_hash(gl_str *rest)
{
    for (gl_str text = gl_text_word(rest); text.len > 0; text = gl_text_word(rest))
        if (!is_empty_word(text))
            return hash_of(stem(text));
    return 0;
}

/* ---- the words of a tariff ---- */

/* A word of a line while a subheading is made ready. */
typedef struct raw_word {
    uint32_t hash;
    uint32_t line; /* index among those of the subheading */
    bool excluded;
    float gain;
} raw_word;

typedef struct raw_words {
    raw_word *at;
    size_t count, cap;
} raw_words;

static void add_words(raw_words *raw, gl_str text, uint32_t line, bool excluded)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_str rest = gl_text_normalise(text, normal);

    for (uint32_t hash = next_hash(&rest); hash != 0; hash = next_hash(&rest)) {
        if (raw->count == raw->cap) {
            raw->cap = raw->cap == 0 ? 1024 : 2 * raw->cap;
            if ((raw->at = realloc(raw->at, raw->cap * sizeof *raw->at)) == NULL)
                abort();
        }
        raw->at[raw->count++] = (raw_word){hash, line, excluded, 0};
    }
}

/* Behind the bracket that closes the one at `from`, or the end. */
static size_t behind_bracket(gl_str text, size_t from)
{
    size_t depth = 0;
    for (size_t i = from; i < text.len; i++) {
        depth += text.ptr[i] == '(';
        if (text.ptr[i] == ')' && --depth == 0)
            return i + 1;
    }
    return text.len;
}

/* What stands in "(excl. ...)" is excluded. True: there is such a part. */
static bool add_line_words(raw_words *raw, gl_str text, uint32_t line)
{
    static const gl_str excluding = {"(excl.", 6};
    size_t from = 0;
    bool any = false;

    for (size_t i = 0; i < text.len;) {
        if (!gl_str_starts((gl_str){text.ptr + i, text.len - i}, excluding)) {
            i++;
            continue;
        }
        size_t end = behind_bracket(text, i);
        add_words(raw, (gl_str){text.ptr + from, i - from}, line, false);
        add_words(raw, (gl_str){text.ptr + i + excluding.len, end - i - excluding.len}, line, true);
        from = i = end;
        any = true;
    }
    add_words(raw, (gl_str){text.ptr + from, text.len - from}, line, false);
    return any;
}

/* Is it a line for what the others do not name: "... > Other", also "Other (338)"? */
static bool is_residual(gl_str text)
{
    if (text.len > 0 && text.ptr[text.len - 1] == ')')
        while (text.len > 0 && text.ptr[--text.len] != '(')
            ;
    return ends_with(gl_str_trim(text), "Other");
}

/* By word, what lines have before what they exclude. */
static int by_word(const void *a, const void *b)
{
    const raw_word *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->excluded != y->excluded)
        return x->excluded ? 1 : -1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static int by_line(const void *a, const void *b)
{
    const raw_word *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Each word of a line once; a word that it has and excludes is had. */
static void keep_once(raw_words *raw)
{
    size_t kept = 0;

    qsort(raw->at, raw->count, sizeof *raw->at, by_line);
    for (size_t i = 0; i < raw->count; i++) {
        bool same = kept > 0 && raw->at[kept - 1].hash == raw->at[i].hash && raw->at[kept - 1].line == raw->at[i].line;
        if (same)
            raw->at[kept - 1].excluded &= raw->at[i].excluded;
        else
            raw->at[kept++] = raw->at[i];
    }
    raw->count = kept;
}

/* Of a word that `count` of `lines` have; 0: it does not tell them apart. */
static float gain_of(bool excluded, size_t count, size_t lines)
{
    double rarity = (double)lines / (double)count;
    return (float)(excluded ? -GAIN_OF_EXCLUDED * log(rarity + 1) : log(rarity));
}

static void put_word(gl_national *national, line_words *of, word w)
{
    if (national->word_count == national->word_cap) {
        national->word_cap = national->word_cap == 0 ? 4096 : 2 * national->word_cap;
        if ((national->words = realloc(national->words, national->word_cap * sizeof(word))) == NULL)
            abort();
    }
    national->words[national->word_count++] = w;
    of->count++;
    of->asked += w.gain > 0 ? w.gain : 0;
}

/* The gains of a subheading's words, into the lines: `members` are the indices of its declarable ones. */
static void weigh_words(gl_national *national, raw_words *raw, const size_t *members, size_t member_count)
{
    keep_once(raw);
    qsort(raw->at, raw->count, sizeof *raw->at, by_word);
    for (size_t i = 0, end; i < raw->count; i = end) {
        for (end = i;
             end < raw->count && raw->at[end].hash == raw->at[i].hash && raw->at[end].excluded == raw->at[i].excluded;)
            end++;
        for (size_t k = i; k < end; k++)
            raw->at[k].gain = gain_of(raw->at[i].excluded, end - i, member_count);
    }
    qsort(raw->at, raw->count, sizeof *raw->at, by_line);
    for (size_t m = 0, i = 0; m < member_count; m++) {
        line_words *of = &national->of[members[m]];
        of->first = national->word_count;
        for (; i < raw->count && raw->at[i].line == m; i++)
            if (raw->at[i].gain > 0 || raw->at[i].gain < 0)
                put_word(national, of, (word){raw->at[i].hash, raw->at[i].gain});
    }
}

static size_t end_of_subheading(const gl_national *national, size_t from, size_t count)
{
    size_t end = from + 1;
    while (end < count &&
           memcmp(national->lines[end].code, national->lines[from].code, GL_TARIFF_SUBHEADING_DIGITS) == 0)
        end++;
    return end;
}

static void make_ready(gl_national *national, size_t from, size_t end, raw_words *raw, size_t *members)
{
    size_t count = 0;

    raw->count = 0;
    for (size_t i = from; i < end; i++) {
        if (!national->lines[i].declarable)
            continue;
        bool excludes = add_line_words(raw, national->lines[i].text, (uint32_t)count);
        national->of[i].residual = excludes || is_residual(national->lines[i].text);
        members[count++] = i;
    }
    if (count > 1 && raw->count > 0)
        weigh_words(national, raw, members, count);
}

gl_national *gl_national_new(gl_tariff *tariff)
{
    gl_national *national = calloc(1, sizeof *national);
    size_t count = gl_tariff_count(tariff).lines;
    size_t *members = calloc(count, sizeof *members);
    raw_words raw = {0};

    if (national == NULL || members == NULL || (national->of = calloc(count, sizeof *national->of)) == NULL)
        abort();
    national->tariff = tariff;
    gl_tariff_under(tariff, (gl_str){"", 0}, &national->lines);
    for (size_t from = 0, end; from < count; from = end) {
        end = end_of_subheading(national, from, count);
        make_ready(national, from, end, &raw, members);
    }
    free(raw.at);
    free(members);
    return national;
}

void gl_national_destroy(gl_national *national)
{
    if (national == NULL)
        return;
    gl_tariff_destroy(national->tariff);
    free(national->of);
    free(national->words);
    free(national);
}

const gl_tariff *gl_national_tariff(const gl_national *national)
{
    return national->tariff;
}

/* ---- a description's words ---- */

void gl_national_ask(gl_national_question *question, gl_str description)
{
    question->description = description;
    question->read = false;
}

/* Where the word is, or belongs. */
static uint32_t *slot_of(gl_national_question *question, uint32_t hash)
{
    uint32_t at = hash & question->mask;
    while (question->slots[at] != 0 && question->slots[at] != hash)
        at = (at + 1) & question->mask;
    return &question->slots[at];
}

/* Few words have few slots: they are cleared for each question. */
static void read_words(gl_national_question *question)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    uint32_t hashes[WORD_LIMIT], slots = LEAST_SLOTS;
    size_t count = 0;

    if (question->read)
        return;
    gl_str rest = gl_text_normalise(question->description, normal);
    for (uint32_t hash = next_hash(&rest); hash != 0 && count < WORD_LIMIT; hash = next_hash(&rest))
        hashes[count++] = hash;
    while (slots < 4 * count && slots < GL_NATIONAL_QUESTION_SLOTS)
        slots *= 2;
    memset(question->slots, 0, slots * sizeof *question->slots);
    question->mask = slots - 1;
    for (size_t i = 0; i < count; i++)
        *slot_of(question, hashes[i]) = hashes[i];
    question->read = true;
}

static double score_of(const gl_national *national, gl_national_question *question, const line_words *of)
{
    double gain = 0, matched = 0;

    for (size_t i = 0; i < of->count; i++) {
        const word *w = &national->words[of->first + i];
        if (*slot_of(question, w->hash) == 0)
            continue;
        gain += w->gain;
        matched += w->gain > 0 ? w->gain : 0;
    }
    double unmatched = of->asked > matched ? of->asked - matched : 0;
    return gain + (of->residual ? GAIN_OF_RESIDUAL : 0) - COST_OF_UNMATCHED * log1p(unmatched);
}

/* Is one of the codes the beginning of the other? */
static bool is_ruled(const gl_tariff_line *line, gl_str ruled)
{
    size_t digits = ruled.len < line->digits ? ruled.len : line->digits;
    return memcmp(line->code, ruled.ptr, digits) == 0;
}

/* Who could be meant gets 1, the others 0; how many could be. */
static size_t mark_candidates(gl_str ruled, const gl_tariff_line *lines, size_t count, double *shares)
{
    size_t candidates = 0;
    bool known = false; /* the ruled code, below this subheading */

    for (size_t i = 0; i < count && ruled.len > GL_TARIFF_SUBHEADING_DIGITS; i++)
        known = known || (lines[i].declarable && is_ruled(&lines[i], ruled));
    for (size_t i = 0; i < count; i++) {
        bool candidate = lines[i].declarable && (!known || is_ruled(&lines[i], ruled));
        shares[i] = candidate ? 1 : 0;
        candidates += candidate;
    }
    return candidates;
}

static void share_out(const gl_national *national, gl_national_question *question, gl_str ruled,
                      const gl_tariff_line *lines, size_t count, double *shares)
{
    double best = -INFINITY, sum = 0;

    if (mark_candidates(ruled, lines, count, shares) < 2)
        return;
    read_words(question);
    for (size_t i = 0; i < count; i++) {
        shares[i] =
            shares[i] > 0 ? score_of(national, question, &national->of[lines + i - national->lines]) : -INFINITY;
        best = shares[i] > best ? shares[i] : best;
    }
    for (size_t i = 0; i < count; i++) {
        shares[i] = exp(shares[i] - best);
        sum += shares[i];
    }
    for (size_t i = 0; i < count; i++)
        shares[i] /= sum;
}

void gl_national_shares(const gl_national *national, gl_national_question *question, const gl_tariff_line *lines,
                        size_t count, double *shares)
{
    share_out(national, question, (gl_str){NULL, 0}, lines, count, shares);
}

/* ---- ranking ---- */

static bool comes_before(const gl_national_candidate *a, const gl_national_candidate *b)
{
    if (a->confidence_ppm != b->confidence_ppm)
        return a->confidence_ppm > b->confidence_ppm;
    if (a->share_ppm != b->share_ppm)
        return a->share_ppm > b->share_ppm;
    return strcmp(a->code, b->code) < 0;
}

/* Shell's way, with Ciura's gaps: qsort may ask malloc for memory. */
static void sort(gl_national_list *list)
{
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};

    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++)
        for (size_t i = gaps[g]; i < list->count; i++) {
            gl_national_candidate moved = list->at[i];
            size_t to = i;
            for (; to >= gaps[g] && comes_before(&moved, &list->at[to - gaps[g]]); to -= gaps[g])
                list->at[to] = list->at[to - gaps[g]];
            list->at[to] = moved;
        }
}

static int32_t rounded_ppm(double share, int32_t of_ppm)
{
    return (int32_t)(share * of_ppm + 0.5);
}

static void put_candidate(gl_national_list *list, gl_str code, const gl_tariff_line *line, double share,
                          int32_t subheading_ppm)
{
    gl_national_candidate *candidate = &list->at[list->count++];

    *candidate = (gl_national_candidate){
        .line = line, .share_ppm = rounded_ppm(share, PPM), .confidence_ppm = rounded_ppm(share, subheading_ppm)};
    memcpy(candidate->code, code.ptr, code.len);
}

static void put_lines(gl_national_list *list, const gl_tariff_line *lines, const double *shares, size_t count,
                      int32_t subheading_ppm)
{
    for (size_t i = 0; i < count; i++)
        if (lines[i].declarable)
            put_candidate(list, (gl_str){lines[i].code, lines[i].digits}, &lines[i], shares[i], subheading_ppm);
}

/* Lines are in the order of their codes, so those with the same 8 digits follow each other. */
static void put_groups(gl_national_list *list, const gl_tariff_line *lines, const double *shares, size_t count,
                       int32_t subheading_ppm)
{
    for (size_t i = 0, end; i < count; i = end) {
        const gl_tariff_line *line = &lines[i];
        double share = shares[i];
        end = i + 1;
        if (line->digits < NATIONAL_DIGITS && !line->declarable)
            continue;
        size_t kept = line->digits < NATIONAL_DIGITS ? line->digits : NATIONAL_DIGITS;
        for (; end < count && memcmp(lines[end].code, line->code, NATIONAL_DIGITS) == 0; end++)
            share += shares[end];
        put_candidate(list, (gl_str){line->code, kept}, line->digits == kept ? line : NULL, share, subheading_ppm);
    }
}

/* The lines of a subheading. */
typedef struct below {
    const gl_tariff_line *lines;
    size_t count;
} below;

void gl_national_rank(const gl_national *national, gl_arena *arena, gl_national_question *question, gl_str ruled,
                      const gl_hs_candidate *subheadings, size_t count, gl_national_list *lines,
                      gl_national_list *groups)
{
    below *of = gl_arena_alloc(arena, count * sizeof *of);
    size_t most = 0, all = 0;

    *lines = (gl_national_list){0};
    for (size_t i = 0; i < count; i++) {
        of[i].count =
            gl_tariff_under(national->tariff, (gl_str){subheadings[i].hs6, GL_TARIFF_SUBHEADING_DIGITS}, &of[i].lines);
        lines->unknown_count += of[i].count == 0;
        most = of[i].count > most ? of[i].count : most;
        all += of[i].count;
    }
    if (groups != NULL)
        *groups = *lines;
    if (all == 0)
        return;
    lines->at = gl_arena_alloc(arena, all * sizeof *lines->at);
    if (groups != NULL)
        groups->at = gl_arena_alloc(arena, all * sizeof *groups->at);
    double *shares = gl_arena_alloc(arena, most * sizeof *shares);
    for (size_t i = 0; i < count; i++) {
        share_out(national, question, ruled, of[i].lines, of[i].count, shares);
        put_lines(lines, of[i].lines, shares, of[i].count, subheadings[i].confidence_ppm);
        if (groups != NULL)
            put_groups(groups, of[i].lines, shares, of[i].count, subheadings[i].confidence_ppm);
    }
    sort(lines);
    if (groups != NULL)
        sort(groups);
}

/* The likeliest that begins with `code` and has more digits. */
static const gl_national_candidate *best_below(const gl_national_list *list, gl_str code)
{
    for (size_t i = 0; i < list->count; i++)
        if (gl_str_starts(gl_str_of(list->at[i].code), code) && strlen(list->at[i].code) > code.len)
            return &list->at[i];
    return NULL;
}

static bool is_sure(const gl_national_candidate *candidate, int32_t sure_ppm)
{
    return candidate != NULL && candidate->confidence_ppm >= sure_ppm &&
           candidate->share_ppm >= GL_NATIONAL_SURE_SHARE_PPM;
}

const gl_national_candidate *gl_national_answer(const gl_national_list *groups, const gl_national_list *lines,
                                                gl_str subheading, int32_t sure_ppm)
{
    const gl_national_candidate *group = best_below(groups, subheading);

    if (!is_sure(group, sure_ppm))
        return NULL;
    const gl_national_candidate *line = best_below(lines, gl_str_of(group->code));
    return is_sure(line, sure_ppm) ? line : group;
}
