#pragma once

struct matcher_settings {
    const char *blob_dir, *sources;
};
