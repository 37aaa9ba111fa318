/* Attributes used everywhere. `scoped(f)` declares and owns in one line: f(&variable) runs when the
 * block ends, so the variable must be initialised. It does not run on exit(). */
#pragma once

#define scoped(release) __attribute__((cleanup(release)))
#define must_check __attribute__((warn_unused_result))
#define like_printf(position, first) __attribute__((__format__(__printf__, position, first)))
#define array_count(array) (sizeof(array) / sizeof((array)[0]))
