/* greenlane classify: HS codes for one description, without any service. */
#include <stdio.h>

#include "classify/classify.h"
#include "cli/command.h"

static void show_text(const gl_text_class *found, const char *declared, gl_classification_agreement agreement)
{
    printf("%s (%s)\n", gl_classification_status_name(found->status), found->reason);
    for (size_t i = 0; i < found->result.count; i++)
        printf("  %s  %5.1f %%\n", found->result.top[i].hs6, found->result.top[i].confidence_ppm / 1e4);
    if (declared[0] != '\0')
        printf("declared %s: %s\n", declared, gl_classification_agreement_name(agreement));
}

static void show_json(const char *text, const gl_text_class *found, const char *declared,
                      gl_classification_agreement agreement, const char *version)
{
    gl_buf line = {0};
    gl_buf_text(&line, "{\"description\":");
    gl_buf_json(&line, gl_str_of(text));
    gl_buf_printf(&line, ",\"status\":\"%s\",\"reason\":\"%s\",\"model_version\":\"%s\",\"candidates\":[",
                  gl_classification_status_name(found->status), found->reason, version);
    for (size_t i = 0; i < found->result.count; i++)
        gl_buf_printf(&line, "%s{\"hs6\":\"%s\",\"confidence_ppm\":%d}", i == 0 ? "" : ",", found->result.top[i].hs6,
                      found->result.top[i].confidence_ppm);
    gl_buf_text(&line, "]");
    if (declared[0] != '\0')
        gl_buf_printf(&line, ",\"agreement\":\"%s\"", gl_classification_agreement_name(agreement));
    gl_buf_text(&line, "}\n");
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
}

static int run_classify(int argc, char **argv)
{
    const char *models = gl_env("GREENLANE_MODELS", "models"), *declared = "";
    bool json = false;
    const gl_option options[] = {
        {"declared", GL_OPTION_TEXT, &declared, "Compare with this declared code."},
        {"models", GL_OPTION_TEXT, &models, "Directory of the models (default $GREENLANE_MODELS or models)."},
        {"json", GL_OPTION_FLAG, &json, "As JSON, one object a description."},
    };
    int count = gl_options_parse(&gl_command_classify, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (count == 0)
        return gl_complain(GL_EXIT_USAGE, "classify what? Give descriptions, each in quotes");
    char model_path[4096], gate_path[4096];
    gl_err err = {0};
    snprintf(model_path, sizeof model_path, "%s/classify/hs6.glm", models);
    snprintf(gate_path, sizeof gate_path, "%s/classify/vague.txt", models);
    gl_classifier *classifier = gl_classifier_open(model_path, gate_path, 0, &err);
    if (classifier == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_hs_scratch *scratch = gl_hs_scratch_new(gl_classifier_model(classifier));
    for (int i = 1; i <= count; i++) {
        gl_text_class found;
        int32_t rank = 0;
        gl_classifier_classify(classifier, scratch, gl_str_of(argv[i]), &found);
        gl_classification_agreement agreement = gl_text_class_compare(&found, gl_str_of(declared), &rank);
        if (json)
            show_json(argv[i], &found, declared, agreement, gl_classifier_version(classifier));
        else
            show_text(&found, declared, agreement);
    }
    gl_hs_scratch_destroy(scratch);
    gl_classifier_destroy(classifier);
    return GL_EXIT_OK;
}

const gl_command gl_command_classify = {"classify", "HS codes for a description", "[--declared CODE] TEXT...",
                                        "Classifies descriptions as the classify stage does: the three likeliest "
                                        "subheadings with calibrated confidence, or why there is no answer.\n\n"
                                        "  greenlane classify \"men's cotton t-shirt\" --declared 610910",
                                        run_classify};
