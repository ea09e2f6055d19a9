/* greenlane convert: declarations of any intake format as our JSON or as WCO XML, without any service. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/numbered.h"
#include "ingest/formats/pack/message.h"
#include "ingest/formats/writer.h"

enum { FILE_LIMIT_BYTES = 1 << 30, LOST_SHOWN = 20 };

typedef struct conversion {
    const gl_writer *to;
    const gl_mappings *mappings;
    gl_str profile;
    const char *directory; /* documents: one file each; NULL: standard output */
    FILE *out;
    gl_buf list; /* of a list, until its end */
    int64_t written;
    int code;
} conversion;

static void worse(conversion *c, int code)
{
    c->code = c->code > code ? c->code : code;
}

static void show_error(const char *path, int64_t position, const gl_rejection_validation_error *e)
{
    fprintf(stderr, "%s: %lld: %s %.*s at %.*s: %.*s", path, (long long)position,
            e->severity == GL_REJECTION_SEVERITY_ERROR ? "error" : "warning", GL_STR_ARG(e->code),
            GL_STR_ARG(e->pointer), GL_STR_ARG(e->text));
    if (e->value.len > 0)
        fprintf(stderr, ": \"%.*s\"", GL_STR_ARG(e->value));
    if (e->allowed.len > 0)
        fprintf(stderr, "; allowed: %.*s", GL_STR_ARG(e->allowed));
    if (e->hint.len > 0)
        fprintf(stderr, " (%.*s)", GL_STR_ARG(e->hint));
    fputc('\n', stderr);
}

/* Behind the first document there must be a directory. */
static bool put_document(conversion *c, const gl_buf *text)
{
    if (c->directory != NULL)
        return gl_write_numbered(c->directory, c->written, c->to->ending, text);
    if (c->written == 0)
        return fwrite(text->data, 1, text->len, c->out) == text->len;
    worse(c, gl_complain(GL_EXIT_USAGE, "a message in %s holds one declaration: give --output DIRECTORY", c->to->name));
    return true;
}

static bool put(conversion *c, gl_buf *text)
{
    switch (c->to->several) {
    case GL_WRITER_DOCUMENTS:
        return put_document(c, text);
    case GL_WRITER_LINES:
        gl_buf_byte(text, '\n');
        return fwrite(text->data, 1, text->len, c->out) == text->len;
    case GL_WRITER_LIST:
        gl_buf_text(&c->list, c->written > 0 ? ",\n" : "");
        gl_buf_bytes(&c->list, text->data, text->len);
        break;
    }
    return true;
}

static void write_one(conversion *c, const char *path, int64_t position, const gl_declaration *declaration,
                      gl_arena *arena)
{
    gl_buf text = gl_buf_in(arena);
    gl_difference lost[LOST_SHOWN];
    gl_written written = {.lost = lost, .limit = LOST_SHOWN, .why = GL_STR("")};
    if (!c->to->write(&text, arena, declaration, &written)) {
        fprintf(stderr, "%s: %lld: not written, %s would be refused: %.*s\n", path, (long long)position, c->to->name,
                GL_STR_ARG(written.why));
        worse(c, GL_EXIT_REFUSED);
        return;
    }
    for (size_t i = 0; i < written.count; i++)
        fprintf(stderr, "%s: %lld: %s has no place for %.*s\n", path, (long long)position, c->to->name,
                GL_STR_ARG(lost[i].path));
    if (written.count > 0)
        worse(c, GL_EXIT_REFUSED);
    if (!put(c, &text))
        worse(c, gl_complain(GL_EXIT_UNAVAILABLE, "cannot write: %s", strerror(errno)));
    c->written++;
}

/* A cancellation in XML has no declaration: what it cancels is named by LRN and family here. */
static bool name_cancelled(conversion *c, const char *path, gl_intake *intake)
{
    if (intake->event == NULL || intake->declaration.functional_reference_id.len > 0)
        return true;
    if (intake->event->mrn.len > 0) {
        fprintf(stderr, "%s: %lld: not written, a cancellation by MRN is an event: greenlane event\n", path,
                (long long)intake->position);
        worse(c, GL_EXIT_REFUSED);
        return false;
    }
    intake->declaration.functional_reference_id = intake->event->lrn;
    intake->declaration.family = intake->event->family;
    intake->declaration.function_code = GL_STR("1");
    return true;
}

static void convert_one(conversion *c, const char *path, gl_intake *intake, gl_arena *arena)
{
    for (size_t i = 0; i < intake->error_count; i++)
        show_error(path, intake->position, &intake->errors[i]);
    if (intake->rejected) {
        worse(c, GL_EXIT_REFUSED);
        return;
    }
    if (name_cancelled(c, path, intake))
        write_one(c, path, intake->position, &intake->declaration, arena);
}

static void convert_message(conversion *c, const char *path, const gl_message *message)
{
    gl_err err = {0};
    gl_intake intake;
    gl_arena *arena = gl_arena_new(0), *each = gl_arena_new(0);
    gl_reader *reader = gl_message_reader(arena, c->mappings, c->profile, message, 0, 0, &err);
    if (reader == NULL)
        worse(c, gl_complain(GL_EXIT_REFUSED, "%s: %s: %s", path, err.code, err.message));
    while (reader != NULL && gl_reader_next(reader, each, &intake)) {
        convert_one(c, path, &intake, each);
        gl_arena_reset(each);
    }
    gl_reader_close(reader);
    gl_arena_destroy(each);
    gl_arena_destroy(arena);
}

static void convert_file(conversion *c, const char *path)
{
    gl_err err = {0};
    gl_buf bytes = {0};
    gl_message message = {0};
    if (!gl_buf_read_file(&bytes, path, FILE_LIMIT_BYTES)) {
        worse(c, gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", path, strerror(errno)));
        gl_buf_free(&bytes);
        return;
    }
    gl_message_source source = {.bytes = gl_buf_view(&bytes), .name = gl_str_of(path), .limit_bytes = FILE_LIMIT_BYTES};
    if (gl_message_open(&message, &source, &err))
        convert_message(c, path, &message);
    else
        worse(c, gl_complain(GL_EXIT_REFUSED, "%s: %s: %s", path, err.code, err.message));
    gl_message_close(&message);
    gl_buf_free(&bytes);
}

/* One declaration is an object, several are a list. */
static bool finish_list(conversion *c)
{
    gl_str text = gl_buf_view(&c->list);
    if (c->to->several != GL_WRITER_LIST || c->written == 0)
        return true;
    bool list = c->written > 1;
    return fputs(list ? "[" : "", c->out) >= 0 && fwrite(text.ptr, 1, text.len, c->out) == text.len &&
           fputs(list ? "]\n" : "\n", c->out) >= 0;
}

static bool open_output(conversion *c, const char *output)
{
    c->out = stdout;
    if (strcmp(output, "-") == 0)
        return true;
    if (c->to->several == GL_WRITER_DOCUMENTS) {
        c->directory = output;
        return mkdir(output, 0777) == 0 || errno == EEXIST;
    }
    c->out = fopen(output, "wb");
    return c->out != NULL;
}

static int convert_all(conversion *c, char **paths, int count, const char *output)
{
    if (!open_output(c, output))
        return gl_complain(GL_EXIT_UNAVAILABLE, "cannot write %s: %s", output, strerror(errno));
    for (int i = 0; i < count; i++)
        convert_file(c, paths[i]);
    bool good = finish_list(c) && !ferror(c->out);
    if (c->out != stdout)
        good = fclose(c->out) == 0 && good;
    if (!good)
        worse(c, gl_complain(GL_EXIT_UNAVAILABLE, "cannot write %s: %s", output, strerror(errno)));
    gl_buf_free(&c->list);
    return c->code;
}

static const char *target_help(void)
{
    static char text[1024];
    int len = 0;
    for (size_t i = 0; gl_writers[i] != NULL && len >= 0 && (size_t)len < sizeof text; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s%s (%s)", i > 0 ? ", " : "", gl_writers[i]->name,
                        gl_writers[i]->what);
    return text;
}

static int run_convert(int argc, char **argv)
{
    const char *to = "", *profile = "", *directory = "config/mappings", *output = "-";
    const gl_option options[] = {
        {"to", GL_OPTION_TEXT, &to, target_help()},
        {"profile", GL_OPTION_TEXT, &profile, "Mapping of CSV and XLSX files."},
        {"mappings", GL_OPTION_TEXT, &directory, "Directory of the CSV mappings (default config/mappings)."},
        {"output", GL_OPTION_TEXT, &output, "File, or a directory of documents; - is standard output (default)."},
    };
    int count = gl_options_parse(&gl_command_convert, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count == 0)
        return gl_complain(GL_EXIT_USAGE, "convert what? Give files");
    const gl_writer *writer = gl_writer_find(gl_str_of(to));
    if (writer == NULL)
        return gl_complain(GL_EXIT_USAGE, "--to: %s", target_help());
    gl_err err = {0};
    gl_mappings *mappings = *profile == '\0' ? NULL : gl_mappings_load(directory, &err);
    if (*profile != '\0' && mappings == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    conversion c = {.to = writer, .mappings = mappings, .profile = gl_str_of(profile)};
    int code = convert_all(&c, argv + 1, count, output);
    gl_mappings_destroy(mappings);
    return code;
}

const gl_command gl_command_convert = {
    "convert", "declarations in another format", "FILE... --to FORMAT [--profile P] [--output O]",
    "Reads files as the intake does, in any of its formats, and writes the declarations in another one. What is wrong "
    "with a declaration is said as the intake says it, and it is left out; code lists and rules of an administration "
    "are not asked. A document is read again before it is written; a field that its format has no place for is "
    "named.\n\n"
    "  greenlane convert declaration.xml --to json\n"
    "  greenlane convert parcels.csv --profile parcels --to xml --output messages/\n\n"
    "Exit code 1: a declaration was refused, or a field has no place.",
    run_convert};
