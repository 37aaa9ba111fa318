#include <string.h>

#include "gateway/events/events.h"
#include "test.h"

#define DIGEST_A "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST_B "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define OCI "application/vnd.oci.image.manifest.v1+json"

/* want: "action host repository tag digest id" a line, "-" for nothing, then "!reason" a line. */
struct case_row {
    const char *kind, *body, *header, *value, *want;
};

static const struct case_row cases[] = {
    {"distribution",
     "{\"events\":[{\"id\":\"e1\",\"action\":\"push\",\"target\":{\"mediaType\":\"" OCI
     "\",\"digest\":\"" DIGEST_A "\",\"repository\":\"demo/shop\",\"tag\":\"1.0\","
     "\"url\":\"http://r.example:5000/v2/demo/shop/manifests/" DIGEST_A "\"}},"
     "{\"id\":\"e2\",\"action\":\"push\",\"target\":{\"mediaType\":\"application/octet-stream\","
     "\"digest\":\"" DIGEST_B "\",\"repository\":\"demo/shop\"}},"
     "{\"id\":\"e3\",\"action\":\"pull\",\"target\":{\"repository\":\"demo/shop\"}},"
     "{\"id\":\"e4\",\"action\":\"delete\",\"target\":{\"digest\":\"" DIGEST_B
     "\",\"repository\":\"demo/shop\"}},"
     "{\"id\":\"e5\",\"action\":\"push\",\"target\":{\"mediaType\":\"application/x-new+json\","
     "\"digest\":\"" DIGEST_A "\",\"repository\":\"demo/shop\"}}]}",
     NULL, NULL,
     "push r.example:5000 demo/shop 1.0 " DIGEST_A " e1\n"
     "delete - demo/shop - " DIGEST_B " e4\n"
     "push - demo/shop - " DIGEST_A " e5\n"
     "!a blob, not a manifest\n!neither a push nor a delete\n"},
    {"distribution", "{\"events\":[]}", NULL, NULL, ""},
    {"distribution", "{\"target\":{\"repository\":\"a\"}}", NULL, NULL,
     "!an event without an action\n"},
    {"distribution",
     "{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"a/b\",\"tag\":\"old\"}},"
     "{\"action\":\"push\",\"target\":{\"repository\":\"A/../b\",\"tag\":\"x\"}},"
     "{\"action\":\"push\",\"target\":{\"repository\":\"a\",\"tag\":\"x y\"}},"
     "{\"action\":\"push\",\"target\":{\"repository\":\"a\",\"digest\":\"md5:00\"}},7,null]}",
     NULL, NULL,
     "delete - a/b old - -\n!not a repository name\n!not a tag\n!neither a tag nor a digest\n"
     "!an event without an action\n!an event without an action\n"},
    {"distribution", "[1,2", NULL, NULL, "error"},
    {"distribution", "{\"events\":{}}", NULL, NULL, "error"},
    {"gitlab",
     "{\"events\":[{\"id\":\"g\",\"action\":\"push\",\"target\":{\"repository\":\"group/p\","
     "\"tag\":\"v1\",\"digest\":\"" DIGEST_A "\"},\"request\":{\"host\":\"reg.example\"}}]}",
     NULL, NULL, "push reg.example group/p v1 " DIGEST_A " g\n"},
    {"harbor",
     "{\"type\":\"PUSH_ARTIFACT\",\"occur_at\":1700000000,\"event_data\":{\"resources\":["
     "{\"digest\":\"" DIGEST_A "\",\"tag\":\"" DIGEST_A
     "\",\"resource_url\":\"hub.example/lib/a@" DIGEST_A "\"}],"
     "\"repository\":{\"repo_full_name\":\"lib/a\"}}}",
     NULL, NULL,
     "push hub.example lib/a - " DIGEST_A " push 1700000000 lib/a " DIGEST_A " " DIGEST_A "\n"},
    {"harbor",
     "{\"specversion\":\"1.0\",\"id\":\"h9\",\"type\":\"harbor.artifact.deleted\",\"data\":"
     "{\"resources\":[{\"digest\":\"" DIGEST_A
     "\",\"tag\":\"3\",\"resource_url\":\"localhost/p/a:3\"}"
     "],\"repository\":{\"repo_full_name\":\"p/a\"}}}",
     NULL, NULL, "delete localhost p/a 3 " DIGEST_A " h9/0\n"},
    {"harbor", "{\"type\":\"SCANNING_COMPLETED\",\"event_data\":{}}", NULL, NULL,
     "!neither a push nor a delete of an artifact\n"},
    {"quay",
     "{\"repository\":\"org/app\",\"docker_url\":\"quay.example/org/app\","
     "\"updated_tags\":[\"latest\",\"v2\"]}",
     NULL, NULL, "push quay.example org/app latest - -\npush quay.example org/app v2 - -\n"},
    {"quay", "{\"repository\":\"org/app\",\"updated_tags\":{\"v1\":\"abc\"}}", NULL, NULL,
     "push - org/app v1 - -\n"},
    {"quay", "{\"repository\":\"org/app\",\"build_id\":\"x\"}", NULL, NULL,
     "!not a push: it names no updated tags\n"},
    {"github",
     "{\"action\":\"published\",\"package\":{\"name\":\"App\",\"namespace\":\"Org\","
     "\"package_type\":\"CONTAINER\",\"package_version\":{\"package_url\":\"ghcr.io/Org/App:1\","
     "\"container_metadata\":{\"tag\":{\"name\":\"1\",\"digest\":\"" DIGEST_A "\"}}}}}",
     "x-github-delivery", "d-1", "push ghcr.io org/app 1 " DIGEST_A " d-1\n"},
    {"github",
     "{\"action\":\"published\",\"registry_package\":{\"name\":\"srv\",\"package_type\":"
     "\"CONTAINER\",\"package_version\":{\"version\":\"2.0\"},"
     "\"registry\":{\"url\":\"https://ghcr.io/Org/Repo\"}}}",
     NULL, NULL, "push ghcr.io org/repo/srv 2.0 - -\n"},
    {"github", "{\"zen\":\"x\",\"hook_id\":1}", "X-GitHub-Event", "ping", "!not about a package\n"},
    {"github", "{\"action\":\"published\",\"package\":{\"name\":\"a\",\"package_type\":\"npm\"}}",
     NULL, NULL, "!not a container package\n"},
    {"nexus",
     "{\"action\":\"CREATED\",\"asset\":{\"format\":\"docker\",\"name\":\"v2/t/a/manifests/1.4\"}}",
     "X-Nexus-Webhook-Delivery", "n1", "push - t/a 1.4 - n1\n"},
    {"nexus",
     "{\"action\":\"DELETED\",\"asset\":{\"format\":\"docker\",\"name\":\"/v2/t/a/"
     "manifests/" DIGEST_A "\"}}",
     NULL, NULL, "delete - t/a - " DIGEST_A " -\n"},
    {"nexus",
     "{\"action\":\"CREATED\",\"asset\":{\"format\":\"docker\",\"name\":\"v2/-/blobs/" DIGEST_A
     "\"}}",
     NULL, NULL, "!a blob, not a manifest\n"},
    {"nexus",
     "{\"action\":\"CREATED\",\"component\":{\"format\":\"docker\",\"name\":\"t/a\",\"version\":"
     "\"9\"}}",
     NULL, NULL, "push - t/a 9 - -\n"},
    {"nexus", "{\"action\":\"CREATED\",\"asset\":{\"format\":\"maven2\",\"name\":\"x\"}}", NULL,
     NULL, "!not a docker repository\n"},
    {"artifactory",
     "{\"domain\":\"docker\",\"event_type\":\"pushed\",\"data\":{\"repo_key\":\"local\",\"path\":"
     "\"app/1/manifest.json\",\"sha256\":"
     "\"1111111111111111111111111111111111111111111111111111111111111111\","
     "\"image_name\":\"app\",\"tag\":\"1\"}}",
     NULL, NULL, "push - local/app 1 " DIGEST_A " -\n"},
    {"artifactory", "{\"domain\":\"artifact\",\"event_type\":\"deployed\",\"data\":{}}", NULL, NULL,
     "!not of the docker domain\n"},
    {"acr",
     "{\"id\":\"a1\",\"action\":\"push\",\"target\":{\"mediaType\":\"" OCI
     "\",\"digest\":\"" DIGEST_A
     "\",\"repository\":\"app\",\"tag\":\"v1\"},\"request\":{\"host\":\"x.azurecr.io\"}}",
     NULL, NULL, "push x.azurecr.io app v1 " DIGEST_A " a1\n"},
    {"acr",
     "[{\"id\":\"g1\",\"eventType\":\"Microsoft.ContainerRegistry.ImageDeleted\",\"data\":{\"id\":"
     "\"inner\",\"action\":\"delete\",\"target\":{\"repository\":\"app\",\"digest\":\"" DIGEST_A
     "\"}}},{\"eventType\":\"Microsoft.ContainerRegistry.ChartPushed\",\"data\":{}}]",
     NULL, NULL, "delete - app - " DIGEST_A " g1\n!neither a push nor a delete of an image\n"},
    {"ecr",
     "{\"id\":\"b1\",\"detail-type\":\"ECR Image Action\",\"account\":\"12\",\"region\":\"eu-1\","
     "\"detail\":{\"result\":\"SUCCESS\",\"repository-name\":\"t/a\",\"image-digest\":\"" DIGEST_A
     "\",\"action-type\":\"PUSH\",\"image-tag\":\"1\"}}",
     NULL, NULL, "push 12.dkr.ecr.eu-1.amazonaws.com t/a 1 " DIGEST_A " b1\n"},
    {"ecr",
     "{\"Type\":\"Notification\",\"Message\":\"{\\\"id\\\":\\\"b2\\\",\\\"detail-type\\\":"
     "\\\"ECR Image Action\\\",\\\"detail\\\":{\\\"repository-name\\\":\\\"a\\\","
     "\\\"action-type\\\":\\\"DELETE\\\",\\\"image-tag\\\":\\\"1\\\"}}\"}",
     NULL, NULL, "delete - a 1 - b2\n"},
    {"ecr", "{\"Type\":\"Notification\",\"Message\":\"{\"}", NULL, NULL, "error"},
    {"ecr", "{\"Type\":\"SubscriptionConfirmation\",\"SubscribeURL\":\"https://x\"}", NULL, NULL,
     "!an SNS subscription: confirm it in the AWS console\n"},
    {"ecr", "{\"detail-type\":\"ECR Image Scan\",\"detail\":{}}", NULL, NULL,
     "!not an image action\n"},
    {"artifact-registry",
     "{\"message\":{\"messageId\":\"m1\",\"data\":"
     "\"eyJhY3Rpb24iOiJJTlNFUlQiLCJ0YWciOiJldS5wa2cuZGV2L3AvYToxIn0=\"}}",
     NULL, NULL, "push eu.pkg.dev p/a 1 - m1\n"},
    {"artifact-registry", "{\"action\":\"DELETE\",\"digest\":\"eu.pkg.dev/p/a@" DIGEST_A "\"}",
     NULL, NULL, "delete eu.pkg.dev p/a - " DIGEST_A " -\n"},
    {"artifact-registry",
     "{\"action\":\"INSERT\",\"digest\":\"eu.pkg.dev/p/a@sha256:12...\",\"tag\":\"eu.pkg.dev/p/"
     "a:1\"}",
     NULL, NULL, "push eu.pkg.dev p/a 1 - -\n"},
    {"artifact-registry", "{\"message\":{\"data\":\"%%%\"}}", NULL, NULL, "error"},
    {"dockerhub",
     "{\"callback_url\":\"http://169.254.169.254/\",\"push_data\":{\"pushed_at\":1700000001,"
     "\"tag\":\"latest\"},\"repository\":{\"repo_name\":\"u/app\"}}",
     NULL, NULL, "push docker.io u/app latest - u/app:latest 1700000001\n"},
    {"dockerhub", "{}", NULL, NULL, "error"},
    {"cloudevents",
     "{\"specversion\":\"1.0\",\"id\":\"c1\",\"type\":\"org.example.image.pushed.v1\",\"data\":"
     "{\"repository\":\"a/b\",\"tag\":\"1\"}}",
     NULL, NULL, "push - a/b 1 - c1\n"},
    {"cloudevents", "{\"repository\":\"a/b\",\"tag\":\"1\",\"action\":\"delete\"}", "CE-Type",
     "image.changed", "delete - a/b 1 - -\n"},
    {"cloudevents",
     "[{\"type\":\"dev.cdevents.artifact.published.0.2.0\",\"id\":\"p\",\"data\":{\"subject\":"
     "{\"id\":\"pkg:oci/"
     "app@sha256%3A1111111111111111111111111111111111111111111111111111111111111111"
     "?repository_url=reg.example%2Fteam%2Fapp&tag=v1\"}}},{\"id\":\"q\"}]",
     NULL, NULL, "push reg.example team/app v1 " DIGEST_A " p\n!an event without a type\n"},
};

static const char *shown(const char *text)
{
    return text ? text : "-";
}

static const char *parsed(struct arena *arena, const struct case_row *row)
{
    const struct event_header header = {row->header, row->value};
    struct event_request request = {
        .body = slice_of(row->body), .headers = &header, .header_count = row->header ? 1 : 0};
    struct events out;
    struct error err = {0};
    const char *text = "";
    if (!events_parse(registry_kind_find(row->kind), arena, &request, &out, &err)) {
        assert_int_equal(err.kind, ERROR_INPUT);
        return "error";
    }
    for (size_t i = 0; i < out.count; i++) {
        const struct push_event *e = &out.items[i];
        text = arena_printf(arena, "%s%s %s %s %s %s %s\n", text, e->action, shown(e->host),
                            shown(e->repository), shown(e->tag), shown(e->digest), shown(e->id));
    }
    for (size_t i = 0; i < out.ignored_count; i++)
        text = arena_printf(arena, "%s!%s\n", text, out.ignored[i].reason);
    return text;
}

TEST(every_kind_reads_its_events)
{
    for (size_t i = 0; i < array_count(cases); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        assert_string_equal(parsed(arena, &cases[i]), cases[i].want);
    }
}

TEST(every_kind_has_a_case)
{
    for (size_t k = 0; k < registry_kind_count; k++) {
        bool found = false;
        for (size_t i = 0; i < array_count(cases); i++)
            found |= strcmp(cases[i].kind, registry_kinds[k].name) == 0;
        assert_true(found);
        assert_true(registry_kinds[k].proofs != 0);
    }
    assert_null(registry_kind_find("nothing"));
}

TEST(event_grid_gets_its_code_back)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct event_request request = {
        .body = slice_of("[{\"eventType\":\"Microsoft.EventGrid.SubscriptionValidationEvent\","
                         "\"data\":{\"validationCode\":\"a\\\"b\"}}]")};
    struct events out;
    struct error err = {0};
    assert_true(events_parse(registry_kind_find("acr"), arena, &request, &out, &err));
    assert_string_equal(out.reply, "{\"validationResponse\":\"a\\\"b\"}");
    assert_int_equal(out.count, 0);
}

static const struct {
    const char *kind, *header, *value, *query;
    bool holds;
} proofs[] = {
    {"distribution", "authorization", "Bearer s3cret", NULL, true},
    {"distribution", "authorization", "s3cret", NULL, true},
    {"distribution", "authorization", "Bearer s3cre", NULL, false},
    {"distribution", "authorization", "Basic cmVzb2xlOnMzY3JldA==", NULL, true},
    {"distribution", "authorization", "Basic cmVzb2xlOm90aGVy", NULL, false},
    {"distribution", "authorization", "Basic !!!!", NULL, false},
    {"distribution", "x", "y", "s3cret", false},
    {"dockerhub", "x", "y", "s3cret", true},
    {"dockerhub", "x", "y", "other", false},
    {"github", "X-Hub-Signature-256",
     "sha256=6fa05ff62e0e73e4ad8aedfe5dedd0e4f7dbdf17ae15d2e14d2d0c9fb2ff0a5c", NULL, false},
    {"github", "authorization", "Bearer s3cret", NULL, false},
    {"gitlab", "X-Gitlab-Token", "s3cret", NULL, true},
    {"gitlab", "X-Gitlab-Token", "s3cret2", NULL, false},
    {"artifactory", "X-JFrog-Event-Auth", "s3cret", NULL, true},
    {"nexus", "X-Nexus-Webhook-Signature", "", NULL, false},
    {"nexus", "authorization", "Bearer s3cret", NULL, false},
};

TEST(proofs_hold_only_with_the_secret)
{
    for (size_t i = 0; i < array_count(proofs); i++) {
        const struct event_header header = {proofs[i].header, proofs[i].value};
        struct event_request request = {slice_of("{}"), &header, 1};
        const struct registry_kind *kind = registry_kind_find(proofs[i].kind);
        assert_int_equal(event_proof_holds(kind, &request, proofs[i].query, "s3cret", 0),
                         proofs[i].holds);
        assert_false(event_proof_holds(kind, &request, proofs[i].query, "", 0));
        assert_false(event_proof_holds(kind, &request, proofs[i].query, NULL, 0));
    }
}

TEST(a_hashed_secret_proves_what_is_shown)
{
    /* printf s3cret | sha256sum */
    static const char hash[] = "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";
    const struct event_header right = {"Authorization", "Bearer s3cret"},
                              wrong = {"Authorization", hash};
    struct event_request request = {slice_of("{}"), &right, 1};
    const struct registry_kind *kind = registry_kind_find("distribution");
    assert_true(event_proof_holds(kind, &request, NULL, hash, 0));
    request.headers = &wrong;
    assert_false(event_proof_holds(kind, &request, NULL, hash, 0));
}

/* Values by `openssl dgst -sha256 -hmac s3cret` (and -sha1) of the two bytes {}. */
TEST(signatures_are_over_the_body)
{
    static const struct {
        const char *kind, *header, *value;
    } rows[] = {
        {"github", "X-Hub-Signature-256",
         "sha256=adbde1ce40c89c14215687d5d762a47df6dfaefcfad61e2e86718ffc8498571b"},
        {"artifactory", "X-JFrog-Event-Auth",
         "adbde1ce40c89c14215687d5d762a47df6dfaefcfad61e2e86718ffc8498571b"},
        {"nexus", "X-Nexus-Webhook-Signature", "e7e0225292f975eab7d48999ea520020ef91b18d"},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        const struct event_header header = {rows[i].header, rows[i].value};
        struct event_request request = {slice_of("{}"), &header, 1};
        const struct registry_kind *kind = registry_kind_find(rows[i].kind);
        assert_true(event_proof_holds(kind, &request, NULL, "s3cret", 0));
        request.body = slice_of("{ }");
        assert_false(event_proof_holds(kind, &request, NULL, "s3cret", 0));
    }
}

TEST(standard_webhook_signatures_grow_old)
{
    const struct event_header headers[] = {
        {"webhook-id", "m1"},
        {"webhook-timestamp", "1700000000"},
        {"webhook-signature", "v1,AAAA v1,AAFATTpaBmWkR0SxkBqJcV7VG2nJnv3BFp9nwBd87PI="},
    };
    struct event_request request = {slice_of("{}"), headers, 3};
    const struct registry_kind *kind = registry_kind_find("cloudevents");
    assert_true(event_proof_holds(kind, &request, NULL, "s3cret", 1700000100));
    assert_false(event_proof_holds(kind, &request, NULL, "s3cret", 1700001000));
    assert_false(event_proof_holds(kind, &request, NULL, "other", 1700000100));
}
