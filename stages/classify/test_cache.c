/* Cached results: the in-process cache against a plain list, and Redis values that are damaged or of another text. */
#include "classify/cache.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { CAPACITY = 8, KEYS = 24, ROUNDS = 20000, LISTED = 5 };

static gl_text_key key_number(uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "text %u", number);
    return gl_text_key_of(gl_str_of(text), (gl_str){NULL, 0});
}

static gl_hs_result result_number(uint32_t number)
{
    gl_hs_result result = {.count = number % 5 == 0 ? 0 : GL_HS_TOP};
    for (size_t i = 0; i < result.count; i++) {
        snprintf(result.top[i].hs6, sizeof result.top[i].hs6, "%06zu", number * (size_t)10 + i);
        result.top[i].confidence_ppm = (int32_t)(number * 100 + i);
    }
    for (size_t l = 0; l < GL_HS_LEVELS - 1 && result.count > 0; l++) {
        snprintf(result.group[l].hs6, sizeof result.group[l].hs6, "%02u", number);
        result.group[l].confidence_ppm = (int32_t)(number * 1000 + l);
    }
    result.has_declared = number % 3 == 1;
    result.declared_ppm = result.has_declared ? (int32_t)number : 0;
    return result;
}

/* More than the cache keeps, or fewer. */
static gl_hs_list list_number(uint32_t number)
{
    gl_hs_list list = {.count = number % 8};
    for (size_t i = 0; i < list.count; i++) {
        snprintf(list.at[i].hs6, sizeof list.at[i].hs6, "%06zu", number * (size_t)100 + i);
        list.at[i].confidence_ppm = (int32_t)(number + i);
    }
    return list;
}

static bool same_list(const gl_hs_list *got, const gl_hs_list *put)
{
    bool equal = got->count == (put->count < LISTED ? put->count : LISTED);
    for (size_t i = 0; equal && i < got->count; i++)
        equal = strcmp(got->at[i].hs6, put->at[i].hs6) == 0 && got->at[i].confidence_ppm == put->at[i].confidence_ppm;
    return equal;
}

static bool same(const gl_hs_result *a, const gl_hs_result *b)
{
    bool equal = a->count == b->count && a->has_declared == b->has_declared && a->declared_ppm == b->declared_ppm;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->top[i].hs6, b->top[i].hs6) == 0 && a->top[i].confidence_ppm == b->top[i].confidence_ppm;
    for (size_t l = 0; equal && l < GL_HS_LEVELS - 1; l++)
        equal =
            strcmp(a->group[l].hs6, b->group[l].hs6) == 0 && a->group[l].confidence_ppm == b->group[l].confidence_ppm;
    return equal;
}

/* The oracle: keys by last use, the latest first. */
typedef struct oracle {
    uint32_t keys[KEYS];
    size_t count;
} oracle;

static bool oracle_use(oracle *o, uint32_t number)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->keys[i] != number)
            continue;
        memmove(o->keys + 1, o->keys, i * sizeof o->keys[0]);
        o->keys[0] = number;
        return true;
    }
    return false;
}

static void oracle_put(oracle *o, uint32_t number)
{
    if (o->count < CAPACITY)
        o->count++;
    memmove(o->keys + 1, o->keys, (o->count - 1) * sizeof o->keys[0]);
    o->keys[0] = number;
}

Test(classify_cache, keeps_what_was_used_last)
{
    gl_text_cache *cache = gl_text_cache_new(CAPACITY, LISTED);
    oracle o = {0};
    uint32_t state = 7;

    for (int round = 0; round < ROUNDS; round++) {
        state = state * 1664525u + 1013904223u;
        uint32_t number = (state >> 24) % KEYS;
        gl_text_key key = key_number(number);
        gl_hs_result got, expect = result_number(number);
        gl_hs_list got_list, list = list_number(number);
        bool there = oracle_use(&o, number);
        cr_assert_eq(gl_text_cache_get(cache, &key, &got, &got_list), there, "round %d", round);
        if (there) {
            cr_assert(same(&got, &expect) && same_list(&got_list, &list));
            continue;
        }
        gl_text_cache_put(cache, &key, &expect, &list);
        oracle_put(&o, number);
        cr_assert_eq(gl_text_cache_count(cache), o.count);
    }
    gl_text_cache_destroy(cache);
}

Test(classify_cache, without_room_it_keeps_nothing)
{
    cr_expect_eq(gl_text_cache_entry_bytes(0), 96, "as classify.cache_entries says");
    gl_text_cache *cache = gl_text_cache_new(0, 0);
    gl_text_key key = key_number(1);
    gl_hs_result result = result_number(1);
    gl_text_cache_put(cache, &key, &result, NULL);
    cr_expect(!gl_text_cache_get(cache, &key, &result, NULL));
    gl_text_cache_destroy(cache);
}

Test(classify_cache, redis_values)
{
    gl_err err = {0};
    gl_hs_model *model = gl_hs_model_open(GL_SOURCE_DIR "/models/classify/hs6.glm", &err);
    cr_assert_not_null(model, "%s", err.message);
    gl_arena *arena = gl_arena_new(0);
    gl_text_key key = key_number(1), other = key_number(2);
    gl_hs_result result = {.count = GL_HS_TOP,
                           .top = {{"010121", 700000, 0}, {"640399", 200000, 0}, {"950300", 5, 0}},
                           .group = {{"01", 710000, 0}, {"0101", 700001, 0}},
                           .has_declared = true,
                           .declared_ppm = 77},
                 got;

    gl_str name = gl_cache_kv_key(arena, gl_hs_model_version(model), &key);
    cr_expect(gl_str_starts(name, GL_STR("gl:cls:hs6-")));
    cr_expect_eq(name.len, strlen("gl:cls:") + strlen(gl_hs_model_version(model)) + 1 + 16);
    gl_str value = gl_cache_kv_value(arena, &key, &result);
    cr_assert(gl_cache_kv_parse(value, model, &key, &got));
    cr_expect(same(&got, &result));
    cr_expect(!gl_cache_kv_parse(value, model, &other, &got), "the value of another text");
    cr_expect(!gl_cache_kv_parse((gl_str){NULL, 0}, model, &key, &got), "a miss");
    for (size_t cut = 0; cut < value.len; cut++)
        cr_expect(!gl_cache_kv_parse((gl_str){value.ptr, cut}, model, &key, &got), "cut to %zu", cut);
    memcpy(result.top[1].hs6, "000000", 6);
    cr_expect(!gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got), "a code that is none");
    memcpy(result.top[1].hs6, "640399", 6);
    result.top[1].confidence_ppm = 1000001;
    cr_expect(!gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got), "more than certain");
    result.top[1].confidence_ppm = 2;
    memcpy(result.group[1].hs6, "0199", 4);
    cr_expect(!gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got), "a heading that is none");
    memcpy(result.group[1].hs6, "010121", 6);
    cr_expect(!gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got), "longer than a heading");
    memcpy(result.group[1].hs6, "0101\0", 6);
    result.declared_ppm = 1000001;
    cr_expect(!gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got), "declared, too much");
    result.count = 0;
    cr_expect(!gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got), "declared, of nothing");
    result.has_declared = false;
    cr_expect(gl_cache_kv_parse(gl_cache_kv_value(arena, &key, &result), model, &key, &got) && got.count == 0);
    gl_arena_destroy(arena);
    gl_hs_model_destroy(model);
}

Test(classify_cache, the_declared_code_is_part_of_the_key)
{
    gl_text_key alone = gl_text_key_of(GL_STR("shoes"), (gl_str){NULL, 0}),
                one = gl_text_key_of(GL_STR("shoes"), GL_STR("640399")),
                other = gl_text_key_of(GL_STR("shoes"), GL_STR("640391")),
                joined = gl_text_key_of(GL_STR("shoes640399"), (gl_str){NULL, 0});
    cr_expect(memcmp(&alone, &one, sizeof one) != 0 && memcmp(&one, &other, sizeof one) != 0 &&
              memcmp(&one, &joined, sizeof one) != 0);
}
