/* Servers, runtimes and libraries that no package manager installed: a program of a known name that
 * says its version behind known words. One row a product; programs of other names are not searched.
 * What a distribution's package owns is told by the package alone (compose.c). */
#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"

enum { VERSION_MOST = 40 };

static const struct product {
    const char *file; /* the name up to a digit, ".", "-" and a digit, or its end */
    const char *name;
    const char *words; /* the version follows at once */
} products[] = {
    {"nginx", "nginx", "nginx version: nginx/"},
    {"nginx", "openresty", "nginx version: openresty/"},
    {"httpd", "httpd", "Apache/"},
    {"apache2", "httpd", "Apache/"},
    {"lighttpd", "lighttpd", "lighttpd/"},
    {"haproxy", "haproxy", "HAProxy version "},
    {"squid", "squid", "squid/"},
    {"varnishd", "varnish", "varnish-"},
    {"memcached", "memcached", "memcached "},
    {"named", "bind", "BIND "},
    {"dnsmasq", "dnsmasq", "dnsmasq-"},
    {"unbound", "unbound", "unbound "},
    {"sshd", "openssh", "OpenSSH_"},
    {"ssh", "openssh", "OpenSSH_"},
    {"postgres", "postgresql", "PostgreSQL "},
    {"node", "node", "node.js/v"},
    {"nodejs", "node", "node.js/v"},
    {"php", "php", "X-Powered-By: PHP/"},
    {"php-fpm", "php", "X-Powered-By: PHP/"},
    {"php-cgi", "php", "X-Powered-By: PHP/"},
    {"libphp", "php", "X-Powered-By: PHP/"},
    {"ruby", "ruby", "ruby "},
    {"libruby", "ruby", "ruby "},
    {"lua", "lua", "Lua "},
    {"liblua", "lua", "Lua "},
    {"openssl", "openssl", "OpenSSL "},
    {"libssl", "openssl", "OpenSSL "},
    {"libcrypto", "openssl", "OpenSSL "},
    {"curl", "curl", "libcurl/"},
    {"libcurl", "curl", "libcurl/"},
    {"libcurl-gnutls", "curl", "libcurl/"},
    {"libz", "zlib", " deflate "},
    {"libexpat", "expat", "expat_"},
    {"libnghttp2", "nghttp2", "nghttp2/"},
    {"libpng", "libpng", "libpng version "},
    {"bash", "bash", "Bash version "},
    {"busybox", "busybox", "BusyBox v"},
};

static bool is_called(const char *base, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(base, name, length) != 0)
        return false;
    char next = base[length];
    return next == 0 || next == '.' || isdigit((unsigned char)next) ||
           (next == '-' && isdigit((unsigned char)base[length + 1]));
}

/* Two numbers at least, apart by a dot; then letters and digits as versions have them. */
static size_t version_length(struct slice text)
{
    size_t i = 0, dots = 0;
    while (i < text.length && i < VERSION_MOST &&
           (isalnum((unsigned char)text.data[i]) || (text.data[i] == '.' && i + 1 < text.length &&
                                                     isdigit((unsigned char)text.data[i + 1])))) {
        if (i == 0 && !isdigit((unsigned char)text.data[i]))
            return 0;
        dots += text.data[i] == '.';
        i++;
    }
    return dots > 0 && i < VERSION_MOST ? i : 0;
}

static bool find_version(struct slice bytes, const char *words, struct slice *out)
{
    size_t length = strlen(words);
    struct slice rest = bytes;
    while (rest.length > length) {
        const char *found = memmem(rest.data, rest.length, words, length);
        if (!found)
            return false;
        rest = slice_sub(bytes, (size_t)(found - bytes.data) + length, bytes.length);
        size_t version = version_length(rest);
        if (version > 0) {
            *out = slice_sub(rest, 0, version);
            return true;
        }
    }
    return false;
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    const char *base = path_base(file->path);
    struct slice version;
    for (size_t i = 0; i < array_count(products); i++) {
        if (!is_called(base, products[i].file) ||
            !find_version(file->bytes, products[i].words, &version))
            continue;
        sink_package(sink,
                     (struct component){.type = "generic",
                                        .name = products[i].name,
                                        .version = slice_string(sink->arena, version)},
                     file->path, CONFIDENCE_RECOGNISED);
        return;
    }
}

const struct package_reader reader_products = {
    .name = "product", .read = read, .most_bytes = LIMIT_NESTED_BYTES, .binaries = true};
