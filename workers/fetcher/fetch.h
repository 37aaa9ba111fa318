/* One name looked at: resolve, confirm or pull its layers, record what stands there, say what is
 * next. Everything slow happens before the one transaction. */
#pragma once

#include "fetcher/resolve.h"
#include "fetcher/store.h"
#include "service/worker.h"

struct fetch {
    const char *registry_name, *repository, *tag, *digest, *cause; /* tag, digest may be NULL */
    int64_t run;                                                   /* 0: opened by fetch_begin */
    bool deleted;
    /* filled on the way: */
    struct store_registry registry;
    struct reference where;
    struct fetched found;
    struct store_layer *layers; /* state before the pull */
    size_t layer_count;
};

/* Finds the registry's row and opens the run. */
bool fetch_begin(struct job *job, struct fetch *fetch, struct error *err);
bool fetch_name(struct job *job, struct fetch *fetch, struct error *err);
/* The name is gone: its tag is closed, the run ends. */
bool fetch_forget(struct job *job, struct fetch *fetch, const char *why, struct error *err);
