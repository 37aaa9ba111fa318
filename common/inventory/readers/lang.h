/* What the readers of language packages share: components from slices, JSON, a line view of TOML
 * and the sections of executables. All lenient: what is odd is passed over. */
#pragma once

#include <jansson.h>

#include "inventory/readers/readers.h"

struct lock_graph; /* lock_graph.h */

/* Puts one package of the file; nothing happens if name or version is empty. Python names are
 * normalised. */
void lang_put(struct reader_sink *sink, const struct reader_file *file, const char *type,
              struct slice name, struct slice version, enum confidence confidence);
/* NULL after a warning. The caller owns it: scoped(lang_json_free). */
json_t *lang_json(const struct reader_file *file, struct reader_sink *sink);
void lang_json_free(json_t **json);
/* The member as text; empty if it is not there or no string. */
struct slice lang_text(const json_t *object, const char *key);
/* In the folder of an installed package: of that package's own makers. */
bool lang_is_inside_package(const char *path);
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

/* What a pair of a package's table says of it besides. */
enum lang_use { LANG_USED, LANG_DEVELOPMENT, LANG_OWN /* the project itself: no package */ };

/* [[table]] name = … version = … as Cargo.lock, poetry.lock, uv.lock and pylock.toml have it.
 * use: may be NULL; the highest answer counts. graph: by name; may be NULL. */
void lang_toml_packages(const struct reader_file *file, struct reader_sink *sink, const char *table,
                        const char *type,
                        enum lang_use (*use)(struct slice key, struct slice value),
                        const struct lock_graph *graph);

/* Where in an ELF, PE or Mach-O file the bytes of a virtual address stand, by the file's first few
 * kilobytes. */
bool binary_offset(struct slice head, uint64_t address, uint64_t *out);
/* What a Go executable says of itself: "go1.22.5", and the lines path, mod, dep, =>, build. */
void golang_modules(struct reader_sink *sink, const char *path, struct slice go, struct slice text);
/* Fills the graph of a yarn.lock, keyed by its patterns; false where too little is known of the
 * project that it serves. At the layer's end only. */
bool yarn_graph(struct reader_sink *sink, const char *lock, struct slice text,
                struct lock_graph *graph);
/* A published .NET application's deps.json. */
void dotnet_deps(struct reader_sink *sink, const char *path, struct slice text);
/* The JSON list of cargo-auditable. */
void cargo_audit_list(struct reader_sink *sink, const char *path, struct slice text);
