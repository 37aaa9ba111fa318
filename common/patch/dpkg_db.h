/* dpkg's database as text: var/lib/dpkg/status and the files beside it (deb-control(5), dpkg(1),
 * dpkg-divert(1), dpkg-statoverride(1)). Pure. Stanzas that nobody changes are written back byte
 * for byte. Texts are borrowed from the input. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct dpkg_package {
    struct slice raw; /* the stanza without the empty line after it */
    const char *name, *arch, *version, *status;
    const char *source, *source_version; /* as name and version where the field is absent */
    const char *multi_arch;              /* "" if absent */
    const char *depends, *pre_depends, *breaks, *conflicts, *provides, *replaces; /* "" if absent */
    bool installed; /* "… ok installed": fully there */
    bool hold, essential;
};

struct dpkg_db {
    struct dpkg_package *packages;
    size_t count, capacity;
};

bool dpkg_status_parse(struct arena *arena, struct slice text, struct dpkg_db *out,
                       struct error *err);
void dpkg_status_write(const struct dpkg_db *db, struct buf *out);
/* NULL arch: any; "all" and the native one are different texts here. */
struct dpkg_package *dpkg_find(const struct dpkg_db *db, const char *name, const char *arch);
/* The raw value of a stanza's field (continuation lines with their blanks), data NULL if absent. */
struct slice dpkg_field(struct slice stanza, const char *name);
/* A package's control file as dpkg would write it into status. conffiles: the field's lines
 * (" /etc/x md5\n…") or "". */
const char *dpkg_stanza(struct arena *arena, struct slice control, const char *conffiles);
bool dpkg_package_read(struct arena *arena, struct slice raw, struct dpkg_package *out);

struct dpkg_conffile {
    const char *path, *md5;
    bool obsolete, remove_on_upgrade;
};
size_t dpkg_conffiles(struct arena *arena, struct slice stanza, const struct dpkg_conffile **out);

struct dpkg_diversion {
    const char *from, *to, *package; /* package ":" is the administrator's */
};
size_t dpkg_diversions(struct arena *arena, struct slice text, const struct dpkg_diversion **out);

struct dpkg_override {
    const char *user, *group, *path;
    uint32_t mode;
};
size_t dpkg_overrides(struct arena *arena, struct slice text, const struct dpkg_override **out);

struct dpkg_filter { /* path-exclude, path-include: the last that matches wins */
    bool include;
    const char *pattern;
};
/* Appends the filters of one configuration file. */
struct dpkg_filters {
    struct dpkg_filter *items;
    size_t count, capacity;
};
void dpkg_filters_read(struct arena *arena, struct slice text, struct dpkg_filters *out);
/* path with its leading "/". A directory is kept when something under it may be included. */
bool dpkg_filters_exclude(const struct dpkg_filters *filters, const char *path, bool directory);
