/* See event_json.h. */
#include "cli/event_json.h"

#include <ctype.h>

static void member(gl_buf *buf, const char *name, gl_str value)
{
    if (value.len == 0)
        return;
    if (buf->data[buf->len - 1] != '{')
        gl_buf_byte(buf, ',');
    gl_buf_printf(buf, "\"%s\":", name);
    gl_buf_json(buf, value);
}

/* "entry-summary" to "ENTRY_SUMMARY". */
static void symbol(gl_buf *buf, const char *name, const char *word)
{
    gl_buf upper = {0};
    for (const char *c = word; *c != '\0'; c++)
        gl_buf_byte(&upper, *c == '-' ? '_' : (uint8_t)toupper((unsigned char)*c));
    member(buf, name, gl_buf_view(&upper));
    gl_buf_free(&upper);
}

static bool add_details(gl_buf *buf, const gl_option_list *details, gl_err *err)
{
    if (details == NULL || details->count == 0)
        return true;
    gl_buf_text(buf, ",\"details\":{");
    for (size_t i = 0; i < details->count; i++) {
        const char *text = details->at[i], *equals = strchr(text, '=');
        if (equals == NULL || equals == text)
            return gl_fail(err, GL_FATAL, "usage", "--detail is name=value, not \"%s\"", text);
        if (i > 0)
            gl_buf_byte(buf, ',');
        gl_buf_json(buf, (gl_str){text, (size_t)(equals - text)});
        gl_buf_byte(buf, ':');
        gl_buf_json(buf, gl_str_of(equals + 1));
    }
    gl_buf_byte(buf, '}');
    return true;
}

bool gl_event_json_of(gl_buf *buf, const gl_event_words *words, gl_err *err)
{
    gl_buf_byte(buf, '{');
    member(buf, "event_id", gl_str_of(words->event_id));
    member(buf, "mrn", gl_str_of(words->mrn));
    member(buf, "lrn", gl_str_of(words->lrn));
    if (words->lrn[0] != '\0')
        symbol(buf, "family", words->family);
    member(buf, "submitter", gl_str_of(words->submitter));
    symbol(buf, "type", words->type);
    member(buf, "occurred_at", gl_str_of(words->occurred_at));
    member(buf, "actor", gl_str_of(words->actor));
    member(buf, "code", gl_str_of(words->code));
    member(buf, "text", gl_str_of(words->text));
    member(buf, "description", gl_str_of(words->description));
    member(buf, "commodity_code", gl_str_of(words->commodity_code));
    if (!add_details(buf, words->details, err))
        return false;
    gl_buf_byte(buf, '}');
    return true;
}
