/* One function per VEX format. Internal to vex*.c. */
#pragma once

#include <jansson.h>

#include "advisory/vex.h"

bool vex_status_parse(const char *text, enum vex_status *out);
void vex_add(struct vex_set *set, const struct vex_statement *statement, struct arena *arena);

bool vex_parse_openvex(const json_t *root, const char *document, struct arena *arena,
                       struct vex_set *out, struct error *err);
bool vex_parse_csaf(const json_t *root, const char *document, struct arena *arena,
                    struct vex_set *out, struct error *err);
bool vex_parse_cyclonedx(const json_t *root, const char *document, struct arena *arena,
                         struct vex_set *out, struct error *err);
