#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

int64_t clock_unix_ms(void)
{
    return now_ms(CLOCK_REALTIME);
}

int64_t clock_unix_s(void)
{
    return now_ms(CLOCK_REALTIME) / 1000;
}

void clock_format(int64_t unix_s, char out[static 32])
{
    time_t at = (time_t)unix_s;
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static bool two_digits(struct slice s, size_t at, size_t count, int *out)
{
    uint64_t value;
    if (!slice_parse_u64(slice_sub(s, at, count), &value) || at + count > s.length)
        return false;
    *out = (int)value;
    return true;
}

static bool parse_offset(struct slice zone, int64_t *seconds)
{
    int hours, minutes;
    if (slice_is_nocase(zone, "Z")) {
        *seconds = 0;
        return true;
    }
    if (zone.length < 5 || (zone.data[0] != '+' && zone.data[0] != '-'))
        return false;
    size_t colon = zone.data[3] == ':' ? 1 : 0;
    if (zone.length != 5 + colon || !two_digits(zone, 1, 2, &hours) ||
        !two_digits(zone, 3 + colon, 2, &minutes))
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (zone.data[0] == '-' ? -1 : 1);
    return true;
}

bool clock_parse(struct slice text, int64_t *unix_s)
{
    struct tm tm = {0};
    int64_t offset;
    if (text.length < 20 || text.data[4] != '-' || text.data[7] != '-' || text.data[13] != ':' ||
        text.data[16] != ':' || !two_digits(text, 0, 4, &tm.tm_year) ||
        !two_digits(text, 5, 2, &tm.tm_mon) || !two_digits(text, 8, 2, &tm.tm_mday) ||
        !two_digits(text, 11, 2, &tm.tm_hour) || !two_digits(text, 14, 2, &tm.tm_min) ||
        !two_digits(text, 17, 2, &tm.tm_sec))
        return false;
    struct slice rest = slice_sub(text, 19, text.length);
    if (rest.data[0] == '.') {
        rest = slice_sub(rest, 1, rest.length);
        while (rest.length && rest.data[0] >= '0' && rest.data[0] <= '9')
            rest = slice_sub(rest, 1, rest.length);
    }
    if (!parse_offset(rest, &offset) || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *unix_s = (int64_t)timegm(&tm) - offset;
    return true;
}

bool clock_parse_http(struct slice text, int64_t *unix_s)
{
    char copy[64], zone[8] = "";
    struct tm tm = {0};
    if (text.length >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    const char *end = strptime(copy, "%a, %d %b %Y %H:%M:%S", &tm);
    if (!end)
        return false;
    struct slice rest = slice_trim(slice_of(end));
    if (rest.length >= sizeof(zone))
        return false;
    memcpy(zone, rest.data, rest.length);
    struct slice z = slice_of(zone);
    if (!slice_is(z, "UTC") && !slice_is(z, "GMT") && !slice_is(z, "+0000") && z.length != 0)
        return false;
    *unix_s = (int64_t)timegm(&tm);
    return true;
}
