#include "message/messages.h"

#include <string.h>

#include "base/limits.h"

#define F(member, must, about) FIELD(TYPE, member, must, about)

#define TYPE struct image_pushed
static const struct field fields_image_pushed[] = {
    F(registry, true, "name of the configured registry"),
    F(repository, true, "repository inside the registry"),
    F(tag, false, "tag; resolved again by the receiver"),
    F(digest, false, "digest at the time of the event"),
    F(media_type, false, "media type of the manifest"),
    F(action, true, "push or delete"),
    F(cause, true, "push, patch, rebase, sweep or import"),
    F(run, false, "run row that records the steps of this push"),
};
#undef TYPE
#define TYPE struct image_due
static const struct field fields_image_due[] = {
    F(registry, true, "name of the configured registry"),
    F(repository, true, "repository inside the registry"),
    F(tag, false, "tag to look at again"),
    F(digest, false, "digest to look at again"),
    F(cause, true, "recheck or repair"),
    F(run, false, "run row"),
};
#undef TYPE
#define TYPE struct feed_due
static const struct field fields_feed_due[] = {
    F(source, true, "advisory source or repository index to fetch"),
    F(cause, true, "schedule, operator or changelog"),
};
#undef TYPE
#define TYPE struct feed_fetched
static const struct field fields_feed_fetched[] = {
    F(source, true, "advisory source or repository index"),
    F(blob, true, "digest of the verified file in the blob store"),
    F(as_of, false, "date the publisher gives its data"),
    F(bytes, false, "size of the blob"),
};
#undef TYPE
#define TYPE struct layer_fetched
static const struct field fields_layer_fetched[] = {
    F(digest, true, "digest of the layer blob as stored"),
    F(diff_id, false, "digest of the uncompressed layer as claimed by the config"),
    F(media_type, false, "media type of the layer"),
    F(bytes, false, "size of the blob"),
};
#undef TYPE
#define TYPE struct image_unpacked
static const struct field fields_image_unpacked[] = {
    F(digest, true, "manifest digest of the image"),
    F(cause, true, "push, patch, rebase, sweep, import, recheck, reader or repair"),
};
#undef TYPE
#define TYPE struct image_matched
static const struct field fields_image_matched[] = {
    F(digest, true, "manifest digest of the image"),
    F(cause, true, "what had it matched"),
    F(revision, false, "advisory revision it was judged at"),
};
#undef TYPE
#define TYPE struct advisory_changed
static const struct field fields_advisory_changed[] = {
    F(source, true, "advisory source"),
    F(type, true, "package type of the names"),
    F(names, true, "package names whose assertions changed"),
    F(revision, false, "revision of the import"),
    F(first_load, false, "the source was loaded for the first time"),
};
#undef TYPE
#define TYPE struct finding_changed
static const struct field fields_finding_changed[] = {
    F(cause, true, "push, advisory, patch, usage or lifecycle"),
    F(source, false, "advisory source, when one caused it"),
    F(findings, true, "ids of the findings"),
    F(image, false, "manifest digest, when one image caused it"),
    F(first_load, false, "the source was loaded for the first time"),
};
#undef TYPE
#define TYPE struct usage_reported
static const struct field fields_usage_reported[] = {
    F(application, true, "application that runs the image"),
    F(team, false, "team that owns the application"),
    F(environment, false, "production, staging, …"),
    F(digest, true, "index, manifest or config digest as the runtime reports it"),
    F(place, false, "cluster and namespace, or host"),
    F(seen_at, false, "RFC 3339 time of the observation"),
};
#undef TYPE
#define TYPE struct patch_decided
static const struct field fields_patch_decided[] = {
    F(patch, true, "patch id"),
    F(application, false, "application; absent: the managed image itself"),
    F(decision, true, "approved or declined"),
    F(decided_by, false, "who decided"),
};
#undef TYPE
#define TYPE struct patch_built
static const struct field fields_patch_built[] = {
    F(patch, true, "patch id"),
    F(old_digest, true, "digest of the managed image before"),
    F(new_digest, true, "digest of the patched image"),
    F(reference, true, "immutable reference of the patched image"),
};
#undef TYPE
#define TYPE struct image_rebased
static const struct field fields_image_rebased[] = {
    F(patch, false, "patch id"),
    F(application, false, "application"),
    F(old_digest, true, "digest of the application image before"),
    F(new_digest, true, "digest of the rebased application image"),
    F(reference, true, "immutable reference of the rebased image"),
};
#undef TYPE
#define TYPE struct alert_vulnerability
static const struct field fields_alert_vulnerability[] = {
    F(application, true, "application concerned; empty for a team summary"),
    F(team, true, "team told"),
    F(kind, true, "found, resolved or summary"),
    F(title, true, "one line for people"),
    F(severity, false, "critical, high, medium, low, negligible or unknown"),
    F(vulnerability, false, "CVE or advisory id"),
    F(at, true, "RFC 3339 time the alert was made"),
    F(details, false, "images, packages, versions"),
};
#undef TYPE
#define TYPE struct alert_patch
static const struct field fields_alert_patch[] = {
    F(application, true, "application concerned"),
    F(team, true, "team told"),
    F(kind, true, "available, applied, failed, withdrawn, or proposed"),
    F(title, true, "one line for people"),
    F(severity, false, "highest severity among what is fixed"),
    F(at, true, "RFC 3339 time the alert was made"),
    F(patch, true, "patch id"),
    F(details, false, "digests, packages old to new, fixed and remaining, how to approve, expiry"),
};
#undef TYPE
#define TYPE struct alert_lifecycle
static const struct field fields_alert_lifecycle[] = {
    F(application, true, "application concerned"),
    F(team, true, "team told"),
    F(kind, true, "aged, deprecated or end-of-life"),
    F(title, true, "one line for people"),
    F(severity, false, "severity"),
    F(at, true, "RFC 3339 time the alert was made"),
    F(details, false, "image, release, dates"),
};
#undef TYPE

#define TOPIC(id, text, key, bulk, world)                                                          \
    const struct topic topic_##id = {                                                              \
        .name = text,                                                                              \
        .fields = fields_##id,                                                                     \
        .field_count = array_count(fields_##id),                                                   \
        .size = sizeof(struct id),                                                                 \
        .key_offset = offsetof(struct id, key),                                                    \
        .has_bulk = bulk,                                                                          \
        .for_world = world,                                                                        \
    }

TOPIC(image_pushed, "image.pushed", repository, true, true);
TOPIC(image_due, "image.due", repository, true, false);
TOPIC(feed_due, "feed.due", source, true, false);
TOPIC(feed_fetched, "feed.fetched", source, true, false);
TOPIC(layer_fetched, "layer.fetched", digest, true, false);
TOPIC(image_unpacked, "image.unpacked", digest, true, false);
TOPIC(image_matched, "image.matched", digest, true, false);
TOPIC(advisory_changed, "advisory.changed", source, true, false);
TOPIC(finding_changed, "finding.changed", image, true, false);
TOPIC(usage_reported, "usage.reported", application, true, true);
TOPIC(patch_decided, "patch.decided", application, false, false);
TOPIC(patch_built, "patch.built", new_digest, true, false);
TOPIC(image_rebased, "image.rebased", new_digest, true, false);
TOPIC(alert_vulnerability, "alert.vulnerability", application, false, true);
TOPIC(alert_patch, "alert.patch", application, false, true);
TOPIC(alert_lifecycle, "alert.lifecycle", application, false, true);

#define ROW(name) &topic_##name,
const struct topic *const topics[] = {MESSAGES(ROW)};
const size_t topic_count = array_count(topics);

const struct topic *topic_find(const char *name)
{
    for (size_t i = 0; i < topic_count; i++) {
        if (strcmp(topics[i]->name, name) == 0)
            return topics[i];
    }
    return NULL;
}

bool message_decode(struct arena *arena, const struct topic *topic, struct slice value, void *out,
                    struct error *err)
{
    if (value.length > LIMIT_MESSAGE_BYTES)
        return error_set(err, ERROR_INPUT, "%s: %zu bytes, more than %d", topic->name, value.length,
                         LIMIT_MESSAGE_BYTES);
    return codec_decode(topic->name, topic->fields, topic->field_count, CODEC_IGNORE_UNKNOWN, value,
                        arena, out, err);
}

bool message_encode(const struct topic *topic, const void *message, struct buf *out,
                    struct error *err)
{
    codec_encode(topic->fields, topic->field_count, message, out);
    if (out->length > LIMIT_MESSAGE_BYTES)
        return error_set(err, ERROR_FATAL, "%s: a message of %zu bytes, more than %d", topic->name,
                         out->length, LIMIT_MESSAGE_BYTES);
    return true;
}

const char *message_key(const struct topic *topic, const void *message)
{
    const char *key;
    memcpy(&key, (const char *)message + topic->key_offset, sizeof(key));
    return key ? key : "";
}
