/* What a declaration is held against beyond its form: code lists, rules over several fields, exchange rates.
 *
 * One YAML file of rules (config/intake_rules.yaml says what can be written), a directory of code lists, a file of
 * rates. Always holds: what does not parse is refused as a whole, with its line; a rule never changes a declaration.
 * Thread: any (read-only once loaded). Locks: none.
 */
#ifndef GL_INGEST_CHECKS_CHECKS_H
#define GL_INGEST_CHECKS_CHECKS_H

#include "ingest/checks/code_list.h"
#include "ingest/formats/report.h"

typedef struct gl_checks gl_checks;

enum { GL_CHECKS_LIMIT_RULES = 500 };

/* Each may be "" (none of it). Errors (GL_FATAL): rules-invalid, code-list-invalid, rates-..., yaml-...,
 * file-unreadable. */
gl_checks *gl_checks_load(const char *code_lists, const char *rules, const char *rates, gl_err *err);
/* code_lists/, intake_rules.yaml and exchange_rates.yaml of a folder, as config/ has them. */
gl_checks *gl_checks_load_folder(const char *folder, gl_err *err);
/* Rules from their text, without lists and rates unless given: for tests. `rates` (may be NULL) is the text of a file.
 */
gl_checks *gl_checks_parse(const char *name, gl_str rules, const char *code_lists, gl_str rates, gl_err *err);
/* NULL is allowed. */
void gl_checks_destroy(gl_checks *checks);
const gl_code_lists *gl_checks_lists(const gl_checks *checks);
/* The rules' own name, a hyphen and 16 hex digits of SHA-256 over rules, lists and rates; "" without any. */
const char *gl_checks_version(const gl_checks *checks);
size_t gl_checks_rule_count(const gl_checks *checks);

/* What is wrong with one code of a declaration of this data set. `day`: today, days since 1970. */
void gl_check_code(gl_report *report, const gl_code_list *list, gl_str code, gl_str data_set, int32_t day,
                   const gl_path *path);
/* Adds the errors and warnings of the rules. */
void gl_check_rules(const gl_checks *checks, gl_report *report, const gl_declaration *declaration, int32_t day);
/* Their Markdown table, for docs/FORMATS.md. */
void gl_checks_document(const gl_checks *checks, gl_buf *buf);

#endif
