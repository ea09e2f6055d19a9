/* Fuzz target: a tariff file, its format in the first byte: it is refused with a reason, or its lines are in order and
 * found again. */
#include "customs/tariff.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    const gl_tariff_line *lines;

    if (size == 0)
        return 0;
    gl_tariff *tariff = gl_tariff_parse(GL_STR("T"), (gl_tariff_format)(data[0] % GL_TARIFF_FORMATS),
                                        (gl_str){(const char *)data + 1, size - 1}, &err);
    if (tariff == NULL) {
        if (err.code == NULL || err.message[0] == '\0')
            abort();
        return 0;
    }
    size_t count = gl_tariff_under(tariff, (gl_str){"", 0}, &lines);
    if (count != gl_tariff_count(tariff).lines)
        abort();
    for (size_t i = 0; i < count; i++)
        if (gl_tariff_find(tariff, (gl_str){lines[i].code, lines[i].digits}) != &lines[i] ||
            (i > 0 && strcmp(lines[i - 1].code, lines[i].code) >= 0))
            abort();
    gl_tariff_destroy(tariff);
    return 0;
}
