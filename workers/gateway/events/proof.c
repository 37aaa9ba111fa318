/* Who sent this: the ways that kinds of registry prove themselves, compared in constant time. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/digest.h"
#include "gateway/events/events.h"

enum { TIMESTAMP_SLACK_S = 300 }; /* as the Standard Webhooks specification advises */

static bool same(const char *a, const char *b)
{
    size_t length = strlen(a);
    return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

/* The secret as stored may be its SHA-256 in hex: enough for what is shown, not for signatures. */
static bool is_hash(const char *secret)
{
    return strspn(secret, "0123456789abcdef") == 64 && secret[64] == '\0';
}

static bool shown(const char *given, const char *secret)
{
    char hash[DIGEST_TEXT_SIZE];
    if (!is_hash(secret))
        return same(given, secret);
    digest_of(given, strlen(given), hash);
    return same(hash + 7, secret);
}

static bool basic_holds(const char *encoded, const char *secret)
{
    unsigned char plain[1024];
    size_t length = strlen(encoded);
    if (length == 0 || length % 4 != 0 || length / 4 * 3 >= sizeof(plain))
        return false;
    int got = EVP_DecodeBlock(plain, (const unsigned char *)encoded, (int)length);
    if (got < 0)
        return false;
    plain[(size_t)got - (encoded[length - 1] == '=') - (size_t)(encoded[length - 2] == '=')] = '\0';
    const char *colon = strchr((const char *)plain, ':');
    return colon && shown(colon + 1, secret);
}

static bool authorization_holds(unsigned proofs, const char *value, const char *secret)
{
    if (!value)
        return false;
    if ((proofs & PROOF_BASIC) && strncasecmp(value, "Basic ", 6) == 0)
        return basic_holds(value + 6, secret);
    if (!(proofs & PROOF_BEARER))
        return false;
    return shown(strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : value, secret);
}

static void hmac_hex(const EVP_MD *hash, const char *secret, struct slice body, char out[65])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(hash, secret, (int)strlen(secret), (const unsigned char *)body.data, body.length, mac,
         &length);
    hex_encode(mac, length, out);
}

static bool signature_holds(const EVP_MD *hash, const char *value, const char *prefix,
                            const char *secret, struct slice body)
{
    char hex[65];
    if (is_hash(secret) || !value || strncmp(value, prefix, strlen(prefix)) != 0)
        return false;
    hmac_hex(hash, secret, body, hex);
    return same(value + strlen(prefix), hex);
}

static bool standard_holds(const struct event_request *request, const char *secret, long long now_s)
{
    const char *id = event_header(request, "webhook-id");
    const char *at = event_header(request, "webhook-timestamp");
    const char *signatures = event_header(request, "webhook-signature");
    int64_t at_s;
    if (is_hash(secret) || !id || !at || !signatures || !slice_parse_i64(slice_of(at), &at_s) ||
        at_s < now_s - TIMESTAMP_SLACK_S || at_s > now_s + TIMESTAMP_SLACK_S)
        return false;
    struct buf signed_text scoped(buf_release) = {0};
    buf_printf(&signed_text, "%s.%s.", id, at);
    buf_put_slice(&signed_text, request->body);
    unsigned char mac[DIGEST_BYTES];
    hmac_sha256(slice_of(secret), buf_slice(&signed_text), mac);
    char text[64];
    EVP_EncodeBlock((unsigned char *)text, mac, DIGEST_BYTES);
    struct slice rest = slice_of(signatures), word;
    while (slice_take_word(&rest, &word)) {
        if (slice_has_prefix(word, "v1,") && word.length - 3 == strlen(text) &&
            CRYPTO_memcmp(word.data + 3, text, word.length - 3) == 0)
            return true;
    }
    return false;
}

bool event_proof_holds(const struct registry_kind *kind, const struct event_request *request,
                       const char *query_token, const char *secret, long long now_s)
{
    unsigned proofs = kind->proofs;
    const char *jfrog = event_header(request, "X-JFrog-Event-Auth");
    const char *gitlab = event_header(request, "X-Gitlab-Token");

    if (!secret || !*secret)
        return false;
    return authorization_holds(proofs, event_header(request, "Authorization"), secret) ||
           ((proofs & PROOF_GITHUB) &&
            signature_holds(EVP_sha256(), event_header(request, "X-Hub-Signature-256"),
                            "sha256=", secret, request->body)) ||
           ((proofs & PROOF_GITLAB) && gitlab && shown(gitlab, secret)) ||
           ((proofs & PROOF_NEXUS) &&
            signature_holds(EVP_sha1(), event_header(request, "X-Nexus-Webhook-Signature"), "",
                            secret, request->body)) ||
           ((proofs & PROOF_ARTIFACTORY) && jfrog &&
            (shown(jfrog, secret) ||
             signature_holds(EVP_sha256(), jfrog, "", secret, request->body))) ||
           ((proofs & PROOF_STANDARD) && standard_holds(request, secret, now_s)) ||
           ((proofs & PROOF_QUERY) && query_token && shown(query_token, secret));
}
