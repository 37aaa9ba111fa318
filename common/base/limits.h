/* Every cap, once, with its reason. Caps that an operator may want to move are settings instead. */
#pragma once

enum {
    /* A message wakes, it does not carry (architecture.md 3.1): ids and digests. */
    LIMIT_MESSAGE_BYTES = 64 * 1024,
    /* Registries themselves refuse manifests over 4 MiB (distribution-spec 1.1, "Pushing
       Manifests"). */
    LIMIT_MANIFEST_BYTES = 4 * 1024 * 1024,
    LIMIT_CONFIG_BYTES = 8 * 1024 * 1024,
    LIMIT_LAYERS = 512,             /* overlayfs stops at 127 to 500; we patch up to 127 */
    LIMIT_LAYERS_PATCHED = 127,     /* what Docker's overlay2 can mount */
    LIMIT_INDEX_DEPTH = 4,          /* indexes of indexes */
    LIMIT_INDEX_CHILDREN = 1000,    /* real ones have under 50 */
    LIMIT_ENTRIES = 2000000,        /* files in a layer; the largest real ones have 600,000 */
    LIMIT_PATH_BYTES = 4096,        /* PATH_MAX */
    LIMIT_PATH_DEPTH = 128,         /* real trees stay under 40 */
    LIMIT_LINK_HOPS = 40,           /* as the kernel's ELOOP */
    LIMIT_NESTING = 8,              /* archives in archives (jar in war in ear) */
    LIMIT_ARCHIVE_ENTRIES = 400000, /* entries of a jar or wheel */
    LIMIT_JSON_DEPTH = 64,
    LIMIT_PACKAGES = 1000000, /* in one image: a cap on memory, far above the largest real ones */
    LIMIT_WARNINGS = 1000,    /* kept in full; the rest is counted */
    LIMIT_BODY_BYTES = 1024 * 1024, /* an HTTP request body at the gateway */
};

#define LIMIT_LAYER_INFLATED_BYTES (32LL * 1024 * 1024 * 1024) /* largest real: CUDA, 15 GiB */
#define LIMIT_LAYER_RATIO 1100 /* deflate cannot exceed 1032; zstd and xz bombs can */
#define LIMIT_DATABASE_BYTES (256LL * 1024 * 1024)  /* a package database held whole */
#define LIMIT_NESTED_BYTES (512LL * 1024 * 1024)    /* a nested archive held whole */
#define LIMIT_SMALL_FILE_BYTES (16LL * 1024 * 1024) /* metadata files: package.json, METADATA */
