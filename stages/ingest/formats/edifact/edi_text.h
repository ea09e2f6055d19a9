/* directory.txt, as the build took it in (gl_embed). */
#ifndef GL_INGEST_FORMATS_EDIFACT_EDI_TEXT_H
#define GL_INGEST_FORMATS_EDIFACT_EDI_TEXT_H

#include "base/str.h"

extern const gl_str gl_edi_directory_text;

#endif
