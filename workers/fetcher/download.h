/* Files of operator-named addresses: http, https, file. */
#pragma once

#include "http/client.h"
#include "image/blob_store.h"

/* Small and whole. A missing file (404) is ERROR_INPUT. */
bool download_small(struct http_client *client, struct arena *arena, const char *url, size_t most,
                    struct slice *out, struct error *err);

struct download {
    const char *url, *etag; /* etag: of the copy that is there, "" none */
    const char *digest;     /* what it must be, NULL: whatever it is */
    int64_t bytes, most;    /* bytes -1: not known */
    /* out: */
    bool unchanged;                  /* the server says so */
    const char *new_etag, *modified; /* "" when not said; modified: an HTTP date */
    char stored[DIGEST_TEXT_SIZE];
};
/* Streams into the blob store, verified. */
bool download_blob(struct http_client *client, struct arena *arena, struct blob_store *store,
                   struct download *what, struct error *err);
