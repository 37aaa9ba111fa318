#include "service/blob_lease.h"

#include "sql_resole_service.h"

bool blob_lease_claim(struct db_tx *tx, const char *digest, const char *holder, int64_t seconds,
                      bool *taken, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_blob_lease_claim,
                DB_ARGS(db_text(digest), db_text(holder), db_i64(seconds)), &rows, err))
        return false;
    *taken = rows.count == 1;
    return true;
}

bool blob_lease_release(struct db_tx *tx, const char *digest, const char *holder, struct error *err)
{
    return db_run(tx, &sql_blob_lease_release, DB_ARGS(db_text(digest), db_text(holder)), NULL,
                  err);
}
