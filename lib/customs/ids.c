/* See ids.h. The id frames each text with its length, so that no two (submitter, LRN) pairs give the same bytes to
 * hash. SHA-256 is OpenSSL's of before version 3, which is marked as deprecated: the EVP functions of version 3
 * allocate and free a context for each digest, and a record has several of them.
 */
#include "customs/ids.h"

#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { STEM_BASE = 36, US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400 };
static const char ALPHABET[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define STEM_BITS_END ((uint64_t)1 << 62)

/* SHA-256 of memory fails only when OpenSSL is broken: then nothing that depends on identity may go on. */
static void sha_check(int done)
{
    if (done != 1) {
        fputs("ids: SHA-256 failed\n", stderr);
        abort();
    }
}

void gl_sha256(gl_str data, uint8_t digest[GL_SHA256_BYTES])
{
    SHA256_CTX context;
    sha_check(SHA256_Init(&context));
    sha_check(SHA256_Update(&context, data.ptr, data.len));
    sha_check(SHA256_Final(digest, &context));
}

static void update_framed(SHA256_CTX *context, gl_str text)
{
    uint8_t size[4] = {(uint8_t)(text.len >> 24), (uint8_t)(text.len >> 16), (uint8_t)(text.len >> 8),
                       (uint8_t)text.len};
    sha_check(SHA256_Update(context, size, sizeof size));
    sha_check(SHA256_Update(context, text.ptr, text.len));
}

gl_declaration_id gl_declaration_id_of(gl_str submitter, gl_str lrn, gl_family family)
{
    uint8_t digest[GL_SHA256_BYTES];
    uint8_t family_byte = (uint8_t)family;
    SHA256_CTX context;
    sha_check(SHA256_Init(&context));
    update_framed(&context, submitter);
    update_framed(&context, lrn);
    sha_check(SHA256_Update(&context, &family_byte, 1));
    sha_check(SHA256_Final(digest, &context));
    gl_declaration_id id;
    memcpy(id.bytes, digest, sizeof id.bytes);
    return id;
}

static uint64_t top_bits(const uint8_t id[GL_DECLARATION_ID_BYTES])
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | id[i];
    return bits >> 2;
}

int32_t gl_declaration_partition(const uint8_t id[GL_DECLARATION_ID_BYTES], int32_t partition_count)
{
    return partition_count <= 1 ? 0 : (int32_t)(top_bits(id) % (uint64_t)partition_count);
}

void gl_mrn_stem(const uint8_t id[GL_DECLARATION_ID_BYTES], char stem[GL_MRN_STEM_CHARS + 1])
{
    uint64_t bits = top_bits(id);
    for (int i = GL_MRN_STEM_CHARS - 1; i >= 0; i--) {
        stem[i] = ALPHABET[bits % STEM_BASE];
        bits /= STEM_BASE;
    }
    stem[GL_MRN_STEM_CHARS] = '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* ISO 6346 4.2: letters count from 10 and leave out the multiples of 11 (A 10, B 12, ... K 21, L 23, ... U 32, V 34,
 * ... Z 38). */
static unsigned iso6346_value(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    unsigned n = (unsigned)(c - 'A');
    return 10 + n + (n + 9) / 10;
}

static char check_character(const char *text, size_t count)
{
    unsigned sum = 0, weight = 1; /* the weight, 2^position, modulo 11 */
    for (size_t i = 0; i < count; i++) {
        sum += iso6346_value(text[i]) * weight;
        weight = weight * 2 % 11;
    }
    return (char)('0' + sum % 11 % 10);
}

void gl_mrn_make(const uint8_t id[GL_DECLARATION_ID_BYTES], int64_t accepted_us, const char country[2],
                 gl_family family, char mrn[GL_MRN_CHARS + 1])
{
    static const char procedure_letters[] = "RAT"; /* by gl_family */
    int64_t seconds = accepted_us / US_PER_SECOND - (accepted_us % US_PER_SECOND < 0);
    int64_t days = seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
    int year, month, day;
    gl_date_civil((int32_t)days, &year, &month, &day);
    mrn[0] = (char)('0' + year / 10 % 10);
    mrn[1] = (char)('0' + year % 10);
    mrn[2] = country[0];
    mrn[3] = country[1];
    gl_mrn_stem(id, mrn + 4);
    mrn[GL_MRN_CHARS - 2] = procedure_letters[family];
    mrn[GL_MRN_CHARS - 1] = check_character(mrn, GL_MRN_CHARS - 1);
    mrn[GL_MRN_CHARS] = '\0';
}

bool gl_mrn_valid(gl_str mrn, char stem[GL_MRN_STEM_CHARS + 1])
{
    if (mrn.len != GL_MRN_CHARS)
        return false;
    for (size_t i = 0; i < GL_MRN_CHARS; i++) {
        char c = mrn.ptr[i];
        bool digit_place = i < 2 || i == GL_MRN_CHARS - 1, letter_place = i == 2 || i == 3 || i == GL_MRN_CHARS - 2;
        if (digit_place ? !is_digit(c) : letter_place ? !is_upper(c) : !is_digit(c) && !is_upper(c))
            return false;
    }
    if (check_character(mrn.ptr, GL_MRN_CHARS - 1) != mrn.ptr[GL_MRN_CHARS - 1])
        return false;
    if (stem != NULL) {
        memcpy(stem, mrn.ptr + 4, GL_MRN_STEM_CHARS);
        stem[GL_MRN_STEM_CHARS] = '\0';
    }
    return true;
}

bool gl_mrn_stem_bits(gl_str stem, uint64_t *bits)
{
    if (stem.len != GL_MRN_STEM_CHARS)
        return false;
    uint64_t sum = 0; /* 36^12 < 2^63: no overflow */
    for (size_t i = 0; i < GL_MRN_STEM_CHARS; i++) {
        char c = stem.ptr[i];
        if (!is_digit(c) && !is_upper(c))
            return false;
        sum = sum * STEM_BASE + (uint64_t)(is_digit(c) ? c - '0' : c - 'A' + 10);
    }
    if (sum >= STEM_BITS_END)
        return false;
    *bits = sum;
    return true;
}

void gl_hex(const uint8_t *bytes, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool gl_unhex(gl_str hex, uint8_t *bytes)
{
    if (hex.len % 2 != 0)
        return false;
    for (size_t i = 0; i < hex.len / 2; i++) {
        int high = hex_digit(hex.ptr[2 * i]), low = hex_digit(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
