/* Commands of `greenlane` and their options.
 *
 * Exit codes: 0 done, 1 done but something was refused or differs, 2 wrong usage, 3 a service or file is unavailable.
 */
#ifndef GL_CLI_COMMAND_H
#define GL_CLI_COMMAND_H

#include "base/buf.h"
#include "base/err.h"

enum { GL_EXIT_OK = 0, GL_EXIT_REFUSED = 1, GL_EXIT_USAGE = 2, GL_EXIT_UNAVAILABLE = 3 };

typedef struct gl_command {
    const char *name;
    const char *summary;  /* one line */
    const char *synopsis; /* after "greenlane NAME " */
    const char *help;     /* paragraphs: what it does, examples */
    int (*run)(int argc, char **argv);
} gl_command;

typedef enum gl_option_type {
    GL_OPTION_FLAG,
    GL_OPTION_TEXT,
    GL_OPTION_INT,
    GL_OPTION_SHARE,
    GL_OPTION_SECONDS,
    GL_OPTION_LIST, /* may be given several times */
} gl_option_type;

enum { GL_OPTION_LIST_LIMIT = 64 };
typedef struct gl_option_list {
    const char *at[GL_OPTION_LIST_LIMIT];
    size_t count;
} gl_option_list;

typedef struct gl_option {
    const char *name; /* long name, without dashes */
    gl_option_type type;
    void *target; /* bool, const char *, int64_t, double (a share from 0 to 1, or seconds),
                     gl_option_list */
    const char *help;
} gl_option;

/* Moves the arguments that are no options to the front of argv (from 1) and returns how many, or -1 after an error
 * message. `command` gives
 * --help (-h), which prints and exits. Options end with "--". */
int gl_options_parse(const gl_command *command, const gl_option *options, size_t count, int argc, char **argv);

/* The environment variable, or `fallback`. */
const char *gl_env(const char *name, const char *fallback);
/* "greenlane: " and the message on standard error; returns `status`. */
int gl_complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
int gl_complain_err(int status, const gl_err *err);

/* Progress on standard error when it is a terminal: a bar with count, share and rate. Redrawn at most ten times a
 * second. */
typedef struct gl_progress {
    const char *what;
    int64_t total; /* 0: not known */
    int64_t started_us, drawn_us;
    bool shown;
} gl_progress;
void gl_progress_start(gl_progress *progress, const char *what, int64_t total);
void gl_progress_update(gl_progress *progress, int64_t done);
void gl_progress_end(gl_progress *progress);
/* Wipes it out before other lines are printed; the next update draws it again. */
void gl_progress_hide(gl_progress *progress);
/* 8,134 */
const char *gl_thousands(int64_t value, char text[32]);

extern const gl_command gl_command_submit, gl_command_decisions, gl_command_status, gl_command_replay,
    gl_command_original, gl_command_topics, gl_command_schema, gl_command_generate, gl_command_doctor,
    gl_command_classify, gl_command_docs, gl_command_event, gl_command_reconcile, gl_command_dlq, gl_command_top,
    gl_command_key, gl_command_mapping, gl_command_detect, gl_command_convert, gl_command_precedents,
    gl_command_calibration;

#endif
