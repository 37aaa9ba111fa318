#include "notifier/handler.h"

#include <string.h>

#include "base/clock.h"
#include "notifier/delivery.h"
#include "notifier/facts.h"
#include "service/secret.h"
#include "sql_worker_notifier.h"

#define ROW(setting_name, member, default_text, low, high, about)                                  \
    {                                                                                              \
        .name = (setting_name), .kind = setting_kind_of(struct notifier_settings, member),         \
        .offset = offsetof(struct notifier_settings, member), .fallback = (default_text),          \
        .help = (about), .least = (low), .most = (high)                                            \
    }

const struct setting notifier_setting_rows[] = {
    ROW("RESOLE_SMTP_URL", smtp_url, "", 0, 0, "smtp://HOST:PORT or smtps://…; none: no mail"),
    ROW("RESOLE_SMTP_USER", smtp_user, "", 0, 0, "to log in with"),
    {.name = "RESOLE_SMTP_PASSWORD",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct notifier_settings, smtp_password),
     .help = "its password, or file:/PATH",
     .secret = true},
    ROW("RESOLE_MAIL_FROM", mail_from, "resole@localhost", 0, 0, "sender of mail"),
    ROW("RESOLE_MAIL_MOST", mail_most, "65536", 1024, 10485760, "bytes of a mail's text"),
    ROW("RESOLE_CA_FILE", ca_file, "", 0, 0, "certificates to trust, in place of the system's"),
    ROW(SECRET_KEY_SETTING, seal_key_file, "", 0, 0, SECRET_KEY_HELP),
    ROW("RESOLE_WEBHOOK_PRIVATE_HOSTS", webhook_private_hosts, "", 0, 0,
        "hosts (host, host:port, network) that webhooks may reach though private"),
    ROW("RESOLE_FACT_HOLD_DOWN_S", hold_down_s, "86400", 0, 31536000,
        "a vulnerability that is back sooner after it went opens no new episode"),
    ROW("RESOLE_CONSENT_DAYS", consent_days, "14", 1, 365, "a consent asked for expires after"),
    ROW("RESOLE_DELIVERY_GIVE_UP_S", give_up_s, "259200", 60, 31536000,
        "an alert that could not be delivered for so long is parked"),
};
const size_t notifier_setting_count = array_count(notifier_setting_rows);

static struct notifier_settings settings;

enum { SWEEP_EVERY_MS = 5000 };

struct notifier {
    struct delivery *delivery;
    int64_t sweep_at_ms;
};

static bool on_finding_changed(struct job *job, struct error *err)
{
    struct finding_changed in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    const struct fact_scope scope = {
        .findings = in.findings, .image = in.image, .cause = in.cause, .silent = in.first_load};
    if (!tx)
        return false;
    if (in.findings.count == 0)
        return true;
    if (!facts_open(job, tx, &scope, err) || !facts_close(job, tx, &scope, err))
        return false;
    return !in.first_load || facts_summary(job, tx, in.source ? in.source : "", &in.findings, err);
}

/* Our own outputs too: what a rebased image no longer has is closed when it is used. */
static bool on_image_matched(struct job *job, struct error *err)
{
    struct image_matched in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    struct db_rows rows;
    bool bulk = in.cause && (strcmp(in.cause, "reader") == 0 || strcmp(in.cause, "matcher") == 0);
    const struct fact_scope scope = {.image = in.digest, .cause = in.cause, .silent = bulk};
    if (!tx || !facts_open(job, tx, &scope, err) ||
        !db_run(tx, &sql_applications_of_image, DB_ARGS(db_text(in.digest)), &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct fact_scope close = {.application = row_text(&rows, i, 0), .silent = bulk};
        if (!facts_patches_of(job, tx, close.application, err) ||
            !facts_close(job, tx, &close, err))
            return false;
    }
    return true;
}

static bool on_usage_reported(struct job *job, struct error *err)
{
    struct usage_reported in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    const struct fact_scope scope = {.application = in.application, .cause = "usage"};
    return tx && facts_open(job, tx, &scope, err) && facts_close(job, tx, &scope, err) &&
           facts_patches_of(job, tx, in.application, err);
}

static bool on_patch_built(struct job *job, struct error *err)
{
    struct patch_built in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    return tx && facts_patch(job, tx, in.patch, err);
}

static bool on_image_rebased(struct job *job, struct error *err)
{
    struct image_rebased in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    return tx && facts_rebased(job, tx, &in, err);
}

/* A decision is written by the gateway; of a withdrawal everybody who knew of the patch is told. */
static bool on_patch_decided(struct job *job, struct error *err)
{
    struct patch_decided in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    return tx && (strcmp(in.decision, "withdrawn") != 0 || facts_withdrawn(job, tx, in.patch, err));
}

static bool start(struct job *job, struct error *err)
{
    struct notifier *notifier = arena_new_object(job->arena, struct notifier);
    notifier->delivery = delivery_new(&settings, err);
    job->state = notifier;
    return notifier->delivery != NULL;
}

static void stop(void *state)
{
    struct notifier *notifier = state;
    if (notifier)
        delivery_free(notifier->delivery);
}

static bool idle(struct job *job, struct error *err)
{
    struct notifier *notifier = job->state;
    if (!delivery_run(notifier->delivery, job, err))
        return false;
    if (clock_monotonic_ms() < notifier->sweep_at_ms)
        return true;
    notifier->sweep_at_ms = clock_monotonic_ms() + SWEEP_EVERY_MS;
    struct db_tx *tx = job_tx(job, err);
    return tx && facts_sweep(job, tx, err);
}

int notifier_main(int argc, char **argv)
{
    const struct worker worker = {
        .name = "notifier",
        .about = "Decides which teams must know of a finding, a patch or an image's end of life, "
                 "and tells them once: alert topics, signed webhooks, chat, mail.",
        .hears = {{&topic_finding_changed, on_finding_changed},
                  {&topic_image_matched, on_image_matched},
                  {&topic_usage_reported, on_usage_reported},
                  {&topic_patch_built, on_patch_built},
                  {&topic_patch_decided, on_patch_decided},
                  {&topic_image_rebased, on_image_rebased}},
        .tables = {{notifier_setting_rows, array_count(notifier_setting_rows), &settings}},
        .settings = &settings,
        .start = start,
        .stop = stop,
        .idle = idle,
    };
    return worker_main(argc, argv, &worker);
}
