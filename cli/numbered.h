/* Files of a directory, one a declaration. */
#ifndef GL_CLI_NUMBERED_H
#define GL_CLI_NUMBERED_H

#include "base/buf.h"

/* DIRECTORY/declaration-00000017.xml; `ending`: ".xml". false: it cannot be written; errno says why. */
bool gl_write_numbered(const char *directory, int64_t index, const char *ending, const gl_buf *buf);

#endif
