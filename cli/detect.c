/* greenlane detect: what a file is, told from its content, as the intake tells it. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "ingest/formats/reader.h"

enum { FILE_LIMIT_BYTES = 1 << 30 };

/* Does the file's header fit the profile: is its first entry anything but a refused header? */
static bool fits(const gl_mappings *mappings, gl_str profile, gl_str bytes)
{
    gl_err err = {0};
    gl_intake intake;
    gl_arena *arena = gl_arena_new(0);
    gl_reader *reader = gl_reader_open(arena, mappings, GL_FORMAT_CSV, profile, bytes, 0, 0, &err);
    bool good = reader != NULL && gl_reader_next(reader, arena, &intake);
    for (size_t i = 0; good && i < intake.error_count; i++)
        good = !gl_str_eqz(intake.errors[i].code, "unknown-column") &&
               !gl_str_eqz(intake.errors[i].code, "missing-column") &&
               !gl_str_eqz(intake.errors[i].code, "duplicate-column");
    gl_reader_close(reader);
    gl_arena_destroy(arena);
    return good;
}

static void list_profiles(const gl_mappings *mappings, gl_str bytes, gl_buf *names)
{
    for (size_t i = 0; i < gl_mappings_count(mappings); i++) {
        gl_str profile = gl_mappings_profile(mappings, i);
        if (!fits(mappings, profile, bytes))
            continue;
        gl_buf_text(names, names->len > 0 ? "," : "");
        gl_buf_json(names, profile);
    }
}

static void show(const char *path, gl_format format, const gl_buf *profiles, bool json)
{
    gl_buf line = {0};
    if (json) {
        gl_buf_text(&line, "{\"file\":");
        gl_buf_json(&line, gl_str_of(path));
        gl_buf_printf(&line, ",\"format\":\"%s\"", gl_format_name(format));
        if (format == GL_FORMAT_CSV)
            gl_buf_printf(&line, ",\"profiles\":[%.*s]", GL_STR_ARG(gl_buf_view(profiles)));
        gl_buf_byte(&line, '}');
    } else {
        gl_buf_printf(&line, "%s: %s", path, gl_format_name(format));
        if (format == GL_FORMAT_CSV && profiles->len > 0)
            gl_buf_printf(&line, ", profile %.*s", GL_STR_ARG(gl_buf_view(profiles)));
        else if (format == GL_FORMAT_CSV)
            gl_buf_printf(&line, ", of no profile that is there: greenlane mapping init %s", path);
        else if (format == GL_FORMAT_UNKNOWN)
            gl_buf_text(&line, ": neither JSON, NDJSON, CSV nor XML");
    }
    gl_buf_byte(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
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
        gl_buf bytes = {0}, profiles = {0};
        if (!gl_buf_read_file(&bytes, argv[i], FILE_LIMIT_BYTES)) {
            code = gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", argv[i], strerror(errno));
        } else {
            gl_format format = gl_format_detect(gl_buf_view(&bytes));
            if (format == GL_FORMAT_CSV)
                list_profiles(mappings, gl_buf_view(&bytes), &profiles);
            if (format == GL_FORMAT_UNKNOWN && code == GL_EXIT_OK)
                code = GL_EXIT_REFUSED;
            show(argv[i], format, &profiles, json);
        }
        gl_buf_free(&bytes);
        gl_buf_free(&profiles);
    }
    gl_mappings_destroy(mappings);
    return code;
}

const gl_command gl_command_detect = {"detect", "what a file is", "FILE... [--mappings DIRECTORY] [--json]",
                                      "Tells a file's format from its content, as the intake does when no type is "
                                      "given, and for a CSV the profiles that its header fits.\n\n"
                                      "  greenlane detect parcels.csv declaration.xml\n\n"
                                      "Exit code 1: a file is of no format that is taken.",
                                      run_detect};
