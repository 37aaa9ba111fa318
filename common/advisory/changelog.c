#include "advisory/changelog.h"

#include <ctype.h>
#include <stdlib.h>

#include "advisory/release.h"
#include "version/version.h"

enum { ENTRIES_MOST = 20000, IDS_MOST = 20000 };

/* Takes the next id out of the line, in its usual spelling; NULL at the end. */
static const char *take_id(struct slice *rest, struct arena *arena)
{
    for (; rest->length > 9; *rest = slice_sub(*rest, 1, rest->length)) {
        const char *d = rest->data;
        size_t end;
        if (strncasecmp(d, "CVE-", 4) == 0) {
            size_t year = 4;
            while (year < rest->length && isdigit((unsigned char)d[year]))
                year++;
            end = year + 1;
            while (end < rest->length && isdigit((unsigned char)d[end]))
                end++;
            if (year != 8 || year >= rest->length || d[year] != '-' || end < year + 5)
                continue;
            char *id = arena_strndup(arena, d, end);
            for (char *c = id; c < id + 3; c++)
                *c = (char)toupper((unsigned char)*c);
            *rest = slice_sub(*rest, end, rest->length);
            return id;
        }
        if (strncmp(d, "GHSA-", 5) == 0 && rest->length >= 19) {
            bool good = d[9] == '-' && d[14] == '-';
            for (size_t i = 5; i < 19; i++)
                good = good && (i == 9 || i == 14 || isalnum((unsigned char)d[i]));
            if (!good)
                continue;
            const char *id = arena_strndup(arena, d, 19);
            *rest = slice_sub(*rest, 19, rest->length);
            return id;
        }
    }
    return NULL;
}

static bool contains_word(struct slice line, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= line.length; i++)
        if (strncasecmp(line.data + i, word, length) == 0)
            return true;
    return false;
}

static bool claims_nothing(struct slice line)
{
    static const char *const words[] = {"revert",         "regression", "not affected",
                                        "not vulnerable", "incomplete", "does not affect",
                                        "unaffected",     "drop fix"};
    for (size_t i = 0; i < array_count(words); i++)
        if (contains_word(line, words[i]))
            return true;
    return false;
}

static int text_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_has(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

/* "openssl (3.0.11-1~deb12u2) bookworm-security; urgency=medium" */
static bool heading_version(struct slice line, struct slice *version)
{
    if (line.length == 0 || !isalnum((unsigned char)line.data[0]))
        return false;
    size_t open = slice_find(line, " ("), close = slice_find_byte(line, ')');
    if (open >= line.length || close >= line.length || close < open + 3 ||
        slice_find_byte(line, ';') >= line.length)
        return false;
    *version = slice_sub(line, open + 2, close - open - 2);
    return true;
}

/* The suite in the heading proves nothing: tzdata goes to security suites too. */
static void add_heading(struct changelog *out, struct slice version, struct arena *arena)
{
    arena_push(arena, out->entries, out->count, out->capacity);
    out->entries[out->count++] = (struct changelog_entry){.version = slice_string(arena, version)};
}

static void add_ids(struct changelog *out, struct slice line, bool nothing, struct arena *arena)
{
    struct changelog_entry *entry = &out->entries[out->count - 1];
    struct slice rest = line;
    const char *id;
    bool any = false;
    while (out->mentioned_count < IDS_MOST && (id = take_id(&rest, arena))) {
        arena_push(arena, out->mentioned, out->mentioned_count, out->mentioned_capacity);
        out->mentioned[out->mentioned_count++] = id;
        any = true;
        if (nothing || list_has(entry->ids, entry->id_count, id))
            continue;
        arena_push(arena, entry->ids, entry->id_count, entry->id_capacity);
        entry->ids[entry->id_count++] = id;
        entry->security = true;
    }
    if (any && nothing) {
        arena_push(arena, out->set_aside, out->set_aside_count, out->set_aside_capacity);
        out->set_aside[out->set_aside_count++] = slice_string(arena, slice_trim(line));
    }
}

/* A bullet's text runs over its continuation lines; "Revert …" above the id counts for it. */
static bool is_bullet(struct slice line)
{
    line = slice_trim(line);
    return line.length > 1 && strchr("*-+", line.data[0]) && line.data[1] == ' ';
}

void changelog_parse(struct slice text, struct arena *arena, struct changelog *out)
{
    struct slice line, version;
    bool nothing = false;
    *out = (struct changelog){0};
    while (slice_take_line(&text, &line) && out->count < ENTRIES_MOST) {
        if (memchr(line.data ? line.data : "", 0, line.length))
            continue;
        if (heading_version(line, &version)) {
            add_heading(out, version, arena);
            nothing = false;
            continue;
        }
        if (contains_word(line, "older entries have been removed") ||
            contains_word(line, "For older changelog entries"))
            out->trimmed = true;
        if (out->count == 0)
            continue;
        if (is_bullet(line) || slice_trim(line).length == 0)
            nothing = false;
        nothing |= claims_nothing(line);
        if (contains_word(line, "security") && !nothing)
            out->entries[out->count - 1].security = true;
        add_ids(out, line, nothing, arena);
    }
    if (out->mentioned_count > 1)
        qsort(out->mentioned, out->mentioned_count, sizeof(char *), text_compare);
}

/* 17.0.19+10-1~deb12u2 was made from 17.0.19+10-1. */
static const char *base_version(const char *version, struct arena *arena)
{
    static const char *const marks[] = {"~deb", "+deb", "~bpo", "~ubuntu"};
    size_t cut = strlen(version);
    for (size_t i = 0; i < array_count(marks); i++) {
        const char *at = strstr(version, marks[i]);
        if (at && (size_t)(at - version) < cut)
            cut = (size_t)(at - version);
    }
    return arena_strndup(arena, version, cut);
}

static bool find_entry(const struct changelog *log, const char *version, size_t *at)
{
    for (size_t i = 0; i < log->count; i++)
        if (strcmp(log->entries[i].version, version) == 0) {
            *at = i;
            return true;
        }
    return false;
}

/* How many entries, from the top, are newer than the installed version: by place in the file where
 * it (or what it was backported from) has an entry, else by version order. */
static size_t newer_entries(const struct changelog *log, const char *installed, bool *found,
                            struct arena *arena)
{
    const struct ecosystem *deb = ecosystem_find(slice_of("deb"));
    struct error ignored;
    size_t at;
    *found =
        find_entry(log, installed, &at) || find_entry(log, base_version(installed, arena), &at);
    if (*found)
        return at;
    for (at = 0; at < log->count; at++) {
        int order;
        if (!version_compare(deb, slice_of(log->entries[at].version), slice_of(installed), &order,
                             &ignored) ||
            order <= 0)
            break;
    }
    return at;
}

void changelog_claims(const struct changelog *candidate, const struct changelog *installed,
                      const char *installed_version, struct arena *arena,
                      struct changelog_claims *out)
{
    *out = (struct changelog_claims){0};
    out->newer = newer_entries(candidate, installed_version, &out->found_installed, arena);
    for (size_t i = 0; i < out->newer; i++) {
        const struct changelog_entry *entry = &candidate->entries[i];
        out->security |= entry->security;
        for (size_t k = 0; k < entry->id_count; k++) {
            bool known = list_has(out->ids, out->id_count, entry->ids[k]);
            if (installed)
                known |= list_has(installed->mentioned, installed->mentioned_count, entry->ids[k]);
            for (size_t older = out->newer; !installed && !known && older < candidate->count;
                 older++)
                known = list_has(candidate->entries[older].ids, candidate->entries[older].id_count,
                                 entry->ids[k]);
            if (known)
                continue;
            arena_push(arena, out->ids, out->id_count, out->id_capacity);
            out->ids[out->id_count++] = entry->ids[k];
        }
    }
    if (out->id_count > 1)
        qsort(out->ids, out->id_count, sizeof(char *), text_compare);
}

void changelog_assertions(const struct changelog_claims *claims, const char *source,
                          const struct package_context *context, const char *source_package,
                          const char *installed_version, const char *candidate_version,
                          struct arena *arena, struct assertion_list *out)
{
    const char *codename = release_codename(context->distro, context->release);
    const char *update =
        arena_printf(arena, "RESOLE-UPDATE:%s/%s/%s", codename ? codename : context->release,
                     source_package, candidate_version);
    struct version_range *range = arena_new_object(arena, struct version_range);
    range->introduced = installed_version;
    range->fixed = candidate_version;
    struct condition *only = arena_new_object(arena, struct condition);
    *only = (struct condition){CONDITION_VERSION, installed_version};
    if (!claims->security)
        return;
    for (size_t i = 0; i < (claims->id_count > 0 ? claims->id_count : 1); i++) {
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = (struct assertion){
            .kind = ASSERTION_PACKAGE,
            .source = source,
            .record = update,
            .vulnerability = claims->id_count > 0 ? claims->ids[i] : update,
            .type = "deb",
            .name = source_package,
            .name_kind = NAME_SOURCE,
            .context = *context,
            .state = STATE_FIXED,
            .ranges = range,
            .range_count = 1,
            .conditions = only,
            .condition_count = 1,
            .title = "security update in the package repository",
            .epss = -1,
            .epss_percentile = -1,
        };
    }
}
