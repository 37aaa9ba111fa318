/* SMTP by libcurl. The Message-ID is the alert's id, so that a copy is known as one. */
#include <curl/curl.h>
#include <string.h>

#include "base/buf.h"
#include "notifier/channels/channel.h"
#include "notifier/render.h"
#include "service/secret.h"

static size_t read_mail(char *to, size_t size, size_t count, void *context)
{
    struct slice *rest = context;
    size_t length = size * count < rest->length ? size * count : rest->length;
    memcpy(to, rest->data, length);
    *rest = slice_sub(*rest, length, rest->length);
    return length;
}

static void put_date(struct buf *out, int64_t at_s)
{
    char text[64];
    time_t at = (time_t)at_s;
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_printf(out, "Date: %s\r\n", text);
}

/* RFC 5322, the text as base64 so that no line is too long and no byte gets lost. */
static bool compose(const struct channel_tools *tools, const struct delivery_item *item,
                    struct buf *out, struct error *err)
{
    struct buf text scoped(buf_release) = {0}, title scoped(buf_release) = {0};
    if (!render_text(slice_of(item->body), (size_t)tools->settings->mail_most, &text, err) ||
        !render_title(slice_of(item->body), &title, err))
        return false;
    put_date(out, item->created_s);
    buf_printf(out, "From: Resole <%s>\r\nTo: <%s>\r\nMessage-ID: <%s@resole>\r\n",
               tools->settings->mail_from, item->address, item->id);
    buf_put_text(out, "Subject: =?utf-8?B?");
    render_base64(buf_slice(&title), 0, out);
    buf_put_text(out,
                 "?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    render_base64(buf_slice(&text), 76, out);
    buf_put_text(out, "\r\n");
    return true;
}

static bool perform(CURL *curl, struct error *err)
{
    long status = 0;
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        return true;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    /* 5xx is final in SMTP, except that a server says 55x to a sender it does not know yet. */
    bool final = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    error_fill(err, final ? ERROR_INPUT : ERROR_RETRY, "mail: %s (%ld)", curl_easy_strerror(code),
               status);
    err->outside = status < 500;
    return false;
}

bool mail_send(const struct channel_tools *tools, const struct delivery_item *item,
               struct error *err)
{
    const struct notifier_settings *settings = tools->settings;
    struct buf mail scoped(buf_release) = {0};
    const char *password;

    if (!*settings->smtp_url)
        return error_set(err, ERROR_RETRY, "mail: RESOLE_SMTP_URL is not set");
    if (!compose(tools, item, &mail, err) || !secret_open(tools->arena, settings->smtp_password,
                                                          settings->seal_key_file, &password, err))
        return false;
    struct slice rest = buf_slice(&mail);
    CURL *curl = curl_easy_init();
    struct curl_slist *to =
        curl_slist_append(NULL, arena_printf(tools->arena, "<%s>", item->address));
    curl_easy_setopt(curl, CURLOPT_URL, settings->smtp_url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM,
                     arena_printf(tools->arena, "<%s>", settings->mail_from));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_mail);
    curl_easy_setopt(curl, CURLOPT_READDATA, &rest);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    if (*settings->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
    if (*settings->smtp_user) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, settings->smtp_user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL); /* no password in clear */
    }
    bool ok = perform(curl, err);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return ok;
}
