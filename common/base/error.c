#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_fill(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (!err)
        return;
    char text[sizeof(err->text)]; /* the arguments may point into err */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    *err = (struct error){.kind = kind};
    memcpy(err->text, text, sizeof(text));
}

void error_prefix(struct error *err, const char *format, ...)
{
    if (!err)
        return;
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof(text))
        snprintf(text + length, sizeof(text) - (size_t)length, ": %s", err->text);
    memcpy(err->text, text, sizeof(text));
}

const char *error_kind_name(enum error_kind kind)
{
    static const char *const names[] = {"none", "input", "retry", "fatal"};
    return (size_t)kind < array_count(names) ? names[kind] : "unknown";
}
