/* greenlane-classify: see classify.h and lib/stage/stage.h. */
#include "classify/classify.h"

int main(int argc, char **argv)
{
    return gl_stage_main(&gl_classify_stage, argc, argv);
}
