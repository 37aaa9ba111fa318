/* Errors. The kind is the caller's next step; the text is for people: what, where, why, what to do.
 * Functions return false and fill the caller's struct. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

enum error_kind {
    ERROR_NONE = 0,
    ERROR_INPUT, /* these bytes will never be right: park, exit 3 */
    ERROR_RETRY, /* the outside world is unwell: try later, exit 4 */
    ERROR_FATAL, /* our own house is broken: settings, bug: exit 70 */
};

struct error {
    enum error_kind kind;
    uint32_t retry_after_s; /* ERROR_RETRY: what the other side asked for, 0 = nothing asked */
    bool outside;           /* ERROR_RETRY: the cause is known to lie outside (network, 429, 5xx, a
                               dependency down), so no attempt is charged */
    char host[128]; /* ERROR_RETRY: the host that failed, for the circuit breaker; or empty */
    char text[500];
};

/* error_set(err, ERROR_INPUT, "layer %s: truncated", digest) has the value false. */
#define error_set(err, kind, ...) (error_fill((err), (kind), __VA_ARGS__), false)
/* Puts "text: " before what is there and keeps the kind; has the value false. */
#define error_wrap(err, ...) (error_prefix((err), __VA_ARGS__), false)

void error_fill(struct error *err, enum error_kind kind, const char *format, ...) like_printf(3, 4);
void error_prefix(struct error *err, const char *format, ...) like_printf(2, 3);
const char *error_kind_name(enum error_kind kind);
