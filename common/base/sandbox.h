/* The cage of a confined program: called by the program itself, first thing in main, before any
 * hostile byte. rlimits and no_new_privs always; a seccomp allow-list and landlock where the kernel
 * has them. Under sanitizers the address-space limit and seccomp are off: they need more room. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sandbox {
    int64_t memory_bytes; /* address space; 0: no limit */
    int64_t cpu_s;        /* processor time; 0: no limit */
    int64_t file_bytes;   /* the largest file it may write; 0: none at all but pipes */
    int read_root_fd;     /* a directory below which files may be opened for reading; -1: none */
    int write_root_fd;    /* a directory below which anything may be done; -1: none */
    bool threads;         /* may start threads */
};

/* After true the program is confined. Describes what holds ("rlimit no_new_privs seccomp
 * landlock=3") for the start-up line. */
bool sandbox_enter(const struct sandbox *sandbox, struct error *err);
/* What sandbox_enter would get here, without entering. */
const char *sandbox_describe(void);
