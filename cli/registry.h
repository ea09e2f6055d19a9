/* The schema registry of the environment (SCHEMA_REGISTRY_URL and so on) or of a daemon's file, for commands. */
#ifndef GL_CLI_REGISTRY_H
#define GL_CLI_REGISTRY_H

#include "base/conf.h"
#include "io/registry_client.h"

/* What commands read that was written under a registry's ids is looked up there. Without SCHEMA_REGISTRY_URL nothing
 * happens. Before any value is decoded. Errors (GL_FATAL): registry-conf, conf-... */
bool gl_cli_registry_install(gl_err *err);

/* `greenlane schema check` and `register`: everything, or with `do_register` false only the question whether it may be.
 * `sections`: NAME=FILE, to be used in place of our own. `level` "": the subjects' compatibility stays. Returns the
 * exit code. */
typedef struct gl_schema_request {
    bool do_register, json;
    const char *level;
    const char *const *sections;
    size_t section_count;
} gl_schema_request;
int gl_schema_register(const gl_registry_conf *configured, const gl_schema_request *request);

#endif
