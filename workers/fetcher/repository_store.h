/* SQL of feeds and repositories. */
#pragma once

#include "service/db.h"

struct feed_source {
    const char *format, *address, *etag, *digest;
    bool enabled;
};
bool store_source_find(struct db_tx *tx, const char *source, struct feed_source *out, bool *found,
                       struct error *err);
bool store_source_fetched(struct db_tx *tx, const char *source, const char *etag,
                          const char *digest, struct error *err);
bool store_source_failed(struct db_tx *tx, const char *source, const char *reason,
                         struct error *err);

struct feed_repository {
    int64_t id;
    const char *suite, *component, *architecture, *address, *keyrings;
    const char *in_release_digest, *packages_digest; /* NULL: never loaded */
    int64_t in_release_date;                         /* Unix s; 0: never loaded */
};
bool store_repositories(struct db_tx *tx, struct arena *arena, const char *source,
                        struct feed_repository **out, size_t *count, struct error *err);

struct repository_load {
    int64_t id;
    const char *distro, *in_release_digest, *packages_digest;
    int64_t date, valid_until;
};
bool store_repository_loaded(struct db_tx *tx, const struct repository_load *load,
                             struct error *err);

struct repository_entry {
    const char *source, *codename, *suite, *component, *architecture, *address, *keyrings;
};
bool store_repository_add(struct db_tx *tx, const struct repository_entry *entry,
                          struct error *err);

struct wanted_changelog {
    const char *name, *version, *address, *path, *sha256;
    int64_t bytes;
};
bool store_changelogs_wanted(struct db_tx *tx, struct arena *arena, const char *source,
                             struct wanted_changelog **out, size_t *count, struct error *err);
/* blob NULL: failed for that reason. */
bool store_changelog_fetched(struct db_tx *tx, const struct wanted_changelog *what,
                             const char *blob, const char *reason, struct error *err);
