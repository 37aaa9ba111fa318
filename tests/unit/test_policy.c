#include "advisory/policy.h"
#include "base/clock.h"
#include "test.h"

enum { DAY = 86400 };

static const int64_t now = 1780000000;

static struct policy parse(struct arena *arena, const char *text)
{
    struct policy policy = {0};
    struct error err = {0};
    if (!policy_parse(slice_of(text), "policy", arena, &policy, &err))
        fail_msg("%s", err.text);
    return policy;
}

static void refused(const char *text, const char *why)
{
    struct arena *arena = arena_new();
    struct policy policy = {0};
    struct error err = {0};
    assert_false(policy_parse(slice_of(text), "policy", arena, &policy, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    if (!strstr(err.text, why))
        fail_msg("%s lacks %s", err.text, why);
    arena_free(arena);
}

static enum policy_verdict decide(const char *text, const struct policy_subject *subject)
{
    struct arena *arena = arena_new();
    struct policy policy = parse(arena, text);
    const struct policy_rule *rule;
    enum policy_verdict verdict = policy_decide(&policy, subject, now, &rule);
    assert_int_equal(rule != NULL, verdict != POLICY_PASSES);
    arena_free(arena);
    return verdict;
}

TEST(each_condition_of_a_policy_decides)
{
    static const char *const aliases[] = {"GHSA-aaaa-bbbb-cccc"};
    static const struct {
        const char *condition;
        bool holds;
    } rows[] = {
        {"vulnerability: CVE-2024-0001", true},
        {"vulnerability: GHSA-aaaa-bbbb-cccc", true},
        {"vulnerability: CVE-2024-*", true},
        {"vulnerability: CVE-2024-0002", false},
        {"package: openssl", true},
        {"package: '*ssl'", true},
        {"package: '*pens*'", true},
        {"package: ssl", false},
        {"type: deb", true},
        {"type: rpm", false},
        {"tier: os", true},
        {"tier: application", false},
        {"state: fixed", true},
        {"state: affected", false},
        {"severity: high", true},
        {"severity: critical", false},
        {"severity-most: high", true},
        {"severity-most: medium", false},
        {"fix: true", true},
        {"fix: false", false},
        {"kev: yes", true},
        {"kev: no", false},
        {"epss: 0.5", true},
        {"epss: 0.51", false},
        {"risk: 60", true},
        {"risk: 61", false},
        {"older-than: 10d", true},
        {"older-than: 11d", false},
        {"fix-older-than: 5d", true},
        {"fix-older-than: 6d", false},
        {"end-of-life: true", true},
        {"end-of-life: false", false},
        {"{severity: high, fix: true, tier: os}", true},
        {"{severity: high, fix: true, tier: stack}", false},
    };
    struct finding finding = {.vulnerability = "CVE-2024-0001",
                              .aliases = aliases,
                              .alias_count = 1,
                              .state = STATE_FIXED,
                              .severity = "high",
                              .epss = 0.5,
                              .risk = 60,
                              .kev_added = now - DAY};
    struct policy_subject subject = {.finding = &finding,
                                     .package = "openssl",
                                     .type = "deb",
                                     .tier = "os",
                                     .published = now - 10 * DAY,
                                     .fixed_at = now - 5 * DAY,
                                     .end_of_life = true};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < array_count(rows); i++) {
        const char *gate = arena_printf(arena, "fail:\n- %s\n", rows[i].condition);
        if ((decide(gate, &subject) == POLICY_FAILS) != rows[i].holds)
            fail_msg("%s", rows[i].condition);
    }
    arena_free(arena);
}

TEST(an_ignore_rule_ends_and_says_so)
{
    struct arena *arena = arena_new();
    struct finding finding = {.vulnerability = "CVE-2024-0001", .severity = "low"};
    struct policy_subject subject = {.finding = &finding, .package = "p", .type = "deb"};
    char day[32];
    clock_format(now, day);
    const char *today = arena_printf(
        arena, "ignore: [{vulnerability: CVE-2024-0001, reason: r, owner: o, expires: %.10s}]",
        day);
    struct policy policy = parse(arena, today);
    assert_non_null(policy_ignores(&policy, &subject, now));
    assert_null(policy_expired(&policy, &subject, now));
    assert_null(policy_ignores(&policy, &subject, now + DAY));
    const struct policy_rule *rule = policy_expired(&policy, &subject, now + DAY);
    assert_non_null(rule);
    assert_string_equal(rule->owner, "o");
    arena_free(arena);
}

TEST(ignored_before_failed_and_unknown_severity_is_undecided)
{
    struct finding finding = {.vulnerability = "CVE-1-1", .severity = "unknown", .epss = -1};
    struct policy_subject subject = {.finding = &finding, .package = "p", .type = "deb"};
    assert_int_equal(decide("fail: [{severity: critical}]", &subject), POLICY_UNDECIDED);
    assert_int_equal(decide("fail: [{severity: critical, package: q}]", &subject), POLICY_PASSES);
    assert_int_equal(decide("{unknown-severity: low, fail: [{severity: high}]}", &subject),
                     POLICY_PASSES);
    assert_int_equal(decide("{unknown-severity: high, fail: [{severity: high}]}", &subject),
                     POLICY_FAILS);
    assert_int_equal(decide("fail: [{package: p}]", &subject), POLICY_FAILS);
    assert_int_equal(decide("{fail: [{package: p}], ignore: [{package: p, reason: r}]}", &subject),
                     POLICY_IGNORED);
    /* severity-most never ignores what nobody rated */
    assert_int_equal(decide("ignore: [{severity-most: low, reason: r}]", &subject), POLICY_PASSES);
    assert_int_equal(decide("{}", &subject), POLICY_PASSES);
}

TEST(the_age_of_a_fix_is_that_of_the_record_that_has_it)
{
    struct assertion open = {.published = 100, .modified = 900}, fixed = {.modified = 700};
    struct finding_evidence evidence[] = {{.assertion = &open, .state = STATE_AFFECTED},
                                          {.assertion = &fixed, .state = STATE_FIXED}};
    struct finding finding = {.evidence = evidence, .evidence_count = 2};
    int64_t published, fixed_at;
    policy_dates(&finding, &published, &fixed_at);
    assert_int_equal(published, 100);
    assert_int_equal(fixed_at, 700);
}

TEST(a_wrong_policy_is_refused_by_line)
{
    refused("ignore:\n- vulnerability: CVE-1-1\n", "line 2: an ignore rule needs a reason");
    refused("fail:\n- severity: bad\n", "severity: not a value for it");
    refused("fail:\n- colour: red\n", "colour: no such condition");
    refused("allow: []\n", "at the top");
    refused("- a\n", "at the top");
    refused("", "empty");
    refused("fail: &a []\nignore: *a\n", "aliases");
    refused("fail: [{epss: 2}]", "not a value");
    refused("fail: [{older-than: soon}]", "not a value");
    refused("ignore: [{reason: r, expires: 2026-13-01}]", "not a value");
    refused("unknown-severity: maybe", "not a severity");
    refused("fail: [{package: [a]}]", "a rule's value is a word");
    refused("fail: [", "line");
}
