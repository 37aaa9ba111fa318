/* A YAML document as a jansson tree, for feeds that publish one small file a record. Scalars stay
 * the text they are ("1.10" is no number; dates and booleans too), a plain ~, null or nothing is
 * null. Anchors, aliases and documents after the first are refused: no feed uses them, and they
 * are how small files grow. (YAML 1.1, as libyaml reads it) */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* The tree lives as long as the arena. ERROR_INPUT with the line. */
json_t *yaml_document(struct slice bytes, struct arena *arena, struct error *err);
