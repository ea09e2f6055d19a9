/* formats_read: what the readers make of files, for people and for scripts.
 *
 * formats_read [-c CONFIG] [-t DAY] [-p PROFILE] [-m MAPPINGS] [-r REPEAT] [-s] [-l] FILE...: one line of JSON a
 * declaration (its canonical content, or its errors); -c: held against the code lists, rules and rates of that folder,
 * on that day (today); -s: counts and microseconds a declaration only; -l: instead, what became of the leaves of each
 * XML declaration. -u PAGE: writes the generated tables of docs/FORMATS.md; -j: the JSON schema of a declaration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "ingest/checks/checks.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/cds/cds_leaves.h"
#include "ingest/formats/document.h"
#include "ingest/formats/edifact/edi_leaves.h"
#include "ingest/formats/ens/ens_leaves.h"
#include "ingest/formats/ens/ens_map.h"
#include "ingest/formats/impl.h"
#include "ingest/formats/pack/message.h"
#include "ingest/formats/sad/sad_map.h"
#include "ingest/formats/trade/trade_map.h"

enum { FILE_LIMIT_BYTES = 1 << 30 };

typedef struct options {
    gl_mappings *mappings;
    gl_checks *checks; /* NULL: none */
    gl_str profile;
    long repeat;
    bool summary, leaves;
    int64_t now_us;
    size_t accepted, refused;
    int64_t cpu_us;
    gl_arena *arena, *declaration_arena;
} options;

static void print_text(gl_buf *out, const char *name, gl_str text)
{
    if (text.ptr == NULL)
        return;
    gl_buf_printf(out, ",\"%s\":", name);
    gl_buf_json(out, text);
}

static void print_errors(gl_buf *out, const gl_intake *intake)
{
    for (size_t i = 0; i < intake->error_count; i++) {
        const gl_rejection_validation_error *e = &intake->errors[i];
        gl_buf_printf(out, "%s{\"severity\":\"%s\"", i > 0 ? "," : "", gl_rejection_severity_name(e->severity));
        print_text(out, "code", e->code);
        print_text(out, "pointer", e->pointer);
        print_text(out, "field", e->field);
        print_text(out, "value", e->value);
        print_text(out, "allowed", e->allowed);
        print_text(out, "text", e->text);
        print_text(out, "hint", e->hint);
        gl_buf_byte(out, '}');
    }
}

/* {"file":..., and what it was read as */
static void print_head(gl_buf *out, const char *path, const gl_intake *intake)
{
    gl_buf_text(out, "{\"file\":");
    gl_buf_json(out, gl_str_of(path));
    gl_buf_printf(out, ",\"position\":%lld,\"rejected\":%s,\"format\":\"%s\",\"cancellation\":%s",
                  (long long)intake->position, intake->rejected ? "true" : "false", intake->format,
                  intake->event != NULL ? "true" : "false");
    print_text(out, "data_set", intake->declaration.data_set);
}

static void print_intake(const char *path, const gl_intake *intake)
{
    gl_buf out = {0};
    print_head(&out, path, intake);
    print_text(&out, "lrn", intake->lrn);
    gl_buf_text(&out, ",\"errors\":[");
    print_errors(&out, intake);
    gl_buf_text(&out, "]");
    if (!intake->rejected) {
        gl_buf_text(&out, ",\"declaration\":");
        gl_canonical_json(&out, &intake->declaration);
    }
    gl_buf_text(&out, "}\n");
    fwrite(out.data, 1, out.len, stdout);
    gl_buf_free(&out);
}

/* What the visits of one document make: counts, and a list of what was not taken. */
typedef struct leaf_tally {
    long taken;
    gl_buf others;
} leaf_tally;

static void count_leaf(void *context, gl_str path, gl_leaf_fate fate, const char *why)
{
    leaf_tally *tally = context;
    tally->taken += fate == GL_LEAF_TAKEN;
    if (fate == GL_LEAF_TAKEN)
        return;
    gl_buf_text(&tally->others, tally->others.len > 0 ? ",{\"path\":" : "{\"path\":");
    gl_buf_json(&tally->others, path);
    print_text(&tally->others, "why", gl_str_of(fate == GL_LEAF_LEFT ? why : NULL));
    gl_buf_byte(&tally->others, '}');
}

/* Of XML, EDIFACT and JSON of others that was read as a declaration; what is refused as something else has none. */
static void print_leaves(const char *path, const gl_reader *reader, const gl_intake *intake, gl_arena *arena)
{
    const gl_cds_form *form = &gl_cds_form_uk;
    gl_buf out = {0};
    leaf_tally tally = {0};
    bool trade = reader->form != NULL && (reader->format == GL_FORMAT_JSON || reader->format == GL_FORMAT_NDJSON);
    bool edifact = reader->format == GL_FORMAT_EDIFACT;
    if ((reader->format != GL_FORMAT_XML && !trade && !edifact) || reader->report.origin_count == 0 ||
        intake->event != NULL)
        return;
    if (strcmp(intake->format, gl_cds_form_eu.format) == 0)
        form = &gl_cds_form_eu;
    else if (strcmp(intake->format, gl_sad_form.format) == 0)
        form = &gl_sad_form;
    if (trade)
        gl_trade_leaves(&reader->report, arena, count_leaf, &tally);
    else if (edifact)
        gl_edi_leaves(reader, arena, count_leaf, &tally);
    else if (strcmp(intake->format, gl_ens_format) == 0)
        gl_ens_leaves(&reader->report, arena, count_leaf, &tally);
    else
        gl_cds_leaves(&reader->report, form, arena, count_leaf, &tally);
    print_head(&out, path, intake);
    gl_buf_printf(&out, ",\"taken\":%ld,\"others\":[%.*s]}\n", tally.taken, GL_STR_ARG(gl_buf_view(&tally.others)));
    fwrite(out.data, 1, out.len, stdout);
    gl_buf_free(&out);
    gl_buf_free(&tally.others);
}

static bool read_message(options *o, const char *path, gl_str bytes)
{
    gl_err err = {0};
    gl_message message;
    gl_message_source source = {.bytes = bytes, .name = gl_str_of(path), .limit_bytes = FILE_LIMIT_BYTES};
    int64_t begun = gl_thread_cpu_us();
    gl_reader *reader = gl_message_open(&message, &source, &err)
                            ? gl_message_reader(o->arena, o->mappings, o->profile, &message, 0, 0, &err)
                            : NULL;
    if (reader == NULL) {
        fprintf(stderr, "%s: %s: %s\n", path, err.code, err.message);
        gl_message_close(&message);
        return false;
    }
    gl_reader_check(reader, o->checks, o->now_us);
    gl_intake intake;
    while (gl_reader_next(reader, o->declaration_arena, &intake)) {
        o->accepted += !intake.rejected;
        o->refused += intake.rejected;
        if (o->leaves)
            print_leaves(path, reader, &intake, o->declaration_arena);
        else if (!o->summary)
            print_intake(path, &intake);
        gl_arena_reset(o->declaration_arena);
    }
    gl_reader_close(reader);
    gl_message_close(&message);
    o->cpu_us += gl_thread_cpu_us() - begun;
    gl_arena_reset(o->arena);
    return true;
}

static bool read_file(options *o, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        return false;
    }
    long size = ftell(file);
    char *bytes = size < 0 || size > FILE_LIMIT_BYTES ? NULL : malloc((size_t)size + 1);
    rewind(file);
    bool good = bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    for (long i = 0; good && i < o->repeat; i++)
        good = read_message(o, path, (gl_str){bytes, (size_t)size});
    free(bytes);
    return good;
}

/* Replaces what is between the markers of each part. */
static bool update_page(const char *path, const gl_checks *checks)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    gl_buf page = {0};
    gl_buf_bytes(&page, text, fread(text, 1, sizeof text, file));
    fclose(file);
    for (size_t i = 0; gl_document_parts[i] != NULL; i++) {
        gl_buf fresh = {0};
        gl_str all = gl_buf_view(&page), old = gl_document_find(all, gl_document_parts[i]);
        if (old.ptr == NULL)
            continue;
        gl_buf_bytes(&fresh, all.ptr, (size_t)(old.ptr - all.ptr));
        gl_document_part(gl_document_parts[i], checks, &fresh);
        gl_buf_bytes(&fresh, old.ptr + old.len, (size_t)(all.ptr + all.len - old.ptr) - old.len);
        gl_buf_free(&page);
        page = fresh;
    }
    file = fopen(path, "wb");
    bool good = file != NULL && fwrite(page.data, 1, page.len, file) == page.len;
    good = file != NULL && fclose(file) == 0 && good;
    gl_buf_free(&page);
    return good;
}

static int print_schema(void)
{
    gl_buf out = {0};
    gl_document_schema(&out);
    fwrite(out.data, 1, out.len, stdout);
    gl_buf_free(&out);
    return 0;
}

int main(int argc, char **argv)
{
    options o = {.repeat = 1,
                 .arena = gl_arena_new(0),
                 .declaration_arena = gl_arena_new(0),
                 .profile = GL_STR(""),
                 .now_us = gl_wall_us()};
    int32_t day = 0;
    const char *mappings = "config/mappings", *config = NULL, *page = NULL;
    int option;
    while ((option = getopt(argc, argv, "c:lp:m:r:st:u:j")) != -1) {
        if (option == 'p')
            o.profile = gl_str_of(optarg);
        else if (option == 'c')
            config = optarg;
        else if (option == 'm')
            mappings = optarg;
        else if (option == 'r')
            o.repeat = strtol(optarg, NULL, 10);
        else if (option == 's')
            o.summary = true;
        else if (option == 'l')
            o.leaves = true;
        else if (option == 't' && gl_date_parse(gl_str_of(optarg), &day))
            o.now_us = day * INT64_C(86400) * 1000000;
        else if (option == 'u')
            page = optarg;
        else if (option == 'j')
            return print_schema();
        else
            return 2;
    }
    gl_err err = {0};
    if (page != NULL && config == NULL)
        config = "config";
    o.mappings = gl_mappings_load(mappings, &err);
    if (o.mappings == NULL || (config != NULL && (o.checks = gl_checks_load_folder(config, &err)) == NULL)) {
        fprintf(stderr, "%s: %s\n", err.code, err.message);
        return 2;
    }
    bool good = page == NULL || update_page(page, o.checks);
    for (int i = optind; i < argc; i++)
        good = read_file(&o, argv[i]) && good;
    size_t all = o.accepted + o.refused;
    if (o.summary)
        printf("accepted %zu, refused %zu, %.2f us a declaration\n", o.accepted, o.refused,
               all == 0 ? 0.0 : (double)o.cpu_us / (double)all);
    gl_checks_destroy(o.checks);
    gl_mappings_destroy(o.mappings);
    gl_arena_destroy(o.arena);
    gl_arena_destroy(o.declaration_arena);
    return good ? 0 : 1;
}
