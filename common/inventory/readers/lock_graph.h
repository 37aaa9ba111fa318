/* Which packages of a lock file only building or testing needs. Formats that mark none (pnpm 9, uv,
 * bun) still say who needs whom: what is reached from the dependencies for development and from no
 * others is for development. Keys are whatever the format calls its packages by. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

struct lock_edge {
    struct slice from, to;
    bool development;
};

struct lock_target;

struct lock_graph {
    struct arena *arena; /* the keys must live as long as the graph */
    struct lock_edge *edges;
    size_t count, capacity;
    struct lock_target *targets; /* of lock_graph_settle: every key that is needed, sorted */
    size_t target_count;
};

/* `from` needs `to`; the application itself is "". */
void lock_graph_edge(struct lock_graph *graph, struct slice from, struct slice to,
                     bool development);
/* After the last edge. */
void lock_graph_settle(struct lock_graph *graph);
/* False also for what nobody needs: a doubt too many rather than a package too few. */
bool lock_graph_is_development(const struct lock_graph *graph, struct slice key);
