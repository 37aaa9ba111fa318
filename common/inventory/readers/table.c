#include <string.h>

#include "inventory/readers/binary_scan.h"
#include "inventory/readers/readers.h"

const struct package_reader *const package_readers[] = {
    &reader_dpkg,
    &reader_dpkg_lists,
    &reader_dpkg_single,
    &reader_chisel,
    &reader_apk,
    &reader_rpm,
    &reader_rpm_manifest,
    &reader_pacman,
    &reader_opkg,
    &reader_portage,
    &reader_os_release,
    &reader_sbom,
    &reader_product_files,
    &reader_python,
    &reader_python_archive,
    &reader_java,
    &reader_npm_package,
    &reader_npm_lock,
    &reader_bun_lock,
    &reader_yarn_lock,
    &reader_yarn_project,
    &reader_pnpm_lock,
    &reader_pub_lock,
    &reader_pod_lock,
    &reader_go_vendor,
    &reader_cargo_lock,
    &reader_gemspec,
    &reader_gem_lock,
    &reader_composer,
    &reader_dotnet_deps,
    &reader_nuget_lock,
    &reader_nuget_config,
    &reader_requirements,
    &reader_pipfile_lock,
    &reader_python_lock,
    &reader_conda,
    &reader_r,
    &reader_erlang,
    &reader_mix_lock,
    &reader_rebar_lock,
    &reader_swift,
    &reader_lua,
    &reader_julia,
    &reader_jvm,
    &reader_perl,
    &reader_conan_lock,
    &reader_renv_lock,
    &reader_deno_lock,
    &reader_gradle_lock,
    &reader_cabal_lock,
    &reader_stack_lock,
    &reader_composer_php,
    &reader_pear,
    &reader_opam,
    &reader_bottlerocket,
    &reader_cos,
    &reader_bitnami,
    &reader_content_manifest,
    &reader_dnf_history,
    &reader_ubuntu_pro,
    &reader_apk_repositories,
};
const size_t package_reader_count = array_count(package_readers);

bool reader_wants_any(const char *path)
{
    for (size_t i = 0; i < package_reader_count; i++)
        if (!package_readers[i]->database && package_readers[i]->wants &&
            package_readers[i]->wants(path))
            return true;
    return false;
}

void reader_offer(const struct reader_file *file, struct reader_sink *sink)
{
    for (size_t i = 0; i < package_reader_count; i++) {
        const struct package_reader *reader = package_readers[i];
        if (!reader->wants(file->path))
            continue;
        if ((int64_t)file->bytes.length > reader->most_bytes) {
            sink_warning(sink, "file-too-large", file->path, true, "%zu bytes, over the cap of %s",
                         file->bytes.length, reader->name);
            continue;
        }
        sink->reader = reader->name;
        sink->path = file->path;
        sink->nesting = 0;
        sink->opened_bytes = 0;
        reader->read(file, sink);
    }
    product_path(file->path, sink);
    if (binary_is_executable(file->bytes)) {
        binary_scan_begin(sink_scan(sink), file->path);
        binary_scan_feed(sink_scan(sink), file->bytes);
        binary_scan_end(sink_scan(sink), sink);
    }
}

void reader_finish(struct reader_sink *sink)
{
    for (size_t i = 0; i < package_reader_count; i++) {
        if (!package_readers[i]->finish)
            continue;
        sink->reader = package_readers[i]->name;
        sink->nesting = 0;
        sink->opened_bytes = 0;
        package_readers[i]->finish(sink);
    }
    sink_release(sink);
    evidence_sort(sink->evidence);
}
