/* What the event readers share: JSON by path, adding with checks, manifests told from blobs. */
#pragma once

#include <jansson.h>

#include "gateway/events/events.h"

/* The root lives as long as the arena. */
json_t *event_json(struct arena *arena, struct slice body, struct error *err);
/* "target.tag"; NULL when a step is missing. */
json_t *value_at(json_t *root, const char *path);
/* A non-empty text at the path, or NULL. */
const char *text_at(json_t *root, const char *path);
/* Adds the event if its names are names; else ignores it with the reason. A tag that is a digest
 * becomes one, a digest that is none is dropped where a tag remains. Copies what it keeps. */
void events_add(struct arena *arena, struct events *out, const struct push_event *event);
void events_ignore(struct arena *arena, struct events *out, const char *what, const char *reason);
/* host/repository[:tag][@digest] into the event's parts; false: not of this form. The host is what
 * stands before the first slash if it has a dot or a colon or is localhost. */
bool event_reference(struct arena *arena, const char *text, struct push_event *event);
enum thing { THING_MANIFEST, THING_BLOB, THING_UNKNOWN };
/* By the address of the event ("/v2/x/manifests/…") where it has one, else by media type. */
enum thing event_thing(const char *url, const char *media_type);

/* One event of distribution's shape (also ACR's and the data of Event Grid's). */
void distribution_event(struct arena *arena, json_t *event, const char *id, struct events *out);

bool distribution_parse(struct arena *arena, const struct event_request *request,
                        struct events *out, struct error *err);
bool harbor_parse(struct arena *arena, const struct event_request *request, struct events *out,
                  struct error *err);
void harbor_event(struct arena *arena, json_t *event, struct events *out);
bool quay_parse(struct arena *arena, const struct event_request *request, struct events *out,
                struct error *err);
bool github_parse(struct arena *arena, const struct event_request *request, struct events *out,
                  struct error *err);
bool nexus_parse(struct arena *arena, const struct event_request *request, struct events *out,
                 struct error *err);
bool artifactory_parse(struct arena *arena, const struct event_request *request, struct events *out,
                       struct error *err);
bool acr_parse(struct arena *arena, const struct event_request *request, struct events *out,
               struct error *err);
bool ecr_parse(struct arena *arena, const struct event_request *request, struct events *out,
               struct error *err);
bool artifact_registry_parse(struct arena *arena, const struct event_request *request,
                             struct events *out, struct error *err);
bool dockerhub_parse(struct arena *arena, const struct event_request *request, struct events *out,
                     struct error *err);
bool cloudevents_parse(struct arena *arena, const struct event_request *request, struct events *out,
                       struct error *err);
