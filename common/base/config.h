/* Settings: one row each, from the environment (RESOLE_NOUN_UNIT) or a flag of the same name
 * (--noun-unit), the flag winning. The struct is const after start. --help is printed from the
 * rows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum setting_kind {
    SETTING_TEXT, /* const char *; "" when unset and no default */
    SETTING_I64,  /* int64_t, between least and most */
    SETTING_BOOL, /* bool: 1 true yes on / 0 false no off */
};

struct setting {
    const char *name; /* "RESOLE_GATEWAY_PORT" */
    enum setting_kind kind;
    size_t offset;
    const char *fallback; /* as text; NULL: "" / 0 / false */
    const char *help;
    int64_t least, most; /* SETTING_I64; both 0: any */
    bool required, secret;
    const char *words; /* SETTING_TEXT: the only values it takes, blanks between; NULL: any */
};

/* The offset is checked against the kind by the type of the member. */
#define setting_kind_of(type, member)                                                              \
    _Generic(((type *)0)->member, const char *: SETTING_TEXT, int64_t: SETTING_I64, bool: SETTING_BOOL)

struct config_table {
    const struct setting *rows;
    size_t count;
    void *out;
};

enum config_verdict {
    CONFIG_RUN,   /* go on */
    CONFIG_LEAVE, /* --help, --version or --check-config was answered: exit 0 */
    CONFIG_WRONG, /* err says what: exit 2 */
};

/* Reads every table. `program` names it in --help, `about` is its one paragraph. */
enum config_verdict config_load(const char *program, const char *about,
                                const struct config_table *tables, size_t table_count, int argc,
                                char **argv, struct arena *arena, struct error *err);
/* "NAME=value" lines of every row (defaults), for deploy/env and its test. */
void config_print_env(const struct config_table *tables, size_t table_count);
