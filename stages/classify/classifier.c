/* See classifier.h. */
#include "classify/classifier.h"

#include <stdio.h>
#include <stdlib.h>

enum { VERSION_BYTES = GL_HS_VERSION_BYTES + 16 + GL_VAGUE_VERSION_BYTES };

struct gl_classifier {
    gl_hs_model *model;
    gl_gate *gate;
    gl_vague *vague; /* NULL: only the words count */
    int32_t vague_above_ppm;
    const gl_precedents *precedents;   /* NULL: none */
    const gl_calibration *calibration; /* NULL: nothing is tightened */
    int32_t abstain_ppm;
    char version[VERSION_BYTES];
};

gl_classifier *gl_classifier_open(const char *model_path, const char *gate_path, int64_t abstain_ppm, gl_err *err)
{
    gl_classifier *classifier = calloc(1, sizeof *classifier);

    if (classifier == NULL)
        abort();
    if ((classifier->model = gl_hs_model_open(model_path, err)) == NULL ||
        (classifier->gate = gl_gate_open(gate_path, err)) == NULL) {
        gl_classifier_destroy(classifier);
        return NULL;
    }
    classifier->abstain_ppm = abstain_ppm > 0 ? (int32_t)abstain_ppm : gl_hs_model_abstain_ppm(classifier->model);
    snprintf(classifier->version, sizeof classifier->version, "%s+%s", gl_hs_model_version(classifier->model),
             gl_gate_version(classifier->gate));
    return classifier;
}

void gl_classifier_destroy(gl_classifier *classifier)
{
    if (classifier == NULL)
        return;
    gl_hs_model_destroy(classifier->model);
    gl_gate_destroy(classifier->gate);
    gl_vague_destroy(classifier->vague);
    free(classifier);
}

const gl_hs_model *gl_classifier_model(const gl_classifier *classifier)
{
    return classifier->model;
}

const char *gl_classifier_version(const gl_classifier *classifier)
{
    return classifier->version;
}

int32_t gl_classifier_abstain_ppm(const gl_classifier *classifier)
{
    return classifier->abstain_ppm;
}

bool gl_classifier_use_gate(gl_classifier *classifier, const char *path, int64_t above_ppm, gl_err *err)
{
    if ((classifier->vague = gl_vague_open(path, err)) == NULL)
        return false;
    classifier->vague_above_ppm = above_ppm > 0 ? (int32_t)above_ppm : gl_vague_threshold_ppm(classifier->vague);
    size_t len = strlen(classifier->version);
    snprintf(classifier->version + len, sizeof classifier->version - len, "+%s", gl_vague_version(classifier->vague));
    return true;
}

void gl_classifier_use(gl_classifier *classifier, const gl_precedents *precedents)
{
    classifier->precedents = precedents;
}

const gl_precedents *gl_classifier_precedents(const gl_classifier *classifier)
{
    return classifier->precedents;
}

void gl_classifier_calibrate(gl_classifier *classifier, const gl_calibration *calibration)
{
    classifier->calibration = calibration;
}

const gl_calibration *gl_classifier_calibration(const gl_classifier *classifier)
{
    return classifier->calibration;
}

bool gl_classifier_admit(const gl_classifier *classifier, gl_str description, char buffer[GL_TEXT_OUTPUT_MAX],
                         gl_str *normal, gl_text_class *out)
{
    *out = (gl_text_class){.status = GL_CLASSIFICATION_STATUS_VAGUE};
    *normal = gl_text_normalise(description, buffer);
    if (gl_str_trim(description).len == 0) {
        out->status = GL_CLASSIFICATION_STATUS_NO_DESCRIPTION;
        out->reason = "no-description";
        return false;
    }
    if (classifier->precedents != NULL)
        out->precedent = gl_precedents_find(classifier->precedents, *normal);
    switch (gl_gate_check(classifier->gate, *normal)) {
    case GL_GATE_NOT_TEXT:
        out->reason = "not-text";
        return false;
    case GL_GATE_VAGUE:
        out->reason = "vague-term";
        return false;
    case GL_GATE_PASS:
        break;
    }
    if (classifier->vague != NULL)
        out->vague_ppm = gl_vague_ppm(classifier->vague, description, *normal);
    out->words = gl_text_words(*normal);
    return true;
}

gl_str gl_classifier_declared(const gl_classifier *classifier, gl_str declared)
{
    gl_str hs6 = {declared.ptr, GL_HS_CODE_DIGITS};
    return declared.len >= hs6.len && gl_hs_model_knows_code(classifier->model, hs6) ? hs6 : (gl_str){NULL, 0};
}

void gl_classifier_compute(const gl_classifier *classifier, gl_hs_scratch *scratch, gl_str normal, gl_str declared,
                           gl_hs_result *result)
{
    gl_hs_model_classify(classifier->model, scratch, normal, result);
    int32_t ppm = declared.len == 0 ? -1 : gl_hs_model_confidence_ppm(classifier->model, scratch, declared);
    result->has_declared = ppm >= 0;
    result->declared_ppm = ppm >= 0 ? ppm : 0;
}

static const gl_hs_candidate *best_of(const gl_hs_result *result, size_t level)
{
    return level == GL_HS_LEVELS - 1 ? &result->top[0] : &result->group[level];
}

/* The deepest level that is sure. */
static size_t sure_digits(const gl_classifier *classifier, const gl_hs_result *result)
{
    size_t digits = 0;
    for (size_t l = 0; l < GL_HS_LEVELS && result->count > 0; l++)
        if (best_of(result, l)->confidence_ppm >= classifier->abstain_ppm)
            digits = gl_hs_level_digits[l];
    return digits;
}

int32_t gl_tightened_ppm(const gl_tightening *tightening, int32_t ppm)
{
    return tightening->factor_ppm == 0 ? ppm
                                       : (int32_t)((int64_t)ppm * tightening->factor_ppm / GL_CALIBRATION_ONE_PPM);
}

static void tighten_all(const gl_tightening *tightening, gl_hs_candidate *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        at[i].confidence_ppm = gl_tightened_ppm(tightening, at[i].confidence_ppm);
        at[i].confidence *= (float)tightening->factor_ppm / GL_CALIBRATION_ONE_PPM;
    }
}

/* Like the ceiling that the model has for a length: all shares are multiplied, what is left is nobody's. */
static void tighten(const gl_classifier *classifier, gl_str submitter, gl_text_class *out, gl_hs_list *list)
{
    gl_hs_result *result = &out->result;
    out->tightening = (gl_tightening){0};
    if (classifier->calibration == NULL || result->count == 0)
        return;
    out->tightening = gl_calibration_of(classifier->calibration, submitter, out->words);
    if (out->tightening.factor_ppm == 0)
        return;
    const gl_hs_candidate *claimed = gl_text_class_answer(out);
    out->claimed_ppm = result->top[0].confidence_ppm;
    out->claimed_digits = out->answer_digits;
    if (claimed != NULL)
        out->claimed_answer = *claimed;
    tighten_all(&out->tightening, result->top, result->count);
    tighten_all(&out->tightening, result->group, GL_HS_LEVELS - 1);
    result->declared_ppm = gl_tightened_ppm(&out->tightening, result->declared_ppm);
    if (list != NULL)
        tighten_all(&out->tightening, list->at, list->count);
    out->answer_digits = sure_digits(classifier, result);
}

void gl_classifier_judge(const gl_classifier *classifier, gl_str submitter, gl_text_class *out, gl_hs_list *list)
{
    out->answer_digits = sure_digits(classifier, &out->result);
    tighten(classifier, submitter, out, list);
    bool sure = out->answer_digits == GL_HS_CODE_DIGITS;
    out->status = sure ? GL_CLASSIFICATION_STATUS_CLASSIFIED : GL_CLASSIFICATION_STATUS_ABSTAINED;
    out->reason = sure ? "confident" : "low-confidence";
    if (classifier->vague == NULL || out->vague_ppm <= classifier->vague_above_ppm)
        return;
    out->answer_digits = 0;
    out->status = GL_CLASSIFICATION_STATUS_VAGUE;
    out->reason = "vague-text";
}

void gl_classifier_lead(gl_str declared, gl_text_class *out, gl_hs_list *list)
{
    if (out->precedent == NULL)
        return;
    gl_precedent_lead(out->precedent, declared, &out->result, list);
    out->status = GL_CLASSIFICATION_STATUS_CLASSIFIED;
    out->reason = "precedent";
    out->answer_digits = GL_HS_CODE_DIGITS;
}

void gl_classifier_classify(const gl_classifier *classifier, gl_hs_scratch *scratch, gl_str description,
                            gl_str declared, gl_text_class *out)
{
    char buffer[GL_TEXT_OUTPUT_MAX];
    gl_str normal;

    if (gl_classifier_admit(classifier, description, buffer, &normal, out)) {
        gl_classifier_compute(classifier, scratch, normal, gl_classifier_declared(classifier, declared), &out->result);
        gl_classifier_judge(classifier, GL_STR(""), out, NULL);
    }
    gl_classifier_lead(declared, out, NULL);
}

bool gl_text_class_is_tightened(const gl_text_class *text_class)
{
    return text_class->tightening.factor_ppm > 0 && text_class->precedent == NULL;
}

const gl_hs_candidate *gl_text_class_answer(const gl_text_class *text_class)
{
    for (size_t l = 0; l < GL_HS_LEVELS; l++)
        if (gl_hs_level_digits[l] == text_class->answer_digits)
            return best_of(&text_class->result, l);
    return NULL;
}

gl_str gl_text_class_ruled(const gl_text_class *text_class)
{
    return text_class->precedent == NULL ? (gl_str){NULL, 0} : text_class->precedent->code;
}

gl_classification_agreement gl_text_class_compare(const gl_text_class *text_class, gl_str declared, int32_t *rank)
{
    const gl_hs_result *result = &text_class->result;

    *rank = 0;
    if (declared.len < GL_HS_CODE_DIGITS)
        return GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED;
    for (size_t i = 0; i < result->count && *rank == 0; i++)
        if (memcmp(result->top[i].hs6, declared.ptr, GL_HS_CODE_DIGITS) == 0)
            *rank = (int32_t)i + 1;
    if (text_class->status != GL_CLASSIFICATION_STATUS_CLASSIFIED)
        return GL_CLASSIFICATION_AGREEMENT_NOT_COMPARED;
    if (*rank == 1)
        return GL_CLASSIFICATION_AGREEMENT_SUBHEADING;
    if (memcmp(result->top[0].hs6, declared.ptr, 4) == 0)
        return GL_CLASSIFICATION_AGREEMENT_HEADING;
    if (memcmp(result->top[0].hs6, declared.ptr, 2) == 0)
        return GL_CLASSIFICATION_AGREEMENT_CHAPTER;
    return GL_CLASSIFICATION_AGREEMENT_DIFFERS;
}

gl_classification_verdict gl_text_class_verdict(const gl_text_class *text_class, gl_str declared)
{
    const gl_hs_result *result = &text_class->result;
    const gl_hs_candidate *answer = gl_text_class_answer(text_class);

    if (declared.len < GL_HS_CODE_DIGITS || result->count == 0)
        return GL_CLASSIFICATION_VERDICT_NOT_COMPARED;
    if (answer == NULL)
        return GL_CLASSIFICATION_VERDICT_AMBIGUOUS;
    if (memcmp(answer->hs6, declared.ptr, text_class->answer_digits) == 0)
        return text_class->answer_digits == GL_HS_CODE_DIGITS ? GL_CLASSIFICATION_VERDICT_CONSISTENT
                                                              : GL_CLASSIFICATION_VERDICT_FINER_THAN_SURE;
    if (result->has_declared)
        return result->declared_ppm >= gl_tightened_ppm(&text_class->tightening, GL_CLASSIFIER_CONTRADICTS_PPM)
                   ? GL_CLASSIFICATION_VERDICT_AMBIGUOUS
                   : GL_CLASSIFICATION_VERDICT_CONTRADICTORY;
    /* A code that the model does not have, of another edition perhaps: only the heading can be held against it. */
    return memcmp(answer->hs6, declared.ptr, text_class->answer_digits < 4 ? 2 : 4) == 0
               ? GL_CLASSIFICATION_VERDICT_AMBIGUOUS
               : GL_CLASSIFICATION_VERDICT_CONTRADICTORY;
}
