/* Reads a layer in the confined reader (resole-reader): this process never parses its bytes. The
 * answer is decoded with caps, its diff_id compared with what is claimed. */
#pragma once

#include "base/stream.h"
#include "inventory/evidence.h"

struct layer_confined_settings {
    const char *diff_id; /* as the config claims; "" or NULL: not known */
    int64_t deadline_s;  /* 0: 600 */
};

/* `blob` as stored, compressed or not. Its own read errors come through unchanged; what the reader
 * does not like, and a diff_id that differs, are ERROR_INPUT. */
bool layer_confined_read(struct stream *blob, const struct layer_confined_settings *settings,
                         struct arena *arena, struct evidence *out, struct error *err);
/* The same from an open descriptor that the reader reads itself. */
bool layer_confined_read_fd(int fd, const struct layer_confined_settings *settings,
                            struct arena *arena, struct evidence *out, struct error *err);
/* An SBOM document; one of no known format is ERROR_INPUT. */
bool layer_confined_read_sbom(const char *path, struct arena *arena, struct evidence *out,
                              struct error *err);
/* An unpacked root or a project tree. */
bool layer_confined_read_directory(const char *path, struct arena *arena, struct evidence *out,
                                   struct error *err);
