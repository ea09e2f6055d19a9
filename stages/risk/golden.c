/* See golden.h. */
#include "risk/golden.h"

#include "base/buf.h"
#include "customs/money.h"
#include "risk/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 11 };

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "golden.tsv: %s\n", what);
    abort();
}

static gl_str cut(gl_str *rest, char separator)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, separator, rest->len);
    gl_str field = {rest->ptr, end == NULL ? rest->len : (size_t)(end - rest->ptr)};
    size_t used = field.len + (end != NULL);
    *rest = (gl_str){rest->ptr + used, rest->len - used};
    return field;
}

/* "\N" is missing; "\xHH" is a byte. */
static gl_str unescape(gl_arena *arena, gl_str cell)
{
    gl_buf out = gl_buf_in(arena);
    if (gl_str_eqz(cell, "\\N"))
        return (gl_str){NULL, 0};
    gl_buf_reserve(&out, cell.len + 1);
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.ptr[i] != '\\') {
            gl_buf_byte(&out, (uint8_t)cell.ptr[i]);
            continue;
        }
        char hex[3] = {0};
        require(i + 3 < cell.len && cell.ptr[i + 1] == 'x', "an escape is \\N or \\xHH");
        memcpy(hex, cell.ptr + i + 2, 2);
        gl_buf_byte(&out, (uint8_t)strtoul(hex, NULL, 16));
        i += 3;
    }
    return gl_buf_view(&out);
}

static gl_decimal decimal(gl_str text)
{
    gl_decimal value;
    require(gl_decimal_parse(text, &value), "not a decimal number");
    return value;
}

gl_declaration_amount *gl_golden_amount(gl_arena *arena, const char *digits, const char *currency)
{
    gl_decimal value = decimal(gl_str_of(digits));
    gl_declaration_amount amount = {value.unscaled, value.scale, gl_str_of(currency)};
    return gl_arena_dup(arena, &amount, sizeof amount);
}

gl_declaration_measure *gl_golden_measure(gl_arena *arena, const char *digits, const char *unit)
{
    gl_decimal value = decimal(gl_str_of(digits));
    gl_declaration_measure measure = {value.unscaled, value.scale, gl_str_of(unit)};
    return gl_arena_dup(arena, &measure, sizeof measure);
}

static const char *text_or_null(gl_arena *arena, gl_str text)
{
    return text.ptr == NULL || text.len == 0 ? NULL : gl_arena_strndup(arena, text.ptr, text.len);
}

static void make_item(gl_arena *arena, gl_golden_case *c, gl_str cells[COLUMNS])
{
    gl_declaration_goods_item *item = GL_NEW(arena, gl_declaration_goods_item);
    gl_declaration_duty_tax_fee *fee = GL_NEW(arena, gl_declaration_duty_tax_fee);
    const char *rate = text_or_null(arena, unescape(arena, cells[5]));
    const char *mass = text_or_null(arena, unescape(arena, cells[6]));
    const char *price = text_or_null(arena, unescape(arena, cells[7]));
    item->sequence_numeric = 1;
    item->commodity_code = unescape(arena, cells[1]);
    item->dispatch_country_id = unescape(arena, cells[2]);
    item->origin_country_id = unescape(arena, cells[3]);
    fee->type_code = unescape(arena, cells[4]);
    if (rate != NULL) {
        gl_decimal value = decimal(gl_str_of(rate));
        fee->tax_rate_percent = GL_NEW(arena, gl_declaration_decimal);
        *fee->tax_rate_percent = (gl_declaration_decimal){value.unscaled, value.scale};
    }
    item->duty_tax_fees.at = fee;
    item->duty_tax_fees.count = 1;
    item->net_mass = mass == NULL ? NULL : gl_golden_measure(arena, mass, "KGM");
    item->item_charge_amount = price == NULL ? NULL : gl_golden_amount(arena, price, "KRW");
    c->decl.items.at = item;
    c->decl.items.count = 1;
}

static void read_expected(gl_arena *arena, gl_golden_case *c, gl_str bits, gl_str probability, gl_str ppm)
{
    uint64_t score = 0;
    while (bits.len > 0) {
        gl_str one = cut(&bits, ' ');
        require(one.len == 8 && c->feature_count < GL_GOLDEN_FEATURES, "a value has eight hex digits");
        c->bits[c->feature_count++] = (uint32_t)strtoul(gl_arena_strndup(arena, one.ptr, one.len), NULL, 16);
    }
    c->probability = strtof(gl_arena_strndup(arena, probability.ptr, probability.len), NULL);
    require(gl_str_to_u64(ppm, 1000000, &score), "not a score");
    c->score_ppm = (int32_t)score;
}

size_t gl_golden_load(gl_arena *arena, const char *path, gl_golden_case *cases)
{
    gl_buf content = gl_buf_in(arena);
    gl_err err = {0};
    size_t count = 0;
    require(gl_risk_read_file(path, 1 << 20, &content, &err), err.message);
    for (gl_str rest = gl_buf_view(&content); rest.len > 0;) {
        gl_str line = cut(&rest, '\n'), cells[COLUMNS];
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        for (size_t i = 0; i < COLUMNS; i++)
            cells[i] = cut(&line, '\t');
        require(count < GL_GOLDEN_LIMIT, "too many cases");
        gl_golden_case *c = &cases[count++];
        *c = (gl_golden_case){.name = cells[0]};
        make_item(arena, c, cells);
        read_expected(arena, c, cells[8], cells[9], cells[10]);
    }
    return count;
}
