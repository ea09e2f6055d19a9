/* Any bytes as rules; those that load are asked about a declaration. */
#include "ingest/checks/checks.h"
#include "ingest/formats/fuzz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char DECLARATION[] =
    "{\"functional_reference_id\":\"A\",\"family\":\"IMPORT\",\"type_code\":\"IMA\",\"data_set\":\"H7\","
    "\"declared_date\":\"2026-11-24\",\"total_gross_mass\":\"3\",\"goods_item_quantity\":2,\"ucr\":\"X\","
    "\"invoice_amount\":\"20 EUR\",\"parties\":[{\"role\":\"DECLARANT\",\"id\":\"DE1\"},{\"role\":\"FISCAL_REFERENCE\","
    "\"role_code\":\"FR5\",\"id\":\"IM0560000001\"}],\"transport_equipment_ids\":[\"CSQU3054384\"],\"items\":["
    "{\"commodity_code\":\"610910\",\"gross_mass\":\"2\",\"net_mass\":\"3\",\"item_charge_amount\":\"99 USD\","
    "\"additional_procedures\":[\"C07\",\"F48\"],\"packaging\":[{\"quantity\":3}]},{\"item_charge_amount\":\"99 "
    "EUR\"}]}";

static void ask(const gl_checks *checks)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_intake intake;
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_JSON, GL_STR(""), gl_str_of(DECLARATION), 0, 0, &err);
    MUST(reader != NULL);
    gl_reader_check(reader, checks, INT64_C(1795521600) * 1000000);
    MUST(gl_reader_next(reader, arena, &intake));
    must_be_errors(&intake);
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    gl_checks *checks = gl_checks_parse("fuzz.yaml", (gl_str){(const char *)data, size}, "",
                                        GL_STR("date: 2026-11-02\nbase: EUR\nrates: {USD: 0.5}\n"), &err);
    MUST((checks == NULL) == (err.code != NULL));
    if (checks != NULL)
        ask(checks);
    gl_checks_destroy(checks);
    return 0;
}
