/* Blobs from a registry into the store, several at once, each verified while it streams. */
#pragma once

#include "fetcher/resolve.h"
#include "image/blob_store.h"

/* `layers`: what to pull; duplicates are fine. On failure the first error wins; what arrived stays
 * in the store. */
bool pull_layers(const struct registry_settings *settings, struct blob_store *store,
                 const struct reference *where, const struct fetched_layer *const *layers,
                 size_t count, size_t threads, struct error *err);
