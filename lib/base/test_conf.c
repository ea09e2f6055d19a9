/* Configuration: one table's parsing, messages, printing, documentation, reload and digest. */
#include "base/conf.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct kafka {
    const char *brokers, *password, *ca;
    int64_t batch, linger_ms, buffer_bytes, share;
    bool idempotent;
    int codec;
    gl_conf_strings topics, files;
} kafka;

static const char *const CODECS[] = {"none", "lz4", "zstd", NULL};

static const gl_conf_entry KAFKA_ENTRIES[] = {
    {"brokers", GL_CONF_STRING, offsetof(kafka, brokers), "localhost:9092", 0, 0, 0, NULL, "Addresses."},
    {"password", GL_CONF_STRING, offsetof(kafka, password), NULL, GL_CONF_SECRET, 0, 0, NULL, "Password."},
    {"ca", GL_CONF_STRING, offsetof(kafka, ca), NULL, GL_CONF_FILE, 0, 0, NULL, "Certificate."},
    {"batch", GL_CONF_INT, offsetof(kafka, batch), "5000", GL_CONF_RELOADABLE, -5, 10000, NULL, "Records | batch."},
    {"linger", GL_CONF_DURATION, offsetof(kafka, linger_ms), "250ms", GL_CONF_RELOADABLE, 1, 3600000, NULL, "Wait."},
    {"buffer", GL_CONF_BYTES, offsetof(kafka, buffer_bytes), "64m", 0, 1024, 0, NULL, "Memory."},
    {"share", GL_CONF_PPM, offsetof(kafka, share), "2.5%", 0, 0, 0, NULL, "Share."},
    {"idempotent", GL_CONF_BOOL, offsetof(kafka, idempotent), "true", 0, 0, 0, NULL, "Once."},
    {"codec", GL_CONF_ENUM, offsetof(kafka, codec), "lz4", 0, 0, 0, CODECS, "Compression."},
    {"topics", GL_CONF_STRINGS, offsetof(kafka, topics), "a, b", 0, 0, 0, NULL, "Topics."},
    {"files", GL_CONF_STRINGS, offsetof(kafka, files), NULL, GL_CONF_FILE, 0, 0, NULL, "Files."},
};
static const gl_conf_table KAFKA = {"kafka", "How to reach Kafka.", sizeof(kafka),
                                    false,   KAFKA_ENTRIES,         sizeof KAFKA_ENTRIES / sizeof KAFKA_ENTRIES[0]};

typedef struct office {
    const char *code;
    int64_t rate;
} office;

static const gl_conf_entry OFFICE_ENTRIES[] = {
    {"code", GL_CONF_STRING, offsetof(office, code), NULL, GL_CONF_REQUIRED, 0, 0, NULL, "Code."},
    {"rate", GL_CONF_PPM, offsetof(office, rate), "1%", GL_CONF_RELOADABLE, 0, 0, NULL, "Rate."},
};
static const gl_conf_table OFFICES = {"offices", "Offices.", sizeof(office), true, OFFICE_ENTRIES, 2};

static const gl_conf_table *const TABLES[] = {&KAFKA, &OFFICES};

static char directory[] = "/tmp/greenlane-test-conf-XXXXXX";
static char file[sizeof directory + 16];
static gl_err err;

static void setup(void)
{
    cr_assert(mkdtemp(directory) != NULL);
    snprintf(file, sizeof file, "%s/x.yaml", directory);
    err = (gl_err){0};
}

static void teardown(void)
{
    unlink(file);
    rmdir(directory);
}

TestSuite(conf, .init = setup, .fini = teardown);

static gl_conf *load_with(const char *text, const char *const *sets)
{
    FILE *f = fopen(file, "w");
    cr_assert(f != NULL);
    fputs(text, f);
    fclose(f);
    return gl_conf_load(file, TABLES, 2, sets, &err);
}

static gl_conf *load(const char *text)
{
    return load_with(text, NULL);
}

static const kafka *kafka_of(const gl_conf *conf)
{
    return gl_conf_section(conf, "kafka");
}

Test(conf, defaults_are_parsed_like_values)
{
    gl_conf *conf = gl_conf_load(NULL, TABLES, 2, NULL, &err);
    cr_assert(conf != NULL, "%s", err.message);
    const kafka *k = kafka_of(conf);
    cr_assert_str_eq(k->brokers, "localhost:9092");
    cr_assert_str_eq(k->password, "");
    cr_assert_str_eq(k->ca, "");
    cr_assert(k->batch == 5000 && k->linger_ms == 250 && k->buffer_bytes == 64 << 20 && k->share == 25000);
    cr_assert(k->idempotent && k->codec == 1 && k->topics.count == 2 && k->files.count == 0);
    cr_assert_str_eq(k->topics.at[1], "b");
    size_t count = 9;
    cr_assert(gl_conf_list(conf, "offices", &count) == NULL && count == 0);
    cr_assert(gl_conf_section(conf, "offices") == NULL && gl_conf_section(conf, "none") == NULL);
    gl_conf_destroy(conf);
    gl_conf_destroy(NULL);
}

Test(conf, reads_every_type)
{
    gl_conf *conf = load("kafka:\n"
                         "  brokers: \"h:1, h:2\"\n"
                         "  batch: -5\n"
                         "  linger: 1h\n"
                         "  buffer: 1G\n"
                         "  share: 0.0001%\n"
                         "  idempotent: false\n"
                         "  codec: zstd\n"
                         "  topics:\n"
                         "    - one, two\n"
                         "    - ''\n"
                         "  password: null\n"
                         "offices:\n"
                         "  - {code: BE1, rate: 100%}\n"
                         "  - {code: \"null\"}\n");
    cr_assert(conf != NULL, "%s", err.message);
    const kafka *k = kafka_of(conf);
    cr_assert(k->batch == -5 && k->linger_ms == 3600000 && k->buffer_bytes == 1 << 30 && k->share == 1);
    cr_assert(!k->idempotent && k->codec == 2 && k->topics.count == 2);
    cr_assert_str_eq(k->brokers, "h:1, h:2");
    cr_assert_str_eq(k->topics.at[0], "one, two");
    cr_assert_str_eq(k->password, "");
    size_t count = 0;
    const office *offices = gl_conf_list(conf, "offices", &count);
    cr_assert_eq(count, 2u);
    cr_assert(strcmp(offices[0].code, "BE1") == 0 && offices[0].rate == 1000000);
    cr_assert(strcmp(offices[1].code, "null") == 0 && offices[1].rate == 10000);
    gl_conf_destroy(conf);
}

typedef struct refusal {
    const char *text, *code, *message;
} refusal;

Test(conf, refuses_and_says_what_where_and_what_was_meant)
{
    static const refusal refusals[] = {
        {"kafak:\n  batch: 1\n", "conf-unknown-section", "line 1: unknown section \"kafak\"; did you mean \"kafka\"?"},
        {"kafka:\n  brokers: x\n  bufer: 1k\n", "conf-unknown-key",
         "line 3: unknown key in section \"kafka\": \"bufer\"; did you mean \"buffer\"?"},
        {"kafka:\n  zzz: 1\n", "conf-unknown-key", "\"zzz\""},
        {"kafka:\n\n  batch: 10001\n", "conf-value",
         "line 3: kafka.batch: \"10001\" is not a whole number from -5 to 10000"},
        {"kafka:\n  batch: 1.5\n", "conf-value", "is not a whole number"},
        {"kafka:\n  batch: 99999999999999999999\n", "conf-value", "is not a whole number"},
        {"kafka:\n  linger: 10\n", "conf-value", "\"10\" is not a duration (250ms, 10s, 5m, 12h, 30d) from 1ms to 1h"},
        {"kafka:\n  linger: 0\n", "conf-value", "from 1ms to 1h"},
        {"kafka:\n  linger: 99999999999999999d\n", "conf-value", "duration"},
        {"kafka:\n  buffer: 1023\n", "conf-value", "a size (512, 64k, 16m, 1g) of at least 1k"},
        {"kafka:\n  buffer: 9999999999999g\n", "conf-value", "a size"},
        {"kafka:\n  buffer: 64kb\n", "conf-value", "a size"},
        {"kafka:\n  share: 101%\n", "conf-value", "a share"},
        {"kafka:\n  share: 100.0001%\n", "conf-value", "a share"},
        {"kafka:\n  share: 1.00001%\n", "conf-value", "a share"},
        {"kafka:\n  share: 1000001\n", "conf-value", "a share"},
        {"kafka:\n  share: '%'\n", "conf-value", "a share"},
        {"kafka:\n  share: ''\n", "conf-value", "a share"},
        {"kafka:\n  idempotent: yes\n", "conf-value", "\"yes\" is not true or false"},
        {"kafka:\n  codec: gzip\n", "conf-value", "\"gzip\" is not one of none, lz4, zstd"},
        {"kafka:\n  brokers: [a]\n", "conf-value", "is not text"},
        {"kafka:\n  topics: {a: b}\n", "conf-value", "a list of text"},
        {"kafka:\n  topics: [[a]]\n", "conf-value", "item 1"},
        {"kafka: 3\n", "conf-value", "must be a map"},
        {"offices: {code: x}\n", "conf-value", "must be a list"},
        {"offices: [3]\n", "conf-value", "a list of maps"},
        {"offices:\n  - code: a\n  - rate: 1%\n", "conf-required", "line 3: offices.code must be given"},
        {"offices:\n  - code: ''\n", "conf-required", "offices.code must be given"},
        {"[1]\n", "conf-value", "map of sections"},
        {"kafka: {batch: 1, batch: 2}\n", "yaml-duplicate-key", "line 1"},
        {"kafka:\n  brokers: \"a\\0b\"\n", "conf-value", "NUL"},
        {"kafka:\n  brokers: ${GL_TEST_NOT_SET}\n", "conf-value",
         "line 2: kafka.brokers: the environment variable GL_TEST_NOT_SET is not set"},
        {"kafka:\n  brokers: ${A B}\n", "conf-value", "names no environment variable"},
        {"kafka:\n  brokers: x${A\n", "conf-value", "without"},
        {"kafka:\n  brokers: ${}\n", "conf-value", "names no environment variable"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        cr_assert(load(refusals[i].text) == NULL, "%s", refusals[i].text);
        cr_assert_str_eq(err.code, refusals[i].code, "%s: %s: %s", refusals[i].text, err.code, err.message);
        cr_assert(strstr(err.message, refusals[i].message) != NULL, "%s: %s", refusals[i].text, err.message);
        cr_assert_eq(err.action, GL_FATAL);
    }
}

Test(conf, a_missing_file_is_unreadable)
{
    cr_assert(gl_conf_load("/nowhere/x.yaml", TABLES, 2, NULL, &err) == NULL);
    cr_assert_str_eq(err.code, "conf-unreadable");
    cr_assert(gl_conf_load("/nowhere/x.yaml", TABLES, 2, NULL, NULL) == NULL);
}

Test(conf, the_environment_is_filled_in)
{
    setenv("GL_TEST_A", "value", 1);
    setenv("GL_TEST_EMPTY", "", 1);
    gl_conf *conf =
        load("kafka:\n"
             "  brokers: \"<${GL_TEST_A}-${GL_TEST_NOT_SET:-default:-x}-${GL_TEST_EMPTY:-e}-${GL_TEST_EMPTY}>\"\n"
             "  password: $${GL_TEST_A} costs $5 ${GL_TEST_NOT_SET:-}\n"
             "  batch: ${GL_TEST_NOT_SET:-7}\n"
             "  topics: ['${GL_TEST_A}', b]\n");
    cr_assert(conf != NULL, "%s", err.message);
    const kafka *k = kafka_of(conf);
    cr_assert_str_eq(k->brokers, "<value-default:-x-e->");
    cr_assert_str_eq(k->password, "${GL_TEST_A} costs $5 ");
    cr_assert_eq(k->batch, 7);
    cr_assert_str_eq(k->topics.at[0], "value");
    gl_conf_destroy(conf);
    setenv("GL_TEST_A", "\xFF", 1);
    cr_assert(load("kafka: {brokers: \"${GL_TEST_A}\"}\n") == NULL);
    cr_assert(strstr(err.message, "UTF-8") != NULL);
}

Test(conf, sets_go_over_the_file)
{
    static const char *const sets[] = {"kafka.batch=12", "kafka.topics=x, y,z", "kafka.brokers=a=b.c", "kafka.ca=k.pem",
                                       NULL};
    gl_conf *conf = load_with("kafka:\n  batch: 1\n  linger: 2s\n", sets);
    cr_assert(conf != NULL, "%s", err.message);
    const kafka *k = kafka_of(conf);
    cr_assert(k->batch == 12 && k->linger_ms == 2000 && k->topics.count == 3);
    cr_assert_str_eq(k->topics.at[2], "z");
    cr_assert_str_eq(k->brokers, "a=b.c");
    char cwd[PATH_MAX], wanted[PATH_MAX + 16];
    cr_assert(getcwd(cwd, sizeof cwd) != NULL);
    snprintf(wanted, sizeof wanted, "%s/k.pem", cwd);
    cr_assert_str_eq(k->ca, wanted);
    gl_conf_destroy(conf);
    static const char *const wrong[][3] = {
        {"kafka.bach=1", "conf-unknown-key", "did you mean \"batch\"?"},
        {"kafk.batch=1", "conf-unknown-section", "did you mean \"kafka\"?"},
        {"kafka.batch", "conf-value", "section.key=value"},
        {"kafka=1", "conf-value", "section.key=value"},
        {"kafka.batch=x", "conf-value", "--set: kafka.batch: \"x\""},
        {"offices.code=x", "conf-value", "is a list"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const one[] = {wrong[i][0], NULL};
        cr_assert(load_with("", one) == NULL, "%s", wrong[i][0]);
        cr_assert_str_eq(err.code, wrong[i][1]);
        cr_assert(strstr(err.message, wrong[i][2]) != NULL, "%s", err.message);
    }
}

Test(conf, paths_are_relative_to_the_file)
{
    char wanted[PATH_MAX];
    gl_conf *conf = load("kafka:\n  ca: ./keys/ca.pem\n  files: [a, /b, ../c]\n");
    cr_assert(conf != NULL, "%s", err.message);
    snprintf(wanted, sizeof wanted, "%s/keys/ca.pem", directory);
    cr_assert_str_eq(kafka_of(conf)->ca, wanted);
    snprintf(wanted, sizeof wanted, "%s/../c", directory);
    cr_assert_str_eq(kafka_of(conf)->files.at[2], wanted);
    cr_assert_str_eq(kafka_of(conf)->files.at[1], "/b");
    gl_conf_destroy(conf);
    /* A configuration named by a relative path gives the same. */
    cr_assert_eq(chdir(directory), 0);
    conf = gl_conf_load("x.yaml", TABLES, 2, NULL, &err);
    cr_assert(conf != NULL);
    cr_assert_str_eq(kafka_of(conf)->files.at[2], wanted);
    gl_conf_destroy(conf);
}

static const char ODD[] =
    "kafka:\n"
    "  brokers: \"q\\\"b\\\\s $${X} $$$${Y} \\u0085\\u2028\\x7f\\ufeff\\t\\n\xF0\x9F\x98\x80 # no comment\"\n"
    "  ca: ca.pem\n"
    "  batch: 77\n"
    "  linger: 90s\n"
    "  buffer: 1500\n"
    "  share: 12.3456%\n"
    "  codec: none\n"
    "  idempotent: false\n"
    "  topics: ['', 'a, b', \"~\"]\n"
    "  files: []\n"
    "offices:\n"
    "  - {code: 'true', rate: 0}\n"
    "  - {code: '007'}\n";

Test(conf, what_is_printed_reads_as_the_same)
{
    gl_conf *first = load(ODD);
    cr_assert(first != NULL, "%s", err.message);
    gl_buf text = {0}, again = {0};
    gl_conf_print(first, &text);
    gl_buf_byte(&text, 0);
    gl_conf *second = load((char *)text.data);
    cr_assert(second != NULL, "%s\n%s", err.message, (char *)text.data);
    gl_conf_print(second, &again);
    gl_buf_byte(&again, 0);
    cr_assert_str_eq((char *)text.data, (char *)again.data);
    cr_assert_str_eq(kafka_of(first)->brokers, kafka_of(second)->brokers);
    cr_assert(kafka_of(second)->buffer_bytes == 1500 && kafka_of(second)->share == 123456);
    cr_assert(strstr((char *)text.data, "  linger: 90s\n") != NULL);
    cr_assert(strstr((char *)text.data, "  - code: \"true\"\n    rate: 0\n") != NULL);
    gl_buf changes = {0};
    gl_conf_fixed_changes(first, second, &changes);
    cr_assert_eq(changes.len, 0u);
    char a[17], b[17];
    gl_conf_digest(first, "kafka", a);
    gl_conf_digest(second, "kafka", b);
    cr_assert_str_eq(a, b);
    gl_buf_free(&text);
    gl_buf_free(&again);
    gl_conf_destroy(first);
    gl_conf_destroy(second);
}

Test(conf, empty_sections_print_and_read)
{
    gl_conf *conf = load("kafka:\noffices:\n");
    cr_assert(conf != NULL, "%s", err.message);
    gl_buf text = {0};
    gl_conf_print(conf, &text);
    gl_buf_byte(&text, 0);
    cr_assert(strstr((char *)text.data, "offices: []\n") != NULL);
    gl_conf *second = load((char *)text.data);
    cr_assert(second != NULL, "%s", err.message);
    gl_buf_free(&text);
    gl_conf_destroy(conf);
    gl_conf_destroy(second);
}

Test(conf, secrets_are_not_shown)
{
    gl_conf *conf = load("kafka: {password: hidden}\n");
    gl_buf text = {0};
    gl_conf_print(conf, &text);
    gl_buf_byte(&text, 0);
    cr_assert(strstr((char *)text.data, "hidden") == NULL);
    cr_assert(strstr((char *)text.data, "  password: \"(secret)\"\n") != NULL);
    gl_buf_free(&text);
    /* Nor do they count in the digest, from which they could be guessed. */
    gl_conf *other = load("kafka: {password: else}\n");
    char a[17], b[17];
    gl_conf_digest(conf, "kafka", a);
    gl_conf_digest(other, "kafka", b);
    cr_assert_str_eq(a, b);
    gl_conf_destroy(conf);
    gl_conf_destroy(other);
    cr_assert(load("kafka: {password: [hidden]}\n") == NULL);
    cr_assert(strstr(err.message, "hidden") == NULL);
}

static gl_buf changes_between(const char *before, const char *after)
{
    gl_buf buf = {0};
    gl_conf *a = load(before), *b = load(after);
    cr_assert(a != NULL && b != NULL, "%s", err.message);
    gl_conf_fixed_changes(a, b, &buf);
    gl_conf_destroy(a);
    gl_conf_destroy(b);
    gl_buf_byte(&buf, 0);
    return buf;
}

static const char *const CHANGES[][3] = {
    {"kafka: {batch: 1}\n", "kafka: {batch: 2, linger: 3s}\n", ""},
    {"kafka: {brokers: a}\n", "kafka: {brokers: b, batch: 3, codec: none, topics: [a]}\n",
     "kafka.brokers, kafka.codec, kafka.topics"},
    {"kafka: {password: a}\n", "kafka: {password: b}\n", "kafka.password"},
    {"offices: [{code: a, rate: 1}]\n", "offices: [{code: a, rate: 2}]\n", ""},
    {"offices: [{code: a}]\n", "offices: [{code: b}]\n", "offices.code"},
    {"offices: [{code: a}]\n", "offices: [{code: a}, {code: b}]\n", "offices"},
    {"kafka: {linger: 60s}\n", "kafka: {linger: 1m}\n", ""},
};

Test(conf, changes_that_need_a_restart_are_named)
{
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        gl_buf buf = changes_between(CHANGES[i][0], CHANGES[i][1]);
        cr_assert_str_eq((char *)buf.data, CHANGES[i][2]);
        gl_buf_free(&buf);
    }
}

static void write_secret(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    cr_assert(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
}

Test(conf, secrets_come_from_files)
{
    char path[] = "/tmp/gl-secret-XXXXXX", text[200];
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0);
    write_secret(path, "hunter 2 ${NOT_EXPANDED}\n");
    setenv("GL_TEST_SECRET", path + strlen("/tmp/"), 1);
    gl_conf *conf = load("kafka:\n  password: <${file:/tmp/${GL_TEST_SECRET}}>\n");
    cr_assert(conf != NULL, "%s", err.message);
    cr_assert_str_eq(((const kafka *)gl_conf_section(conf, "kafka"))->password, "<hunter 2 ${NOT_EXPANDED}>");
    gl_buf printed = {0};
    gl_conf_print(conf, &printed);
    cr_assert(memmem(printed.data, printed.len, "hunter", 6) == NULL);
    gl_buf_free(&printed);
    gl_conf_destroy(conf);

    snprintf(text, sizeof text, "kafka: {brokers: '${file:%s}'}\n", path);
    cr_assert(load(text) == NULL && strstr(err.message, "is for secrets") != NULL, "%s", err.message);
    cr_assert(strstr(err.message, "hunter") == NULL);
    write_secret(path, "\n");
    cr_assert(load("kafka:\n  password: ${file:/tmp/${GL_TEST_SECRET}}\n") == NULL);
    cr_assert(strstr(err.message, "is empty") != NULL, "%s", err.message);
    unlink(path);
    cr_assert(load("kafka:\n  password: ${file:/tmp/${GL_TEST_SECRET}}\n") == NULL);
    cr_assert(strstr(err.message, "No such file") != NULL, "%s", err.message);
    cr_assert(load("kafka:\n  password: ${file:/tmp}\n") == NULL && strstr(err.message, "directory") != NULL);
    cr_assert(load("kafka:\n  password: ${file:/tmp/${A}\n") == NULL && strstr(err.message, "without") != NULL);
}

static void digest_of(const char *text, const char *section, char hex[17])
{
    gl_conf *conf = load(text);
    cr_assert(conf != NULL, "%s", err.message);
    gl_conf_digest(conf, section, hex);
    gl_conf_destroy(conf);
}

Test(conf, digests_depend_on_values_only)
{
    char a[17], b[17];
    digest_of("kafka: {batch: 3, linger: 60s, share: 1%}\n", "kafka", a);
    digest_of("# other words\nkafka:\n  share: 10000\n  linger: 1m\n  batch: '3'\noffices: [{code: x}]\n", "kafka", b);
    cr_assert_str_eq(a, b);
    digest_of("kafka: {batch: 4, linger: 60s, share: 1%}\n", "kafka", b);
    cr_assert_str_neq(a, b);
    digest_of("offices: [{code: a}, {code: b}]\n", "offices", a);
    digest_of("offices: [{code: b}, {code: a}]\n", "offices", b);
    cr_assert_str_neq(a, b);
    digest_of("kafka: {topics: [ab, c]}\n", "kafka", a);
    digest_of("kafka: {topics: [a, bc]}\n", "kafka", b);
    cr_assert_str_neq(a, b);
    digest_of("kafka: {ca: /one/place/ca.pem}\n", "kafka", a);
    digest_of("kafka: {ca: /other/ca.pem}\n", "kafka", b);
    cr_assert_str_eq(a, b);
    digest_of("kafka: {ca: /other/cb.pem}\n", "kafka", b);
    cr_assert_str_neq(a, b);
    /* Pinned: a digest in a record must mean the same after an upgrade. */
    digest_of("offices: [{code: BE1, rate: 5%}]\n", "offices", a);
    cr_assert_str_eq(a, "948e03ffd006d3c1");
}

Test(conf, documents_a_table)
{
    static const char wanted[] =
        "## `kafka`\n\nHow to reach Kafka.\n\n"
        "| key | value | default | reloadable | meaning |\n|---|---|---|---|---|\n"
        "| `brokers` | text | `localhost:9092` | no | Addresses. |\n"
        "| `password` | text | none | no | Password. Secret: never printed. |\n"
        "| `ca` | a path | none | no | Certificate. |\n"
        "| `batch` | a whole number from -5 to 10000 | `5000` | yes | Records \\| batch. |\n"
        "| `linger` | a duration (250ms, 10s, 5m, 12h, 30d) from 1ms to 1h | `250ms` | yes | Wait. |\n"
        "| `buffer` | a size (512, 64k, 16m, 1g) of at least 1k | `64m` | no | Memory. |\n"
        "| `share` | a share (2.5% or 25000 parts per million) | `2.5%` | no | Share. |\n"
        "| `idempotent` | true or false | `true` | no | Once. |\n"
        "| `codec` | one of none, lz4, zstd | `lz4` | no | Compression. |\n"
        "| `topics` | a list of text | `a, b` | no | Topics. |\n"
        "| `files` | a list of paths | none | no | Files. |\n\n";
    gl_buf text = {0};
    gl_conf_document(&KAFKA, &text);
    gl_buf_byte(&text, 0);
    cr_assert_str_eq((char *)text.data, wanted);
    text.len = 0;
    gl_conf_document(&OFFICES, &text);
    gl_buf_byte(&text, 0);
    cr_assert(strstr((char *)text.data, "A list: each item has these keys.") != NULL);
    cr_assert(strstr((char *)text.data, "| `code` | text | required | no | Code. |\n") != NULL);
    gl_buf_free(&text);
}
