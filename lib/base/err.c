/* See err.h. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* A cut in the middle of a UTF-8 sequence would make log lines and headers invalid text. */
static void cut_at_boundary(char *text, size_t capacity, int wanted)
{
    if (wanted < 0 || (size_t)wanted < capacity)
        return;
    size_t end = capacity - 1;
    size_t lead = end;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0)
        return;
    unsigned char c = (unsigned char)text[lead - 1];
    size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    if (lead - 1 + need > end)
        text[lead - 1] = '\0';
}

bool gl_fail(gl_err *err, gl_action action, const char *code, const char *format, ...)
{
    if (err == NULL)
        return false;
    err->code = code;
    err->action = action;
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    cut_at_boundary(err->message, sizeof err->message, wanted);
    return false;
}

bool gl_fail_context(gl_err *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    char inner[GL_ERR_MESSAGE_BYTES];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (used < 0)
        used = 0;
    if ((size_t)used >= sizeof err->message - 1) {
        cut_at_boundary(err->message, sizeof err->message, used);
        return false;
    }
    int wanted = snprintf(err->message + used, sizeof err->message - (size_t)used, ": %s", inner);
    cut_at_boundary(err->message, sizeof err->message, used + wanted);
    return false;
}

bool gl_fail_own(gl_err *err, const char *what)
{
    if (err->action == GL_DEAD_LETTER)
        err->action = GL_FATAL;
    return gl_fail_context(err, "%s", what);
}

const char *gl_action_name(gl_action action)
{
    switch (action) {
    case GL_NONE:
        return "none";
    case GL_RETRY:
        return "retry";
    case GL_WAIT:
        return "wait";
    case GL_ABORT_TXN:
        return "abort-txn";
    case GL_DEAD_LETTER:
        return "dead-letter";
    case GL_FATAL:
        return "fatal";
    }
    return "unknown";
}
