#include "cli/print_patch.h"

#include <jansson.h>
#include <stdlib.h>

void print_patch_table(const struct patch_shown *shown, struct buf *out)
{
    const struct image_patch *patch = shown->patch;

    for (size_t i = 0; i < patch->plan.count; i++)
        buf_printf(out, "%-28s %s -> %s\n", patch->plan.items[i].old->name,
                   patch->plan.items[i].old->version, patch->plan.items[i].new->package.version);
    for (size_t i = 0; i < patch->plan.refusal_count; i++)
        buf_printf(out, "kept back: %s: %s: %s\n", patch->plan.refusals[i].package,
                   patch->plan.refusals[i].rule, patch->plan.refusals[i].text);
    for (size_t i = 0; i < patch->note_count; i++)
        buf_printf(out, "note: %s: %s: %s\n", patch->notes[i].package, patch->notes[i].path,
                   patch->notes[i].text);
    if (!patch->plan.count)
        buf_printf(out, "nothing to patch\n");
    else if (shown->to)
        buf_printf(out, "%s\n%s: %zu packages, %lld entries, layer of %lld bytes\n",
                   shown->written.manifest_digest, shown->to, patch->plan.count,
                   (long long)patch->entries, (long long)patch->layer.bytes);
}

static json_t *text(const char *value)
{
    json_t *out = json_string(value ? value : "");

    return out ? out : json_string("?");
}

static json_t *plan_json(const struct plan *plan)
{
    json_t *list = json_array();

    for (size_t i = 0; i < plan->count; i++) {
        const struct candidate *new = plan->items[i].new;
        json_t *item = json_object();
        json_object_set_new(item, "package", text(plan->items[i].old->name));
        json_object_set_new(item, "arch", text(plan->items[i].old->arch));
        json_object_set_new(item, "source", text(new->package.source));
        json_object_set_new(item, "from", text(plan->items[i].old->version));
        json_object_set_new(item, "to", text(new->package.version));
        json_object_set_new(item, "suite", text(new->suite));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *refusals_json(const struct plan *plan)
{
    json_t *list = json_array();

    for (size_t i = 0; i < plan->refusal_count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "package", text(plan->refusals[i].package));
        json_object_set_new(item, "rule", text(plan->refusals[i].rule));
        json_object_set_new(item, "text", text(plan->refusals[i].text));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *notes_json(const struct image_patch *patch)
{
    json_t *list = json_array();

    for (size_t i = 0; i < patch->note_count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "package", text(patch->notes[i].package));
        json_object_set_new(item, "path", text(patch->notes[i].path));
        json_object_set_new(item, "text", text(patch->notes[i].text));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *result_json(const struct patch_shown *shown)
{
    const struct image_patch *patch = shown->patch;
    json_t *result = json_object(), *layer = json_object();

    json_object_set_new(layer, "digest", text(patch->layer.digest));
    json_object_set_new(layer, "diff_id", text(patch->layer.diff_id));
    json_object_set_new(layer, "bytes", json_integer(patch->layer.bytes));
    json_object_set_new(layer, "entries", json_integer(patch->entries));
    json_object_set_new(result, "reference", text(shown->to));
    json_object_set_new(result, "manifest_digest", text(shown->written.manifest_digest));
    json_object_set_new(result, "config_digest", text(shown->written.config_digest));
    json_object_set_new(result, "layer", layer);
    return result;
}

void print_patch_json(struct arena *arena, const struct patch_shown *shown, struct buf *out)
{
    json_t *document = json_object(), *image = json_object();

    (void)arena;
    json_object_set_new(image, "reference", text(shown->name));
    json_object_set_new(image, "manifest_digest", text(shown->image.manifest.digest));
    json_object_set_new(image, "config_digest", text(shown->image.config_digest));
    json_object_set_new(document, "schema", text("resole.patch.v1"));
    json_object_set_new(document, "image", image);
    json_object_set_new(document, "packages", plan_json(&shown->patch->plan));
    json_object_set_new(document, "kept_back", refusals_json(&shown->patch->plan));
    json_object_set_new(document, "notes", notes_json(shown->patch));
    json_object_set_new(document, "result", shown->to ? result_json(shown) : json_null());
    char *encoded = json_dumps(document, JSON_INDENT(2));
    buf_put_text(out, encoded ? encoded : "{}");
    buf_put_byte(out, '\n');
    free(encoded);
    json_decref(document);
}
