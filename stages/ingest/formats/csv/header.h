/* What a column of somebody's CSV is about, told from its name: in English, German, French, Dutch, Spanish, Italian and
 * Polish, as platforms, carriers and shops write them ("ShipToPostcode", "Gewicht (kg)", "pays d'origine").
 *
 * Always holds: a meaning is told from known words only; what is not understood is GL_MEANS_NOTHING, never a guess.
 * Thread: any; the tables are constant.
 */
#ifndef GL_INGEST_FORMATS_CSV_HEADER_H
#define GL_INGEST_FORMATS_CSV_HEADER_H

#include "base/str.h"

typedef enum gl_meaning {
    GL_MEANS_NOTHING,
    GL_MEANS_DECLARATION, /* the sender's own reference of a declaration */
    GL_MEANS_PARCEL,      /* tracking number, waybill */
    GL_MEANS_ORDER,
    GL_MEANS_DATE,
    GL_MEANS_OFFICE,
    GL_MEANS_MODE,
    GL_MEANS_CARRIER,
    GL_MEANS_SELLER_NAME,
    GL_MEANS_SELLER_ID,
    GL_MEANS_SELLER_STREET,
    GL_MEANS_SELLER_CITY,
    GL_MEANS_SELLER_POSTCODE,
    GL_MEANS_SELLER_COUNTRY,
    GL_MEANS_SELLER_CONTACT,
    GL_MEANS_IMPORTER_NAME,
    GL_MEANS_IMPORTER_ID,
    GL_MEANS_IMPORTER_STREET,
    GL_MEANS_IMPORTER_CITY,
    GL_MEANS_IMPORTER_POSTCODE,
    GL_MEANS_IMPORTER_COUNTRY,
    GL_MEANS_IMPORTER_CONTACT,
    GL_MEANS_IOSS,
    GL_MEANS_ARTICLE, /* number of the item in its declaration */
    GL_MEANS_DESCRIPTION,
    GL_MEANS_COMMODITY,
    GL_MEANS_QUANTITY,
    GL_MEANS_NET_MASS,
    GL_MEANS_GROSS_MASS,
    GL_MEANS_MASS, /* net or gross: not said */
    GL_MEANS_VALUE,
    GL_MEANS_UNIT_PRICE,
    GL_MEANS_CURRENCY,
    GL_MEANS_ORIGIN,
    GL_MEANS_PROCEDURES,
    GL_MEANINGS
} gl_meaning;

typedef struct gl_header {
    gl_meaning meaning;
    const char *unit; /* of a mass: KGM, GRM, LBR; NULL: not said */
    char currency[4]; /* "EUR", or "" */
} gl_header;

/* `name`: the cell of the header row, well-formed UTF-8. */
gl_header gl_header_read(gl_str name);

#endif
