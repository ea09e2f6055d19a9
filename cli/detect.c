/* greenlane detect: what a file is, told from its content, as the intake tells it. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "ingest/formats/pack/message.h"

enum { FILE_LIMIT_BYTES = 1 << 30 };

/* Does the file's header fit the profile: is its first entry anything but a refused header? */
static bool fits(const gl_mappings *mappings, gl_format format, gl_str profile, gl_str bytes)
{
    gl_err err = {0};
    gl_intake intake;
    gl_arena *arena = gl_arena_new(0);
    gl_reader *reader = gl_reader_open(arena, mappings, format, profile, bytes, 0, 0, &err);
    bool good = reader != NULL && gl_reader_next(reader, arena, &intake);
    for (size_t i = 0; good && i < intake.error_count; i++)
        good = !gl_str_eqz(intake.errors[i].code, "unknown-column") &&
               !gl_str_eqz(intake.errors[i].code, "missing-column") &&
               !gl_str_eqz(intake.errors[i].code, "duplicate-column");
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return good;
}

static void list_profiles(const gl_mappings *mappings, gl_format format, gl_str bytes, gl_buf *names)
{
    for (size_t i = 0; i < gl_mappings_count(mappings); i++) {
        gl_str profile = gl_mappings_profile(mappings, i);
        if (!fits(mappings, format, profile, bytes))
            continue;
        gl_buf_text(names, names->len > 0 ? "," : "");
        gl_buf_json(names, profile);
    }
}

/* What a file is, as it is shown. */
typedef struct finding {
    gl_str entry; /* of an archive, or empty */
    gl_format format;
    const char *name; /* as the intake records it */
    gl_buf profiles;  /* CSV and XLSX: those that the header fits, as JSON strings with commas */
    gl_buf data_set;  /* XML: empty when it was not read that far */
} finding;

/* The form of XML, or of JSON that is not ours, and its data set are told by reading the first of it. */
static void read_form(gl_str bytes, finding *found)
{
    gl_err err = {0};
    gl_intake intake;
    gl_arena *arena = gl_arena_new(0);
    gl_reader *reader = gl_reader_open(arena, NULL, found->format, GL_STR(""), bytes, 0, 0, &err);
    bool xml = found->format == GL_FORMAT_XML;
    if (reader != NULL && gl_reader_next(reader, arena, &intake) &&
        (xml || strcmp(intake.format, gl_format_name(found->format)) != 0)) {
        found->name = intake.format;
        gl_buf_bytes(&found->data_set, intake.declaration.data_set.ptr, intake.declaration.data_set.len);
    }
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

static void look(const gl_mappings *mappings, gl_format format, gl_str bytes, finding *found)
{
    found->format = format == GL_FORMAT_XLSX ? format : gl_format_detect(bytes);
    found->name = gl_format_name(found->format);
    if (gl_format_has_profile(found->format))
        list_profiles(mappings, found->format, bytes, &found->profiles);
    else if (found->format == GL_FORMAT_XML || found->format == GL_FORMAT_JSON || found->format == GL_FORMAT_NDJSON)
        read_form(bytes, found);
}

static void show_json(gl_buf *line, const char *path, const finding *found)
{
    gl_buf_text(line, "{\"file\":");
    gl_buf_json(line, gl_str_of(path));
    if (found->entry.len > 0) {
        gl_buf_text(line, ",\"entry\":");
        gl_buf_json(line, found->entry);
    }
    gl_buf_printf(line, ",\"format\":\"%s\"", found->name);
    if (gl_format_has_profile(found->format))
        gl_buf_printf(line, ",\"profiles\":[%.*s]", GL_STR_ARG(gl_buf_view(&found->profiles)));
    if (found->data_set.len > 0) {
        gl_buf_text(line, ",\"data_set\":");
        gl_buf_json(line, gl_buf_view(&found->data_set));
    }
    gl_buf_byte(line, '}');
}

static void show_text(gl_buf *line, const char *path, const finding *found)
{
    gl_buf_printf(line, "%s%s%.*s: %s", path, found->entry.len > 0 ? "/" : "", GL_STR_ARG(found->entry), found->name);
    if (found->data_set.len > 0)
        gl_buf_printf(line, ", data set %.*s", GL_STR_ARG(gl_buf_view(&found->data_set)));
    if (gl_format_has_profile(found->format) && found->profiles.len > 0)
        gl_buf_printf(line, ", profile %.*s", GL_STR_ARG(gl_buf_view(&found->profiles)));
    else if (gl_format_has_profile(found->format))
        gl_buf_printf(line, ", of no profile that is there: greenlane mapping init %s", path);
    else if (found->format == GL_FORMAT_UNKNOWN)
        gl_buf_text(line, ": neither JSON, NDJSON, CSV, XLSX nor XML");
}

static void show(const char *path, const finding *found, bool json)
{
    gl_buf line = {0};
    (json ? show_json : show_text)(&line, path, found);
    gl_buf_byte(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
}

/* By content alone: what a file is called proves nothing. */
static int detect_parts(const char *path, const gl_message *message, const gl_mappings *mappings, bool json)
{
    int code = GL_EXIT_OK;
    for (size_t i = 0; i < message->part_count; i++) {
        finding found = {.entry = message->parts[i].name};
        look(mappings, message->parts[i].format, gl_message_part_bytes(message, i), &found);
        if (found.format == GL_FORMAT_UNKNOWN)
            code = GL_EXIT_REFUSED;
        show(path, &found, json);
        gl_buf_free(&found.profiles);
        gl_buf_free(&found.data_set);
    }
    return code;
}

static int detect_file(const char *path, const gl_mappings *mappings, bool json)
{
    gl_buf bytes = {0};
    gl_message message = {0};
    gl_err err = {0};
    int code = GL_EXIT_OK;
    if (!gl_buf_read_file(&bytes, path, FILE_LIMIT_BYTES))
        code = gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", path, strerror(errno));
    else if (!gl_message_open(&message,
                              &(gl_message_source){.bytes = bytes.len == 0 ? GL_STR("") : gl_buf_view(&bytes),
                                                   .name = GL_STR(""),
                                                   .limit_bytes = FILE_LIMIT_BYTES},
                              &err))
        code = gl_complain(GL_EXIT_REFUSED, "%s: %s", path, err.message);
    else
        code = detect_parts(path, &message, mappings, json);
    gl_message_close(&message);
    gl_buf_free(&bytes);
    return code;
}

static int run_detect(int argc, char **argv)
{
    const char *directory = "config/mappings";
    bool json = false;
    const gl_option options[] = {
        {"mappings", GL_OPTION_TEXT, &directory, "Directory of the CSV mappings (default config/mappings)."},
        {"json", GL_OPTION_FLAG, &json, "As JSON, one object a file."},
    };
    int count = gl_options_parse(&gl_command_detect, options, sizeof options / sizeof options[0], argc, argv),
        code = GL_EXIT_OK;
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count == 0)
        return gl_complain(GL_EXIT_USAGE, "detect what? Give files");
    gl_err err = {0};
    gl_mappings *mappings = gl_mappings_load(directory, &err);
    if (mappings == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    for (int i = 1; i <= count; i++) {
        int of_file = detect_file(argv[i], mappings, json);
        code = of_file > code ? of_file : code;
    }
    gl_mappings_destroy(mappings);
    return code;
}

const gl_command gl_command_detect = {"detect", "what a file is", "FILE... [--mappings DIRECTORY] [--json]",
                                      "Tells a file's format from its content, as the intake does when no type is "
                                      "given; for CSV and XLSX the profiles that the header fits, for XML the form "
                                      "(cds-xml, eucdm-xml) and data set, of gzip\n"
                                      "and zip what is in them.\n\n"
                                      "  greenlane detect parcels.csv declaration.xml\n\n"
                                      "Exit code 1: a file is of no format that is taken.",
                                      run_detect};
