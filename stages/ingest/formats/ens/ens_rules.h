/* The rules and conditions of entry summary declarations that need more than one element: by number, as the national
 * system that first published them raises them, with the condition of the message's specification that each is of.
 *
 * They hold the document itself, not the canonical declaration: several are about how a number is written, or which of
 * two places a value stands at. Always holds: the code of an error is "ens-" and the number. Thread: any, after
 * gl_ens_prepare.
 */
#ifndef GL_INGEST_FORMATS_ENS_ENS_RULES_H
#define GL_INGEST_FORMATS_ENS_ENS_RULES_H

#include "ingest/formats/ens/ens_map.h"

/* Of ErrTypER11 in answers (CC316A). */
typedef enum gl_ens_fault {
    GL_ENS_FAULT_VALUE = 12,
    GL_ENS_FAULT_MISSING = 13,
    GL_ENS_FAULT_NOT_HERE = 14,
    GL_ENS_FAULT_FORBIDDEN = 15,
    GL_ENS_FAULT_NOTATION = 19,
    GL_ENS_FAULT_TOO_MANY = 35
} gl_ens_fault;

/* Reports what is against a rule, by the elements that the check of the form let stand. */
void gl_ens_check_rules(gl_report *report, const gl_xml *root);
/* Of an error's code: its rule's number ("8107", in static storage), condition ("C017", or "") and fault; false: it is
 * none of a rule. */
bool gl_ens_rule_of(gl_str code, const char **number, const char **condition, gl_ens_fault *fault);
/* One Markdown row a rule, for docs/FORMATS.md. */
void gl_ens_rules_document(gl_buf *buf);

#endif
