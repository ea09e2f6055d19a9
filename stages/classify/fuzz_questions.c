/* Fuzz target: any bytes as the body of either request: refused with codes and pointers, or answered with codes that
 * the model has. */
#include <stdlib.h>

#include "classify/national.h"
#include "classify/questions.h"
#include "io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_LIMIT_BYTES = 64 * 1024 };

static gl_desk *open_desk(void)
{
    gl_err err = {0};
    gl_classifier *classifier = gl_classifier_open(GL_SOURCE_DIR "/models/classify/hs6.glm",
                                                   GL_SOURCE_DIR "/models/classify/vague.txt", 0, &err);
    return classifier == NULL ? NULL : gl_desk_new(classifier, 64);
}

static gl_national *open_national(void)
{
    gl_err err = {0};
    gl_tariff *tariff = gl_tariff_parse(GL_STR("UK"), GL_TARIFF_CSV,
                                        GL_STR("code,description,rate\n6109100010,\"T-shirts, for men\",12.0%\n"
                                               "6109100090,\"T-shirts (excl. for men)\",1 GBP/kg\n"
                                               "69120021,Mugs > Of stoneware,5%\n69120029,Mugs > Other,Entry Price\n"),
                                        &err);
    return tariff == NULL ? NULL : gl_national_new(tariff);
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void answer_all(gl_desk *desk, const gl_national *national, const gl_questions *questions, gl_arena *arena)
{
    gl_buf out = gl_buf_in(arena);
    gl_err err = {0};
    gl_reply reply;

    for (size_t i = 0; i < questions->count && i < 4; i++) {
        out.len = 0;
        questions->at[i].national = questions->tariff.len > 0 ? national : NULL;
        gl_desk_answer(desk, &questions->at[i], &reply);
        must(reply.list.count <= questions->at[i].limit);
        gl_reply_json(&out, desk, &questions->at[i], &reply);
        must(gl_json_parse(arena, gl_buf_view(&out), out.len, 10000, &err) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gl_desk *desk;
    static gl_national *national;
    gl_arena *arena = gl_arena_new(0);

    if (desk == NULL)
        desk = open_desk();
    if (national == NULL)
        national = open_national();
    must(desk != NULL && national != NULL);
    for (int form = GL_QUESTIONS_CLASSIFY; form <= GL_QUESTIONS_FPO; form++) {
        static gl_questions questions;
        gl_buf out = gl_buf_in(arena);
        gl_err err = {0};
        int status = 0;
        if (gl_questions_read(arena, (gl_str){(const char *)data, size}, BODY_LIMIT_BYTES, (gl_questions_form)form,
                              &questions)) {
            must(questions.count >= 1 && questions.count <= GL_QUESTIONS_LIMIT);
            answer_all(desk, national, &questions, arena);
            continue;
        }
        gl_questions_problem(&out, &questions, (gl_questions_form)form, &status);
        must(status == 400 || status == 413 || status == 422);
        must(gl_json_parse(arena, gl_buf_view(&out), out.len, 1000, &err) != NULL);
    }
    gl_arena_destroy(arena);
    return 0;
}
