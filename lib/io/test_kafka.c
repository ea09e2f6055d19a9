/* Settings of Kafka's clients that no broker is needed for: credentials that are complete, files that are there, and
 * what may not be printed. */
#include "io/kafka.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/log.h"

static gl_err err;

/* "" when the settings are fine, else the message. */
static const char *check(const char *const *sets)
{
    static const gl_conf_table *const tables[] = {&gl_kafka_conf_table};
    err = (gl_err){0};
    gl_conf *conf = gl_conf_load(NULL, tables, 1, sets, &err);
    cr_assert(conf != NULL, "%s", err.message);
    bool good = gl_kafka_check(gl_conf_section(conf, "kafka"), &err);
    gl_conf_destroy(conf);
    cr_assert(good || (strcmp(err.code, "kafka-config") == 0 && err.action == GL_FATAL), "%s", err.code);
    return good ? "" : err.message;
}

#define CHECK_SETS(...) check((const char *const[]){__VA_ARGS__, NULL})

static void clean_environment(void)
{
    static const char *const names[] = {"KAFKA_SECURITY", "KAFKA_USERNAME", "KAFKA_PASSWORD",    "KAFKA_CA",
                                        "KAFKA_KEY",      "KAFKA_BROKERS",  "KAFKA_CERTIFICATE", "KAFKA_KEY_PASSWORD"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    gl_log_init("test", GL_LOG_ERROR);
}

Test(kafka, credentials_are_complete, .init = clean_environment)
{
    cr_assert_str_eq(CHECK_SETS("kafka.security=plaintext"), "");
    cr_assert_str_eq(CHECK_SETS("kafka.security=sasl_plaintext", "kafka.username=u", "kafka.password=p"), "");
    cr_assert_str_eq(CHECK_SETS("kafka.security=sasl_plaintext", "kafka.properties=sasl.mechanisms=OAUTHBEARER"), "");
    static const char *const wrong[][3] = {
        {"kafka.security=sasl_ssl", "kafka.username=u", "needs kafka.username and kafka.password"},
        {"kafka.security=sasl_ssl", "kafka.password=p", "needs kafka.username and kafka.password"},
        {"kafka.security=ssl", "kafka.password=p", "of no use with kafka.security ssl"},
        {"kafka.security=plaintext", "kafka.tls_ca=ca.pem", "of no use with kafka.security plaintext"},
        {"kafka.security=ssl", "kafka.tls_key=key.pem", "belong together"},
        {"kafka.security=ssl", "kafka.tls_ca=/nowhere/ca.pem", "cannot read /nowhere/ca.pem: No such file"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *said = CHECK_SETS(wrong[i][0], wrong[i][1]);
        cr_assert(strstr(said, wrong[i][2]) != NULL, "%s %s: \"%s\"", wrong[i][0], wrong[i][1], said);
    }
}

Test(kafka, certificates_are_read, .init = clean_environment)
{
    static const char no_pem[] = "kafka.tls_ca=" GL_SOURCE_DIR "/LICENSE";
    cr_assert_str_neq(CHECK_SETS("kafka.security=ssl", no_pem), "");
}

Test(kafka, what_is_printed_holds_no_password, .init = clean_environment)
{
    static const char *const printed[] = {
        "kafka.properties=sasl.password=hunter2", "kafka.properties=ssl.key.password=hunter2",
        "kafka.properties=sasl.oauthbearer.client.secret=hunter2", "kafka.secret_properties=not.a.property=hunter2"};
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        const char *said = CHECK_SETS(printed[i]);
        cr_assert(said[0] != '\0' && strstr(said, "hunter2") == NULL, "%s: \"%s\"", printed[i], said);
    }
    cr_assert_str_eq(CHECK_SETS("kafka.secret_properties=ssl.key.password=hunter2"), "");
    cr_assert(strstr(CHECK_SETS("kafka.secret_properties=group.id=g"), "the guarantees rest on it") != NULL);
    cr_assert(strstr(CHECK_SETS("kafka.properties=nonsense"), "is not key=value") != NULL);
}
