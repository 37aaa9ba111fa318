#pragma once

#include <stdint.h>

struct patch_builder_settings {
    const char *ca_file, *docker_config, *private_hosts, *repositories_file, *temporary,
        *seal_key_file, *platforms;
    int64_t consent_days;
};
