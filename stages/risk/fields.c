/* See fields.h. One table row a field: how its values are found (a function) and where (offsets of the generated
 * structs). */
#include "risk/fields.h"

#include "base/yaml.h"

#include <stddef.h>

typedef bool finder(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context);

struct gl_field {
    const char *name, *help;
    gl_field_kind kind;
    bool of_item, of_classification;
    finder *find;
    size_t offset, second; /* of structs' members; what they mean is the finder's affair */
    int role;              /* parties; ANY_ROLE */
    const char *array, *leaf;
};

enum { ANY_ROLE = -1, FIELD_LIMIT = 128 };

static const gl_declaration_goods_item *item_at(const gl_subject *subject, size_t item)
{
    return &subject->decl->items.at[item];
}

static bool give_text(const gl_field *field, gl_str text, int item, gl_fact_fn *each, void *context)
{
    gl_fact fact = {.text = gl_str_trim(text), .place = {item, NULL, 0, field->leaf}};
    return fact.text.len > 0 && each(context, &fact);
}

static bool valid_scale(int32_t scale)
{
    return scale >= 0 && scale <= 18;
}

static bool give_amount(const gl_field *field, const gl_declaration_amount *amount, int item, gl_fact_fn *each,
                        void *context)
{
    if (amount == NULL || !valid_scale(amount->scale))
        return false;
    gl_fact fact = {.number = {amount->unscaled, amount->scale},
                    .currency = amount->currency_code,
                    .place = {item, NULL, 0, field->leaf}};
    return each(context, &fact);
}

/* Masses in other units are no values: nothing is compared that would have to be converted by guessing. */
static bool mass_in_kg(const gl_declaration_measure *mass, gl_decimal *kilograms)
{
    if (mass == NULL || !valid_scale(mass->scale) || !(mass->unit_code.len == 0 || gl_str_eqz(mass->unit_code, "KGM")))
        return false;
    *kilograms = (gl_decimal){mass->unscaled, mass->scale};
    return true;
}

static bool give_mass(const gl_field *field, const gl_declaration_measure *mass, int item, gl_fact_fn *each,
                      void *context)
{
    gl_fact fact = {.place = {item, NULL, 0, field->leaf}};
    return mass_in_kg(mass, &fact.number) && each(context, &fact);
}

static bool find_text(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    const char *base = field->of_item ? (const char *)item_at(subject, item) : (const char *)subject->decl;
    return give_text(field, *(const gl_str *)(const void *)(base + field->offset), field->of_item ? (int)item : -1,
                     each, context);
}

static bool find_amount(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    const char *base = field->of_item ? (const char *)item_at(subject, item) : (const char *)subject->decl;
    return give_amount(field, *(gl_declaration_amount *const *)(const void *)(base + field->offset),
                       field->of_item ? (int)item : -1, each, context);
}

static bool find_mass(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    const char *base = field->of_item ? (const char *)item_at(subject, item) : (const char *)subject->decl;
    return give_mass(field, *(gl_declaration_measure *const *)(const void *)(base + field->offset),
                     field->of_item ? (int)item : -1, each, context);
}

/* Of the item; else the whole declaration's (offset: the item's member, second: the declaration's). */
static bool find_country(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    gl_str of_item = *(const gl_str *)(const void *)((const char *)item_at(subject, item) + field->offset);
    gl_str of_all = *(const gl_str *)(const void *)((const char *)subject->decl + field->second);
    if (gl_str_trim(of_item).len > 0)
        return give_text(field, of_item, (int)item, each, context);
    gl_fact fact = {.text = gl_str_trim(of_all), .place = {-1, NULL, 0, field->array}};
    return fact.text.len > 0 && each(context, &fact);
}

static bool find_family(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    (void)item;
    return give_text(field, gl_str_of(gl_declaration_family_name(subject->decl->family)), -1, each, context);
}

static bool find_border_transport(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                                  void *context)
{
    (void)item;
    const gl_declaration_transport_means *means = subject->decl->border_transport;
    return means != NULL &&
           give_text(field, *(const gl_str *)(const void *)((const char *)means + field->offset), -1, each, context);
}

static bool find_item_count(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                            void *context)
{
    (void)item;
    gl_fact fact = {.number = {(int64_t)subject->decl->items.count, 0}, .place = {-1, NULL, 0, field->leaf}};
    return each(context, &fact);
}

/* Prices of all items together; only when each has one, all in one currency. */
static bool find_total_charge(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                              void *context)
{
    (void)item;
    gl_fact fact = {.place = {-1, NULL, 0, field->leaf}};
    for (size_t i = 0; i < subject->decl->items.count; i++) {
        const gl_declaration_amount *amount = subject->decl->items.at[i].item_charge_amount;
        if (amount == NULL || !valid_scale(amount->scale))
            return false;
        if (i == 0)
            fact.currency = amount->currency_code;
        gl_decimal sum;
        if (!gl_str_eq(fact.currency, amount->currency_code) ||
            !gl_decimal_add(fact.number, (gl_decimal){amount->unscaled, amount->scale}, &sum))
            return false;
        fact.number = sum;
    }
    return subject->decl->items.count > 0 && each(context, &fact);
}

static bool find_price_per_kg(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                              void *context)
{
    const gl_declaration_amount *price = item_at(subject, item)->item_charge_amount;
    gl_fact fact = {.place = {(int)item, NULL, 0, field->leaf}};
    if (price == NULL || !valid_scale(price->scale) || !mass_in_kg(item_at(subject, item)->net_mass, &fact.divisor) ||
        fact.divisor.unscaled <= 0)
        return false;
    fact.number = (gl_decimal){price->unscaled, price->scale};
    fact.currency = price->currency_code;
    return each(context, &fact);
}

static bool find_net_over_gross(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                                void *context)
{
    gl_decimal net, gross;
    gl_fact fact = {.place = {(int)item, NULL, 0, field->leaf}};
    if (!mass_in_kg(item_at(subject, item)->net_mass, &net) ||
        !mass_in_kg(item_at(subject, item)->gross_mass, &gross) || gross.unscaled == INT64_MIN)
        return false;
    gross.unscaled = -gross.unscaled;
    return gl_decimal_add(net, gross, &fact.number) && each(context, &fact);
}

static bool in_parties(const gl_field *field, const gl_declaration_party *parties, size_t count, int item,
                       gl_fact_fn *each, void *context)
{
    for (size_t i = 0; i < count; i++) {
        if (field->role != ANY_ROLE && (int)parties[i].role != field->role)
            continue;
        gl_str text = *(const gl_str *)(const void *)((const char *)&parties[i] + field->offset);
        gl_fact fact = {.text = gl_str_trim(text), .place = {item, "parties", i, field->leaf}};
        if (fact.text.len > 0 && each(context, &fact))
            return true;
    }
    return false;
}

/* The whole declaration's and every item's: a listed party counts wherever it is named. */
static bool find_party(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    (void)item;
    const gl_declaration *decl = subject->decl;
    if (in_parties(field, decl->parties.at, decl->parties.count, -1, each, context))
        return true;
    for (size_t i = 0; i < decl->items.count; i++)
        if (in_parties(field, decl->items.at[i].parties.at, decl->items.at[i].parties.count, (int)i, each, context))
            return true;
    return false;
}

static bool in_attributes(const gl_field *field, const gl_declaration_attribute *attributes, size_t count, int item,
                          gl_fact_fn *each, void *context)
{
    for (size_t i = 0; i < count; i++) {
        gl_fact fact = {.text = gl_str_trim(attributes[i].code), .place = {item, "attributes", i, "code"}};
        if (fact.text.len > 0 && gl_str_eqz(attributes[i].type, field->array) && each(context, &fact))
            return true;
    }
    return false;
}

static bool find_item_attribute(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                                void *context)
{
    const gl_declaration_goods_item *of = item_at(subject, item);
    return in_attributes(field, of->attributes.at, of->attributes.count, (int)item, each, context);
}

static bool find_attribute(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                           void *context)
{
    (void)item;
    const gl_declaration *decl = subject->decl;
    if (in_attributes(field, decl->attributes.at, decl->attributes.count, -1, each, context))
        return true;
    for (size_t i = 0; i < decl->items.count; i++)
        if (find_item_attribute(field, subject, i, each, context))
            return true;
    return false;
}

static bool in_texts(const gl_field *field, const gl_str *texts, size_t count, int item, gl_fact_fn *each,
                     void *context)
{
    for (size_t i = 0; i < count; i++) {
        gl_fact fact = {.text = gl_str_trim(texts[i]), .place = {item, field->array, i, NULL}};
        if (fact.text.len > 0 && each(context, &fact))
            return true;
    }
    return false;
}

static bool find_additional_procedure(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                                      void *context)
{
    const gl_declaration_goods_item *of = item_at(subject, item);
    return in_texts(field, of->additional_procedures.at, of->additional_procedures.count, (int)item, each, context);
}

static bool find_equipment(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                           void *context)
{
    (void)item;
    const gl_declaration *decl = subject->decl;
    return in_texts(field, decl->transport_equipment_ids.at, decl->transport_equipment_ids.count, -1, each, context);
}

static bool in_documents(const gl_field *field, const gl_declaration_document *documents, size_t count, int item,
                         gl_fact_fn *each, void *context)
{
    for (size_t i = 0; i < count; i++) {
        gl_str text = *(const gl_str *)(const void *)((const char *)&documents[i] + field->offset);
        gl_fact fact = {.text = gl_str_trim(text), .place = {item, "documents", i, field->leaf}};
        if (fact.text.len > 0 && each(context, &fact))
            return true;
    }
    return false;
}

/* The item's own and the whole declaration's, which cover every item. */
static bool find_document(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                          void *context)
{
    const gl_declaration_goods_item *of = item_at(subject, item);
    return in_documents(field, of->documents.at, of->documents.count, (int)item, each, context) ||
           in_documents(field, subject->decl->documents.at, subject->decl->documents.count, -1, each, context);
}

static bool find_fee_type(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                          void *context)
{
    const gl_declaration_goods_item *of = item_at(subject, item);
    for (size_t i = 0; i < of->duty_tax_fees.count; i++) {
        gl_fact fact = {.text = gl_str_trim(of->duty_tax_fees.at[i].type_code),
                        .place = {(int)item, "duty_tax_fees", i, field->leaf}};
        if (fact.text.len > 0 && each(context, &fact))
            return true;
    }
    return false;
}

/* Of what only entry summaries say: a text (offset), or a list of them (`array`). */
static bool find_entry(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    (void)item;
    const char *entry = (const char *)subject->decl->entry_summary;
    if (entry == NULL)
        return false;
    if (field->array == NULL)
        return give_text(field, *(const gl_str *)(const void *)(entry + field->offset), -1, each, context);
    const struct {
        const gl_str *at;
        size_t count;
    } *list = (const void *)(entry + field->offset);
    return in_texts(field, list->at, list->count, -1, each, context);
}

/* classify writes the items in the declaration's order; a record of another writer is searched. */
static const gl_classification_item_classification *classified(const gl_subject *subject, size_t item)
{
    int32_t sequence = item_at(subject, item)->sequence_numeric;
    const gl_classification *all = subject->classification;
    if (all == NULL)
        return NULL;
    if (item < all->items.count && all->items.at[item].sequence_numeric == sequence)
        return &all->items.at[item];
    for (size_t i = 0; i < all->items.count; i++)
        if (all->items.at[i].sequence_numeric == sequence)
            return &all->items.at[i];
    return NULL;
}

static bool find_status(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    const gl_classification_item_classification *of = classified(subject, item);
    return of != NULL &&
           give_text(field, gl_str_of(gl_classification_status_name(of->status)), (int)item, each, context);
}

static bool find_agreement(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                           void *context)
{
    const gl_classification_item_classification *of = classified(subject, item);
    return of != NULL &&
           give_text(field, gl_str_of(gl_classification_agreement_name(of->agreement)), (int)item, each, context);
}

static bool find_predicted(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                           void *context)
{
    const gl_classification_item_classification *of = classified(subject, item);
    return of != NULL && of->candidates.count > 0 &&
           give_text(field, of->candidates.at[0].hs6, (int)item, each, context);
}

/* Percent with four decimals: parts per million. */
static bool find_confidence(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                            void *context)
{
    const gl_classification_item_classification *of = classified(subject, item);
    if (of == NULL || of->candidates.count == 0)
        return false;
    gl_fact fact = {.number = {of->candidates.at[0].confidence_ppm, 4}, .place = {(int)item, NULL, 0, field->leaf}};
    return each(context, &fact);
}

/* What of an item came later, beside it; NULL in a record of before. */
static const gl_classification_item_answer *answered(const gl_subject *subject, size_t item)
{
    const gl_classification_item_classification *of = classified(subject, item);
    size_t at = of == NULL ? 0 : (size_t)(of - subject->classification->items.at);
    return of == NULL || at >= subject->classification->answers.count ? NULL : &subject->classification->answers.at[at];
}

static bool find_answer(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    const gl_classification_item_answer *of = answered(subject, item);
    return of != NULL && of->answer_code.ptr != NULL && give_text(field, of->answer_code, (int)item, each, context);
}

static bool find_verdict(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    const gl_classification_item_answer *of = answered(subject, item);
    return of != NULL &&
           give_text(field, gl_str_of(gl_classification_verdict_name(of->verdict)), (int)item, each, context);
}

static bool find_declared_confidence(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                                     void *context)
{
    const gl_classification_item_answer *of = answered(subject, item);
    if (of == NULL || !of->declared_confidence_ppm.set)
        return false;
    gl_fact fact = {.number = {of->declared_confidence_ppm.value, 4}, .place = {(int)item, NULL, 0, field->leaf}};
    return each(context, &fact);
}

/* What the tariff says of it; NULL: none held for the declaration, or a record of before. */
static const gl_classification_item_national *national(const gl_subject *subject, size_t item)
{
    const gl_classification_item_classification *of = classified(subject, item);
    size_t at = of == NULL ? 0 : (size_t)(of - subject->classification->items.at);
    return of == NULL || at >= subject->classification->national.count ? NULL
                                                                       : &subject->classification->national.at[at];
}

static const gl_classification_duty_at_stake *at_stake(const gl_subject *subject, size_t item)
{
    const gl_classification_item_national *of = national(subject, item);
    return of == NULL ? NULL : of->duty_at_stake;
}

static bool find_tariff(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    return national(subject, item) != NULL &&
           give_text(field, subject->classification->tariff, (int)item, each, context);
}

static bool find_national_code(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                               void *context)
{
    const gl_classification_item_national *of = national(subject, item);
    return of != NULL && give_text(field, of->answer_code, (int)item, each, context);
}

/* An amount in the currency of the item's value (offset: which one of the two). */
static bool find_at_stake(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                          void *context)
{
    const gl_classification_duty_at_stake *of = at_stake(subject, item);
    const gl_classification_decimal *amount =
        of == NULL ? NULL : *(gl_classification_decimal *const *)(const void *)((const char *)of + field->offset);
    if (amount == NULL || !valid_scale(amount->scale))
        return false;
    gl_fact fact = {.number = {amount->unscaled, amount->scale},
                    .currency = of->currency_code,
                    .place = {(int)item, NULL, 0, field->leaf}};
    return each(context, &fact);
}

static bool find_expected_over(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each,
                               void *context)
{
    const gl_classification_duty_at_stake *of = at_stake(subject, item);
    if (of == NULL || of->expected == NULL)
        return false;
    gl_fact fact = {.number = {of->expected_over_ppm, 4}, .place = {(int)item, NULL, 0, field->leaf}};
    return each(context, &fact);
}

#define OF_DECL(member)  offsetof(gl_declaration, member)
#define OF_ITEM(member)  offsetof(gl_declaration_goods_item, member)
#define OF_PARTY(member) offsetof(gl_declaration_party, member)

#define DECL_TEXT(member, help)                                                                                        \
    {                                                                                                                  \
#member, help, GL_FIELD_TEXT, false, false, find_text, OF_DECL(member), 0, 0, NULL, #member                    \
    }
#define ITEM_TEXT(member, help)                                                                                        \
    {                                                                                                                  \
        "item." #member, help, GL_FIELD_TEXT, true, false, find_text, OF_ITEM(member), 0, 0, NULL, #member             \
    }
#define ITEM_AMOUNT(member, help)                                                                                      \
    {                                                                                                                  \
        "item." #member, help, GL_FIELD_AMOUNT, true, false, find_amount, OF_ITEM(member), 0, 0, NULL, #member         \
    }
#define ITEM_MASS(member, help)                                                                                        \
    {                                                                                                                  \
        "item." #member, help, GL_FIELD_MASS, true, false, find_mass, OF_ITEM(member), 0, 0, NULL, #member             \
    }
#define DERIVED(name, kind, of_item, find, leaf, help)                                                                 \
    {                                                                                                                  \
        name, help, kind, of_item, false, find, 0, 0, 0, NULL, leaf                                                    \
    }
#define COUNTRY(member, of_all, help)                                                                                  \
    {                                                                                                                  \
        "item." #member, help, GL_FIELD_TEXT, true, false, find_country, OF_ITEM(member), OF_DECL(of_all), 0, #of_all, \
            #member                                                                                                    \
    }
#define PARTY(label, member, role, help)                                                                               \
    {                                                                                                                  \
        label "." #member, help, GL_FIELD_TEXT, false, false, find_party, OF_PARTY(member), 0, role, NULL, #member     \
    }
#define PARTY_FIELDS(label, role, who)                                                                                 \
    PARTY(label, id, role, "Identifier of the " who), PARTY(label, name, role, "Name of the " who),                    \
        PARTY(label, country_code, role, "Country of the " who)
#define ENTRY_AT(member) offsetof(gl_declaration_entry_summary, member)
#define ENTRY(member, help)                                                                                            \
    {                                                                                                                  \
        "entry_summary." #member, help, GL_FIELD_TEXT, false, false, find_entry, ENTRY_AT(member), 0, 0, NULL,         \
            "entry_summary/" #member                                                                                   \
    }
#define ENTRIES(member, help)                                                                                          \
    {                                                                                                                  \
        "entry_summary." #member, help, GL_FIELD_TEXT, false, false, find_entry, ENTRY_AT(member), 0, 0,               \
            "entry_summary/" #member, NULL                                                                             \
    }
#define ROLE(symbol) GL_DECLARATION_PARTY_ROLE_##symbol
#define CLASSIFIED(name, kind, find, leaf, help)                                                                       \
    {                                                                                                                  \
        "item.classification." name, help, kind, true, true, find, 0, 0, 0, NULL, leaf                                 \
    }

#define AT_STAKE(name, member, help)                                                                                   \
    {                                                                                                                  \
        "item.classification." name, help, GL_FIELD_AMOUNT, true, true, find_at_stake,                                 \
            offsetof(gl_classification_duty_at_stake, member), 0, 0, NULL, "commodity_code"                            \
    }

static const gl_field fields[] = {
    DERIVED("family", GL_FIELD_TEXT, false, find_family, "family", "IMPORT, EXPORT or ENTRY_SUMMARY"),
    DECL_TEXT(type_code, "Declaration type, for example IMA"),
    DECL_TEXT(data_set, "H1, H7, SAD, PARCEL: what it was read as"),
    DECL_TEXT(procedure_category, "Category of procedure"),
    DECL_TEXT(submitter, "The account that sent it"),
    DECL_TEXT(declaration_office_id, "Office of declaration"),
    DECL_TEXT(presentation_office_id, "Office of presentation"),
    DECL_TEXT(export_country_id, "Country of dispatch of the whole declaration"),
    DECL_TEXT(destination_country_id, "Country of destination of the whole declaration"),
    DECL_TEXT(transaction_nature_code, "Nature of transaction"),
    DECL_TEXT(container_code, "1 in containers, 0 not"),
    DECL_TEXT(warehouse_id, "Warehouse"),
    {"border_transport.mode_code", "Mode of transport at the border", GL_FIELD_TEXT, false, false,
     find_border_transport, offsetof(gl_declaration_transport_means, mode_code), 0, 0, NULL,
     "border_transport/mode_code"},
    {"border_transport.nationality_code", "Nationality of the means of transport", GL_FIELD_TEXT, false, false,
     find_border_transport, offsetof(gl_declaration_transport_means, nationality_code), 0, 0, NULL,
     "border_transport/nationality_code"},
    {"transport_equipment_id", "Container numbers", GL_FIELD_TEXT, false, false, find_equipment, 0, 0, 0,
     "transport_equipment_ids", NULL},
    {"invoice_amount", "Total amount invoiced", GL_FIELD_AMOUNT, false, false, find_amount, OF_DECL(invoice_amount), 0,
     0, NULL, "invoice_amount"},
    {"total_gross_mass", "Gross mass of the whole declaration, kg", GL_FIELD_MASS, false, false, find_mass,
     OF_DECL(total_gross_mass), 0, 0, NULL, "total_gross_mass"},
    ENTRY(specific_circumstance_code, "Specific circumstance indicator of an entry summary"),
    ENTRY(conveyance_reference_id, "Flight or voyage number of an entry summary"),
    ENTRY(transport_charges_code, "How an entry summary says that the transport is paid"),
    ENTRY(unloading_location_id, "Place of unloading of an entry summary"),
    ENTRY(first_entry_office_id, "Office of first entry of an entry summary"),
    ENTRIES(subsequent_office_ids, "Offices of subsequent entry of an entry summary"),
    ENTRIES(routing_country_ids, "Countries of the itinerary of an entry summary"),
    ENTRIES(seal_ids, "Seals of an entry summary"),
    DERIVED("total_item_charge_amount", GL_FIELD_AMOUNT, false, find_total_charge, "items",
            "Prices of all items together; no value unless each item has one in the same currency"),
    DERIVED("item_count", GL_FIELD_NUMBER, false, find_item_count, "items", "How many items there are"),
    PARTY_FIELDS("any_party", ANY_ROLE, "parties, whatever their role"),
    PARTY_FIELDS("declarant", ROLE(DECLARANT), "declarant"),
    PARTY_FIELDS("importer", ROLE(IMPORTER), "importer"),
    PARTY_FIELDS("exporter", ROLE(EXPORTER), "exporter"),
    PARTY_FIELDS("consignee", ROLE(CONSIGNEE), "consignee"),
    PARTY_FIELDS("consignor", ROLE(CONSIGNOR), "consignor"),
    PARTY_FIELDS("buyer", ROLE(BUYER), "buyer"),
    PARTY_FIELDS("seller", ROLE(SELLER), "seller"),
    PARTY_FIELDS("carrier", ROLE(CARRIER), "carrier"),
    ITEM_TEXT(description, "Description of the goods"),
    ITEM_TEXT(commodity_code, "Declared code"),
    ITEM_TEXT(origin_country_id, "Country of origin"),
    ITEM_TEXT(preferential_origin_id, "Country of preferential origin"),
    COUNTRY(dispatch_country_id, export_country_id, "Country of dispatch: the item's, else the declaration's"),
    COUNTRY(destination_country_id, destination_country_id,
            "Country of destination: the item's, else the declaration's"),
    ITEM_TEXT(valuation_method_code, "Method of valuation"),
    ITEM_TEXT(procedure_current_code, "Procedure requested"),
    ITEM_TEXT(procedure_previous_code, "Previous procedure"),
    ITEM_TEXT(quota_id, "Quota"),
    {"item.additional_procedures", "Additional procedures: C07, C08, F48", GL_FIELD_TEXT, true, false,
     find_additional_procedure, 0, 0, 0, "additional_procedures", NULL},
    {"item.documents.type_code", "Types of the item's and the whole declaration's documents", GL_FIELD_TEXT, true,
     false, find_document, offsetof(gl_declaration_document, type_code), 0, 0, "documents", "type_code"},
    DERIVED("item.duty_tax_fees.type_code", GL_FIELD_TEXT, true, find_fee_type, "type_code",
            "Types of duties, taxes and fees"),
    ITEM_AMOUNT(item_charge_amount, "Price of the item; the intrinsic value of an H7"),
    ITEM_AMOUNT(customs_value_amount, "Customs value"),
    ITEM_AMOUNT(statistical_value_amount, "Statistical value"),
    ITEM_MASS(gross_mass, "Gross mass, kg"),
    ITEM_MASS(net_mass, "Net mass, kg"),
    DERIVED("item.price_per_kg", GL_FIELD_PRICE, true, find_price_per_kg, "item_charge_amount",
            "Item price over net mass; no value without both"),
    DERIVED("item.net_mass_over_gross", GL_FIELD_MASS, true, find_net_over_gross, "net_mass",
            "Net mass less gross mass, kg; above 0 is impossible"),
    CLASSIFIED("status", GL_FIELD_TEXT, find_status, "description", "CLASSIFIED, ABSTAINED, VAGUE or NO_DESCRIPTION"),
    CLASSIFIED("agreement", GL_FIELD_TEXT, find_agreement, "commodity_code",
               "How far the declared code agrees with the predicted one: SUBHEADING, HEADING, CHAPTER, DIFFERS, "
               "NOT_COMPARED"),
    CLASSIFIED("hs6", GL_FIELD_TEXT, find_predicted, "description", "Predicted code"),
    CLASSIFIED("confidence", GL_FIELD_NUMBER, find_confidence, "description",
               "Confidence of the predicted code, percent"),
    CLASSIFIED("answer", GL_FIELD_TEXT, find_answer, "description",
               "The deepest code that is sure: 6, 4 or 2 digits; no value when none is"),
    CLASSIFIED("verdict", GL_FIELD_TEXT, find_verdict, "commodity_code",
               "What the answer says of the declared code: CONSISTENT, FINER_THAN_SURE, AMBIGUOUS, CONTRADICTORY, "
               "NOT_COMPARED"),
    CLASSIFIED("declared_confidence", GL_FIELD_NUMBER, find_declared_confidence, "commodity_code",
               "Confidence of the declared code, percent; no value when the model has no such code"),
    CLASSIFIED(
        "tariff", GL_FIELD_TEXT, find_tariff, "commodity_code",
        "The national tariff that holds for the declaration, with its version: UK/1f3a55bd; no value without one"),
    CLASSIFIED("national_code", GL_FIELD_TEXT, find_national_code, "description",
               "The tariff's code that is sure, 8 or 10 digits; no value when none is"),
    AT_STAKE("duty_at_stake", amount,
             "Duty of the tariff's likeliest line less that of the declared code, in the currency of the item's value; "
             "no value when it cannot be told"),
    AT_STAKE("expected_duty_at_stake", expected,
             "The mean by confidence over all lines whose duty is known, less that of the declared code"),
    CLASSIFIED("expected_over", GL_FIELD_NUMBER, find_expected_over, "commodity_code",
               "Confidence that those lines have together, percent"),
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };
_Static_assert((int)FIELD_COUNT < (int)FIELD_LIMIT, "the names of all fields fit in an array");

static const gl_field *make_attribute(gl_arena *arena, gl_str name, gl_str type, bool of_item)
{
    gl_field *field = GL_NEW(arena, gl_field);
    *field = (gl_field){.name = gl_arena_strndup(arena, name.ptr, name.len),
                        .help = "Coded value of the source without a canonical home",
                        .kind = GL_FIELD_TEXT,
                        .of_item = of_item,
                        .find = of_item ? find_item_attribute : find_attribute,
                        .array = gl_arena_strndup(arena, type.ptr, type.len)};
    return field;
}

const gl_field *gl_field_find(gl_arena *arena, gl_str name, const char **nearest)
{
    const char *names[FIELD_LIMIT] = {0};
    gl_str of_all = GL_STR("attribute."), of_item = GL_STR("item.attribute.");
    if (gl_str_starts(name, of_all) && name.len > of_all.len)
        return make_attribute(arena, name, (gl_str){name.ptr + of_all.len, name.len - of_all.len}, false);
    if (gl_str_starts(name, of_item) && name.len > of_item.len)
        return make_attribute(arena, name, (gl_str){name.ptr + of_item.len, name.len - of_item.len}, true);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (gl_str_eqz(name, fields[i].name))
            return &fields[i];
        names[i] = fields[i].name;
    }
    if (nearest != NULL)
        *nearest = gl_nearest_name(name, names);
    return NULL;
}

const char *gl_field_name(const gl_field *field)
{
    return field->name;
}

gl_field_kind gl_field_kind_of(const gl_field *field)
{
    return field->kind;
}

bool gl_field_of_item(const gl_field *field)
{
    return field->of_item;
}

bool gl_field_of_classification(const gl_field *field)
{
    return field->of_classification;
}

const gl_field *gl_field_at(size_t at)
{
    return at < FIELD_COUNT ? &fields[at] : NULL;
}

const char *gl_field_help(const gl_field *field)
{
    return field->help;
}

bool gl_field_any(const gl_field *field, const gl_subject *subject, size_t item, gl_fact_fn *each, void *context)
{
    return field->find(field, subject, item, each, context);
}

gl_str gl_place_pointer(gl_arena *arena, const gl_place *place)
{
    gl_buf out = gl_buf_in(arena);
    gl_buf_reserve(&out, 64);
    if (place->item >= 0)
        gl_buf_printf(&out, "/items/%d", place->item);
    if (place->array != NULL)
        gl_buf_printf(&out, "/%s/%zu", place->array, place->index);
    if (place->leaf != NULL)
        gl_buf_printf(&out, "/%s", place->leaf);
    return gl_buf_view(&out);
}
