#include <curl/curl.h>
#include <string.h>

#include "http/client.h"

static void release_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void release_part(char **part)
{
    curl_free(*part);
}

const char *http_url_host(struct arena *arena, const char *url)
{
    CURLU *parsed scoped(release_url) = curl_url();
    char *scheme scoped(release_part) = NULL, *host scoped(release_part) = NULL;
    char *port scoped(release_part) = NULL;
    if (!url || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return NULL;
    (void)curl_url_get(parsed, CURLUPART_PORT, &port, 0);
    char *out = port ? arena_printf(arena, "%s:%s", host, port) : arena_strdup(arena, host);
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return out;
}

const char *http_url_resolve(struct arena *arena, const char *base, const char *relative)
{
    CURLU *parsed scoped(release_url) = curl_url();
    char *whole scoped(release_part) = NULL;
    if (!relative || curl_url_set(parsed, CURLUPART_URL, base, 0) != CURLUE_OK ||
        curl_url_set(parsed, CURLUPART_URL, relative, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_URL, &whole, 0) != CURLUE_OK)
        return NULL;
    return arena_strdup(arena, whole);
}

const char *http_url_escape(struct arena *arena, const char *text)
{
    struct buf out scoped(buf_release) = {0};
    for (const char *p = text; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;
        if (plain)
            buf_put_byte(&out, *p);
        else
            buf_printf(&out, "%%%02X", (unsigned)(unsigned char)*p);
    }
    return arena_strdup(arena, buf_text(&out));
}
