/* An archive that claims to be an image: OCI layout or docker-archive of either generation. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct source_settings settings = {0};
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct image *images;
    size_t count;
    int fd = memfd_create("archive", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        close(fd);
        return 0;
    }
    struct image_name name = {.transport = IMAGE_OCI_ARCHIVE,
                              .tag = "",
                              .text = "archive",
                              .path = arena_printf(arena, "/proc/self/fd/%d", fd)};
    if (image_source_open(&name, &settings, &source, &err))
        image_load_all(source, arena, &images, &count, &err);
    close(fd);
    return 0;
}
