/* Platforms: os/architecture[/variant] (OCI image-spec 1.1, image-index.md; Docker's normal forms).
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct platform {
    const char *os, *architecture, *variant; /* "" where not said, never NULL after a parse */
    const char *os_version;
};

/* "linux/arm64", "linux/arm/v7", "arm64" (os linux). Normal forms: x86_64 → amd64, aarch64 → arm64,
 * armhf → arm/v7, armel → arm/v6, arm64/v8 → arm64. */
bool platform_parse(struct arena *arena, const char *text, struct platform *out, struct error *err);
/* The normal form of what a descriptor or config says. */
struct platform platform_normalise(struct arena *arena, struct platform platform);
const char *platform_text(struct arena *arena, struct platform platform);
/* Of this machine; linux unless known otherwise. */
struct platform platform_here(void);
/* Does `have` serve `wanted`? An empty wanted variant takes any; os_version only if wanted says it.
 */
bool platform_matches(struct platform wanted, struct platform have);
/* "unknown/unknown": BuildKit's attestation children. */
bool platform_is_unknown(struct platform platform);
/* "all" or "linux/amd64,linux/arm64" (blanks or commas): is this one wanted? */
bool platform_is_listed(struct arena *arena, const char *list, struct platform platform);
