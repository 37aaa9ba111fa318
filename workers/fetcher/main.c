#include "base/config.h"
#include "fetcher/feeds.h"
#include "fetcher/handler.h"
#include "service/secret.h"
#include "service/worker.h"

static struct fetcher_settings settings;

#define ROW(member)                                                                                \
    setting_kind_of(struct fetcher_settings, member), offsetof(struct fetcher_settings, member)

static const struct setting rows[] = {
    {"RESOLE_BLOB_DIR", ROW(blob_directory), "",
     "directory shared by the workers that holds blobs by digest", .required = true},
    {"RESOLE_PLATFORMS", ROW(platforms), "all",
     "platforms of an index to read: all, or linux/amd64,linux/arm64"},
    {"RESOLE_FETCH_THREADS", ROW(threads), "4", "layers pulled at once for one image", 1, 16},
    {"RESOLE_LEASE_SECONDS", ROW(lease_s), "900",
     "how long one fetcher may pull a layer before another takes over", 10, 86400},
    {"RESOLE_CA_FILE", ROW(ca_file), "",
     "PEM file of certificate authorities, in place of the system's"},
    {"RESOLE_DOCKER_CONFIG_FILE", ROW(docker_config), "",
     "config.json with registry credentials; default: the usual places"},
    {"RESOLE_REPOSITORIES_FILE", ROW(repositories_file), "",
     "package sources that the operator trusts (sources.list(5), with signed-by): indices are read "
     "from these alone"},
    {"RESOLE_SOURCES_FILE", ROW(sources_file), "",
     "advisory sources at addresses of the operator, NAME ADDRESS a line: https, http or "
     "file:/PATH"},
    {"RESOLE_PRIVATE_HOSTS", ROW(private_hosts), "",
     "hosts and networks that may be private addresses"},
    {SECRET_KEY_SETTING, ROW(seal_key_file), "", SECRET_KEY_HELP},
};

static const struct worker fetcher = {
    .name = "fetcher",
    .about = "Resolves what registries tell of, records images and indexes, pulls layers that "
             "nobody has read yet.",
    .hears = {{&topic_image_pushed, on_image_pushed},
              {&topic_image_due, on_image_due},
              {&topic_feed_due, on_feed_due}},
    .tables = {{rows, array_count(rows), &settings}},
    .settings = &settings,
    .deadline_s = 1800,
    .start = fetcher_start,
    .stop = fetcher_stop,
    .parked = fetcher_parked,
};

int main(int argc, char **argv)
{
    return worker_main(argc, argv, &fetcher);
}
