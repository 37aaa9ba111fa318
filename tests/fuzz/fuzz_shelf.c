/* A shelf of any bytes: refused, or every key read and its lookups answered. */
#include <sys/mman.h>
#include <unistd.h>

#include "advisory/shelf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *context, const struct assertion *a, struct error *err)
{
    const struct shelf *shelf = context;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct assertion_list list = {0};
    return shelf_find(shelf, a->type, a->context.distro, a->context.release, a->name, arena, &list,
                      err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("shelf", MFD_CLOEXEC);
    struct error err = {0};
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        close(fd);
        return 0;
    }
    struct shelf *shelf = shelf_open_fd(fd, "fuzz", &err);
    close(fd);
    if (!shelf)
        return 0;
    (void)shelf_verify(shelf, &err);
    (void)shelf_each(shelf, take, shelf, &err);
    shelf_close(shelf);
    return 0;
}
