/* See weigh.h. */
#include "classify/weigh.h"

#include "customs/text.h"

/* The text without a word, wherever it stands; a slice of `out`. */
static gl_str without(gl_str normal, gl_str word, char out[GL_TEXT_OUTPUT_MAX])
{
    size_t size = 0;

    for (gl_str next = gl_text_word(&normal); next.len > 0; next = gl_text_word(&normal)) {
        if (gl_str_eq(next, word))
            continue;
        if (size > 0)
            out[size++] = ' ';
        memcpy(out + size, next.ptr, next.len);
        size += next.len;
    }
    return (gl_str){out, size};
}

/* Of a text that the model knows nothing of a code has none. */
static int32_t confidence(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str normal, const char *hs6)
{
    gl_hs_result result;
    gl_hs_model_classify(model, scratch, normal, &result);
    int32_t ppm = gl_hs_model_confidence_ppm(model, scratch, gl_str_of(hs6));
    return ppm < 0 ? 0 : ppm;
}

static size_t keep(gl_weighed at[GL_WEIGH_SHOWN], size_t count, gl_weighed fresh)
{
    size_t place = count;
    while (place > 0 && at[place - 1].without_ppm > fresh.without_ppm)
        place--;
    if (place == GL_WEIGH_SHOWN)
        return count;
    count -= count == GL_WEIGH_SHOWN;
    memmove(&at[place + 1], &at[place], (count - place) * sizeof *at);
    at[place] = fresh;
    return count + 1;
}

static bool is_among(const gl_str *words, size_t count, gl_str word)
{
    for (size_t i = 0; i < count; i++)
        if (gl_str_eq(words[i], word))
            return true;
    return false;
}

size_t gl_weigh(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str normal, const char *hs6,
                gl_weighed at[GL_WEIGH_SHOWN])
{
    char rest[GL_TEXT_OUTPUT_MAX];
    gl_str words[GL_WEIGH_WORDS], left = normal;
    size_t word_count = 0, count = 0;
    int32_t whole = confidence(model, scratch, normal, hs6);

    for (gl_str word = gl_text_word(&left); word.len > 0 && word_count < GL_WEIGH_WORDS; word = gl_text_word(&left)) {
        if (is_among(words, word_count, word))
            continue;
        words[word_count++] = word;
        gl_weighed fresh = {word, confidence(model, scratch, without(normal, word, rest), hs6)};
        if (fresh.without_ppm < whole)
            count = keep(at, count, fresh);
    }
    return count;
}

void gl_weighed_json(gl_buf *buf, const gl_weighed *at, size_t count)
{
    gl_buf_byte(buf, '[');
    for (size_t i = 0; i < count; i++) {
        gl_buf_text(buf, i == 0 ? "{\"word\":" : ",{\"word\":");
        gl_buf_json(buf, at[i].word);
        gl_buf_printf(buf, ",\"without\":%d.%06d}", (int)(at[i].without_ppm / 1000000),
                      (int)(at[i].without_ppm % 1000000));
    }
    gl_buf_byte(buf, ']');
}
