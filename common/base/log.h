/* One line a fact on stderr, logfmt or JSON: a constant phrase, the facts as fields.
 *     log_info("layer read", LOG_TEXT("digest", d), LOG_I64("packages", n)); */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_field {
    const char *name; /* NULL ends the list */
    const char *text; /* NULL: number */
    int64_t number;
};

/* A macro that tests the address of an array is a warning, a function is none. */
static inline const char *log_text_or_empty(const char *text)
{
    return text ? text : "";
}

#define LOG_TEXT(field, value)                                                                     \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (field), .text = log_text_or_empty(value)                                          \
    }
#define LOG_I64(field, value)                                                                      \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (field), .number = (int64_t)(value)                                                \
    }

#define log_write(level, phrase, ...)                                                              \
    log_fields((level), (phrase), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define log_debug(phrase, ...) log_write(LOG_DEBUG, phrase __VA_OPT__(, ) __VA_ARGS__)
#define log_info(phrase, ...) log_write(LOG_INFO, phrase __VA_OPT__(, ) __VA_ARGS__)
#define log_warning(phrase, ...) log_write(LOG_WARNING, phrase __VA_OPT__(, ) __VA_ARGS__)
#define log_error(phrase, ...) log_write(LOG_ERROR, phrase __VA_OPT__(, ) __VA_ARGS__)

/* Once, before threads: the program's name, the least level, JSON instead of logfmt. */
void log_open(const char *program, enum log_level least, bool json);
/* Fields put before every line of this thread until replaced (message id, image …). The array is
 * borrowed; NULL takes them away. */
void log_inherit(const struct log_field *fields);
void log_fields(enum log_level level, const char *phrase, const struct log_field *fields);
bool log_level_parse(const char *name, enum log_level *out); /* debug info warning error */
