/* Debian repository indices (wiki.debian.org/DebianRepository/Format): the signed InRelease and the
 * Packages files it vouches for. Pure: bytes, keys and times come in; nothing is fetched here. */
#pragma once

#include "advisory/deb822.h"
#include "base/arena.h"
#include "base/error.h"

/* Keys of one source, the operator's: a keyring's bytes, binary or ASCII-armoured. */
struct apt_keyring {
    const char *name; /* for error texts */
    struct slice bytes;
};

struct apt_release_file {
    const char *path;   /* "main/binary-amd64/Packages.xz" */
    const char *sha256; /* hex */
    int64_t bytes;
};

struct apt_release {
    const char *origin, *label, *suite, *codename, *version;
    int64_t date, valid_until; /* Unix s; 0 = none */
    bool acquire_by_hash;
    bool not_automatic, but_automatic_upgrades; /* NotAutomatic: backports */
    const char **components, **architectures;
    size_t component_count, architecture_count;
    struct apt_release_file *files;
    size_t file_count, file_capacity;
    char signer[64]; /* key id of a good signature, hex */
};

/* Verifies the clear signature with the keys (one good signature by a key in them is enough, one
 * signed by an unknown key is ignored) and gives the signed text, which is all to be parsed. */
bool apt_inrelease_verify(struct slice inrelease, const struct apt_keyring *keys, size_t key_count,
                          struct arena *arena, struct slice *body, char signer[static 64],
                          struct error *err);
/* The same for Release with a detached Release.gpg. */
bool apt_release_verify_detached(struct slice release, struct slice signature,
                                 const struct apt_keyring *keys, size_t key_count,
                                 char signer[static 64], struct error *err);
bool apt_release_parse(struct slice body, struct arena *arena, struct apt_release *out,
                       struct error *err);
/* Valid-Until, dates in the future and "never older than last seen" (0 = never seen). */
bool apt_release_check(const struct apt_release *release, int64_t now, int64_t last_seen_date,
                       struct error *err);
/* Best of Packages.xz, .zst, .gz, .bz2, plain; NULL if the component and arch are not there. */
const struct apt_release_file *apt_release_packages(const struct apt_release *release,
                                                    const char *component, const char *arch);
/* Path under dists/<suite>/ to ask for: by-hash when the release offers it. */
const char *apt_release_request(const struct apt_release *release,
                                const struct apt_release_file *file, struct arena *arena);
/* Verifies size and SHA-256 of the bytes as they came. */
bool apt_release_file_verify(const struct apt_release_file *file, struct slice bytes,
                             struct error *err);

/* One stanza of Packages. Strings NULL when absent. */
struct apt_package {
    const char *name, *version, *arch;
    const char *source, *source_version; /* Source: "foo (1.2)"; as name/version when absent */
    const char *filename, *sha256;
    int64_t bytes, installed_kib;
    const char *depends, *pre_depends, *breaks, *conflicts, *replaces, *provides;
    const char *multi_arch, *section, *priority;
    bool essential;
    int phased; /* Ubuntu's Phased-Update-Percentage; 100 when absent */
};

/* Fills from a stanza; false (no error) if Package or Version is missing. Strings in arena. */
bool apt_package_read(const struct deb822_stanza *stanza, struct arena *arena,
                      struct apt_package *out);
/* "foo (1.2-3)" → name and version; version NULL when there is none. */
void apt_source_split(struct slice text, struct arena *arena, const char **name,
                      const char **version);
/* 1.2-3+b4 → 1.2-3: what a binary-only rebuild was made from. Same text when it is none. */
const char *apt_version_without_binnmu(const char *version, struct arena *arena);
