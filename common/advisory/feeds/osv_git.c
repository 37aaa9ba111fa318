/* OSV records without a package: they speak of a repository's commits, and list the tags that hold
 * them (OSV's own export; the publishers' copies name commits alone). */
#include <ctype.h>

#include "advisory/feeds/osv.h"
#include "advisory/json_split.h"

static const struct {
    const char *repository, *product;
} repositories[] = {
    {"github.com/python/cpython", "python"},   {"github.com/nodejs/node", "node"},
    {"github.com/openssl/openssl", "openssl"}, {"github.com/curl/curl", "curl"},
    {"github.com/nginx/nginx", "nginx"},       {"github.com/apache/httpd", "httpd"},
    {"github.com/php/php-src", "php"},         {"github.com/redis/redis", "redis"},
    {"github.com/ruby/ruby", "ruby"},          {"github.com/perl/perl5", "perl"},
    {"github.com/haproxy/haproxy", "haproxy"}, {"github.com/memcached/memcached", "memcached"},
    {"github.com/libexpat/libexpat", "expat"}, {"github.com/madler/zlib", "zlib"},
};

static const char *product_of(const char *repository)
{
    const char *host = strstr(repository, "://");
    struct slice text = slice_of(host ? host + 3 : repository);
    while (slice_has_suffix(text, "/"))
        text.length--;
    if (slice_has_suffix(text, ".git"))
        text.length -= 4;
    for (size_t i = 0; i < array_count(repositories); i++)
        if (slice_is_nocase(text, repositories[i].repository))
            return repositories[i].product;
    return NULL;
}

const char *osv_git_product(const json_t *affected)
{
    size_t i;
    json_t *range;
    json_array_foreach(json_at(affected, "ranges"), i, range)
    {
        const char *product = product_of(json_text(range, "repo"));
        if (product)
            return product;
    }
    return NULL;
}

const char *osv_git_version(const char *tag, struct arena *arena)
{
    while (*tag && !isdigit((unsigned char)*tag))
        tag++;
    char *version = arena_strdup(arena, tag);
    for (char *c = version; *c; c++)
        *c = *c == '_' ? '.' : *c;
    return *version ? version : NULL;
}
