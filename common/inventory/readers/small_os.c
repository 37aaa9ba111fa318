/* Smaller package managers: pacman's local/NAME/desc, opkg's status, portage's CONTENTS folders,
 * and Azure Linux's container-manifest-2 of images without an rpm database. */
#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"
#include "inventory/readers/rpm_header.h"

static bool wants_pacman(const char *path)
{
    return strstr(path, "lib/pacman/local/") && path_has_suffix(path, "/desc");
}

/* %NAME% and the lines under it. */
static void read_pacman(const struct reader_file *file, struct reader_sink *sink)
{
    static const struct {
        const char *key;
        size_t offset;
    } keys[] = {
        {"%NAME%", offsetof(struct component, name)},
        {"%VERSION%", offsetof(struct component, version)},
        {"%BASE%", offsetof(struct component, source_name)},
        {"%ARCH%", offsetof(struct component, arch)},
        {"%PACKAGER%", offsetof(struct component, vendor)},
    };
    struct component component = {.type = "alpm"};
    struct slice text = file->bytes, line;
    while (slice_take_line(&text, &line))
        for (size_t i = 0; i < array_count(keys); i++) {
            struct slice value;
            if (!slice_is(slice_trim(line), keys[i].key) || !slice_take_line(&text, &value))
                continue;
            const char *copy = slice_string(sink->arena, slice_trim(value));
            memcpy((char *)&component + keys[i].offset, &copy, sizeof(copy));
            break;
        }
    component = component_filled(component);
    if (!component.name[0] || !component.version[0]) {
        sink_warning(sink, "pacman-entry", file->path, true, "no name or no version");
        return;
    }
    if (!component.source_name[0])
        component.source_name = component.name;
    component.source_version = component.version;
    sink_package(sink, component, file->path, CONFIDENCE_INSTALLED);
}

static bool wants_opkg(const char *path)
{
    return path_is_below(path, "lib/opkg/status") ||
           (strstr(path, "lib/opkg/info/") && path_has_suffix(path, ".control"));
}

static void read_opkg(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, key, value;
    size_t entries = 0;
    while (text.length > 0) {
        struct component c = {.type = "opkg"};
        struct slice status = {0};
        bool blank = false;
        while (field_take(&text, &key, &value, &blank)) {
            const char *copy = slice_string(sink->arena, value);
            if (slice_is(key, "Package"))
                c.name = copy;
            else if (slice_is(key, "Version"))
                c.version = copy;
            else if (slice_is(key, "Architecture"))
                c.arch = copy;
            else if (slice_is(key, "Source"))
                c.source_name = copy;
            else if (slice_is(key, "Status"))
                status = value;
        }
        entries += c.name != NULL;
        if (c.name && c.version && (status.length == 0 || slice_has_suffix(status, " installed"))) {
            c.source_name = c.name;
            c.source_version = c.version;
            sink_package(sink, c, file->path, CONFIDENCE_INSTALLED);
        }
    }
    text_check(file, sink, entries);
}

static bool wants_portage(const char *path)
{
    return strstr(path, "var/db/pkg/") && path_has_suffix(path, "/CONTENTS");
}

/* var/db/pkg/CATEGORY/NAME-VERSION/CONTENTS: the version begins at the last "-<digit>" that is no
 * revision ("-r1"). */
static void read_portage(const struct reader_file *file, struct reader_sink *sink)
{
    const char *directory = path_directory(sink->arena, file->path);
    const char *pf = path_base(directory);
    const char *category = path_base(path_directory(sink->arena, directory));
    const char *cut = NULL;
    for (const char *p = pf; *p; p++)
        if (*p == '-' && isdigit((unsigned char)p[1]))
            cut = p;
    if (!cut || !category[0])
        return;
    const char *name = arena_printf(sink->arena, "%s/%.*s", category, (int)(cut - pf), pf);
    sink_package(sink,
                 (struct component){.type = "ebuild",
                                    .name = name,
                                    .version = cut + 1,
                                    .source_name = name,
                                    .source_version = cut + 1},
                 file->path, CONFIDENCE_INSTALLED);
}

static bool wants_manifest(const char *path)
{
    return path_is_below(path, "var/lib/rpmmanifest/container-manifest-2");
}

/* NAME VERSION-RELEASE INSTALLTIME BUILDTIME VENDOR EPOCH SIZE ARCH EPOCHNUM SOURCERPM, by tabs. */
static void read_manifest(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line;
    const char *source = "rpm:var/lib/rpmmanifest";
    size_t entries = 0;
    sink_database(sink, source, file->path);
    while (slice_take_line(&text, &line)) {
        struct slice fields[10] = {0};
        size_t count = 0;
        while (count < array_count(fields) && slice_take_until(&line, '\t', &fields[count]))
            count++;
        if (count < array_count(fields))
            continue;
        struct arena *arena = sink->arena;
        bool epoch = !slice_is(fields[5], "(none)") && !slice_is(fields[5], "0");
        struct component c = {
            .type = "rpm",
            .name = slice_string(arena, fields[0]),
            .version = epoch ? arena_printf(arena, "%.*s:%.*s", (int)fields[5].length,
                                            fields[5].data, (int)fields[1].length, fields[1].data)
                             : slice_string(arena, fields[1]),
            .arch = slice_is(fields[7], "(none)") ? "" : slice_string(arena, fields[7]),
            .vendor = slice_is(fields[4], "(none)") ? "" : slice_string(arena, fields[4])};
        rpm_source_split(arena, slice_string(arena, fields[9]), &c);
        entries++;
        if (strcmp(c.name, "gpg-pubkey") != 0)
            sink_database_package(sink, source, c, file->path);
    }
    text_check(file, sink, entries);
}

const struct package_reader reader_pacman = {
    .name = "pacman", .wants = wants_pacman, .read = read_pacman, .most_bytes = 1024 * 1024};
const struct package_reader reader_opkg = {
    .name = "opkg", .wants = wants_opkg, .read = read_opkg, .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_portage = {.name = "portage",
                                              .wants = wants_portage,
                                              .read = read_portage,
                                              .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_rpm_manifest = {.name = "rpm-manifest",
                                                   .wants = wants_manifest,
                                                   .read = read_manifest,
                                                   .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                                   .database = true};
