#include "notifier/render.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

static json_t *load(struct slice alert, struct error *err)
{
    json_t *root = json_loadb(alert.data, alert.length, 0, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        error_fill(err, ERROR_INPUT, "an alert that is no JSON object");
        return NULL;
    }
    return root;
}

static const char *text_of(json_t *object, const char *const *names)
{
    for (; *names; names++) {
        const char *text = json_string_value(json_object_get(object, *names));
        if (text && *text)
            return text;
    }
    return NULL;
}

/* Control characters would forge lines. */
static void put_plain(struct buf *out, const char *text)
{
    for (; text && *text; text++)
        buf_put_byte(out, (unsigned char)*text < 32 || *text == 127 ? ' ' : *text);
}

static void put_line(struct buf *out, const char *label, const char *text)
{
    if (!text)
        return;
    buf_printf(out, "%s: ", label);
    put_plain(out, text);
    buf_put_byte(out, '\n');
}

static void put_packages(struct buf *out, json_t *packages, const char *label)
{
    static const char *const names[] = {"name", "package", NULL};
    static const char *const olds[] = {"old", "from", "old_version", "version", NULL};
    static const char *const news[] = {"new", "to", "new_version", "fixed_version", NULL};
    json_t *package;
    size_t i;
    if (json_array_size(packages) == 0)
        return;
    buf_printf(out, "%s:\n", label);
    json_array_foreach(packages, i, package)
    {
        const char *old = text_of(package, olds), *new = text_of(package, news);
        buf_put_text(out, "  ");
        put_plain(out, text_of(package, names));
        buf_put_byte(out, ' ');
        put_plain(out, old ? old : "-");
        if (new) {
            buf_put_text(out, " → ");
            put_plain(out, new);
        }
        buf_put_byte(out, '\n');
    }
}

static void put_vulnerabilities(struct buf *out, json_t *list, const char *label)
{
    static const char *const names[] = {"vulnerability", "id", NULL};
    json_t *item;
    size_t i;
    if (json_array_size(list) == 0)
        return;
    buf_printf(out, "%s (%zu):\n", label, json_array_size(list));
    json_array_foreach(list, i, item)
    {
        const char *severity = json_string_value(json_object_get(item, "severity"));
        buf_put_text(out, "  ");
        put_plain(out, json_is_string(item) ? json_string_value(item) : text_of(item, names));
        if (severity) {
            buf_put_text(out, ", ");
            put_plain(out, severity);
        }
        buf_put_byte(out, '\n');
    }
}

static void put_gathered(struct buf *out, json_t *alerts)
{
    json_t *item;
    size_t i;
    json_array_foreach(alerts, i, item)
    {
        buf_put_text(out, "  ");
        put_plain(out, json_string_value(json_object_get(item, "severity")));
        buf_put_byte(out, ' ');
        put_plain(out, json_string_value(json_object_get(item, "vulnerability")));
        buf_put_text(out, " ");
        put_plain(out, json_string_value(json_object_get(item, "application")));
        buf_put_byte(out, '\n');
    }
}

static void put_details(struct buf *out, json_t *details)
{
    static const struct {
        const char *name, *label;
    } lines[] = {{"image", "Image"},
                 {"reference", "New image"},
                 {"class", "Class"},
                 {"old_digest", "Old"},
                 {"new_digest", "New"},
                 {"expires_at", "Until"},
                 {"end_of_life", "End of life"}};
    for (size_t i = 0; i < array_count(lines); i++)
        put_line(out, lines[i].label, json_string_value(json_object_get(details, lines[i].name)));
    json_t *bytes = json_object_get(details, "bytes");
    if (json_is_integer(bytes))
        buf_printf(out, "Size: %.1f MiB\n", (double)json_integer_value(bytes) / 1048576);
    put_packages(out, json_object_get(details, "packages"), "Packages");
    put_vulnerabilities(out, json_object_get(details, "fixed"), "Fixes");
    put_vulnerabilities(out, json_object_get(details, "remaining"), "Remain");
    put_gathered(out, json_object_get(details, "alerts"));
    put_line(out, "To approve",
             json_string_value(json_object_get(json_object_get(details, "approve"), "command")));
}

bool render_text(struct slice alert, size_t most, struct buf *out, struct error *err)
{
    static const char cut[] = "… (shortened; the whole is in the API)\n";
    json_t *root = load(alert, err);
    if (!root)
        return false;
    put_plain(out, json_string_value(json_object_get(root, "title")));
    buf_put_byte(out, '\n');
    put_line(out, "Team", json_string_value(json_object_get(root, "team")));
    put_line(out, "Severity", json_string_value(json_object_get(root, "severity")));
    put_details(out, json_object_get(root, "details"));
    json_decref(root);
    if (out->length > most && most > sizeof(cut)) {
        size_t end = most - sizeof(cut);
        while (end > 0 && out->data[end - 1] != '\n')
            end--;
        out->length = end;
        out->data[end] = '\0';
        buf_put_text(out, cut);
    }
    return true;
}

bool render_title(struct slice alert, struct buf *out, struct error *err)
{
    json_t *root = load(alert, err);
    if (!root)
        return false;
    put_plain(out, json_string_value(json_object_get(root, "title")));
    json_decref(root);
    return true;
}

void render_base64(struct slice data, size_t width, struct buf *out)
{
    size_t step = width ? width / 4 * 3 : data.length;
    while (data.length > 0) {
        struct slice part = slice_sub(data, 0, step);
        buf_reserve(out, part.length / 3 * 4 + 8);
        int got = EVP_EncodeBlock((unsigned char *)out->data + out->length,
                                  (const unsigned char *)part.data, (int)part.length);
        out->length += (size_t)got;
        data = slice_sub(data, part.length, data.length);
        if (width)
            buf_put_text(out, "\r\n");
    }
}
