/* See conf.h. */
#include "ingest/conf.h"

#include <stddef.h>

static const gl_conf_entry ingest_entries[] = {
    {"listen", GL_CONF_STRING, offsetof(gl_ingest_conf, http.listen), "127.0.0.1:8080", 0, 0, 0, NULL,
     "Address and port of the HTTP service; port 0 takes any free one. Without `access` senders are not authenticated: "
     "loopback only."},
    {"tls_certificate", GL_CONF_STRING, offsetof(gl_ingest_conf, http.tls_certificate), NULL,
     GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0, NULL,
     "Certificate of the service with its chain (PEM): HTTPS, TLS 1.2 or later. Empty: HTTP. SIGHUP reads the files "
     "again, for new connections; on or off needs a restart."},
    {"tls_key", GL_CONF_STRING, offsetof(gl_ingest_conf, http.tls_key), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0,
     NULL, "The key (PEM) of tls_certificate."},
    {"tls_ca", GL_CONF_STRING, offsetof(gl_ingest_conf, http.tls_ca), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0,
     NULL,
     "Authorities (PEM) that senders' certificates are checked against; whose subject is whose is in `access`, which "
     "must be there. Empty: certificates are not asked for."},
    {"access", GL_CONF_STRING, offsetof(gl_ingest_conf, access), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0, NULL,
     "File of the submitters with their credentials and limits, see `submitters` below. With it every request needs a "
     "credential, and its account is the credential's. SIGHUP reads it again; it cannot be switched off without a "
     "restart."},
    {"port_file", GL_CONF_STRING, offsetof(gl_ingest_conf, port_file), NULL, GL_CONF_FILE, 0, 0, NULL,
     "File that gets the port listened on, for scripts. Empty: none."},
    {"body_limit", GL_CONF_BYTES, offsetof(gl_ingest_conf, http.body_limit_bytes), "32m", 0, 1024, 1 << 30, NULL,
     "Largest body of a request, and what a packed one may unpack to; a larger one is answered with 413."},
    {"connection_limit", GL_CONF_INT, offsetof(gl_ingest_conf, http.connection_limit), "1000", 0, 1, 100000, NULL,
     "Connections served at once."},
    {"idle_timeout", GL_CONF_DURATION, offsetof(gl_ingest_conf, http.idle_timeout_ms), "30s", 0, 1000, 3600000, NULL,
     "A connection on which nothing moves for this long is closed."},
    {"threads", GL_CONF_INT, offsetof(gl_ingest_conf, http.threads), "1", 0, 1, 64, NULL,
     "Threads that serve connections."},
    {"pending_limit", GL_CONF_BYTES, offsetof(gl_ingest_conf, http.pending_limit_bytes), "256m", 0, 1 << 20, 0, NULL,
     "Bodies held until their commit; beyond it senders get 503 with Retry-After."},
    {"country", GL_CONF_STRING, offsetof(gl_ingest_conf, country), "BE", 0, 0, 0, NULL,
     "Country of the MRN, two letters (ISO 3166-1)."},
    {"mappings", GL_CONF_STRING, offsetof(gl_ingest_conf, mappings), "mappings", GL_CONF_FILE | GL_CONF_RELOADABLE, 0,
     0, NULL, "Directory of CSV and XLSX mappings; a profile is a file name without .yaml."},
    {"code_lists", GL_CONF_STRING, offsetof(gl_ingest_conf, code_lists), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0,
     NULL,
     "Directory of code lists with their dates (config/code_lists): countries, currencies, units. Empty: codes are "
     "held "
     "against their form only."},
    {"rules", GL_CONF_STRING, offsetof(gl_ingest_conf, rules), NULL, GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0, NULL,
     "File of the rules over several fields and of what a data set needs (config/intake_rules.yaml). Empty: none."},
    {"exchange_rates", GL_CONF_STRING, offsetof(gl_ingest_conf, exchange_rates), NULL,
     GL_CONF_FILE | GL_CONF_RELOADABLE, 0, 0, NULL,
     "File of dated exchange rates by which the rules compare amounts (config/exchange_rates.yaml). Empty: amounts of "
     "different currencies are not compared."},
    {"keep_originals", GL_CONF_BOOL, offsetof(gl_ingest_conf, keep_originals), "true", 0, 0, 0, NULL,
     "Keep the bytes of each accepted declaration as they came, on gl.intake.originals for kafka.originals_retention: "
     "`greenlane original` shows them."},
    {"http_account", GL_CONF_STRING, offsetof(gl_ingest_conf, http_account), "default", 0, 0, 0, NULL,
     "Without `access`: account of requests without a Greenlane-Account header."},
    {"message_limit", GL_CONF_BYTES, offsetof(gl_ingest_conf, message_limit_bytes), "128m", 0, 1024, 0, NULL,
     "Largest file of a watched directory, and what a packed one may unpack to; a larger one is set aside with an "
     "answer."},
    {"chunk", GL_CONF_INT, offsetof(gl_ingest_conf, chunk_declarations), "5000", 0, 1, 100000, NULL,
     "Declarations of a file that are committed in one transaction."},
    {"batch_bytes", GL_CONF_BYTES, offsetof(gl_ingest_conf, batch_bytes), "8m", 0, 1024, 0, NULL,
     "Messages taken into one transaction; at least one is."},
    {"scan_interval", GL_CONF_DURATION, offsetof(gl_ingest_conf, scan_interval_ms), "500ms", 0, 10, 3600000, NULL,
     "How often watched directories are looked at."},
    {"settle", GL_CONF_DURATION, offsetof(gl_ingest_conf, settle_ms), "1s", 0, 0, 3600000, NULL,
     "A file is taken when its size and time have not changed for this long. Writing elsewhere and renaming is "
     "better."},
    {"view_ttl", GL_CONF_DURATION, offsetof(gl_ingest_conf, view_ttl_ms), "30d", 0, 1000, 0, NULL,
     "How long an early status entry stays in Redis."},
    {"view_settle", GL_CONF_DURATION, offsetof(gl_ingest_conf, view_settle_ms), "30s", 0, 0, 86400000, NULL,
     "For this long after a view was rebuilt, an early entry was lost, or this daemon began, a miss proves nothing: "
     "503 instead of 404, and duplicate_check pending, which moreover stays until a declaration accepted since then is "
     "seen decided. Longer than a declaration takes to be decided."},
};

const gl_conf_table gl_ingest_conf_table = {"ingest",
                                            "Intake of declarations over HTTP and from watched directories.",
                                            sizeof(gl_ingest_conf),
                                            false,
                                            ingest_entries,
                                            sizeof ingest_entries / sizeof ingest_entries[0]};

/* In the order of gl_answer_form. */
static const char *const answer_names[] = {"json", "xml", "csv", "edifact", NULL};

static const gl_conf_entry account_entries[] = {
    {"name", GL_CONF_STRING, offsetof(gl_account, name), NULL, GL_CONF_REQUIRED, 0, 0, NULL,
     "The submitter's name in identity, records and answers."},
    {"directory", GL_CONF_STRING, offsetof(gl_account, directory), NULL, GL_CONF_FILE, 0, 0, NULL,
     "Watched directory of this account: what is put there is its submission. Files go to done/, answers to out/."},
    {"profile", GL_CONF_STRING, offsetof(gl_account, profile), NULL, 0, 0, 0, NULL,
     "Mapping of the CSV and XLSX files of its directory."},
    {"test", GL_CONF_BOOL, offsetof(gl_account, test), "false", 0, 0, 0, NULL,
     "Everything it sends is a test and is never released."},
    {"officer", GL_CONF_BOOL, offsetof(gl_account, officer), "false", 0, 0, 0, NULL,
     "An account of customs: may send inspection results and officers' actions, and events about any declaration."},
    {"answers", GL_CONF_ENUM, offsetof(gl_account, answers), "json", 0, 0, 0, answer_names,
     "How the answers to its files are written: json (an object a line), xml (WCO responses), csv (a line an "
     "error) or edifact (CONTRL and CUSRES)."},
    {"webhook_url", GL_CONF_STRING, offsetof(gl_account, webhook_url), NULL, 0, 0, 0, NULL,
     "Where its outcomes are brought (docs/FORMATS.md, \"Webhooks\"): an https:// address. Each takes four threads "
     "and one for each broker, 0.3 MiB when idle and 2 MiB when busy. Empty: nowhere."},
    {"webhook_secret", GL_CONF_STRING, offsetof(gl_account, webhook_secret), NULL, GL_CONF_SECRET, 0, 0, NULL,
     "What deliveries are signed with: at least 16 bytes, which its receiver knows."},
};

const gl_conf_table gl_accounts_conf_table = {
    "accounts",         "Who may submit. A list; without any, one account \"default\" exists.",
    sizeof(gl_account), true,
    account_entries,    sizeof account_entries / sizeof account_entries[0]};

static const char *const held_names[] = {"declarations", "events", NULL};
/* In the order of gl_format. */
static const char *const format_names[] = {"detect", "json", "ndjson", "csv", "xml", "xlsx", "edifact", NULL};

static const gl_conf_entry topic_entries[] = {
    {"name", GL_CONF_STRING, offsetof(gl_intake_topic, name), NULL, GL_CONF_REQUIRED, 0, 0, NULL,
     "The topic, for example gl.intake.events. Each record is a message as an HTTP body is. Made when it is missing "
     "and kafka.create_topics allows it; any number of partitions."},
    {"holds", GL_CONF_ENUM, offsetof(gl_intake_topic, events), "declarations", 0, 0, 0, held_names,
     "What its messages are."},
    {"format", GL_CONF_ENUM, offsetof(gl_intake_topic, format), "detect", 0, 0, 0, format_names,
     "Of its messages; detect: by the first bytes of each."},
    {"account", GL_CONF_STRING, offsetof(gl_intake_topic, account), NULL, 0, 0, 0, NULL,
     "Whose messages they are. Whoever may write to the topic submits as this account: give it ACLs."},
    {"account_header", GL_CONF_STRING, offsetof(gl_intake_topic, account_header), NULL, 0, 0, 0, NULL,
     "A record's header that names its account; without the header `account` counts. Only for topics whose writers are "
     "trusted to name any account. Empty: no header is read."},
    {"profile", GL_CONF_STRING, offsetof(gl_intake_topic, profile), NULL, 0, 0, 0, NULL,
     "Mapping of its CSV and XLSX messages."},
};

const gl_conf_table gl_intake_topics_conf_table = {
    "intake_topics",         "Topics that are taken in, declarations or events. A list; none without it.",
    sizeof(gl_intake_topic), true,
    topic_entries,           sizeof topic_entries / sizeof topic_entries[0]};
