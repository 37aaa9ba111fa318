#include <locale.h>

#include "test.h"

enum { TESTS_MOST = 512 };

static struct CMUnitTest tests[TESTS_MOST];
static size_t test_count;

void test_register(const char *name, CMUnitTestFunction run)
{
    if (test_count < TESTS_MOST)
        tests[test_count++] = (struct CMUnitTest){.name = name, .test_func = run};
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    return _cmocka_run_group_tests("tests", tests, test_count, NULL, NULL);
}
