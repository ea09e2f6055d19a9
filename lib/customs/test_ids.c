/* Identity: the vectors were worked by hand, the MRNs come from published customs samples, and the properties are
 * checked on 20,000 ids. */
#include <criterion/criterion.h>

#include "customs/ids.h"

static const uint8_t ZERO_ID[GL_DECLARATION_ID_BYTES];
static const int64_t NOON_2026_11_24_US = INT64_C(1795521600) * 1000000;

/* Every entry is a number in use that somebody else computed (HMRC's published examples). */
static const char *const PUBLISHED[] = {"24GBCN7NW8U7JWIAR4", "22GB37AEDQ0215GAR0", "20GB1Q3RTK463FGVR4",
                                        "23GBCXDLLRXMOCTAA4", "21GB7X8M7S6NG8N6R0", "24GB9WRD7U2Y5ISAA2",
                                        "20GB0NKQGSX2IX8PR5"};

static uint64_t random_state = 0x9E3779B97F4A7C15u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static gl_declaration_id random_id(void)
{
    gl_declaration_id id;
    uint64_t words[2] = {next_random(), next_random()};
    memcpy(id.bytes, words, sizeof id.bytes);
    return id;
}

Test(ids, check_character_of_published_numbers)
{
    for (size_t i = 0; i < sizeof PUBLISHED / sizeof *PUBLISHED; i++) {
        char stem[GL_MRN_STEM_CHARS + 1];
        cr_assert(gl_mrn_valid(gl_str_of(PUBLISHED[i]), stem), "%s", PUBLISHED[i]);
        cr_assert(memcmp(stem, PUBLISHED[i] + 4, GL_MRN_STEM_CHARS) == 0);
    }
}

/* By hand: 2*1 + 6*2 + N(25)*4 + L(23)*8 + twelve zeros + R(29)*2^16; 2^16 mod 11 = 9; 2+12+100+184+29*9 = 559; 559 mod
 * 11 = 9. */
Test(ids, mrn_worked_by_hand)
{
    char mrn[GL_MRN_CHARS + 1];
    gl_mrn_make(ZERO_ID, NOON_2026_11_24_US, "NL", GL_FAMILY_IMPORT, mrn);
    cr_assert_str_eq(mrn, "26NL000000000000R9");
}

Test(ids, mrn_letters_and_year)
{
    char mrn[GL_MRN_CHARS + 1];
    int64_t last_second_of_2026 = INT64_C(1798761599) * 1000000 + 999999;
    gl_mrn_make(ZERO_ID, last_second_of_2026, "BE", GL_FAMILY_EXPORT, mrn);
    cr_assert(memcmp(mrn, "26BE", 4) == 0 && mrn[16] == 'A');
    gl_mrn_make(ZERO_ID, last_second_of_2026 + 1, "BE", GL_FAMILY_ENTRY_SUMMARY, mrn);
    cr_assert(memcmp(mrn, "27BE", 4) == 0 && mrn[16] == 'T');
    gl_mrn_make(ZERO_ID, -1, "BE", GL_FAMILY_IMPORT, mrn);
    cr_assert(memcmp(mrn, "69BE", 4) == 0);
}

Test(ids, one_wrong_character_is_noticed)
{
    /* Weights below 11 differ for neighbours, so any changed character and any swap of unlike neighbours changes the
     * sum, but for values that are equal modulo 11. */
    char mrn[GL_MRN_CHARS + 1];
    size_t missed = 0, tried = 0;
    for (int round = 0; round < 500; round++) {
        gl_declaration_id id = random_id();
        gl_mrn_make(id.bytes, NOON_2026_11_24_US, "NL", GL_FAMILY_IMPORT, mrn);
        cr_assert(gl_mrn_valid(gl_str_of(mrn), NULL));
        for (size_t i = 4; i < 16; i++) {
            char kept = mrn[i];
            mrn[i] = kept == '7' ? '8' : '7';
            tried++;
            missed += gl_mrn_valid(gl_str_of(mrn), NULL);
            mrn[i] = kept;
        }
    }
    cr_assert(missed * 5 < tried, "%zu of %zu missed", missed, tried);
}

Test(ids, mrn_form)
{
    const char *bad[] = {"",
                         "26NL000000000000R",
                         "26NL000000000000R90",
                         "2XNL000000000000R9",
                         "26nl000000000000R9",
                         "26NL00000000000-R9",
                         "26NL00000000000 R9",
                         "26NL00000000000009",
                         "26NL000000000000R8",
                         "26NL000000000000RX",
                         "26N1000000000000R9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!gl_mrn_valid(gl_str_of(bad[i]), NULL), "%s", bad[i]);
    char with_nul[GL_MRN_CHARS] = "26NL0000";
    cr_assert(!gl_mrn_valid((gl_str){with_nul, sizeof with_nul}, NULL));
}

Test(ids, stem_and_partition_hang_on_the_top_62_bits)
{
    for (int round = 0; round < 20000; round++) {
        gl_declaration_id id = random_id(), low = id, high = id;
        low.bytes[7] ^= (uint8_t)(1 + next_random() % 3); /* the two bits below the 62 */
        low.bytes[8 + next_random() % 8] ^= 0x55;
        high.bytes[next_random() % 7] ^= (uint8_t)(1u << next_random() % 8);
        char a[GL_MRN_STEM_CHARS + 1], b[GL_MRN_STEM_CHARS + 1], c[GL_MRN_STEM_CHARS + 1];
        gl_mrn_stem(id.bytes, a);
        gl_mrn_stem(low.bytes, b);
        gl_mrn_stem(high.bytes, c);
        cr_assert_str_eq(a, b);
        cr_assert_str_neq(a, c);
        int32_t count = (int32_t)(1 + next_random() % 97);
        int32_t partition = gl_declaration_partition(id.bytes, count);
        cr_assert(partition >= 0 && partition < count);
        cr_assert_eq(partition, gl_declaration_partition(low.bytes, count));
        uint64_t bits;
        cr_assert(gl_mrn_stem_bits(gl_str_of(a), &bits));
        cr_assert_eq((int32_t)(bits % (uint64_t)count), partition);
    }
}

Test(ids, stem_edges)
{
    uint8_t ones[GL_DECLARATION_ID_BYTES];
    memset(ones, 0xFF, sizeof ones);
    char stem[GL_MRN_STEM_CHARS + 1];
    uint64_t bits;
    gl_mrn_stem(ones, stem);
    cr_assert(gl_mrn_stem_bits(gl_str_of(stem), &bits));
    cr_assert_eq(bits, ((uint64_t)1 << 62) - 1);
    cr_assert(!gl_mrn_stem_bits(GL_STR("ZZZZZZZZZZZZ"), &bits), "beyond 62 bits");
    cr_assert(!gl_mrn_stem_bits(GL_STR("00000000000"), &bits));
    cr_assert(!gl_mrn_stem_bits(GL_STR("00000000000a"), &bits));
}

Test(ids, id_depends_on_each_part)
{
    gl_declaration_id a = gl_declaration_id_of(GL_STR("ab"), GL_STR("c"), GL_FAMILY_IMPORT);
    gl_declaration_id b = gl_declaration_id_of(GL_STR("a"), GL_STR("bc"), GL_FAMILY_IMPORT);
    gl_declaration_id c = gl_declaration_id_of(GL_STR("ab"), GL_STR("c"), GL_FAMILY_EXPORT);
    gl_declaration_id d = gl_declaration_id_of(GL_STR("ab"), GL_STR("c"), GL_FAMILY_IMPORT);
    cr_assert(memcmp(&a, &b, sizeof a) != 0 && memcmp(&a, &c, sizeof a) != 0 && memcmp(&a, &d, sizeof a) == 0);
    gl_declaration_id empty = gl_declaration_id_of((gl_str){NULL, 0}, (gl_str){NULL, 0}, GL_FAMILY_IMPORT);
    cr_assert(memcmp(&a, &empty, sizeof a) != 0);
}

Test(ids, sha256_vectors)
{
    uint8_t digest[GL_SHA256_BYTES];
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_sha256(GL_STR("abc"), digest); /* FIPS 180-4 */
    gl_hex(digest, sizeof digest, hex);
    cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    gl_sha256((gl_str){NULL, 0}, digest);
    gl_hex(digest, sizeof digest, hex);
    cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
