/* Configuration of ingest: section "ingest", the accounts and the intake topics. */
#ifndef GL_INGEST_CONF_H
#define GL_INGEST_CONF_H

#include "base/conf.h"
#include "io/http.h"

typedef struct gl_ingest_conf {
    gl_http_conf http;
    const char *country;        /* of the MRN, two letters */
    const char *mappings;       /* directory of CSV mappings */
    const char *code_lists;     /* directory; "": none */
    const char *rules;          /* file; "": none */
    const char *exchange_rates; /* file; "": none */
    bool keep_originals;
    const char *http_account;    /* account of requests that name none */
    const char *access;          /* file of submitters (access.h); empty: senders are not authenticated */
    const char *port_file;       /* gets the port that is listened on, empty: none */
    int64_t message_limit_bytes; /* one message (file); HTTP bodies have body_limit */
    int64_t chunk_declarations;  /* of a file in one transaction */
    int64_t batch_bytes;         /* of messages taken into one transaction */
    int64_t scan_interval_ms;    /* of watched directories */
    int64_t settle_ms;           /* a file is read when its size and time have not changed for this long */
    int64_t view_ttl_ms;
    int64_t view_settle_ms; /* a marker younger than this does not prove a miss */
} gl_ingest_conf;
extern const gl_conf_table gl_ingest_conf_table; /* "ingest" */

/* A submitter's name and role. Its credentials are in the file of ingest.access. */
typedef struct gl_account {
    const char *name;
    const char *directory; /* watched, empty: none */
    const char *profile;   /* CSV mapping of its files */
    bool test;             /* everything it sends is a test: never released */
    bool officer;          /* of customs: may send inspection results and officers' actions, for any declaration */
    int answers;           /* gl_answer_form of its files' answers */
    const char *webhook_url, *webhook_secret; /* its outcomes are brought there; "": nowhere */
} gl_account;
extern const gl_conf_table gl_accounts_conf_table; /* "accounts", repeated */

/* A topic whose records are messages. */
typedef struct gl_intake_topic {
    const char *name;
    int events;                 /* 0: declarations, 1: events */
    int format;                 /* gl_format; GL_FORMAT_UNKNOWN: by content */
    const char *account;        /* whose records they are, empty: only those whose header says so */
    const char *account_header; /* name of a header that names the account, empty: none is read */
    const char *profile;        /* CSV mapping */
} gl_intake_topic;
extern const gl_conf_table gl_intake_topics_conf_table; /* "intake_topics", repeated */

#endif
