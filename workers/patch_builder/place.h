/* A registry row made ready: access with its credentials, an image opened by digest. */
#pragma once

#include "image/image_write.h"
#include "image/source.h"
#include "service/worker.h"

struct place {
    const char *registry, *address, *repository;
    struct registry_settings access;
};

/* Columns from `first`: name, address, plain_http, private_ok, realm_hosts, username, secret. */
bool place_read(struct job *job, const struct db_rows *rows, int first, const char *repository,
                struct place *out, struct error *err);
bool place_open(struct arena *arena, const struct place *place, const char *repository,
                const char *digest, struct image_source **source, struct image *image,
                struct error *err);
/* Under each of two tags (the second may be NULL), after the digest is settled. */
bool place_write(struct arena *arena, const struct place *place, const struct image_draft *draft,
                 const char *tag, const char *moving, struct image_written *out, struct error *err);
