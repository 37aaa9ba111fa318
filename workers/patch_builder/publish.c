#include "patch_builder/publish.h"

#include <string.h>

#include "base/digest.h"
#include "patch_builder/settings.h"
#include "sql_worker_patch_builder.h"

enum { NUMBER_LOCK = 7411200, NUMBERS_MOST = 10000 };

bool place_read(struct job *job, const struct db_rows *rows, size_t row, int first,
                struct place *out, struct error *err)
{
    const struct patch_builder_settings *settings = job->settings;
    const struct access_house house = {.ca_file = settings->ca_file,
                                       .docker_config = settings->docker_config,
                                       .private_hosts = settings->private_hosts,
                                       .seal_key_file = settings->seal_key_file};

    return registry_access_read(job->arena, rows, row, first, &house, &out->access, err);
}

static struct image_name name_of(struct arena *arena, const struct place *place, const char *tag,
                                 const char *digest)
{
    struct image_name name = {.transport = IMAGE_REGISTRY, .path = "", .tag = ""};

    name.reference = (struct reference){.host = place->access.address,
                                        .repository = place->repository,
                                        .tag = tag,
                                        .digest = digest};
    name.text = reference_text(arena, &name.reference);
    return name;
}

bool place_open(struct arena *arena, const struct place *place, const char *digest,
                struct image_source **source, struct image *image, struct error *err)
{
    struct source_settings settings = {.registry = place->access.settings,
                                       .docker_socket = "",
                                       .podman_socket = "",
                                       .temporary = ""};
    struct image_name name = name_of(arena, place, "", digest);

    return image_source_open(&name, &settings, source, err) &&
           image_load(*source, arena, NULL, image, err);
}

bool publish_image(struct arena *arena, const struct place *place, const struct image_draft *draft,
                   struct published *out, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) = registry_new(&place->access.settings);
    struct image_name to = name_of(arena, place, "", "");
    struct image_written written;

    if (!image_draft_manifest(arena, draft, &out->bytes, err) ||
        !image_write(registry, arena, &to, draft, &written, err))
        return false;
    out->digest = arena_strdup(arena, written.manifest_digest);
    out->media_type = written.media_type;
    return true;
}

bool publish_index(struct arena *arena, const struct place *place, const struct manifest *index,
                   struct published *out, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) = registry_new(&place->access.settings);
    struct image_name to = name_of(arena, place, "", "");
    struct image_written written;

    if (!manifest_encode(arena, index, &out->bytes, err) ||
        !image_write_index(registry, arena, &to, index, &written, err))
        return false;
    out->digest = arena_strdup(arena, written.manifest_digest);
    out->media_type = written.media_type;
    return true;
}

bool publish_find(struct arena *arena, const struct place *place, const char *digest,
                  struct published *out, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) = registry_new(&place->access.settings);
    struct image_name from = name_of(arena, place, "", digest);
    struct registry_manifest found;

    if (!registry_manifest_fetch(registry, arena, &from.reference, &found, err))
        return error_wrap(err, "%s", from.text);
    *out = (struct published){found.digest, found.media_type, found.bytes};
    return true;
}

static bool reserve(struct job *job, const struct place *place, const char *tag, const char *digest,
                    int64_t least, int64_t *number, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !db_lock(tx, NUMBER_LOCK, err) ||
        !db_run(tx, &sql_number_reserve,
                DB_ARGS(db_i64(place->registry_id), db_text(place->repository), db_text(tag),
                        db_text(digest), db_i64(least)),
                &rows, err))
        return false;
    *number = row_i64(&rows, 0, 0);
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

/* What a tag points at now; "" nothing. */
static bool points_at(struct registry *registry, struct arena *arena, const struct image_name *name,
                      const char **digest, struct error *err)
{
    struct registry_manifest head = {0};

    if (!registry_manifest_head(registry, arena, &name->reference, &head, err))
        return false;
    *digest = head.found && head.digest ? head.digest : "";
    return true;
}

bool publish_number(struct job *job, const struct place *place, const char *tag,
                    const struct published *what, int64_t *number, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) = registry_new(&place->access.settings);
    char digest[DIGEST_TEXT_SIZE];
    const char *there;
    int64_t least = 1;

    for (int i = 0; i < NUMBERS_MOST; i++) {
        if (!reserve(job, place, tag, what->digest, least, number, err))
            return false;
        struct image_name name =
            name_of(job->arena, place,
                    arena_printf(job->arena, "%s-resole.%lld", tag, (long long)*number), "");
        crash_point("numbered");
        if (!points_at(registry, job->arena, &name, &there, err))
            return false;
        if (!*there && !registry_manifest_push(registry, &name.reference, what->media_type,
                                               what->bytes, digest, err))
            return error_wrap(err, "%s", name.text);
        if (!*there || strcmp(there, what->digest) == 0)
            return true;
        least = *number + 1; /* the name is taken by what these rows do not know */
    }
    return error_set(err, ERROR_INPUT, "%s: %d numbers are taken", tag, NUMBERS_MOST);
}

bool publish_move(struct job *job, const struct place *place, const char *tag, const char *digest,
                  const char *only_from, bool *moved, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) = registry_new(&place->access.settings);
    struct image_name name =
        name_of(job->arena, place, arena_printf(job->arena, "%s-resole", tag), "");
    struct published what;
    char pushed[DIGEST_TEXT_SIZE];
    const char *there;

    *moved = false;
    if (!points_at(registry, job->arena, &name, &there, err))
        return false;
    if (strcmp(there, digest) == 0 || (only_from && strcmp(there, only_from) != 0))
        return true;
    if (!publish_find(job->arena, place, digest, &what, err) ||
        !registry_manifest_push(registry, &name.reference, what.media_type, what.bytes, pushed,
                                err))
        return error_wrap(err, "%s", name.text);
    *moved = true;
    return true;
}

const char *publish_reference(struct arena *arena, const struct place *place, const char *tag,
                              int64_t number)
{
    return arena_printf(arena, "%s/%s:%s-resole.%lld", place->access.address, place->repository,
                        tag, (long long)number);
}
