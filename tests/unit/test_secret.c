#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/secret.h"
#include "test.h"

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

TEST(a_sealed_secret_opens_with_its_key_only)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    char directory[] = "/tmp/secret-XXXXXX";
    assert_non_null(mkdtemp(directory));
    const char *key = arena_printf(arena, "%s/key", directory), *sealed, *again, *opened;
    write_file(key, "0123456789abcdef0123456789abcdef");
    assert_true(secret_seal(arena, "hunter2", key, &sealed, &err));
    assert_true(secret_seal(arena, "hunter2", key, &again, &err));
    assert_string_not_equal(sealed, again); /* a nonce of its own each time */
    assert_null(strstr(sealed, "hunter2"));
    assert_true(secret_open(arena, sealed, key, &opened, &err));
    assert_string_equal(opened, "hunter2");
    char *forged = arena_strdup(arena, sealed);
    forged[20] = forged[20] == 'A' ? 'B' : 'A';
    assert_false(secret_open(arena, forged, key, &opened, &err));
    write_file(key, "another-key-0123456789abcdef-0123456789");
    assert_false(secret_open(arena, sealed, key, &opened, &err));
    assert_false(secret_open(arena, sealed, NULL, &opened, &err));
    write_file(key, "from a file\n");
    assert_true(secret_open(arena, arena_printf(arena, "file:%s", key), NULL, &opened, &err));
    assert_string_equal(opened, "from a file");
    assert_true(secret_open(arena, NULL, NULL, &opened, &err));
    assert_string_equal(opened, "");
    unlink(key);
    rmdir(directory);
}
