/* The fetcher's own settings. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fetcher_settings {
    const char *blob_directory, *platforms, *ca_file, *docker_config, *private_hosts,
        *repositories_file, *seal_key_file, *sources_file;
    int64_t threads, lease_s;
};
