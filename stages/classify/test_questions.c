/* Request bodies: what is asked, within limits; every error at once with a pointer, what is there and what is allowed.
 */
#include "classify/questions.h"

#include <criterion/criterion.h>

#include "io/json.h"

enum { LIMIT_BYTES = 1 << 20 };

static gl_arena *arena;
static gl_questions questions;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(classify_questions, .init = set_up, .fini = tear_down);

static bool ask(gl_questions_form form, const char *body)
{
    return gl_questions_read(arena, gl_str_of(body), LIMIT_BYTES, form, &questions);
}

/* "code pointer value" of each error. */
static const char *errors(void)
{
    gl_buf text = gl_buf_in(arena);
    for (size_t i = 0; i < questions.error_count && i < GL_QUESTIONS_LIMIT_ERRORS; i++) {
        const gl_question_error *error = &questions.errors[i];
        gl_buf_printf(&text, "%s%s %.*s %.*s", i == 0 ? "" : "; ", error->code, GL_STR_ARG(error->pointer),
                      error->value.ptr == NULL ? 1 : (int)error->value.len,
                      error->value.ptr == NULL ? "-" : error->value.ptr);
        cr_expect(error->allowed[0] != '\0');
    }
    gl_buf_byte(&text, 0);
    return (const char *)text.data;
}

Test(classify_questions, one_and_several)
{
    cr_assert(ask(GL_QUESTIONS_CLASSIFY, "{\"description\":\"brass handle\",\"declared\":\"83024190\"}"));
    cr_expect(questions.count == 1 && !questions.several && questions.at[0].limit == 3);
    cr_expect(gl_str_eqz(questions.at[0].description, "brass handle"));
    cr_expect(gl_str_eqz(questions.at[0].declared, "83024190"));
    cr_assert(ask(GL_QUESTIONS_CLASSIFY,
                  "{\"limit\":100,\"items\":[{\"description\":\"\",\"declared\":null},{\"description\":\"b\"}]}"));
    cr_expect(questions.count == 2 && questions.several && questions.at[1].limit == 100 && !questions.at[1].explain);
    cr_expect(questions.at[0].description.len == 0 && questions.at[0].declared.len == 0);
    cr_expect(gl_str_eqz(questions.at[1].description, "b"));
    cr_assert(
        ask(GL_QUESTIONS_CLASSIFY, "{\"explain\":true,\"items\":[{\"description\":\"a\"},{\"description\":\"b\"}]}"));
    cr_expect(questions.at[0].explain && questions.at[1].explain);
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "{\"explain\":\"yes\",\"description\":\"a\"}"));
    cr_expect_str_eq(errors(), "wrong-type /explain \"yes\"");
}

Test(classify_questions, all_errors_at_once)
{
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY,
                   "{\"items\":[1,{\"description\":2,\"declared\":\"83.02\"},{\"declaired\":\"1\"}],"
                   "\"limit\":1.5,\"a~b/c\":[0]}"));
    cr_expect_str_eq(errors(), "out-of-range /limit 1.5; unknown-field /a~0b~1c [0]; wrong-type /items/0 1; "
                               "wrong-type /items/1/description 2; invalid-code /items/1/declared \"83.02\"; "
                               "unknown-field /items/2/declaired \"1\"; missing /items/2/description -");
    cr_assert(strstr(questions.errors[5].allowed, "did you mean \"declared\"") != NULL);
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "{\"items\":[],\"description\":\"x\"}"));
    cr_expect_str_eq(errors(), "conflicting-fields /items -; missing /items -");
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "[]"));
    cr_expect_str_eq(errors(), "wrong-type  []");
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "{\"description\":null,\"declared\":\"1\",\"limit\":\"3\"}"));
    cr_expect_str_eq(errors(), "wrong-type /limit \"3\"; wrong-type /description null; invalid-code /declared \"1\"");
    static const char *const limits[] = {"0", "101", "-1", "1e1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        cr_assert(
            !ask(GL_QUESTIONS_CLASSIFY, gl_arena_printf(arena, "{\"description\":\"x\",\"limit\":%s}", limits[i])));
        cr_expect_str_eq(questions.errors[0].code, "out-of-range", "%s", limits[i]);
    }
}

Test(classify_questions, a_tariff_and_what_is_to_be_paid_for)
{
    cr_assert(ask(GL_QUESTIONS_CLASSIFY, "{\"description\":\"a\",\"tariff\":\"UK\",\"net_mass_kg\":2.50,"
                                         "\"value\":{\"amount\":100.10,\"currency\":\"GBP\"}}"));
    cr_expect(gl_str_eqz(questions.tariff, "UK") && questions.at[0].has_value && questions.at[0].base.has_mass);
    cr_expect(questions.at[0].base.value.unscaled == 10010 && questions.at[0].base.net_mass_kg.scale == 2);
    cr_assert(ask(GL_QUESTIONS_CLASSIFY, "{\"tariff\":\"UK\",\"items\":[{\"description\":\"a\",\"value\":{\"amount\":"
                                         "\"7\",\"currency\":\"EUR\"}},{\"description\":\"b\",\"value\":null}]}"));
    cr_expect(questions.at[0].has_value && !questions.at[1].has_value);
    cr_assert(ask(GL_QUESTIONS_CLASSIFY, "{\"description\":\"a\",\"tariff\":null}"));
    cr_expect_eq(questions.tariff.len, 0u);
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "{\"description\":\"a\",\"net_mass_kg\":1}"));
    cr_expect_str_eq(errors(), "missing /tariff -");
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "{\"description\":\"a\",\"tariff\":\"U K\",\"value\":{\"amount\":1e3,"
                                          "\"currency\":\"GBP\",\"more\":1},\"net_mass_kg\":-1}"));
    cr_expect_str_eq(errors(), "unknown-field /value/more 1; invalid-value /value {\"amount\":1e3,\"currency\":\"GBP\","
                               "\"more\":1}; invalid-value /net_mass_kg -1; unknown-tariff /tariff \"U K\"");
    cr_assert(!ask(GL_QUESTIONS_CLASSIFY, "{\"items\":[{\"description\":\"a\",\"value\":7,\"net_mass_kg\":[]}],"
                                          "\"tariff\":7,\"value\":{}}"));
    cr_expect_str_eq(errors(), "conflicting-fields /items -; wrong-type /items/0/value 7; invalid-value "
                               "/items/0/net_mass_kg []; wrong-type /tariff 7");
    cr_assert(ask(GL_QUESTIONS_CLASSIFY, "{\"description\":\"a\",\"tariff\":\"US\"}"));
    gl_questions_refuse_tariff(&questions, "UK");
    cr_expect_str_eq(errors(), "unknown-tariff /tariff \"US\"");
}

Test(classify_questions, many_errors_are_counted_and_twenty_kept)
{
    gl_buf body = gl_buf_in(arena), out = gl_buf_in(arena);
    int status = 0;
    gl_err err = {0};
    gl_buf_text(&body, "{\"items\":[");
    for (int i = 0; i < GL_QUESTIONS_LIMIT; i++)
        gl_buf_text(&body, i == 0 ? "0" : ",0");
    gl_buf_text(&body, "]}");
    cr_assert(!gl_questions_read(arena, gl_buf_view(&body), LIMIT_BYTES, GL_QUESTIONS_CLASSIFY, &questions));
    cr_expect_eq(questions.error_count, (size_t)GL_QUESTIONS_LIMIT);
    gl_questions_problem(&out, &questions, GL_QUESTIONS_CLASSIFY, &status);
    const gl_json *problem = gl_json_parse(arena, gl_buf_view(&out), LIMIT_BYTES, 1000, &err);
    cr_assert(problem != NULL && status == 422, "%s", err.message);
    cr_expect(gl_str_eqz(gl_json_text(problem, "detail"), "500 errors"));
    cr_expect_eq(gl_json_get(problem, "errors")->count, (size_t)GL_QUESTIONS_LIMIT_ERRORS);
    body.len -= 2;
    gl_buf_text(&body, ",0]}");
    cr_assert(!gl_questions_read(arena, gl_buf_view(&body), LIMIT_BYTES, GL_QUESTIONS_CLASSIFY, &questions));
    cr_expect_str_eq(errors(), "too-large /items -");
}

Test(classify_questions, what_is_no_json_is_said)
{
    static const struct {
        const char *body, *code;
        int status;
    } cases[] = {{"", "not-well-formed", 400},
                 {"{\"description\":", "not-well-formed", 400},
                 {"{\"description\":\"a\",\"description\":\"b\"}", "not-well-formed", 400},
                 {"{\"description\":\"\xff\"}", "not-well-formed", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_buf out = gl_buf_in(arena);
        int status = 0;
        cr_assert(!ask(GL_QUESTIONS_CLASSIFY, cases[i].body));
        cr_expect_str_eq(questions.unreadable.code, cases[i].code);
        gl_questions_problem(&out, &questions, GL_QUESTIONS_CLASSIFY, &status);
        cr_expect_eq(status, cases[i].status);
    }
    cr_assert(!gl_questions_read(arena, GL_STR("{\"description\":\"long\"}"), 8, GL_QUESTIONS_FPO, &questions));
    cr_expect_str_eq(questions.unreadable.code, "too-large");
}

static const char *fpo_message(const char *body)
{
    gl_buf out = gl_buf_in(arena);
    gl_err err = {0};
    int status = 0;
    cr_assert(!ask(GL_QUESTIONS_FPO, body), "%s", body);
    gl_questions_problem(&out, &questions, GL_QUESTIONS_FPO, &status);
    const gl_json *problem = gl_json_parse(arena, gl_buf_view(&out), LIMIT_BYTES, 1000, &err);
    cr_assert(problem != NULL && status == 400, "%s", err.message);
    gl_str message = gl_json_text(problem, "message");
    return gl_arena_strndup(arena, message.ptr, message.len);
}

Test(classify_questions, the_request_of_the_parcel_classifier)
{
    cr_assert(ask(GL_QUESTIONS_FPO, "{\"description\":\"red scarf\"}"));
    cr_expect(questions.count == 1 && questions.at[0].limit == 5);
    cr_assert(ask(GL_QUESTIONS_FPO, "{\"description\":\"red scarf\",\"digits\":\"8\",\"limit\":\"10\",\"more\":[]}"));
    cr_expect_eq(questions.at[0].limit, 10u);
    cr_assert(ask(GL_QUESTIONS_FPO, "{\"description\":\"red scarf\",\"digits\":8,\"limit\":1}"));
    cr_expect_str_eq(fpo_message("{\"description\":\"\",\"digits\":7}"), "Invalid value for description");
    cr_expect_str_eq(errors(), "missing /description \"\"; out-of-range /digits 7");
    cr_expect_str_eq(fpo_message("{\"digits\":6}"), "Invalid value for description");
    cr_expect_str_eq(fpo_message("{\"description\":null}"), "Invalid value for description");
    cr_expect_str_eq(fpo_message("{\"description\":\"a\",\"digits\":10}"), "Invalid value for digits");
    cr_expect_str_eq(fpo_message("{\"description\":\"a\",\"digits\":true}"), "Invalid value for digits");
    cr_expect_str_eq(fpo_message("{\"description\":\"a\",\"limit\":11}"), "Invalid value for limit");
    cr_expect_str_eq(fpo_message("{\"description\":\"a\",\"limit\":\"-1\"}"), "Invalid value for limit");
    cr_expect_str_eq(fpo_message("{\"description\":\"a\",\"limit\":\"\"}"), "Invalid value for limit");
    cr_expect_str_eq(fpo_message("[]"), "Invalid JSON in request body");
    cr_expect_str_eq(fpo_message(""), "Invalid JSON in request body");
    gl_buf body = gl_buf_in(arena);
    gl_buf_text(&body, "{\"description\":\"");
    for (int i = 0; i <= GL_DESK_LIMIT_DESCRIPTION_BYTES; i++)
        gl_buf_byte(&body, 'x');
    gl_buf_text(&body, "\"}");
    gl_buf_byte(&body, 0);
    cr_expect_str_eq(fpo_message((const char *)body.data), "Invalid value for description");
    cr_expect_str_eq(questions.errors[0].code, "too-long");
}
