/* What the readers of language packages share: components from slices, JSON, a line view of TOML
 * and the sections of executables. All lenient: what is odd is passed over. */
#pragma once

#include <jansson.h>

#include "inventory/readers/readers.h"

/* Puts one package of the file; nothing happens if name or version is empty. Python names are
 * normalised. */
void lang_put(struct reader_sink *sink, const struct reader_file *file, const char *type,
              struct slice name, struct slice version, enum confidence confidence);
/* NULL after a warning. The caller owns it: scoped(lang_json_free). */
json_t *lang_json(const struct reader_file *file, struct reader_sink *sink);
void lang_json_free(json_t **json);
/* The member as text; empty if it is not there or no string. */
struct slice lang_text(const json_t *object, const char *key);
/* Lock files beside the application: declared, unless the scan is of a source tree. */
enum confidence lang_declared(const struct reader_sink *sink);
struct slice lang_unquote(struct slice text); /* "x" or 'x' → x */
struct slice lang_before(struct slice text, char byte);

/* TOML, a line at a time: tables and the pairs in them whose value stands on the line. */
struct toml {
    struct slice rest, table; /* "[[package]]" gives "package" */
    bool fresh;               /* the pair is the first after its table's header */
};
struct toml_pair {
    struct slice key, value; /* quotes stripped from both */
    bool quoted;
};
/* Also true, with an empty key, for a table's header itself. */
bool toml_next(struct toml *toml, struct toml_pair *pair);

/* [[table]] name = … version = … as Cargo.lock, poetry.lock, uv.lock and pylock.toml have it. */
void lang_toml_packages(const struct reader_file *file, struct reader_sink *sink, const char *table,
                        const char *type, bool (*skip)(struct slice key, struct slice value));

/* A section of an ELF, PE or Mach-O file, by name (Mach-O: without the segment's). */
bool binary_section(struct slice bytes, const char *name, struct slice *section);
/* A section by name may be missing and the thing still be there: an ELF file without section
 * headers, a PE file (whose linker merges sections). */
bool binary_is_stripped(struct slice bytes);
/* The bytes at a virtual address, up to the end of what is loaded there. */
bool binary_at(struct slice bytes, uint64_t address, struct slice *out);
