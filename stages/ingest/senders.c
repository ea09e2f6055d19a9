/* See senders.h. */
#include "ingest/senders.h"

#include <string.h>

typedef struct sender {
    gl_account own; /* when `accounts` has none of its name */
    const gl_account *account;
} sender;

typedef struct known {
    const gl_account *accounts;
    size_t count;
} known;

static void fill(void *context, const char *name, void *role)
{
    const known *k = context;
    sender *s = role;

    s->own = (gl_account){.name = name, .directory = "", .profile = "", .webhook_url = "", .webhook_secret = ""};
    s->account = &s->own;
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->accounts[i].name, name) == 0)
            s->account = &k->accounts[i];
}

gl_access *gl_senders_load(const char *path, const gl_account *accounts, size_t account_count, gl_err *err)
{
    known k = {accounts, account_count};
    const gl_access_role role = {sizeof(sender), fill, &k};
    return gl_access_load(path, "ingest.access", &role, err);
}

const gl_account *gl_senders_account(const gl_submitter *submitter)
{
    return ((const sender *)gl_submitter_role(submitter))->account;
}
