/* Any bytes as a part of a workbook, which the first byte chooses, and as the rows that a workbook becomes. */
#include "ingest/formats/fuzz_read.h"
#include "ingest/formats/pack/message.h"
#include "io/test_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT_BYTES = 1 << 20 };

static const char BOOK[] = "<workbook><sheets><sheet name=\"Day\" id=\"a\"/></sheets></workbook>";
static const char RELATIONS[] = "<Relationships><Relationship Id=\"a\" Type=\"/worksheet\" Target=\"s.xml\"/>"
                                "<Relationship Id=\"b\" Type=\"/sharedStrings\" Target=\"t.xml\"/>"
                                "<Relationship Id=\"c\" Type=\"/styles\" Target=\"f.xml\"/></Relationships>";
static const char STRINGS[] = "<sst><si><t>Tracking Number</t></si><si><t>Green tea</t></si></sst>";
static const char STYLES[] =
    "<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/><xf numFmtId=\"21\"/></cellXfs></styleSheet>";
static const char SHEET[] = "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row><row><c s=\"1\"><v>46350</v></c>"
                            "<c s=\"2\"><v>0.5</v></c><c t=\"s\"><v>1</v></c></row></sheetData></worksheet>";

/* Which part the letter stands for; 0: none. */
static size_t index_of(uint8_t letter)
{
    static const char letters[] = "?brtfs";
    const char *found = letter == 0 ? NULL : strchr(letters, letter);
    return found == NULL ? 0 : (size_t)(found - letters);
}

static void read_workbook(const gl_mappings *mappings, gl_str bytes)
{
    gl_arena *arena = gl_arena_new(0);
    gl_message message;
    gl_err err = {0};
    gl_message_source source = {.bytes = bytes, .name = GL_STR(""), .limit_bytes = LIMIT_BYTES};
    if (gl_message_open(&message, &source, &err)) {
        MUST(message.whole.format == GL_FORMAT_XLSX && message.bytes.len > 0);
        must_read(gl_message_reader(arena, mappings, GL_STR("parcels"), &message, 0, 0, &err), message.bytes, &err);
    } else {
        MUST(err.action == GL_DEAD_LETTER && message.part_count == 0);
    }
    gl_message_close(&message);
    gl_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gl_mappings *mappings;
    test_entry entries[] = {{"[Content_Types].xml", "<Types/>"},
                            {"xl/workbook.xml", BOOK},
                            {"xl/_rels/workbook.xml.rels", RELATIONS},
                            {"xl/t.xml", STRINGS},
                            {"xl/f.xml", STYLES},
                            {"xl/s.xml", SHEET},
                            {NULL, NULL}};
    gl_err err = {0};
    if (mappings == NULL)
        mappings = gl_mappings_load(GL_SOURCE_DIR "/config/mappings", &err);
    MUST(mappings != NULL);
    size_t index = size == 0 ? 0 : index_of(data[0]);
    fuzz_read(mappings, GL_FORMAT_XLSX, "parcels", data, size);
    if (index == 0 || size == 1)
        return 0;
    char *text = strndup((const char *)data + 1, size - 1);
    MUST(text != NULL);
    entries[index].text = text;
    gl_buf bytes = test_zip(entries);
    read_workbook(mappings, gl_buf_view(&bytes));
    gl_buf_free(&bytes);
    free(text);
    return 0;
}
