/* SHA-256 digests in their OCI text form "sha256:<64 lower-case hex>" (OCI image-spec 1.1,
 * descriptor.md, "Digests"). Other algorithms are refused where a digest is verified. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { DIGEST_TEXT_SIZE = 7 + 64 + 1, DIGEST_BYTES = 32 };

struct digest_stream {
    void *context;
};

void digest_init(struct digest_stream *stream);
void digest_update(struct digest_stream *stream, const void *data, size_t length);
/* Writes the text form and releases the stream. */
void digest_final(struct digest_stream *stream, char out[static DIGEST_TEXT_SIZE]);
void digest_release(struct digest_stream *stream); /* also after digest_final: nothing happens */
void digest_of(const void *data, size_t length, char out[static DIGEST_TEXT_SIZE]);
/* Exactly "sha256:" and 64 lower-case hex digits. */
bool digest_is_valid(const char *text);
void hex_encode(const void *data, size_t length, char *out); /* out: 2 * length + 1 bytes */
bool hex_decode(struct slice hex, void *out, size_t length); /* exactly 2 * length digits */
/* HMAC-SHA256, 32 bytes out. */
void hmac_sha256(struct slice key, struct slice data, unsigned char out[static DIGEST_BYTES]);
/* Random bytes from the kernel; aborts if there are none. */
void random_bytes(void *out, size_t length);
void uuid_new(char out[static 37]); /* version 4, text form */
