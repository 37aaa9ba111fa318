#include "inventory/evidence.h"

#include <stdlib.h>
#include <string.h>

static int order_items(const void *a, const void *b)
{
    const struct evidence_item *x = a, *y = b;
    int order = component_compare(&x->component, &y->component);
    if (order == 0)
        order = strcmp(x->path, y->path);
    if (order == 0)
        order = (int)x->confidence - (int)y->confidence;
    return order ? order : strcmp(x->reader, y->reader);
}

static int order_sets(const void *a, const void *b)
{
    return strcmp(((const struct evidence_set *)a)->source,
                  ((const struct evidence_set *)b)->source);
}

static int order_owned(const void *a, const void *b)
{
    const struct evidence_owned *x = a, *y = b;
    int order = strcmp(x->source, y->source);
    if (order == 0)
        order = strcmp(x->package, y->package);
    if (order == 0)
        order = strcmp(x->arch, y->arch);
    return order ? order : strcmp(x->path, y->path);
}

static int order_gone(const void *a, const void *b)
{
    const struct evidence_gone *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (int)x->opaque - (int)y->opaque;
}

static int order_links(const void *a, const void *b)
{
    const struct evidence_link *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : strcmp(x->target, y->target);
}

static int order_facts(const void *a, const void *b)
{
    const struct evidence_fact *x = a, *y = b;
    int order = strcmp(x->kind, y->kind);
    if (order == 0)
        order = strcmp(x->path, y->path);
    if (order == 0)
        order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

static int order_warnings(const void *a, const void *b)
{
    const struct evidence_warning *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0)
        order = strcmp(x->code, y->code);
    return order ? order : strcmp(x->text, y->text);
}

static int order_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, size, compare);
}

static size_t unique_texts(const char **texts, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(texts[kept - 1], texts[i]) != 0)
            texts[kept++] = texts[i];
    return kept;
}

/* The same component at the same place, said twice: the more certain word stays. */
static size_t unique_items(struct evidence_item *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || component_compare(&items[kept - 1].component, &items[i].component) != 0 ||
            strcmp(items[kept - 1].path, items[i].path) != 0)
            items[kept++] = items[i];
    return kept;
}

void evidence_sort(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->set_count; i++) {
        struct evidence_set *set = &evidence->sets[i];
        sort(set->items, set->count, sizeof(set->items[0]), order_items);
        set->count = unique_items(set->items, set->count);
    }
    sort(evidence->sets, evidence->set_count, sizeof(evidence->sets[0]), order_sets);
    for (size_t i = 0; i < evidence->owned_count; i++) {
        struct evidence_owned *owned = &evidence->owned[i];
        sort(owned->paths, owned->count, sizeof(owned->paths[0]), order_texts);
        owned->count = unique_texts(owned->paths, owned->count);
    }
    sort(evidence->owned, evidence->owned_count, sizeof(evidence->owned[0]), order_owned);
    sort(evidence->gone, evidence->gone_count, sizeof(evidence->gone[0]), order_gone);
    sort(evidence->links, evidence->link_count, sizeof(evidence->links[0]), order_links);
    sort(evidence->facts, evidence->fact_count, sizeof(evidence->facts[0]), order_facts);
    sort(evidence->warnings, evidence->warning_count, sizeof(evidence->warnings[0]),
         order_warnings);
    sort(evidence->touched, evidence->touched_count, sizeof(evidence->touched[0]), order_texts);
    evidence->touched_count = unique_texts(evidence->touched, evidence->touched_count);
}

const struct evidence_set *evidence_find_set(const struct evidence *evidence, const char *source)
{
    for (size_t i = 0; i < evidence->set_count; i++)
        if (strcmp(evidence->sets[i].source, source) == 0)
            return &evidence->sets[i];
    return NULL;
}
