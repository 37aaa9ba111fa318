/* diversions, statoverride, dpkg.cfg */
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "patch/dpkg_db.h"

size_t dpkg_diversions(struct arena *arena, struct slice text, const struct dpkg_diversion **out)
{
    struct dpkg_diversion *items = NULL;
    size_t count = 0, capacity = 0;
    struct slice from, to, package;

    while (slice_take_line(&text, &from) && slice_take_line(&text, &to) &&
           slice_take_line(&text, &package)) {
        if (!slice_has_prefix(from, "/") || !slice_has_prefix(to, "/"))
            continue; /* dpkg writes no such line, and would refuse it */
        arena_push(arena, items, count, capacity);
        items[count++] = (struct dpkg_diversion){slice_string(arena, from), slice_string(arena, to),
                                                 slice_string(arena, package)};
    }
    *out = items;
    return count;
}

size_t dpkg_overrides(struct arena *arena, struct slice text, const struct dpkg_override **out)
{
    struct dpkg_override *items = NULL;
    size_t count = 0, capacity = 0;
    struct slice line, user, group, mode;

    while (slice_take_line(&text, &line)) {
        if (!slice_take_word(&line, &user) || !slice_take_word(&line, &group) ||
            !slice_take_word(&line, &mode))
            continue;
        const char *path = slice_string(arena, slice_trim(line));
        unsigned long value = strtoul(slice_string(arena, mode), NULL, 8);
        if (path[0] != '/' || value > 07777)
            continue;
        arena_push(arena, items, count, capacity);
        items[count++] = (struct dpkg_override){slice_string(arena, user),
                                                slice_string(arena, group), path, (uint32_t)value};
    }
    *out = items;
    return count;
}

void dpkg_filters_read(struct arena *arena, struct slice text, struct dpkg_filters *out)
{
    struct slice line;

    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (slice_has_prefix(line, "--"))
            line = slice_sub(line, 2, line.length);
        bool include = slice_has_prefix(line, "path-include");
        if (!include && !slice_has_prefix(line, "path-exclude"))
            continue;
        line = slice_sub(line, 12, line.length);
        while (line.length && (line.data[0] == '=' || isspace((unsigned char)line.data[0])))
            line = slice_sub(line, 1, line.length);
        line = slice_trim(line);
        if (line.length >= 2 && (line.data[0] == '"' || line.data[0] == '\''))
            line = slice_sub(line, 1, line.length - 2);
        if (!line.length)
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = (struct dpkg_filter){include, slice_string(arena, line)};
    }
}

/* dpkg keeps a directory that an include pattern may reach into: it compares up to the pattern's
 * first wildcard. */
static bool include_reaches(const struct dpkg_filter *filter, const char *path)
{
    size_t fixed = strcspn(filter->pattern, "*?[\\"), length = strlen(path);
    while (fixed && filter->pattern[fixed] != '/')
        fixed--;

    return filter->include && strncmp(path, filter->pattern, length < fixed ? length : fixed) == 0;
}

bool dpkg_filters_exclude(const struct dpkg_filters *filters, const char *path, bool directory)
{
    bool exclude = false;

    for (size_t i = 0; i < filters->count; i++)
        if (fnmatch(filters->items[i].pattern, path, 0) == 0)
            exclude = !filters->items[i].include;
    for (size_t i = 0; i < filters->count && exclude && directory; i++)
        if (include_reaches(&filters->items[i], path))
            return false;
    return exclude;
}
