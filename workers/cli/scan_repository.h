/* The package repositories as an advisory source of `resole scan` (architecture.md 7): what can be
 * installed today, and what the changelogs of newer packages claim. Whom to trust comes from
 * RESOLE_REPOSITORIES_FILE or this machine's apt configuration, never from the image. */
#pragma once

#include "advisory/match.h"

/* An installed package of which the repositories have a newer version. No finding by itself: what
 * it mends, its changelog tells. */
struct repository_update {
    size_t package;
    const char *version, *suite;
    bool rebuild; /* of the same source version */
};

struct scan_repository {
    struct assertion_list assertions;
    struct assertion_lookup inner; /* asked first */
    struct source_status status;
    struct source_context context;
    size_t newer;                      /* source packages with a newer version */
    struct repository_update *updates; /* in the order of the packages */
    size_t update_count, update_capacity;
    const char **unread; /* of these: no package carries the changelog, or it is damaged; why */
    size_t unread_count, unread_capacity;
    bool asked;          /* it was read */
    const char *why_not; /* else; NULL: not a Debian image */
};

void scan_repository_read(const struct match_package *packages, size_t count, struct arena *arena,
                          struct scan_repository *out);
/* The inner lookup and what the repositories say. */
struct assertion_lookup scan_repository_lookup(struct scan_repository *repository);
