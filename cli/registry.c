/* See registry.h. */
#include "cli/registry.h"

#include "cli/command.h"
#include "io/avro.h"
#include "io/registry.h"

enum { LOOK_MS = 100 };

/* Of the process, made once by gl_cli_registry_install; the registry when it is first needed. */
static gl_conf *environment;
static gl_registry *registry;

/* Commands may wait. */
static bool lookup(void *context, uint32_t schema_id, gl_str *json, gl_err *err)
{
    (void)context;
    if (registry == NULL)
        registry = gl_registry_start(gl_conf_section(environment, "registry"), NULL, err);
    if (registry == NULL)
        return false;
    while (!gl_registry_schema(registry, schema_id, json, err)) {
        if (err->action != GL_RETRY)
            return false;
        gl_registry_wait(registry, LOOK_MS);
    }
    return true;
}

bool gl_cli_registry_install(gl_err *err)
{
    const gl_conf_table *tables[] = {&gl_registry_conf_table};
    /* A command leaves nothing behind where it happens to run. */
    const char *sets[] = {gl_env("GREENLANE_STATE", "")[0] == '\0' ? "registry.cache_dir=" : NULL, NULL};
    environment = gl_conf_load(NULL, tables, 1, sets, err);
    if (environment == NULL)
        return false;
    const gl_registry_conf *conf = gl_conf_section(environment, "registry");
    if (!gl_registry_check_conf(conf, err))
        return false;
    gl_schema_builtin_ids = conf->builtin_ids;
    if (!gl_registry_is_builtin(conf))
        gl_avro_fallback_install(lookup, NULL, NULL);
    return true;
}
