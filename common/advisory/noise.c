#include "advisory/noise.h"

static const char headers[] =
    "kernel headers: built from the kernel's source, no code of the kernel runs from them";
static const char documents[] = "the kernel's documents: nothing of them runs";

/* A "*" stands for anything. The source tells the kernel's own packages from others of
 * the same name. */
static const struct {
    const char *type, *name, *source, *reason;
} rows[] = {
    {"deb", "linux-libc-dev*", "linux*", headers},
    {"deb", "linux-headers-*", "linux*", headers},
    {"deb", "linux-*-headers-*", "linux*", headers},
    {"deb", "linux-doc*", "linux*", documents},
    {"rpm", "kernel-headers", "", headers},
    {"rpm", "kernel-*-headers", "kernel*", headers},
    {"rpm", "kernel-doc", "", documents},
    {"rpm", "linux-glibc-devel", "", headers},
    {"apk", "linux-headers", "linux-headers", headers},
};

/* Patterns of the table alone: short, two stars at most. */
static bool fits(const char *pattern, const char *text)
{
    if (*pattern == 0)
        return *text == 0;
    if (*pattern != '*')
        return *pattern == *text && fits(pattern + 1, text + 1);
    for (;; text++) {
        if (fits(pattern + 1, text))
            return true;
        if (*text == 0)
            return false;
    }
}

const char *noise_reason(const char *type, const char *name, const char *source)
{
    if (!type || !name)
        return NULL;
    for (size_t i = 0; i < array_count(rows); i++)
        if (strcmp(rows[i].type, type) == 0 && fits(rows[i].name, name) &&
            (*rows[i].source == 0 || fits(rows[i].source, source && *source ? source : name)))
            return rows[i].reason;
    return NULL;
}
