/* Any bytes as a configuration file: refused with a code, or its printed form reads as the same configuration. */
#include "base/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct first {
    const char *text, *path;
    int64_t number, duration_ms, bytes, share;
    bool flag;
    int choice;
    gl_conf_strings list;
} first;

static const char *const CHOICES[] = {"one", "two", NULL};
static const gl_conf_entry FIRST_ENTRIES[] = {
    {"text", GL_CONF_STRING, offsetof(first, text), "x", 0, 0, 0, NULL, "h"},
    {"path", GL_CONF_STRING, offsetof(first, path), NULL, GL_CONF_FILE, 0, 0, NULL, "h"},
    {"number", GL_CONF_INT, offsetof(first, number), "1", 0, 0, 0, NULL, "h"},
    {"duration", GL_CONF_DURATION, offsetof(first, duration_ms), "1s", 0, 0, 0, NULL, "h"},
    {"bytes", GL_CONF_BYTES, offsetof(first, bytes), "1k", 0, 0, 0, NULL, "h"},
    {"share", GL_CONF_PPM, offsetof(first, share), "1%", 0, 0, 0, NULL, "h"},
    {"flag", GL_CONF_BOOL, offsetof(first, flag), "true", 0, 0, 0, NULL, "h"},
    {"choice", GL_CONF_ENUM, offsetof(first, choice), "two", 0, 0, 0, CHOICES, "h"},
    {"list", GL_CONF_STRINGS, offsetof(first, list), "a,b", 0, 0, 0, NULL, "h"},
};
static const gl_conf_table FIRST = {"first", "h",           sizeof(first),
                                    false,   FIRST_ENTRIES, sizeof FIRST_ENTRIES / sizeof FIRST_ENTRIES[0]};
static const gl_conf_table MANY = {"many", "h",           sizeof(first),
                                   true,   FIRST_ENTRIES, sizeof FIRST_ENTRIES / sizeof FIRST_ENTRIES[0]};
static const gl_conf_table *const TABLES[] = {&FIRST, &MANY};

static gl_conf *load(gl_str text, gl_err *err)
{
    char path[64];
    int fd = memfd_create("conf", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    while (text.len > 0) {
        ssize_t done = write(fd, text.ptr, text.len);
        if (done <= 0)
            abort();
        text = (gl_str){text.ptr + done, text.len - (size_t)done};
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    gl_conf *conf = gl_conf_load(path, TABLES, 2, NULL, err);
    close(fd);
    return conf;
}

static void check_printed(const gl_conf *conf)
{
    gl_err err = {0};
    gl_buf text = {0}, again = {0};
    gl_conf_print(conf, &text);
    gl_conf *other = load(gl_buf_view(&text), &err);
    if (other == NULL) {
        fprintf(stderr, "%s: %s\n%.*s\n", err.code, err.message, (int)text.len, (char *)text.data);
        abort();
    }
    gl_conf_print(other, &again);
    if (!gl_str_eq(gl_buf_view(&text), gl_buf_view(&again)))
        abort();
    gl_buf_free(&text);
    gl_buf_free(&again);
    gl_conf_destroy(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    /* A print is a little longer than what it was read from: stay clear of the size limit. */
    if (size > GL_YAML_LIMIT_BYTES / 8)
        return 0;
    gl_conf *conf = load((gl_str){(const char *)data, size}, &err);
    if (conf == NULL && (err.code == NULL || err.action != GL_FATAL))
        abort();
    if (conf != NULL)
        check_printed(conf);
    gl_conf_destroy(conf);
    return 0;
}
