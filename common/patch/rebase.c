#include "patch/rebase.h"

bool rebase_keeps(const char *path)
{
    return engine_keeps(path);
}

bool rebase_reconcile(struct arena *arena, struct root *old, struct root *new, struct root *app,
                      struct root *out, struct engine_report *report, struct error *err)
{
    (void)arena, (void)old, (void)new, (void)app, (void)out, (void)report;
    return error_set(err, ERROR_FATAL, "not built yet");
}
