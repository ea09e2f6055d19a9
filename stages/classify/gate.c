/* Reading the list of words into one hash table, and the rules over it. See gate.h and models/classify/vague.txt. */
#include "classify/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customs/ids.h"
#include "customs/text.h"

/* What a word is; GOODS holds whole texts. A word may be of one kind only. */
typedef enum word_kind { KIND_NONE, KIND_FILLER, KIND_HOLLOW, KIND_ALONE, KIND_MATERIAL, KIND_GOODS } word_kind;

static const struct {
    const char *name;
    word_kind kind;
} SECTIONS[] = {
    {"fillers", KIND_FILLER},     {"hollow", KIND_HOLLOW}, {"alone", KIND_ALONE},
    {"materials", KIND_MATERIAL}, {"goods", KIND_GOODS},
};

typedef struct entry {
    gl_str text; /* into gl_gate.text; empty: a free slot */
    word_kind kind;
} entry;

struct gl_gate {
    char *text; /* the entries' bytes, normalised */
    size_t text_len;
    entry *words; /* fillers, hollow, alone, materials; open addressing, size a power of two, at most half full */
    entry *goods; /* whole texts, the same size */
    size_t mask;
    size_t count;
    char version[8 + 1];
};

static size_t hash_of(gl_str s)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot of `text`, or the free one where it would go. */
static entry *slot_of(entry *table, size_t mask, gl_str text)
{
    size_t at = hash_of(text) & mask;
    while (table[at].text.len > 0 && !gl_str_eq(table[at].text, text))
        at = (at + 1) & mask;
    return &table[at];
}

static word_kind kind_of(const gl_gate *gate, gl_str word)
{
    return slot_of(gate->words, gate->mask, word)->kind;
}

static bool add(gl_gate *gate, gl_str text, word_kind kind, size_t line, gl_err *err)
{
    entry *slot = slot_of(kind == KIND_GOODS ? gate->goods : gate->words, gate->mask, text);

    if (slot->text.len > 0)
        return gl_fail(err, GL_FATAL, "gate-invalid", "line %zu: \"%.*s\" stands twice", line, GL_STR_ARG(text));
    if (gate->count++ >= GL_GATE_ENTRY_LIMIT)
        return gl_fail(err, GL_FATAL, "gate-invalid", "more than %d entries", GL_GATE_ENTRY_LIMIT);
    *slot = (entry){text, kind};
    return true;
}

static bool section_of(gl_str line, size_t number, word_kind *kind, gl_err *err)
{
    gl_str name = {line.ptr + 1, line.len - 1};

    if (name.len > 0 && name.ptr[name.len - 1] == ']') {
        name.len--;
        for (size_t i = 0; i < sizeof SECTIONS / sizeof SECTIONS[0]; i++)
            if (gl_str_eqz(name, SECTIONS[i].name)) {
                *kind = SECTIONS[i].kind;
                return true;
            }
    }
    return gl_fail(err, GL_FATAL, "gate-invalid",
                   "line %zu: not one of [fillers], [hollow], [alone], [materials], [goods]", number);
}

/* Adds a line's words (or, in [goods], the line as one text), copied into gate->text. */
static bool add_line(gl_gate *gate, gl_str line, word_kind kind, size_t number, gl_err *err)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_str text = gl_text_normalise(line, normal);

    char *kept = gate->text + gate->text_len;
    memcpy(kept, text.ptr, text.len);
    gate->text_len += text.len;
    text.ptr = kept;
    if (kind == KIND_GOODS)
        return text.len == 0 || add(gate, text, kind, number, err);
    for (gl_str word = gl_text_word(&text); word.len > 0; word = gl_text_word(&text))
        if (!add(gate, word, kind, number, err))
            return false;
    return true;
}

static bool parse_lines(gl_gate *gate, gl_str text, gl_err *err)
{
    word_kind kind = KIND_NONE;

    for (size_t number = 1; text.len > 0; number++) {
        const char *newline = memchr(text.ptr, '\n', text.len);
        size_t len = newline == NULL ? text.len : (size_t)(newline - text.ptr);
        gl_str line = gl_str_trim((gl_str){text.ptr, len});

        text = (gl_str){text.ptr + len + (newline != NULL), text.len - len - (newline != NULL)};
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (line.ptr[0] == '[') {
            if (!section_of(line, number, &kind, err))
                return false;
            continue;
        }
        if (kind == KIND_NONE)
            return gl_fail(err, GL_FATAL, "gate-invalid", "line %zu: before any [section]", number);
        if (line.len > GL_TEXT_OUTPUT_MAX)
            return gl_fail(err, GL_FATAL, "gate-invalid", "line %zu: longer than %d bytes", number, GL_TEXT_OUTPUT_MAX);
        if (!add_line(gate, line, kind, number, err))
            return false;
    }
    return true;
}

gl_gate *gl_gate_parse(gl_str text, gl_err *err)
{
    gl_gate *gate = calloc(1, sizeof *gate);
    size_t slots = 1024, possible = text.len / 2 + 1; /* an entry and what ends it take two bytes at least */

    if (text.len > GL_GATE_FILE_LIMIT_BYTES) {
        free(gate);
        gl_fail(err, GL_FATAL, "gate-invalid", "larger than %d bytes", GL_GATE_FILE_LIMIT_BYTES);
        return NULL;
    }
    possible = possible < GL_GATE_ENTRY_LIMIT ? possible : GL_GATE_ENTRY_LIMIT;
    while (slots < 2 * possible)
        slots *= 2;
    if (gate == NULL || (gate->text = malloc(2 * text.len + 1)) == NULL ||
        (gate->words = calloc(slots, sizeof(entry))) == NULL || (gate->goods = calloc(slots, sizeof(entry))) == NULL)
        abort();
    gate->mask = slots - 1;
    if (!parse_lines(gate, text, err)) {
        gl_gate_destroy(gate);
        return NULL;
    }
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256(text, digest);
    gl_hex(digest, 4, gate->version);
    return gate;
}

gl_gate *gl_gate_open(const char *path, gl_err *err)
{
    gl_gate *gate = NULL;
    char *text = NULL;
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        gl_fail(err, GL_FATAL, "gate-unreadable", "%s: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > GL_GATE_FILE_LIMIT_BYTES) {
        gl_fail(err, GL_FATAL, "gate-unreadable", "%s is not a file of at most %d bytes", path,
                GL_GATE_FILE_LIMIT_BYTES);
        goto done;
    }
    text = malloc((size_t)st.st_size + 1);
    if (text == NULL)
        abort();
    if (read(fd, text, (size_t)st.st_size) != st.st_size) {
        gl_fail(err, GL_FATAL, "gate-unreadable", "%s: cannot be read in one piece", path);
        goto done;
    }
    gate = gl_gate_parse((gl_str){text, (size_t)st.st_size}, err);
    if (gate == NULL)
        gl_fail_context(err, "%s", path);
done:
    free(text);
    if (fd >= 0)
        close(fd);
    return gate;
}

void gl_gate_destroy(gl_gate *gate)
{
    if (gate == NULL)
        return;
    free(gate->text);
    free(gate->words);
    free(gate->goods);
    free(gate);
}

const char *gl_gate_version(const gl_gate *gate)
{
    return gate->version;
}

gl_gate_answer gl_gate_check(const gl_gate *gate, gl_str text)
{
    char core[GL_TEXT_OUTPUT_MAX];
    size_t core_len = 0;
    bool any = false, only_hollow_or_material = true, only_hollow_or_alone = true;

    for (gl_str word = gl_text_word(&text); word.len > 0; word = gl_text_word(&text)) {
        if (gl_str_eqz(word, "0"))
            continue;
        any = true;
        word_kind kind = kind_of(gate, word);
        if (kind == KIND_FILLER)
            continue;
        if (kind == KIND_NONE)
            return GL_GATE_PASS;
        only_hollow_or_material &= kind == KIND_HOLLOW || kind == KIND_MATERIAL;
        only_hollow_or_alone &= kind == KIND_HOLLOW || kind == KIND_ALONE;
        if (core_len > 0)
            core[core_len++] = ' ';
        memcpy(core + core_len, word.ptr, word.len); /* fits: no longer than `text` */
        core_len += word.len;
    }
    if (!any)
        return GL_GATE_NOT_TEXT;
    if (!only_hollow_or_material && !only_hollow_or_alone)
        return GL_GATE_PASS;
    gl_str left = {core, core_len};
    return slot_of(gate->goods, gate->mask, left)->kind == KIND_GOODS ? GL_GATE_PASS : GL_GATE_VAGUE;
}
