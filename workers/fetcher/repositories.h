/* Package repository indices: InRelease by keyring, Packages by hash; Valid-Until, and never older
 * than last seen (apt-secure(8)). */
#pragma once

#include "fetcher/repository_store.h"
#include "http/client.h"
#include "image/blob_store.h"

struct repositories {
    struct http_client *client;
    struct blob_store *store;
    struct arena *arena;
    const struct feed_repository *rows; /* sorted by suite, address */
    size_t count;
    int64_t now;
    /* out: one per row that was looked at and is good */
    struct repository_load *loads;
    size_t load_count;
    const char *changed; /* blob of an index that is new; NULL: nothing is */
    int64_t newest;      /* date of the newest InRelease */
};

/* All rows or nothing: a repository that cannot be trusted or reached fails the whole. */
bool repositories_refresh(struct repositories *all, struct error *err);
