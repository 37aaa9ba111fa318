#include "advisory/apt_index.h"

void apt_source_split(struct slice text, struct arena *arena, const char **name,
                      const char **version)
{
    size_t open = slice_find_byte(text, '(');
    *name = slice_string(arena, slice_trim(slice_sub(text, 0, open)));
    *version = NULL;
    if (open < text.length) {
        struct slice inner = slice_sub(text, open + 1, text.length);
        inner = slice_trim(slice_sub(inner, 0, slice_find_byte(inner, ')')));
        if (inner.length > 0)
            *version = slice_string(arena, inner);
    }
}

const char *apt_version_without_binnmu(const char *version, struct arena *arena)
{
    size_t length = strlen(version), end = length;
    while (end > 0 && version[end - 1] >= '0' && version[end - 1] <= '9')
        end--;
    if (end == length || end < 3 || version[end - 1] != 'b' || version[end - 2] != '+')
        return version;
    return arena_strndup(arena, version, end - 2);
}

static int64_t number(const struct deb822_stanza *stanza, const char *name)
{
    int64_t value = 0;
    return slice_parse_i64(deb822_get(stanza, name), &value) && value >= 0 ? value : 0;
}

bool apt_package_read(const struct deb822_stanza *stanza, struct arena *arena,
                      struct apt_package *out)
{
    *out = (struct apt_package){.phased = 100};
    out->name = deb822_text(stanza, "Package", arena);
    out->version = deb822_text(stanza, "Version", arena);
    if (!out->name || !*out->name || !out->version || !*out->version)
        return false;
    out->arch = deb822_text(stanza, "Architecture", arena);
    struct slice source = deb822_get(stanza, "Source");
    if (source.length > 0)
        apt_source_split(source, arena, &out->source, &out->source_version);
    if (!out->source)
        out->source = out->name;
    if (!out->source_version)
        out->source_version = apt_version_without_binnmu(out->version, arena);
    out->filename = deb822_text(stanza, "Filename", arena);
    out->sha256 = deb822_text(stanza, "SHA256", arena);
    out->bytes = number(stanza, "Size");
    out->installed_kib = number(stanza, "Installed-Size");
    out->depends = deb822_text(stanza, "Depends", arena);
    out->pre_depends = deb822_text(stanza, "Pre-Depends", arena);
    out->breaks = deb822_text(stanza, "Breaks", arena);
    out->conflicts = deb822_text(stanza, "Conflicts", arena);
    out->replaces = deb822_text(stanza, "Replaces", arena);
    out->provides = deb822_text(stanza, "Provides", arena);
    out->multi_arch = deb822_text(stanza, "Multi-Arch", arena);
    out->section = deb822_text(stanza, "Section", arena);
    out->priority = deb822_text(stanza, "Priority", arena);
    out->essential = slice_is_nocase(deb822_get(stanza, "Essential"), "yes");
    struct slice phased = deb822_get(stanza, "Phased-Update-Percentage");
    uint64_t percent;
    if (phased.length > 0 && slice_parse_u64(phased, &percent) && percent < 100)
        out->phased = (int)percent;
    return true;
}
