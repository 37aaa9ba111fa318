/* A row of table registry made ready to call: where it is, what it may be asked over, with which
 * credentials. Its secret is opened here (service/secret.h): sealed, in a file, or as it stands. */
#pragma once

#include "image/registry.h"
#include "service/db.h"

/* What every registry of this program is called with. */
struct access_house {
    const char *ca_file, *docker_config, *private_hosts, *seal_key_file;
};

struct registry_access {
    const char *name, *address;
    struct registry_settings settings;
};

/* Columns from `first`: name, address, plain_http, private_ok, realm_hosts (blank between them, or
 * NULL), username, secret (NULL or "" where there is none). Everything is copied into `arena`. */
bool registry_access_read(struct arena *arena, const struct db_rows *rows, size_t row, int first,
                          const struct access_house *house, struct registry_access *out,
                          struct error *err) must_check;
