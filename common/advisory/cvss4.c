#include "advisory/cvss.h"

bool cvss4_score(struct slice metrics, double *score)
{
    (void)metrics;
    (void)score;
    return false;
}
