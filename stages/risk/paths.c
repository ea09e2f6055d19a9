/* See paths.h. */
#include "risk/paths.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TREE_LIMIT = 4096, TREE_NODE_LIMIT = 1 << 20, LANES = 8, DEPTH_LIMIT = 64 };

/* A leaf leads to itself whatever the row, so that trees of different depths can be walked side by side. */
typedef struct node {
    float threshold; /* a leaf's: minus infinity, which no value is below */
    float mean;      /* expected margin from here on; a leaf's own value */
    uint32_t other;  /* index in `nodes`; the child below the threshold is the next one after it. A leaf: itself */
    uint16_t feature;
    uint16_t missing_below; /* a missing value goes below the threshold. A leaf: 0 */
} node;

struct gl_paths {
    node *nodes;
    uint32_t *roots;  /* tree_count indices of `nodes`, filled up to a multiple of LANES with an empty tree */
    uint32_t *depths; /* of each LANES trees, the deepest: steps to take */
    size_t tree_count, root_count, node_count, node_capacity, feature_count;
    float base;
};

/* A node as it is read, before means are known. */
typedef struct draft {
    node node;
    unsigned long below, other; /* numbers within the tree */
    double cover;
    bool seen, leaf;
} draft;

typedef struct reading {
    const char *at;
    bool bad;
} reading;

static void skip_text(reading *r, const char *text)
{
    size_t len = strlen(text);
    if (r->bad || strncmp(r->at, text, len) != 0)
        r->bad = true;
    else
        r->at += len;
}

static unsigned long read_index(reading *r, unsigned long limit)
{
    char *end = NULL;
    if (r->bad || *r->at < '0' || *r->at > '9') {
        r->bad = true;
        return 0;
    }
    errno = 0;
    unsigned long value = strtoul(r->at, &end, 10);
    r->bad = errno != 0 || value >= limit;
    r->at = end;
    return r->bad ? 0 : value;
}

/* Covers are sums of floats: read as double, and a sum of leaves' covers need not be its parent's to the last bit. */
static double read_number(reading *r)
{
    char *end = NULL;
    double value = r->bad ? 0 : strtod(r->at, &end);
    if (r->bad || end == r->at || !isfinite(value)) {
        r->bad = true;
        return 0;
    }
    r->at = end;
    return value;
}

/* "12:[3<0.5] yes=1,no=2,missing=1,gain=7,cover=9" or "13:leaf=0.25,cover=4", after its tabs. */
static void read_node(reading *r, draft *drafts, size_t limit, size_t feature_count)
{
    while (*r->at == '\t')
        r->at++;
    draft *d = &drafts[read_index(r, limit)];
    skip_text(r, ":");
    if (r->bad || d->seen) {
        r->bad = true;
        return;
    }
    d->seen = true;
    d->leaf = strncmp(r->at, "leaf=", 5) == 0;
    if (d->leaf) {
        skip_text(r, "leaf=");
        d->node.mean = (float)read_number(r);
    } else {
        skip_text(r, "[");
        d->node.feature = (uint16_t)read_index(r, feature_count);
        skip_text(r, "<");
        d->node.threshold = (float)read_number(r);
        skip_text(r, "] yes=");
        d->below = read_index(r, limit);
        skip_text(r, ",no=");
        d->other = read_index(r, limit);
        skip_text(r, ",missing=");
        d->node.missing_below = read_index(r, limit) == d->below;
        skip_text(r, ",gain=");
        read_number(r);
    }
    skip_text(r, ",cover=");
    d->cover = read_number(r);
}

static size_t line_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* Children have larger numbers than their parent, so one pass from the end knows both children's means. */
static bool fill_means(draft *drafts, size_t limit)
{
    for (size_t i = limit; i-- > 0;) {
        draft *d = &drafts[i];
        if (!d->seen || d->leaf)
            continue;
        const draft *below = &drafts[d->below], *other = &drafts[d->other];
        if (d->below <= i || d->other <= i || d->below == d->other || !below->seen || !other->seen || d->cover <= 0)
            return false;
        d->node.mean =
            (float)(((double)below->node.mean * below->cover + (double)other->node.mean * other->cover) / d->cover);
    }
    return true;
}

/* One more than the largest number in the dump; 0 when it cannot be read. Training prunes, so numbers have gaps. */
static size_t number_limit(const char *dump)
{
    size_t limit = 0;
    for (const char *line = dump; line != NULL; line = strchr(line, '\n')) {
        reading r = {line + strspn(line, "\n\t"), false};
        if (*r.at == '\0')
            break;
        unsigned long number = read_index(&r, TREE_NODE_LIMIT);
        if (r.bad)
            return 0;
        limit = number >= limit ? number + 1 : limit;
        line = r.at;
    }
    return limit;
}

static uint32_t add_nodes(gl_paths *paths, size_t count)
{
    size_t first = paths->node_count;
    if (first + count > paths->node_capacity) {
        paths->node_capacity = 2 * (first + count);
        paths->nodes = realloc(paths->nodes, paths->node_capacity * sizeof *paths->nodes);
    }
    if (paths->nodes == NULL || first + count > UINT32_MAX)
        abort();
    paths->node_count += count;
    return (uint32_t)first;
}

/* Puts drafts[number] at `at` and its children behind all there is; recursion is bounded by DEPTH_LIMIT. A node that
 * two parents claim is refused: it is not seen a second time. */
static bool place(gl_paths *paths, draft *drafts, unsigned long number, uint32_t at, uint32_t depth, uint32_t *deepest)
{
    draft *d = &drafts[number];
    if (!d->seen)
        return false;
    d->seen = false;
    *deepest = depth > *deepest ? depth : *deepest;
    paths->nodes[at] = d->node;
    if (d->leaf) {
        paths->nodes[at].threshold = -INFINITY;
        paths->nodes[at].other = at;
        return true;
    }
    if (depth == DEPTH_LIMIT)
        return false;
    uint32_t pair = add_nodes(paths, 2);
    paths->nodes[at].other = pair;
    return place(paths, drafts, d->other, pair, depth + 1, deepest) &&
           place(paths, drafts, d->below, pair + 1, depth + 1, deepest);
}

static bool read_tree(gl_paths *paths, const char *dump)
{
    size_t limit = number_limit(dump), tree = paths->tree_count++;
    draft *drafts = calloc(limit == 0 ? 1 : limit, sizeof *drafts);
    if (drafts == NULL)
        abort();
    reading r = {dump, limit == 0};
    for (size_t lines = line_count(dump); lines > 0 && !r.bad; lines--) {
        read_node(&r, drafts, limit, paths->feature_count);
        skip_text(&r, "\n");
    }
    bool ok = !r.bad && *r.at == '\0' && drafts[0].seen && fill_means(drafts, limit);
    if (ok) {
        uint32_t root = add_nodes(paths, 1);
        paths->roots[tree] = root;
        ok = place(paths, drafts, 0, root, 0, &paths->depths[tree / LANES]);
    }
    free(drafts);
    return ok;
}

/* Trees of one leaf of 0 fill the last LANES up. */
static void fill_up(gl_paths *paths)
{
    for (size_t tree = paths->tree_count; tree < paths->root_count; tree++) {
        uint32_t at = add_nodes(paths, 1);
        paths->nodes[at] = (node){.threshold = -INFINITY, .other = at};
        paths->roots[tree] = at;
    }
}

gl_paths *gl_paths_new(const char *const *dumps, size_t count, size_t feature_count, gl_err *err)
{
    if (count == 0 || count > TREE_LIMIT || feature_count > UINT16_MAX) {
        gl_fail(err, GL_FATAL, "model-invalid", "%zu trees, %zu features", count, feature_count);
        return NULL;
    }
    gl_paths *paths = calloc(1, sizeof *paths);
    if (paths == NULL)
        abort();
    paths->root_count = (count + LANES - 1) / LANES * LANES;
    paths->roots = calloc(paths->root_count, sizeof *paths->roots);
    paths->depths = calloc(paths->root_count / LANES, sizeof *paths->depths);
    if (paths->roots == NULL || paths->depths == NULL)
        abort();
    paths->feature_count = feature_count;
    for (size_t i = 0; i < count; i++) {
        if (read_tree(paths, dumps[i]))
            continue;
        gl_fail(err, GL_FATAL, "model-invalid", "tree %zu of the model cannot be read", i);
        gl_paths_destroy(paths);
        return NULL;
    }
    fill_up(paths);
    return paths;
}

void gl_paths_destroy(gl_paths *paths)
{
    if (paths == NULL)
        return;
    free(paths->nodes);
    free(paths->roots);
    free(paths->depths);
    free(paths);
}

void gl_paths_set_base(gl_paths *paths, float base)
{
    paths->base = base;
}

/* Without a branch: which way a row goes cannot be guessed, and a wrong guess costs more than the step. */
static uint32_t step(const gl_paths *paths, uint32_t at, const float *row)
{
    const node *n = &paths->nodes[at];
    float value = row[n->feature];
    return n->other + ((uint32_t)(value < n->threshold) | ((uint32_t)(value != value) & n->missing_below));
}

float gl_paths_margin(const gl_paths *paths, const float *row)
{
    float margin = paths->base;
    for (size_t tree = 0; tree < paths->tree_count; tree++) {
        uint32_t at = paths->roots[tree];
        for (uint32_t depth = paths->depths[tree / LANES]; depth > 0; depth--)
            at = step(paths, at, row);
        margin += paths->nodes[at].mean;
    }
    return margin;
}

/* LANES trees at a time: their loads wait side by side, not one after the other. */
static void walk(const gl_paths *paths, const uint32_t *roots, uint32_t depth, const float *row, float *contributions)
{
    uint32_t at[LANES];
    for (size_t lane = 0; lane < LANES; lane++) {
        at[lane] = roots[lane];
        contributions[paths->feature_count] += paths->nodes[at[lane]].mean;
    }
    for (; depth > 0; depth--) {
        uint32_t next[LANES];
        for (size_t lane = 0; lane < LANES; lane++)
            next[lane] = step(paths, at[lane], row);
        for (size_t lane = 0; lane < LANES; lane++) {
            const node *n = &paths->nodes[at[lane]];
            contributions[n->feature] += paths->nodes[next[lane]].mean - n->mean;
            at[lane] = next[lane];
        }
    }
}

void gl_paths_contributions(const gl_paths *paths, const float *row, float *contributions)
{
    memset(contributions, 0, (paths->feature_count + 1) * sizeof *contributions);
    contributions[paths->feature_count] = paths->base;
    for (size_t tree = 0; tree < paths->root_count; tree += LANES)
        walk(paths, &paths->roots[tree], paths->depths[tree / LANES], row, contributions);
}
