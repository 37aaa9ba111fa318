#include "patch_builder/handler.h"

#include "patch_builder/settings.h"
#include "patch_builder/work.h"

static struct patch_builder_settings settings;

#define ROW(member)                                                                                \
    setting_kind_of(struct patch_builder_settings, member),                                        \
        offsetof(struct patch_builder_settings, member)

static const struct setting rows[] = {
    {"RESOLE_CA_FILE", ROW(ca_file), "",
     "PEM file of certificate authorities, in place of the system's"},
    {"RESOLE_DOCKER_CONFIG_FILE", ROW(docker_config), "",
     "config.json with registry credentials; default: the usual places"},
    {"RESOLE_PRIVATE_HOSTS", ROW(private_hosts), "",
     "hosts and networks that may be private addresses"},
    {"RESOLE_REPOSITORIES_FILE", ROW(repositories_file), "",
     "package sources that the operator trusts (sources.list(5)); default: this machine's apt"},
    {"RESOLE_SPOOL_DIR", ROW(temporary), "", "folder for temporary files; default: TMPDIR, /tmp"},
};

static bool on_any(struct job *job, struct error *err)
{
    return work_once(job, err);
}

const struct worker patch_builder = {
    .name = "patch-builder",
    .about = "Patches managed images, announces what is proved better, puts applications on the "
             "new base when their teams agree or the policy says so.",
    .hears = {{&topic_image_matched, on_any}, {&topic_patch_decided, on_any}},
    .tables = {{rows, array_count(rows), &settings}},
    .settings = &settings,
    .deadline_s = 3600,
    .idle = work_once,
    .idle_ms = 3000,
};
