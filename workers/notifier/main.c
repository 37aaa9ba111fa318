#include "notifier/handler.h"

int main(int argc, char **argv)
{
    return notifier_main(argc, argv);
}
