/* greenlane-decide: see decide.h and lib/stage/stage.h. */
#include "decide/decide.h"

int main(int argc, char **argv)
{
    return gl_stage_main(&gl_decide_stage, argc, argv);
}
