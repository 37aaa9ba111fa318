/* The Java keystore and a certificate of the store from any bytes. The first byte says which. */
#include "patch/ca_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct root root;
    struct error err = {0};
    bool changed;

    if (!size)
        return 0;
    struct slice bytes = {(const char *)data + 1, size - 1};
    root_init(&root, arena, NULL);
    root_put_file(&root, "etc/ca-certificates.conf", slice_of("a.crt\n!b.crt\n"), 0644);
    root_put_file(&root, "etc/ssl/certs/java/cacerts", data[0] == 'c' ? slice_of("") : bytes, 0644);
    root_put_file(&root, "usr/share/ca-certificates/a.crt", bytes, 0644);
    root_seal(&root);
    if (ca_store_run(arena, &root, &changed, &err))
        (void)java_store_run(arena, &root, &err);
    return 0;
}
