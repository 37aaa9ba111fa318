#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void hex_encode(const void *data, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(struct slice hex, void *out, size_t length)
{
    if (hex.length != 2 * length)
        return false;
    for (size_t i = 0; i < hex.length; i++) {
        if (hex_value(hex.data[i]) < 0)
            return false;
    }
    unsigned char *bytes = out;
    for (size_t i = 0; i < length; i++)
        bytes[i] =
            (unsigned char)(hex_value(hex.data[2 * i]) * 16 + hex_value(hex.data[2 * i + 1]));
    return true;
}

void digest_init(struct digest_stream *stream)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        abort();
    stream->context = context;
}

void digest_update(struct digest_stream *stream, const void *data, size_t length)
{
    if (EVP_DigestUpdate(stream->context, data, length) != 1)
        abort();
}

void digest_final(struct digest_stream *stream, char out[static DIGEST_TEXT_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_DigestFinal_ex(stream->context, bytes, &length) != 1)
        abort();
    memcpy(out, "sha256:", 7);
    hex_encode(bytes, DIGEST_BYTES, out + 7);
    digest_release(stream);
}

void digest_release(struct digest_stream *stream)
{
    EVP_MD_CTX_free(stream->context);
    stream->context = NULL;
}

void digest_of(const void *data, size_t length, char out[static DIGEST_TEXT_SIZE])
{
    struct digest_stream stream;
    digest_init(&stream);
    digest_update(&stream, data, length);
    digest_final(&stream, out);
}

bool digest_is_valid(const char *text)
{
    if (!text || strncmp(text, "sha256:", 7) != 0 || strlen(text) != DIGEST_TEXT_SIZE - 1)
        return false;
    for (const char *p = text + 7; *p; p++) {
        if (hex_value(*p) < 0 || (*p >= 'A' && *p <= 'F'))
            return false;
    }
    return true;
}

void hmac_sha256(struct slice key, struct slice data, unsigned char out[static DIGEST_BYTES])
{
    unsigned int length = 0;
    if (!HMAC(EVP_sha256(), key.data, (int)key.length, (const unsigned char *)data.data,
              data.length, out, &length))
        abort();
}

void random_bytes(void *out, size_t length)
{
    char *at = out;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got <= 0)
            abort();
        at += got;
        length -= (size_t)got;
    }
}

void uuid_new(char out[static 37])
{
    unsigned char b[16];
    random_bytes(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 9562, 5.4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}
