/* Reading facts.txt into sorted tables, and choosing by information what is asked. See facts.h. */
#include "classify/facts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "customs/text.h"

enum {
    LIMIT_ATTRIBUTES = 16,
    LIMIT_WORDINGS = 64,
    LIMIT_ENTRIES = 50000, /* of each table */
    VALUES_OF_CODE = 4,    /* of one attribute */
    LIMIT_VALUE_BYTES = 200,
    LIMIT_SAID = 256, /* words of a text, and what they say as well */
    UNIT_BYTES = 2,   /* a word as short as that is a unit, and says something behind a number only */
};

/* Bits that the answer to a question must be worth. */
static const double WORTH = 0.15;

typedef struct wording {
    size_t attribute;
    gl_str chapter; /* "*": of any */
    gl_str text;
} wording;

typedef struct pair {
    gl_str word, says;
} pair;

typedef struct fact {
    gl_str code;
    size_t attribute;
    size_t count;
    gl_str values[VALUES_OF_CODE];
} fact;

struct gl_facts {
    char *text;
    gl_str attributes[LIMIT_ATTRIBUTES];
    size_t attribute_count;
    wording wordings[LIMIT_WORDINGS];
    size_t wording_count;
    pair *pairs; /* by word */
    size_t pair_count;
    gl_str *silent; /* sorted */
    size_t silent_count;
    fact *facts; /* by code */
    size_t fact_count;
    gl_fact_question goods;
};

/* ---- reading ---- */

static gl_str cut(gl_str *rest, char at)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, at, rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    gl_str part = {rest->ptr, len};

    *rest = (gl_str){rest->ptr + len + (end != NULL), rest->len - len - (end != NULL)};
    return part;
}

static int compare(gl_str a, gl_str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_words(const void *a, const void *b)
{
    return compare(*(const gl_str *)a, *(const gl_str *)b);
}

static int compare_pairs(const void *a, const void *b)
{
    return compare(((const pair *)a)->word, ((const pair *)b)->word);
}

/* Its index; attribute_count: there is none of this name. */
static size_t attribute_of(const gl_facts *facts, gl_str name)
{
    size_t i = 0;
    while (i < facts->attribute_count && !gl_str_eq(facts->attributes[i], name))
        i++;
    return i;
}

static const char *add_wording(gl_facts *facts, gl_str line)
{
    gl_str name = cut(&line, '\t'), chapter = cut(&line, '\t');
    size_t attribute = attribute_of(facts, name);

    if (name.len == 0 || line.len == 0 || !(chapter.len == 2 || gl_str_eqz(chapter, "*")))
        return "not an attribute, a chapter (two digits or *) and a question, with tabs between them";
    if (attribute == LIMIT_ATTRIBUTES || facts->wording_count == LIMIT_WORDINGS)
        return "too many questions";
    if (attribute == facts->attribute_count)
        facts->attributes[facts->attribute_count++] = name;
    facts->wordings[facts->wording_count++] = (wording){attribute, chapter, line};
    return NULL;
}

static const char *add_pairs(gl_facts *facts, gl_str line)
{
    gl_str says = gl_text_word(&line);

    for (gl_str word = gl_text_word(&line); word.len > 0; word = gl_text_word(&line)) {
        if (facts->pair_count == LIMIT_ENTRIES)
            return "too many words";
        facts->pairs[facts->pair_count++] = (pair){word, says};
    }
    return NULL;
}

static const char *add_silent(gl_facts *facts, gl_str line)
{
    for (gl_str word = gl_text_word(&line); word.len > 0; word = gl_text_word(&line)) {
        if (facts->silent_count == LIMIT_ENTRIES)
            return "too many words";
        facts->silent[facts->silent_count++] = word;
    }
    return NULL;
}

static const char *add_fact(gl_facts *facts, gl_str code, gl_str part)
{
    gl_str name = cut(&part, '=');
    fact made = {.code = code, .attribute = attribute_of(facts, name)};

    if (made.attribute == facts->attribute_count)
        return "an attribute that has no question";
    for (size_t i = facts->fact_count; i > 0 && gl_str_eq(facts->facts[i - 1].code, code); i--)
        if (facts->facts[i - 1].attribute == made.attribute)
            return "an attribute twice";
    while (part.len > 0) {
        gl_str value = cut(&part, '|');
        if (value.len == 0 || value.len > LIMIT_VALUE_BYTES || made.count == VALUES_OF_CODE)
            return "not attribute=value, with | between at most four values";
        made.values[made.count++] = value;
    }
    if (made.count == 0 || facts->fact_count == LIMIT_ENTRIES)
        return made.count == 0 ? "an attribute without a value" : "too many facts";
    facts->facts[facts->fact_count++] = made;
    return NULL;
}

static const char *add_facts(gl_facts *facts, gl_str line)
{
    const char *wrong = NULL;
    gl_str code = cut(&line, '\t');

    for (size_t i = 0; i < code.len; i++)
        if (code.ptr[i] < '0' || code.ptr[i] > '9')
            return "not a code of six digits";
    if (code.len != GL_HS_CODE_DIGITS)
        return "not a code of six digits";
    if (facts->fact_count > 0 && compare(facts->facts[facts->fact_count - 1].code, code) >= 0)
        return "codes do not rise";
    while (line.len > 0 && wrong == NULL)
        wrong = add_fact(facts, code, cut(&line, '\t'));
    return wrong;
}

static const struct {
    const char *name;
    const char *(*add)(gl_facts *facts, gl_str line); /* NULL, or what is wrong */
} SECTIONS[] = {{"[ask]", add_wording}, {"[same]", add_pairs}, {"[silent]", add_silent}, {"[facts]", add_facts}};
enum { SECTION_COUNT = sizeof SECTIONS / sizeof SECTIONS[0] };

static bool parse_lines(gl_facts *facts, gl_str text, gl_err *err)
{
    size_t section = SECTION_COUNT;

    for (size_t number = 1; text.len > 0; number++) {
        gl_str line = cut(&text, '\n');
        size_t named = 0;
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        while (named < SECTION_COUNT && !gl_str_eqz(line, SECTIONS[named].name))
            named++;
        if (named < SECTION_COUNT) {
            section = named;
            continue;
        }
        const char *wrong = section == SECTION_COUNT ? "before [ask], [same], [silent] and [facts]"
                                                     : SECTIONS[section].add(facts, line);
        if (wrong != NULL)
            return gl_fail(err, GL_FATAL, "facts-invalid", "line %zu: %s", number, wrong);
    }
    return true;
}

/* The wording for a chapter, else the one for all; NULL: there is none. */
static const wording *wording_of(const gl_facts *facts, size_t attribute, gl_str chapter)
{
    const wording *usual = NULL;

    for (size_t i = 0; i < facts->wording_count; i++) {
        const wording *w = &facts->wordings[i];
        if (w->attribute != attribute)
            continue;
        if (gl_str_eq(w->chapter, chapter))
            return w;
        if (gl_str_eqz(w->chapter, "*"))
            usual = w;
    }
    return usual;
}

/* Each attribute has a wording for all chapters, and there is one for what the goods are. */
static bool check_wordings(gl_facts *facts, gl_err *err)
{
    const gl_str any = GL_STR("*");
    size_t goods = attribute_of(facts, GL_STR("goods"));

    for (size_t i = 0; i < facts->attribute_count; i++)
        if (wording_of(facts, i, any) == NULL)
            return gl_fail(err, GL_FATAL, "facts-invalid", "\"%.*s\" has no question for all chapters (*)",
                           GL_STR_ARG(facts->attributes[i]));
    if (goods == facts->attribute_count)
        return gl_fail(err, GL_FATAL, "facts-invalid", "no question \"goods\"");
    facts->goods =
        (gl_fact_question){.attribute = facts->attributes[goods], .wording = wording_of(facts, goods, any)->text};
    return true;
}

gl_facts *gl_facts_parse(gl_str text, gl_err *err)
{
    if (text.len > GL_FACTS_FILE_LIMIT_BYTES) {
        gl_fail(err, GL_FATAL, "facts-invalid", "larger than %d bytes", GL_FACTS_FILE_LIMIT_BYTES);
        return NULL;
    }
    gl_facts *facts = calloc(1, sizeof *facts);
    size_t possible = text.len / 2 + 1; /* an entry and what ends it take two bytes at least */
    possible = possible < LIMIT_ENTRIES ? possible : LIMIT_ENTRIES;
    if (facts == NULL || (facts->text = malloc(text.len + 1)) == NULL ||
        (facts->pairs = calloc(possible, sizeof *facts->pairs)) == NULL ||
        (facts->silent = calloc(possible, sizeof *facts->silent)) == NULL ||
        (facts->facts = calloc(possible, sizeof *facts->facts)) == NULL)
        abort();
    if (text.len > 0)
        memcpy(facts->text, text.ptr, text.len);
    if (!parse_lines(facts, (gl_str){facts->text, text.len}, err) || !check_wordings(facts, err)) {
        gl_facts_destroy(facts);
        return NULL;
    }
    qsort(facts->pairs, facts->pair_count, sizeof *facts->pairs, compare_pairs);
    qsort(facts->silent, facts->silent_count, sizeof *facts->silent, compare_words);
    return facts;
}

gl_facts *gl_facts_open(const char *path, gl_err *err)
{
    gl_buf text = {0};
    gl_facts *facts = NULL;

    if (!gl_buf_read_file(&text, path, GL_FACTS_FILE_LIMIT_BYTES))
        gl_fail(err, GL_FATAL, "facts-unreadable", "%s: %s", path, strerror(errno));
    else if ((facts = gl_facts_parse(gl_buf_view(&text), err)) == NULL)
        gl_fail_context(err, "%s", path);
    gl_buf_free(&text);
    return facts;
}

void gl_facts_destroy(gl_facts *facts)
{
    if (facts == NULL)
        return;
    free(facts->text);
    free(facts->pairs);
    free(facts->silent);
    free(facts->facts);
    free(facts);
}

/* ---- what a text says ---- */

typedef struct said {
    size_t count;
    gl_str words[LIMIT_SAID];
} said;

static void add_said(said *s, gl_str word)
{
    if (s->count < LIMIT_SAID)
        s->words[s->count++] = word;
}

static const pair *first_pair(const gl_facts *facts, gl_str word)
{
    size_t lo = 0, hi = facts->pair_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare(facts->pairs[mid].word, word) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return facts->pairs + lo;
}

/* Of a very long text the first words. */
static void read_said(const gl_facts *facts, gl_str normal, said *s)
{
    bool after_number = false;

    s->count = 0;
    for (gl_str word = gl_text_word(&normal); word.len > 0 && s->count < LIMIT_SAID; word = gl_text_word(&normal)) {
        bool number = gl_str_eqz(word, "0");
        if (word.len > UNIT_BYTES || after_number)
            add_said(s, word);
        for (const pair *p = first_pair(facts, word); p < facts->pairs + facts->pair_count && gl_str_eq(p->word, word);
             p++)
            add_said(s, p->says);
        after_number = number;
    }
}

static bool is_silent(const gl_facts *facts, gl_str word)
{
    return facts->silent_count > 0 &&
           bsearch(&word, facts->silent, facts->silent_count, sizeof word, compare_words) != NULL;
}

/* Does a word of the value stand in the text, or another that says the same? */
static bool says_value(const gl_facts *facts, const said *s, gl_str value)
{
    char buffer[GL_TEXT_OUTPUT_MAX];
    gl_str normal = gl_text_normalise(value, buffer);

    for (gl_str word = gl_text_word(&normal); word.len > 0; word = gl_text_word(&normal)) {
        if (gl_str_eqz(word, "0") || is_silent(facts, word))
            continue;
        for (size_t i = 0; i < s->count; i++)
            if (gl_str_eq(s->words[i], word))
                return true;
    }
    return false;
}

/* ---- what is worth asking ---- */

typedef struct leading {
    size_t count;
    double share[GL_FACTS_CANDIDATES]; /* of all leading candidates, together 1 */
    const fact *facts[GL_FACTS_CANDIDATES][LIMIT_ATTRIBUTES];
} leading;

static void find_facts(const gl_facts *facts, const char *code, const fact *found[LIMIT_ATTRIBUTES])
{
    gl_str wanted = {code, GL_HS_CODE_DIGITS};
    size_t lo = 0, hi = facts->fact_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare(facts->facts[mid].code, wanted) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < facts->fact_count && gl_str_eq(facts->facts[lo].code, wanted); lo++)
        found[facts->facts[lo].attribute] = &facts->facts[lo];
}

static void find_leading(const gl_facts *facts, const gl_hs_candidate *at, size_t count, leading *lead,
                         gl_missing *missing)
{
    int64_t sum = 0;

    *lead = (leading){0};
    for (; lead->count < count && lead->count < GL_FACTS_CANDIDATES && sum < GL_FACTS_LEADING_PPM; lead->count++) {
        const gl_hs_candidate *candidate = &at[lead->count];
        memcpy(missing->codes[lead->count], candidate->hs6, sizeof candidate->hs6);
        find_facts(facts, candidate->hs6, lead->facts[lead->count]);
        sum += candidate->confidence_ppm;
    }
    for (size_t i = 0; i < lead->count; i++)
        lead->share[i] = sum == 0 ? 0 : (double)at[i].confidence_ppm / (double)sum;
}

/* Where it is among the answers; their count: nowhere. */
static size_t find_answer(const gl_fact_question *question, gl_str value)
{
    size_t at = 0;

    while (at < question->count && !gl_str_eq(question->values[at].value, value))
        at++;
    return at;
}

/* False: there are too many. */
static bool add_answer(gl_fact_question *question, gl_str value, uint32_t of)
{
    size_t at = find_answer(question, value);

    if (at == GL_FACTS_VALUES)
        return false;
    question->values[at].value = value;
    question->values[at].of |= of;
    question->count += at == question->count;
    return true;
}

static bool has_word(gl_str text, gl_str wanted)
{
    for (gl_str word = gl_text_word(&text); word.len > 0; word = gl_text_word(&text))
        if (gl_str_eq(word, wanted))
            return true;
    return false;
}

/* Has `text` every word of `of`, and others that do not turn it round? */
static bool is_finer(gl_str text, gl_str of)
{
    if (text.len <= of.len || has_word(text, GL_STR("other")) || has_word(text, GL_STR("not")) ||
        has_word(text, GL_STR("without")))
        return false;
    for (gl_str word = gl_text_word(&of); word.len > 0; word = gl_text_word(&of))
        if (!has_word(text, word))
            return false;
    return true;
}

/* The next of "plastic, wood or textile", cutting it off the front of `*rest`; empty at the end. */
static gl_str next_alternative(gl_str *rest)
{
    static const gl_str or = {" or ", 4}, comma = {", ", 2};

    for (size_t i = 0; i < rest->len; i++) {
        gl_str tail = {rest->ptr + i, rest->len - i};
        size_t cut = gl_str_starts(tail, or) ? or.len : gl_str_starts(tail, comma) ? comma.len : 0;
        if (cut == 0)
            continue;
        gl_str found = {rest->ptr, i};
        *rest = (gl_str){tail.ptr + cut, tail.len - cut};
        return found;
    }
    gl_str found = *rest;
    *rest = (gl_str){rest->ptr + rest->len, 0};
    return found;
}

static gl_fact_value take_away(gl_fact_question *question, size_t at)
{
    gl_fact_value taken = question->values[at];
    question->count--;
    memmove(&question->values[at], &question->values[at + 1], (question->count - at) * sizeof taken);
    question->values[question->count] = (gl_fact_value){.of = 0};
    return taken;
}

/* "plastic or textile" beside "plastic" is two answers. False: there are too many then. */
static bool tell_alternatives_apart(gl_fact_question *question)
{
    for (size_t v = 0; v < question->count; v++) {
        gl_str rest = question->values[v].value, part = next_alternative(&rest);
        bool overlaps = false;
        for (; rest.len > 0 || part.len > 0; part = next_alternative(&rest))
            overlaps |= part.len < question->values[v].value.len && find_answer(question, part) < question->count;
        if (!overlaps)
            continue;
        gl_fact_value both = take_away(question, v);
        rest = both.value;
        for (part = next_alternative(&rest); part.len > 0; part = next_alternative(&rest))
            if (!add_answer(question, part, both.of))
                return false;
        v = (size_t)-1; /* what came may overlap with what was there; there are fewer alternatives each time */
    }
    return true;
}

/* "moulded plastic" beside "plastic" is no other answer. */
static void drop_finer(gl_fact_question *question)
{
    for (size_t v = 0; v < question->count; v++) {
        uint32_t of = question->values[v].of;
        bool finer = false;
        for (size_t w = 0; w < question->count; w++)
            if (is_finer(question->values[v].value, question->values[w].value)) {
                question->values[w].of |= of;
                finer = true;
            }
        if (finer)
            take_away(question, v--);
    }
}

/* A question with the values that the candidates have. False: the text states one, or there are none or too many. */
static bool make_question(const gl_facts *facts, const said *s, const leading *lead, size_t attribute,
                          gl_fact_question *question)
{
    *question = (gl_fact_question){.attribute = facts->attributes[attribute]};
    for (size_t i = 0; i < lead->count; i++) {
        const fact *f = lead->facts[i][attribute];
        for (size_t k = 0; f != NULL && k < f->count; k++)
            if ((find_answer(question, f->values[k]) == question->count && says_value(facts, s, f->values[k])) ||
                !add_answer(question, f->values[k], 1u << i))
                return false;
    }
    if (!tell_alternatives_apart(question))
        return false;
    drop_finer(question);
    return question->count > 1;
}

/* How likely the answers to a question are for each candidate: one without a value may have any. NULL: one answer. */
static size_t answers_of(const gl_fact_question *question, const leading *lead,
                         double answers[GL_FACTS_CANDIDATES][GL_FACTS_VALUES])
{
    for (size_t i = 0; i < lead->count; i++) {
        size_t has = 0;
        for (size_t v = 0; question != NULL && v < question->count; v++)
            has += question->values[v].of >> i & 1;
        for (size_t v = 0; question != NULL && v < question->count; v++)
            answers[i][v] = has == 0                                 ? 1.0 / (double)question->count
                            : (question->values[v].of >> i & 1) != 0 ? 1.0 / (double)has
                                                                     : 0;
        if (question == NULL)
            answers[i][0] = 1;
    }
    return question == NULL ? 1 : question->count;
}

/* Bits that the answers to both tell of the code. */
static double worth(const gl_fact_question *first, const gl_fact_question *second, const leading *lead)
{
    double a[GL_FACTS_CANDIDATES][GL_FACTS_VALUES], b[GL_FACTS_CANDIDATES][GL_FACTS_VALUES], bits = 0;
    size_t a_count = answers_of(first, lead, a), b_count = answers_of(second, lead, b);

    for (size_t v = 0; v < a_count; v++)
        for (size_t w = 0; w < b_count; w++) {
            double all = 0;
            for (size_t i = 0; i < lead->count; i++)
                all += lead->share[i] * a[i][v] * b[i][w];
            for (size_t i = 0; i < lead->count; i++)
                if (lead->share[i] * a[i][v] * b[i][w] > 0)
                    bits += lead->share[i] * a[i][v] * b[i][w] * log2(a[i][v] * b[i][w] / all);
        }
    return bits;
}

/* Of the chapter, when all candidates with a value are in it. */
static gl_str wording_for(const gl_facts *facts, const gl_fact_question *question, const gl_missing *missing)
{
    uint32_t of = 0;
    gl_str chapter = GL_STR("*");
    bool first = true;

    for (size_t v = 0; v < question->count; v++)
        of |= question->values[v].of;
    for (size_t i = 0; i < GL_FACTS_CANDIDATES; i++)
        if ((of >> i & 1) != 0) {
            gl_str own = {missing->codes[i], 2};
            chapter = first || gl_str_eq(own, chapter) ? own : GL_STR("*");
            first = false;
        }
    return wording_of(facts, attribute_of(facts, question->attribute), chapter)->text;
}

void gl_facts_missing(const gl_facts *facts, gl_str normal, const gl_hs_candidate *at, size_t count,
                      gl_missing *missing)
{
    leading lead;
    said s;
    gl_fact_question questions[LIMIT_ATTRIBUTES];
    double known = 0;

    *missing = (gl_missing){0};
    read_said(facts, normal, &s);
    find_leading(facts, at, count, &lead, missing);
    for (size_t i = 0; i < facts->attribute_count; i++)
        if (!make_question(facts, &s, &lead, i, &questions[i]))
            questions[i].count = 0;
    while (missing->count < GL_FACTS_ASKED) {
        const gl_fact_question *before = missing->count == 0 ? NULL : &missing->asked[0];
        gl_fact_question *best = NULL;
        double most = known + WORTH;
        for (size_t i = 0; i < facts->attribute_count; i++) {
            double bits = questions[i].count == 0 ? 0 : worth(before, &questions[i], &lead);
            if (bits > most) {
                most = bits;
                best = &questions[i];
            }
        }
        if (best == NULL)
            break;
        known = most;
        missing->asked[missing->count] = *best;
        missing->asked[missing->count].wording = wording_for(facts, best, missing);
        missing->count++;
        best->count = 0; /* once */
    }
}

void gl_facts_ask_all(const gl_facts *facts, gl_missing *missing)
{
    *missing = (gl_missing){.count = 1, .asked = {facts->goods}};
}

/* ---- as text ---- */

/* Values that have an "or" of their own are told apart by commas. */
void gl_fact_question_text(gl_buf *buf, const gl_fact_question *question)
{
    bool commas = false;

    for (size_t v = 0; v < question->count; v++)
        for (gl_str rest = question->values[v].value, word = gl_text_word(&rest); word.len > 0;
             word = gl_text_word(&rest))
            commas |= gl_str_eqz(word, "or");
    gl_buf_str(buf, question->wording);
    for (size_t v = 0; v < question->count; v++) {
        gl_buf_text(buf, v == 0 ? ": " : v + 1 < question->count ? ", " : commas ? ", or " : " or ");
        gl_buf_str(buf, question->values[v].value);
    }
    gl_buf_byte(buf, '?');
}

static void put_value(gl_buf *buf, const gl_missing *missing, const gl_fact_value *value)
{
    bool first = true;

    gl_buf_text(buf, "{\"value\":");
    gl_buf_json(buf, value->value);
    gl_buf_text(buf, ",\"codes\":[");
    for (size_t i = 0; i < GL_FACTS_CANDIDATES; i++)
        if ((value->of >> i & 1) != 0) {
            gl_buf_printf(buf, "%s\"%s\"", first ? "" : ",", missing->codes[i]);
            first = false;
        }
    gl_buf_text(buf, "]}");
}

void gl_missing_json(gl_buf *buf, const gl_missing *missing)
{
    gl_buf_byte(buf, '[');
    for (size_t q = 0; q < missing->count; q++) {
        const gl_fact_question *question = &missing->asked[q];
        gl_buf text = {0};
        gl_fact_question_text(&text, question);
        gl_buf_text(buf, q == 0 ? "{\"attribute\":" : ",{\"attribute\":");
        gl_buf_json(buf, question->attribute);
        gl_buf_text(buf, ",\"question\":");
        gl_buf_json(buf, gl_buf_view(&text));
        gl_buf_text(buf, ",\"values\":[");
        for (size_t v = 0; v < question->count; v++) {
            if (v > 0)
                gl_buf_byte(buf, ',');
            put_value(buf, missing, &question->values[v]);
        }
        gl_buf_text(buf, "]}");
        gl_buf_free(&text);
    }
    gl_buf_byte(buf, ']');
}
