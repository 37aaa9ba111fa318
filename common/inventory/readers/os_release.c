/* Who the distribution is: os-release(5) and the files of before. Facts, not packages. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"

static const struct legacy {
    const char *path, *id;
} legacy_files[] = {
    {"etc/alpine-release", "alpine"},
    {"etc/debian_version", "debian"},
    {"etc/centos-release", "centos"},
    {"etc/oracle-release", "ol"},
    {"etc/redhat-release", "rhel"},
    {"etc/system-release", ""},
    {"etc/lsb-release", ""},
    {"etc/arch-release", "arch"},
    {"etc/photon-release", "photon"},
    {"etc/SuSE-release", "sles"},
    {"etc/fedora-release", "fedora"},
    {"etc/rocky-release", "rocky"},
    {"etc/almalinux-release", "almalinux"},
    {"etc/mariner-release", "mariner"},
};

static bool wants(const char *path)
{
    if (strcmp(path, "etc/os-release") == 0 || strcmp(path, "usr/lib/os-release") == 0)
        return true;
    for (size_t i = 0; i < array_count(legacy_files); i++)
        if (strcmp(path, legacy_files[i].path) == 0)
            return true;
    return false;
}

/* Shell quoting as os-release allows it: one pair of quotes, backslashes inside. */
static char *unquote(struct arena *arena, struct slice raw)
{
    struct slice value = slice_trim(raw);
    char quote = value.length > 0 ? value.data[0] : 0;
    if (quote == '"' || quote == '\'') {
        value = slice_sub(value, 1, value.length);
        if (value.length > 0 && value.data[value.length - 1] == quote)
            value.length--;
    }
    char *out = arena_alloc(arena, value.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == '\\' && i + 1 < value.length && quote != '\'')
            i++;
        out[length++] = value.data[i];
    }
    out[length] = 0;
    return out;
}

static void read_assignments(const struct reader_file *file, struct reader_sink *sink,
                             const char *kind)
{
    struct slice text = file->bytes, line;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        size_t equals = slice_find_byte(line, '=');
        if (line.length == 0 || line.data[0] == '#' || equals == line.length)
            continue;
        sink_fact(sink, kind, file->path,
                  slice_string(sink->arena, slice_trim(slice_sub(line, 0, equals))),
                  unquote(sink->arena, slice_sub(line, equals + 1, line.length)));
    }
}

/* "CentOS Linux release 7.9.2009 (Core)": the first word that begins with a digit. */
static const char *version_in(struct arena *arena, struct slice line)
{
    struct slice word;
    while (slice_take_word(&line, &word))
        if (word.data[0] >= '0' && word.data[0] <= '9')
            return slice_string(arena, word);
    return "";
}

static void read_legacy(const struct reader_file *file, struct reader_sink *sink,
                        const struct legacy *legacy)
{
    struct slice text = file->bytes, line = {0};
    slice_take_line(&text, &line);
    line = slice_trim(line);
    sink_fact(sink, "os-legacy", file->path, "ID", legacy->id);
    sink_fact(sink, "os-legacy", file->path, "VERSION_ID", version_in(sink->arena, line));
    sink_fact(sink, "os-legacy", file->path, "PRETTY_NAME", slice_string(sink->arena, line));
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    if (strcmp(file->path, "etc/lsb-release") == 0) {
        read_assignments(file, sink, "os-lsb");
        return;
    }
    for (size_t i = 0; i < array_count(legacy_files); i++)
        if (strcmp(file->path, legacy_files[i].path) == 0) {
            read_legacy(file, sink, &legacy_files[i]);
            return;
        }
    read_assignments(file, sink, "os-release");
}

const struct package_reader reader_os_release = {
    .name = "os-release", .wants = wants, .read = read, .most_bytes = 64 * 1024, .database = true};
