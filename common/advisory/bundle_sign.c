#include "advisory/bundle_sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

static void key_release(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void context_release(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static EVP_PKEY *key_read(const char *path, bool private, struct error *err)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        error_fill(err, ERROR_INPUT, "%s: cannot be read", path);
        return NULL;
    }
    EVP_PKEY *key = private ? PEM_read_PrivateKey(file, NULL, NULL, NULL)
                            : PEM_read_PUBKEY(file, NULL, NULL, NULL);
    fclose(file);
    if (key && EVP_PKEY_base_id(key) == EVP_PKEY_ED25519)
        return key;
    EVP_PKEY_free(key);
    error_fill(err, ERROR_INPUT, "%s: not an Ed25519 %s key in PEM", path,
               private ? "private" : "public");
    return NULL;
}

bool bundle_sign(const char *key_file, struct slice bytes,
                 unsigned char signature[static SIGNATURE_BYTES], struct error *err)
{
    size_t length = SIGNATURE_BYTES;
    EVP_PKEY *key scoped(key_release) = key_read(key_file, true, err);
    EVP_MD_CTX *context scoped(context_release) = EVP_MD_CTX_new();
    if (!key)
        return false;
    if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &length, (const unsigned char *)bytes.data,
                       bytes.length) != 1 ||
        length != SIGNATURE_BYTES)
        return error_set(err, ERROR_FATAL, "%s: cannot sign", key_file);
    return true;
}

bool bundle_check(const char *key_file, struct slice bytes, struct slice signature,
                  struct error *err)
{
    EVP_PKEY *key scoped(key_release) = key_read(key_file, false, err);
    EVP_MD_CTX *context scoped(context_release) = EVP_MD_CTX_new();
    if (!key)
        return false;
    if (!context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
        return error_set(err, ERROR_FATAL, "%s: cannot verify", key_file);
    if (EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.length,
                         (const unsigned char *)bytes.data, bytes.length) != 1)
        return error_set(err, ERROR_INPUT, "not signed by the key in %s", key_file);
    return true;
}
