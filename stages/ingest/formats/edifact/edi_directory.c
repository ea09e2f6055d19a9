/* Reading directory.txt, once. See edi_directory.h. */
#include "ingest/formats/edifact/edi_directory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "ingest/formats/edifact/edi_text.h"

enum { WORDS = 160, ENTRIES = 700, SPECS = 128, MESSAGES = 16, NODES = 400, FIRST_YEAR = 1990 };

/* An entry of the text: its words behind kind and name, and the releases it is of. */
typedef struct entry {
    gl_str kind, name;
    const gl_str *words;
    size_t count;
    int from, to;
} entry;

struct gl_edi_directory {
    size_t epoch;
    int from; /* the first release that reads alike */
    gl_edi_spec specs[SPECS];
    size_t spec_count;
    struct {
        gl_str type;
        gl_edi_node *root;
    } messages[MESSAGES];
    size_t message_count;
};

static gl_arena *arena; /* of the directories: never freed, always reachable */
static entry entries[ENTRIES];
static size_t entry_count;
static gl_edi_directory *directories[GL_EDI_EPOCHS];
static size_t directory_count;
static int first_release, last_release;
static char releases_text[32];

static void __attribute__((noreturn)) broken(const char *what, gl_str where)
{
    fprintf(stderr, "directory.txt: %s: %.*s\n", what, GL_STR_ARG(where));
    abort();
}

/* --- releases --- */

/* "96B" counts on from release to release, two a year; below 0: it is none. D.01C had new messages only. */
static int release_number(gl_str release)
{
    if (gl_str_eqz(release, "01C"))
        release = GL_STR("01B");
    if (release.len != 3 || release.ptr[0] < '0' || release.ptr[0] > '9' || release.ptr[1] < '0' ||
        release.ptr[1] > '9' || release.ptr[2] < 'A' || release.ptr[2] > 'B')
        return -1;
    int year = (release.ptr[0] - '0') * 10 + release.ptr[1] - '0';
    year += year >= 90 ? 1900 : 2000;
    return (year - FIRST_YEAR) * 2 + release.ptr[2] - 'A';
}

static int release_of(gl_str word)
{
    int number = word.len == 4 && word.ptr[0] == 'D' ? release_number((gl_str){word.ptr + 1, 3}) : -1;
    if (number < 0)
        broken("not a release", word);
    return number;
}

static bool take_prefix(gl_str *word, gl_str prefix)
{
    if (!gl_str_starts(*word, prefix))
        return false;
    *word = (gl_str){word->ptr + prefix.len, word->len - prefix.len};
    return true;
}

/* --- entries --- */

static size_t split(gl_str line, gl_str *words, size_t limit)
{
    size_t count = 0;
    for (size_t at = 0; at < line.len;) {
        while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\n'))
            at++;
        size_t begin = at;
        while (at < line.len && line.ptr[at] != ' ' && line.ptr[at] != '\n')
            at++;
        if (at > begin && count == limit)
            broken("an entry is too long", (gl_str){line.ptr, 40});
        if (at > begin)
            words[count++] = (gl_str){line.ptr + begin, at - begin};
    }
    return count;
}

static void add_entry(gl_str text)
{
    static gl_str words[4 * WORDS];
    size_t count = split(text, words, sizeof words / sizeof *words), kept = 0;
    if (count == 0)
        return;
    if (count < 3 || entry_count == ENTRIES)
        broken("an entry too many, or without content", text);
    entry *e = &entries[entry_count++];
    *e = (entry){.kind = words[0], .name = words[1], .from = 0, .to = INT32_MAX};
    gl_str *own = GL_NEW_N(arena, gl_str, count);
    for (size_t i = 2; i < count; i++) {
        gl_str word = words[i];
        if (take_prefix(&word, GL_STR("from=")))
            e->from = release_of(word);
        else if (take_prefix(&word, GL_STR("to=")))
            e->to = release_of(word);
        else
            own[kept++] = word;
    }
    e->words = own;
    e->count = kept;
}

/* Comments go; a line that begins with a space belongs to the entry before. */
static void read_entries(gl_str text)
{
    char *entry_text = gl_arena_alloc(arena, text.len + 1);
    size_t used = 0, begin = 0;
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t len = end == NULL ? text.len - at : (size_t)(end - (text.ptr + at));
        const char *hash = memchr(text.ptr + at, '#', len);
        size_t content = hash == NULL ? len : (size_t)(hash - (text.ptr + at));
        if (text.ptr[at] != ' ') {
            add_entry((gl_str){entry_text + begin, used - begin});
            begin = used;
        }
        memcpy(entry_text + used, text.ptr + at, content);
        used += content;
        if (len > 0)
            entry_text[used++] = ' ';
        at += len + 1;
    }
    add_entry((gl_str){entry_text + begin, used - begin});
}

/* The last one that holds the release. */
static const entry *entry_at(const char *kind, gl_str name, int release)
{
    for (size_t i = entry_count; i-- > 0;)
        if (gl_str_eq(entries[i].name, name) && gl_str_eqz(entries[i].kind, kind) && release >= entries[i].from &&
            release <= entries[i].to)
            return &entries[i];
    return NULL;
}

/* --- a directory --- */

/* "C246!*5": the name, whether it is mandatory, how often. */
typedef struct part {
    gl_str name;
    bool mandatory;
    uint64_t times;
} part;

static part part_of(gl_str word)
{
    part p = {.name = word, .times = 1};
    const char *star = memchr(word.ptr, '*', word.len);
    if (star != NULL) {
        p.name.len = (size_t)(star - word.ptr);
        if (!gl_str_to_u64((gl_str){star + 1, word.len - p.name.len - 1}, 99999, &p.times) || p.times == 0)
            broken("not a number of times", word);
    }
    p.mandatory = p.name.len > 0 && p.name.ptr[p.name.len - 1] == '!';
    p.name.len -= p.mandatory;
    return p;
}

static void put_id(char id[5], gl_str name)
{
    if (name.len > 4)
        broken("not the name of an element", name);
    memset(id, 0, 5);
    memcpy(id, name.ptr, name.len);
}

/* "an..35", "n4" */
static void read_form(gl_edi_component *component, gl_str form)
{
    uint64_t most = 0;
    gl_str rest = form;
    component->kind = take_prefix(&rest, GL_STR("an")) ? 'x' : take_prefix(&rest, GL_STR("a")) ? 'a' : 'n';
    if (component->kind == 'n' && !take_prefix(&rest, GL_STR("n")))
        broken("not a form of characters", form);
    component->exact = !take_prefix(&rest, GL_STR(".."));
    if (!gl_str_to_u64(rest, 9999, &most) || most == 0)
        broken("not a form of characters", form);
    component->most = (uint16_t)most;
}

static void read_component(gl_edi_component *component, part p, size_t index, int release)
{
    const entry *e = entry_at("element", p.name, release);
    if (e == NULL)
        broken("no such data element", p.name);
    put_id(component->id, p.name);
    component->mandatory = p.mandatory && index == 0;
    read_form(component, e->words[0]);
}

static void read_composite(gl_edi_element *element, gl_str name, int release)
{
    gl_edi_component found[32];
    const entry *e = entry_at("composite", name, release);
    size_t count = 0;
    if (e == NULL)
        broken("no such composite", name);
    for (size_t i = 0; i < e->count; i++) {
        part p = part_of(e->words[i]);
        for (size_t k = 0; k < p.times; k++) {
            if (count == sizeof found / sizeof *found)
                broken("a composite is too long", name);
            read_component(&found[count++], p, k, release);
        }
    }
    element->count = (uint8_t)count;
    element->components = gl_arena_dup(arena, found, count * sizeof *found);
}

static void read_element(gl_edi_element *element, part p, size_t index, int release)
{
    put_id(element->id, p.name);
    element->mandatory = p.mandatory && index == 0;
    if (p.name.ptr[0] == 'C' || p.name.ptr[0] == 'S') {
        read_composite(element, p.name, release);
        return;
    }
    gl_edi_component *alone = GL_NEW(arena, gl_edi_component);
    read_component(alone, p, index, release);
    element->count = 1;
    element->components = alone;
}

static void read_spec(gl_edi_directory *directory, const entry *e, int release)
{
    gl_edi_element found[32];
    size_t count = 0;
    if (gl_edi_code(e->name) == 0 || directory->spec_count == SPECS)
        broken("not a segment's tag, or a segment too many", e->name);
    for (size_t i = 0; i < e->count; i++) {
        part p = part_of(e->words[i]);
        for (size_t k = 0; k < p.times; k++) {
            if (count == sizeof found / sizeof *found)
                broken("a segment is too long", e->name);
            found[count] = (gl_edi_element){.count = 0};
            read_element(&found[count++], p, k, release);
        }
    }
    gl_edi_spec *spec = &directory->specs[directory->spec_count++];
    spec->code = gl_edi_code(e->name);
    memcpy(spec->tag, e->name.ptr, 3);
    spec->count = (uint8_t)count;
    spec->elements = gl_arena_dup(arena, found, count * sizeof *found);
}

/* --- messages --- */

typedef struct tree {
    const gl_edi_directory *directory;
    const entry *entry;
    size_t at;
} tree;

static void read_nodes(tree *t, gl_edi_node *parent, int depth);

/* "9*1(" and what is behind it, up to its ")" */
static void read_group(gl_edi_node *node, gl_str word)
{
    uint64_t number = 0, most = 0;
    const char *star = memchr(word.ptr, '*', word.len);
    gl_str times = star == NULL ? word : (gl_str){star + 1, word.len - (size_t)(star - word.ptr) - 2};
    bool mandatory = times.len > 0 && times.ptr[times.len - 1] == '!';
    times.len -= mandatory;
    if (star == NULL || !gl_str_to_u64((gl_str){word.ptr, (size_t)(star - word.ptr)}, 99, &number) ||
        !gl_str_to_u64(times, 99999, &most))
        broken("not the beginning of a group", word);
    *node = (gl_edi_node){.group = true, .mandatory = mandatory, .number = (uint8_t)number, .most = (uint32_t)most};
}

static void read_segment_node(const tree *t, gl_edi_node *node, gl_str word)
{
    part p = part_of(word);
    *node = (gl_edi_node){.code = gl_edi_code(p.name), .mandatory = p.mandatory, .most = (uint32_t)p.times, .count = 0};
    node->spec = gl_edi_spec_of(t->directory, node->code);
    if (node->spec == NULL)
        broken("a message has a segment that is none", word);
}

static void read_nodes(tree *t, gl_edi_node *parent, int depth)
{
    gl_edi_node found[64];
    size_t count = 0;
    for (; t->at < t->entry->count && !gl_str_eqz(t->entry->words[t->at], ")"); count++) {
        gl_str word = t->entry->words[t->at++];
        if (count == sizeof found / sizeof *found || depth == 8)
            broken("a message is too large", word);
        if (word.ptr[word.len - 1] == '(') {
            read_group(&found[count], word);
            read_nodes(t, &found[count], depth + 1);
            if (t->at++ == t->entry->count)
                broken("a group without its end", word);
        } else {
            read_segment_node(t, &found[count], word);
        }
    }
    if (count == 0 || found[0].group)
        broken("a group begins with a segment", t->entry->name);
    parent->code = found[0].code;
    parent->count = (uint16_t)count;
    parent->children = gl_arena_dup(arena, found, count * sizeof *found);
}

static void read_message(gl_edi_directory *directory, const entry *e)
{
    tree t = {.directory = directory, .entry = e};
    gl_edi_node *root = GL_NEW(arena, gl_edi_node);
    if (directory->message_count == MESSAGES)
        broken("a message too many", e->name);
    *root = (gl_edi_node){.group = true, .mandatory = true, .most = 1};
    read_nodes(&t, root, 0);
    if (t.at != e->count)
        broken("a group's end without its beginning", e->name);
    directory->messages[directory->message_count].type = e->name;
    directory->messages[directory->message_count++].root = root;
}

/* --- all of them --- */

static void read_directory(gl_edi_directory *directory, int release)
{
    directory->from = release;
    for (size_t i = 0; i < entry_count; i++)
        if (gl_str_eqz(entries[i].kind, "segment") && entry_at("segment", entries[i].name, release) == &entries[i])
            read_spec(directory, &entries[i], release);
    for (size_t i = 0; i < entry_count; i++)
        if (gl_str_eqz(entries[i].kind, "message") && entry_at("message", entries[i].name, release) == &entries[i])
            read_message(directory, &entries[i]);
}

/* Does an entry begin, or end just before, this release? */
static bool changes_at(int release)
{
    for (size_t i = 0; i < entry_count; i++)
        if (entries[i].from == release || (entries[i].to != INT32_MAX && entries[i].to + 1 == release))
            return true;
    return false;
}

static void read_all(void)
{
    arena = gl_arena_new(0);
    read_entries(gl_edi_directory_text);
    if (entry_count == 0 || !gl_str_eqz(entries[0].kind, "versions") || entries[0].count != 1)
        broken("it begins with the versions", gl_edi_directory_text);
    first_release = release_of(entries[0].name);
    last_release = release_of(entries[0].words[0]);
    for (int release = first_release; release <= last_release; release++) {
        if (release > first_release && !changes_at(release))
            continue;
        if (directory_count == GL_EDI_EPOCHS)
            broken("too many releases that differ", entries[0].name);
        directories[directory_count] = GL_NEW(arena, gl_edi_directory);
        directories[directory_count]->epoch = directory_count;
        read_directory(directories[directory_count++], release);
    }
    snprintf(releases_text, sizeof releases_text, "D.%.3s to D.%.3s", entries[0].name.ptr + 1,
             entries[0].words[0].ptr + 1);
}

static void prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_all);
}

const gl_edi_directory *gl_edi_directory_of(gl_str version, gl_str release)
{
    prepare();
    int number = gl_str_eqz(version, "D") ? release_number(release) : -1;
    const gl_edi_directory *found = NULL;
    for (size_t i = 0; i < directory_count && number >= first_release && number <= last_release; i++)
        if (directories[i]->from <= number)
            found = directories[i];
    return found;
}

const gl_edi_directory *gl_edi_directory_at(size_t epoch)
{
    prepare();
    return epoch < directory_count ? directories[epoch] : NULL;
}

size_t gl_edi_epoch(const gl_edi_directory *directory)
{
    return directory->epoch;
}

const char *gl_edi_releases(void)
{
    prepare();
    return releases_text;
}

const gl_edi_spec *gl_edi_spec_of(const gl_edi_directory *directory, uint32_t code)
{
    for (size_t i = 0; i < directory->spec_count; i++)
        if (directory->specs[i].code == code)
            return &directory->specs[i];
    return NULL;
}

const gl_edi_node *gl_edi_message_of(const gl_edi_directory *directory, gl_str type)
{
    for (size_t i = 0; i < directory->message_count; i++)
        if (gl_str_eq(directory->messages[i].type, type))
            return directory->messages[i].root;
    return NULL;
}

/* In one element; `nth` of several. */
static bool find_component(const gl_edi_element *element, gl_str id, size_t nth, uint8_t *component)
{
    for (size_t i = 0; i < element->count; i++)
        if (gl_str_eqz(id, element->components[i].id) && nth-- == 1) {
            *component = (uint8_t)(i + 1);
            return true;
        }
    return false;
}

/* "3036/2": the second. */
static size_t take_number(gl_str *text)
{
    const char *slash = memchr(text->ptr, '/', text->len);
    size_t nth = slash == NULL ? 1 : (size_t)(slash[1] - '0');
    if (slash != NULL)
        text->len = (size_t)(slash - text->ptr);
    return nth;
}

bool gl_edi_find(const gl_edi_spec *spec, const char *path, uint8_t *element, uint8_t *component)
{
    const char *dot = strchr(path, '.');
    gl_str composite = {path, dot == NULL ? 0 : (size_t)(dot - path)}, id = gl_str_of(dot == NULL ? path : dot + 1);
    size_t nth_composite = composite.len == 0 ? 1 : take_number(&composite), nth = take_number(&id);
    for (size_t i = 0; i < spec->count; i++) {
        if (composite.len > 0 && (!gl_str_eqz(composite, spec->elements[i].id) || nth_composite-- != 1))
            continue;
        if (find_component(&spec->elements[i], id, nth, component)) {
            *element = (uint8_t)(i + 1);
            return true;
        }
    }
    return false;
}
