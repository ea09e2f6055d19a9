/* See synth.h. Amounts and masses follow what parcel traffic looks like: many cheap things, a long tail. */
#include "cli/synth.h"

#include <stdio.h>

static const char *const OFFICES[] = {"BE343000", "BE212000", "BE101000", "BE432000"};
static const char *const ORIGINS[] = {"CN", "CN", "CN", "CN", "CN", "CN", "HK", "US",
                                      "GB", "TR", "JP", "KR", "IN", "VN", "TH"};
static const char *const CURRENCIES[] = {"EUR", "EUR", "EUR", "EUR", "USD", "USD", "GBP", "CNY"};
#define COUNT32(table) ((uint32_t)(sizeof(table) / sizeof((table)[0])))

uint64_t gl_rng_next(gl_rng *rng)
{
    uint64_t z = (rng->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint32_t gl_rng_below(gl_rng *rng, uint32_t bound)
{
    return (uint32_t)(((gl_rng_next(rng) >> 32) * bound) >> 32);
}

double gl_rng_share(gl_rng *rng)
{
    return (double)(gl_rng_next(rng) >> 11) * 0x1p-53;
}

static gl_rng rng_for(uint64_t seed, int64_t number, uint64_t purpose)
{
    gl_rng rng = {seed * 0xD1342543DE82EF95u ^ (uint64_t)number * 0x9E3779B97F4A7C15u ^ purpose};
    gl_rng_next(&rng);
    return rng;
}

static int between(gl_rng *rng, int low, int high)
{
    return low + (int)gl_rng_below(rng, (uint32_t)(high - low + 1));
}

/* Alcohol, tobacco and perfume have no relief. */
static bool has_relief(const gl_good *good)
{
    return strncmp(good->hs6, "22", 2) != 0 && strncmp(good->hs6, "24", 2) != 0 && strncmp(good->hs6, "3303", 4) != 0;
}

static void make_item(gl_synth *s, gl_rng *rng)
{
    gl_synth_item *item = &s->items[s->item_count++];
    uint32_t which = gl_rng_below(rng, (uint32_t)gl_goods_count);
    while (s->low_value && !has_relief(&gl_goods[which]))
        which = (which + 1) % (uint32_t)gl_goods_count;
    item->good = &gl_goods[which];
    item->quantity = gl_rng_share(rng) < 0.8 ? 1 : between(rng, 2, 4);
    double low = gl_rng_share(rng); /* the lower prices are the usual ones */
    int64_t one =
        item->good->min_cents + (int64_t)((double)(item->good->max_cents - item->good->min_cents) * low * low);
    int64_t ceiling = s->low_value ? 14900 / (item->quantity * 2) : one * 40;
    item->value_cents = (one < ceiling || !s->low_value ? one : ceiling) * item->quantity;
    if (!s->low_value)
        item->value_cents = one * between(rng, 20, 400);
    int grams = between(rng, item->good->min_grams, item->good->max_grams);
    item->net_grams = (int64_t)grams * (s->low_value ? item->quantity : between(rng, 20, 400));
    item->gross_grams = item->net_grams + item->net_grams / 10 + 10;
    item->origin = ORIGINS[gl_rng_below(rng, COUNT32(ORIGINS))];
}

static void make_people(gl_synth *s, gl_rng *rng)
{
    s->seller = gl_seller_names[gl_rng_below(rng, (uint32_t)gl_seller_name_count)];
    s->given = gl_given_names[gl_rng_below(rng, (uint32_t)gl_given_name_count)];
    s->family_name = gl_family_names[gl_rng_below(rng, (uint32_t)gl_family_name_count)];
    s->street = gl_streets[gl_rng_below(rng, (uint32_t)gl_street_count)];
    s->house = between(rng, 1, 240);
    s->city = &gl_cities[gl_rng_below(rng, (uint32_t)gl_city_count)];
    snprintf(s->importer_id, sizeof s->importer_id, "%s%09u", s->city->country, gl_rng_below(rng, 20000));
    snprintf(s->declarant_id, sizeof s->declarant_id, "BE%010u", 400000000 + gl_rng_below(rng, 40));
    snprintf(s->ioss, sizeof s->ioss, "IM056000%04u", gl_rng_below(rng, 300));
}

static gl_synth_kind kind_of(const gl_synth_plan *plan, int64_t index)
{
    gl_rng rng = rng_for(plan->seed, index, 0x6B696E64);
    double share = gl_rng_share(&rng);
    if (share < plan->bad)
        return GL_SYNTH_BAD;
    share -= plan->bad;
    if (share < plan->duplicates)
        return index == 0 ? GL_SYNTH_GOOD : GL_SYNTH_DUPLICATE;
    share -= plan->duplicates;
    if (share < plan->amendments)
        return index == 0 ? GL_SYNTH_GOOD : GL_SYNTH_AMENDMENT;
    return GL_SYNTH_GOOD;
}

/* A good declaration before `index`: what a duplicate repeats. In steps of two, so that neither it nor what the
 * neighbour repeats is adjacent: in a parcel manifest adjacent rows of one LRN are one declaration. */
static int64_t first_of(const gl_synth_plan *plan, int64_t index)
{
    int64_t i = index - 2;
    while (i >= 0 && kind_of(plan, i) != GL_SYNTH_GOOD)
        i -= 2;
    return i >= 0 ? i : index;
}

/* Amendments change a value by less than an amount of money that matters. */
enum { AMENDED_CENTS = 97 };

/* The latest before `index` that amended the declaration `number`, or `number` itself. */
static int64_t latest_of(const gl_synth_plan *plan, int64_t index, int64_t number)
{
    for (int64_t i = index - 2; i > number; i -= 2)
        if (kind_of(plan, i) == GL_SYNTH_AMENDMENT)
            return i;
    return number;
}

/* Relief from duty is for what is cheap as a whole: 150 EUR, which is less than 131 GBP; less what an amendment may
 * add. */
static void keep_relief(gl_synth *s)
{
    int64_t most = strcmp(s->currency, "GBP") == 0 ? 12900 : 14900, sum = 0;
    most -= AMENDED_CENTS;
    for (int i = 0; i < s->item_count; i++)
        sum += s->items[i].value_cents;
    for (int i = 0; s->low_value && sum > most && i < s->item_count; i++)
        s->items[i].value_cents = s->items[i].value_cents * most / sum;
}

void gl_synth_make(const gl_synth_plan *plan, int64_t index, gl_synth *s)
{
    memset(s, 0, sizeof *s);
    s->kind = kind_of(plan, index);
    s->number = s->repeats = index;
    if (s->kind == GL_SYNTH_DUPLICATE || s->kind == GL_SYNTH_AMENDMENT) {
        s->number = first_of(plan, index);
        if (kind_of(plan, s->number) != GL_SYNTH_GOOD)
            s->kind = GL_SYNTH_GOOD, s->number = index;
        if (s->kind == GL_SYNTH_DUPLICATE)
            s->repeats = latest_of(plan, index, s->number);
        s->extra_cents = s->repeats == s->number ? 0 : 1 + s->repeats % AMENDED_CENTS;
    }
    gl_rng rng = rng_for(plan->seed, s->number, 0x676F6F64);
    snprintf(s->lrn, sizeof s->lrn, "%.8s-%010lld", plan->prefix, (long long)s->number);
    s->low_value = gl_rng_share(&rng) >= plan->high_value;
    s->year = 2026;
    s->month = between(&rng, 1, 10);
    s->day = between(&rng, 1, 28);
    s->office = OFFICES[gl_rng_below(&rng, COUNT32(OFFICES))];
    s->currency = CURRENCIES[gl_rng_below(&rng, COUNT32(CURRENCIES))];
    s->mode = gl_rng_share(&rng) < 0.85 ? 4 : between(&rng, 1, 3);
    make_people(s, &rng);
    int count = 1;
    while (count < GL_SYNTH_ITEMS && gl_rng_share(&rng) < 1 - 1 / (plan->mean_items < 1 ? 1 : plan->mean_items))
        count++;
    for (int i = 0; i < count; i++)
        make_item(s, &rng);
    keep_relief(s);
    s->flaw = s->kind == GL_SYNTH_BAD ? (int)gl_rng_below(&rng, GL_SYNTH_FLAWS) : -1;
}

/* What a flaw does to a field: the same in every format. */
static const char *flawed(const gl_synth *s, int flaw, const char *wrong, const char *right)
{
    return s->flaw == flaw ? wrong : right;
}

static void money(gl_buf *buf, int64_t cents)
{
    gl_buf_printf(buf, "%lld.%02lld", (long long)(cents / 100), (long long)(cents % 100));
}

static void kilograms(gl_buf *buf, int64_t grams)
{
    gl_buf_printf(buf, "%lld.%03lld", (long long)(grams / 1000), (long long)(grams % 1000));
}

static const char *country_of(const gl_synth *s)
{
    return flawed(s, 1, "Q9", s->city->country);
}

static void json_party(gl_buf *buf, const gl_synth *s)
{
    gl_buf_printf(buf,
                  "\"parties\":[{\"role\":\"DECLARANT\",\"id\":\"%s\"},{\"role\":\"IMPORTER\",\"id\":\"%s\",\"name\":"
                  "\"%s %s\",\"street\":\"%s "
                  "%d\",\"city\":\"%s\",\"postcode\":\"%s\",\"country_code\":\"%s\"},",
                  s->declarant_id, s->importer_id, s->given, s->family_name, s->street, s->house, s->city->name,
                  s->city->postcode, country_of(s));
    gl_buf_printf(buf, "{\"role\":\"EXPORTER\",\"name\":\"%s\",\"city\":\"Shenzhen\",\"country_code\":\"CN\"}",
                  s->seller);
    if (s->low_value)
        gl_buf_printf(buf, ",{\"role\":\"FISCAL_REFERENCE\",\"role_code\":\"FR5\",\"id\":\"%s\"}", s->ioss);
    gl_buf_text(buf, "],");
}

/* What an amendment changes. */
static int64_t value_of(const gl_synth *s, int i)
{
    return s->items[i].value_cents + (i == 0 ? s->extra_cents : 0);
}

static void json_item(gl_buf *buf, const gl_synth *s, int i)
{
    const gl_synth_item *item = &s->items[i];
    gl_buf_printf(buf, "{\"sequence_numeric\":%d,\"description\":", i + 1);
    gl_buf_json(buf, gl_str_of(item->good->description));
    gl_buf_printf(buf, ",\"commodity_code\":\"%s\",\"origin_country_id\":\"%s\",\"gross_mass\":{\"value\":\"",
                  flawed(s, 2, "12AB", item->good->hs6), item->origin);
    kilograms(buf, item->gross_grams);
    gl_buf_text(buf, "\",\"unit\":\"KGM\"},\"net_mass\":{\"value\":\"");
    kilograms(buf, item->net_grams);
    gl_buf_printf(buf, "\",\"unit\":\"KGM\"},\"item_charge_amount\":{\"amount\":\"%s", flawed(s, 3, "-", ""));
    money(buf, value_of(s, i));
    gl_buf_printf(buf,
                  "\",\"currency\":\"%s\"},\"procedure_current_code\":\"40\",\"procedure_previous_code\":\"00\","
                  "\"additional_procedures\":[%s],",
                  flawed(s, 4, "EURO", s->currency), s->low_value ? "\"C07\",\"F48\"" : "\"000\"");
    gl_buf_printf(buf, "\"packaging\":[{\"type_code\":\"PK\",\"quantity\":%d}]}", item->quantity);
}

void gl_synth_json(const gl_synth *s, gl_buf *buf)
{
    gl_buf_text(buf, "{");
    if (s->flaw != 0)
        gl_buf_printf(buf, "\"functional_reference_id\":\"%s\",", s->lrn);
    gl_buf_printf(buf,
                  "\"family\":\"IMPORT\",\"function_code\":\"%s\",\"type_code\":\"IMA\",\"data_set\":\"%s\",\"declared_"
                  "date\":\"%04d-%02d-%02d\",",
                  s->extra_cents > 0 ? "4" : "9", s->low_value ? "H7" : "H1", s->year, s->flaw == 5 ? 13 : s->month,
                  s->day);
    gl_buf_printf(buf, "\"declaration_office_id\":\"%s\",\"goods_item_quantity\":%d,", s->office, s->item_count);
    json_party(buf, s);
    gl_buf_printf(buf,
                  "\"border_transport\":{\"mode_code\":\"%d\"},\"documents\":[{\"kind\":\"TRANSPORT\",\"type_code\":"
                  "\"N740\",\"id\":\"157-%07lld%lld\"}],\"items\":[",
                  s->mode, (long long)(s->number / 400 % 10000000), (long long)(s->number / 400 % 10000000 % 7));
    for (int i = 0; i < s->item_count; i++) {
        if (i > 0)
            gl_buf_byte(buf, ',');
        json_item(buf, s, i);
    }
    gl_buf_text(buf, "]}\n");
}

static void xml_item(gl_buf *buf, const gl_synth *s, int i)
{
    const gl_synth_item *item = &s->items[i];
    gl_buf_printf(buf,
                  "      <GovernmentAgencyGoodsItem>\n        <SequenceNumeric>%d</SequenceNumeric>\n        "
                  "<Commodity>\n          <Description>",
                  i + 1);
    gl_buf_xml(buf, gl_str_of(item->good->description));
    gl_buf_printf(buf,
                  "</Description>\n          "
                  "<Classification><ID>%s</ID><IdentificationTypeCode>TSP</IdentificationTypeCode></Classification>\n",
                  flawed(s, 2, "12AB", item->good->hs6));
    gl_buf_text(buf, "          <GoodsMeasure><GrossMassMeasure unitCode=\"KGM\">");
    kilograms(buf, item->gross_grams);
    gl_buf_text(buf, "</GrossMassMeasure><NetNetWeightMeasure unitCode=\"KGM\">");
    kilograms(buf, item->net_grams);
    gl_buf_printf(
        buf, "</NetNetWeightMeasure></GoodsMeasure>\n          <InvoiceLine><ItemChargeAmount currencyID=\"%s\">%s",
        flawed(s, 4, "EURO", s->currency), flawed(s, 3, "-", ""));
    money(buf, value_of(s, i));
    gl_buf_text(buf, "</ItemChargeAmount></InvoiceLine>\n        </Commodity>\n        "
                     "<GovernmentProcedure><CurrentCode>40</CurrentCode>"
                     "<PreviousCode>00</PreviousCode></GovernmentProcedure>\n");
    gl_buf_printf(buf, "        <GovernmentProcedure><CurrentCode>%s</CurrentCode></GovernmentProcedure>\n",
                  s->low_value ? "C07" : "000");
    gl_buf_printf(buf,
                  "        <Origin><CountryCode>%s</CountryCode><TypeCode>1</TypeCode></Origin>\n        "
                  "<Packaging><SequenceNumeric>1</SequenceNumeric>"
                  "<QuantityQuantity>%d</QuantityQuantity><TypeCode>PK</TypeCode></Packaging>\n      "
                  "</GovernmentAgencyGoodsItem>\n",
                  item->origin, item->quantity);
}

void gl_synth_xml(const gl_synth *s, gl_buf *buf)
{
    gl_buf_text(
        buf,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:MetaData "
        "xmlns:md=\"urn:wco:datamodel:WCO:DocumentMetaData-DMS:2\" "
        "xmlns=\"urn:wco:datamodel:WCO:DEC-DMS:2\">\n  <md:WCODataModelVersionCode>3.6</md:WCODataModelVersionCode>\n"
        "  <md:WCOTypeName>DEC</md:WCOTypeName>\n  <Declaration>\n");
    gl_buf_printf(buf, "    <FunctionCode>%s</FunctionCode>\n", s->extra_cents > 0 ? "4" : "9");
    if (s->flaw != 0)
        gl_buf_printf(buf, "    <FunctionalReferenceID>%s</FunctionalReferenceID>\n", s->lrn);
    gl_buf_printf(buf,
                  "    <TypeCode>IMA</TypeCode>\n    <DeclarationOfficeID>%s</DeclarationOfficeID>\n    "
                  "<GoodsItemQuantity>%d</GoodsItemQuantity>\n",
                  s->office, s->item_count);
    gl_buf_printf(buf,
                  "    <BorderTransportMeans><ModeCode>%d</ModeCode></BorderTransportMeans>\n    "
                  "<Declarant><ID>%s</ID></Declarant>\n"
                  "    "
                  "<Exporter><Name>%s</Name><Address><CityName>Shenzhen</CityName><CountryCode>CN</CountryCode></"
                  "Address></Exporter>\n    <GoodsShipment>\n",
                  s->mode, s->declarant_id, s->seller);
    for (int i = 0; i < s->item_count; i++)
        xml_item(buf, s, i);
    gl_buf_printf(
        buf,
        "      <Importer><ID>%s</ID><Name>%s "
        "%s</Name><Address><CityName>%s</CityName><CountryCode>%s</CountryCode><Line>%s %d</Line>"
        "<PostcodeID>%s</PostcodeID></Address></Importer>\n    </GoodsShipment>\n  </Declaration>\n</md:MetaData>\n",
        s->importer_id, s->given, s->family_name, s->city->name, country_of(s), s->street, s->house, s->city->postcode);
}

static const char *lrn_of(const gl_synth *s)
{
    return flawed(s, 0, "", s->lrn);
}

void gl_synth_kcs_header(gl_buf *buf)
{
    gl_buf_text(buf, "Declaration ID,Date,Office ID,Process Type,Import Type,Import Use,Payment Type,Mode of "
                     "Transport,Declarant ID,Importer ID,Seller ID,Courier "
                     "ID,HS6 Code,Country of Departure,Country of Origin,Tax Rate,Tax Type,Country of Origin "
                     "Indicator,Net Mass,Item Price,Fraud,Critical Fraud\n");
}

void gl_synth_kcs(const gl_synth *s, gl_buf *buf)
{
    static const char *const rates[] = {"0.0", "8.0", "6.5", "13.0"};
    static const char *const taxes[] = {"A", "C", "FCN1", "FEU1"};
    const gl_synth_item *item = &s->items[0];
    gl_rng rng = rng_for(1, s->number, 0x6B6373);
    gl_buf_printf(buf, "%s,%04d-%02d-%02d,%u,%s,%s,%s,%s,%d0,", lrn_of(s), s->year, s->flaw == 5 ? 13 : s->month,
                  s->day, 10 + gl_rng_below(&rng, 50), gl_rng_share(&rng) < 0.9 ? "B" : "D",
                  gl_rng_share(&rng) < 0.8 ? "11" : "15", gl_rng_share(&rng) < 0.7 ? "21" : "11",
                  gl_rng_share(&rng) < 0.6 ? "11" : "43", s->mode);
    gl_buf_printf(buf, "D%06u,I%06u,S%06u,,%s,%s,%s,%s,%s,G,", gl_rng_below(&rng, 1000), gl_rng_below(&rng, 10000),
                  gl_rng_below(&rng, 8000), flawed(s, 2, "12AB", item->good->hs6), flawed(s, 1, "Q9", item->origin),
                  item->origin, rates[gl_rng_below(&rng, 4)], taxes[gl_rng_below(&rng, 4)]);
    gl_buf_text(buf, flawed(s, 4, "heavy", ""));
    if (s->flaw != 4)
        kilograms(buf, item->net_grams);
    gl_buf_printf(buf, ",%s", flawed(s, 3, "-", ""));
    money(buf, item->value_cents * 15);
    gl_buf_text(buf, ",,\n");
}

void gl_synth_parcels_header(gl_buf *buf)
{
    gl_buf_text(buf, "Tracking Number,Arrival Date,Office,Transport Mode,Sender Name,Sender City,Sender "
                     "Country,Consignee Name,Consignee Address,Consignee City,"
                     "Consignee Postcode,Consignee Country,IOSS,Article,Description,HS Code,Quantity,Net Mass,Gross "
                     "Mass,Value,Currency,Origin,Procedures\n");
}

/* A field in quotes (RFC 4180). */
static void csv_text(gl_buf *buf, const char *text)
{
    gl_buf_byte(buf, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            gl_buf_byte(buf, '"');
        gl_buf_byte(buf, (uint8_t)*c);
    }
    gl_buf_byte(buf, '"');
}

void gl_synth_parcels(const gl_synth *s, gl_buf *buf)
{
    for (int i = 0; i < s->item_count; i++) {
        const gl_synth_item *item = &s->items[i];
        gl_buf_printf(buf, "%s,%04d-%02d-%02d,%s,%d,", lrn_of(s), s->year, s->flaw == 5 ? 13 : s->month, s->day,
                      s->office, s->mode);
        csv_text(buf, s->seller);
        gl_buf_printf(buf, ",Shenzhen,CN,%s %s,%s %d,%s,%s,%s,%s,%d,", s->given, s->family_name, s->street, s->house,
                      s->city->name, s->city->postcode, country_of(s), s->low_value ? s->ioss : "", i + 1);
        csv_text(buf, item->good->description);
        gl_buf_printf(buf, ",%s,%d,", flawed(s, 2, "12AB", item->good->hs6), item->quantity);
        kilograms(buf, item->net_grams);
        gl_buf_byte(buf, ',');
        kilograms(buf, item->gross_grams);
        gl_buf_printf(buf, ",%s", flawed(s, 3, "-", ""));
        money(buf, item->value_cents);
        gl_buf_printf(buf, ",%s,%s,%s\n", flawed(s, 4, "EURO", s->currency), item->origin,
                      s->low_value ? "C07+F48" : "000");
    }
}
