/* Between the kinds of image_source. A tree is a folder or an archive seen alike: files by
 * normalised path, read as streams. */
#pragma once

#include "image/source.h"

struct source_tree;

bool source_tree_open_directory(const char *path, struct source_tree **out, struct error *err);
/* A tar, compressed or not. fd is taken. What is compressed or no regular file is spooled inflated
 * into an unlinked file under `temporary`. */
bool source_tree_open_archive(int fd, const char *name, const char *temporary,
                              struct source_tree **out, struct error *err);
void source_tree_close(struct source_tree *tree);
void source_tree_scope_close(struct source_tree **tree);
/* *size is -1 if there is no such file. Links inside the tree are followed, never out of it. */
bool source_tree_find(struct source_tree *tree, const char *path, int64_t *size, struct error *err);
/* Not there is ERROR_INPUT. */
bool source_tree_stream(struct source_tree *tree, const char *path, struct stream **out,
                        struct error *err);
bool source_tree_load(struct source_tree *tree, struct arena *arena, const char *path, size_t most,
                      struct slice *out, struct error *err);
/* Archives only: the names, in their order. */
size_t source_tree_count(const struct source_tree *tree);
const char *source_tree_name(const struct source_tree *tree, size_t i);

/* Each takes the tree, also on failure. tag selects (may be ""). */
bool source_open_layout(struct source_tree *tree, const char *tag, const char *what,
                        struct image_source **out, struct error *err);
bool source_open_docker(struct source_tree *tree, const char *selector, const char *what,
                        struct image_source **out, struct error *err);
bool source_open_registry(const struct reference *reference,
                          const struct registry_settings *settings, struct image_source **out,
                          struct error *err);
/* Copies (inflating what is compressed) into an unlinked file under `temporary`. */
bool source_spool(struct stream *from, const char *temporary, int *fd, struct error *err);
/* docker: and podman:: the daemon's export of one image, spooled: a docker-archive. */
bool source_daemon_fetch(const struct image_name *name, const struct source_settings *settings,
                         int *fd, struct error *err);
