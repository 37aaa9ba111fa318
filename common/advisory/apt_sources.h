/* Package source entries (sources.list(5)): the one-line style and deb822. Two readers with two
 * trusts: an operator's file or the machine's own apt configuration says addresses and keys; an
 * image's entries say suites and components only, never whom we trust (architecture.md 5). Texts
 * are in the arena. Entries of deb-src, disabled ones and mirror lists are left out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct apt_source {
    const char *uri;   /* with a slash at the end; "" when only the suite is trusted */
    const char *suite; /* "bookworm-security"; an exact path ends in "/" */
    const char *const *components;
    size_t component_count;
    const char *const *architectures; /* empty: any */
    size_t architecture_count;
    const char *const *keyrings; /* files; empty: the machine's default keyrings */
    size_t keyring_count;
    bool trusted_option; /* the entry carried trusted= or allow-insecure=: never obeyed */
};

struct apt_source_list {
    struct apt_source *items;
    size_t count, capacity;
};

/* One file's text; deb822 when the name ends in .sources, else one-line. Unknown options are
 * ignored; a line that is no entry is ERROR_INPUT with file and line. */
bool apt_sources_parse(struct arena *arena, const char *name, struct slice text,
                       struct apt_source_list *out, struct error *err);
/* Reads a file of either style by content (the operator's RESOLE_REPOSITORIES_FILE). */
bool apt_sources_load(struct arena *arena, const char *path, struct apt_source_list *out,
                      struct error *err);
/* The machine's own configuration below `root` ("" = /): etc/apt/sources.list and
 * the .list and .sources files of sources.list.d in apt's order. Entries without keyring get the
 * machine's: etc/apt/trusted.gpg.d and trusted.gpg. Nothing configured gives none, no error. */
bool apt_sources_of_machine(struct arena *arena, const char *root, struct apt_source_list *out,
                            struct error *err);
/* The release that a suite belongs to: "bookworm-security", "bookworm/updates", "bookworm-updates",
 * "bookworm-backports" → "bookworm". */
const char *apt_suite_release(struct arena *arena, const char *suite);
