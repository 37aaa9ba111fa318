#include "base/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/version_text.h"

static void flag_name(const char *setting, char *out, size_t size)
{
    const char *name = strncmp(setting, "RESOLE_", 7) == 0 ? setting + 7 : setting;
    size_t n = 0;
    for (; name[n] && n + 1 < size; n++)
        out[n] = name[n] == '_' ? '-' : (char)tolower((unsigned char)name[n]);
    out[n] = '\0';
}

static void print_help(const char *program, const char *about, const struct config_table *tables,
                       size_t table_count)
{
    printf("Usage: %s [--SETTING VALUE]... [--help] [--version] [--check-config]\n\n%s\n\n",
           program, about);
    printf("Settings, from the environment or as flags:\n");
    for (size_t t = 0; t < table_count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct setting *row = &tables[t].rows[i];
            char flag[64];
            flag_name(row->name, flag, sizeof(flag));
            printf("  %s (--%s)%s\n      %s", row->name, flag, row->required ? ", required" : "",
                   row->help);
            if (row->fallback && row->fallback[0])
                printf(" [%s]", row->fallback);
            printf("\n");
        }
    }
}

void config_print_env(const struct config_table *tables, size_t table_count)
{
    for (size_t t = 0; t < table_count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct setting *row = &tables[t].rows[i];
            printf("# %s\n%s=%s\n", row->help, row->name, row->fallback ? row->fallback : "");
        }
    }
}

static bool set_bool(const struct setting *row, const char *text, bool *out, struct error *err)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off", ""};
    for (size_t i = 0; i < array_count(yes); i++) {
        if (strcmp(text, yes[i]) == 0) {
            *out = true;
            return true;
        }
    }
    for (size_t i = 0; i < array_count(no); i++) {
        if (strcmp(text, no[i]) == 0) {
            *out = false;
            return true;
        }
    }
    return error_set(err, ERROR_INPUT, "%s: '%s' is neither true nor false", row->name, text);
}

static bool is_one_of(const char *words, const char *text)
{
    struct slice rest = slice_of(words), word;
    while (slice_take_word(&rest, &word))
        if (slice_is(word, text))
            return true;
    return false;
}

static bool set_value(const struct setting *row, const char *text, void *out, struct error *err)
{
    char *at = (char *)out + row->offset;
    if (row->required && text[0] == '\0')
        return error_set(err, ERROR_INPUT, "%s is not set: %s", row->name, row->help);
    if (row->words && !is_one_of(row->words, text))
        return error_set(err, ERROR_INPUT, "%s: '%s' is none of: %s", row->name, text, row->words);
    if (row->kind == SETTING_TEXT) {
        memcpy(at, &text, sizeof(text));
        return true;
    }
    if (row->kind == SETTING_BOOL)
        return set_bool(row, text, (bool *)at, err);
    int64_t value = 0;
    if (text[0] && !slice_parse_i64(slice_of(text), &value))
        return error_set(err, ERROR_INPUT, "%s: '%s' is not a number", row->name, text);
    if ((row->least || row->most) && (value < row->least || value > row->most))
        return error_set(err, ERROR_INPUT, "%s: %s is outside %lld to %lld", row->name, text,
                         (long long)row->least, (long long)row->most);
    memcpy(at, &value, sizeof(value));
    return true;
}

/* The value after "--flag" or in "--flag=value"; NULL when the flag is not among argv. */
static const char *flag_value(const char *name, int argc, char **argv, bool *used)
{
    char flag[64];
    const char *found = NULL;
    flag_name(name, flag, sizeof(flag));
    size_t length = strlen(flag);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, flag, length) != 0)
            continue;
        const char *rest = argv[i] + 2 + length;
        if (*rest == '=') {
            used[i] = true;
            found = rest + 1;
        } else if (*rest == '\0' && i + 1 < argc) {
            used[i] = used[i + 1] = true;
            found = argv[++i];
        }
    }
    return found;
}

static bool load_rows(const struct config_table *table, int argc, char **argv, bool *used,
                      struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct setting *row = &table->rows[i];
        const char *text = flag_value(row->name, argc, argv, used);
        if (!text)
            text = getenv(row->name);
        if (!text)
            text = row->fallback ? row->fallback : "";
        if (!set_value(row, arena_strdup(arena, text), table->out, err))
            return false;
    }
    return true;
}

enum config_verdict config_load(const char *program, const char *about,
                                const struct config_table *tables, size_t table_count, int argc,
                                char **argv, struct arena *arena, struct error *err)
{
    bool *used = arena_new_array(arena, bool, (size_t)argc + 1), check = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(program, about, tables, table_count);
            return CONFIG_LEAVE;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program, RESOLE_VERSION);
            return CONFIG_LEAVE;
        }
        if (strcmp(argv[i], "--print-env") == 0) {
            config_print_env(tables, table_count);
            return CONFIG_LEAVE;
        }
        if (strcmp(argv[i], "--check-config") == 0)
            check = used[i] = true;
    }
    for (size_t t = 0; t < table_count; t++) {
        if (!load_rows(&tables[t], argc, argv, used, arena, err))
            return CONFIG_WRONG;
    }
    for (int i = 1; i < argc; i++) {
        if (!used[i]) {
            error_fill(err, ERROR_INPUT, "unknown argument '%s'; see --help", argv[i]);
            return CONFIG_WRONG;
        }
    }
    if (check)
        printf("%s: settings are well-formed\n", program);
    return check ? CONFIG_LEAVE : CONFIG_RUN;
}
