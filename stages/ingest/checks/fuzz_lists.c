/* Any bytes as a code list; in one that loads every code is found. */
#include <stdlib.h>

#include "ingest/checks/code_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_code_lists *lists = gl_code_lists_new(arena);
    bool good = gl_code_lists_add(lists, "fuzz.yaml", (gl_str){(const char *)data, size}, &err);
    if (good != (err.code == NULL) || gl_code_lists_count(lists) != (good ? 1 : 0))
        abort();
    if (good) {
        gl_code_answer answer = gl_code_list_look(gl_code_lists_at(lists, 0), GL_STR("GB"), 20000);
        if (answer.standing == GL_CODE_VALID && (answer.from > 20000 || answer.until < 20000))
            abort();
    }
    gl_arena_destroy(arena);
    return 0;
}
