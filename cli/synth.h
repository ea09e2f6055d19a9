/* Synthetic declarations: the same seed gives the same declarations, each from its own number, so that any part can be
 * made alone. */
#ifndef GL_CLI_SYNTH_H
#define GL_CLI_SYNTH_H

#include "base/buf.h"
#include "cli/goods.h"

enum { GL_SYNTH_ITEMS = 8 };

typedef struct gl_rng {
    uint64_t state;
} gl_rng;
/* splitmix64; any seed. */
uint64_t gl_rng_next(gl_rng *rng);
/* 0 .. bound-1 */
uint32_t gl_rng_below(gl_rng *rng, uint32_t bound);
double gl_rng_share(gl_rng *rng);

typedef enum gl_synth_kind { GL_SYNTH_GOOD, GL_SYNTH_BAD, GL_SYNTH_DUPLICATE, GL_SYNTH_AMENDMENT } gl_synth_kind;

typedef struct gl_synth_item {
    const gl_good *good;
    int quantity;
    int64_t value_cents; /* of the item */
    int64_t gross_grams, net_grams;
    const char *origin;
} gl_synth_item;

typedef struct gl_synth {
    int64_t number;      /* of the declaration: a duplicate or amendment has the number of its first */
    int64_t repeats;     /* index of what a duplicate repeats to the letter: its first, or the latest that amended it */
    int64_t extra_cents; /* amended: added to the first item's value; 0: as it was. CSV cannot say it, and does not */
    gl_synth_kind kind;
    int flaw; /* GL_SYNTH_BAD: which, from 0 */
    char lrn[24];
    bool low_value; /* H7, else H1 */
    int year, month, day;
    const char *office;
    const char *currency;
    const char *seller, *given, *family_name, *street;
    int house;
    const gl_city *city;
    char importer_id[20], declarant_id[20], ioss[16];
    int mode;
    gl_synth_item items[GL_SYNTH_ITEMS];
    int item_count;
} gl_synth;

typedef struct gl_synth_plan {
    uint64_t seed;
    double bad, duplicates, amendments; /* shares */
    double mean_items;
    double high_value;  /* share of H1 */
    const char *prefix; /* of the LRNs */
} gl_synth_plan;

enum { GL_SYNTH_FLAWS = 6 };
/* Declaration `index` of the plan. */
void gl_synth_make(const gl_synth_plan *plan, int64_t index, gl_synth *synth);

void gl_synth_json(const gl_synth *synth, gl_buf *buf); /* one line */
void gl_synth_xml(const gl_synth *synth, gl_buf *buf);  /* WCO Data Model 3.6 */
void gl_synth_ens(const gl_synth *synth, gl_buf *buf);  /* IE315, of the same consignment */
void gl_synth_parcels_header(gl_buf *buf);
void gl_synth_parcels(const gl_synth *synth, gl_buf *buf); /* a row an item */
void gl_synth_kcs_header(gl_buf *buf);
void gl_synth_kcs(const gl_synth *synth, gl_buf *buf);

#endif
