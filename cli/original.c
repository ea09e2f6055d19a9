/* greenlane original: the bytes of a declaration as they came. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/topic_reader.h"
#include "customs/ids.h"
#include "io/kafka.h"

enum { READ_TIMEOUT_MS = 30000, KEY_BYTES = GL_DECLARATION_ID_BYTES + GL_SHA256_BYTES };

typedef struct wanted {
    char stem[GL_MRN_STEM_CHARS + 1];
    uint8_t digest[GL_SHA256_BYTES];
    bool by_digest;
    bool list;
    int64_t found;
} wanted;

static bool is_wanted(const wanted *w, gl_str key)
{
    char stem[GL_MRN_STEM_CHARS + 1];
    if (key.len != KEY_BYTES)
        return false;
    if (w->by_digest)
        return memcmp(key.ptr + GL_DECLARATION_ID_BYTES, w->digest, GL_SHA256_BYTES) == 0;
    gl_mrn_stem((const uint8_t *)key.ptr, stem);
    return strcmp(stem, w->stem) == 0;
}

/* The bytes alone, so that their digest can be computed again; --list says which there are. */
static void show(wanted *w, const gl_topic_record *record)
{
    char hex[2 * GL_SHA256_BYTES + 1], at[GL_TIME_TEXT_BYTES];
    w->found++;
    if (!w->list) {
        fwrite(record->value.ptr, 1, record->value.len, stdout);
        return;
    }
    gl_hex((const uint8_t *)record->key.ptr + GL_DECLARATION_ID_BYTES, GL_SHA256_BYTES, hex);
    printf("%.*s %s %zu bytes\n", GL_STR_ARG(gl_time_format(record->timestamp_ms * 1000, at)), hex, record->value.len);
}

static int32_t partition_of(const wanted *w, int32_t partitions)
{
    uint64_t bits = 0;
    if (w->by_digest || !gl_mrn_stem_bits(gl_str_of(w->stem), &bits))
        return -1;
    return (int32_t)(bits % (uint64_t)partitions);
}

static int search(wanted *w, const char *brokers)
{
    gl_err err = {0};
    gl_topic_record record;
    gl_topic_reader *reader = gl_topic_reader_open(brokers, GL_KAFKA_ORIGINALS, -1, false, &err);
    if (reader == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    int32_t partition = partition_of(w, gl_topic_reader_partitions(reader));
    if (partition >= 0) {
        gl_topic_reader_close(reader);
        reader = gl_topic_reader_open(brokers, GL_KAFKA_ORIGINALS, partition, false, &err);
        if (reader == NULL)
            return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    }
    while (gl_topic_reader_next(reader, READ_TIMEOUT_MS, &record, &err))
        if (is_wanted(w, record.key))
            show(w, &record);
    gl_topic_reader_close(reader);
    return err.code == NULL ? GL_EXIT_OK : gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
}

static int run_original(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", "127.0.0.1:9092");
    wanted w = {0};
    const gl_option options[] = {
        {"list", GL_OPTION_FLAG, &w.list, "Time, SHA-256 and size of each that is kept, instead of the bytes."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
    };
    int count = gl_options_parse(&gl_command_original, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    gl_str name = gl_str_of(count == 1 ? argv[1] : "");
    w.by_digest = name.len == (size_t)2 * GL_SHA256_BYTES && gl_unhex(name, w.digest);
    if (!w.by_digest && !gl_mrn_valid(name, w.stem))
        return gl_complain(GL_EXIT_USAGE, "the original of what? Give one MRN, or a SHA-256 in hex");
    int code = search(&w, brokers);
    if (code == GL_EXIT_OK && w.found == 0)
        code = gl_complain(GL_EXIT_REFUSED, "there is no original of %s: not kept any more, or it never was", argv[1]);
    return code;
}

const gl_command gl_command_original = {
    "original", "the bytes of a declaration as they came", "MRN | SHA256",
    "Shows what was sent, from gl.intake.originals: of an MRN the declaration and its amendments in their order, of a "
    "digest (message.digest of its records) that one.\nThey are kept for kafka.originals_retention, where "
    "ingest.keep_originals is on.\n\n"
    "  greenlane original 26BE000S7R4WUZABR6 --list\n  greenlane original 26BE000S7R4WUZABR6",
    run_original};
