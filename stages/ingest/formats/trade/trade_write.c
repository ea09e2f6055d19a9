/* See trade_write.h. */
#include "ingest/formats/trade/trade_write.h"

#include <stdio.h>

#include "base/clock.h"
#include "customs/money.h"

/* --- JSON --- */

static void put_name(gl_buf *buf, const char *name)
{
    uint8_t last = buf->len == 0 ? '{' : buf->data[buf->len - 1];
    if (last != '{' && last != '[')
        gl_buf_byte(buf, ',');
    if (name != NULL)
        gl_buf_printf(buf, "\"%s\":", name);
}

static void open_object(gl_buf *buf, const char *name)
{
    put_name(buf, name);
    gl_buf_byte(buf, '{');
}

static void put_text(gl_buf *buf, const char *name, gl_str text)
{
    if (text.len == 0)
        return;
    put_name(buf, name);
    gl_buf_json(buf, text);
}

static void put_int(gl_buf *buf, const char *name, gl_opt_i32 value)
{
    if (!value.set)
        return;
    put_name(buf, name);
    gl_buf_printf(buf, "%d", value.value);
}

static gl_str number(int64_t unscaled, int32_t scale, char text[GL_DECIMAL_TEXT_BYTES])
{
    return gl_decimal_format((gl_decimal){unscaled, scale}, text);
}

/* {"amount": "12.50", "currency": "EUR"} in the shape's own names. */
static void put_amount(gl_buf *buf, const char *name, const char *const names[2], const gl_declaration_amount *amount)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    if (amount == NULL)
        return;
    open_object(buf, name);
    put_text(buf, names[0], number(amount->unscaled, amount->scale, text));
    put_text(buf, names[1], amount->currency_code);
    gl_buf_byte(buf, '}');
}

static void put_measure(gl_buf *buf, const char *name, const char *const names[2],
                        const gl_declaration_measure *measure)
{
    char text[GL_DECIMAL_TEXT_BYTES];
    if (measure == NULL)
        return;
    open_object(buf, name);
    put_text(buf, names[0], number(measure->unscaled, measure->scale, text));
    put_text(buf, names[1], measure->unit_code);
    gl_buf_byte(buf, '}');
}

static const char *const money_names[] = {"amount", "currency"}, *const mass_names[] = {"value", "unit"};

/* --- what a declaration says --- */

static gl_str attribute(const gl_declaration *declaration, const char *type)
{
    for (size_t i = 0; i < declaration->attributes.count; i++)
        if (gl_str_eqz(declaration->attributes.at[i].type, type))
            return declaration->attributes.at[i].code;
    for (size_t i = 0; i < declaration->additional_information.count; i++)
        if (gl_str_eqz(declaration->additional_information.at[i].statement_code, type))
            return declaration->additional_information.at[i].statement_description;
    return GL_STR("");
}

static gl_declaration_party *party_of(const gl_declaration *declaration, gl_declaration_party_role role)
{
    for (size_t i = 0; i < declaration->parties.count; i++)
        if (declaration->parties.at[i].role == role)
            return &declaration->parties.at[i];
    return NULL;
}

static void put_attribute(gl_buf *buf, const char *name, const gl_declaration *declaration, const char *type)
{
    put_text(buf, name, attribute(declaration, type));
}

/* "C" of a country and "A, B" of texts stand where ITMATT has them. */
static void put_communications(gl_buf *buf, const gl_declaration_party *party, const char *name, bool mail)
{
    size_t count = 0;
    for (size_t i = 0; i < party->communications.count; i++) {
        gl_str text = party->communications.at[i];
        if (text.len == 0 || (memchr(text.ptr, '@', text.len) != NULL) != mail)
            continue;
        if (count++ == 0) {
            put_name(buf, name);
            gl_buf_byte(buf, '[');
        }
        put_text(buf, NULL, text);
    }
    if (count > 0)
        gl_buf_byte(buf, ']');
}

static void put_postal_party(gl_buf *buf, const char *name, const gl_declaration_party *party)
{
    if (party == NULL)
        return;
    open_object(buf, name);
    put_text(buf, "id", party->id);
    put_text(buf, "name", party->name);
    put_text(buf, "street", party->street);
    put_text(buf, "city", party->city);
    put_text(buf, "postcode", party->postcode);
    put_text(buf, "country", party->country_code);
    put_communications(buf, party, "email", true);
    put_communications(buf, party, "phone", false);
    gl_buf_byte(buf, '}');
}

static void put_ids(gl_buf *buf, const char *name, const gl_declaration_document *at, size_t count,
                    gl_declaration_document_kind kind, const char *type)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i].kind != kind || at[i].id.len == 0 || !gl_str_eqz(at[i].type_code, type))
            continue;
        if (found++ == 0) {
            put_name(buf, name);
            gl_buf_byte(buf, '[');
        }
        put_text(buf, NULL, at[i].id);
    }
    if (found > 0)
        gl_buf_byte(buf, ']');
}

static void put_date(gl_buf *buf, const char *name, gl_opt_i32 date)
{
    char text[48];
    int year, month, day;
    if (!date.set)
        return;
    gl_date_civil(date.value, &year, &month, &day);
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    put_text(buf, name, gl_str_of(text));
}

/* --- a postal item --- */

static void put_piece(gl_buf *buf, const gl_declaration_goods_item *item)
{
    open_object(buf, NULL);
    put_int(buf, "pieceNumber", (gl_opt_i32){.set = true, .value = item->sequence_numeric});
    put_text(buf, "description", item->description);
    put_text(buf, "hsCode", item->commodity_code);
    put_text(buf, "originCountry", item->origin_country_id);
    put_measure(buf, "quantity", mass_names, item->tariff_quantity);
    put_measure(buf, "netWeight", mass_names, item->net_mass);
    put_measure(buf, "grossWeight", mass_names, item->gross_mass);
    put_amount(buf, "value", money_names, item->item_charge_amount);
    put_ids(buf, "invoiceNumber", item->documents.at, item->documents.count, GL_DECLARATION_DOCUMENT_KIND_SUPPORTING,
            "N380");
    put_ids(buf, "licenceNumber", item->documents.at, item->documents.count, GL_DECLARATION_DOCUMENT_KIND_AUTHORISATION,
            "");
    gl_buf_byte(buf, '}');
}

static void put_postal_item(gl_buf *buf, const gl_declaration *d)
{
    const gl_declaration_party *fiscal = party_of(d, GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE);
    gl_str posted = attribute(d, "posting_date"); /* of an instant, which has the day in it */
    put_name(buf, NULL);
    gl_buf_byte(buf, '{');
    put_text(buf, "itemId", d->functional_reference_id);
    put_attribute(buf, "form", d, "postal_form");
    put_attribute(buf, "category", d, "postal_category");
    put_attribute(buf, "mailClass", d, "mail_class");
    put_attribute(buf, "handlingClass", d, "handling_class");
    if (posted.len > 0)
        put_text(buf, "postingDate", posted);
    else
        put_date(buf, "postingDate", d->declared_date);
    put_text(buf, "originOffice", d->loading_location_id);
    put_text(buf, "destinationOffice", d->declaration_office_id);
    put_text(buf, "originCountry", d->export_country_id);
    put_text(buf, "destinationCountry", d->destination_country_id);
    put_postal_party(buf, "sender", party_of(d, GL_DECLARATION_PARTY_ROLE_CONSIGNOR));
    put_postal_party(buf, "addressee", party_of(d, GL_DECLARATION_PARTY_ROLE_CONSIGNEE));
    put_text(buf, "ioss", fiscal == NULL ? GL_STR("") : fiscal->id);
    put_measure(buf, "grossWeight", mass_names, d->total_gross_mass);
    put_int(buf, "pieces", d->total_package_quantity);
    put_amount(buf, "postage", money_names, d->freight);
    put_amount(buf, "totalValue", money_names, d->invoice_amount);
    put_attribute(buf, "insuredValue", d, "insured_value");
    put_ids(buf, "licences", d->documents.at, d->documents.count, GL_DECLARATION_DOCUMENT_KIND_AUTHORISATION, "");
    put_ids(buf, "certificates", d->documents.at, d->documents.count, GL_DECLARATION_DOCUMENT_KIND_SUPPORTING, "");
    put_ids(buf, "invoices", d->documents.at, d->documents.count, GL_DECLARATION_DOCUMENT_KIND_SUPPORTING, "N380");
    put_attribute(buf, "comments", d, "comments");
    gl_buf_text(buf, ",\"contentPieces\":[");
    for (size_t i = 0; i < d->items.count; i++)
        put_piece(buf, &d->items.at[i]);
    gl_buf_text(buf, "]}");
}

/* --- a Type 86 entry --- */

static void put_kind(gl_buf *buf, const char *kind)
{
    put_name(buf, "type");
    gl_buf_printf(buf, "[\"%s\"]", kind);
}

static void put_trade_party(gl_buf *buf, const char *name, const gl_declaration_party *party)
{
    if (party == NULL)
        return;
    open_object(buf, name);
    put_kind(buf, "Organization");
    put_text(buf, "id", party->id);
    put_text(buf, "name", party->name);
    open_object(buf, "location");
    put_kind(buf, "Place");
    open_object(buf, "address");
    put_kind(buf, "PostalAddress");
    put_text(buf, "streetAddress", party->street);
    put_text(buf, "addressLocality", party->city);
    put_text(buf, "postalCode", party->postcode);
    put_text(buf, "addressCountry", party->country_code);
    gl_buf_text(buf, "}}");
    put_communications(buf, party, "email", true);
    put_communications(buf, party, "phoneNumber", false);
    gl_buf_byte(buf, '}');
}

static gl_str bill_of(const gl_declaration *d)
{
    for (size_t i = 0; i < d->documents.count; i++)
        if (d->documents.at[i].kind == GL_DECLARATION_DOCUMENT_KIND_TRANSPORT)
            return d->documents.at[i].id;
    return GL_STR("");
}

/* As it was written, where it is of the United States' tariff. */
static gl_str hts_of(const gl_declaration_goods_item *item)
{
    for (size_t i = 0; i < item->classifications.count; i++)
        if (gl_str_eqz(item->classifications.at[i].identification_type_code, "HTS"))
            return item->classifications.at[i].id;
    return item->commodity_code;
}

static void put_type86(gl_buf *buf, const gl_declaration *d)
{
    static const char *const value_names[] = {"value", "currency"}, *const weight_names[] = {"value", "unitCode"};
    const gl_declaration_goods_item *item = &d->items.at[0];
    const gl_declaration_party *importer = party_of(d, GL_DECLARATION_PARTY_ROLE_IMPORTER);
    gl_str office = d->declaration_office_id, entry = d->functional_reference_id;
    put_name(buf, NULL);
    gl_buf_byte(buf, '{');
    put_kind(buf, "CBPEntryType86");
    put_text(buf, "bolNumber", bill_of(d));
    put_text(buf, "entryNumber", (gl_str){entry.ptr + 3, entry.len - 3});
    if (office.len > 0) {
        open_object(buf, "portOfEntry");
        put_kind(buf, "Place");
        put_text(buf, office.ptr[0] >= '0' && office.ptr[0] <= '9' ? "usPortCode" : "unLocode", office);
        gl_buf_byte(buf, '}');
    }
    put_trade_party(buf, "shipper", party_of(d, GL_DECLARATION_PARTY_ROLE_CONSIGNOR));
    put_trade_party(buf, "consignee", party_of(d, GL_DECLARATION_PARTY_ROLE_CONSIGNEE));
    put_trade_party(buf, "seller", party_of(d, GL_DECLARATION_PARTY_ROLE_SELLER));
    if (importer != NULL) {
        open_object(buf, "importerOfRecord");
        put_kind(buf, "CBPImporterOfRecord");
        put_text(buf, "number", importer->id);
        put_text(buf, "identifierType", importer->role_code);
        put_text(buf, "name", importer->name);
        gl_buf_byte(buf, '}');
    }
    put_text(buf, "description", item->description);
    put_text(buf, "countryOfOrigin", item->origin_country_id);
    put_int(buf, "quantity", d->total_package_quantity);
    put_measure(buf, "grossWeight", weight_names, item->gross_mass);
    put_measure(buf, "netWeight", weight_names, item->net_mass);
    put_amount(buf, "fairRetailValue", value_names, item->item_charge_amount);
    put_text(buf, "htsusNumber", hts_of(item));
    gl_buf_byte(buf, '}');
}

/* --- both --- */

static const char *why_not(const gl_declaration *declaration)
{
    gl_str function = declaration->function_code;
    if (declaration->test_indicator)
        return "a declaration made for a test: the format has no test indicator, it would be a real one";
    if (function.len > 0 && !gl_str_eqz(function, "9"))
        return "an amendment or a cancellation: the format cannot say that it is one, it would be an original";
    if (declaration->family != GL_DECLARATION_FAMILY_IMPORT)
        return "not an import";
    return NULL;
}

static void take_role(gl_declaration *complete, gl_declaration_party_role role, gl_declaration_party_role from)
{
    gl_declaration_party *other = party_of(complete, role) == NULL ? party_of(complete, from) : NULL;
    if (other != NULL)
        other->role = role;
}

/* The declaration in the words of the shape: whose parties they are, and what it is. */
static gl_declaration *completed(gl_arena *arena, const gl_declaration *declaration, const char *data_set)
{
    gl_declaration *complete = GL_NEW(arena, gl_declaration);
    *complete = *declaration;
    complete->data_set = gl_str_of(data_set);
    complete->type_code = GL_STR("IM");
    complete->function_code = (gl_str){NULL, 0};
    complete->parties.at = GL_NEW_N(arena, gl_declaration_party, declaration->parties.count + 1);
    for (size_t i = 0; i < declaration->parties.count; i++)
        complete->parties.at[i] = declaration->parties.at[i];
    take_role(complete, GL_DECLARATION_PARTY_ROLE_CONSIGNOR, GL_DECLARATION_PARTY_ROLE_EXPORTER);
    take_role(complete, GL_DECLARATION_PARTY_ROLE_CONSIGNOR, GL_DECLARATION_PARTY_ROLE_SELLER);
    return complete;
}

static bool check(gl_buf *buf, size_t from, gl_arena *arena, const char *form, const gl_declaration *complete,
                  gl_written *written)
{
    gl_str bytes = {(const char *)buf->data + from, buf->len - from};
    return gl_writer_check(arena, GL_FORMAT_JSON, form, bytes, complete, written);
}

bool gl_trade_write_itmatt(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    const char *why = why_not(declaration);
    written->count = 0;
    if (why != NULL) {
        written->why = gl_str_of(why);
        return false;
    }
    gl_buf text = gl_buf_in(arena);
    gl_declaration *complete = completed(arena, declaration, "POST");
    take_role(complete, GL_DECLARATION_PARTY_ROLE_CONSIGNEE, GL_DECLARATION_PARTY_ROLE_IMPORTER);
    take_role(complete, GL_DECLARATION_PARTY_ROLE_CONSIGNEE, GL_DECLARATION_PARTY_ROLE_BUYER);
    put_postal_item(&text, complete);
    gl_buf_str(buf, gl_buf_view(&text));
    return check(&text, 0, arena, "itmatt-json", complete, written);
}

bool gl_trade_write_type86(gl_buf *buf, gl_arena *arena, const gl_declaration *declaration, gl_written *written)
{
    const char *why = why_not(declaration);
    written->count = 0;
    if (why == NULL && declaration->items.count != 1)
        why = "a Type 86 entry is of one item";
    if (why != NULL) {
        written->why = gl_str_of(why);
        return false;
    }
    gl_buf text = gl_buf_in(arena);
    gl_declaration *complete = completed(arena, declaration, "US86");
    gl_str lrn = complete->functional_reference_id;
    if (!gl_str_starts(lrn, GL_STR("86-")))
        complete->functional_reference_id = gl_str_of(gl_arena_printf(arena, "86-%.*s", GL_STR_ARG(lrn)));
    put_type86(&text, complete);
    gl_buf_str(buf, gl_buf_view(&text));
    return check(&text, 0, arena, "us-json", complete, written);
}
