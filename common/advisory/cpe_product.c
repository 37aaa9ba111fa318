#include "advisory/cpe_product.h"

#include <ctype.h>

enum { CPE_PARTS = 13 };

static const struct {
    const char *vendor, *product, *name;
} products[] = {
    {"apache", "http_server", "httpd"},
    {"apache", "tomcat", "tomcat"},
    {"busybox", "busybox", "busybox"},
    {"bzip", "bzip2", "bzip2"},
    {"caddyserver", "caddy", "caddy"},
    {"deno", "deno", "deno"},
    {"eclipse", "jetty", "jetty"},
    {"envoyproxy", "envoy", "envoy"},
    {"etcd", "etcd", "etcd"},
    {"f5", "nginx", "nginx"},
    {"f5", "openresty", "openresty"},
    {"git-scm", "git", "git"},
    {"gmplib", "gmp", "gmp"},
    {"gnu", "bash", "bash"},
    {"gnu", "binutils", "binutils"},
    {"gnu", "gnutls", "gnutls"},
    {"gnu", "ncurses", "ncurses"},
    {"gnu", "readline", "readline"},
    {"gnu", "wget", "wget"},
    {"gnupg", "libgcrypt", "libgcrypt"},
    {"golang", "go", "go"},
    {"haproxy", "haproxy", "haproxy"},
    {"haxx", "curl", "curl"},
    {"haxx", "libcurl", "curl"},
    {"isc", "bind", "bind"},
    {"libexpat_project", "libexpat", "expat"},
    {"libjpeg-turbo", "libjpeg-turbo", "libjpeg-turbo"},
    {"libpng", "libpng", "libpng"},
    {"libssh2", "libssh2", "libssh2"},
    {"libtiff", "libtiff", "libtiff"},
    {"lighttpd", "lighttpd", "lighttpd"},
    {"lua", "lua", "lua"},
    {"mariadb", "mariadb", "mariadb"},
    {"memcached", "memcached", "memcached"},
    {"mit", "kerberos_5", "krb5"},
    {"musl-libc", "musl", "musl"},
    {"nghttp2", "nghttp2", "nghttp2"},
    {"nginx", "nginx", "nginx"},
    {"nlnetlabs", "unbound", "unbound"},
    {"nodejs", "node.js", "node"},
    {"openbsd", "openssh", "openssh"},
    {"openresty", "openresty", "openresty"},
    {"openssl", "openssl", "openssl"},
    {"oracle", "jdk", "jdk"},
    {"oracle", "jre", "jre"},
    {"oracle", "mysql", "mysql"},
    {"oracle", "openjdk", "openjdk"},
    {"pcre", "pcre", "pcre"},
    {"pcre", "pcre2", "pcre2"},
    {"perl", "perl", "perl"},
    {"php", "php", "php"},
    {"postgresql", "postgresql", "postgresql"},
    {"python", "python", "python"},
    {"redis", "redis", "redis"},
    {"redislabs", "redis", "redis"},
    {"ruby-lang", "ruby", "ruby"},
    {"samba", "rsync", "rsync"},
    {"simplesystems", "libtiff", "libtiff"},
    {"sqlite", "sqlite", "sqlite"},
    {"squid-cache", "squid", "squid"},
    {"thekelleys", "dnsmasq", "dnsmasq"},
    {"traefik", "traefik", "traefik"},
    {"tukaani", "xz", "xz"},
    {"varnish-cache", "varnish", "varnish"},
    {"vim", "vim", "vim"},
    {"xmlsoft", "libxml2", "libxml2"},
    {"xmlsoft", "libxslt", "libxslt"},
    {"zlib", "zlib", "zlib"},
};

/* Up to the next colon that no backslash escapes. */
static struct slice take_part(struct slice *rest)
{
    size_t i = 0;
    while (i < rest->length && rest->data[i] != ':')
        i += rest->data[i] == '\\' && i + 1 < rest->length ? 2 : 1;
    struct slice part = slice_sub(*rest, 0, i);
    *rest = slice_sub(*rest, i + 1, rest->length);
    return part;
}

static const char *unescape(struct slice part, struct arena *arena)
{
    char *out = arena_alloc(arena, part.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < part.length; i++)
        if (part.data[i] != '\\' || i + 1 == part.length)
            out[length++] = part.data[i];
    return out;
}

static bool says(struct slice part)
{
    return part.length > 0 && !slice_is(part, "*") && !slice_is(part, "-");
}

/* Java's updates stand in a part of their own: 1.8.0 and update292 are 1.8.0_292. */
static const char *version_of(struct slice version, struct slice update, struct arena *arena)
{
    if (!says(version))
        return NULL;
    const char *text = unescape(version, arena);
    if (!says(update))
        return text;
    const char *more = unescape(update, arena), *digits = more + strcspn(more, "0123456789");
    if (strncmp(more, "update", 6) == 0 && *digits)
        return arena_printf(arena, "%s_%s", text, digits);
    return arena_printf(arena, "%s-%s", text, more);
}

bool cpe_product_find(struct slice cpe, struct cpe_product *out, struct arena *arena)
{
    struct slice parts[CPE_PARTS] = {0}, rest = cpe;
    if (!slice_has_prefix(cpe, "cpe:2.3:a:"))
        return false;
    for (size_t i = 0; i < CPE_PARTS; i++)
        parts[i] = take_part(&rest);
    for (size_t i = 0; i < array_count(products); i++)
        if (slice_is(parts[3], products[i].vendor) && slice_is(parts[4], products[i].product)) {
            *out = (struct cpe_product){"generic", products[i].name,
                                        version_of(parts[5], parts[6], arena)};
            return true;
        }
    return false;
}
