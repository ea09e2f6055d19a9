/* See classifier.h. */
#include "classify/classifier.h"

#include <stdio.h>
#include <stdlib.h>

enum { VERSION_BYTES = GL_HS_VERSION_BYTES + 16 };

struct gl_classifier {
    gl_hs_model *model;
    gl_gate *gate;
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
    return true;
}

void gl_classifier_judge(const gl_classifier *classifier, gl_text_class *out)
{
    bool sure = out->result.count > 0 && out->result.top[0].confidence_ppm >= classifier->abstain_ppm;

    out->status = sure ? GL_CLASSIFICATION_STATUS_CLASSIFIED : GL_CLASSIFICATION_STATUS_ABSTAINED;
    out->reason = sure ? "confident" : "low-confidence";
}

void gl_classifier_classify(const gl_classifier *classifier, gl_hs_scratch *scratch, gl_str description,
                            gl_text_class *out)
{
    char buffer[GL_TEXT_OUTPUT_MAX];
    gl_str normal;

    if (!gl_classifier_admit(classifier, description, buffer, &normal, out))
        return;
    gl_hs_model_classify(classifier->model, scratch, normal, &out->result);
    gl_classifier_judge(classifier, out);
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
