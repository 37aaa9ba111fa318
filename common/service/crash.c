#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/slice.h"
#include "service/worker_internal.h"

/* RESOLE_CRASH_AT's point, and after how many passes. */
static bool armed(const char *name, uint64_t *nth)
{
    struct slice rest = slice_of(getenv("RESOLE_CRASH_AT")), point;
    *nth = 1;
    if (!slice_take_until(&rest, ':', &point) || !slice_is(point, name))
        return false;
    if (rest.length)
        (void)slice_parse_u64(rest, nth);
    return true;
}

bool crash_is_armed(const char *name)
{
    uint64_t nth;
    return armed(name, &nth);
}

void crash_point(const char *name)
{
    static atomic_ullong passes;
    uint64_t nth;
    if (!armed(name, &nth) || atomic_fetch_add(&passes, 1) + 1 < nth)
        return;
    log_warning("crashing as told", LOG_TEXT("point", name));
    kill(getpid(), SIGKILL);
    pause();
}
