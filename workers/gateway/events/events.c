#include "gateway/events/events.h"

#include <string.h>
#include <strings.h>

#include "gateway/events/event_json.h"

const struct registry_kind registry_kinds[] = {
    {"distribution", PROOF_BEARER | PROOF_BASIC, distribution_parse},
    {"harbor", PROOF_BEARER | PROOF_BASIC, harbor_parse},
    {"quay", PROOF_BEARER | PROOF_BASIC | PROOF_QUERY, quay_parse},
    {"github", PROOF_GITHUB, github_parse},
    {"gitlab", PROOF_GITLAB | PROOF_BEARER | PROOF_BASIC, distribution_parse},
    {"nexus", PROOF_NEXUS, nexus_parse},
    {"artifactory", PROOF_ARTIFACTORY | PROOF_BEARER | PROOF_BASIC, artifactory_parse},
    {"acr", PROOF_BEARER | PROOF_BASIC | PROOF_QUERY, acr_parse},
    {"ecr", PROOF_BEARER | PROOF_BASIC, ecr_parse},
    {"artifact-registry", PROOF_BEARER | PROOF_QUERY, artifact_registry_parse},
    {"dockerhub", PROOF_BASIC | PROOF_QUERY, dockerhub_parse},
    {"cloudevents", PROOF_BEARER | PROOF_BASIC | PROOF_STANDARD, cloudevents_parse},
};
const size_t registry_kind_count = array_count(registry_kinds);

const struct registry_kind *registry_kind_find(const char *name)
{
    for (size_t i = 0; name && i < registry_kind_count; i++) {
        if (strcmp(registry_kinds[i].name, name) == 0)
            return &registry_kinds[i];
    }
    return NULL;
}

bool events_parse(const struct registry_kind *kind, struct arena *arena,
                  const struct event_request *request, struct events *out, struct error *err)
{
    *out = (struct events){0};
    if (!kind->parse(arena, request, out, err))
        return error_wrap(err, "%s event", kind->name);
    return true;
}

const char *event_header(const struct event_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    }
    return NULL;
}
