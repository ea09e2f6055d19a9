/* Workbooks: every kind of cell, the places of errors, and what is refused. */
#include "ingest/formats/pack/message.h"
#include "ingest/formats/test_read.h"
#include "ingest/formats/xlsx/number.h"
#include "ingest/formats/xlsx/sheet.h"
#include "io/test_pack.h"

enum { LIMIT_BYTES = 1 << 20 };

#define MAIN              "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define RELATIONS         "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define SHEET(rows)       "<?xml version=\"1.0\"?><worksheet " MAIN "><sheetData>" rows "</sheetData></worksheet>"
#define TEXT(place, text) "<c r=\"" place "\" t=\"inlineStr\"><is><t>" text "</t></is></c>"

/* What a test changes; NULL: as it is below. */
typedef struct parts {
    const char *book, *relations, *strings, *styles, *first, *second;
} parts;

static const char BOOK[] = "<workbook " MAIN " xmlns:r=\"" RELATIONS "\"><sheets><sheet name=\"Parcels\" sheetId=\"1\" "
                           "r:id=\"rId1\"/><sheet name=\"Old &amp; new; 50%\" sheetId=\"2\" r:id=\"rId2\"/></sheets>"
                           "</workbook>";
static const char BOOK_1904[] = "<workbook " MAIN " xmlns:r=\"" RELATIONS "\"><workbookPr date1904=\"1\"/><sheets>"
                                "<sheet name=\"Parcels\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
static const char RELS[] =
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    "<Relationship Id=\"rId1\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
    "<Relationship Id=\"rId2\" Type=\"" RELATIONS "/worksheet\" Target=\"/xl/worksheets/sheet2.xml\"/>"
    "<Relationship Id=\"rId3\" Type=\"" RELATIONS "/sharedStrings\" Target=\"sharedStrings.xml\"/>"
    "<Relationship Id=\"rId4\" Type=\"" RELATIONS "/styles\" Target=\"styles.xml\"/></Relationships>";
static const char STRINGS[] =
    "<sst " MAIN "><si><t>Green tea</t></si><si><r><t>Bla</t></r><r><t xml:space=\"preserve\">ck "
    "tea</t></r><rPh sb=\"0\" eb=\"1\"><t>no</t></rPh></si></sst>";
/* 0 general, 1 a date, 2 ten digits, 3 date and time, 4 a date of their own */
static const char STYLES[] =
    "<styleSheet " MAIN "><numFmts count=\"2\"><numFmt numFmtId=\"164\" formatCode=\"0000000000\"/><numFmt "
    "numFmtId=\"165\" formatCode=\"[$-407]dd/mm/yyyy;@\"/></numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"
    "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"22\"/><xf "
    "numFmtId=\"165\"/>"
    "</cellXfs></styleSheet>";

static gl_buf workbook(const parts *p)
{
    static const char empty[] = SHEET("");
    const test_entry entries[] = {{"[Content_Types].xml", "<Types/>"},
                                  {"xl/workbook.xml", p->book == NULL ? BOOK : p->book},
                                  {"xl/_rels/workbook.xml.rels", p->relations == NULL ? RELS : p->relations},
                                  {"xl/sharedStrings.xml", p->strings == NULL ? STRINGS : p->strings},
                                  {"xl/styles.xml", p->styles == NULL ? STYLES : p->styles},
                                  {"xl/worksheets/sheet1.xml", p->first == NULL ? empty : p->first},
                                  {"xl/worksheets/sheet2.xml", p->second == NULL ? empty : p->second},
                                  {"xl/media/image1.png", "\x89PNG"},
                                  {NULL, NULL}};
    return test_zip(entries);
}

/* The rows that a workbook becomes; NULL and the code in `err` when it is refused. To be freed. */
static char *rows_of(const parts *p, gl_err *err)
{
    gl_buf bytes = workbook(p);
    gl_message message;
    gl_message_source source = {.bytes = gl_buf_view(&bytes), .name = GL_STR(""), .limit_bytes = LIMIT_BYTES};
    *err = (gl_err){0};
    bool good = gl_message_open(&message, &source, err);
    cr_assert(!good || message.whole.format == GL_FORMAT_XLSX);
    char *rows = good ? strndup(message.bytes.ptr, message.bytes.len) : NULL;
    gl_message_close(&message);
    gl_buf_free(&bytes);
    return rows;
}

static void expect_rows(const parts *p, const char *want)
{
    gl_err err;
    char *rows = rows_of(p, &err);
    cr_assert_not_null(rows, "%s: %s", err.code, err.message);
    cr_assert_str_eq(rows, want);
    free(rows);
}

Test(workbook, every_kind_of_cell_becomes_what_it_shows)
{
    static const char sheet[] =
        SHEET("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c><c r=\"B2\" t=\"s\"><v>1</v></c>" TEXT(
            "D2",
            "a\tb\\c") "<c r=\"E2\" t=\"str\"><f>A2&amp;B2</f><v>x &lt; y</v></c><c r=\"AB2\"><v>12.50</v></c></row>"
                       "<row r=\"3\"><c r=\"A3\" s=\"1\"/><c r=\"B3\" t=\"inlineStr\"><is><t>  </t></is></c></row>"
                       "<row><c t=\"b\"><v>1</v></c><c t=\"b\"><v>0</v></c><c t=\"e\"><v>#N/A</v></c><c><f>1+1</f></c>"
                       "<c><f>1+1</f><v>2</v></c><c t=\"d\"><v>2026-11-24</v></c></row>"
                       "<row r=\"9\"><c s=\"1\"><v>46350</v></c><c s=\"2\"><v>90240</v></c><c "
                       "s=\"3\"><v>46350.25</v></c>"
                       "<c s=\"4\"><v>46350.75</v></c><c><v>12.949999999999999</v></c><c><v>1.1E-2</v></c></row>");
    expect_rows(&(parts){.first = sheet},
                "SParcels\n"
                "R2\tt1:Green tea\tt2:Black tea\tt4:a\\tb\\\\c\tt5:x < y\tn28:12.50\n"
                "R4\tb1:true\tb2:false\te3:#N/A\tf4:\tn5:2\td6:2026-11-24\n"
                "R9\td1:2026-11-24\tn2:0000090240\td3:2026-11-24T06:00:00\td4:2026-11-24\tn5:12.95\tn6:0.011\n"
                "SOld & new; 50%\n");
}

Test(workbook, days_are_counted_from_1904_where_it_says_so)
{
    expect_rows(&(parts){.book = BOOK_1904, .first = SHEET("<row><c s=\"1\"><v>44888</v></c></row>")},
                "SParcels\nR1\td1:2026-11-24\n");
}

static void expect_number(const char *text, gl_number_style style, const char *want, bool date)
{
    gl_buf out = {0};
    bool is_date = gl_number_put(&out, gl_str_of(text), style, false);
    cr_assert(gl_str_eqz(gl_buf_view(&out), want), "%s is %.*s", text, GL_STR_ARG(gl_buf_view(&out)));
    cr_assert_eq(is_date, date, "%s", text);
    gl_buf_free(&out);
}

Test(number, is_written_as_it_is_shown)
{
    static const gl_number_style plain = {GL_NUMBER_PLAIN, 0}, padded = {GL_NUMBER_PADDED, 6};
    static const char *const cases[][2] = {{"0", "0"},
                                           {"-7.50", "-7.50"},
                                           {"0.30000000000000004", "0.3"},
                                           {"1E3", "1000"},
                                           {"1.5e-7", "0.00000015"},
                                           {"6205200000", "6205200000"},
                                           {"1E+300", "1E+300"},
                                           {"12345678901234567", "12345678901234568"},
                                           {"nan", "nan"},
                                           {"1.2.3", "1.2.3"},
                                           {"", ""},
                                           {"0x10", "0x10"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_number(cases[i][0], plain, cases[i][1], false);
    expect_number("90240", padded, "090240", false);
    expect_number("1.5", padded, "1.5", false);
    expect_number("-1", padded, "-1", false);
}

Test(number, a_day_that_the_calendar_has_not_is_no_day)
{
    static const gl_number_style date = {GL_NUMBER_DATE, 0}, both = {GL_NUMBER_DATE_TIME, 0},
                                 time = {GL_NUMBER_TIME, 0};
    expect_number("1", date, "1900-01-01", true);
    expect_number("59", date, "1900-02-28", true);
    expect_number("60", date, "1900-02-29", true); /* is refused where it is set: that day never was */
    expect_number("61", date, "1900-03-01", true);
    expect_number("2958465", date, "9999-12-31", true);
    expect_number("2958466", date, "2958466", false);
    expect_number("-1", date, "-1", false);
    expect_number("0", date, "0", false);
    expect_number("46350.999999", both, "2026-11-25", true);
    expect_number("46350.5", both, "2026-11-24T12:00:00", true);
    expect_number("0.5", time, "12:00:00", true);
}

Test(number, formats_say_what_a_number_is)
{
    static const struct {
        const char *code;
        gl_number_kind kind;
    } cases[] = {{"General", GL_NUMBER_PLAIN},
                 {"0.00", GL_NUMBER_PLAIN},
                 {"#,##0.00 \"days\"", GL_NUMBER_PLAIN},
                 {"[Red]0;[Yellow]-0", GL_NUMBER_PLAIN},
                 {"0\\d", GL_NUMBER_PLAIN},
                 {"0.00E+00", GL_NUMBER_PLAIN},
                 {"[h]:mm", GL_NUMBER_PLAIN},
                 {"000000", GL_NUMBER_PADDED},
                 {"0", GL_NUMBER_PLAIN},
                 {"yyyy-mm-dd", GL_NUMBER_DATE},
                 {"[$-809]d mmmm yyyy;@", GL_NUMBER_DATE},
                 {"mmm-yy", GL_NUMBER_DATE},
                 {"dd.mm.yyyy hh:mm", GL_NUMBER_DATE_TIME},
                 {"h:mm AM/PM", GL_NUMBER_TIME},
                 {"\"unfinished", GL_NUMBER_PLAIN},
                 {"0\\", GL_NUMBER_PLAIN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(gl_number_style_of(gl_str_of(cases[i].code)).kind, cases[i].kind, "%s", cases[i].code);
    cr_assert_eq(gl_number_style_built_in(14).kind, GL_NUMBER_DATE);
    cr_assert_eq(gl_number_style_built_in(21).kind, GL_NUMBER_TIME);
    cr_assert_eq(gl_number_style_built_in(49).kind, GL_NUMBER_PLAIN);
}

Test(workbook, what_is_not_as_it_should_be_is_refused)
{
    static const char dtd[] = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><worksheet><sheetData/></worksheet>";
    static const parts cases[] = {
        {.first = SHEET("<row r=\"2\"/><row r=\"2\"/>")},
        {.first = SHEET("<row r=\"2\"/><row r=\"1\"/>")},
        {.first = SHEET("<row r=\"0\"/>")},
        {.first = SHEET("<row r=\"1048577\"/>")},
        {.first = SHEET("<row r=\"1\"><c r=\"B1\"/><c r=\"B1\"/></row>")},
        {.first = SHEET("<row r=\"1\"><c r=\"B2\"/></row>")},
        {.first = SHEET("<row r=\"1\"><c r=\"XFE1\"/></row>")},
        {.first = SHEET("<row r=\"1\"><c r=\"1\"/></row>")},
        {.first = SHEET("<row r=\"1\"><c t=\"s\"><v>2</v></c></row>")},
        {.first = SHEET("<row r=\"1\"><c t=\"s\"><v>-1</v></c></row>")},
        {.first = "<worksheet><sheetData>"},
        {.first = dtd},
        {.strings = dtd},
        {.book = dtd},
        {.book = "<workbook/>"},
        {.book = "<workbook><sheets><sheet name=\"\" id=\"rId1\"/></sheets></workbook>"},
        {.relations = "<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"../../etc/passwd\"/>"
                      "</Relationships>"},
        {.relations = "<Relationships/>"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_err err;
        char *rows = rows_of(&cases[i], &err);
        cr_assert_null(rows, "case %zu: %s", i, rows);
        cr_assert_str_eq(err.code, "intake-damaged", "case %zu: %s: %s", i, err.code, err.message);
    }
}

/* A shared string may be named by every cell. */
Test(workbook, what_a_few_strings_become_counts)
{
    gl_buf strings = {0}, sheet = {0};
    gl_err err;
    gl_buf_text(&strings, "<sst><si><t>");
    for (int i = 0; i < 3000; i++)
        gl_buf_text(&strings, "0123456789");
    gl_buf_text(&strings, "</t></si></sst>");
    gl_buf_byte(&strings, 0);
    gl_buf_text(&sheet, "<worksheet><sheetData>");
    for (int i = 0; i < 40; i++)
        gl_buf_text(&sheet, "<row><c t=\"s\"><v>0</v></c></row>");
    gl_buf_text(&sheet, "</sheetData></worksheet>");
    gl_buf_byte(&sheet, 0);
    parts p = {.strings = (const char *)strings.data, .first = (const char *)sheet.data};
    cr_assert_null(rows_of(&p, &err));
    cr_assert(strcmp(err.code, "intake-too-large") == 0 || strcmp(err.code, "intake-ratio") == 0, "%s", err.code);
    gl_buf_free(&strings);
    gl_buf_free(&sheet);
}

/* Blanks between cells are XML too, and nobody's data. */
Test(workbook, its_xml_may_be_four_times_what_is_kept)
{
    static char sheet[5 * LIMIT_BYTES], noise[5 * LIMIT_BYTES / 8 * 7];
    uint32_t random = 1;
    gl_err err;
    for (size_t i = 0; i + 1 < sizeof noise; i++) { /* that does not pack well */
        random = random * 1664525 + 1013904223;
        noise[i] = (char)('a' + random % 13 + random % 11);
    }
    snprintf(sheet, sizeof sheet, "<worksheet><!--%.*s--><sheetData/></worksheet>", 2 * LIMIT_BYTES, noise);
    char *rows = rows_of(&(parts){.first = sheet}, &err);
    cr_assert_not_null(rows, "%s", err.message);
    free(rows);
    snprintf(sheet, sizeof sheet, "<worksheet><!--%s--><sheetData/></worksheet>", noise);
    cr_assert_null(rows_of(&(parts){.first = sheet}, &err));
    cr_assert_str_eq(err.code, "intake-too-large", "%s: %s", err.code, err.message);
}

Test(sheet, columns_have_letters)
{
    static const struct {
        size_t column;
        const char *letters;
    } cases[] = {{1, "A"}, {26, "Z"}, {27, "AA"}, {52, "AZ"}, {702, "ZZ"}, {703, "AAA"}, {16384, "XFD"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gl_buf out = {0};
        gl_sheet_put_column(&out, cases[i].column);
        cr_assert(gl_str_eqz(gl_buf_view(&out), cases[i].letters));
        gl_buf_free(&out);
    }
}

/* ---- by a mapping ---- */

static const char MAPPING[] = "version: 1\ngroup: true\nlrn: Ref\n"
                              "constants: {family: IMPORT, type_code: IMA}\n"
                              "columns:\n"
                              "  Ref: documents.REFERENCE.id\n"
                              "  Arrival: {field: declared_date, date: DD.MM.YYYY}\n"
                              "  Goods: items.description\n"
                              "  Code: items.commodity_code\n"
                              "  Value: {field: items.item_charge_amount, currency: EUR, decimal: \",\"}\n";

#define ROW_OF(n, ref, arrival, goods, code, value)                                                                    \
    "<row r=\"" n "\">" TEXT("A" n, ref) arrival TEXT("C" n, goods) "<c r=\"D" n "\" s=\"2\"><v>" code                 \
                                                                    "</v></c>" value "</row>"
#define HEAD                                                                                                           \
    "<row r=\"3\">" TEXT("A3", "Ref") TEXT("B3", "Arrival") TEXT("C3", "Goods") TEXT("D3", "Code")                     \
        TEXT("E3", "Value") "</row>"

static const char DAY[] = SHEET(
    HEAD ROW_OF("4", "A-1", "<c r=\"B4\" s=\"1\"><v>46350</v></c>", "tea", "902100000", "<c r=\"E4\"><v>12.5</v></c>")
        ROW_OF("5", "A-1", "<c r=\"B5\" s=\"1\"><v>46350</v></c>", "cups", "6911100000", TEXT("E5", "3,20")) ROW_OF(
            "7", "A-2", "<c r=\"B7\"><v>46350</v></c>", "jam", "2007100000", "<c r=\"E7\" t=\"e\"><v>#REF!</v></c>")
            ROW_OF("8", "A-3", TEXT("B8", "24.11.2026"), "oil", "1509100000", "<c r=\"E8\"><f>D1</f></c>")
                ROW_OF("9", "A-4", "", "salt", "2501000000", TEXT("G9", "note")));

typedef struct reading {
    gl_arena *arena;
    gl_mappings *mappings;
    gl_buf bytes;
    gl_message message;
    gl_err err;
    size_t count;
    gl_intake at[16];
} reading;

static void read_on(reading *r, size_t offset, int64_t position)
{
    gl_reader *reader = gl_message_reader(r->arena, r->mappings, GL_STR("own"), &r->message, offset, position, &r->err);
    r->count = 0;
    while (reader != NULL && r->count < 16 && gl_reader_next(reader, r->arena, &r->at[r->count]))
        r->count++;
    gl_reader_close(reader);
}

static reading *read_workbook(const parts *p, const char *mapping)
{
    reading *r = calloc(1, sizeof *r);
    cr_assert_not_null(r);
    char dir[] = "/tmp/gl-xlsx-XXXXXX", path[64];
    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/own.yaml", dir);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && fputs(mapping, file) >= 0 && fclose(file) == 0);
    r->mappings = gl_mappings_load(dir, &r->err);
    cr_assert(r->mappings != NULL, "%s", r->err.message);
    remove(path);
    remove(dir);
    r->arena = gl_arena_new(0);
    r->bytes = workbook(p);
    gl_message_source source = {
        .bytes = gl_buf_view(&r->bytes), .name = GL_STR("day.xlsx"), .limit_bytes = LIMIT_BYTES};
    cr_assert(gl_message_open(&r->message, &source, &r->err), "%s", r->err.message);
    read_on(r, 0, 0);
    return r;
}

static void reading_free(reading *r)
{
    gl_message_close(&r->message);
    gl_buf_free(&r->bytes);
    gl_mappings_destroy(r->mappings);
    gl_arena_destroy(r->arena);
    free(r);
}

Test(xlsx, rows_are_read_by_a_mapping_and_errors_name_sheet_and_cell)
{
    reading *r = read_workbook(&(parts){.first = DAY}, MAPPING);
    cr_assert_eq(r->count, 4, "%zu", r->count);
    expect_accepted(&r->at[0]);
    const gl_declaration *d = &r->at[0].declaration;
    cr_assert_eq(d->items.count, 2);
    cr_assert(gl_str_eqz(d->items.at[0].commodity_code, "0902100000"));
    cr_assert_eq(d->items.at[0].item_charge_amount->unscaled, 125);
    cr_assert_eq(d->items.at[1].item_charge_amount->unscaled, 320);
    cr_assert_eq(d->declared_date.value, 20781); /* 2026-11-24 */
    cr_assert(gl_str_eqz(d->message.format, "xlsx"));
    expect_error(&r->at[1], "invalid-date", "sheet=Parcels;cell=B7", "46350");
    expect_error(&r->at[1], "cell-error", "sheet=Parcels;cell=E7", "#REF!");
    expect_error(&r->at[2], "cell-error", "sheet=Parcels;cell=E8", "");
    expect_error(&r->at[3], "wrong-cell-count", "sheet=Parcels;row=9", NULL);
    gl_intake all[4];
    memcpy(all, r->at, sizeof all);
    for (size_t from = 1; from <= 4; from++) {
        read_on(r, all[from - 1].next_offset, (int64_t)from + 1);
        cr_assert_eq(r->count, 4 - from);
        for (size_t i = 0; i < r->count; i++) {
            cr_assert_eq(r->at[i].source.ptr, all[from + i].source.ptr);
            cr_assert_eq(r->at[i].error_count, all[from + i].error_count);
            cr_assert(r->at[i].error_count == 0 ||
                      gl_str_eq(r->at[i].errors[0].pointer, all[from + i].errors[0].pointer));
        }
    }
    reading_free(r);
}

Test(xlsx, a_cell_that_is_too_long_refuses_its_row)
{
    static char sheet[3 * GL_CSV_LIMIT_CELL_BYTES], text[2 * GL_CSV_LIMIT_CELL_BYTES];
    memset(text, 'x', sizeof text - 1);
    snprintf(sheet, sizeof sheet,
             "<worksheet><sheetData>" HEAD "<row>" TEXT("A4", "A-1") TEXT("C4", "%s") "</row></sheetData></worksheet>",
             text);
    reading *r = read_workbook(&(parts){.first = sheet}, MAPPING);
    cr_assert_eq(r->count, 1);
    cr_assert_not_null(find_error(&r->at[0], "too-large", "sheet=Parcels;row=4"));
    reading_free(r);
}

Test(xlsx, the_mapping_may_name_the_sheet)
{
    static const char second[] = SHEET("<row r=\"1\">" TEXT("A1", "Ref") TEXT("B1", "Goods") TEXT(
        "C1", "Other") "</row><row r=\"2\">" TEXT("A2", "B-1") TEXT("B2", "tea") "</row>");
    static const char named[] =
        "version: 1\nlrn: Ref\nsheet: 'Old & new; 50%'\nconstants: {family: IMPORT, type_code: IMA}\n"
        "columns:\n  Ref: documents.REFERENCE.id\n  Goods: items.description\n";
    static const char other[] = "version: 1\nlrn: Ref\nsheet: Nowhere\nconstants: {family: IMPORT, type_code: IMA}\n"
                                "columns:\n  Ref: documents.REFERENCE.id\n  Goods: items.description\n";
    reading *r = read_workbook(&(parts){.first = DAY, .second = second}, named);
    cr_assert_eq(r->count, 1);
    expect_error(&r->at[0], "unknown-column", "sheet=Old & new%3B 50%25;cell=C1", "Other");
    reading_free(r);
    r = read_workbook(&(parts){.first = DAY, .second = second}, other);
    cr_assert_eq(r->count, 0);
    cr_assert_str_eq(r->err.code, "intake-sheet-unknown");
    cr_assert_not_null(strstr(r->err.message, "Parcels, Old & new; 50%"), "%s", r->err.message);
    reading_free(r);
    r = read_workbook(&(parts){.second = second}, MAPPING);
    cr_assert_str_eq(r->err.code, "intake-empty");
    reading_free(r);
}

Test(xlsx, a_hidden_sheet_is_not_the_first)
{
    static const char book[] = "<workbook><sheets><sheet name=\"Lists\" id=\"rId2\" state=\"hidden\"/>"
                               "<sheet name=\"Day\" id=\"rId1\"/></sheets></workbook>";
    reading *r = read_workbook(&(parts){.book = book, .first = DAY}, MAPPING);
    cr_assert_eq(r->count, 4);
    cr_assert(gl_str_eqz(r->at[3].errors[0].pointer, "sheet=Day;row=9"));
    reading_free(r);
}

/* In an archive or as gzip data it is what it is alone. */
Test(xlsx, a_workbook_may_be_packed)
{
    gl_buf book = workbook(&(parts){.first = DAY}), gzip = test_gzip(gl_buf_view(&book));
    gl_message message;
    gl_err err = {0};
    gl_message_source source = {.bytes = gl_buf_view(&gzip), .name = GL_STR("day.xlsx.gz"), .limit_bytes = LIMIT_BYTES};
    cr_assert(gl_message_open(&message, &source, &err), "%s", err.message);
    cr_assert_eq(message.whole.format, GL_FORMAT_XLSX);
    cr_assert(gl_str_starts(message.bytes, GL_STR("SParcels\n")));
    gl_message_close(&message);
    gl_buf_free(&book);
    gl_buf_free(&gzip);
}
