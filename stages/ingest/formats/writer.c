/* See writer.h. */
#include "ingest/formats/writer.h"

#include "ingest/formats/cds/cds_write.h"
#include "ingest/formats/edifact/edi_write.h"
#include "ingest/formats/ens/ens_write.h"
#include "ingest/formats/sad/sad_write.h"
#include "ingest/formats/trade/trade_write.h"

static bool write_json(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    (void)arena, (void)written;
    gl_canonical_json(buf, declaration);
    return true;
}

static bool write_uk(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    return gl_cds_write_checked(buf, arena, &gl_cds_form_uk, declaration, written);
}

static bool write_eu(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    return gl_cds_write_checked(buf, arena, &gl_cds_form_eu, declaration, written);
}

static bool write_xml(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    return gl_cds_write_checked(buf, arena, gl_cds_form_fitting(declaration), declaration, written);
}

static const gl_writer json = {"json", "our JSON", GL_WRITER_LIST, ".json", write_json},
                       ndjson = {"ndjson", "our JSON, one a line", GL_WRITER_LINES, ".ndjson", write_json},
                       xml = {"xml",
                              "WCO XML in the form it came in, else the EU's for an H7 or a parcel, else the UK's",
                              GL_WRITER_DOCUMENTS, ".xml", write_xml},
                       uk = {"cds-xml", "WCO XML in the UK's form", GL_WRITER_DOCUMENTS, ".xml", write_uk},
                       ie315 = {"ie315", "an entry summary declaration as IE315", GL_WRITER_DOCUMENTS, ".xml",
                                gl_ens_write_checked},
                       eu = {"eucdm-xml", "WCO XML in the EU's form", GL_WRITER_DOCUMENTS, ".xml", write_eu},
                       sad = {"sad-xml", "ASYCUDA World's SAD", GL_WRITER_DOCUMENTS, ".xml", gl_sad_write_checked},
                       itmatt = {"itmatt", "a postal item as ITMATT has it, in JSON", GL_WRITER_LIST, ".json",
                                 gl_trade_write_itmatt},
                       type86 = {"type86", "a Type 86 entry of the United States, in JSON", GL_WRITER_LIST, ".json",
                                 gl_trade_write_type86},
                       cusdec = {"cusdec", "CUSDEC of UN/EDIFACT D.16B", GL_WRITER_DOCUMENTS, ".edi",
                                 gl_edi_write_checked};

const gl_writer *const gl_writers[] = {&json, &ndjson, &xml, &uk, &eu, &ie315, &sad, &itmatt, &type86, &cusdec, NULL};

const gl_writer *gl_writer_find(gl_str name)
{
    for (size_t i = 0; gl_writers[i] != NULL; i++)
        if (gl_str_eqz(name, gl_writers[i]->name))
            return gl_writers[i];
    return NULL;
}

/* --- reading again --- */

static gl_str first_error(gl_arena *arena, const gl_intake *intake)
{
    for (size_t i = 0; i < intake->error_count; i++) {
        const gl_rejection_validation_error *e = &intake->errors[i];
        if (e->severity == GL_REJECTION_SEVERITY_ERROR)
            return gl_str_of(gl_arena_printf(arena, "%.*s: %.*s", GL_STR_ARG(e->code), GL_STR_ARG(e->text)));
    }
    return GL_STR("");
}

/* What was not given cannot be lost. */
static size_t without_added(gl_difference *found, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!found[i].added)
            found[kept++] = found[i];
    return kept;
}

/* A cancellation says no more than what it cancels. */
static bool cancels_the_same(const gl_intake *intake, const gl_declaration *declaration)
{
    return gl_str_eq(intake->event->lrn, declaration->functional_reference_id) &&
           intake->event->family == declaration->family;
}

static bool compare(gl_arena *arena, const char *form, const gl_intake *intake, const gl_declaration *declaration,
                    gl_written *written)
{
    if (intake->rejected) {
        written->why = first_error(arena, intake);
        return false;
    }
    if (strcmp(intake->format, form) != 0) {
        written->why = GL_STR("it would be read in another form");
        return false;
    }
    if (intake->event != NULL) {
        written->why =
            cancels_the_same(intake, declaration) ? GL_STR("") : GL_STR("it would cancel another declaration");
        return written->why.len == 0;
    }
    written->count = gl_canonical_differences(arena, declaration, &intake->declaration, written->lost, written->limit);
    if (!gl_str_eqz(declaration->message.format, form))
        written->count = without_added(written->lost, written->count);
    return true;
}

bool gl_writer_check(gl_arena *arena, gl_format format, const char *form, gl_str bytes,
                     const gl_declaration *declaration, gl_written *written)
{
    gl_err err = {0};
    gl_intake intake;
    written->count = 0;
    written->why = GL_STR("it cannot be read");
    gl_reader *reader = gl_reader_open(arena, NULL, format, GL_STR(""), bytes, 0, 0, &err);
    bool good =
        reader != NULL && gl_reader_next(reader, arena, &intake) && compare(arena, form, &intake, declaration, written);
    gl_reader_close(reader);
    if (good)
        written->why = GL_STR("");
    return good;
}
