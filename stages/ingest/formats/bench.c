/* bench_formats [-c CONFIG] [-p PROFILE] [-s SECONDS] FILE...: MB and declarations a second of CPU, by file: the bare
 * parse by the library (libxml2's SAX2, yajl; of CSV the cells alone), what the reader makes of it, and that with the
 * checks of CONFIG. Each is repeated for SECONDS. Not a test; docs/BENCHMARKS.md has its figures. */
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#include "base/clock.h"
#include "ingest/checks/checks.h"
#include "ingest/formats/reader.h"

enum { FILE_LIMIT_BYTES = 256 << 20 };

typedef struct bench {
    gl_mappings *mappings;
    gl_checks *checks; /* NULL: none */
    gl_str profile;
    double seconds;
    gl_arena *arena, *declaration_arena;
    size_t declarations, refused; /* of one pass */
} bench;

typedef struct speed {
    double mb_s, declarations_s;
} speed;

static gl_format format_of(const char *path, gl_str bytes)
{
    gl_format format = gl_format_of_name(gl_str_of(path));
    return format == GL_FORMAT_UNKNOWN ? gl_format_detect(bytes) : format;
}

static void fail(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

/* -- The bare parse
 * -------------------------------------------------------------------------------------------------------------------
 */

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                       const xmlChar **declared, int attributes, int defaulted, const xmlChar **values)
{
    (void)name, (void)prefix, (void)uri, (void)namespaces, (void)declared, (void)attributes, (void)defaulted;
    (void)values;
    ++*(size_t *)context;
}

static void on_text(void *context, const xmlChar *text, int len)
{
    (void)text;
    *(size_t *)context += (size_t)len;
}

static bool parse_xml(bench *b, gl_str bytes)
{
    (void)b;
    size_t seen = 0;
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC, .startElementNs = on_element, .characters = on_text};
    return xmlSAXUserParseMemory(&handler, &seen, bytes.ptr, (int)bytes.len) == 0 && seen > 0;
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
    (void)text;
    *(size_t *)context += len;
    return 1;
}

static bool parse_json(bench *b, gl_str bytes)
{
    (void)b;
    size_t seen = 0;
    const yajl_callbacks callbacks = {.yajl_string = on_string, .yajl_map_key = on_string, .yajl_number = NULL};
    yajl_handle parser = yajl_alloc(&callbacks, NULL, &seen);
    yajl_config(parser, yajl_allow_multiple_values, 1);
    bool good = yajl_parse(parser, (const unsigned char *)bytes.ptr, bytes.len) == yajl_status_ok &&
                yajl_complete_parse(parser) == yajl_status_ok && seen > 0;
    yajl_free(parser);
    return good;
}

/* -- The reader
 * -----------------------------------------------------------------------------------------------------------------------
 */

static bool read_all(bench *b, gl_format format, gl_str bytes, const gl_checks *checks)
{
    gl_err err = {0};
    gl_reader *reader = gl_reader_open(b->arena, b->mappings, format, b->profile, bytes, 0, 0, &err);
    if (reader == NULL)
        fail("message", err.message);
    gl_reader_check(reader, checks, gl_wall_us());
    gl_intake intake;
    b->declarations = b->refused = 0;
    while (gl_reader_next(reader, b->declaration_arena, &intake)) {
        b->declarations++;
        b->refused += intake.rejected;
        gl_arena_reset(b->declaration_arena);
    }
    gl_reader_close(reader);
    gl_arena_reset(b->arena);
    return b->declarations > 0;
}

/* -- Measuring
 * ------------------------------------------------------------------------------------------------------------------------
 */

typedef enum parse { BARE, READ, CHECKED } parse;

static bool once(bench *b, parse how, gl_format format, gl_str bytes)
{
    if (how == BARE)
        return format == GL_FORMAT_XML ? parse_xml(b, bytes) : parse_json(b, bytes);
    return read_all(b, format, bytes, how == CHECKED ? b->checks : NULL);
}

/* The best of three: other processes only make it slower. */
static speed measure(bench *b, const char *path, parse how, gl_format format, gl_str bytes)
{
    double best = 0;
    for (int round = 0; round < 3; round++) {
        int64_t begun = gl_thread_cpu_us(), spent = 0;
        double passes = 0;
        while ((double)spent < b->seconds * 1e6 / 3) {
            if (!once(b, how, format, bytes))
                fail(path, "cannot be parsed");
            passes++;
            spent = gl_thread_cpu_us() - begun;
        }
        if (passes * 1e6 / (double)spent > best)
            best = passes * 1e6 / (double)spent;
    }
    return (speed){best * (double)bytes.len / 1e6, best * (double)b->declarations};
}

static void run(bench *b, const char *path, gl_str bytes)
{
    gl_format format = format_of(path, bytes);
    bool has_library = format == GL_FORMAT_XML || format == GL_FORMAT_JSON || format == GL_FORMAT_NDJSON;
    read_all(b, format, bytes, b->checks);
    speed bare = has_library ? measure(b, path, BARE, format, bytes) : (speed){0, 0};
    speed read = measure(b, path, READ, format, bytes), checked = measure(b, path, CHECKED, format, bytes);
    const char *name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    printf("| %s | %s | %zu | %zu | ", name, gl_format_name(format), b->declarations, bytes.len / b->declarations);
    if (has_library)
        printf("%.0f | ", bare.mb_s);
    else
        printf("| ");
    printf("%.0f | %.0f | %.0f | ", read.mb_s, checked.mb_s, checked.declarations_s);
    if (has_library)
        printf("%.2f |\n", read.mb_s / bare.mb_s);
    else
        printf("|\n");
}

static void run_file(bench *b, const char *path)
{
    gl_buf bytes = {0};
    if (!gl_buf_read_file(&bytes, path, FILE_LIMIT_BYTES) || bytes.len == 0)
        fail(path, "cannot be read");
    run(b, path, gl_buf_view(&bytes));
    gl_buf_free(&bytes);
}

int main(int argc, char **argv)
{
    bench b = {
        .seconds = 3, .profile = GL_STR("parcels"), .arena = gl_arena_new(0), .declaration_arena = gl_arena_new(0)};
    const char *config = "config";
    gl_err err = {0};
    for (int option; (option = getopt(argc, argv, "c:p:s:")) != -1;) {
        if (option == 'c')
            config = optarg;
        else if (option == 'p')
            b.profile = gl_str_of(optarg);
        else if (option == 's')
            b.seconds = strtod(optarg, NULL);
        else
            return 2;
    }
    b.mappings = gl_mappings_load(gl_arena_printf(b.arena, "%s/mappings", config), &err);
    b.checks = gl_checks_load_folder(config, &err);
    if (b.mappings == NULL || b.checks == NULL)
        fail(config, err.message);
    puts("| file | format | declarations | bytes each | library MB/s | read MB/s | read and checked MB/s | "
         "declarations/s a "
         "core, checked | read to library |\n|---|---|---:|---:|---:|---:|---:|---:|---:|");
    for (int i = optind; i < argc; i++)
        run_file(&b, argv[i]);
    gl_checks_destroy(b.checks);
    gl_mappings_destroy(b.mappings);
    gl_arena_destroy(b.arena);
    gl_arena_destroy(b.declaration_arena);
    xmlCleanupParser();
    return 0;
}
