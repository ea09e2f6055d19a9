/* The description gate: does a text say what the goods are at all?
 *
 * The words come from a hand-written list (models/classify/vague.txt) in five sections: fillers, hollow, alone,
 * materials, goods; the rules are in that file's head. Works on normalised text only (lib/customs/text.h). Always
 * holds: a gate is immutable after it was read; the answer depends on list and text only. Thread: any number share one
 * gate. Locks: none.
 */
#ifndef GL_CLASSIFY_GATE_H
#define GL_CLASSIFY_GATE_H

#include "base/err.h"
#include "base/str.h"

enum { GL_GATE_FILE_LIMIT_BYTES = 1024 * 1024, GL_GATE_ENTRY_LIMIT = 50000 };

typedef enum gl_gate_answer {
    GL_GATE_PASS,
    GL_GATE_VAGUE,    /* no word says what the goods are */
    GL_GATE_NOT_TEXT, /* no letter in it: numbers, symbols, broken bytes */
} gl_gate_answer;

typedef struct gl_gate gl_gate;

/* NULL with GL_FATAL: gate-unreadable, gate-invalid (with the line). */
gl_gate *gl_gate_open(const char *path, gl_err *err);
gl_gate *gl_gate_parse(gl_str text, gl_err *err);
void gl_gate_destroy(gl_gate *gate);
/* 8 hex digits of the list's SHA-256: names it in records. */
const char *gl_gate_version(const gl_gate *gate);
/* `text` is normalised. */
gl_gate_answer gl_gate_check(const gl_gate *gate, gl_str text);

#endif
