#include "patch/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

bool spool_temporary(const char *folder, int *fd, struct error *err)
{
    const char *where = folder && *folder ? folder : getenv("TMPDIR");

    if (!where || !*where)
        where = "/tmp";
    *fd = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return true;
    char name[600];
    snprintf(name, sizeof(name), "%s/resole-XXXXXX", where);
    *fd = mkostemp(name, O_CLOEXEC);
    if (*fd < 0)
        return error_set(err, ERROR_FATAL, "%s: no temporary file: %s", where, strerror(errno));
    unlink(name);
    return true;
}

bool spool_open(const char *folder, struct spool *out, struct error *err)
{
    *out = (struct spool){.fd = -1};
    snprintf(out->folder, sizeof(out->folder), "%s", folder ? folder : "");
    return spool_temporary(folder, &out->fd, err);
}

void spool_close(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}

bool spool_append(struct spool *spool, struct stream *from, int64_t most, int64_t *offset,
                  int64_t *length, char digest[static DIGEST_TEXT_SIZE], struct error *err)
{
    char *block = malloc(COPY_BYTES);
    struct digest_stream hash scoped(digest_release) = {0};
    size_t got;

    if (!block)
        abort();
    digest_init(&hash);
    *offset = spool->length;
    *length = 0;
    for (;;) {
        if (!stream_read(from, block, COPY_BYTES, &got, err)) {
            free(block);
            return false;
        }
        if (!got)
            break;
        digest_update(&hash, block, got);
        *length += (int64_t)got;
        if (*length > most) {
            free(block);
            return error_set(err, ERROR_INPUT, "more than %lld bytes", (long long)most);
        }
        for (size_t done = 0; done < got;) {
            ssize_t wrote =
                pwrite(spool->fd, block + done, got - done, spool->length + (int64_t)done);
            if (wrote < 0 && errno == EINTR)
                continue;
            if (wrote <= 0) {
                free(block);
                return error_set(err, ERROR_RETRY, "temporary file: %s", strerror(errno));
            }
            done += (size_t)wrote;
        }
        spool->length += (int64_t)got;
    }
    free(block);
    digest_final(&hash, digest);
    return true;
}
