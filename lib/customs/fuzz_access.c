/* Any bytes as a file of submitters, and its end as what a sender brings: refused with a code, or found. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customs/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BROUGHT_BYTES = 80 };

static void ask(gl_access *access, gl_str brought)
{
    gl_http_refusal refusal = {0};
    const gl_credentials all[] = {{.authorization = brought, .untrusted = ""},
                                  {.subject = brought, .untrusted = ""},
                                  {.subject = brought, .authorization = brought, .untrusted = ""},
                                  {.key = brought, .untrusted = ""},
                                  {.untrusted = "why"},
                                  {.untrusted = "", .account = brought}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        gl_submitter *found = gl_access_find(access, &all[i], &refusal);
        if (found == NULL && refusal.status != 401 && refusal.status != 403)
            abort();
        if (found != NULL && !gl_submitter_admit(found, 1, 1, &refusal) && refusal.status != 429)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    gl_err err = {0};
    int fd = memfd_create("access", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    gl_access *access = gl_access_load(path, "access", NULL, &err);
    close(fd);
    if (access == NULL && (err.code == NULL || err.action != GL_FATAL))
        abort();
    size_t brought = size < BROUGHT_BYTES ? size : BROUGHT_BYTES;
    if (access != NULL)
        ask(access, (gl_str){(const char *)data + size - brought, brought});
    gl_access_release(access);
    return 0;
}
