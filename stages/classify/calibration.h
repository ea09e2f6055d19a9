/* What officers found (gl.findings) held against what the model had claimed: by submitter and kind of text, and where
 * claims proved too high, the factor that confidences are multiplied by (docs/CLASSIFY.md, "Confidence that is held
 * against findings").
 *
 * Always holds: counts and factors depend on the findings that stand and on the time, not on the order in which they
 * came; only those of the model that is in use count, and none older than the window; a factor is 1 until the topic was
 * read to its end, and never above 1. Thread: one puts, removes, clears and settles (the feed, the command, or a test);
 * any number look up meanwhile. Locks: none, pointers and factors are published.
 */
#ifndef GL_CLASSIFY_CALIBRATION_H
#define GL_CLASSIFY_CALIBRATION_H

#include "base/err.h"
#include "base/str.h"
#include "classify/model.h"
#include "customs/finding.h"

enum {
    GL_CALIBRATION_KINDS = GL_HS_LENGTHS,
    GL_CALIBRATION_ONE_PPM = 1000000, /* the factor of claims that are left as they are */
    GL_CALIBRATION_LEAST_PPM = 10000, /* the smallest factor: what is ranked stays so */
};

typedef enum gl_calibration_by {
    GL_CALIBRATION_OFF,   /* watched only */
    GL_CALIBRATION_DRAWN, /* by findings of declarations that were drawn at random */
    GL_CALIBRATION_ALL,   /* by every finding */
} gl_calibration_by;
extern const char *const gl_calibration_by_names[]; /* NULL-terminated */

typedef struct gl_calibration_conf {
    gl_calibration_by by; /* OFF: the factors are those of DRAWN, for who looks */
    int64_t least;        /* findings that a factor rests on */
    int64_t window_us;    /* older ones do not count */
} gl_calibration_conf;

typedef struct gl_calibration gl_calibration;

/* `model_version`: of the model that is in use; what follows a + is not compared. `now_us`: the wall clock. Answers are
 * given without after `wait_ms`. */
gl_calibration *gl_calibration_new(const gl_calibration_conf *conf, const char *model_version, int64_t now_us,
                                   int64_t wait_ms);
void gl_calibration_destroy(gl_calibration *calibration);

/* ---- Thread: the one that puts ---- */

/* One record; it replaces the one with its key. False: it is none (GL_DEAD_LETTER, finding-invalid). */
bool gl_calibration_put(gl_calibration *calibration, gl_str key, const gl_finding *finding, gl_err *err);
void gl_calibration_remove(gl_calibration *calibration, gl_str key);
/* The topic was made anew. */
void gl_calibration_clear(gl_calibration *calibration);
/* The topic was read to its end. */
void gl_calibration_complete(gl_calibration *calibration);
/* After some were put, or time has passed: what is too old is left out (looked for once a minute), and factors are
 * published. Did anything change? */
bool gl_calibration_settle(gl_calibration *calibration, int64_t now_us);

typedef struct gl_calibration_counts {
    uint32_t count, right;
    int64_t claimed_ppm; /* the sum */
} gl_calibration_counts;

typedef struct gl_calibration_cell {
    gl_calibration_counts all, drawn;
    int32_t factor_ppm; /* as published */
    bool own;           /* it rests on the submitter's own findings */
} gl_calibration_cell;

/* Findings that count, drawn ones or not. */
size_t gl_calibration_count(const gl_calibration *calibration);
/* Over all submitters; the factor is that of who has no findings of his own. */
gl_calibration_cell gl_calibration_total(const gl_calibration *calibration, size_t kind);
/* Submitters whose claims of this kind are tightened. */
size_t gl_calibration_tightened(const gl_calibration *calibration, size_t kind);
/* Each submitter and kind with findings, in no order. */
void gl_calibration_each(const gl_calibration *calibration,
                         void (*each)(void *context, gl_str submitter, size_t kind, const gl_calibration_cell *cell),
                         void *context);

/* ---- Thread: any ---- */

/* A kind of text is how many words it has, as the model's own calibration goes (gl_hs_length). */
extern const char *const gl_calibration_kind_names[GL_CALIBRATION_KINDS];

typedef struct gl_tightening {
    int32_t factor_ppm; /* 0: none, claims stand as they are */
    bool own;           /* by the submitter's own findings, else by everybody's */
    int64_t findings;   /* that it rests on */
} gl_tightening;

/* What a text of so many words is multiplied by; `submitter` may be empty: nobody's in particular. */
gl_tightening gl_calibration_of(const gl_calibration *calibration, gl_str submitter, size_t words);
bool gl_calibration_is_complete(const gl_calibration *calibration);
/* Complete, or waited for long enough: then answers are given without. */
bool gl_calibration_may_answer(const gl_calibration *calibration);
gl_calibration_by gl_calibration_goes_by(const gl_calibration *calibration);

/* The factor that findings give: `base_ppm` unless there are `least` and they differ from it for certain. */
int32_t gl_calibration_factor(const gl_calibration_counts *counts, int64_t least, int32_t base_ppm);

#endif
