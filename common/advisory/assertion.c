#include "advisory/assertion.h"

static const char *const state_names[STATE_COUNT] = {
    "unknown",
    "fixed",
    "affected",
    "will-not-fix",
    "deferred",
    "not-affected",
    "under-investigation",
    "end-of-life",
    "fix-pending",
};

const char *advisory_state_name(enum advisory_state state)
{
    return (unsigned)state < STATE_COUNT ? state_names[state] : "unknown";
}

bool advisory_state_parse(struct slice name, enum advisory_state *out)
{
    for (size_t i = 0; i < STATE_COUNT; i++)
        if (slice_is(name, state_names[i])) {
            *out = (enum advisory_state)i;
            return true;
        }
    return false;
}

static const char *const *copy_list(struct arena *arena, const char *const *list, size_t count)
{
    const char **copy = arena_new_array(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_strdup(arena, list[i]);
    return copy;
}

static void copy_ranges(struct arena *arena, const struct assertion *a, struct assertion *copy)
{
    struct version_range *ranges = arena_new_array(arena, struct version_range, a->range_count);
    for (size_t i = 0; i < a->range_count; i++)
        ranges[i] = (struct version_range){
            arena_strdup(arena, a->ranges[i].introduced),
            arena_strdup(arena, a->ranges[i].fixed),
            arena_strdup(arena, a->ranges[i].last_affected),
        };
    copy->ranges = ranges;
}

struct assertion *assertion_copy(struct arena *arena, const struct assertion *a)
{
    struct assertion *copy = arena_memdup(arena, a, sizeof(*a));
    copy->source = arena_strdup(arena, a->source);
    copy->record = arena_strdup(arena, a->record);
    copy->vulnerability = arena_strdup(arena, a->vulnerability);
    copy->aliases = copy_list(arena, a->aliases, a->alias_count);
    copy->type = arena_strdup(arena, a->type);
    copy->name = arena_strdup(arena, a->name);
    copy->context = (struct package_context){
        arena_strdup(arena, a->context.distro),
        arena_strdup(arena, a->context.release),
        arena_strdup(arena, a->context.stream),
    };
    copy->reason = arena_strdup(arena, a->reason);
    copy_ranges(arena, a, copy);
    copy->versions = copy_list(arena, a->versions, a->version_count);
    struct condition *conditions = arena_new_array(arena, struct condition, a->condition_count);
    for (size_t i = 0; i < a->condition_count; i++)
        conditions[i] =
            (struct condition){a->conditions[i].kind, arena_strdup(arena, a->conditions[i].value)};
    copy->conditions = conditions;
    copy->affected_range = arena_strdup(arena, a->affected_range);
    copy->safe_ranges = copy_list(arena, a->safe_ranges, a->safe_range_count);
    copy->severity = arena_strdup(arena, a->severity);
    copy->cvss = arena_strdup(arena, a->cvss);
    copy->title = arena_strdup(arena, a->title);
    copy->urls = copy_list(arena, a->urls, a->url_count);
    return copy;
}

static int text_compare(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int number_compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int list_compare(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = text_compare(a[i], b[i]);
        if (order != 0)
            return order;
    }
    return number_compare((int64_t)a_count, (int64_t)b_count);
}

#define return_if_different(expression)                                                            \
    do {                                                                                           \
        int order_ = (expression);                                                                 \
        if (order_ != 0)                                                                           \
            return order_;                                                                         \
    } while (0)

static int ranges_compare(const struct assertion *a, const struct assertion *b)
{
    for (size_t i = 0; i < a->range_count && i < b->range_count; i++) {
        return_if_different(text_compare(a->ranges[i].introduced, b->ranges[i].introduced));
        return_if_different(text_compare(a->ranges[i].fixed, b->ranges[i].fixed));
        return_if_different(text_compare(a->ranges[i].last_affected, b->ranges[i].last_affected));
    }
    return number_compare((int64_t)a->range_count, (int64_t)b->range_count);
}

static int conditions_compare(const struct assertion *a, const struct assertion *b)
{
    for (size_t i = 0; i < a->condition_count && i < b->condition_count; i++) {
        return_if_different(number_compare(a->conditions[i].kind, b->conditions[i].kind));
        return_if_different(text_compare(a->conditions[i].value, b->conditions[i].value));
    }
    return number_compare((int64_t)a->condition_count, (int64_t)b->condition_count);
}

static int double_compare(double a, double b)
{
    return a < b ? -1 : a > b;
}

static int meaning_compare(const struct assertion *a, const struct assertion *b)
{
    return_if_different(number_compare(a->kind, b->kind));
    return_if_different(text_compare(a->type, b->type));
    return_if_different(text_compare(a->context.distro, b->context.distro));
    return_if_different(text_compare(a->context.release, b->context.release));
    return_if_different(text_compare(a->name, b->name));
    return_if_different(text_compare(a->vulnerability, b->vulnerability));
    return_if_different(text_compare(a->source, b->source));
    return_if_different(text_compare(a->record, b->record));
    return_if_different(text_compare(a->context.stream, b->context.stream));
    return_if_different(number_compare(a->name_kind, b->name_kind));
    return_if_different(number_compare(a->state, b->state));
    return_if_different(ranges_compare(a, b));
    return_if_different(list_compare(a->versions, a->version_count, b->versions, b->version_count));
    return_if_different(conditions_compare(a, b));
    return_if_different(text_compare(a->affected_range, b->affected_range));
    return_if_different(
        list_compare(a->safe_ranges, a->safe_range_count, b->safe_ranges, b->safe_range_count));
    return_if_different(list_compare(a->aliases, a->alias_count, b->aliases, b->alias_count));
    return_if_different(text_compare(a->severity, b->severity));
    return_if_different(text_compare(a->cvss, b->cvss));
    return_if_different(text_compare(a->reason, b->reason));
    return_if_different(number_compare(a->withdrawn, b->withdrawn));
    return_if_different(number_compare(a->kev_added, b->kev_added));
    return_if_different(number_compare(a->until, b->until));
    return double_compare(a->epss, b->epss);
}

bool assertion_same_meaning(const struct assertion *a, const struct assertion *b)
{
    return meaning_compare(a, b) == 0;
}

int assertion_compare(const struct assertion *a, const struct assertion *b)
{
    return_if_different(meaning_compare(a, b));
    return_if_different(text_compare(a->title, b->title));
    return_if_different(list_compare(a->urls, a->url_count, b->urls, b->url_count));
    return_if_different(number_compare(a->published, b->published));
    return number_compare(a->modified, b->modified);
}
