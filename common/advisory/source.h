/* The table of advisory sources, as data: what each is called, how it is read, where it is fetched
 * from unless the operator says otherwise, what it covers and how old is too old. A source without
 * default address is loaded by `resole advisory import` or read from the package repositories. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advisory/assertion.h"

enum source_covers {
    COVERS_PACKAGES,        /* names packages; a covered package with no assertion is clean */
    COVERS_FIXES_ONLY,      /* lists fixed ones only: silence is no proof (Alpine secdb) */
    COVERS_VULNERABILITIES, /* CVSS, EPSS, KEV */
    COVERS_RELEASES,        /* end of life */
};

struct advisory_source {
    const char *name;    /* "debian-tracker": as `advisory status` lists it */
    const char *format;  /* a row of the format table (feed.h) */
    const char *url;     /* default address, "" = none, or parts (below). Ends in a file name */
    const char *type;    /* package type it covers; "*" every type */
    const char *distro;  /* "" for language ecosystems, "*" any */
    const char *release; /* "" = every release the feed names */
    enum source_covers covers;
    int64_t max_age_s;   /* older: stale, and scans say so */
    const char *setting; /* mirror: RESOLE_SOURCE_…_URL */
    const char *about;
    const char *product; /* the one package it speaks of; NULL: all of its type */
};

/* A source of several files, one a release. On a server each part is a source of its own, called
 * "SOURCE:PART"; locally they are fetched together into one. */
struct advisory_source_part {
    const char *source, *part, *url;
};

const struct advisory_source *advisory_sources(size_t *count);
const struct advisory_source_part *advisory_source_parts(size_t *count);
/* By its name, or by "NAME:PART". */
const struct advisory_source *advisory_source_find(const char *name);
/* What its file is called at the default address: some formats have the release there. The name
 * itself when there is no address. */
const char *advisory_source_file(const char *name);
const char *source_covers_name(enum source_covers covers); /* as rows write it: "packages" */
/* Does the source speak of this package in this context? */
bool advisory_source_covers(const struct advisory_source *source, const char *type,
                            const char *name, const struct package_context *context);
