/* resole-setup: brings a database and a broker to what the programs of this version expect, or says
 * with --check what is missing. Idempotent; two at once wait for each other. Migrations go forward
 * only, each in a transaction of its own, remembered with the checksum of its text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "service/bus.h"
#include "service/db.h"

struct migration {
    int64_t version; /* of the file name: 0001_skeleton.sql */
    const char *name, *text;
    int64_t least; /* of "-- least: N": the oldest schema version whose programs still work */
    char checksum[72];
};

struct migrations {
    struct migration *items;
    size_t count;
};

/* The embedded ones, or those of `dir` when it is not empty. ERROR_INPUT for a hole or a name that
 * is none. */
bool migrations_load(struct arena *arena, const char *dir, struct migrations *out,
                     struct error *err) must_check;
/* applied counts; with check_only a missing one is ERROR_INPUT. */
bool migrations_apply(struct db *db, const struct migrations *migrations, bool check_only,
                      size_t *applied, struct error *err) must_check;
/* Roles and their rights, from schemas/roles.sql. password: of new and old roles, or "". */
bool roles_apply(struct db *db, const char *password, struct error *err) must_check;
/* Every topic and bulk twin. */
bool topics_apply(struct bus *bus, int64_t partitions, int64_t replication, int64_t retention_s,
                  bool check_only, size_t *changed, struct error *err) must_check;

int setup_main(int argc, char **argv);
