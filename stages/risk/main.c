/* greenlane-risk: see risk.h and lib/stage/stage.h. */
#include "risk/risk.h"

int main(int argc, char **argv)
{
    return gl_stage_main(&gl_risk_stage, argc, argv);
}
