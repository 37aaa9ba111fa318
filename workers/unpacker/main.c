#include <locale.h>

#include "base/config.h"
#include "service/worker.h"
#include "unpacker/handler.h"

static struct unpacker_settings settings;

#define ROW(member)                                                                                \
    setting_kind_of(struct unpacker_settings, member), offsetof(struct unpacker_settings, member)

static const struct setting rows[] = {
    {"RESOLE_BLOB_DIR", ROW(blob_directory), "",
     "directory shared by the workers that holds blobs by digest", .required = true},
    {"RESOLE_READER_SECONDS", ROW(reader_s), "500",
     "how long the confined reader may take over one layer", 1, 86400},
};

static const struct worker unpacker = {
    .name = "unpacker",
    .about = "Reads each layer once, in the confined reader, keeps what it says, and tells which "
             "images are whole.",
    .hears = {{&topic_layer_fetched, on_layer_fetched}},
    .tables = {{rows, array_count(rows), &settings}},
    .settings = &settings,
    .deadline_s = 600,
    .start = unpacker_start,
    .stop = unpacker_stop,
    .parked = unpacker_parked,
};

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    return worker_main(argc, argv, &unpacker);
}
