/* A registry over HTTP (OCI distribution-spec 1.1; Docker Registry HTTP API v2 and its token
 * protocol). One per thread: it keeps connections and tokens. Credentials go to the registry's own
 * host and to the realm host that is pinned for it (default: the same host name, a sub-domain of
 * it, or the known one of a public registry), never further, never over http if the registry is
 * https. A token without credentials may be asked of any realm. A descriptor's `urls` are not used.
 *
 * Errors: network, 408, 429, 5xx are ERROR_RETRY (outside, host, retry_after_s); 401 and 403, wrong
 * digests, malformed answers ERROR_INPUT. "Not there" (404) is no error for _find and _has. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/stream.h"
#include "http/client.h"
#include "image/credentials.h"
#include "image/manifest.h"
#include "image/reference.h"

struct registry_settings {
    struct http_settings http;
    const char *docker_config;  /* credentials_find's file */
    const char *insecure_hosts; /* "localhost:5000 registry:5000": http; *loopback names and
                                   addresses always may* */
    const char *realm_hosts;    /* "registry.example=auth.example …": pins beside the default */
    const char *mirrors;        /* registries.conf for image_source (mirrors.h); "" none */
    /* Where set, asked before the files. true with empty credentials: anonymous. */
    bool (*credentials)(void *context, struct arena *arena, const char *host,
                        const char *repository, struct credentials *out, struct error *err);
    void *credentials_context;
    int resumes_most; /* of one blob after cuts; 0: 5 */
};

struct registry;

struct registry *registry_new(const struct registry_settings *settings); /* copies texts */
/* For a host that a person named on the command line: it may be a private address. */
struct registry *registry_new_for(const struct registry_settings *settings, const char *host);
void registry_free(struct registry *registry);
void registry_scope_free(struct registry **registry);

struct registry_manifest {
    const char *media_type; /* Content-Type */
    const char *digest;     /* verified against the bytes (HEAD: as the registry says) */
    int64_t size;
    struct slice bytes; /* data NULL: not there, or HEAD */
    bool found;
};

/* reference_target(where) is asked for. All media types are accepted. */
bool registry_manifest_find(struct registry *registry, struct arena *arena,
                            const struct reference *where, struct registry_manifest *out,
                            struct error *err);
/* The same; not there is ERROR_INPUT. */
bool registry_manifest_fetch(struct registry *registry, struct arena *arena,
                             const struct reference *where, struct registry_manifest *out,
                             struct error *err);
/* HEAD; falls back to GET where a registry sends no Docker-Content-Digest. */
bool registry_manifest_head(struct registry *registry, struct arena *arena,
                            const struct reference *where, struct registry_manifest *out,
                            struct error *err);
/* Under the tag if where->tag, else by its digest. A subject that the registry does not process
 * (no OCI-Subject header) is entered into the referrers tag here. */
bool registry_manifest_push(struct registry *registry, const struct reference *where,
                            const char *media_type, struct slice bytes,
                            char digest[static DIGEST_TEXT_SIZE], struct error *err);
/* By digest, or by tag where the registry can; gone already is fine. */
bool registry_manifest_delete(struct registry *registry, const struct reference *where,
                              struct error *err);

/* *bytes is -1 if this repository does not hold it. */
bool registry_blob_find(struct registry *registry, const struct reference *where,
                        const char *digest, int64_t *bytes, struct error *err);
/* Streams; a cut is resumed with Range (or from the start where the registry cannot), a body longer
 * or shorter than the descriptor says is an error. The digest is verified by whoever takes the
 * bytes: blob_write_commit, layer_stream. */
bool registry_blob_open(struct registry *registry, const struct reference *where,
                        const struct descriptor *blob, struct stream **out, struct error *err);
/* Small blobs (configs): whole, verified. */
bool registry_blob_fetch(struct registry *registry, struct arena *arena,
                         const struct reference *where, const struct descriptor *blob, size_t most,
                         struct slice *out, struct error *err);
/* Opens the blob's bytes anew, as a retried upload needs them again. */
struct blob_opener {
    bool (*open)(void *context, struct stream **out, struct error *err);
    void *context;
};
/* Nothing is sent if the repository has it. mount_from (NULL or "": none) is tried first;
 * chunk_bytes 0 is one PUT. */
bool registry_blob_push(struct registry *registry, const struct reference *where,
                        const char *digest, int64_t bytes, struct blob_opener opener,
                        const char *mount_from, int64_t chunk_bytes, struct error *err);
bool registry_blob_push_bytes(struct registry *registry, const struct reference *where,
                              struct slice bytes, char digest[static DIGEST_TEXT_SIZE],
                              struct error *err);

struct name_list {
    const char *const *names;
    size_t count;
};
/* All pages (Link header), at most `most` names. A repository that is not there has none. */
bool registry_tag_list(struct registry *registry, struct arena *arena,
                       const struct reference *where, size_t most, struct name_list *out,
                       struct error *err);
/* Repositories of a host. A registry without a catalogue (404, 401, 405): *supported = false. */
bool registry_catalog(struct registry *registry, struct arena *arena, const char *host, size_t most,
                      struct name_list *out, bool *supported, struct error *err);
/* Manifests whose subject is `digest`: the referrers API, else the tag sha256-HEX. */
bool registry_referrers(struct registry *registry, struct arena *arena,
                        const struct reference *where, const char *digest,
                        const struct descriptor **out, size_t *count, struct error *err);
