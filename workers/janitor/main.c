#include "janitor/janitor.h"

int main(int argc, char **argv)
{
    return janitor_main(argc, argv);
}
