/* The submitters of ingest: who they are and how much they may send is lib/customs/access.h's; their role is an
 * account's.
 *
 * Always holds: every submitter has an account, that of `accounts` with its name or an ordinary one. Thread: any.
 */
#ifndef GL_INGEST_SENDERS_H
#define GL_INGEST_SENDERS_H

#include "customs/access.h"
#include "ingest/conf.h"

/* An account of `accounts` that a submitter names brings its role (test, officer); any other name is an ordinary
 * account. Both must stay. Errors: see gl_access_load. */
gl_access *gl_senders_load(const char *path, const gl_account *accounts, size_t account_count, gl_err *err);
/* Of a submitter of such a table. */
const gl_account *gl_senders_account(const gl_submitter *submitter);

#endif
