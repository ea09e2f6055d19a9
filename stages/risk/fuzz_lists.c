/* A list from any bytes: parsed, and when it parses, looked up in. */
#include "risk/lists.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_err err = {0};
    gl_str text = {(const char *)data, size};
    gl_lists *lists = gl_lists_new();
    bool added = gl_lists_add(lists, "fuzz", text, &err);
    if (added != (gl_lists_count(lists) == 1) || (!added && err.code == NULL))
        abort();
    if (added) {
        gl_list_match(gl_lists_at(lists, 0), GL_STR("9301 Phantom Cargo and a red shoe"));
        gl_list_match(gl_lists_at(lists, 0), text);
        gl_list_match(gl_lists_at(lists, 0), (gl_str){NULL, 0});
        gl_list_in_force(gl_lists_at(lists, 0), 0);
    }
    gl_lists_destroy(lists);
    return 0;
}
