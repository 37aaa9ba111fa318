#include "patch_builder/handler.h"

int main(int argc, char **argv)
{
    return worker_main(argc, argv, &patch_builder);
}
