/* Which ids are one vulnerability: union-find over what records call each other, with a guard: two
 * CVE ids never become one family through a third id (advisories that fix several CVEs). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct alias_set;

struct alias_set *alias_set_new(struct arena *arena);
/* False when the guard refused (both already stand for different CVEs). */
bool alias_join(struct alias_set *set, const char *a, const char *b);
/* The family's name: its CVE, else its GHSA, else the least id. The id itself if unknown. */
const char *alias_family(struct alias_set *set, const char *id);
/* CVE before GHSA before the rest, then by bytes. */
int vulnerability_id_compare(const char *a, const char *b);
bool vulnerability_is_cve(const char *id); /* CVE-YYYY-NNNN… exactly */
