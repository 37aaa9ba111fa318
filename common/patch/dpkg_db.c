#include "patch/dpkg_db.h"

#include <stdlib.h>
#include <strings.h>

#include "base/limits.h"

/* The name and raw value of the field that begins at the front; continuation lines included. */
static bool take_field(struct slice *text, struct slice *name, struct slice *value)
{
    while (text->length) {
        size_t end = slice_find_byte(*text, '\n');
        while (end + 1 < text->length &&
               (text->data[end + 1] == ' ' || text->data[end + 1] == '\t'))
            end = end + 1 + slice_find_byte(slice_sub(*text, end + 1, text->length), '\n');
        struct slice field = slice_sub(*text, 0, end);
        *text = slice_sub(*text, end + 1, text->length);
        size_t colon = slice_find_byte(field, ':');
        if (colon == field.length || colon == 0)
            continue;
        *name = slice_sub(field, 0, colon);
        *value = slice_sub(field, colon + 1, field.length);
        while (value->length && (value->data[0] == ' ' || value->data[0] == '\t'))
            *value = slice_sub(*value, 1, value->length);
        return true;
    }
    return false;
}

struct slice dpkg_field(struct slice stanza, const char *name)
{
    struct slice field, value;

    while (take_field(&stanza, &field, &value))
        if (slice_is_nocase(field, name))
            return value;
    return (struct slice){0};
}

static const char *field_text(struct arena *arena, struct slice raw, const char *name)
{
    struct slice value = dpkg_field(raw, name);
    char *text = arena_strndup(arena, value.data ? value.data : "", value.length);

    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    return text;
}

static void split_source(struct arena *arena, struct dpkg_package *out)
{
    const char *text = field_text(arena, out->raw, "Source");
    size_t name = strcspn(text, " (");
    const char *open = strchr(text, '(');

    out->source = *text ? arena_strndup(arena, text, name) : out->name;
    out->source_version =
        open ? arena_strndup(arena, open + 1, strcspn(open + 1, ")")) : out->version;
}

bool dpkg_package_read(struct arena *arena, struct slice raw, struct dpkg_package *out)
{
    *out = (struct dpkg_package){.raw = raw};
    out->name = field_text(arena, raw, "Package");
    out->arch = field_text(arena, raw, "Architecture");
    out->version = field_text(arena, raw, "Version");
    out->status = field_text(arena, raw, "Status");
    out->multi_arch = field_text(arena, raw, "Multi-Arch");
    out->depends = field_text(arena, raw, "Depends");
    out->pre_depends = field_text(arena, raw, "Pre-Depends");
    out->breaks = field_text(arena, raw, "Breaks");
    out->conflicts = field_text(arena, raw, "Conflicts");
    out->provides = field_text(arena, raw, "Provides");
    out->replaces = field_text(arena, raw, "Replaces");
    out->essential = strcmp(field_text(arena, raw, "Essential"), "yes") == 0 ||
                     strcmp(field_text(arena, raw, "Protected"), "yes") == 0;
    struct slice status = slice_of(out->status), want = {0}, flag = {0}, state = {0};
    slice_take_word(&status, &want);
    slice_take_word(&status, &flag);
    slice_take_word(&status, &state);
    out->hold = slice_is(want, "hold");
    out->installed = slice_is(state, "installed") && slice_is(flag, "ok");
    split_source(arena, out);
    return *out->name != '\0';
}

bool dpkg_status_parse(struct arena *arena, struct slice text, struct dpkg_db *out,
                       struct error *err)
{
    *out = (struct dpkg_db){0};
    while (text.length) {
        while (text.length && text.data[0] == '\n')
            text = slice_sub(text, 1, text.length);
        if (!text.length)
            break;
        size_t end = slice_find(text, "\n\n");
        struct slice raw = slice_sub(text, 0, end);
        while (raw.length && raw.data[raw.length - 1] == '\n')
            raw.length--;
        text = slice_sub(text, end, text.length);
        if (out->count >= LIMIT_PACKAGES)
            return error_set(err, ERROR_INPUT, "dpkg status: more than %d packages",
                             LIMIT_PACKAGES);
        arena_push(arena, out->packages, out->count, out->capacity);
        if (memchr(raw.data, 0, raw.length) ||
            !dpkg_package_read(arena, raw, &out->packages[out->count]))
            return error_set(err, ERROR_INPUT, "dpkg status: stanza %zu has no package name",
                             out->count + 1);
        out->count++;
    }
    return true;
}

void dpkg_status_write(const struct dpkg_db *db, struct buf *out)
{
    for (size_t i = 0; i < db->count; i++) {
        buf_put_slice(out, db->packages[i].raw);
        buf_put_text(out, "\n\n");
    }
}

struct dpkg_package *dpkg_find(const struct dpkg_db *db, const char *name, const char *arch)
{
    for (size_t i = 0; i < db->count; i++)
        if (strcmp(db->packages[i].name, name) == 0 &&
            (!arch || strcmp(db->packages[i].arch, arch) == 0))
            return &db->packages[i];
    return NULL;
}

/* lib/dpkg/parse.c's order of known fields as seen in every status file; the rest follows in the
 * order of the control file. */
static const char *const field_order[] = {
    "Package",      "Essential",        "Protected",       "Status",      "Priority",
    "Section",      "Installed-Size",   "Origin",          "Maintainer",  "Bugs",
    "Architecture", "Multi-Arch",       "Source",          "Version",     "Config-Version",
    "Replaces",     "Provides",         "Depends",         "Pre-Depends", "Recommends",
    "Suggests",     "Breaks",           "Conflicts",       "Enhances",    "Conffiles",
    "Description",  "Triggers-Pending", "Triggers-Awaited"};

static bool is_relation(const char *name)
{
    static const char *const relations[] = {"Replaces",    "Provides",   "Depends",
                                            "Pre-Depends", "Recommends", "Suggests",
                                            "Breaks",      "Conflicts",  "Enhances"};
    for (size_t i = 0; i < array_count(relations); i++)
        if (strcasecmp(relations[i], name) == 0)
            return true;
    return false;
}

/* "a(>=1)|b ,c" → "a (>= 1) | b, c", as dpkg writes what it read. */
static void put_relation(struct buf *out, struct slice value)
{
    bool blank = false, any = false;

    for (size_t i = 0; i < value.length; i++) {
        char c = value.data[i];
        if (c == ' ' || c == '\t' || c == '\n') {
            blank = any;
            continue;
        }
        if (c == ',') {
            buf_put_text(out, ", ");
            blank = any = false;
            continue;
        }
        if (blank && c != ')' && out->length && out->data[out->length - 1] != '(')
            buf_put_byte(out, ' ');
        blank = false;
        any = true;
        buf_put_byte(out, c);
    }
}

static bool known_field(struct slice name)
{
    for (size_t i = 0; i < array_count(field_order); i++)
        if (slice_is_nocase(name, field_order[i]))
            return true;
    return false;
}

static void put_known(struct buf *out, struct slice control, const char *name,
                      const char *conffiles)
{
    if (strcmp(name, "Status") == 0) {
        buf_put_text(out, "Status: install ok installed\n");
        return;
    }
    if (strcmp(name, "Conffiles") == 0) {
        if (*conffiles)
            buf_printf(out, "Conffiles:\n%s\n", conffiles);
        return;
    }
    struct slice value = dpkg_field(control, name);
    if (!value.data || !value.length)
        return;
    if ((strcmp(name, "Essential") == 0 || strcmp(name, "Protected") == 0 ||
         strcmp(name, "Multi-Arch") == 0) &&
        slice_is(value, "no"))
        return;
    buf_printf(out, "%s: ", name);
    if (is_relation(name))
        put_relation(out, value);
    else
        buf_put_slice(out, value);
    buf_put_byte(out, '\n');
}

const char *dpkg_stanza(struct arena *arena, struct slice control, const char *conffiles)
{
    struct buf out scoped(buf_release) = {0};
    struct slice rest = control, name, value;

    for (size_t i = 0; i < array_count(field_order); i++)
        put_known(&out, control, field_order[i], conffiles);
    while (take_field(&rest, &name, &value)) {
        if (known_field(name))
            continue;
        buf_put_slice(&out, name);
        buf_put_text(&out, ": ");
        buf_put_slice(&out, value);
        buf_put_byte(&out, '\n');
    }
    while (out.length && out.data[out.length - 1] == '\n')
        out.data[--out.length] = '\0';
    return arena_strdup(arena, buf_text(&out));
}

size_t dpkg_conffiles(struct arena *arena, struct slice stanza, const struct dpkg_conffile **out)
{
    struct slice value = dpkg_field(stanza, "Conffiles"), line, word;
    struct dpkg_conffile *items = NULL;
    size_t count = 0, capacity = 0;

    while (slice_take_line(&value, &line)) {
        struct slice path, md5;
        if (!slice_take_word(&line, &path) || !slice_take_word(&line, &md5))
            continue;
        arena_push(arena, items, count, capacity);
        items[count] = (struct dpkg_conffile){slice_string(arena, path), slice_string(arena, md5),
                                              false, false};
        while (slice_take_word(&line, &word)) {
            items[count].obsolete |= slice_is(word, "obsolete");
            items[count].remove_on_upgrade |= slice_is(word, "remove-on-upgrade");
        }
        count++;
    }
    *out = items;
    return count;
}
