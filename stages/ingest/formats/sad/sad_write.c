/* See sad_write.h. */
#include "ingest/formats/sad/sad_write.h"

#include "ingest/formats/cds/cds_write.h"
#include "ingest/formats/sad/sad_map.h"

/* Of other forms: the tariff's code in one piece, or in eight digits and two. */
static bool is_declared_code(const gl_declaration_commodity_classification *found, gl_str code)
{
    gl_str type = found->identification_type_code, id = found->id;
    if (type.len == 0 || gl_str_eqz(type, "TSP"))
        return gl_str_starts(code, id);
    return gl_str_eqz(type, "TRC") && id.len == 2 && code.len == 10 && memcmp(code.ptr + 8, id.ptr, 2) == 0;
}

/* The declared code as ASYCUDA divides it: eight digits and what is more. */
static void complete_item(gl_arena *arena, gl_declaration_goods_item *item)
{
    gl_str code = item->commodity_code;
    size_t count = 0, before = item->classifications.count;
    const gl_declaration_commodity_classification *old = item->classifications.at;
    if (code.len == 0)
        return;
    for (size_t i = 0; i < before; i++)
        if (gl_str_eqz(old[i].identification_type_code, "COMMODITY"))
            return;
    gl_declaration_commodity_classification *fresh =
        GL_NEW_N(arena, gl_declaration_commodity_classification, before + 2);
    fresh[count++] =
        (gl_declaration_commodity_classification){{code.ptr, code.len > 8 ? 8 : code.len}, GL_STR("COMMODITY")};
    if (code.len > 8)
        fresh[count++] = (gl_declaration_commodity_classification){{code.ptr + 8, code.len - 8}, GL_STR("PRECISION_1")};
    for (size_t i = 0; i < before; i++)
        if (!is_declared_code(&old[i], code))
            fresh[count++] = old[i];
    item->classifications.at = fresh;
    item->classifications.count = count;
}

enum { STREET_LIMIT = 256 };

/* The whole address behind the name, as ASYCUDA has it. */
static void complete_party(gl_arena *arena, gl_declaration_party *party)
{
    const gl_str lines[] = {party->street, party->postcode, party->city, party->country_code};
    gl_buf street = gl_buf_in(arena);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].len > 0)
            gl_buf_printf(&street, "%s%.*s",
                          street.len == 0              ? ""
                          : i == 2 && lines[1].len > 0 ? " "
                                                       : ", ",
                          GL_STR_ARG(lines[i]));
    if (party->name.len == 0 || street.len == 0 || street.len > STREET_LIMIT)
        return;
    party->street = gl_buf_view(&street);
    party->postcode = party->city = party->country_code = (gl_str){NULL, 0};
}

static bool has_role(const gl_declaration *declaration, gl_declaration_party_role role)
{
    for (size_t i = 0; i < declaration->parties.count; i++)
        if (declaration->parties.at[i].role == role)
            return true;
    return false;
}

/* Who imports is the consignee. */
static void complete_parties(gl_arena *arena, gl_declaration *complete)
{
    size_t count = complete->parties.count;
    gl_declaration_party *fresh = GL_NEW_N(arena, gl_declaration_party, count + 1);
    bool consignee = has_role(complete, GL_DECLARATION_PARTY_ROLE_CONSIGNEE);
    for (size_t i = 0; i < count; i++) {
        fresh[i] = complete->parties.at[i];
        if (!consignee && fresh[i].role == GL_DECLARATION_PARTY_ROLE_IMPORTER)
            fresh[i].role = GL_DECLARATION_PARTY_ROLE_CONSIGNEE;
        complete_party(arena, &fresh[i]);
    }
    complete->parties.at = fresh;
}

/* A place has a name or a code, not both. */
static void complete_places(gl_arena *arena, gl_declaration *complete)
{
    gl_declaration_trade_terms *terms = complete->trade_terms;
    gl_declaration_goods_location *location = complete->goods_location;
    if (terms != NULL && terms->location_name.len == 0 && terms->location_id.len > 0) {
        complete->trade_terms = GL_NEW(arena, gl_declaration_trade_terms);
        *complete->trade_terms = *terms;
        complete->trade_terms->location_name = terms->location_id;
        complete->trade_terms->location_id = (gl_str){NULL, 0};
    }
    if (location != NULL && location->id.len == 0 && location->name.len > 0) {
        complete->goods_location = GL_NEW(arena, gl_declaration_goods_location);
        *complete->goods_location = *location;
        complete->goods_location->id = location->name;
        complete->goods_location->name = (gl_str){NULL, 0};
    }
}

static gl_declaration *completed(gl_arena *arena, const gl_declaration *declaration)
{
    gl_declaration *complete = GL_NEW(arena, gl_declaration);
    *complete = *declaration;
    complete->data_set = GL_STR("SAD");
    complete->function_code = (gl_str){NULL, 0};
    complete_parties(arena, complete);
    complete_places(arena, complete);
    complete->items.at = GL_NEW_N(arena, gl_declaration_goods_item, declaration->items.count + 1);
    for (size_t i = 0; i < declaration->items.count; i++) {
        complete->items.at[i] = declaration->items.at[i];
        complete_item(arena, &complete->items.at[i]);
    }
    return complete;
}

static const char *why_not(const gl_declaration *declaration)
{
    gl_str function = declaration->function_code;
    if (declaration->test_indicator)
        return "a declaration made for a test: the format has no test indicator, it would be a real one";
    if (function.len > 0 && !gl_str_eqz(function, "9"))
        return "an amendment or a cancellation: the format cannot say that it is one, it would be an original";
    if (declaration->family == GL_DECLARATION_FAMILY_ENTRY_SUMMARY)
        return "an entry summary: the format has imports and exports";
    return NULL;
}

bool gl_sad_write_checked(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    size_t from = buf->len;
    const char *why = why_not(declaration);
    written->count = 0;
    if (why != NULL) {
        written->why = gl_str_of(why);
        return false;
    }
    const gl_declaration *complete = completed(arena, declaration);
    gl_sad_prepare();
    gl_cds_write(buf, arena, &gl_sad_form, complete);
    gl_str bytes = {(const char *)buf->data + from, buf->len - from};
    return gl_writer_check(arena, GL_FORMAT_XML, gl_sad_form.format, bytes, complete, written);
}
