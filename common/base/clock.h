/* Time. Pure code takes times as arguments; only edges call these. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

int64_t clock_monotonic_ms(void);
int64_t clock_unix_s(void);
int64_t clock_unix_ms(void);
/* RFC 3339 in UTC with seconds: "2026-11-30T21:40:19Z". */
void clock_format(int64_t unix_s, char out[static 32]);
/* RFC 3339 with an offset and optional fraction (dropped). */
bool clock_parse(struct slice text, int64_t *unix_s);
/* RFC 5322 / HTTP dates as in Release files: "Sat, 08 Nov 2025 09:12:00 UTC" (also GMT, +0000). */
bool clock_parse_http(struct slice text, int64_t *unix_s);
