/* Which installed packages go to which versions. Pure. Whole source sets move together; holds are
 * respected; Depends, Pre-Depends, Breaks and Conflicts are checked on the state that would be; a
 * package that would need a new one is kept back, as `apt-get upgrade` does. What is kept back is
 * a refusal with its rule:
 *   R2-hold            "hold ok installed"
 *   R2-source          the candidate belongs to another source, or an arch or state we do not touch
 *   R2-dependency      Depends or Pre-Depends would not hold (names the missing one)
 *   R2-conflict        Breaks or Conflicts would not hold
 *   R2-state           half-configured, triggers pending: the database needs care first
 *   …                  and what the engine says of a package (R3 to R14, unreviewed-script) */
#pragma once

#include "advisory/apt_index.h"
#include "base/digest.h"
#include "patch/dpkg_db.h"

struct candidate {
    struct apt_package package;
    const char *uri;   /* of the repository: package.filename is relative to it */
    const char *suite; /* codename it comes from */
};

struct plan_refusal {
    const char *package, *rule, *text;
};

struct plan_item {
    const struct dpkg_package *old;
    const struct candidate *new;
};

struct plan {
    struct plan_item *items; /* by name, arch */
    size_t count, capacity;
    struct plan_refusal *refusals; /* by package */
    size_t refusal_count, refusal_capacity;
};

/* held: what earlier rounds refused, with the reason; their whole source sets stay. only (NULL:
 * all): sources to move, for a patch of a few. */
void plan_make(struct arena *arena, const struct dpkg_db *installed,
               const struct candidate *candidates, size_t candidate_count,
               const struct plan_refusal *held, size_t held_count, struct plan *out);
/* <0, 0, >0; what is no version sorts as text. */
int deb_version_compare(const char *a, const char *b);
/* A digest over names, versions and rules: two equal plans are one patch. */
void plan_digest(const struct plan *plan, char out[static DIGEST_TEXT_SIZE]);
