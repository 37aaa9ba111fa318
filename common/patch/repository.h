/* Package repositories as the operator names them, never as an image does: of an image count only
 * the suites and components of its entries. Formats: one-line "deb [options] URI SUITE COMPONENT…"
 * and deb822 (sources.list(5)). Everything fetched is verified: InRelease by the entry's keys,
 * Packages by InRelease, packages by Packages. */
#pragma once

#include "advisory/apt_index.h"
#include "http/client.h"
#include "patch/plan.h"
#include "patch/spool.h"

struct text_items {
    const char **items;
    size_t count, capacity;
};

struct repository_entry {
    const char *uri; /* http(s):// or file:/ ; no slash at the end */
    struct text_items suites, components;
    const char *signed_by; /* paths or an armoured key; "": the distribution's usual keyrings */
    bool check_dates;
};

struct repository_set {
    struct repository_entry *entries;
    size_t count, capacity;
    const char *origin; /* for people: where the entries come from */
};

/* Appends the entries of a text. Options that lower trust (trusted, allow-insecure …) are ignored.
 */
bool repository_parse(struct arena *arena, struct slice text, struct repository_set *out,
                      struct error *err);
/* RESOLE_REPOSITORIES_FILE if set, else this machine's apt configuration (none: an empty set). */
bool repository_machine(struct arena *arena, struct repository_set *out, struct error *err);

struct repository_wish {
    const char *codename; /* "bookworm" */
    const char *arch;     /* "amd64" */
    struct text_items components;
    const struct dpkg_db *installed; /* candidates for these names only */
};

/* CODENAME, CODENAME-updates and CODENAME-security (or /updates) of the set. None that covers the
 * security suite: ERROR_RETRY that says what to set. */
bool repository_candidates(struct http_client *client, struct arena *arena,
                           const struct repository_set *set, const struct repository_wish *wish,
                           struct candidate **out, size_t *count, struct error *err);
/* Into the spool, verified. */
bool repository_fetch_package(struct http_client *client, struct arena *arena,
                              const struct candidate *candidate, struct spool *spool,
                              int64_t *offset, int64_t *length, struct error *err);
/* The components that an image's own entries use for its release; empty: "main". */
void repository_image_components(struct arena *arena, struct slice sources, struct text_items *out);
