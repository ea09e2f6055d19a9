/* greenlane key: an API key for a submitter, and the line that lets ingest know it. */
#include <openssl/rand.h>
#include <stdio.h>

#include "cli/command.h"
#include "customs/ids.h"

enum { RANDOM_BYTES = 32, KEY_CHARS = 43 };

/* Base64 for URLs, without padding. */
static void write_key(const uint8_t *random, char key[KEY_CHARS + 4])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int held = 0, at = 3;
    memcpy(key, "gl_", 3);
    for (int i = 0; i < RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        for (held += 8; held >= 6; held -= 6)
            key[at++] = letters[bits >> (held - 6) & 63];
    }
    key[at++] = letters[bits << (6 - held) & 63];
    key[at] = '\0';
}

static int run_key(int argc, char **argv)
{
    const char *account = "ACCOUNT";
    const gl_option options[] = {{"account", GL_OPTION_TEXT, &account, "Whose it is to be."}};
    int count = gl_options_parse(&gl_command_key, options, 1, argc, argv);
    if (count != 0)
        return count < 0 ? GL_EXIT_USAGE
                         : gl_complain(GL_EXIT_USAGE, "key takes options only; \"%s\" is none", argv[1]);
    uint8_t random[RANDOM_BYTES], digest[GL_SHA256_BYTES];
    char key[KEY_CHARS + 4], hex[2 * GL_SHA256_BYTES + 1];
    if (RAND_bytes(random, sizeof random) != 1)
        return gl_complain(GL_EXIT_UNAVAILABLE, "there is no randomness");
    write_key(random, key);
    gl_sha256(gl_str_of(key), digest);
    gl_hex(digest, sizeof digest, hex);
    printf("%s\n", key);
    fprintf(stderr,
            "The key is shown once: give it to the sender (Authorization: Bearer KEY, or INGEST_API_KEY for this "
            "command).\n"
            "For the file of ingest.access or classify.access, then SIGHUP to the daemon:\n\n  - account: %s\n    "
            "keys: [sha256:%s]\n",
            account, hex);
    return GL_EXIT_OK;
}

const gl_command gl_command_key = {
    "key", "make an API key for a submitter", "[--account NAME]",
    "Makes a random key of 256 bits, prints it on standard output, and says on standard "
    "error what belongs into the file\n"
    "that ingest.access or classify.access names: its SHA-256, from which nobody gets the key back.",
    run_key};
