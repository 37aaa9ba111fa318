/* Evidence: all that one layer says, so that composing an image never rereads a layer.
 * A set is what one source in the layer says: a package database ("dpkg:var/lib/dpkg"), or all its
 * single files ("files"). Kept besides: which files packages own, what the layer takes away from
 * lower ones, the paths it writes that could hide a lower package, links, os-release and its like.
 * Text form: JSON lines, sorted, the same bytes for the same layer; stored zstd-compressed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "inventory/component.h"

/* The source of single files. */
#define EVIDENCE_FILES "files"

enum confidence {
    CONFIDENCE_INSTALLED = 0, /* a database or an installed package's own metadata says so */
    CONFIDENCE_RECOGNISED,    /* seen in a binary or a file name */
    CONFIDENCE_DECLARED,      /* a lock file or a document beside says so */
    CONFIDENCE_DEVELOPMENT, /* … and that only building or testing needs it: no part of an image */
};

struct evidence_item {
    struct component component;
    const char *path; /* where it is stated; "outer!/inner" for nested archives */
    const char *reader;
    enum confidence confidence;
};

struct evidence_set {
    const char *source;
    bool database;
    const char *path; /* the database's file (status, installed, rpmdb.sqlite …); "" for files */
    struct evidence_item *items; /* sorted by component, path */
    size_t count, capacity;
};

struct evidence_owned {
    const char *source, *package, *arch; /* arch "" where the list does not say */
    const char *path;                    /* the file that says it */
    const char **paths;                  /* sorted */
    size_t count;
};

struct evidence_gone {
    const char *path; /* removed from lower layers, with everything below it */
    bool opaque;      /* only what lies below it */
};

struct evidence_link {
    const char *path, *target;
};

/* kind "os-release": name = ID, VERSION_ID …; others: "content-set", "apk-repository", "product" …
 */
struct evidence_fact {
    const char *kind, *path, *name, *value;
};

struct evidence_warning {
    const char *code, *path, *text;
    bool lossy;
};

struct evidence {
    const char *diff_id; /* as computed; "" for dir: */
    int64_t bytes;       /* uncompressed */
    int reader_version;
    struct evidence_set *sets;
    size_t set_count;
    struct evidence_owned *owned;
    size_t owned_count;
    struct evidence_gone *gone;
    size_t gone_count;
    const char **touched; /* sorted */
    size_t touched_count;
    struct evidence_link *links;
    size_t link_count;
    struct evidence_fact *facts;
    size_t fact_count;
    struct evidence_warning *warnings;
    size_t warning_count;
    bool complete; /* no lossy warning */
};

/* Sorts everything and drops doubles. */
void evidence_sort(struct evidence *evidence);
void evidence_encode(const struct evidence *evidence, struct buf *out);
/* Strict: unknown record kinds, missing members, caps → ERROR_INPUT. */
bool evidence_decode(struct slice text, struct arena *arena, struct evidence *out,
                     struct error *err);
/* The stored form: zstd over the text form. */
void evidence_pack(const struct evidence *evidence, struct buf *out);
bool evidence_unpack(struct slice packed, struct arena *arena, struct evidence *out,
                     struct error *err);
/* NULL if there is none. */
const struct evidence_set *evidence_find_set(const struct evidence *evidence, const char *source);
