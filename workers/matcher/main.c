#include "matcher/handler.h"

int main(int argc, char **argv)
{
    return worker_main(argc, argv, &matcher);
}
