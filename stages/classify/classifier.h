/* One description in, what the goods are out: normalisation, gate, model and threshold together. The stage, the command
 * line and the tests classify through here, so that they agree.
 *
 * This is where a better model plugs in: whatever fills gl_hs_result from a normalised text.
 * Thread: any number share one classifier; a gl_hs_scratch belongs to one. Locks: none.
 */
#ifndef GL_CLASSIFY_CLASSIFIER_H
#define GL_CLASSIFY_CLASSIFIER_H

#include "classify/calibration.h"
#include "classify/gate.h"
#include "classify/model.h"
#include "classify/precedents.h"
#include "classify/vague.h"
#include "customs/text.h"
#include "gen/classification.h"

typedef struct gl_classifier gl_classifier;

/* What is known of one description. `reason`: precedent, confident, low-confidence, vague-term, vague-text, not-text,
 * no-description (static storage). */
typedef struct gl_text_class {
    gl_classification_status status;
    const char *reason;
    gl_hs_result result;  /* candidates also when the classifier abstained; none when words or no text say VAGUE */
    size_t answer_digits; /* of the deepest level that is sure: 6, 4 or 2; 0: none is */
    int32_t vague_ppm;    /* what the trained gate says of it */
    size_t words;         /* of the normalised text; 0: no model is asked */
    /* What findings make of the model's claims: where there is a factor, `result` is multiplied by it, and this is what
     * was claimed: the likeliest subheading's confidence, and the answer (no digits: there was none). */
    gl_tightening tightening;
    int32_t claimed_ppm;
    size_t claimed_digits;
    gl_hs_candidate claimed_answer;
    const gl_precedent *precedent; /* what an officer ruled of it; NULL: nothing. As long as the table of rulings */
} gl_text_class;

/* Less confidence than this (ppm) in a code outside of the answer contradicts it; more leaves it open. */
enum { GL_CLASSIFIER_CONTRADICTS_PPM = 50000 };

/* `abstain_ppm` 0: the threshold that was fitted in training. NULL with GL_FATAL: model-..., gate-... */
gl_classifier *gl_classifier_open(const char *model_path, const char *gate_path, int64_t abstain_ppm, gl_err *err);
void gl_classifier_destroy(gl_classifier *classifier);
const gl_hs_model *gl_classifier_model(const gl_classifier *classifier);
/* "<model>+<list of words>", with a trained gate "+<gate>": names all that a result depends on but the thresholds. */
const char *gl_classifier_version(const gl_classifier *classifier);
int32_t gl_classifier_abstain_ppm(const gl_classifier *classifier);

/* A trained gate: texts that it says are vaguer than `above_ppm` (0: its own threshold) are VAGUE, and the model's
 * candidates are only shown. Before any thread classifies. False with GL_FATAL: vague-unreadable, vague-invalid. */
bool gl_classifier_use_gate(gl_classifier *classifier, const char *path, int64_t above_ppm, gl_err *err);

/* Rulings that go before the model's answers; NULL: none. Borrowed; before any thread classifies. */
void gl_classifier_use(gl_classifier *classifier, const gl_precedents *precedents);
/* NULL: it uses none. */
const gl_precedents *gl_classifier_precedents(const gl_classifier *classifier);

/* What was found of its claims, by which confidences are tightened; NULL: they are the model's. Borrowed; before any
 * thread classifies. */
void gl_classifier_calibrate(gl_classifier *classifier, const gl_calibration *calibration);
/* NULL: nothing is tightened. */
const gl_calibration *gl_classifier_calibration(const gl_classifier *classifier);

/* Before the model: true when the text is to be looked up or computed (`normal` is its normalised form, a slice of
 * `buffer`); false when `out` already has the answer (no description, no letters, vague). Either way `out` has its
 * ruling, which gl_classifier_lead puts first, whatever the rest came from. */
bool gl_classifier_admit(const gl_classifier *classifier, gl_str description, char buffer[GL_TEXT_OUTPUT_MAX],
                         gl_str *normal, gl_text_class *out);
/* The subheading of a declared code (digits, any length) whose confidence the model can say; empty when it has none. */
gl_str gl_classifier_declared(const gl_classifier *classifier, gl_str declared);
/* The model, with the confidence of `declared` (as above) in the result. */
void gl_classifier_compute(const gl_classifier *classifier, gl_hs_scratch *scratch, gl_str normal, gl_str declared,
                           gl_hs_result *result);
/* After the model, and after every cache: multiplies what it claims by what the findings of this submitter (may be
 * empty) and kind of text make of it, in `list` (may be NULL) too, and fills the rest from out->result. */
void gl_classifier_judge(const gl_classifier *classifier, gl_str submitter, gl_text_class *out, gl_hs_list *list);
/* A confidence of the model by what findings make of it. */
int32_t gl_tightened_ppm(const gl_tightening *tightening, int32_t ppm);

/* At the end, and after every cache: a ruling's code goes before all that the model says. Without a ruling nothing
 * changes. `declared`: as it was declared, any length; `list` may be NULL. */
void gl_classifier_lead(gl_str declared, gl_text_class *out, gl_hs_list *list);

/* All of it for one description of nobody in particular, without any cache. `declared`: a declared code, or empty. */
void gl_classifier_classify(const gl_classifier *classifier, gl_hs_scratch *scratch, gl_str description,
                            gl_str declared, gl_text_class *out);

/* Is its confidence the model's, tightened? Not where a ruling answers. */
bool gl_text_class_is_tightened(const gl_text_class *text_class);

/* The code that is answered: as deep as it is sure, never padded. NULL when no level is sure enough. */
const gl_hs_candidate *gl_text_class_answer(const gl_text_class *text_class);

/* The code that an officer ruled for these words; empty: none did. */
gl_str gl_text_class_ruled(const gl_text_class *text_class);

/* How far a declared code (digits, any length) agrees with the best candidate: NOT_COMPARED without one, with fewer
 * than six digits, or when the classifier gave no answer. `rank` (from 1) is that of the declared code among the
 * candidates, 0: not there. */
gl_classification_agreement gl_text_class_compare(const gl_text_class *text_class, gl_str declared, int32_t *rank);

/* What the answer says of a declared code, which is likely or not by what the model claims of it, so that a tightening
 * contradicts nobody: CONSISTENT (the same subheading), FINER_THAN_SURE (below the heading or
 * chapter that is answered), AMBIGUOUS (nothing is answered, or something else, and this code is not unlikely),
 * CONTRADICTORY (something else is answered, and this code is unlikely), NOT_COMPARED (fewer than six digits, or the
 * model knows nothing of the text). */
gl_classification_verdict gl_text_class_verdict(const gl_text_class *text_class, gl_str declared);

#endif
