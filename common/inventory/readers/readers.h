/* The readers, one per file format; each .c says which specification it follows. */
#pragma once

#include "inventory/reader.h"
#include "inventory/sink.h"

extern const struct package_reader reader_dpkg, reader_dpkg_lists, reader_dpkg_single,
    reader_chisel, reader_os_release, reader_python, reader_python_archive, reader_java;

/* Other package managers of distributions. */
extern const struct package_reader reader_sbom, reader_product_files, reader_apk, reader_rpm,
    reader_rpm_manifest, reader_pacman, reader_opkg, reader_portage;

/* Language packages: what is installed and what is linked in, then lock files. */
extern const struct package_reader reader_npm_package, reader_npm_lock, reader_bun_lock,
    reader_yarn_lock, reader_yarn_project, reader_pnpm_lock, reader_pub_lock, reader_pod_lock,
    reader_go_vendor, reader_cargo_lock, reader_gemspec, reader_gem_lock, reader_composer,
    reader_dotnet_deps, reader_nuget_lock, reader_nuget_config, reader_requirements,
    reader_pipfile_lock, reader_python_lock, reader_conda, reader_r, reader_erlang, reader_mix_lock,
    reader_rebar_lock, reader_swift, reader_lua, reader_julia, reader_jvm, reader_perl,
    reader_conan_lock, reader_renv_lock, reader_deno_lock, reader_gradle_lock, reader_cabal_lock,
    reader_stack_lock, reader_composer_php, reader_pear, reader_opam, reader_bottlerocket,
    reader_cos, reader_bitnami, reader_content_manifest, reader_dnf_history, reader_ubuntu_pro,
    reader_apk_repositories;

/* Puts the product that a file's path alone tells of (product_files.c). */
void product_path(const char *path, struct reader_sink *sink);

/* The part after the last "/". */
const char *path_base(const char *path);
bool path_has_suffix(const char *path, const char *suffix);
/* "a/b/c" → "a/b"; "" for a top name. */
const char *path_directory(struct arena *arena, const char *path);
/* The path is `name`, or ends with "/" and `name`. */
bool path_is_below(const char *path, const char *name);

/* A database in plain text, read into so many entries: a warning where it is damaged. */
void text_check(const struct reader_file *file, struct reader_sink *sink, size_t entries);

/* "Key: value" stanzas (dpkg, apk-like, PKG-INFO): the next field; continuation lines are left out
 * of the value. False at the end or, when *blank is set, at the blank line after a stanza. */
bool field_take(struct slice *text, struct slice *key, struct slice *value, bool *blank);
