/* See header.h. A name is cut into words, each word that is known is an idea, and the rules below say what a set of
 * ideas means; the first rule whose ideas are all there is taken. */
#include "ingest/formats/csv/header.h"

#include "customs/text.h"
#include "ingest/formats/canonical.h"

typedef uint64_t ideas; /* a set of `idea` */

typedef enum idea {
    SENDER,
    RECEIVER,
    CARRIER,
    DECLARATION,
    PARCEL,
    ORDER,
    NUMBER,
    NAME,
    STREET,
    CITY,
    POSTCODE,
    COUNTRY,
    CONTACT,
    IDENTITY,
    DATE,
    OFFICE,
    MODE,
    IOSS,
    ARTICLE,
    DESCRIPTION,
    TARIFF,
    CODE,
    QUANTITY,
    NET,
    GROSS,
    MASS,
    VALUE,
    EACH,
    TOTAL,
    CURRENCY,
    ORIGIN,
    PROCEDURE,
    KILOGRAM,
    GRAM,
    POUND,
    FREIGHT,
    IDEAS
} idea;
_Static_assert(IDEAS <= 64, "a set of ideas is a uint64_t");

#define HAS(what) (UINT64_C(1) << (what))

/* Normalised as gl_text_normalise does: lower case, accents folded. Two words are one entry where only both together
 * mean something. */
static const struct word {
    const char *text;
    ideas means;
} words[] = {
    /* who */
    {"sender", HAS(SENDER)},
    {"shipper", HAS(SENDER)},
    {"seller", HAS(SENDER)},
    {"vendor", HAS(SENDER)},
    {"merchant", HAS(SENDER)},
    {"exporter", HAS(SENDER)},
    {"consignor", HAS(SENDER)},
    {"supplier", HAS(SENDER)},
    {"shipfrom", HAS(SENDER)},
    {"ship from", HAS(SENDER)},
    {"from", HAS(SENDER)},
    {"absender", HAS(SENDER)},
    {"versender", HAS(SENDER)},
    {"verkaufer", HAS(SENDER)},
    {"expediteur", HAS(SENDER)},
    {"vendeur", HAS(SENDER)},
    {"afzender", HAS(SENDER)},
    {"verkoper", HAS(SENDER)},
    {"remitente", HAS(SENDER)},
    {"vendedor", HAS(SENDER)},
    {"mittente", HAS(SENDER)},
    {"venditore", HAS(SENDER)},
    {"nadawca", HAS(SENDER)},
    {"nadawcy", HAS(SENDER)},
    {"sprzedawca", HAS(SENDER)},
    {"receiver", HAS(RECEIVER)},
    {"recipient", HAS(RECEIVER)},
    {"consignee", HAS(RECEIVER)},
    {"buyer", HAS(RECEIVER)},
    {"customer", HAS(RECEIVER)},
    {"importer", HAS(RECEIVER)},
    {"addressee", HAS(RECEIVER)},
    {"delivery", HAS(RECEIVER)},
    {"shipto", HAS(RECEIVER)},
    {"ship to", HAS(RECEIVER)},
    {"shipping", HAS(RECEIVER)},
    {"to", HAS(RECEIVER)},
    {"destination", HAS(RECEIVER)},
    {"empfanger", HAS(RECEIVER)},
    {"empfaenger", HAS(RECEIVER)},
    {"kaufer", HAS(RECEIVER)},
    {"kunde", HAS(RECEIVER)},
    {"destinataire", HAS(RECEIVER)},
    {"acheteur", HAS(RECEIVER)},
    {"ontvanger", HAS(RECEIVER)},
    {"koper", HAS(RECEIVER)},
    {"destinatario", HAS(RECEIVER)},
    {"comprador", HAS(RECEIVER)},
    {"acquirente", HAS(RECEIVER)},
    {"odbiorca", HAS(RECEIVER)},
    {"odbiorcy", HAS(RECEIVER)},
    {"carrier", HAS(CARRIER)},
    {"courier", HAS(CARRIER)},
    {"spediteur", HAS(CARRIER)},
    {"transporteur", HAS(CARRIER)},
    {"vervoerder", HAS(CARRIER)},
    {"transportista", HAS(CARRIER)},
    {"vettore", HAS(CARRIER)},
    {"przewoznik", HAS(CARRIER)},
    /* what names a declaration */
    {"declaration", HAS(DECLARATION)},
    {"lrn", HAS(DECLARATION) | HAS(NUMBER)},
    {"anmeldung", HAS(DECLARATION)},
    {"aangifte", HAS(DECLARATION)},
    {"declaracion", HAS(DECLARATION)},
    {"dichiarazione", HAS(DECLARATION)},
    {"zgloszenie", HAS(DECLARATION)},
    {"tracking", HAS(PARCEL)},
    {"trackingnumber", HAS(PARCEL) | HAS(NUMBER)},
    {"parcel", HAS(PARCEL)},
    {"package", HAS(PARCEL)},
    {"shipment", HAS(PARCEL)},
    {"consignment", HAS(PARCEL)},
    {"waybill", HAS(PARCEL)},
    {"awb", HAS(PARCEL)},
    {"hawb", HAS(PARCEL)},
    {"barcode", HAS(PARCEL) | HAS(NUMBER)},
    {"sendung", HAS(PARCEL)},
    {"sendungsnummer", HAS(PARCEL) | HAS(NUMBER)},
    {"paket", HAS(PARCEL)},
    {"paketnummer", HAS(PARCEL) | HAS(NUMBER)},
    {"colis", HAS(PARCEL)},
    {"suivi", HAS(PARCEL)},
    {"zending", HAS(PARCEL)},
    {"zendingnummer", HAS(PARCEL) | HAS(NUMBER)},
    {"pakket", HAS(PARCEL)},
    {"envio", HAS(PARCEL)},
    {"paquete", HAS(PARCEL)},
    {"seguimiento", HAS(PARCEL)},
    {"spedizione", HAS(PARCEL)},
    {"pacco", HAS(PARCEL)},
    {"przesylka", HAS(PARCEL)},
    {"przesylki", HAS(PARCEL)},
    {"order", HAS(ORDER)},
    {"invoice", HAS(ORDER)},
    {"bestellung", HAS(ORDER)},
    {"bestellnummer", HAS(ORDER) | HAS(NUMBER)},
    {"rechnung", HAS(ORDER)},
    {"commande", HAS(ORDER)},
    {"facture", HAS(ORDER)},
    {"bestelling", HAS(ORDER)},
    {"pedido", HAS(ORDER)},
    {"ordine", HAS(ORDER)},
    {"zamowienie", HAS(ORDER)},
    {"zamowienia", HAS(ORDER)},
    {"number", HAS(NUMBER)},
    {"no", HAS(NUMBER)},
    {"nr", HAS(NUMBER)},
    {"num", HAS(NUMBER)},
    {"numero", HAS(NUMBER)},
    {"nummer", HAS(NUMBER)},
    {"numer", HAS(NUMBER)},
    {"ref", HAS(NUMBER)},
    {"reference", HAS(NUMBER)},
    {"referenz", HAS(NUMBER)},
    {"referentie", HAS(NUMBER)},
    {"referencia", HAS(NUMBER)},
    {"riferimento", HAS(NUMBER)},
    {"id", HAS(IDENTITY)},
    {"identifier", HAS(IDENTITY)},
    {"eori", HAS(IDENTITY)},
    {"vat", HAS(IDENTITY)},
    {"tin", HAS(IDENTITY)},
    /* where somebody is */
    {"name", HAS(NAME)},
    {"nom", HAS(NAME)},
    {"naam", HAS(NAME)},
    {"nombre", HAS(NAME)},
    {"nome", HAS(NAME)},
    {"nazwa", HAS(NAME)},
    {"company", HAS(NAME)},
    {"address", HAS(STREET)},
    {"street", HAS(STREET)},
    {"adresse", HAS(STREET)},
    {"anschrift", HAS(STREET)},
    {"strasse", HAS(STREET)},
    {"rue", HAS(STREET)},
    {"adres", HAS(STREET)},
    {"straat", HAS(STREET)},
    {"direccion", HAS(STREET)},
    {"indirizzo", HAS(STREET)},
    {"city", HAS(CITY)},
    {"town", HAS(CITY)},
    {"ort", HAS(CITY)},
    {"stadt", HAS(CITY)},
    {"ville", HAS(CITY)},
    {"stad", HAS(CITY)},
    {"plaats", HAS(CITY)},
    {"ciudad", HAS(CITY)},
    {"citta", HAS(CITY)},
    {"miasto", HAS(CITY)},
    {"postcode", HAS(POSTCODE)},
    {"postalcode", HAS(POSTCODE)},
    {"postal code", HAS(POSTCODE)},
    {"postal", HAS(POSTCODE)},
    {"zip", HAS(POSTCODE)},
    {"zipcode", HAS(POSTCODE)},
    {"plz", HAS(POSTCODE)},
    {"postleitzahl", HAS(POSTCODE)},
    {"cap", HAS(POSTCODE)},
    {"country", HAS(COUNTRY)},
    {"land", HAS(COUNTRY)},
    {"pays", HAS(COUNTRY)},
    {"pais", HAS(COUNTRY)},
    {"paese", HAS(COUNTRY)},
    {"kraj", HAS(COUNTRY)},
    {"email", HAS(CONTACT)},
    {"e mail", HAS(CONTACT)},
    {"mail", HAS(CONTACT)},
    {"phone", HAS(CONTACT)},
    {"telephone", HAS(CONTACT)},
    {"mobile", HAS(CONTACT)},
    {"telefon", HAS(CONTACT)},
    {"telefoon", HAS(CONTACT)},
    {"telefono", HAS(CONTACT)},
    {"courriel", HAS(CONTACT)},
    /* the journey */
    {"date", HAS(DATE)},
    {"datum", HAS(DATE)},
    {"fecha", HAS(DATE)},
    {"data", HAS(DATE)},
    {"office", HAS(OFFICE)},
    {"zollstelle", HAS(OFFICE)},
    {"bureau", HAS(OFFICE)},
    {"aduana", HAS(OFFICE)},
    {"mode", HAS(MODE)},
    {"transportmode", HAS(MODE)},
    {"verkehrszweig", HAS(MODE)},
    {"ioss", HAS(IOSS)},
    {"freight", HAS(FREIGHT)},
    {"insurance", HAS(FREIGHT)},
    {"postage", HAS(FREIGHT)},
    {"porto", HAS(FREIGHT)},
    /* the goods */
    {"item", HAS(ARTICLE)},
    {"article", HAS(ARTICLE)},
    {"line", HAS(ARTICLE)},
    {"position", HAS(ARTICLE)},
    {"artikel", HAS(ARTICLE)},
    {"product", HAS(ARTICLE)},
    {"produkt", HAS(ARTICLE)},
    {"produit", HAS(ARTICLE)},
    {"producto", HAS(ARTICLE)},
    {"prodotto", HAS(ARTICLE)},
    {"articulo", HAS(ARTICLE)},
    {"description", HAS(DESCRIPTION)},
    {"desc", HAS(DESCRIPTION)},
    {"contents", HAS(DESCRIPTION)},
    {"content", HAS(DESCRIPTION)},
    {"title", HAS(DESCRIPTION)},
    {"goods", HAS(DESCRIPTION)},
    {"beschreibung", HAS(DESCRIPTION)},
    {"bezeichnung", HAS(DESCRIPTION)},
    {"warenbezeichnung", HAS(DESCRIPTION)},
    {"warenbeschreibung", HAS(DESCRIPTION)},
    {"inhalt", HAS(DESCRIPTION)},
    {"designation", HAS(DESCRIPTION)},
    {"libelle", HAS(DESCRIPTION)},
    {"omschrijving", HAS(DESCRIPTION)},
    {"descripcion", HAS(DESCRIPTION)},
    {"descrizione", HAS(DESCRIPTION)},
    {"opis", HAS(DESCRIPTION)},
    {"hs", HAS(TARIFF)},
    {"hs0", HAS(TARIFF)}, /* HS6: digits are normalised */
    {"hscode", HAS(TARIFF) | HAS(CODE)},
    {"tariff", HAS(TARIFF)},
    {"commodity", HAS(TARIFF)},
    {"taric", HAS(TARIFF)},
    {"hts", HAS(TARIFF)},
    {"zolltarifnummer", HAS(TARIFF) | HAS(CODE)},
    {"warennummer", HAS(TARIFF) | HAS(CODE)},
    {"goederencode", HAS(TARIFF) | HAS(CODE)},
    {"arancelario", HAS(TARIFF)},
    {"tarifaire", HAS(TARIFF)},
    {"doganale", HAS(TARIFF)},
    {"code", HAS(CODE)},
    {"codigo", HAS(CODE)},
    {"codice", HAS(CODE)},
    {"kod", HAS(CODE)},
    {"quantity", HAS(QUANTITY)},
    {"qty", HAS(QUANTITY)},
    {"pieces", HAS(QUANTITY)},
    {"pcs", HAS(QUANTITY)},
    {"menge", HAS(QUANTITY)},
    {"anzahl", HAS(QUANTITY)},
    {"stuck", HAS(QUANTITY)},
    {"stuckzahl", HAS(QUANTITY)},
    {"quantite", HAS(QUANTITY)},
    {"aantal", HAS(QUANTITY)},
    {"cantidad", HAS(QUANTITY)},
    {"quantita", HAS(QUANTITY)},
    {"ilosc", HAS(QUANTITY)},
    {"net", HAS(NET)},
    {"netto", HAS(NET)},
    {"nett", HAS(NET)},
    {"neto", HAS(NET)},
    {"gross", HAS(GROSS)},
    {"brutto", HAS(GROSS)},
    {"brut", HAS(GROSS)},
    {"bruto", HAS(GROSS)},
    {"lordo", HAS(GROSS)},
    {"weight", HAS(MASS)},
    {"mass", HAS(MASS)},
    {"gewicht", HAS(MASS)},
    {"masse", HAS(MASS)},
    {"nettogewicht", HAS(MASS) | HAS(NET)},
    {"eigenmasse", HAS(MASS) | HAS(NET)},
    {"bruttogewicht", HAS(MASS) | HAS(GROSS)},
    {"rohmasse", HAS(MASS) | HAS(GROSS)},
    {"poids", HAS(MASS)},
    {"peso", HAS(MASS)},
    {"waga", HAS(MASS)},
    {"kg", HAS(KILOGRAM)},
    {"kgs", HAS(KILOGRAM)},
    {"kgm", HAS(KILOGRAM)},
    {"kilogram", HAS(KILOGRAM)},
    {"kilograms", HAS(KILOGRAM)},
    {"g", HAS(GRAM)},
    {"gr", HAS(GRAM)},
    {"grm", HAS(GRAM)},
    {"gram", HAS(GRAM)},
    {"grams", HAS(GRAM)},
    {"gramm", HAS(GRAM)},
    {"lb", HAS(POUND)},
    {"lbs", HAS(POUND)},
    {"lbr", HAS(POUND)},
    {"pounds", HAS(POUND)},
    {"value", HAS(VALUE)},
    {"amount", HAS(VALUE)},
    {"price", HAS(VALUE)},
    {"wert", HAS(VALUE)},
    {"warenwert", HAS(VALUE)},
    {"betrag", HAS(VALUE)},
    {"preis", HAS(VALUE)},
    {"valeur", HAS(VALUE)},
    {"montant", HAS(VALUE)},
    {"prix", HAS(VALUE)},
    {"waarde", HAS(VALUE)},
    {"bedrag", HAS(VALUE)},
    {"prijs", HAS(VALUE)},
    {"valor", HAS(VALUE)},
    {"importe", HAS(VALUE)},
    {"precio", HAS(VALUE)},
    {"valore", HAS(VALUE)},
    {"importo", HAS(VALUE)},
    {"prezzo", HAS(VALUE)},
    {"wartosc", HAS(VALUE)},
    {"kwota", HAS(VALUE)},
    {"cena", HAS(VALUE)},
    {"unit", HAS(EACH)},
    {"each", HAS(EACH)},
    {"stuckpreis", HAS(EACH) | HAS(VALUE)},
    {"einzelpreis", HAS(EACH) | HAS(VALUE)},
    {"unitaire", HAS(EACH)},
    {"unitario", HAS(EACH)},
    {"stukprijs", HAS(EACH) | HAS(VALUE)},
    {"total", HAS(TOTAL)},
    {"gesamt", HAS(TOTAL)},
    {"gesamtwert", HAS(TOTAL) | HAS(VALUE)},
    {"gesamtpreis", HAS(TOTAL) | HAS(VALUE)},
    {"totaal", HAS(TOTAL)},
    {"totale", HAS(TOTAL)},
    {"currency", HAS(CURRENCY)},
    {"wahrung", HAS(CURRENCY)},
    {"waehrung", HAS(CURRENCY)},
    {"devise", HAS(CURRENCY)},
    {"monnaie", HAS(CURRENCY)},
    {"valuta", HAS(CURRENCY)},
    {"munt", HAS(CURRENCY)},
    {"moneda", HAS(CURRENCY)},
    {"divisa", HAS(CURRENCY)},
    {"waluta", HAS(CURRENCY)},
    {"origin", HAS(ORIGIN)},
    {"coo", HAS(ORIGIN)},
    {"manufacture", HAS(ORIGIN)},
    {"made in", HAS(ORIGIN)},
    {"ursprung", HAS(ORIGIN)},
    {"ursprungsland", HAS(ORIGIN) | HAS(COUNTRY)},
    {"herkunftsland", HAS(ORIGIN) | HAS(COUNTRY)},
    {"origine", HAS(ORIGIN)},
    {"dorigine", HAS(ORIGIN)}, /* with a typographic apostrophe, which normalising leaves out */
    {"oorsprong", HAS(ORIGIN)},
    {"herkomst", HAS(ORIGIN)},
    {"origen", HAS(ORIGIN)},
    {"pochodzenia", HAS(ORIGIN)},
    {"procedure", HAS(PROCEDURE)},
    {"procedures", HAS(PROCEDURE)},
    {"verfahren", HAS(PROCEDURE)},
};
enum { WORDS = sizeof words / sizeof *words };

/* The first that fits is taken, so what is more exact comes first. `without`: none of these. */
static const struct rule {
    ideas with, without;
    gl_meaning means;
} rules[] = {
    {HAS(IOSS), 0, GL_MEANS_IOSS},
    {HAS(FREIGHT), 0, GL_MEANS_NOTHING},
    {HAS(ORIGIN), HAS(CITY) | HAS(POSTCODE) | HAS(STREET), GL_MEANS_ORIGIN},
    {HAS(CURRENCY), 0, GL_MEANS_CURRENCY},
    {HAS(NET) | HAS(MASS), 0, GL_MEANS_NET_MASS},
    {HAS(GROSS) | HAS(MASS), 0, GL_MEANS_GROSS_MASS},
    {HAS(MASS), 0, GL_MEANS_MASS},
    {HAS(TARIFF) | HAS(DESCRIPTION), 0, GL_MEANS_NOTHING},
    {HAS(TARIFF), 0, GL_MEANS_COMMODITY},
    {HAS(SENDER) | HAS(COUNTRY), 0, GL_MEANS_SELLER_COUNTRY},
    {HAS(SENDER) | HAS(CONTACT), 0, GL_MEANS_SELLER_CONTACT},
    {HAS(SENDER) | HAS(POSTCODE), 0, GL_MEANS_SELLER_POSTCODE},
    {HAS(SENDER) | HAS(CITY), 0, GL_MEANS_SELLER_CITY},
    {HAS(SENDER) | HAS(STREET), 0, GL_MEANS_SELLER_STREET},
    {HAS(SENDER) | HAS(IDENTITY), 0, GL_MEANS_SELLER_ID},
    {HAS(SENDER) | HAS(NAME), 0, GL_MEANS_SELLER_NAME},
    {HAS(RECEIVER) | HAS(COUNTRY), 0, GL_MEANS_IMPORTER_COUNTRY},
    {HAS(RECEIVER) | HAS(CONTACT), 0, GL_MEANS_IMPORTER_CONTACT},
    {HAS(RECEIVER) | HAS(POSTCODE), 0, GL_MEANS_IMPORTER_POSTCODE},
    {HAS(RECEIVER) | HAS(CITY), 0, GL_MEANS_IMPORTER_CITY},
    {HAS(RECEIVER) | HAS(STREET), 0, GL_MEANS_IMPORTER_STREET},
    {HAS(RECEIVER) | HAS(IDENTITY), 0, GL_MEANS_IMPORTER_ID},
    {HAS(RECEIVER) | HAS(NAME), 0, GL_MEANS_IMPORTER_NAME},
    {HAS(DATE), HAS(ORDER), GL_MEANS_DATE},
    {HAS(VALUE) | HAS(EACH), 0, GL_MEANS_UNIT_PRICE},
    {HAS(VALUE), 0, GL_MEANS_VALUE},
    {HAS(QUANTITY), 0, GL_MEANS_QUANTITY},
    {HAS(DECLARATION), HAS(DATE), GL_MEANS_DECLARATION},
    {HAS(PARCEL), HAS(DATE), GL_MEANS_PARCEL},
    {HAS(ORDER), HAS(DATE) | HAS(ARTICLE), GL_MEANS_ORDER},
    {HAS(CARRIER), 0, GL_MEANS_CARRIER},
    {HAS(SENDER), HAS(NUMBER), GL_MEANS_SELLER_NAME},
    {HAS(RECEIVER), HAS(NUMBER), GL_MEANS_IMPORTER_NAME},
    {HAS(PROCEDURE), 0, GL_MEANS_PROCEDURES},
    {HAS(OFFICE), 0, GL_MEANS_OFFICE},
    {HAS(MODE), 0, GL_MEANS_MODE},
    {HAS(DESCRIPTION), 0, GL_MEANS_DESCRIPTION},
    {HAS(ARTICLE) | HAS(NAME), 0, GL_MEANS_DESCRIPTION},
    {HAS(ARTICLE) | HAS(NUMBER), 0, GL_MEANS_ARTICLE},
    {HAS(COUNTRY), 0, GL_MEANS_IMPORTER_COUNTRY},
    {HAS(POSTCODE), 0, GL_MEANS_IMPORTER_POSTCODE},
    {HAS(CITY), 0, GL_MEANS_IMPORTER_CITY},
    {HAS(STREET), 0, GL_MEANS_IMPORTER_STREET},
    {HAS(CONTACT), 0, GL_MEANS_IMPORTER_CONTACT},
    {HAS(ARTICLE), HAS(CODE) | HAS(IDENTITY), GL_MEANS_DESCRIPTION},
};

enum { NAME_LIMIT_BYTES = 256 };

/* "ShipToPostcode" to "Ship To Postcode", "pays_d'origine" to "pays d origine". */
static gl_str cut_words(gl_str name, char out[2 * NAME_LIMIT_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < name.len && i < NAME_LIMIT_BYTES; i++) {
        char c = name.ptr[i], before = i == 0 ? ' ' : name.ptr[i - 1];
        if (c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z')
            out[len++] = ' ';
        out[len++] = c == '_' || c == '\'' ? ' ' : c;
    }
    return (gl_str){out, len};
}

static ideas ideas_of(gl_str text)
{
    for (size_t i = 0; i < WORDS; i++)
        if (gl_str_eqz(text, words[i].text))
            return words[i].means;
    return 0;
}

static ideas read_ideas(gl_str normal)
{
    ideas found = 0;
    gl_str rest = normal, before = {NULL, 0};
    for (gl_str word = gl_text_word(&rest); word.len > 0; before = word, word = gl_text_word(&rest)) {
        found |= ideas_of(word);
        if (before.len > 0) /* both, with the space between */
            found |= ideas_of((gl_str){before.ptr, (size_t)(word.ptr + word.len - before.ptr)});
    }
    return found;
}

/* The last word of three letters that is a currency. */
static void find_currency(gl_str normal, char currency[4])
{
    gl_str rest = normal;
    currency[0] = '\0';
    for (gl_str word = gl_text_word(&rest); word.len > 0; word = gl_text_word(&rest)) {
        char upper[4] = "";
        for (size_t i = 0; i < 3 && word.len == 3; i++)
            upper[i] = (char)(word.ptr[i] >= 'a' && word.ptr[i] <= 'z' ? word.ptr[i] - 'a' + 'A' : word.ptr[i]);
        if (upper[0] != '\0' && ideas_of(word) == 0 && gl_currency_known(gl_str_of(upper)))
            memcpy(currency, upper, sizeof upper);
    }
}

gl_header gl_header_read(gl_str name)
{
    char cut[2 * NAME_LIMIT_BYTES], out[GL_TEXT_OUTPUT_MAX];
    gl_str normal = gl_text_normalise(cut_words(name, cut), out);
    ideas found = read_ideas(normal);
    gl_header header = {.meaning = GL_MEANS_NOTHING};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if ((found & rules[i].with) == rules[i].with && (found & rules[i].without) == 0) {
            header.meaning = rules[i].means;
            break;
        }
    header.unit = found & HAS(KILOGRAM) ? "KGM" : found & HAS(GRAM) ? "GRM" : found & HAS(POUND) ? "LBR" : NULL;
    find_currency(normal, header.currency);
    if (header.meaning == GL_MEANS_NOTHING && found == HAS(TOTAL) && header.currency[0] != '\0')
        header.meaning = GL_MEANS_VALUE; /* "Total EUR" */
    return header;
}
