/* A TOML document as a jansson tree, as far as advisories use TOML (toml.io 1.0): tables, dotted
 * and quoted keys, strings of every kind, arrays, inline tables. Numbers, dates and booleans stay
 * the text they are. Arrays of tables are refused: no advisory has them. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* The tree lives as long as the arena. ERROR_INPUT with the line. */
json_t *toml_document(struct slice bytes, struct arena *arena, struct error *err);
