/* greenlane mapping: a mapping for somebody's CSV or XLSX, proposed and tried, without any service. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/csv/propose.h"
#include "ingest/formats/pack/message.h"

enum { SAMPLE_BYTES = 4 << 20, FILE_LIMIT_BYTES = 1 << 30, CODES_SHOWN = 64 };

/* A file with what is in it. */
typedef struct opened {
    gl_buf bytes;
    gl_message message;
} opened;

static void close_file(opened *file)
{
    gl_message_close(&file->message);
    gl_buf_free(&file->bytes);
}

/* An exit code. One CSV, packed or not: which of several is meant nobody can know. */
static int open_file(const char *path, opened *file)
{
    gl_err err = {0};
    if (!gl_buf_read_file(&file->bytes, path, FILE_LIMIT_BYTES))
        return gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", path, strerror(errno));
    gl_message_source source = {.bytes = file->bytes.len == 0 ? GL_STR("") : gl_buf_view(&file->bytes),
                                .format = GL_FORMAT_CSV,
                                .name = GL_STR(""),
                                .limit_bytes = FILE_LIMIT_BYTES};
    if (!gl_message_open(&file->message, &source, &err))
        return gl_complain(GL_EXIT_REFUSED, "%s: %s", path, err.message);
    if (file->message.part_count > 1)
        return gl_complain(GL_EXIT_REFUSED, "%s: it holds %zu files; a mapping is made and tried with one", path,
                           file->message.part_count);
    return GL_EXIT_OK;
}

/* ---- init ---- */

/* Up to the end of its last whole line. */
static gl_str beginning(gl_str text)
{
    size_t len = text.len < SAMPLE_BYTES ? text.len : SAMPLE_BYTES;
    while (len < text.len && len > 0 && text.ptr[len - 1] != '\n' && text.ptr[len - 1] != '\r')
        len--;
    return (gl_str){text.ptr, len};
}

static int write_proposal(const gl_proposal *proposal, const char *output)
{
    FILE *out = output[0] == '\0' ? stdout : fopen(output, "wbx"); /* one that is there is somebody's work */
    if (out == NULL)
        return gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", output, strerror(errno));
    bool good = fwrite(proposal->yaml.ptr, 1, proposal->yaml.len, out) == proposal->yaml.len;
    if (output[0] != '\0')
        good = (fclose(out) == 0) && good;
    if (!good)
        return gl_complain(GL_EXIT_UNAVAILABLE, "%s: cannot be written", output);
    fprintf(stderr,
            "%zu of %zu columns were understood; go through %s, then: greenlane mapping check MAPPING.yaml FILE\n",
            proposal->mapped, proposal->columns, output[0] == '\0' ? "what is printed" : output);
    return GL_EXIT_OK;
}

static int init(const char *path, const char *output)
{
    opened file = {0};
    gl_proposal proposal;
    gl_err err = {0};
    gl_arena *arena = gl_arena_new(0);
    int code = open_file(path, &file);
    if (code == GL_EXIT_OK && !gl_mapping_propose(arena, file.message.parts[0].format,
                                                  beginning(gl_message_part_bytes(&file.message, 0)), &proposal, &err))
        code = gl_complain(GL_EXIT_REFUSED, "%s: %s", path, err.message);
    else if (code == GL_EXIT_OK)
        code = write_proposal(&proposal, output);
    gl_arena_destroy(arena);
    close_file(&file);
    return code;
}

/* ---- check ---- */

/* Errors of one code: how many, and the first of them. */
typedef struct tally {
    gl_str code, field, pointer, value, text, hint;
    bool warning;
    int64_t count;
} tally;

typedef struct trial {
    gl_arena *arena;
    tally codes[CODES_SHOWN];
    size_t code_count;
    int64_t shown, read, rejected;
} trial;

static gl_str keep(gl_arena *arena, gl_str text)
{
    return (gl_str){text.ptr == NULL ? NULL : gl_arena_strndup(arena, text.ptr, text.len), text.len};
}

static void count_error(trial *t, const gl_rejection_validation_error *e)
{
    for (size_t i = 0; i < t->code_count; i++)
        if (gl_str_eq(t->codes[i].code, e->code) && gl_str_eq(t->codes[i].field, e->field)) {
            t->codes[i].count++;
            return;
        }
    if (t->code_count == CODES_SHOWN)
        return;
    t->codes[t->code_count++] = (tally){.code = keep(t->arena, e->code),
                                        .field = keep(t->arena, e->field),
                                        .pointer = keep(t->arena, e->pointer),
                                        .value = keep(t->arena, e->value),
                                        .text = keep(t->arena, e->text),
                                        .hint = keep(t->arena, e->hint),
                                        .warning = e->severity != GL_REJECTION_SEVERITY_ERROR,
                                        .count = 1};
}

/* JSON on lines, two spaces a level; `json` is well-formed and has no space outside its texts. */
static void print_indented(gl_str json)
{
    int level = 1;
    bool within = false;
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (within) {
            putchar(c);
            if (c == '\\')
                putchar(json.ptr[++i]);
            within = c != '"';
            continue;
        }
        within = c == '"';
        level -= c == '}' || c == ']';
        if (c == '}' || c == ']')
            printf("\n%*s", 2 * level, "");
        putchar(c);
        level += c == '{' || c == '[';
        if (c == '{' || c == '[' || c == ',')
            printf("\n%*s", 2 * level, "");
        if (c == ':')
            putchar(' ');
    }
}

static void show_record(const gl_intake *intake)
{
    gl_buf json = {0};
    gl_canonical_json(&json, &intake->declaration);
    printf("%lld. %.*s%s\n  ", (long long)intake->position, GL_STR_ARG(intake->lrn),
           intake->rejected ? " (refused, see below)" : "");
    print_indented(gl_buf_view(&json));
    printf("\n\n");
    gl_buf_free(&json);
}

static void show_tally(const tally *e)
{
    printf("%8lld  %s %.*s", (long long)e->count, e->warning ? "warning" : "error  ", GL_STR_ARG(e->code));
    if (e->field.len > 0)
        printf(" at %.*s", GL_STR_ARG(e->field));
    printf(": %.*s; the first: %.*s", GL_STR_ARG(e->text), GL_STR_ARG(e->pointer));
    if (e->value.len > 0)
        printf(" \"%.*s\"", GL_STR_ARG(e->value));
    if (e->hint.len > 0)
        printf(" (%.*s)", GL_STR_ARG(e->hint));
    printf("\n");
}

static void read_all(trial *t, gl_reader *reader, int64_t records)
{
    gl_arena *arena = gl_arena_new(0);
    gl_intake intake;
    while (gl_reader_next(reader, arena, &intake)) {
        if (t->shown < records && intake.lrn.len > 0) {
            show_record(&intake);
            t->shown++;
        }
        t->read++;
        t->rejected += intake.rejected;
        for (size_t i = 0; i < intake.error_count; i++)
            count_error(t, &intake.errors[i]);
        gl_arena_reset(arena);
    }
    gl_arena_destroy(arena);
}

static int report(const trial *t)
{
    char read[32], good[32], bad[32];
    printf("%s declarations: %s would be accepted, %s refused\n", gl_thousands(t->read, read),
           gl_thousands(t->read - t->rejected, good), gl_thousands(t->rejected, bad));
    for (size_t i = 0; i < t->code_count; i++)
        show_tally(&t->codes[i]);
    return t->rejected > 0 || t->read == 0 ? GL_EXIT_REFUSED : GL_EXIT_OK;
}

static int check(const char *mapping, const char *path, int64_t records)
{
    gl_err err = {0};
    opened file = {0};
    gl_mappings *mappings = gl_mappings_load_file(mapping, &err);
    if (mappings == NULL)
        return gl_complain_err(GL_EXIT_REFUSED, &err);
    trial t = {.arena = gl_arena_new(0)};
    gl_reader *reader = NULL;
    int code = open_file(path, &file);
    if (code == GL_EXIT_OK)
        reader = gl_message_reader(t.arena, mappings, gl_mappings_profile(mappings, 0), &file.message, 0, 0, &err);
    if (reader != NULL) {
        read_all(&t, reader, records);
        code = report(&t);
        gl_reader_close(reader);
    } else if (code == GL_EXIT_OK) {
        code = gl_complain_err(GL_EXIT_REFUSED, &err);
    }
    close_file(&file);
    gl_arena_destroy(t.arena);
    gl_mappings_destroy(mappings);
    return code;
}

static int run_mapping(int argc, char **argv)
{
    const char *output = "";
    int64_t records = 2;
    const gl_option options[] = {
        {"output", GL_OPTION_TEXT, &output,
         "init: write it there (a file that is not there yet), instead of to standard output."},
        {"records", GL_OPTION_INT, &records, "check: show so many declarations as they are read (default 2)."},
    };
    int count = gl_options_parse(&gl_command_mapping, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count == 2 && strcmp(argv[1], "init") == 0)
        return init(argv[2], output);
    if (count == 3 && strcmp(argv[1], "check") == 0)
        return check(argv[2], argv[3], records);
    return gl_complain(GL_EXIT_USAGE, "mapping init FILE, or mapping check MAPPING.yaml FILE: CSV or XLSX");
}

const gl_command gl_command_mapping = {
    "mapping", "a mapping for a CSV or XLSX of your own", "init FILE | check MAPPING.yaml FILE [OPTIONS]",
    "init proposes a mapping from the names of the columns (in English, German, French, Dutch, Spanish, Italian or\n"
    "Polish) and the values below them: delimiter, encoding, decimal comma, forms of dates and units are told from "
    "the\n"
    "file. What is not understood is ignored, and the comment beside it says why.\n"
    "check reads the whole file by a mapping as the intake would: shows the first declarations, counts what would be\n"
    "accepted and refused, and lists every kind of error with its first place. Nothing is sent.\n\n"
    "  greenlane mapping init parcels.csv --output config/mappings/hub.yaml\n"
    "  greenlane mapping check config/mappings/hub.yaml parcels.csv\n"
    "  greenlane submit --profile hub parcels.csv\n\n"
    "The intake reads config/mappings when it starts. Exit code 1: something would be refused.",
    run_mapping};
