/* Condition C501 of entry summary declarations: a trader is told by a TIN of the country, or by name and address.
 *
 * Each of the nine traders has five elements, each of which has up to three numbers: it is required without a TIN,
 * required with one of another country, forbidden with one of the country. For ens_rules.c only.
 */
#ifndef GL_INGEST_FORMATS_ENS_ENS_PARTIES_H
#define GL_INGEST_FORMATS_ENS_ENS_PARTIES_H

#include "ingest/formats/ens/ens_rules.h"

enum { GL_ENS_PREFIX = 4 }; /* of "ens-8107" */

/* What the rules are held against. */
typedef struct gl_ens_check {
    gl_report *report;
    const gl_xml *root, *header, *consignee, *notify, *item; /* item: the first one */
    int mode;                                                /* of transport; -1: none that can be read */
    gl_str circumstance;
    bool has_means; /* the header names a means of transport */
} gl_ens_check;

typedef struct gl_ens_rule {
    const char *code, *condition;
    gl_ens_fault fault;
    const char *text;
    void (*check)(const gl_ens_check *c, const struct gl_ens_rule *rule);
    const char *element; /* of those that are about one */
} gl_ens_rule;

void gl_ens_fail(const gl_ens_check *c, const gl_xml *node, const char *code, const char *text, const char *condition);
void gl_ens_check_parties(const gl_ens_check *c);
bool gl_ens_party_rule_of(gl_str code, const char **number, const char **condition, gl_ens_fault *fault);
void gl_ens_parties_document(gl_buf *buf);

#endif
