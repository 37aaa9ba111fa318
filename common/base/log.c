#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

static struct {
    char program[32];
    enum log_level least;
    bool json;
} settings = {.program = "resole", .least = LOG_INFO};

static _Thread_local const struct log_field *inherited;
static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_open(const char *program, enum log_level least, bool json)
{
    snprintf(settings.program, sizeof(settings.program), "%s", program);
    settings.least = least;
    settings.json = json;
}

void log_inherit(const struct log_field *fields)
{
    inherited = fields;
}

bool log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < array_count(level_names); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static bool is_plain(const char *text)
{
    if (!*text)
        return false;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p >= 0x7f)
            return false;
    }
    return true;
}

static void put_field(struct buf *line, const char *name, const char *text)
{
    if (settings.json) {
        if (line->length > 1)
            buf_put_byte(line, ',');
        buf_put_json(line, slice_of(name));
        buf_put_byte(line, ':');
        buf_put_json(line, slice_of(text));
        return;
    }
    if (line->length)
        buf_put_byte(line, ' ');
    buf_printf(line, "%s=", name);
    if (is_plain(text))
        buf_put_text(line, text);
    else
        buf_put_json(line, slice_of(text)); /* escapes control bytes of foreign text */
}

static void put_fields(struct buf *line, const struct log_field *fields)
{
    for (; fields && fields->name; fields++) {
        char number[32];
        snprintf(number, sizeof(number), "%lld", (long long)fields->number);
        put_field(line, fields->name, fields->text ? fields->text : number);
    }
}

void log_fields(enum log_level level, const char *phrase, const struct log_field *fields)
{
    if (level < settings.least)
        return;
    struct buf line scoped(buf_release) = {0};
    char at[32], stamp[48];
    int64_t now = clock_unix_ms();
    clock_format(now / 1000, at);
    snprintf(stamp, sizeof(stamp), "%.19s.%03dZ", at, (int)(now % 1000));
    if (settings.json)
        buf_put_byte(&line, '{');
    put_field(&line, "ts", stamp);
    put_field(&line, "level", level_names[level]);
    put_field(&line, "program", settings.program);
    put_field(&line, "msg", phrase);
    put_fields(&line, inherited);
    put_fields(&line, fields);
    buf_put_text(&line, settings.json ? "}\n" : "\n");
    ssize_t ignored = write(STDERR_FILENO, line.data, line.length); /* nowhere to report it to */
    (void)ignored;
}
