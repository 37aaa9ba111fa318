/* Java archives: every pom.properties inside is a package; an archive without its own one is named
 * by its file name and manifest (JAR File Specification). A group is stated, never invented.
 * Archives inside archives are opened in turn. */
#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/java_names.h"
#include "inventory/readers/readers.h"
#include "inventory/zip.h"

static const char *const extensions[] = {".jar", ".war", ".ear", ".par", ".sar",  ".nar",
                                         ".jpi", ".hpi", ".kar", ".far", ".lpkg", ".rar"};

enum { MANIFEST_LINE_MOST = 64 * 1024, MANIFEST_BYTES_MOST = 10 * 1024 * 1024 };

static bool wants(const char *path)
{
    struct slice s = slice_of(path);
    for (size_t i = 0; i < array_count(extensions); i++) {
        size_t length = strlen(extensions[i]);
        if (s.length > length &&
            slice_is_nocase(slice_sub(s, s.length - length, length), extensions[i]))
            return true;
    }
    return false;
}

struct pom {
    const char *group, *artifact, *version;
};

struct manifest_names {
    const char *implementation_title, *implementation_version, *implementation_vendor_id;
    const char *bundle_name, *bundle_version, *symbolic_name;
    const char *specification_title, *specification_version;
    const char *group_id, *short_name, *plugin_version, *extension_name, *weave_classes;
    const char *automatic_module, *application_version;
};

struct archive {
    struct reader_sink *sink;
    const char *path; /* of the archive, "outer!/inner" */
    struct zip zip;
    struct pom *poms;
    size_t pom_count, pom_capacity;
    struct manifest_names manifest;
    const char *stem, *file_artifact, *file_version;
};

static void read_archive(struct reader_sink *sink, struct slice bytes, const char *path);

/* java.util.Properties as Maven writes them: key=value, comments, no continuation. */
static void read_pom(struct archive *archive, struct slice text)
{
    struct pom pom = {"", "", ""};
    struct slice line;
    struct arena *arena = archive->sink->arena;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        size_t cut = slice_find_byte(line, '=');
        if (cut == line.length)
            cut = slice_find_byte(line, ':');
        struct slice key = slice_trim(slice_sub(line, 0, cut));
        struct slice value = slice_trim(slice_sub(line, cut + 1, line.length));
        if (slice_is(key, "groupId"))
            pom.group = slice_string(arena, value);
        else if (slice_is(key, "artifactId"))
            pom.artifact = slice_string(arena, value);
        else if (slice_is(key, "version"))
            pom.version = slice_string(arena, value);
    }
    if (!pom.artifact[0] || !pom.version[0] || strstr(pom.version, "${"))
        return;
    arena_push(arena, archive->poms, archive->pom_count, archive->pom_capacity);
    archive->poms[archive->pom_count++] = pom;
}

static void manifest_set(struct manifest_names *names, struct arena *arena, struct slice line)
{
    static const struct {
        const char *key;
        size_t offset;
    } keys[] = {
        {"Implementation-Title", offsetof(struct manifest_names, implementation_title)},
        {"Implementation-Version", offsetof(struct manifest_names, implementation_version)},
        {"Implementation-Vendor-Id", offsetof(struct manifest_names, implementation_vendor_id)},
        {"Bundle-Name", offsetof(struct manifest_names, bundle_name)},
        {"Bundle-Version", offsetof(struct manifest_names, bundle_version)},
        {"Bundle-SymbolicName", offsetof(struct manifest_names, symbolic_name)},
        {"Specification-Title", offsetof(struct manifest_names, specification_title)},
        {"Specification-Version", offsetof(struct manifest_names, specification_version)},
        {"Group-Id", offsetof(struct manifest_names, group_id)},
        {"Short-Name", offsetof(struct manifest_names, short_name)},
        {"Plugin-Version", offsetof(struct manifest_names, plugin_version)},
        {"Extension-Name", offsetof(struct manifest_names, extension_name)},
        {"Weave-Classes", offsetof(struct manifest_names, weave_classes)},
        {"Automatic-Module-Name", offsetof(struct manifest_names, automatic_module)},
        {"Application-Version", offsetof(struct manifest_names, application_version)},
    };
    size_t colon = slice_find_byte(line, ':');
    struct slice key = slice_trim(slice_sub(line, 0, colon));
    struct slice value = slice_trim(slice_sub(line, colon + 1, line.length));
    for (size_t i = 0; i < array_count(keys); i++) {
        char *member = (char *)names + keys[i].offset;
        const char *old;
        memcpy(&old, member, sizeof(old));
        if (slice_is_nocase(key, keys[i].key) && !old[0]) {
            const char *text = slice_string(arena, value);
            memcpy(member, &text, sizeof(text));
        }
    }
}

/* The main section only; a line that begins with a blank continues the one before. */
static void read_manifest(struct archive *archive, struct slice text)
{
    struct buf whole scoped(buf_release) = {0};
    struct slice line;
    while (slice_take_line(&text, &line)) {
        if (line.length == 0)
            break;
        bool continues = line.data[0] == ' ';
        if (!continues && whole.length > 0) {
            manifest_set(&archive->manifest, archive->sink->arena, buf_slice(&whole));
            buf_clear(&whole);
        }
        if (whole.length < MANIFEST_LINE_MOST)
            buf_put_slice(&whole, continues ? slice_sub(line, 1, line.length) : line);
    }
    if (whole.length > 0)
        manifest_set(&archive->manifest, archive->sink->arena, buf_slice(&whole));
}

/* "kafka_2.13-3.6.0": what stands behind "_" is Scala's version, a part of the artifact's name. */
static bool is_scala(struct slice stem, size_t at)
{
    size_t i = at + 1;
    if (stem.data[at] != '_')
        return false;
    while (i < stem.length && (isdigit((unsigned char)stem.data[i]) || stem.data[i] == '.'))
        i++;
    return (slice_has_prefix(slice_sub(stem, at + 1, stem.length), "2.") ||
            slice_has_prefix(slice_sub(stem, at + 1, stem.length), "3-")) &&
           i + 1 < stem.length && stem.data[i] == '-' && isdigit((unsigned char)stem.data[i + 1]);
}

/* "commons-io-2.11.0.jar" → commons-io, 2.11.0: the version begins at the first "-<digit>" (or
 * "-v<digit>") behind a name. */
static void split_file_name(struct archive *archive)
{
    struct arena *arena = archive->sink->arena;
    const char *base = path_base(archive->path);
    const char *bang = strrchr(base, '!');
    base = bang ? bang + 1 : base;
    struct slice stem = slice_of(base);
    while (stem.length > 0 && stem.data[stem.length - 1] != '.')
        stem.length--;
    if (stem.length > 0)
        stem.length--;
    archive->stem = slice_string(arena, stem);
    archive->file_artifact = archive->stem;
    archive->file_version = "";
    for (size_t i = 1; i + 1 < stem.length; i++) {
        bool cut = stem.data[i] == '-' || stem.data[i] == '_';
        size_t digit = i + 1 + (size_t)(stem.data[i + 1] == 'v' && i + 2 < stem.length);
        if (!cut || !isdigit((unsigned char)stem.data[digit]) || is_scala(stem, i))
            continue;
        archive->file_artifact = slice_string(arena, slice_sub(stem, 0, i));
        archive->file_version = slice_string(arena, slice_sub(stem, digit, stem.length));
        return;
    }
}

/* The pom that the archive itself was built from: its artifact is what the file is called. */
static const struct pom *own_pom(const struct archive *archive)
{
    const struct pom *best = NULL;
    for (size_t i = 0; i < archive->pom_count; i++) {
        const struct pom *pom = &archive->poms[i];
        size_t length = strlen(pom->artifact);
        bool alike = strcmp(archive->stem, pom->artifact) == 0 ||
                     strcmp(archive->file_artifact, pom->artifact) == 0 ||
                     (strncmp(archive->stem, pom->artifact, length) == 0 &&
                      (archive->stem[length] == '-' || archive->stem[length] == '.'));
        if (alike && (!best || length > strlen(best->artifact)))
            best = pom;
    }
    return best ? best : archive->pom_count == 1 ? &archive->poms[0] : NULL;
}

static bool is_word(const char *text)
{
    if (!text[0] || strstr(text, "${"))
        return false;
    for (const char *p = text; *p; p++)
        if (isspace((unsigned char)*p) || (unsigned char)*p < 0x20 || strchr("\"'<>%,:;()/", *p))
            return false;
    return true;
}

/* "org.apache.tomcat": a reverse domain. */
static bool is_group(const char *text)
{
    return is_word(text) && strchr(text, '.') && !isdigit((unsigned char)text[0]);
}

static const char *first_word(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(texts[i]))
            return texts[i];
    return "";
}

/* Bundle-SymbolicName without directives; "group.artifact" gives the group where it ends so. */
static const char *group_of_symbolic(struct arena *arena, const char *symbolic,
                                     const char *artifact)
{
    struct slice name = slice_of(symbolic);
    name = slice_trim(slice_sub(name, 0, slice_find_byte(name, ';')));
    size_t tail = strlen(artifact);
    if (name.length <= tail + 1 || name.data[name.length - tail - 1] != '.' ||
        memcmp(name.data + name.length - tail, artifact, tail) != 0)
        return ""; /* it names the bundle in some other way: no group is stated */
    name.length -= tail + 1;
    const char *group = slice_string(arena, name);
    return is_group(group) ? group : "";
}

/* Names that a well-known product's jars do not carry in their manifests. */
static const struct known {
    const char *title, *file, *group, *artifact;
} known_jars[] = {
    {"Apache Tomcat", "catalina", "org.apache.tomcat", "tomcat-catalina"},
    {"Apache Tomcat", "tomcat-coyote", "org.apache.tomcat", "tomcat-coyote"},
    {"Apache Tomcat", "bootstrap", "org.apache.tomcat", "tomcat"},
    {"Apache Tomcat", "tomcat-util", "org.apache.tomcat", "tomcat-util"},
    {"Apache Tomcat", "tomcat-util-scan", "org.apache.tomcat", "tomcat-util-scan"},
    {"Apache Tomcat", "tomcat-websocket", "org.apache.tomcat", "tomcat-websocket"},
    {"Apache Tomcat", "jasper", "org.apache.tomcat", "tomcat-jasper"},
    {"Apache Tomcat", "jasper-el", "org.apache.tomcat", "tomcat-jasper-el"},
    {"Apache Tomcat", "catalina-ha", "org.apache.tomcat", "tomcat-catalina-ha"},
    {"Apache Tomcat", "catalina-tribes", "org.apache.tomcat", "tomcat-tribes"},
    {"Apache Tomcat", "catalina-storeconfig", "org.apache.tomcat", "tomcat-storeconfig"},
    {"Apache Tomcat", "catalina-ant", "org.apache.tomcat", "tomcat-catalina-ant"},
    {"Apache Tomcat", "catalina-ssi", "org.apache.tomcat", "tomcat-ssi"},
    {"Apache Tomcat", "tomcat-juli", "org.apache.tomcat", "tomcat-juli"},
    {"Apache Tomcat", "tomcat-jni", "org.apache.tomcat", "tomcat-jni"},
    {"Apache Tomcat", "tomcat-api", "org.apache.tomcat", "tomcat-api"},
    {"Apache Tomcat", "tomcat-dbcp", "org.apache.tomcat", "tomcat-dbcp"},
    {"Apache Tomcat", "servlet-api", "org.apache.tomcat", "tomcat-servlet-api"},
    {"Apache Tomcat", "jsp-api", "org.apache.tomcat", "tomcat-jsp-api"},
    {"Apache Tomcat", "el-api", "org.apache.tomcat", "tomcat-el-api"},
};

/* Debian has "tomcat10-catalina" for catalina, "tomcat10-util" for tomcat-util. */
static bool is_file_of(const char *file, const struct known *known)
{
    const char *rest = file;
    if (strcmp(file, known->file) == 0)
        return true;
    if (strncmp(rest, "tomcat", 6) != 0)
        return false;
    for (rest += 6; isdigit((unsigned char)*rest);)
        rest++;
    return *rest == '-' &&
           (strcmp(rest + 1, known->file) == 0 || (strncmp(known->artifact, "tomcat-", 7) == 0 &&
                                                   strcmp(rest + 1, known->artifact + 7) == 0));
}

static bool known_name(const struct archive *archive, const char **group, const char **artifact)
{
    for (size_t i = 0; i < array_count(known_jars); i++)
        if (strcmp(archive->manifest.implementation_title, known_jars[i].title) == 0 &&
            is_file_of(archive->file_artifact, &known_jars[i])) {
            *group = known_jars[i].group;
            *artifact = known_jars[i].artifact;
            return true;
        }
    return false;
}

static void put_maven(struct archive *archive, const char *group, const char *artifact,
                      const char *version, enum confidence confidence)
{
    const char *name =
        group[0] ? arena_printf(archive->sink->arena, "%s:%s", group, artifact) : artifact;
    sink_package(archive->sink,
                 (struct component){.type = "maven", .name = name, .version = version},
                 archive->path, confidence);
}

/* No pom of its own: file name, then manifest. */
static void name_by_manifest(struct archive *archive)
{
    const struct manifest_names *m = &archive->manifest;
    struct arena *arena = archive->sink->arena;
    if (m->weave_classes[0]) /* instrumentation that bears another product's name */
        return;
    struct slice symbolic = slice_of(m->symbolic_name);
    const char *bundle =
        slice_string(arena, slice_trim(slice_sub(symbolic, 0, slice_find_byte(symbolic, ';'))));
    const char *versions[] = {m->plugin_version,         archive->file_version,
                              m->implementation_version, m->bundle_version,
                              m->specification_version,  m->application_version};
    const char *version = first_word(versions, array_count(versions));
    const char *file = archive->file_version[0] ? archive->file_artifact : "";
    const char *names[] = {
        m->short_name,           file,
        m->extension_name,       is_word(archive->stem) ? archive->file_artifact : "",
        m->implementation_title, bundle};
    const char *artifact = first_word(names, array_count(names));
    const char *group = "";
    if (!version[0] || !artifact[0])
        return;
    if (!known_name(archive, &group, &artifact)) {
        const char *told = java_published_group(&archive->zip, artifact);
        if (told[0])
            group = told;
        else if (is_group(m->group_id))
            group = m->group_id;
        else if (bundle[0] && group_of_symbolic(arena, bundle, artifact)[0])
            group = group_of_symbolic(arena, bundle, artifact);
        else if (is_group(m->implementation_vendor_id))
            group = m->implementation_vendor_id;
    }
    put_maven(archive, group, artifact, version, CONFIDENCE_RECOGNISED);
}

static void read_inner(struct archive *archive, const struct zip_entry *entry)
{
    struct reader_sink *sink = archive->sink;
    const char *path = arena_printf(sink->arena, "%s!/%s", archive->path, entry->name);
    if (sink->nesting >= LIMIT_NESTING) {
        sink_warning(sink, "nesting-cap", path, true, "archives nested deeper than %d: not opened",
                     LIMIT_NESTING);
        return;
    }
    int64_t left = LIMIT_NESTED_BYTES - sink->opened_bytes;
    struct buf bytes scoped(buf_release) = {0};
    if (entry->size > (uint64_t)(left > 0 ? left : 0)) {
        sink_warning(sink, "nested-cap", path, true, "inflates past the cap: not opened");
        return;
    }
    if (entry->method == 0 && !entry->encrypted) { /* stored: read in place */
        sink->nesting++;
        read_archive(sink, entry->packed, path);
        sink->nesting--;
        return;
    }
    if (!zip_extract(&archive->zip, entry, left, &bytes)) {
        sink_warning(sink, "archive-damaged", path, true, "cannot be inflated");
        return;
    }
    sink->opened_bytes += (int64_t)bytes.length;
    sink->nesting++;
    read_archive(sink, buf_slice(&bytes), path);
    sink->nesting--;
}

static void read_entries(struct archive *archive)
{
    for (size_t i = 0; i < archive->zip.count; i++) {
        const struct zip_entry *entry = &archive->zip.entries[i];
        struct slice name = slice_of(entry->name);
        bool manifest = slice_is_nocase(name, "META-INF/MANIFEST.MF");
        bool pom = slice_has_suffix(name, "/pom.properties") &&
                   slice_find(name, "META-INF/maven/") < name.length;
        struct buf text scoped(buf_release) = {0};
        if (manifest || pom) {
            if (!zip_extract(&archive->zip, entry, MANIFEST_BYTES_MOST, &text))
                sink_warning(archive->sink, "archive-damaged", archive->path, true,
                             "%.200s cannot be read", entry->name);
            else if (pom)
                read_pom(archive, buf_slice(&text));
            else
                read_manifest(archive, buf_slice(&text));
        } else if (wants(entry->name) && entry->size > 0) {
            read_inner(archive, entry);
        }
    }
}

static void read_archive(struct reader_sink *sink, struct slice bytes, const char *path)
{
    struct archive archive = {.sink = sink, .path = path};
    archive.manifest =
        (struct manifest_names){"", "", "", "", "", "", "", "", "", "", "", "", "", "", ""};
    if (!zip_open(bytes, sink->arena, &archive.zip)) {
        sink_warning(sink, "archive-damaged", path, true, "not a zip archive");
        return;
    }
    if (archive.zip.truncated)
        sink_warning(sink, "archive-damaged", path, true, "some entries cannot be read");
    split_file_name(&archive);
    read_entries(&archive);
    for (size_t i = 0; i < archive.pom_count; i++)
        put_maven(&archive, archive.poms[i].group, archive.poms[i].artifact,
                  archive.poms[i].version, CONFIDENCE_INSTALLED);
    if (!own_pom(&archive))
        name_by_manifest(&archive);
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    read_archive(sink, file->bytes, file->path);
}

const struct package_reader reader_java = {
    .name = "java", .wants = wants, .read = read, .most_bytes = LIMIT_NESTED_BYTES};
