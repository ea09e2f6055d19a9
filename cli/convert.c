/* greenlane convert: declarations of any intake format as our JSON or as WCO XML, without any service. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/numbered.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/cds/cds_write.h"
#include "ingest/formats/pack/message.h"

enum { FILE_LIMIT_BYTES = 1 << 30, LOST_SHOWN = 20 };

typedef enum target { TO_XML, TO_JSON, TO_NDJSON } target;

typedef struct conversion {
    target to;
    const gl_cds_form *form; /* NULL: the one that fits each */
    const gl_mappings *mappings;
    gl_str profile;
    const char *directory; /* XML: one file each; NULL: standard output */
    FILE *out;
    gl_buf json; /* of --to json, until its end */
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

/* XML is one document; behind the first one there must be a directory. */
static bool put_document(conversion *c, const gl_buf *xml)
{
    if (c->directory != NULL)
        return gl_write_numbered(c->directory, c->written, xml);
    if (c->written == 0)
        return fwrite(xml->data, 1, xml->len, c->out) == xml->len;
    worse(c, gl_complain(GL_EXIT_USAGE, "an XML message holds one declaration: give --output DIRECTORY"));
    return true;
}

static void to_xml(conversion *c, const char *path, int64_t position, const gl_declaration *declaration,
                   gl_arena *arena)
{
    gl_buf xml = gl_buf_in(arena);
    gl_difference lost[LOST_SHOWN];
    size_t count = 0;
    gl_str why = GL_STR("");
    const gl_cds_form *form = c->form != NULL ? c->form : gl_cds_form_fitting(declaration);
    if (!gl_cds_write_checked(&xml, arena, form, declaration, lost, LOST_SHOWN, &count, &why)) {
        fprintf(stderr, "%s: %lld: not written, %s would be refused: %.*s\n", path, (long long)position, form->format,
                GL_STR_ARG(why));
        worse(c, GL_EXIT_REFUSED);
        return;
    }
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s: %lld: %s has no place for %.*s\n", path, (long long)position, form->format,
                GL_STR_ARG(lost[i].path));
    if (count > 0)
        worse(c, GL_EXIT_REFUSED);
    if (!put_document(c, &xml))
        worse(c, gl_complain(GL_EXIT_UNAVAILABLE, "cannot write XML: %s", strerror(errno)));
    c->written++;
}

static void to_json(conversion *c, const gl_declaration *declaration)
{
    if (c->to == TO_JSON && c->written > 0)
        gl_buf_text(&c->json, ",\n");
    gl_canonical_json(&c->json, declaration);
    c->written++;
    if (c->to == TO_JSON)
        return;
    gl_buf_byte(&c->json, '\n');
    fwrite(c->json.data, 1, c->json.len, c->out);
    c->json.len = 0;
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
    if (!name_cancelled(c, path, intake))
        return;
    if (c->to != TO_XML)
        to_json(c, &intake->declaration);
    else
        to_xml(c, path, intake->position, &intake->declaration, arena);
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
static bool finish_json(conversion *c)
{
    gl_str text = gl_buf_view(&c->json);
    if (c->to != TO_JSON || c->written == 0)
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
    if (c->to == TO_XML) {
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
    bool good = finish_json(c) && !ferror(c->out);
    if (c->out != stdout)
        good = fclose(c->out) == 0 && good;
    if (!good)
        worse(c, gl_complain(GL_EXIT_UNAVAILABLE, "cannot write %s: %s", output, strerror(errno)));
    gl_buf_free(&c->json);
    return c->code;
}

/* The index of `name` in `names`, or -1. */
static int choice(const char *const *names, const char *name)
{
    return gl_names_index(names, gl_str_of(name));
}

static int run_convert(int argc, char **argv)
{
    static const char *const targets[] = {"xml", "json", "ndjson", NULL}, *const forms[] = {"uk", "eu", NULL};
    const char *to = "", *form = "", *profile = "", *directory = "config/mappings", *output = "-";
    const gl_option options[] = {
        {"to", GL_OPTION_TEXT, &to, "xml, json or ndjson."},
        {"form", GL_OPTION_TEXT, &form,
         "Of XML: uk or eu. Default: as it came; of what came in another format eu for an H7 or a parcel, else uk."},
        {"profile", GL_OPTION_TEXT, &profile, "Mapping of CSV and XLSX files."},
        {"mappings", GL_OPTION_TEXT, &directory, "Directory of the CSV mappings (default config/mappings)."},
        {"output", GL_OPTION_TEXT, &output, "File, or for xml a directory; - is standard output (default)."},
    };
    int count = gl_options_parse(&gl_command_convert, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count == 0)
        return gl_complain(GL_EXIT_USAGE, "convert what? Give files");
    if (choice(targets, to) < 0)
        return gl_complain(GL_EXIT_USAGE, "--to: xml, json or ndjson");
    if (*form != '\0' && choice(forms, form) < 0)
        return gl_complain(GL_EXIT_USAGE, "--form: uk or eu");
    gl_err err = {0};
    gl_mappings *mappings = *profile == '\0' ? NULL : gl_mappings_load(directory, &err);
    if (*profile != '\0' && mappings == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    conversion c = {.to = (target)choice(targets, to), .mappings = mappings, .profile = gl_str_of(profile)};
    if (*form != '\0')
        c.form = choice(forms, form) == 1 ? &gl_cds_form_eu : &gl_cds_form_uk;
    int code = convert_all(&c, argv + 1, count, output);
    gl_mappings_destroy(mappings);
    return code;
}

const gl_command gl_command_convert = {
    "convert", "declarations in another format", "FILE... --to xml|json|ndjson [--form F] [--profile P] [--output O]",
    "Reads files as the intake does, in any of its formats, and writes the declarations as our JSON, as NDJSON or as "
    "WCO "
    "Data Model XML, in the UK's form or the EU's. What is wrong with a declaration is said as the intake says it, and "
    "it "
    "is left out; code lists and rules of an administration are not asked. XML is read again before it is written; a "
    "field that its form has no place for is named.\n\n"
    "  greenlane convert declaration.xml --to json\n"
    "  greenlane convert parcels.csv --profile parcels --to xml --output messages/\n\n"
    "Exit code 1: a declaration was refused, or a field has no place.",
    run_convert};
