/* Go executables: the build information that the linker embeds (debug/buildinfo): magic, then
 * either two strings in place (Go 1.18 and later) or two pointers to strings. vendor/modules.txt as
 * well. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static const char magic[] = "\xff Go buildinf:";
enum { MAGIC = 14, HEADER = 32, SENTINEL = 16, SCAN_MOST = 64 };

static bool take_varint(struct slice *s, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 63 && s->length; shift += 7) {
        unsigned char c = (unsigned char)s->data[0];
        *s = slice_sub(*s, 1, s->length);
        *value |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return true;
    }
    return false;
}

static bool take_string(struct slice *s, struct slice *out)
{
    uint64_t length;
    if (!take_varint(s, &length) || length > s->length)
        return false;
    *out = slice_sub(*s, 0, (size_t)length);
    *s = slice_sub(*s, (size_t)length, s->length);
    return true;
}

static uint64_t word_at(struct slice s, size_t at, size_t size, bool big)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size && at + size <= s.length; i++)
        value |= (uint64_t)(unsigned char)s.data[at + i] << (8 * (big ? size - 1 - i : i));
    return value;
}

/* A Go string's header at an address: where, how long. */
static bool string_at(struct slice bytes, uint64_t address, size_t word, bool big,
                      struct slice *out)
{
    struct slice header, text;
    if (!binary_at(bytes, address, &header) || header.length < 2 * word)
        return false;
    uint64_t length = word_at(header, word, word, big);
    if (!binary_at(bytes, word_at(header, 0, word, big), &text) || length > text.length)
        return false;
    *out = slice_sub(text, 0, (size_t)length);
    return true;
}

static bool parse_info(struct slice bytes, struct slice info, struct slice *go,
                       struct slice *modules)
{
    unsigned char word = (unsigned char)info.data[14], flags = (unsigned char)info.data[15];
    if (flags & 2) {
        struct slice rest = slice_sub(info, HEADER, info.length);
        return take_string(&rest, go) && take_string(&rest, modules);
    }
    if (word != 4 && word != 8)
        return false;
    bool big = flags & 1;
    *modules = slice_of("");
    if (!string_at(bytes, word_at(info, 16, word, big), word, big, go))
        return false;
    (void)string_at(bytes, word_at(info, 16u + word, word, big), word, big, modules);
    return true;
}

/* In the section of its name; only where sections cannot tell, wherever the magic stands. */
static bool find_info(struct slice bytes, struct slice *go, struct slice *modules)
{
    struct slice section;
    if ((binary_section(bytes, ".go.buildinfo", &section) ||
         binary_section(bytes, "__go_buildinfo", &section)) &&
        section.length >= HEADER && memcmp(section.data, magic, MAGIC) == 0) {
        size_t at = (size_t)(section.data - bytes.data);
        if (parse_info(bytes, slice_sub(bytes, at, bytes.length), go, modules))
            return true;
    }
    if (!binary_is_stripped(bytes))
        return false;
    struct slice rest = bytes;
    for (int tries = 0; tries < SCAN_MOST; tries++) {
        size_t at = slice_find(rest, magic);
        if (at + HEADER > rest.length)
            return false;
        rest = slice_sub(rest, at, rest.length);
        if (parse_info(bytes, rest, go, modules) && slice_has_prefix(*go, "go"))
            return true;
        rest = slice_sub(rest, MAGIC, rest.length);
    }
    return false;
}

static bool is_version_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' ||
           (c >= 'A' && c <= 'Z') || c == '_';
}

/* "-X main.version=v1.2.3" and its like among the linker's flags. */
static struct slice ldflags_version(struct slice flags, struct slice module)
{
    static const char *const names[] = {"version", "ver"};
    struct slice word;
    while (slice_take_word(&flags, &word)) {
        struct slice text = word;
        while (text.length && strchr("'\"\\", text.data[0]))
            text = slice_sub(text, 1, text.length);
        size_t equals = slice_find_byte(text, '=');
        struct slice name = slice_sub(text, 0, equals),
                     value = slice_sub(text, equals + 1, text.length);
        size_t dot = name.length;
        while (dot > 0 && name.data[dot - 1] != '.')
            dot--;
        struct slice package = slice_sub(name, 0, dot ? dot - 1 : 0);
        name = slice_sub(name, dot, name.length);
        size_t n = 0;
        while (n < value.length && is_version_char(value.data[n]))
            n++;
        value = slice_sub(value, 0, n);
        bool ours = slice_is(package, "main") ||
                    (module.length && slice_equal(slice_sub(package, 0, module.length), module));
        for (size_t i = 0; ours && value.length && i < array_count(names); i++)
            if (slice_is_nocase(name, names[i]))
                return value;
    }
    return slice_of("");
}

static bool looks_released(struct slice version)
{
    if (slice_has_prefix(version, "v"))
        version = slice_sub(version, 1, version.length);
    return version.length && version.data[0] >= '0' && version.data[0] <= '9' &&
           slice_find_byte(version, '.') < version.length;
}

struct modules {
    struct slice main_name, main_version, ldflags;
};

static void put_dependency(struct reader_sink *sink, const struct reader_file *file,
                           struct slice name, struct slice version)
{
    if (version.length && !slice_is(version, "(devel)"))
        lang_put(sink, file, "golang", name, version, CONFIDENCE_RECOGNISED);
}

/* mod, dep and => lines: kind, path, version, sum. A replacement stands for the line before it. */
static void read_modules(struct reader_sink *sink, const struct reader_file *file,
                         struct slice text, struct modules *out)
{
    struct slice line, kind, name, version, held_name = {"", 0}, held_version = {"", 0};
    while (slice_take_line(&text, &line)) {
        name = version = slice_of("");
        if (!slice_take_until(&line, '\t', &kind))
            continue;
        if (slice_is(kind, "build")) {
            if (slice_has_prefix(line, "-ldflags="))
                out->ldflags = slice_sub(line, 9, line.length);
            continue;
        }
        (void)slice_take_until(&line, '\t', &name);
        (void)slice_take_until(&line, '\t', &version);
        if (slice_is(kind, "=>")) {
            /* A replacement by a directory has no version of its own. */
            if (version.length) {
                held_name = name;
                held_version = version;
            }
            continue;
        }
        put_dependency(sink, file, held_name, held_version);
        held_name = held_version = slice_of("");
        if (slice_is(kind, "mod")) {
            out->main_name = name;
            out->main_version = version;
        } else if (slice_is(kind, "dep")) {
            held_name = name;
            held_version = version;
        }
    }
    put_dependency(sink, file, held_name, held_version);
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice go, text, version;
    struct modules modules = {{"", 0}, {"", 0}, {"", 0}};
    if (!find_info(file->bytes, &go, &text))
        return;
    if (text.length >= 2 * SENTINEL + 1 && text.data[text.length - SENTINEL - 1] == '\n')
        text = slice_sub(text, SENTINEL, text.length - 2 * SENTINEL);
    else
        text = slice_of("");
    read_modules(sink, file, text, &modules);
    version = modules.main_version;
    if (version.length == 0 || slice_is(version, "(devel)")) {
        struct slice said = ldflags_version(modules.ldflags, modules.main_name);
        version = looks_released(said) ? said : version;
    }
    lang_put(sink, file, "golang", modules.main_name,
             version.length ? version : slice_of("(devel)"), CONFIDENCE_RECOGNISED);
    if (slice_has_prefix(go, "go"))
        lang_put(sink, file, "golang", slice_of("stdlib"),
                 lang_before(lang_before(slice_sub(go, 2, go.length), ' '), '-'),
                 CONFIDENCE_RECOGNISED);
}

static bool wants_vendor(const char *path)
{
    return path_is_below(path, "vendor/modules.txt");
}

/* "# path version", "# path version => path version", "# path => path version". */
static bool vendor_header(struct slice line, struct slice *name, struct slice *version)
{
    struct slice word[6];
    size_t count = 0;
    line = slice_sub(line, 2, line.length);
    while (count < 6 && slice_take_word(&line, &word[count]))
        count++;
    size_t at = count == 5 && slice_is(word[2], "=>")   ? 3
                : count == 4 && slice_is(word[1], "=>") ? 2
                                                        : 0;
    if (count < 2)
        return false;
    *name = word[at];
    *version = word[at + 1];
    return slice_has_prefix(*version, "v");
}

/* A module counts once a package of it stands below its header. A directory in its place has no
 * version; then the replaced one stands. */
static void read_vendor(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, name = {"", 0}, version = {"", 0};
    while (slice_take_line(&text, &line)) {
        if (slice_has_prefix(line, "# ") && !vendor_header(line, &name, &version))
            name = version = slice_of("");
        if (line.length == 0 || line.data[0] == '#')
            continue;
        lang_put(sink, file, "golang", name, version, lang_declared(sink));
        name = version = slice_of("");
    }
}

const struct package_reader reader_go_binary = {
    .name = "go-binary", .read = read, .most_bytes = LIMIT_NESTED_BYTES, .binaries = true};
const struct package_reader reader_go_vendor = {.name = "go-vendor",
                                                .wants = wants_vendor,
                                                .read = read_vendor,
                                                .most_bytes = LIMIT_SMALL_FILE_BYTES};
