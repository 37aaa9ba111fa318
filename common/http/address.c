#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "http/client.h"

struct range {
    const char *address;
    int bits;
};

static bool bits_equal(const unsigned char *a, const unsigned char *b, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, (size_t)whole) != 0)
        return false;
    unsigned mask = rest ? 0xffu << (8 - rest) & 0xffu : 0;
    return rest == 0 || (a[whole] & mask) == (b[whole] & mask);
}

static bool in_range(int family, const void *address, const struct range *range)
{
    unsigned char base[16];
    return inet_pton(family, range->address, base) == 1 && bits_equal(address, base, range->bits);
}

static bool v4_is_private(const unsigned char *address)
{
    static const struct range ranges[] = {
        {"0.0.0.0", 8},      {"10.0.0.0", 8},    {"100.64.0.0", 10},   {"127.0.0.0", 8},
        {"169.254.0.0", 16}, {"172.16.0.0", 12}, {"192.0.0.0", 24},    {"192.0.2.0", 24},
        {"192.168.0.0", 16}, {"198.18.0.0", 15}, {"198.51.100.0", 24}, {"203.0.113.0", 24},
        {"224.0.0.0", 4},    {"240.0.0.0", 4},
    };
    for (size_t i = 0; i < array_count(ranges); i++)
        if (in_range(AF_INET, address, &ranges[i]))
            return true;
    return false;
}

static bool v6_is_private(const unsigned char *address)
{
    static const struct range embedded[] = {{"::ffff:0:0", 96}, {"64:ff9b::", 96}, {"::", 96}};
    static const struct range ranges[] = {
        {"::", 127},    {"100::", 64},  {"2001:db8::", 32}, {"64:ff9b:1::", 48}, {"fc00::", 7},
        {"fe80::", 10}, {"fec0::", 10}, {"ff00::", 8},      {"2001::", 23},
    };
    for (size_t i = 0; i < array_count(ranges); i++)
        if (in_range(AF_INET6, address, &ranges[i]))
            return true;
    for (size_t i = 0; i < array_count(embedded); i++)
        if (in_range(AF_INET6, address, &embedded[i]))
            return v4_is_private(address + 12);
    if (address[0] == 0x20 && address[1] == 0x02) /* 6to4 */
        return v4_is_private(address + 2);
    return false;
}

bool address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return v4_is_private((const unsigned char *)&in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof(in));
        return v6_is_private((const unsigned char *)&in.sin6_addr);
    }
    return true;
}

static bool parse_address(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        memcpy(out, &in, sizeof(in));
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        memcpy(out, &in6, sizeof(in6));
    else
        return false;
    return true;
}

bool http_address_is_private(const char *text)
{
    struct sockaddr_storage address;
    return !parse_address(text, &address) || address_is_private((struct sockaddr *)&address);
}

/* "10.0.0.0/8" holds the address? */
static bool range_holds(struct slice word, const struct sockaddr *address)
{
    char text[64];
    struct sockaddr_storage base;
    size_t slash = slice_find_byte(word, '/');
    uint64_t bits;
    if (slash == word.length || slash >= sizeof(text) ||
        !slice_parse_u64(slice_sub(word, slash + 1, word.length), &bits))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)slash, word.data);
    if (!parse_address(text, &base) || base.ss_family != address->sa_family)
        return false;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in a, b;
        memcpy(&a, address, sizeof(a));
        memcpy(&b, &base, sizeof(b));
        return bits <= 32 &&
               bits_equal((unsigned char *)&a.sin_addr, (unsigned char *)&b.sin_addr, (int)bits);
    }
    struct sockaddr_in6 a, b;
    memcpy(&a, address, sizeof(a));
    memcpy(&b, &base, sizeof(b));
    return bits <= 128 &&
           bits_equal((unsigned char *)&a.sin6_addr, (unsigned char *)&b.sin6_addr, (int)bits);
}

bool address_is_listed(const char *list, const char *host, const char *host_port,
                       const struct sockaddr *address)
{
    struct slice rest = slice_of(list), group, word;
    while (slice_take_until(&rest, ',', &group))
        while (slice_take_word(&group, &word))
            if (slice_is_nocase(word, host) || slice_is_nocase(word, host_port) ||
                (address && range_holds(word, address)))
                return true;
    return false;
}

void address_text(const struct sockaddr *address, char *out, size_t size)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    const char *text = NULL;
    if (address->sa_family == AF_INET) {
        memcpy(&in, address, sizeof(in));
        text = inet_ntop(AF_INET, &in.sin_addr, out, (socklen_t)size);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&in6, address, sizeof(in6));
        text = inet_ntop(AF_INET6, &in6.sin6_addr, out, (socklen_t)size);
    }
    if (!text)
        snprintf(out, size, "a local socket");
}
