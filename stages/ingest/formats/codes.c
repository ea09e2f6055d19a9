/* See codes.h. */
#include "ingest/formats/codes.h"

#include "ingest/formats/ens/ens_rules.h"
#include "ingest/validate.h"

const gl_report_code gl_report_codes[] = {
    {"amendment-not-supported", "It says by pointers what changes in a declaration made before; an amendment is the "
                                "whole declaration, with function code 4"},
    {"cell-error", "XLSX: a cell holds an error (`#N/A`), or a formula without its value"},
    {"character-set", "EDIFACT: a character that the interchange's set does not have"},
    {"code-out-of-date", "A code of a list (config/code_lists) that is not valid yet, or no longer"},
    {"conflicting-fields",
     "Events: two fields name the declaration, and one is enough; or a field belongs to events of other types"},
    {"conflicting-rows", "CSV, XLSX: rows of one declaration say different things about the declaration"},
    {"control-character", "A text holds a control character other than tab and line break"},
    {"control-count", "EDIFACT: a trailer says another number than there is"},
    {"control-reference", "EDIFACT: a trailer has another reference than its header"},
    {"control-reference-repeated", "EDIFACT: two messages of an interchange have the same reference"},
    {"decimal-notation", "EDIFACT: a digit is missing beside the decimal mark"},
    {"dtd-refused", "XML: a document type declaration; nothing of it is read"},
    {"duplicate-column", "CSV, XLSX: the header has a column twice"},
    {"duplicate-element", "XML, EDIFACT: an element that may be there once is there again"},
    {"duplicate-field", "JSON: an object has a field twice"},
    {"duplicate-sequence", "Two items have the same number"},
    {"element-characters", "EDIFACT: letters where the directory wants digits, or digits where it wants letters"},
    {"element-missing", "EDIFACT: an element that the directory wants is not there"},
    {"element-order", "XML: an element comes behind one that it belongs before"},
    {"element-too-long", "EDIFACT: an element is longer than the directory allows"},
    {"element-too-short", "EDIFACT: an element is shorter than the directory wants"},
    {"element-unexpected", "EDIFACT: more elements or components than the directory has"},
    {"encoding", "Bytes that are not of the encoding"},
    {"group-repeated", "EDIFACT: a segment group is there more often than the message takes it"},
    {"interchange-empty", "EDIFACT: an interchange without messages"},
    {"invalid-code", "A code that does not have its form, or is not in its list"},
    {"invalid-date", "No date, or one that does not exist"},
    {"invalid-number", "No number of the form that is expected"},
    {"item-count", "The declared number of items is another one"},
    {"message-unknown", "EDIFACT: not a type or a release of messages that is read"},
    {"missing", "Something that is required is not there"},
    {"missing-column", "CSV, XLSX: a column of the mapping is not in the file"},
    {"negative", "An amount or a quantity below zero"},
    {"net-above-gross", "Net mass above gross mass"},
    {"not-a-declaration", "The message is something else; the text says what"},
    {"not-supported", "A message about a declaration that is not taken yet: goods presentation, requests"},
    {"not-text", "Rulings on descriptions: the description has no word"},
    {"not-well-formed", "It breaks the rules of JSON, CSV or XML"},
    {"out-of-range", "A number that is too small or too large"},
    {"segment-joined", "EDIFACT: the tag of a segment stands at the end of a value, and UNT counts more segments"},
    {"segment-misplaced", "EDIFACT: the message has no such segment at this place"},
    {"segment-missing", "EDIFACT: a segment that must be there is not; it is missing behind the one that is named"},
    {"segment-outside-message", "EDIFACT: a segment outside of a message"},
    {"segment-repeated", "EDIFACT: a segment is there more often than the message takes it"},
    {"segment-unknown", "EDIFACT: the directory has no such segment"},
    {"segment-unread", "EDIFACT: a segment that the mapping does not read at this place"},
    {"service-characters", "EDIFACT: UNA is not followed by UNB, or its characters are not six different ones"},
    {"several-declarations", "XML and credentials: one document holds one declaration"},
    {"syntax-unknown", "EDIFACT: not a character set or a version of the syntax that is read"},
    {"too-deep", "Nested deeper than the limit"},
    {"too-large", "Larger than a limit"},
    {"too-long", "A text with more characters than its field takes"},
    {"too-many-errors", "The list of errors ends here; there are more"},
    {"too-many-items", "More than 9,999 items"},
    {"unexpected-text", "XML: text between elements; it is not read"},
    {"unknown-attribute", "XML: an attribute that no element of the message has"},
    {"unknown-code", "A code that is not in its list (config/code_lists); the hint says what may be meant"},
    {"unknown-column", "CSV, XLSX: a column that is neither mapped nor ignored"},
    {"unknown-element", "XML: an element nobody knows at this place; it is not read"},
    {"unknown-field", "JSON: a field that does not exist"},
    {"wrong-cell-count", "CSV, XLSX: a row with more or fewer cells than the header"},
    {"wrong-type", "A value of another type than the field's"},
};
const size_t gl_report_code_count = sizeof gl_report_codes / sizeof *gl_report_codes;

const gl_report_code gl_message_codes[] = {
    {"account-unknown", "Topics: a record that names no account that is configured; it is a dead letter"},
    {"intake-compression", "zip: an entry is compressed in another way than deflate"},
    {"intake-damaged", "gzip, zip, XLSX: it ends too early, a checksum is wrong, or it is something else"},
    {"intake-empty", "There is nothing in it"},
    {"intake-encrypted", "zip: an entry needs a password"},
    {"intake-entry-name", "zip: an entry with an absolute path, \"..\", backslashes, control characters, no name, or "
                          "the name of another"},
    {"intake-format-unknown", "None of the formats above"},
    {"intake-nested-archive", "gzip, zip: what is packed is packed again"},
    {"intake-profile-required", "It is read by a mapping, and none is named"},
    {"intake-profile-unknown", "No mapping of this name"},
    {"intake-ratio", "gzip, zip: it unpacks to more than 200 times its size, and more than 1 MiB"},
    {"intake-sheet-unknown", "XLSX: the workbook has no sheet of the name that the mapping gives"},
    {"intake-too-large", "It has, or unpacks to, more bytes than the limit"},
    {"intake-too-many-entries", "zip: more than 1,000 entries"},
    {"output-too-large", "What is made of it, or what is wrong with it, takes more than a record or an answer holds"},
    {"too-many-declarations", "More than 20,000 declarations or events in one request or record"},
    {"watch-file-too-large", "A file of more than `ingest.message_limit`"},
};
const size_t gl_message_code_count = sizeof gl_message_codes / sizeof *gl_message_codes;

static const struct {
    const char *code, *validation_code;
} validation_codes[] = {
    {"amendment-not-supported", "GL-AMEND"},
    {"cell-error", "GL-CELL"},
    {"character-set", "GL-CHSET"},
    {"code-out-of-date", "GL-DATED"},
    {"conflicting-fields", "GL-CONFL"},
    {"conflicting-rows", "GL-ROWS"},
    {"control-character", "GL-CTRL"},
    {"control-count", "GL-CCNT"},
    {"control-reference", "GL-CREF"},
    {"control-reference-repeated", "GL-CREP"},
    {"decimal-notation", "GL-DECIM"},
    {"declaration-too-large", "GL-SIZE"},
    {"dtd-refused", "GL-DTD"},
    {"duplicate-column", "GL-DCOL"},
    {"duplicate-element", "GL-DELEM"},
    {"duplicate-field", "GL-DFLD"},
    {"duplicate-sequence", "GL-DSEQ"},
    {"element-characters", "GL-ECHAR"},
    {"element-missing", "GL-EMISS"},
    {"element-order", "GL-ORDER"},
    {"element-too-long", "GL-ELONG"},
    {"element-too-short", "GL-ESHRT"},
    {"element-unexpected", "GL-EMORE"},
    {"encoding", "GL-ENC"},
    {"group-repeated", "GL-GREP"},
    {"intake-compression", "GL-COMPR"},
    {"intake-damaged", "GL-DAMGD"},
    {"intake-empty", "GL-EMPTY"},
    {"intake-encrypted", "GL-CRYPT"},
    {"intake-entry-name", "GL-ENTRY"},
    {"intake-format-unknown", "GL-FORM"},
    {"intake-nested-archive", "GL-NEST"},
    {"intake-profile-required", "GL-NOPRO"},
    {"intake-profile-unknown", "GL-UPRO"},
    {"intake-ratio", "GL-RATIO"},
    {"intake-sheet-unknown", "GL-SHEET"},
    {"intake-too-large", "GL-BYTES"},
    {"intake-too-many-entries", "GL-MANYF"},
    {"interchange-empty", "GL-INTER"},
    {"invalid-code", "GL-CODE"},
    {"invalid-date", "GL-DATE"},
    {"invalid-number", "GL-NUM"},
    {"item-count", "GL-COUNT"},
    {"lrn-reused", "GL-LRN"},
    {"message-unknown", "GL-MSG"},
    {"missing", "GL-MISS"},
    {"missing-column", "GL-MCOL"},
    {"mrn-unknown", "GL-MRN"},
    {"negative", "GL-NEG"},
    {"net-above-gross", "GL-NET"},
    {"not-a-declaration", "GL-NODEC"},
    {"not-supported", "GL-NSUP"},
    {"not-text", "GL-NTEXT"},
    {"not-well-formed", "GL-WELL"},
    {"out-of-range", "GL-RANGE"},
    {"segment-joined", "GL-SJOIN"},
    {"segment-misplaced", "GL-SPLAC"},
    {"segment-missing", "GL-SMISS"},
    {"segment-outside-message", "GL-SOUT"},
    {"segment-repeated", "GL-SREP"},
    {"segment-unknown", "GL-SUNKN"},
    {"segment-unread", "GL-SUNRD"},
    {"service-characters", "GL-UNA"},
    {"several-declarations", "GL-SEVRL"},
    {"syntax-unknown", "GL-SYNTX"},
    {"too-deep", "GL-DEEP"},
    {"too-large", "GL-LARGE"},
    {"too-long", "GL-LONG"},
    {"too-many-errors", "GL-MANYE"},
    {"too-many-items", "GL-MANYI"},
    {"unexpected-text", "GL-TEXT"},
    {"unknown-attribute", "GL-UATTR"},
    {"unknown-code", "GL-UCODE"},
    {"unknown-column", "GL-UCOL"},
    {"unknown-element", "GL-UELEM"},
    {"unknown-field", "GL-UFLD"},
    {"view-rebuilding", "GL-VIEW"},
    {"watch-file-too-large", "GL-FILE"},
    {"wrong-cell-count", "GL-CELLS"},
    {"wrong-type", "GL-TYPE"},
};

const char *gl_validation_code(gl_str code)
{
    for (size_t i = 0; i < sizeof validation_codes / sizeof *validation_codes; i++)
        if (gl_str_eqz(code, validation_codes[i].code))
            return validation_codes[i].validation_code;
    const char *number = "GL-OTHER", *condition = "";
    gl_ens_fault fault;
    return gl_ens_rule_of(code, &number, &condition, &fault) ? number : "GL-OTHER";
}

static void code_row(gl_buf *buf, const gl_report_code *code)
{
    gl_str name = gl_str_of(code->code);
    gl_buf_printf(buf, "| `%.*s` | %s | %s |\n", GL_STR_ARG(name), gl_validation_code(name), code->help);
}

void gl_codes_document(gl_buf *buf)
{
    gl_buf_text(buf, "| code | in WCO responses | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < gl_report_code_count; i++)
        code_row(buf, &gl_report_codes[i]);
    gl_buf_text(buf, "\nWhat refuses a message as a whole, or an entry of an archive:\n\n"
                     "| code | in WCO responses | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < gl_message_code_count; i++)
        code_row(buf, &gl_message_codes[i]);
    gl_buf_text(buf, "\nRules over more than one field:\n\n| code | severity | holds when |\n|---|---|---|\n");
    for (size_t i = 0; i < gl_rule_count; i++)
        gl_buf_printf(buf, "| `%s` | %s | %s |\n", gl_rules[i].code, gl_rules[i].warning ? "warning" : "error",
                      gl_rules[i].what);
}
