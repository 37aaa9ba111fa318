/* Names of images: a registry reference (distribution-spec 1.1 grammar, Docker Hub's short names)
 * and the IMAGE argument of the command line with its transports (interfaces.md). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct reference {
    const char *host;       /* "docker.io", "localhost:5000", "[::1]:5000"; lower case */
    const char *repository; /* "library/debian" */
    const char *tag;        /* "" if none was given */
    const char *digest;     /* "" if none; sha256 (64 digits) or sha512 (128) */
};

/* [host[:port]/]repository[:tag][@digest]. "debian" is docker.io/library/debian; index.docker.io
 * and registry-1.docker.io are docker.io. The first part is a host if it has a dot or a colon, is
 * localhost, or has an upper-case letter. No tag is invented: reference_tag says "latest". */
bool reference_parse(struct arena *arena, const char *text, struct reference *out,
                     struct error *err);
bool reference_is_repository(struct slice text); /* distribution-spec's grammar, ≤ 255 bytes */
bool reference_is_tag(struct slice text);
bool reference_is_digest(struct slice text); /* sha256 or sha512, lower case */
/* The tag, or "latest" where neither tag nor digest was given, else "". */
const char *reference_tag(const struct reference *reference);
/* What a manifest request asks for: the digest if there is one, else the tag. */
const char *reference_target(const struct reference *reference);
/* host/repository[:tag][@digest], canonical. */
const char *reference_text(struct arena *arena, const struct reference *reference);

enum image_transport {
    IMAGE_REGISTRY,       /* bare reference, registry:REF, docker://REF */
    IMAGE_OCI,            /* oci:DIR[:tag][@digest] */
    IMAGE_OCI_ARCHIVE,    /* oci-archive:FILE[:tag] */
    IMAGE_DOCKER_ARCHIVE, /* docker-archive:FILE[:reference] */
    IMAGE_DIRECTORY,      /* dir:DIR: an unpacked root or a project tree */
    IMAGE_SBOM,           /* sbom:FILE */
    IMAGE_DOCKER,         /* docker:REF: the local daemon */
    IMAGE_PODMAN,         /* podman:REF */
    IMAGE_STDIN,          /* "-": an archive on standard input */
    IMAGE_PATH,           /* a bare path: source_open looks what stands there */
};

struct image_name {
    enum image_transport transport;
    const char *text;           /* as given */
    const char *path;           /* OCI, archives, directory, SBOM, path */
    const char *tag;            /* OCI and archives: what selects one image in it; "" if none */
    struct reference reference; /* registry, docker, podman */
};

/* A bare text that names an existing file or folder, or begins with "/", "./", "../", is a path;
 * any other bare text is a registry reference. */
bool image_name_parse(struct arena *arena, const char *text, struct image_name *out,
                      struct error *err);
