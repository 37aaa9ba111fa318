#include "service/secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/slice.h"

enum { KEY_BYTES = 32, NONCE_BYTES = 12, TAG_BYTES = 16, SECRET_MOST = 4096 };

static bool file_text(struct arena *arena, const char *path, size_t *length, const char **out,
                      struct error *err)
{
    char *text = arena_alloc(arena, SECRET_MOST + 1);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(err, ERROR_FATAL, "secret file %s: %s", path, strerror(errno));
    *length = fread(text, 1, SECRET_MOST, file);
    fclose(file);
    *out = text;
    return true;
}

static bool load_key(struct arena *arena, const char *key_file, unsigned char key[KEY_BYTES],
                     struct error *err)
{
    size_t length;
    const char *text;
    if (!key_file || !*key_file)
        return error_set(err, ERROR_FATAL, "a sealed secret, but no " SECRET_KEY_SETTING);
    if (!file_text(arena, key_file, &length, &text, err))
        return false;
    if (length < KEY_BYTES)
        return error_set(err, ERROR_FATAL, "%s: shorter than %d bytes", key_file, KEY_BYTES);
    memcpy(key, text, KEY_BYTES);
    return true;
}

bool secret_seal(struct arena *arena, const char *secret, const char *key_file, const char **out,
                 struct error *err)
{
    unsigned char key[KEY_BYTES];
    size_t length = strlen(secret);
    int size = 0;

    *out = secret;
    if (!key_file || !*key_file || length == 0 || strncmp(secret, "file:/", 6) == 0)
        return true;
    if (length > SECRET_MOST)
        return error_set(err, ERROR_INPUT, "a secret of over %d bytes", SECRET_MOST);
    if (!load_key(arena, key_file, key, err))
        return false;
    unsigned char *bytes = arena_alloc(arena, NONCE_BYTES + length + TAG_BYTES);
    random_bytes(bytes, NONCE_BYTES);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool ok = EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, bytes) == 1 &&
              EVP_EncryptUpdate(context, bytes + NONCE_BYTES, &size, (const unsigned char *)secret,
                                (int)length) == 1 &&
              EVP_EncryptFinal_ex(context, bytes + NONCE_BYTES + length, &size) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES,
                                  bytes + NONCE_BYTES + length) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!ok)
        return error_set(err, ERROR_FATAL, "sealing a secret failed");
    size_t total = NONCE_BYTES + length + TAG_BYTES;
    char *text = arena_alloc(arena, 7 + (total + 2) / 3 * 4 + 1);
    memcpy(text, "sealed:", 7);
    EVP_EncodeBlock((unsigned char *)text + 7, bytes, (int)total);
    *out = text;
    return true;
}

static bool unseal(struct arena *arena, const char *text, const unsigned char *key,
                   const char **out)
{
    size_t length = strlen(text);
    if (length == 0 || length % 4 != 0)
        return false;
    unsigned char *bytes = arena_alloc(arena, length);
    int got = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length), size = 0;
    size_t total =
        got < 0 ? 0 : (size_t)got - (text[length - 1] == '=') - (size_t)(text[length - 2] == '=');
    if (total < NONCE_BYTES + TAG_BYTES)
        return false;
    size_t plain = total - NONCE_BYTES - TAG_BYTES;
    unsigned char *secret = arena_alloc(arena, plain + 1);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool ok = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, bytes) == 1 &&
              EVP_DecryptUpdate(context, secret, &size, bytes + NONCE_BYTES, (int)plain) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES,
                                  bytes + NONCE_BYTES + plain) == 1 &&
              EVP_DecryptFinal_ex(context, secret + plain, &size) == 1;
    EVP_CIPHER_CTX_free(context);
    *out = (const char *)secret;
    return ok;
}

bool secret_open(struct arena *arena, const char *stored, const char *key_file, const char **out,
                 struct error *err)
{
    unsigned char key[KEY_BYTES];
    size_t length;

    *out = stored ? stored : "";
    if (strncmp(*out, "file:/", 6) == 0) {
        char *text;
        if (!file_text(arena, stored + 5, &length, out, err))
            return false;
        text = arena_strndup(arena, *out, length);
        text[strcspn(text, "\r\n")] = '\0';
        *out = text;
        return true;
    }
    if (strncmp(*out, "sealed:", 7) != 0)
        return true;
    if (!load_key(arena, key_file, key, err))
        return false;
    if (!unseal(arena, stored + 7, key, out))
        return error_set(err, ERROR_FATAL, "a sealed secret does not open with this key");
    return true;
}
