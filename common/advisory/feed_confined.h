/* Feeds are foreign bytes: the confined reader turns them into a shelf, and only the shelf's
 * checked format is read here. */
#pragma once

#include "advisory/shelf.h"
#include "advisory/source.h"

struct feed_request {
    int fd;                               /* the file, at its beginning; borrowed */
    const char *name;                     /* file name: some formats put the release there */
    const struct advisory_source *source; /* NULL: recognised */
    const char *source_name;              /* instead of source->name: "apt:bookworm"; NULL */
    const char *format;                   /* NULL: the source's */
    int64_t now;                          /* Unix s: nothing is of later */
    int64_t as_of;                        /* the file's own age, where the feed says none; 0 */
    int64_t deadline_s;                   /* 0: 600 */
};

/* *out_fd: a sealed-off temporary file with the shelf, the caller's to close. */
bool feed_confined_import(const struct feed_request *request, int *out_fd, struct shelf **out,
                          struct error *err);

/* The reader's side: descriptor 0 → shelf on descriptor 1. argv: FORMAT|auto SOURCE|auto NAME NOW
 * AS_OF
 */
bool feed_reader_run(int argc, char **argv, struct error *err);
