/* The contract of the workers: one struct, one field table, one topic each. A message wakes, it
 * does not carry (architecture.md 3.1): ids and digests, at most 64 KiB. Topic names are
 * <prefix><name>.v1; a bulk twin is <prefix><name>.bulk.v1. Unknown keys are ignored, so that
 * workers can be upgraded one by one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/codec.h"

/* A registry told, or a sweep or our own builder found: a name may point elsewhere now. The
 * receiver resolves the tag again; `digest` is a hint unless there is no tag. */
struct image_pushed {
    const char *registry;   /* the configured registry's name */
    const char *repository; /* "demo/shop" */
    const char *tag;        /* NULL: by digest only */
    const char *digest;
    const char *media_type;
    const char *action; /* "push" | "delete" */
    const char *cause;  /* "push" | "patch" | "rebase" | "sweep" | "import" */
    int64_t run;        /* the run row of this push; 0: the receiver opens one */
};

/* The janitor: look at this name again (daily recheck, repair). */
struct image_due {
    const char *registry, *repository, *tag, *digest, *cause; /* cause: "recheck" | "repair" */
    int64_t run;
};

struct feed_due {
    const char *source; /* as in table source */
    const char *cause;  /* "schedule" | "operator" | "changelog" */
};

/* A feed, index or changelog file lies verified in the blob store. */
struct feed_fetched {
    const char *source, *blob, *as_of;
    int64_t bytes;
};

struct layer_fetched {
    const char *digest;  /* of the blob as stored */
    const char *diff_id; /* claimed by the config; verified by the unpacker */
    const char *media_type;
    int64_t bytes;
};

struct image_unpacked {
    const char *digest; /* manifest digest */
    const char *cause;  /* as image.pushed, or "reader" (new reader version), "repair" */
};

struct image_matched {
    const char *digest, *cause; /* cause: "push" | "advisory" | "repair" … */
    int64_t revision;           /* advisory revision that it was judged at */
};

/* Assertions about these names changed in one merged import. */
struct advisory_changed {
    const char *source, *type; /* type: package type of the names */
    struct text_list names;
    int64_t revision;
    bool first_load; /* no alerts, one summary per team */
};

/* Findings that appeared, changed or were retracted; rows tell which way. */
struct finding_changed {
    const char *cause, *source;
    struct i64_list findings;
    const char *image; /* digest, when the cause is one image's push */
    bool first_load;
};

struct usage_reported {
    const char *application, *team, *environment, *digest, *place, *seen_at;
};

struct patch_decided {
    int64_t patch;
    const char *application; /* NULL: the managed image itself */
    const char *decision;    /* "approved" | "declined" */
    const char *decided_by;
};

struct patch_built {
    int64_t patch;
    const char *old_digest, *new_digest;
    const char *reference; /* host/repository:TAG-resole.N */
};

struct image_rebased {
    int64_t patch;
    const char *application, *old_digest, *new_digest, *reference;
};

/* What subscribers read; ce_id is the alert's id and never changes (architecture.md 3.3). */
struct alert_vulnerability {
    const char *application, *team, *kind; /* kind: "found" | "resolved" | "summary" */
    const char *title, *severity, *vulnerability, *at;
    struct json_text details;
};

struct alert_patch {
    const char *application, *team, *kind; /* kind: "available" | "applied" | "failed" … */
    const char *title, *severity, *at;
    int64_t patch;
    struct json_text details; /* schemas/topics/alert.patch.schema.json */
};

struct alert_lifecycle {
    const char *application, *team, *kind; /* kind: "aged" | "deprecated" | "end-of-life" … */
    const char *title, *severity, *at;
    struct json_text details;
};

struct topic {
    const char *name; /* "image.pushed" */
    const struct field *fields;
    size_t field_count;
    size_t size;       /* of the struct */
    size_t key_offset; /* of the text member that is the Kafka key */
    bool has_bulk;     /* a bulk twin exists */
    bool for_world;    /* outsiders read it (alerts) or write it (push, usage) */
};

#define MESSAGES(X)                                                                                \
    X(image_pushed)                                                                                \
    X(image_due)                                                                                   \
    X(feed_due)                                                                                    \
    X(feed_fetched)                                                                                \
    X(layer_fetched)                                                                               \
    X(image_unpacked)                                                                              \
    X(image_matched)                                                                               \
    X(advisory_changed)                                                                            \
    X(finding_changed)                                                                             \
    X(usage_reported)                                                                              \
    X(patch_decided)                                                                               \
    X(patch_built)                                                                                 \
    X(image_rebased)                                                                               \
    X(alert_vulnerability)                                                                         \
    X(alert_patch)                                                                                 \
    X(alert_lifecycle)

#define MESSAGE_DECLARE(name) extern const struct topic topic_##name;
MESSAGES(MESSAGE_DECLARE)
#undef MESSAGE_DECLARE

/* Every topic, in the order above. */
extern const struct topic *const topics[];
extern const size_t topic_count;
const struct topic *topic_find(const char *name); /* NULL: none */

/* The topic of a message pointer; a struct without a topic does not compile. */
#define topic_of(message)                                                                          \
    _Generic((message), const struct image_pushed *                                                \
             : &topic_image_pushed, struct image_pushed *                                          \
             : &topic_image_pushed, const struct image_due *                                       \
             : &topic_image_due, struct image_due *                                                \
             : &topic_image_due, const struct feed_due *                                           \
             : &topic_feed_due, struct feed_due *                                                  \
             : &topic_feed_due, const struct feed_fetched *                                        \
             : &topic_feed_fetched, struct feed_fetched *                                          \
             : &topic_feed_fetched, const struct layer_fetched *                                   \
             : &topic_layer_fetched, struct layer_fetched *                                        \
             : &topic_layer_fetched, const struct image_unpacked *                                 \
             : &topic_image_unpacked, struct image_unpacked *                                      \
             : &topic_image_unpacked, const struct image_matched *                                 \
             : &topic_image_matched, struct image_matched *                                        \
             : &topic_image_matched, const struct advisory_changed *                               \
             : &topic_advisory_changed, struct advisory_changed *                                  \
             : &topic_advisory_changed, const struct finding_changed *                             \
             : &topic_finding_changed, struct finding_changed *                                    \
             : &topic_finding_changed, const struct usage_reported *                               \
             : &topic_usage_reported, struct usage_reported *                                      \
             : &topic_usage_reported, const struct patch_decided *                                 \
             : &topic_patch_decided, struct patch_decided *                                        \
             : &topic_patch_decided, const struct patch_built *                                    \
             : &topic_patch_built, struct patch_built *                                            \
             : &topic_patch_built, const struct image_rebased *                                    \
             : &topic_image_rebased, struct image_rebased *                                        \
             : &topic_image_rebased, const struct alert_vulnerability *                            \
             : &topic_alert_vulnerability, struct alert_vulnerability *                            \
             : &topic_alert_vulnerability, const struct alert_patch *                              \
             : &topic_alert_patch, struct alert_patch *                                            \
             : &topic_alert_patch, const struct alert_lifecycle *                                  \
             : &topic_alert_lifecycle, struct alert_lifecycle *                                    \
             : &topic_alert_lifecycle)

/* out: a zeroed struct of the topic's size. */
bool message_decode(struct arena *arena, const struct topic *topic, struct slice value, void *out,
                    struct error *err) must_check;
/* ERROR_FATAL when the value is over LIMIT_MESSAGE_BYTES: a bug of the producer. */
bool message_encode(const struct topic *topic, const void *message, struct buf *out,
                    struct error *err) must_check;
const char *message_key(const struct topic *topic, const void *message); /* never NULL */
