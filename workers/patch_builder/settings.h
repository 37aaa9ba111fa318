#pragma once

struct patch_builder_settings {
    const char *ca_file, *docker_config, *private_hosts, *repositories_file, *temporary;
};
