/* dpkg's database as the patch engine reads it: status, conffiles, diversions, overrides, filters.
 */
#include "patch/dpkg_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct slice text = {(const char *)data, size};
    struct buf out scoped(buf_release) = {0};
    struct dpkg_filters filters = {0};
    struct dpkg_db db;
    struct error err = {0};
    const struct dpkg_diversion *diversions;
    const struct dpkg_override *overrides;
    const struct dpkg_conffile *conffiles;

    if (dpkg_status_parse(arena, text, &db, &err)) {
        for (size_t i = 0; i < db.count; i++) {
            (void)dpkg_conffiles(arena, db.packages[i].raw, &conffiles);
            (void)dpkg_stanza(arena, db.packages[i].raw, " /etc/x 0\n");
            (void)dpkg_find(&db, db.packages[i].name, NULL);
        }
        dpkg_status_write(&db, &out);
    }
    (void)dpkg_diversions(arena, text, &diversions);
    (void)dpkg_overrides(arena, text, &overrides);
    dpkg_filters_read(arena, text, &filters);
    (void)dpkg_filters_exclude(&filters, "/usr/share/doc/x/copyright", false);
    (void)dpkg_filters_exclude(&filters, "/usr/share/doc", true);
    return 0;
}
