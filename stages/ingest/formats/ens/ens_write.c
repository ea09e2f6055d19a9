/* See ens_write.h. */
#include "ingest/formats/ens/ens_write.h"

#include <stdio.h>

#include "base/clock.h"
#include "customs/money.h"

struct gl_ens_writer {
    gl_buf *out;
    gl_arena *arena;
    const gl_declaration *declaration;
    const gl_declaration_goods_item *item; /* NULL: outside items */
    int depth;
    size_t turn;   /* of an EACH group: which text or attribute, from 0 */
    size_t values; /* that were written */
};

/* --- text --- */

static void put_line(gl_ens_writer *w)
{
    gl_buf_byte(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        gl_buf_text(w->out, "  ");
}

static void open_element(gl_ens_writer *w, const char *element)
{
    put_line(w);
    gl_buf_printf(w->out, "<%s>", element);
    w->depth++;
}

static void close_element(gl_ens_writer *w, const char *element)
{
    w->depth--;
    put_line(w);
    gl_buf_printf(w->out, "</%s>", element);
}

static void put_text(gl_ens_writer *w, const char *element, gl_str text)
{
    put_line(w);
    gl_buf_printf(w->out, "<%s>", element);
    gl_buf_xml(w->out, text);
    gl_buf_printf(w->out, "</%s>", element);
    w->values++;
}

/* --- values --- */

/* "200312312359" of an instant. */
static gl_str moment_text(gl_arena *arena, int64_t instant_us)
{
    char text[GL_TIME_TEXT_BYTES];
    const char *t = gl_time_format(instant_us, text).ptr;
    return gl_str_of(gl_arena_printf(arena, "%.4s%.2s%.2s%.2s%.2s", t, t + 5, t + 8, t + 11, t + 14));
}

/* What the field holds as a text of the message; {NULL, 0}: it is not given. */
static gl_str field_text(const gl_ens_writer *w, const gl_field *field, const void *slot)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    const gl_declaration_measure *measure;
    const gl_list *list = slot;
    if (field->kind == GL_FIELD_TEXTS)
        return w->turn < list->count ? ((const gl_str *)list->at)[w->turn] : (gl_str){NULL, 0};
    if (gl_field_blank(field, slot))
        return (gl_str){NULL, 0};
    switch (field->kind) {
    case GL_FIELD_TEXT:
        return *(const gl_str *)slot;
    case GL_FIELD_OPT_INT:
        return gl_str_of(gl_arena_printf(w->arena, "%d", ((const gl_opt_i32 *)slot)->value));
    case GL_FIELD_INSTANT:
        return moment_text(w->arena, ((const gl_opt_i64 *)slot)->value);
    case GL_FIELD_MEASURE:
        measure = *(gl_declaration_measure *const *)slot;
        return gl_str_of(gl_arena_printf(
            w->arena, "%.*s", GL_STR_ARG(gl_decimal_format((gl_decimal){measure->unscaled, measure->scale}, text))));
    default:
        return (gl_str){NULL, 0};
    }
}

static gl_str field_of(const gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    const void *holder = record;
    if (row->holder != NULL)
        holder = *(const gl_record_pointer *)(const void *)((const char *)record + row->holder->offset);
    if (holder == NULL)
        return (gl_str){NULL, 0};
    return field_text(w, row->target, (const char *)holder + row->target->offset);
}

static gl_str attribute_of(const gl_ens_writer *w, const char *type, size_t turn)
{
    const gl_list *list =
        w->item != NULL ? (const gl_list *)&w->item->attributes : (const gl_list *)&w->declaration->attributes;
    for (size_t i = 0, seen = 0; i < list->count; i++) {
        const gl_declaration_attribute *attribute = (const gl_declaration_attribute *)list->at + i;
        if (gl_str_eqz(attribute->type, type) && seen++ == turn)
            return attribute->code;
    }
    return (gl_str){NULL, 0};
}

static gl_str profile_of(const gl_ens_writer *w, const char *word)
{
    gl_str format = w->declaration->message.format, profile = w->declaration->message.profile;
    return gl_str_eqz(format, gl_ens_format) ? gl_ens_profile_part(profile, word) : (gl_str){NULL, 0};
}

/* --- the walk --- */

static void put_table(gl_ens_writer *w, const gl_ens_table *table, const void *record);

/* A group, unless there is nothing to write in it. */
static bool put_group(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    size_t len = w->out->len, values = w->values;
    open_element(w, row->element);
    put_table(w, row->inside, record);
    close_element(w, row->element);
    if (w->values == values)
        w->out->len = len;
    return w->values > values;
}

static void put_each(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    w->turn = 0;
    while (put_group(w, row, record))
        w->turn++;
    w->turn = 0;
}

static void put_list(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    const gl_shape *shape = row->target->shape;
    const gl_list *list = (const void *)((const char *)record + row->target->offset);
    for (size_t i = 0; i < list->count; i++) {
        const char *element = (const char *)list->at + i * shape->bytes;
        int key = -1;
        if (row->key >= 0)
            memcpy(&key, element + shape->fields[0].offset, sizeof key);
        if (key == row->key)
            put_group(w, row, element);
    }
}

static void put_row(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    gl_str text = {NULL, 0};
    switch (row->action) {
    case GL_ENS_ENTER:
        put_group(w, row, record);
        return;
    case GL_ENS_EACH:
        put_each(w, row, record);
        return;
    case GL_ENS_LIST:
        put_list(w, row, record);
        return;
    case GL_ENS_CUSTOM:
        if (row->put != NULL)
            row->put(w, row, record);
        return;
    case GL_ENS_PART:
    case GL_ENS_LEFT:
        return;
    case GL_ENS_FIELD:
        text = field_of(w, row, record);
        break;
    case GL_ENS_ATTRIBUTE:
        text = attribute_of(w, row->field, w->turn);
        break;
    case GL_ENS_PROFILE:
        text = row->form == GL_ENS_NAME ? text : profile_of(w, row->field);
        break;
    }
    if (text.len > 0)
        put_text(w, row->element, text);
    else if (row->put != NULL)
        row->put(w, row, record);
}

static void put_table(gl_ens_writer *w, const gl_ens_table *table, const void *record)
{
    for (size_t i = 0; i < table->count; i++)
        if (gl_ens_is_in(&table->rows[i], GL_ENS_315))
            put_row(w, &table->rows[i], record);
}

/* --- customs --- */

void gl_ens_put_items(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    (void)record;
    for (size_t i = 0; i < w->declaration->items.count; i++) {
        w->item = &w->declaration->items.at[i];
        put_group(w, row, w->item);
        w->item = NULL;
    }
}

static void put_number(gl_ens_writer *w, const char *element, int64_t number)
{
    put_text(w, element, gl_str_of(gl_arena_printf(w->arena, "%lld", (long long)number)));
}

void gl_ens_put_number(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    put_number(w, row->element, ((const gl_declaration_goods_item *)record)->sequence_numeric);
}

enum { CN_DIGITS = 8 };

/* Of several codes the one of the Combined Nomenclature. */
void gl_ens_put_commodity(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    const gl_declaration_goods_item *item = record;
    gl_str code = item->commodity_code;
    for (size_t i = 0; i < item->classifications.count; i++)
        if (gl_str_eqz(item->classifications.at[i].identification_type_code, "CN"))
            code = item->classifications.at[i].id;
    if (code.len > 0)
        put_text(w, row->element, (gl_str){code.ptr, code.len < CN_DIGITS ? code.len : CN_DIGITS});
}

/* "GB 1234567", "-- 1234567" */
void gl_ens_put_means(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    gl_str code;
    (void)record;
    for (size_t i = 0; (code = attribute_of(w, "means_of_transport", i)).ptr != NULL; i++) {
        if (code.len < 4 || code.ptr[2] != ' ')
            continue;
        open_element(w, row->element);
        if (code.ptr[0] != '-')
            put_text(w, "NatIDEMEATRAGI973", (gl_str){code.ptr, 2});
        put_text(w, "IdeMeaTraGIMEATRA971", (gl_str){code.ptr + 3, code.len - 3});
        close_element(w, row->element);
    }
}

void gl_ens_put_documents(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    const gl_declaration_goods_item *item = record;
    for (size_t i = 0; i < item->documents.count; i++)
        if (item->documents.at[i].kind == GL_DECLARATION_DOCUMENT_KIND_TRANSPORT ||
            item->documents.at[i].kind == GL_DECLARATION_DOCUMENT_KIND_SUPPORTING)
            put_group(w, row, &item->documents.at[i]);
}

static bool is_unpacked(const gl_declaration_packaging *packaging)
{
    static const char *const kinds[] = {"NE", "NF", "NG", NULL};
    return gl_names_index(kinds, packaging->type_code) >= 0;
}

static void put_quantity(gl_ens_writer *w, const gl_ens_row *row, const gl_declaration_packaging *packaging,
                         bool pieces)
{
    if (packaging->quantity.set && is_unpacked(packaging) == pieces)
        put_number(w, row->element, packaging->quantity.value);
}

void gl_ens_put_packages(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    put_quantity(w, row, record, false);
}

void gl_ens_put_pieces(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    put_quantity(w, row, record, true);
}

/* --- what a declaration that came otherwise does not have --- */

static const gl_declaration_party *declarant(const gl_declaration *declaration)
{
    for (size_t i = 0; i < declaration->parties.count; i++)
        if (declaration->parties.at[i].role == GL_DECLARATION_PARTY_ROLE_DECLARANT)
            return &declaration->parties.at[i];
    return NULL;
}

void gl_ens_put_sender(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    const gl_declaration_party *party = declarant(w->declaration);
    (void)record;
    if (party != NULL && party->id.len > 0)
        put_text(w, row->element, gl_str_of(gl_arena_printf(w->arena, "%.*s/0000000000", GL_STR_ARG(party->id))));
}

void gl_ens_put_place(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    const gl_declaration_party *party = declarant(w->declaration);
    gl_str place = party == NULL ? (gl_str){NULL, 0} : party->city;
    (void)record;
    if (place.len == 0 && w->declaration->entry_summary != NULL)
        place = w->declaration->entry_summary->first_entry_office_id;
    if (place.len > 0)
        put_text(w, row->element, place);
}

enum { MESSAGE_ID_CHARS = 14 };

/* Date and time of preparation are those of the declaration; its LRN names the message. */
void gl_ens_put_prepared(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    gl_str lrn = w->declaration->functional_reference_id;
    (void)record;
    if (row->form == GL_ENS_TEXT) {
        put_text(w, row->element, (gl_str){lrn.ptr, lrn.len < MESSAGE_ID_CHARS ? lrn.len : MESSAGE_ID_CHARS});
        return;
    }
    if (!w->declaration->issue_date_time.set)
        return;
    gl_str moment = moment_text(w->arena, w->declaration->issue_date_time.value);
    put_text(w, row->element, row->form == GL_ENS_DATE ? (gl_str){moment.ptr + 2, 6} : (gl_str){moment.ptr + 8, 4});
}

/* The message that is written, whatever it came in. */
void gl_ens_put_name(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    (void)record;
    put_text(w, row->element, GL_STR("CC315A"));
}

void gl_ens_put_item_count(gl_ens_writer *w, const gl_ens_row *row, const void *record)
{
    (void)record;
    put_number(w, row->element, (int64_t)w->declaration->items.count);
}

/* --- documents --- */

static const char *refusal(const gl_declaration *declaration)
{
    if (declaration->family != GL_DECLARATION_FAMILY_ENTRY_SUMMARY)
        return "it is no entry summary declaration";
    if (declaration->test_indicator)
        return "a declaration made for a test: the message has no test indicator, it would be a real one";
    if (declaration->function_code.len > 0 && !gl_str_eqz(declaration->function_code, "9"))
        return "only an original: an amendment (IE313) names its declaration by the MRN, which is given on acceptance";
    return NULL;
}

bool gl_ens_write_checked(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    size_t from = buf->len;
    gl_ens_writer w = {.out = buf, .arena = arena, .declaration = declaration, .depth = 1};
    const char *why = refusal(declaration);
    written->count = 0;
    if (why != NULL) {
        written->why = gl_str_of(why);
        return false;
    }
    gl_ens_prepare();
    gl_buf_text(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<ie:CC315A xmlns:ie=\"http://ics.dgtaxud.ec/CC315A\">");
    put_table(&w, &gl_ens_root, declaration);
    gl_buf_text(buf, "\n</ie:CC315A>\n");
    gl_str bytes = {(const char *)buf->data + from, buf->len - from};
    return gl_writer_check(arena, GL_FORMAT_XML, gl_ens_format, bytes, declaration, written);
}
