/* What a national tariff adds to the stream's record: of each item of an import the national code, rates, and for a
 * declared code with a value the duty at stake; the same as the HTTP service says of the same question with three
 * candidates (national_reply.h).
 *
 * Always holds: which tariff it is depends on the declaration alone, not on the clock, so that a record can be made
 * again: the country of its office, or of its MRN, and the day of its acceptance. Thread: worker. Locks: none.
 */
#ifndef GL_CLASSIFY_NATIONAL_RECORD_H
#define GL_CLASSIFY_NATIONAL_RECORD_H

#include "classify/classifier.h"
#include "classify/tariffs.h"
#include "gen/declaration.h"

/* A rate is words of any length; in a record it is cut after so many bytes, and then ends in an ellipsis. */
enum { GL_NATIONAL_RECORD_RATE_BYTES = 120 };

/* The two letters that the tariff is chosen by: of an office of declaration in the EU's form (eight characters, two
 * letters first), else of the MRN. A slice of the declaration; empty: it has neither. */
gl_str gl_national_country(const gl_declaration *declaration);
/* NULL: none holds for this declaration; one that is no import has none. */
const gl_national *gl_national_of_declaration(const gl_tariffs *tariffs, const gl_declaration *declaration);

/* What is to be paid for: the customs value, else the statistical value, else the price, in the currency that it is
 * declared in, and the net mass in kilograms. False: there is no such value. */
bool gl_national_base(gl_duty_base *base, const gl_declaration_goods_item *item);

/* What came of an item, for metrics. */
typedef enum gl_national_result {
    GL_NATIONAL_ANSWERED,           /* a national code is sure */
    GL_NATIONAL_OPEN,               /* none is */
    GL_NATIONAL_UNKNOWN_SUBHEADING, /* the tariff has no line of the likeliest subheading */
    GL_NATIONAL_NO_TARIFF,          /* none holds for the declaration */
    GL_NATIONAL_RESULTS
} gl_national_result;

/* `text` is the item's. What is made lives in `arena` and in the tariff; `scratch` is reset. */
gl_national_result gl_national_item(gl_classification_item_national *out, const gl_national *national,
                                    const gl_classifier *classifier, const gl_declaration_goods_item *item,
                                    const gl_text_class *text, gl_arena *scratch, gl_arena *arena);

#endif
