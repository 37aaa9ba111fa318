/* in-toto attestation framework v1 and DSSE v1, as `cosign attest` writes them. */
#include <openssl/evp.h>

#include "advisory/json_split.h"
#include "advisory/vex_formats.h"

static bool decode(const char *text, struct arena *arena, struct slice *out)
{
    size_t length = strlen(text), padding = 0;
    if (length == 0 || length % 4 != 0 || length > INT32_MAX)
        return false;
    for (; padding < 2 && text[length - 1 - padding] == '='; padding++)
        ;
    unsigned char *bytes = arena_alloc(arena, length / 4 * 3 + 1);
    int got = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
    if (got < 0)
        return false;
    *out = (struct slice){(const char *)bytes, (size_t)got - padding};
    return true;
}

const json_t *vex_predicate(const json_t *root, struct arena *arena)
{
    struct slice payload;
    struct error err = {0};
    if (*json_text(root, "payload") && *json_text(root, "payloadType"))
        root = decode(json_text(root, "payload"), arena, &payload)
                   ? json_document(payload, arena, &err)
                   : NULL;
    return *json_text(root, "predicateType") ? json_at(root, "predicate") : NULL;
}
