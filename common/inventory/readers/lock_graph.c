#include "inventory/readers/lock_graph.h"

#include <stdlib.h>

struct lock_target {
    struct slice key;
    bool used, development;
};

void lock_graph_edge(struct lock_graph *graph, struct slice from, struct slice to, bool development)
{
    arena_push(graph->arena, graph->edges, graph->count, graph->capacity);
    graph->edges[graph->count++] = (struct lock_edge){from, to, development};
}

static int by_from(const void *a, const void *b)
{
    const struct lock_edge *x = a, *y = b;
    return slice_compare(x->from, y->from);
}

static int by_key(const void *a, const void *b)
{
    const struct lock_target *x = a, *y = b;
    return slice_compare(x->key, y->key);
}

static struct lock_target *target_find(const struct lock_graph *graph, struct slice key)
{
    const struct lock_target wanted = {.key = key};
    return graph->target_count ? bsearch(&wanted, graph->targets, graph->target_count,
                                         sizeof(graph->targets[0]), by_key)
                               : NULL;
}

/* The first edge that starts at `from`, or after where it would be. */
static size_t edge_first(const struct lock_graph *graph, struct slice from)
{
    size_t low = 0, high = graph->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(graph->edges[middle].from, from) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Marks what is reached from the application by edges of the first step's kind, then any. */
static void walk(struct lock_graph *graph, bool development)
{
    struct lock_target **waiting =
        arena_new_array(graph->arena, struct lock_target *, graph->target_count + 1);
    size_t count = 0;
    struct slice from = slice_of("");
    for (bool first = true; first || count > 0; first = false) {
        if (!first)
            from = waiting[--count]->key;
        for (size_t i = edge_first(graph, from);
             i < graph->count && slice_equal(graph->edges[i].from, from); i++) {
            struct lock_target *to = target_find(graph, graph->edges[i].to);
            bool *mark = development ? &to->development : &to->used;
            if (*mark || graph->edges[i].development != (first && development))
                continue;
            *mark = true;
            waiting[count++] = to;
        }
    }
}

void lock_graph_settle(struct lock_graph *graph)
{
    if (graph->count == 0)
        return;
    graph->targets = arena_new_array(graph->arena, struct lock_target, graph->count);
    for (size_t i = 0; i < graph->count; i++)
        graph->targets[i].key = graph->edges[i].to;
    qsort(graph->targets, graph->count, sizeof(graph->targets[0]), by_key);
    for (size_t i = 0; i < graph->count; i++)
        if (i == 0 ||
            !slice_equal(graph->targets[i].key, graph->targets[graph->target_count - 1].key))
            graph->targets[graph->target_count++] = graph->targets[i];
    qsort(graph->edges, graph->count, sizeof(graph->edges[0]), by_from);
    walk(graph, false);
    walk(graph, true);
}

bool lock_graph_is_development(const struct lock_graph *graph, struct slice key)
{
    const struct lock_target *target = target_find(graph, key);
    return target && target->development && !target->used;
}
