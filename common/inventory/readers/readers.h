/* The readers, one per file format; each .c says which specification it follows. */
#pragma once

#include "inventory/reader.h"
#include "inventory/sink.h"

extern const struct package_reader reader_dpkg, reader_dpkg_lists, reader_dpkg_single,
    reader_os_release, reader_python, reader_python_archive, reader_java;

/* The part after the last "/". */
const char *path_base(const char *path);
bool path_has_suffix(const char *path, const char *suffix);
/* "a/b/c" → "a/b"; "" for a top name. */
const char *path_directory(struct arena *arena, const char *path);
/* The path is `name`, or ends with "/" and `name`. */
bool path_is_below(const char *path, const char *name);

/* "Key: value" stanzas (dpkg, apk-like, PKG-INFO): the next field; continuation lines are left out
 * of the value. False at the end or, when *blank is set, at the blank line after a stanza. */
bool field_take(struct slice *text, struct slice *key, struct slice *value, bool *blank);
