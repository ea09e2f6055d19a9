/* See numbered.h. */
#include "cli/numbered.h"

#include <errno.h>
#include <stdio.h>

bool gl_write_numbered(const char *directory, int64_t index, const char *ending, const gl_buf *buf)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/declaration-%08lld%s", directory, (long long)index, ending);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool good = buf->len == 0 || fwrite(buf->data, 1, buf->len, file) == buf->len;
    return fclose(file) == 0 && good;
}
