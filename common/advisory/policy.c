#include "advisory/policy.h"

#include <yaml.h>

#include "base/clock.h"
#include "base/limits.h"

struct parsing {
    yaml_parser_t parser;
    struct arena *arena;
    const char *name;
    struct error *err;
};

static bool wrong(struct parsing *p, const yaml_event_t *event, const char *what)
{
    return error_set(p->err, ERROR_INPUT, "line %zu: %s", event->start_mark.line + 1, what);
}

static bool next(struct parsing *p, yaml_event_t *event)
{
    if (!yaml_parser_parse(&p->parser, event))
        return error_set(p->err, ERROR_INPUT, "line %zu: %s", p->parser.problem_mark.line + 1,
                         p->parser.problem ? p->parser.problem : "not YAML");
    if (event->type == YAML_ALIAS_EVENT) {
        yaml_event_delete(event);
        return error_set(p->err, ERROR_INPUT, "aliases are not read");
    }
    return true;
}

static char *scalar_text(const struct parsing *p, const yaml_event_t *event)
{
    return arena_strndup(p->arena, (const char *)event->data.scalar.value,
                         event->data.scalar.length);
}

static bool parse_flag(const char *text, int *out)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
        *out = 1;
    else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
        *out = 0;
    else
        return false;
    return true;
}

static bool parse_number(const char *text, double most, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == 0 && *out >= 0 && *out <= most;
}

/* "2026-12-31", good through the day, or a whole time. */
static bool parse_expiry(struct arena *arena, const char *text, int64_t *out)
{
    if (strlen(text) == 10)
        text = arena_printf(arena, "%sT23:59:59Z", text);
    return clock_parse(slice_of(text), out);
}

static bool parse_age(const char *text, int64_t *out)
{
    struct slice s = slice_of(text);
    uint64_t days;
    if (slice_has_suffix(s, "d"))
        s = slice_sub(s, 0, s.length - 1);
    if (!slice_parse_u64(s, &days) || days > 36500)
        return false;
    *out = (int64_t)days * 86400;
    return true;
}

static bool set_field(struct policy_rule *rule, const char *key, const char *value,
                      struct arena *arena, bool *known)
{
    const struct {
        const char *name;
        const char **place;
    } texts[] = {
        {"name", &rule->name},       {"vulnerability", &rule->vulnerability},
        {"package", &rule->package}, {"type", &rule->type},
        {"tier", &rule->tier},       {"state", &rule->state},
        {"owner", &rule->owner},     {"reason", &rule->reason},
    };
    *known = true;
    for (size_t i = 0; i < array_count(texts); i++)
        if (strcmp(texts[i].name, key) == 0) {
            *texts[i].place = value;
            return *value != 0;
        }
    if (strcmp(key, "severity") == 0)
        return severity_parse(slice_of(value), &rule->severity_least);
    if (strcmp(key, "severity-most") == 0)
        return severity_parse(slice_of(value), &rule->severity_most);
    if (strcmp(key, "fix") == 0)
        return parse_flag(value, &rule->fix);
    if (strcmp(key, "kev") == 0)
        return parse_flag(value, &rule->kev);
    if (strcmp(key, "epss") == 0)
        return parse_number(value, 1, &rule->epss_least);
    if (strcmp(key, "risk") == 0)
        return parse_number(value, 100, &rule->risk_least);
    if (strcmp(key, "older-than") == 0)
        return parse_age(value, &rule->older_than_s);
    if (strcmp(key, "fix-older-than") == 0)
        return parse_age(value, &rule->fix_older_than_s);
    if (strcmp(key, "end-of-life") == 0)
        return parse_flag(value, &rule->end_of_life);
    if (strcmp(key, "expires") == 0)
        return parse_expiry(arena, value, &rule->expires);
    *known = false;
    return false;
}

static bool parse_rule(struct parsing *p, struct policy_rule *rule)
{
    *rule = (struct policy_rule){
        .fix = -1, .kev = -1, .epss_least = -1, .risk_least = -1, .end_of_life = -1};
    for (;;) {
        yaml_event_t key, value;
        if (!next(p, &key))
            return false;
        if (key.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&key);
            return true;
        }
        bool ok = key.type == YAML_SCALAR_EVENT || wrong(p, &key, "a rule's key is a word");
        const char *name = ok ? scalar_text(p, &key) : "";
        yaml_event_delete(&key);
        if (!ok || !next(p, &value))
            return false;
        bool known = true;
        if (value.type != YAML_SCALAR_EVENT)
            ok = wrong(p, &value, "a rule's value is a word");
        else if (!set_field(rule, name, scalar_text(p, &value), p->arena, &known))
            ok = wrong(p, &value,
                       arena_printf(
                           p->arena,
                           known ? "%.40s: not a value for it" : "%.40s: no such condition", name));
        yaml_event_delete(&value);
        if (!ok)
            return false;
    }
}

static bool expect(struct parsing *p, yaml_event_type_t type, const char *what)
{
    yaml_event_t event;
    if (!next(p, &event))
        return false;
    bool ok = event.type == type || wrong(p, &event, what);
    yaml_event_delete(&event);
    return ok;
}

static bool parse_rules(struct parsing *p, bool ignore, struct policy *out)
{
    if (!expect(p, YAML_SEQUENCE_START_EVENT, "a list of rules is expected"))
        return false;
    for (;;) {
        yaml_event_t event;
        struct policy_rule rule;
        if (!next(p, &event))
            return false;
        yaml_event_type_t type = event.type;
        size_t line = event.start_mark.line + 1;
        bool ok = type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_START_EVENT ||
                  wrong(p, &event, "a rule is a mapping");
        yaml_event_delete(&event);
        if (!ok || type == YAML_SEQUENCE_END_EVENT)
            return ok;
        if (!parse_rule(p, &rule))
            return false;
        if (ignore && (!rule.reason || !*rule.reason))
            return error_set(p->err, ERROR_INPUT, "line %zu: an ignore rule needs a reason", line);
        if (!rule.name)
            rule.name = arena_printf(p->arena, "line %zu", line);
        if (ignore) {
            arena_push(p->arena, out->ignore, out->ignore_count, out->ignore_capacity);
            out->ignore[out->ignore_count++] = rule;
        } else {
            arena_push(p->arena, out->fail, out->fail_count, out->fail_capacity);
            out->fail[out->fail_count++] = rule;
        }
    }
}

static bool parse_unknown(struct parsing *p, struct policy *out)
{
    yaml_event_t event;
    if (!next(p, &event))
        return false;
    bool ok = (event.type == YAML_SCALAR_EVENT &&
               severity_parse(slice_of(scalar_text(p, &event)), &out->unknown_severity)) ||
              wrong(p, &event, "unknown-severity: not a severity");
    yaml_event_delete(&event);
    return ok;
}

static bool parse_root(struct parsing *p, struct policy *out)
{
    static const char keys[] = "a policy has `ignore`, `fail` and `unknown-severity` at the top";
    if (!expect(p, YAML_STREAM_START_EVENT, "empty") ||
        !expect(p, YAML_DOCUMENT_START_EVENT, "empty") ||
        !expect(p, YAML_MAPPING_START_EVENT, keys))
        return false;
    for (;;) {
        yaml_event_t event;
        if (!next(p, &event))
            return false;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        const char *key = event.type == YAML_SCALAR_EVENT ? scalar_text(p, &event) : "";
        bool ignore = strcmp(key, "ignore") == 0, unknown = strcmp(key, "unknown-severity") == 0;
        bool ok = ignore || unknown || strcmp(key, "fail") == 0 || wrong(p, &event, keys);
        yaml_event_delete(&event);
        if (!ok || !(unknown ? parse_unknown(p, out) : parse_rules(p, ignore, out)))
            return false;
    }
}

bool policy_parse(struct slice bytes, const char *name, struct arena *arena, struct policy *out,
                  struct error *err)
{
    struct parsing p = {.arena = arena, .name = name, .err = err};
    if (bytes.length > LIMIT_SMALL_FILE_BYTES)
        return error_set(err, ERROR_INPUT, "a policy of %zu bytes", bytes.length);
    if (!yaml_parser_initialize(&p.parser))
        return error_set(err, ERROR_FATAL, "cannot start libyaml");
    yaml_parser_set_input_string(&p.parser, (const unsigned char *)(bytes.data ? bytes.data : ""),
                                 bytes.length);
    bool ok = parse_root(&p, out);
    yaml_parser_delete(&p.parser);
    return ok;
}

static bool text_fits(const char *pattern, const char *text)
{
    size_t length = pattern ? strlen(pattern) : 0, have = text ? strlen(text) : 0;
    if (length == 0)
        return true;
    bool open_start = pattern[0] == '*', open_end = length > 1 && pattern[length - 1] == '*';
    const char *core = pattern + open_start;
    size_t core_length = length - open_start - open_end;
    if (core_length > have)
        return false;
    if (!open_start && !open_end)
        return have == core_length && memcmp(text, core, have) == 0;
    if (open_start && open_end)
        return core_length == 0 || memmem(text, have, core, core_length) != NULL;
    return memcmp(open_end ? text : text + have - core_length, core, core_length) == 0;
}

static bool id_fits(const char *pattern, const struct finding *finding)
{
    if (text_fits(pattern, finding->vulnerability))
        return true;
    for (size_t i = 0; i < finding->alias_count; i++)
        if (text_fits(pattern, finding->aliases[i]))
            return true;
    return false;
}

static bool age_holds(int64_t least_s, int64_t since, int64_t now)
{
    return least_s == 0 || (since > 0 && now - since >= least_s);
}

static bool flag_holds(int asked, bool value)
{
    return asked < 0 || (asked != 0) == value;
}

/* Everything but expiry; `severity` is the finding's, or what an unknown one counts as. */
static bool holds(const struct policy_rule *rule, const struct policy_subject *s,
                  enum severity severity, int64_t now)
{
    const struct finding *f = s->finding;
    return id_fits(rule->vulnerability, f) && text_fits(rule->package, s->package) &&
           text_fits(rule->type, s->type) && text_fits(rule->tier, s->tier) &&
           text_fits(rule->state, advisory_state_name(f->state)) &&
           severity >= rule->severity_least &&
           (rule->severity_most == SEVERITY_UNKNOWN ||
            (severity != SEVERITY_UNKNOWN && severity <= rule->severity_most)) &&
           flag_holds(rule->fix, f->state == STATE_FIXED) &&
           flag_holds(rule->kev, f->kev_added > 0) &&
           flag_holds(rule->end_of_life, s->end_of_life) &&
           (rule->epss_least < 0 || f->epss >= rule->epss_least) &&
           (rule->risk_least < 0 || f->risk >= rule->risk_least) &&
           age_holds(rule->older_than_s, s->published, now) &&
           age_holds(rule->fix_older_than_s, s->fixed_at, now);
}

static bool expired(const struct policy_rule *rule, int64_t now)
{
    return rule->expires != 0 && now > rule->expires;
}

static enum severity severity_of(const struct policy_subject *subject)
{
    enum severity severity = SEVERITY_UNKNOWN;
    severity_parse(slice_of(subject->finding->severity), &severity);
    return severity;
}

static const struct policy_rule *first(const struct policy_rule *rules, size_t count,
                                       const struct policy_subject *subject, enum severity severity,
                                       bool want_expired, int64_t now)
{
    for (size_t i = 0; i < count; i++)
        if (expired(&rules[i], now) == want_expired && holds(&rules[i], subject, severity, now))
            return &rules[i];
    return NULL;
}

const struct policy_rule *policy_ignores(const struct policy *policy,
                                         const struct policy_subject *subject, int64_t now)
{
    return first(policy->ignore, policy->ignore_count, subject, severity_of(subject), false, now);
}

const struct policy_rule *policy_expired(const struct policy *policy,
                                         const struct policy_subject *subject, int64_t now)
{
    return first(policy->ignore, policy->ignore_count, subject, severity_of(subject), true, now);
}

const struct policy_rule *policy_fails(const struct policy *policy,
                                       const struct policy_subject *subject, int64_t now)
{
    enum severity severity = severity_of(subject);
    if (severity == SEVERITY_UNKNOWN)
        severity = policy->unknown_severity;
    return first(policy->fail, policy->fail_count, subject, severity, false, now);
}

enum policy_verdict policy_decide(const struct policy *policy, const struct policy_subject *subject,
                                  int64_t now, const struct policy_rule **rule)
{
    const struct policy_rule *found = policy_ignores(policy, subject, now);
    enum policy_verdict verdict = found ? POLICY_IGNORED : POLICY_PASSES;
    if (!found && (found = policy_fails(policy, subject, now)))
        verdict = POLICY_FAILS;
    bool open = !found && severity_of(subject) == SEVERITY_UNKNOWN &&
                policy->unknown_severity == SEVERITY_UNKNOWN;
    for (int as = SEVERITY_NEGLIGIBLE; open && !found && as <= SEVERITY_CRITICAL; as++) {
        found = first(policy->fail, policy->fail_count, subject, (enum severity)as, false, now);
        verdict = found ? POLICY_UNDECIDED : POLICY_PASSES;
    }
    if (rule)
        *rule = found;
    return verdict;
}

const char *policy_verdict_name(enum policy_verdict verdict)
{
    static const char *const names[] = {"passes", "ignored", "fails", "undecided"};
    return (size_t)verdict < array_count(names) ? names[verdict] : names[0];
}

static int64_t earlier(int64_t a, int64_t b)
{
    return b > 0 && (a == 0 || b < a) ? b : a;
}

void policy_dates(const struct finding *finding, int64_t *published, int64_t *fixed_at)
{
    *published = *fixed_at = 0;
    for (size_t i = 0; i < finding->evidence_count; i++) {
        const struct assertion *a = finding->evidence[i].assertion;
        *published = earlier(*published, a->published);
        if (finding->evidence[i].state == STATE_FIXED)
            *fixed_at = earlier(*fixed_at, a->published > 0 ? a->published : a->modified);
    }
}
