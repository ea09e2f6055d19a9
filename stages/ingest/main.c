/* greenlane-ingest: see ingest.h and lib/stage/stage.h. */
#include "ingest/ingest.h"

int main(int argc, char **argv)
{
    return gl_stage_main(&gl_ingest_stage, argc, argv);
}
