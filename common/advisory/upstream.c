#include "advisory/upstream.h"

#include <ctype.h>

static const struct {
    const char *product, *packages;
} products[] = {
    {"bash", "bash"},
    {"bind", "bind"},
    {"binutils", "binutils"},
    {"busybox", "busybox"},
    {"bzip2", "bzip2"},
    {"curl", "curl"},
    {"dnsmasq", "dnsmasq"},
    {"expat", "expat"},
    {"git", "git"},
    {"gmp", "gmp"},
    {"gnutls", "gnutls"},
    {"go", "go"},
    {"haproxy", "haproxy"},
    {"httpd", "apache2"},
    {"krb5", "krb5"},
    {"libgcrypt", "libgcrypt"},
    {"libjpeg-turbo", "libjpeg-turbo"},
    {"libpng", "libpng"},
    {"libssh2", "libssh2"},
    {"libtiff", "tiff"},
    {"libxml2", "libxml2"},
    {"libxslt", "libxslt"},
    {"lighttpd", "lighttpd"},
    {"mariadb", "mariadb"},
    {"memcached", "memcached"},
    {"musl", "musl"},
    {"ncurses", "ncurses"},
    {"nghttp2", "nghttp2"},
    {"nginx", "nginx"},
    {"node", "nodejs nodejs-current nodejs-lts"},
    {"openssh", "openssh"},
    {"openssl", "openssl openssl1.1-compat openssl3"},
    {"pcre", "pcre"},
    {"pcre2", "pcre2"},
    {"perl", "perl"},
    {"php", "php5 php7 php8 php81 php82 php83 php84"},
    {"postgresql", "postgresql postgresql12 postgresql13 postgresql14 postgresql15 postgresql16 "
                   "postgresql17"},
    {"python", "python2 python3"},
    {"readline", "readline"},
    {"redis", "redis"},
    {"rsync", "rsync"},
    {"ruby", "ruby"},
    {"sqlite", "sqlite"},
    {"squid", "squid"},
    {"unbound", "unbound"},
    {"varnish", "varnish"},
    {"vim", "vim"},
    {"wget", "wget"},
    {"xz", "xz"},
    {"zlib", "zlib"},
};

const char *upstream_product(const char *type, const char *package)
{
    if (strcmp(type, "apk") != 0 || !package)
        return NULL;
    for (size_t i = 0; i < array_count(products); i++) {
        struct slice rest = slice_of(products[i].packages), name;
        while (slice_take_word(&rest, &name))
            if (slice_is(name, package))
                return products[i].product;
    }
    return NULL;
}

const char *upstream_version(const char *version, struct arena *arena)
{
    const char *dash = strrchr(version, '-');
    bool revision = dash && dash[1] == 'r' && isdigit((unsigned char)dash[2]);
    char *text =
        arena_strndup(arena, version, revision ? (size_t)(dash - version) : strlen(version));
    char *patch = strstr(text, "_p");
    if (patch && isdigit((unsigned char)patch[2]))
        memmove(patch, patch + 1, strlen(patch)); /* 9.3_p2: OpenSSH's 9.3p2 */
    for (char *c = text; *c; c++)
        *c = *c == '_' ? '-' : *c; /* _rc1 */
    return text;
}

const char *upstream_packages(const char *product)
{
    for (size_t i = 0; i < array_count(products); i++)
        if (strcmp(products[i].product, product) == 0)
            return products[i].packages;
    return NULL;
}
