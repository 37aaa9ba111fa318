#include <stdio.h>

#include "cli/command.h"

int cmd_inventory(int argc, char **argv)
{
    (void)argc, (void)argv;
    fprintf(stderr, "resole: inventory: not built yet\n");
    return EXIT_BUG;
}
