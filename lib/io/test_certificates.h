/* Certificates for tests over real TLS, made by tools/certificates.sh in a directory of their own, and removed. */
#ifndef GL_IO_TEST_CERTIFICATES_H
#define GL_IO_TEST_CERTIFICATES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct certificates {
    char dir[128]; /* with a/ and b/: two authorities, and what they signed */
} certificates;

/* `a`, `b`: names, with spaces between. false: there is no openssl. */
static inline bool certificates_make(certificates *made, const char *a, const char *b)
{
    char command[512];
    snprintf(command, sizeof command,
             "openssl version >/dev/null 2>&1 && cd '%s' && d=$(mktemp -d) && sh tools/certificates.sh $d/a %s && "
             "sh tools/certificates.sh $d/b %s && echo $d",
             GL_SOURCE_DIR, a, b);
    FILE *pipe = popen(command, "r");
    bool good = pipe != NULL && fgets(made->dir, sizeof made->dir, pipe) != NULL;
    if (pipe != NULL)
        good = pclose(pipe) == 0 && good;
    made->dir[strcspn(made->dir, "\n")] = '\0';
    return good;
}

/* "a/server.pem" with its directory, in `path`. */
static inline const char *certificates_path(const certificates *made, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", made->dir, name);
    return path;
}

static inline void certificates_remove(certificates *made)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", made->dir);
    if (made->dir[0] == '\0' || system(command) != 0)
        fprintf(stderr, "%s stays\n", made->dir);
    made->dir[0] = '\0';
}

#endif
