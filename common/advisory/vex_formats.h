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

/* An in-toto statement, or a DSSE envelope (payload base64) around one: its predicate. NULL:
 * neither. Signatures are not checked: whoever hands the document over vouches for it. */
const json_t *vex_predicate(const json_t *root, struct arena *arena);
