/* What the synthetic generator sells: hand-written goods with their code, price and mass, and people and places that do
 * not exist. */
#ifndef GL_CLI_GOODS_H
#define GL_CLI_GOODS_H

#include <stddef.h>

typedef struct gl_good {
    const char *description;
    const char *hs6;
    int min_cents, max_cents; /* price of one, EUR cents */
    int min_grams, max_grams; /* of one */
} gl_good;

extern const gl_good gl_goods[];
extern const size_t gl_goods_count;
extern const char *const gl_given_names[], *const gl_family_names[], *const gl_streets[], *const gl_seller_names[];
extern const size_t gl_given_name_count, gl_family_name_count, gl_street_count, gl_seller_name_count;
typedef struct gl_city {
    const char *name, *postcode, *country;
} gl_city;
extern const gl_city gl_cities[];
extern const size_t gl_city_count;

#endif
