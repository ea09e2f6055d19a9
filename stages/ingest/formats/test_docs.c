/* docs/FORMATS.md says what the code does: generated parts, examples, and every code that is reported. */
#include <dirent.h>

#include "ingest/checks/checks.h"
#include "ingest/formats/codes.h"
#include "ingest/formats/document.h"
#include "ingest/formats/test_read.h"

static char page_text[1 << 20];

static gl_str load(const char *relative, char *text, size_t limit)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", GL_SOURCE_DIR, relative);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    size_t size = fread(text, 1, limit, file);
    fclose(file);
    return (gl_str){text, size};
}

Test(docs, generated_parts_are_current)
{
    gl_str page = load("docs/FORMATS.md", page_text, sizeof page_text);
    gl_err err = {0};
    gl_checks *checks = gl_checks_load_folder(GL_SOURCE_DIR "/config", &err);
    cr_assert_not_null(checks, "%s", err.message);
    for (size_t i = 0; gl_document_parts[i] != NULL; i++) {
        gl_buf want = {0};
        cr_assert(gl_document_part(gl_document_parts[i], checks, &want));
        gl_str have = gl_document_find(page, gl_document_parts[i]);
        cr_assert(gl_str_eq(have, gl_buf_view(&want)), "part %s: run formats_read -u docs/FORMATS.md",
                  gl_document_parts[i]);
        gl_buf_free(&want);
    }
    gl_checks_destroy(checks);
}

Test(docs, the_json_schema_is_current)
{
    gl_buf want = {0};
    gl_document_schema(&want);
    gl_str have = load("docs/declaration.schema.json", page_text, sizeof page_text);
    cr_assert(gl_str_eq(have, gl_buf_view(&want)), "run formats_read -j > docs/declaration.schema.json");
    gl_buf_free(&want);
}

/* The text of the code block that follows "<!-- example NAME -->". */
static gl_str example(gl_str page, const char *name)
{
    char mark[64];
    snprintf(mark, sizeof mark, "<!-- example %s -->\n```", name);
    const char *at = memmem(page.ptr, page.len, mark, strlen(mark));
    cr_assert(at != NULL, "%s", mark);
    at = strchr(at + strlen(mark), '\n') + 1;
    return (gl_str){at, (size_t)(strstr(at, "\n```") - at) + 1};
}

Test(docs, examples_are_accepted)
{
    gl_str page = load("docs/FORMATS.md", page_text, sizeof page_text - 1);
    static const struct {
        const char *name, *profile;
        gl_format format;
        size_t count;
    } examples[] = {{"json", "", GL_FORMAT_JSON, 1},
                    {"short", "", GL_FORMAT_JSON, 1},
                    {"parcels", "parcels", GL_FORMAT_CSV, 2},
                    {"cancellation", "", GL_FORMAT_JSON, 1},
                    {"xml", "", GL_FORMAT_XML, 1},
                    {"eucdm", "", GL_FORMAT_XML, 1},
                    {"cusdec", "", GL_FORMAT_EDIFACT, 1},
                    {"cuscar", "", GL_FORMAT_EDIFACT, 2}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        test_read *r = read_from(examples[i].format, examples[i].profile, example(page, examples[i].name), 0, 0);
        cr_assert_eq(r->count, examples[i].count, "%s: %zu", examples[i].name, r->count);
        for (size_t k = 0; k < r->count; k++) {
            expect_accepted(&r->at[k]);
            cr_assert_eq(r->at[k].error_count, 0, "%s has warnings", examples[i].name);
        }
        test_read_free(r);
    }
}

Test(docs, the_example_events_are_accepted)
{
    gl_str page = load("docs/FORMATS.md", page_text, sizeof page_text - 1);
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_reader *reader = gl_event_reader_open(arena, GL_FORMAT_JSON, example(page, "events"), &err);
    cr_assert(reader != NULL, "%s", err.message);
    gl_intake intake;
    for (int i = 0; i < 3; i++) {
        cr_assert(gl_reader_next(reader, arena, &intake));
        expect_accepted(&intake);
    }
    cr_assert_not(gl_reader_next(reader, arena, &intake));
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

Test(docs, the_example_mapping_loads)
{
    gl_str page = load("docs/FORMATS.md", page_text, sizeof page_text - 1), text = example(page, "mapping");
    char dir[] = "/tmp/gl-docs-XXXXXX", path[64];
    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/example.yaml", dir);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len);
    fclose(file);
    gl_err err = {0};
    gl_mappings *mappings = gl_mappings_load(dir, &err);
    cr_assert(mappings != NULL, "%s", err.message);
    gl_mappings_destroy(mappings);
    remove(path);
    remove(dir);
}

static bool documented(gl_str code)
{
    for (size_t i = 0; i < gl_report_code_count; i++)
        if (gl_str_eqz(code, gl_report_codes[i].code))
            return true;
    for (size_t i = 0; i < gl_message_code_count; i++)
        if (gl_str_eqz(code, gl_message_codes[i].code))
            return true;
    return false;
}

/* Every string of lower-case letters and hyphens that stands where a code does. */
static void check_source(const char *relative)
{
    static char source[1 << 18];
    static const char *const places[] = {".code = \"",    "fail(row, \"",  "stop(b->walk, \"",
                                         "stop(walk, \"", "encoding ? \"", "GL_DEAD_LETTER, \"intake-"};
    gl_str text = load(relative, source, sizeof source - 1);
    source[text.len] = 0;
    for (size_t p = 0; p < sizeof places / sizeof *places; p++)
        for (const char *at = strstr(source, places[p]); at != NULL; at = strstr(at + 1, places[p])) {
            at += strlen(places[p]);
            while (at[-1] != '"') /* some places end within the code */
                at--;
            gl_str code = {at, strcspn(at, "\"")};
            cr_assert(documented(code), "%s reports %.*s, which codes.c does not have", relative, GL_STR_ARG(code));
        }
}

Test(docs, every_code_is_in_the_table)
{
    static const char *const folders[] = {"stages/ingest",
                                          "stages/ingest/formats",
                                          "stages/ingest/formats/json",
                                          "stages/ingest/formats/csv",
                                          "stages/ingest/formats/cds",
                                          "stages/ingest/formats/sad",
                                          "stages/ingest/formats/edifact",
                                          "stages/ingest/formats/trade",
                                          "stages/ingest/formats/pack",
                                          "stages/ingest/formats/xlsx"};
    size_t sources = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", GL_SOURCE_DIR, folders[i]);
        DIR *dir = opendir(path);
        cr_assert(dir != NULL);
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            size_t len = strlen(entry->d_name);
            bool reader = i > 0 || strcmp(entry->d_name, "validate.c") == 0;
            if (!reader || len < 3 || strcmp(entry->d_name + len - 2, ".c") != 0 ||
                strncmp(entry->d_name, "test_", 5) == 0)
                continue;
            snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
            check_source(path);
            sources++;
        }
        closedir(dir);
    }
    cr_assert_gt(sources, 10);
}
