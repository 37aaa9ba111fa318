/* Ed25519 signatures (RFC 8032) over a bundle's list, with keys as `openssl genpkey -algorithm
 * ed25519` and `openssl pkey -pubout` write them. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

enum { SIGNATURE_BYTES = 64 };

bool bundle_sign(const char *key_file, struct slice bytes,
                 unsigned char signature[static SIGNATURE_BYTES], struct error *err);
/* ERROR_INPUT: not signed by the key. */
bool bundle_check(const char *key_file, struct slice bytes, struct slice signature,
                  struct error *err);
