/* VEX statements from OpenVEX 0.2, CSAF 2.0 (profile VEX, security advisory) and CycloneDX 1.4–1.6:
 * documents → statements, and which findings they take away. */
#pragma once

#include "advisory/match.h"

enum vex_status { VEX_NOT_AFFECTED, VEX_AFFECTED, VEX_FIXED, VEX_UNDER_INVESTIGATION };
const char *vex_status_name(enum vex_status status);

struct vex_statement {
    const char *document; /* file name, or the referrer's digest */
    const char *author;
    const char *vulnerability;
    const char *const *aliases;
    size_t alias_count;
    const char *product;      /* package URL, or the image; NULL: every product of the document */
    const char *subcomponent; /* package URL inside the product, NULL: the product itself */
    enum vex_status status;
    const char *justification, *text;
    int64_t timestamp;
    size_t order; /* place in the document, for ties */
};

struct vex_set {
    struct vex_statement *items;
    size_t count, capacity;
};

/* Recognises the format, also inside an in-toto statement or a DSSE envelope. Appends. */
bool vex_parse(struct slice bytes, const char *document, struct arena *arena, struct vex_set *out,
               struct error *err);

struct vex_product {
    const char *purl;       /* of the package */
    const char *image_purl; /* pkg:oci/… of the image, NULL unknown */
    const char *image_digest;
    const char *image_reference;
};
/* The statement that decides (the latest; most exact product), or NULL. */
const struct vex_statement *vex_find(const struct vex_set *set, const char *vulnerability,
                                     const char *const *aliases, size_t alias_count,
                                     const struct vex_product *product);
/* Does package URL `pattern` (version, qualifiers optional) cover `purl`? */
bool vex_purl_covers(const char *pattern, const char *purl);
