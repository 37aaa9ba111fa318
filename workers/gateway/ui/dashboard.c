/* GET /: one page rendered here, no script, nothing fetched from elsewhere. Its figures are the
 * API's own. */
#include <jansson.h>
#include <string.h>

#include "gateway/routes.h"
#include "sql_worker_gateway.h"

enum { ROWS_SHOWN = 15, COLUMNS_MOST = 8 };

static const char page_head[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Resole</title>"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>"
    "body{font:15px/1.45 system-ui,sans-serif;margin:0 "
    "auto;max-width:76rem;padding:1rem;color:#222;"
    "background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;"
    "border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}"
    "dl{display:flex;flex-wrap:wrap;gap:.6rem;margin:0}dl div{border:1px solid #ccc;"
    "border-radius:6px;padding:.5rem .9rem}dt{color:#555}dd{margin:0;font-size:1.4rem}"
    "@media (prefers-color-scheme:dark){body{background:#181818;color:#ddd}"
    "th,td{border-color:#444}dl div{border-color:#555}dt{color:#aaa}}"
    "</style></head><body><main><h1>Resole</h1>";

static void put_escaped(struct buf *out, const char *text)
{
    for (; text && *text; text++) {
        switch (*text) {
        case '<':
            buf_put_text(out, "&lt;");
            break;
        case '>':
            buf_put_text(out, "&gt;");
            break;
        case '&':
            buf_put_text(out, "&amp;");
            break;
        case '"':
            buf_put_text(out, "&quot;");
            break;
        default:
            buf_put_byte(out, *text);
        }
    }
}

static void put_value(struct buf *out, json_t *value)
{
    json_t *item;
    const char *name;
    size_t i, shown = 0;
    if (json_is_string(value)) {
        put_escaped(out, json_string_value(value));
    } else if (json_is_integer(value)) {
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            buf_put_text(out, i ? ", " : "");
            put_value(out, item);
        }
    } else if (json_is_object(value)) {
        json_object_foreach(value, name, item)
        {
            buf_put_text(out, shown++ ? ", " : "");
            put_escaped(out, name);
            buf_put_byte(out, ' ');
            put_value(out, item);
        }
    } else {
        buf_put_text(out, "–");
    }
}

struct column {
    const char *name, *title;
};

struct section {
    const char *title;
    const struct sql *sql;
    size_t filters; /* arguments after "after" and "how many"; the first is the team if of_team */
    bool of_team;
    struct column columns[COLUMNS_MOST];
};

static const struct section sections[] = {
    {"Patches",
     &sql_patch_list,
     4,
     true,
     {{"id", "Patch"},
      {"repository", "Image"},
      {"tag", "Tag"},
      {"state", "State"},
      {"packages", "Packages"},
      {"fixed", "Fixes"},
      {"remaining", "Remain"},
      {"consents", "Consents"}}},
    {"Images",
     &sql_image_list,
     6,
     true,
     {{"names", "Names"},
      {"os", "System"},
      {"packages", "Packages"},
      {"critical", "Critical"},
      {"high", "High"},
      {"fixable", "Fixable"},
      {"verdict", "Verdict"},
      {"state", "State"}}},
    {"Applications",
     &sql_application_list,
     2,
     true,
     {{"application", "Application"},
      {"team", "Team"},
      {"images", "Images"},
      {"last_seen", "Last seen"}}},
    {"Advisory sources",
     &sql_source_list,
     0,
     false,
     {{"source", "Source"},
      {"state", "State"},
      {"as_of", "As of"},
      {"assertions", "Assertions"},
      {"reason", "Reason"}}},
};

static void put_row(struct buf *out, const struct section *section, const char *json)
{
    json_t *row = json_loads(json, 0, NULL);
    buf_put_text(out, "<tr>");
    for (size_t c = 0; c < COLUMNS_MOST && section->columns[c].name; c++) {
        buf_put_text(out, "<td>");
        put_value(out, json_object_get(row, section->columns[c].name));
        buf_put_text(out, "</td>");
    }
    buf_put_text(out, "</tr>");
    json_decref(row);
}

static bool put_section(struct call *call, const struct section *section, struct buf *out,
                        struct error *err)
{
    struct db_value values[10] = {db_null(), db_i64(ROWS_SHOWN)};
    struct db_rows rows;
    for (size_t i = 0; i < section->filters; i++)
        values[2 + i] = i == 0 && section->of_team ? db_text(call->caller.team) : db_null();
    if (!db_run(call->tx, section->sql, (struct db_args){values, 2 + section->filters}, &rows, err))
        return false;
    buf_put_text(out, "<h2>");
    put_escaped(out, section->title);
    buf_put_text(out, "</h2><table><thead><tr>");
    for (size_t c = 0; c < COLUMNS_MOST && section->columns[c].name; c++)
        buf_printf(out, "<th scope=\"col\">%s</th>", section->columns[c].title);
    buf_put_text(out, "</tr></thead><tbody>");
    for (size_t i = 0; i < rows.count; i++)
        put_row(out, section, row_text(&rows, i, 1));
    buf_put_text(out, rows.count ? "</tbody></table>" : "</tbody></table><p>None yet.</p>");
    return true;
}

static bool put_figures(struct call *call, struct buf *out, struct error *err)
{
    static const struct column figures[] = {
        {"images", "Images"},
        {"managed_images", "Looked after"},
        {"applications", "Applications"},
        {"findings", "Findings"},
        {"patches", "Patches"},
        {"consents_asked", "Waiting for consent"},
        {"runs_open", "Pushes in work"},
        {"parked", "Parked"},
        {"alerts", "Alerts"},
    };
    struct db_rows rows;
    if (!db_run(call->tx, &sql_status, DB_ARGS(db_text(call->caller.team)), &rows, err))
        return false;
    json_t *status = json_loads(row_text(&rows, 0, 0), 0, NULL);
    buf_put_text(out, "<dl>");
    for (size_t i = 0; i < array_count(figures); i++) {
        json_t *value = json_object_get(status, figures[i].name);
        buf_printf(out, "<div><dt>%s</dt><dd>", figures[i].title);
        if (json_is_object(value) && json_object_size(value) == 0)
            buf_put_text(out, "0");
        else
            put_value(out, value);
        buf_put_text(out, "</dd></div>");
    }
    buf_put_text(out, "</dl>");
    json_decref(status);
    return true;
}

bool ui_dashboard(struct call *call, struct error *err)
{
    struct buf out scoped(buf_release) = {0};
    buf_put_text(&out, page_head);
    if (!put_figures(call, &out, err))
        return false;
    for (size_t i = 0; i < array_count(sections); i++) {
        if (!put_section(call, &sections[i], &out, err))
            return false;
    }
    buf_put_text(&out, "</main></body></html>\n");
    call->answer->status = 200;
    call->answer->content_type = "text/html; charset=utf-8";
    call->answer->body = slice_of(arena_strdup(call->arena, buf_text(&out)));
    http_answer_header(call->answer, "Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    return true;
}
