/* See document.h. */
#include "ingest/formats/document.h"

#include <stdio.h>

#include "ingest/formats/canonical.h"
#include "ingest/formats/cds/cds_map.h"
#include "ingest/formats/codes.h"

const char *const gl_document_parts[] = {"canonical", "cds", "codes", NULL};

bool gl_document_part(const char *name, gl_buf *buf)
{
    if (strcmp(name, "canonical") == 0)
        gl_canonical_document(buf);
    else if (strcmp(name, "cds") == 0)
        gl_cds_document(buf);
    else if (strcmp(name, "codes") == 0)
        gl_codes_document(buf);
    else
        return false;
    return true;
}

gl_str gl_document_find(gl_str page, const char *name)
{
    char begin[64], end[64];
    snprintf(begin, sizeof begin, "<!-- begin %s -->\n", name);
    snprintf(end, sizeof end, "<!-- end %s -->", name);
    const char *from = memmem(page.ptr, page.len, begin, strlen(begin));
    if (from == NULL)
        return (gl_str){NULL, 0};
    from += strlen(begin);
    const char *to = memmem(from, page.len - (size_t)(from - page.ptr), end, strlen(end));
    return to == NULL ? (gl_str){NULL, 0} : (gl_str){from, (size_t)(to - from)};
}
