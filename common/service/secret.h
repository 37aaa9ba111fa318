/* Secrets at rest: registry passwords, event secrets, signing secrets. Stored as one of
 *   sealed:BASE64   AES-256-GCM (nonce, text, tag) under the key in a file
 *   file:/PATH      the content of that file, without its last newline
 *   anything else   the secret itself (an installation without a key file) */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/* The setting that names the key file, alike in every program that needs it. */
#define SECRET_KEY_SETTING "RESOLE_SEAL_KEY_FILE"
#define SECRET_KEY_HELP "file with 32 random bytes that seals secrets in the database"

/* NULL and "" open to "". ERROR_FATAL when the key is missing or wrong. */
bool secret_open(struct arena *arena, const char *stored, const char *key_file, const char **out,
                 struct error *err) must_check;
/* With no key file (NULL or "") the text itself. */
bool secret_seal(struct arena *arena, const char *secret, const char *key_file, const char **out,
                 struct error *err) must_check;
