/* JKS (sun.security.provider.JavaKeyStore): big-endian, entries, then SHA-1 over password and data.
 */
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "patch/ca_store.h"

#define STORE "etc/ssl/certs/java/cacerts"
#define CERTS "etc/ssl/certs"
#define OURS "debian:"

#define JKS_MAGIC 0xfeedfeedU
enum { JKS_VERSION = 2, TAG_CERTIFICATE = 2, DIGEST_SHA1 = 20 };

struct java_entry {
    struct slice alias, raw; /* raw: the whole entry */
};

static bool take_number(struct slice *s, size_t width, uint64_t *out)
{
    if (s->length < width)
        return false;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out = *out << 8 | (unsigned char)s->data[i];
    *s = slice_sub(*s, width, s->length);
    return true;
}

static bool take_bytes(struct slice *s, size_t width, struct slice *out)
{
    uint64_t length;

    if (!take_number(s, width, &length) || length > s->length)
        return false;
    *out = slice_sub(*s, 0, (size_t)length);
    *s = slice_sub(*s, (size_t)length, s->length);
    return true;
}

static bool take_entry(struct slice *s, struct java_entry *out)
{
    struct slice start = *s, skip;
    uint64_t tag, date;

    if (!take_number(s, 4, &tag) || tag != TAG_CERTIFICATE || !take_bytes(s, 2, &out->alias) ||
        !take_number(s, 8, &date) || !take_bytes(s, 2, &skip) || !take_bytes(s, 4, &skip))
        return false;
    out->raw = slice_sub(start, 0, start.length - s->length);
    return true;
}

static void put_number(struct buf *out, uint64_t value, size_t width)
{
    while (width-- > 0)
        buf_put_byte(out, (char)(unsigned char)(value >> (8 * width)));
}

static void seal(struct slice data, const char *password, unsigned char out[static DIGEST_SHA1])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    static const char whitener[] = "Mighty Aphrodite";

    EVP_DigestInit_ex(context, EVP_sha1(), NULL);
    for (const char *c = password; *c; c++) {
        unsigned char wide[2] = {0, (unsigned char)*c};
        EVP_DigestUpdate(context, wide, 2);
    }
    EVP_DigestUpdate(context, whitener, sizeof(whitener) - 1);
    EVP_DigestUpdate(context, data.data, data.length);
    EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
}

struct settings {
    const char *password;
    bool updates;
};

static void read_settings(struct arena *arena, const struct root *root, struct settings *out)
{
    struct slice text = root_content(root, "etc/default/cacerts"), line;

    *out = (struct settings){"changeit", false};
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (slice_is(line, "cacerts_updates=yes"))
            out->updates = true;
        if (slice_has_prefix(line, "storepass=")) {
            struct slice value = slice_sub(line, 10, line.length);
            if (value.length >= 2 && (value.data[0] == '\'' || value.data[0] == '"'))
                value = slice_sub(value, 1, value.length - 2);
            out->password = slice_string(arena, value);
        }
    }
}

static const char *alias_of(struct arena *arena, const char *pem)
{
    char *alias = arena_printf(arena, OURS "%s", pem);

    for (char *c = alias; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return alias;
}

struct wanted {
    const char *alias, *path;
    int64_t date_s;
};

static int by_alias(const void *a, const void *b)
{
    return strcmp(((const struct wanted *)a)->alias, ((const struct wanted *)b)->alias);
}

static size_t wanted_of(struct arena *arena, const struct root *root, struct wanted **out)
{
    const struct node *folder = root_find(root, CERTS);
    size_t count = 0, capacity = 0;

    *out = NULL;
    for (const struct node *n = folder ? folder->first_child : NULL; n; n = n->next) {
        if (!n->inode || n->inode->type != ENTRY_SYMLINK ||
            !slice_has_suffix(slice_of(n->name), ".pem") ||
            (strncmp(n->inode->link, "/usr/share/ca-certificates", 26) != 0 &&
             strncmp(n->inode->link, "/usr/local/share/ca-certificates", 32) != 0))
            continue;
        const struct node *file = root_lookup(root, n->inode->link);
        if (!file)
            continue;
        arena_push(arena, *out, count, capacity);
        (*out)[count++] =
            (struct wanted){alias_of(arena, n->name), n->inode->link, file->inode->mtime_s};
    }
    if (count)
        qsort(*out, count, sizeof(**out), by_alias);
    return count;
}

static bool put_entry(struct buf *out, const struct root *root, const struct wanted *want)
{
    struct slice pem = root_content(root, want->path);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)(pem.length < (1 << 24) ? pem.length : 0));
    X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL;
    int length = x509 ? i2d_X509(x509, &der) : -1;

    BIO_free(bio);
    X509_free(x509);
    if (length <= 0)
        return false;
    put_number(out, TAG_CERTIFICATE, 4);
    put_number(out, strlen(want->alias), 2);
    buf_put_text(out, want->alias);
    put_number(out, (uint64_t)want->date_s * 1000, 8);
    put_number(out, 5, 2);
    buf_put_text(out, "X.509");
    put_number(out, (uint64_t)length, 4);
    buf_put(out, der, (size_t)length);
    OPENSSL_free(der);
    return true;
}

static bool alias_wanted(const struct wanted *list, size_t count, struct slice alias)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(alias, list[i].alias))
            return true;
    return false;
}

static void rebuild(struct arena *arena, struct root *root, const struct java_entry *entries,
                    size_t count, const char *password)
{
    struct wanted *list;
    size_t wanted = wanted_of(arena, root, &list), kept = 0;
    struct buf body scoped(buf_release) = {0};
    struct buf out scoped(buf_release) = {0};
    unsigned char digest[DIGEST_SHA1];

    for (size_t i = 0; i < count; i++)
        if (!slice_has_prefix(entries[i].alias, OURS) ||
            alias_wanted(list, wanted, entries[i].alias)) {
            buf_put_slice(&body, entries[i].raw);
            kept++;
        }
    for (size_t i = 0; i < wanted; i++) {
        bool have = false;
        for (size_t j = 0; j < count && !have; j++)
            have = slice_is(entries[j].alias, list[i].alias);
        if (!have)
            kept += put_entry(&body, root, &list[i]);
    }
    put_number(&out, JKS_MAGIC, 4);
    put_number(&out, JKS_VERSION, 4);
    put_number(&out, kept, 4);
    buf_put_slice(&out, buf_slice(&body));
    seal(buf_slice(&out), password, digest);
    buf_put(&out, digest, sizeof(digest));
    root_put_file(root, STORE, buf_slice(&out), 0644);
}

bool java_store_run(struct arena *arena, struct root *root, struct error *err)
{
    struct slice store = root_content(root, STORE), rest;
    struct java_entry *entries = NULL;
    size_t count = 0, capacity = 0;
    struct settings settings;
    uint64_t magic, version, announced;
    unsigned char digest[DIGEST_SHA1];

    read_settings(arena, root, &settings);
    if (!store.data || !settings.updates)
        return true;
    if (store.length < 12 + DIGEST_SHA1)
        return error_set(err, ERROR_INPUT, "R8-java-store: /" STORE " is truncated");
    rest = slice_sub(store, 0, store.length - DIGEST_SHA1);
    seal(rest, settings.password, digest);
    if (!take_number(&rest, 4, &magic) || magic != JKS_MAGIC || !take_number(&rest, 4, &version) ||
        version != JKS_VERSION || !take_number(&rest, 4, &announced) ||
        memcmp(digest, store.data + store.length - DIGEST_SHA1, DIGEST_SHA1) != 0)
        return error_set(err, ERROR_INPUT,
                         "R8-java-store: /" STORE " is no JKS keystore with the usual password");
    while (rest.length) {
        struct java_entry entry;
        if (!take_entry(&rest, &entry))
            return error_set(err, ERROR_INPUT, "R8-java-store: /" STORE " holds a foreign entry");
        arena_push(arena, entries, count, capacity);
        entries[count++] = entry;
    }
    rebuild(arena, root, entries, count, settings.password);
    return true;
}
