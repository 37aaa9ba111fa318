/* SBOMs as evidence: CycloneDX JSON (1.2 to 1.6) and SPDX (2.2, 2.3) as JSON and as tag-value, by
 * the package URLs in them. Inside an image they count for what no package database says (compose.c
 * leaves out a distribution's packages where their database stands). Bitnami's
 * (opt/bitnami/NAME/.spdx-NAME.spdx) state what is installed. */
#include "inventory/readers/sbom.h"

#include <jansson.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/purl.h"
#include "inventory/readers/readers.h"

enum { SBOM_NESTING_MOST = 32 };

/* Where the image's own file would stand: who composes looks there. */
static const char os_path[] = "etc/os-release";

struct document {
    struct reader_sink *sink;
    const char *path;
    bool embedded;
    bool installed; /* the vendor's own word about what it put there */
    bool told_os;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void tell_os(struct document *document, const struct context *context)
{
    if (document->told_os || document->embedded || !context->distro[0])
        return;
    document->told_os = true;
    sink_fact(document->sink, "os-release", os_path, "ID", context->distro);
    sink_fact(document->sink, "os-release", os_path, "VERSION_ID", context->version_id);
}

static const char *property(const json_t *component, const char *name)
{
    const json_t *list = json_object_get(component, "properties");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_of(json_array_get(list, i), "name"), name) == 0)
            return text_of(json_array_get(list, i), "value");
    return "";
}

/* Repositories that something was built from, and images: no package. */
static bool is_origin(const char *type)
{
    static const char *const types[] = {"github", "gitlab", "bitbucket", "oci", "docker"};
    for (size_t i = 0; i < array_count(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static void put_purl(struct document *document, const char *purl, const json_t *component)
{
    struct component out;
    struct context context;
    if (!purl_parse(purl, document->sink->arena, &out, &context)) {
        sink_warning(document->sink, "sbom-purl", document->path, true, "not a package URL: %.200s",
                     purl);
        return;
    }
    if (document->embedded && is_origin(out.type))
        return;
    tell_os(document, &context);
    out.vendor = text_of(json_object_get(component, "supplier"), "name");
    if (component_is_os(&out) && property(component, "resole:source:name")[0]) {
        out.source_name = property(component, "resole:source:name");
        out.source_version = property(component, "resole:source:version");
    }
    const char *path = property(component, "resole:path");
    sink_package(document->sink, out, path[0] && !document->embedded ? path : document->path,
                 document->embedded && !document->installed ? CONFIDENCE_DECLARED
                                                            : CONFIDENCE_INSTALLED);
}

static void os_component(struct document *document, const json_t *component)
{
    const json_t *list = json_object_get(component, "properties");
    if (document->embedded || document->told_os)
        return;
    tell_os(document, &(struct context){.distro = text_of(component, "name"),
                                        .version_id = text_of(component, "version")});
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = text_of(json_array_get(list, i), "name");
        if (strncmp(name, "resole:os:", 10) == 0 && strcmp(name, "resole:os:id") != 0 &&
            strcmp(name, "resole:os:version_id") != 0)
            sink_fact(document->sink, "os-release", os_path, name + 10,
                      text_of(json_array_get(list, i), "value"));
    }
}

static void read_components(struct document *document, const json_t *list, int depth)
{
    for (size_t i = 0; depth < SBOM_NESTING_MOST && i < json_array_size(list); i++) {
        const json_t *component = json_array_get(list, i);
        if (strcmp(text_of(component, "type"), "operating-system") == 0)
            os_component(document, component);
    }
    for (size_t i = 0; depth < SBOM_NESTING_MOST && i < json_array_size(list); i++) {
        const json_t *component = json_array_get(list, i);
        if (text_of(component, "purl")[0])
            put_purl(document, text_of(component, "purl"), component);
        read_components(document, json_object_get(component, "components"), depth + 1);
    }
}

static void read_spdx(struct document *document, const json_t *packages)
{
    for (size_t i = 0; i < json_array_size(packages); i++) {
        const json_t *package = json_array_get(packages, i);
        const json_t *references = json_object_get(package, "externalRefs");
        if (strcmp(text_of(package, "primaryPackagePurpose"), "OPERATING-SYSTEM") == 0)
            tell_os(document, &(struct context){.distro = text_of(package, "name"),
                                                .version_id = text_of(package, "versionInfo")});
        for (size_t r = 0; r < json_array_size(references); r++) {
            const json_t *reference = json_array_get(references, r);
            if (strcmp(text_of(reference, "referenceType"), "purl") == 0)
                put_purl(document, text_of(reference, "referenceLocator"), package);
        }
    }
}

/* "ExternalRef: PACKAGE-MANAGER purl pkg:…" */
static bool read_tag_value(struct document *document, struct slice text)
{
    static const char tag[] = "ExternalRef:";
    struct slice line, word, purl = {0};
    if (!slice_has_prefix(slice_trim(text), "SPDXVersion:"))
        return false;
    while (slice_take_line(&text, &line)) {
        if (!slice_has_prefix(line, tag))
            continue;
        line = slice_sub(line, strlen(tag), line.length);
        if (slice_take_word(&line, &word) && slice_take_word(&line, &word) &&
            slice_is(word, "purl") && slice_take_word(&line, &purl))
            put_purl(document, slice_string(document->sink->arena, purl), NULL);
    }
    return true;
}

bool sbom_document_read(struct slice bytes, const char *path, bool embedded,
                        struct reader_sink *sink)
{
    struct document document = {.sink = sink,
                                .path = path,
                                .embedded = embedded,
                                .installed = strstr(path, "opt/bitnami/") != NULL};
    if (read_tag_value(&document, bytes))
        return true;
    json_t *root = json_loadb(bytes.data ? bytes.data : "", bytes.length, 0, NULL);
    bool known = true;
    if (strcmp(text_of(root, "bomFormat"), "CycloneDX") == 0) {
        const json_t *metadata = json_object_get(json_object_get(root, "metadata"), "component");
        if (strcmp(text_of(metadata, "type"), "operating-system") == 0)
            os_component(&document, metadata);
        read_components(&document, json_object_get(root, "components"), 0);
    } else if (text_of(root, "spdxVersion")[0]) {
        read_spdx(&document, json_object_get(root, "packages"));
    } else if (strcmp(text_of(json_object_get(root, "predicate"), "spdxVersion"), "SPDX-2.3") ==
               0) {
        read_spdx(&document, json_object_get(json_object_get(root, "predicate"), "packages"));
    } else {
        known = false;
    }
    json_decref(root);
    return known;
}

static bool wants(const char *path)
{
    static const char *const suffixes[] = {".cdx.json", ".spdx.json", ".bom.json",
                                           "/bom.json", ".spdx",      ".cyclonedx.json"};
    for (size_t i = 0; i < array_count(suffixes); i++)
        if (path_has_suffix(path, suffixes[i]))
            return true;
    return false;
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    if (!sbom_document_read(file->bytes, file->path, true, sink))
        sink_warning(sink, "sbom-unknown", file->path, false, "no SBOM of a known format");
}

const struct package_reader reader_sbom = {
    .name = "sbom", .wants = wants, .read = read, .most_bytes = 4 * LIMIT_SMALL_FILE_BYTES};
