#include "cli/print_inventory.h"

#include <string.h>

static void print_json(const struct inspected *inspected, struct buf *out)
{
    inventory_write_json(&inspected->image, &inspected->inventory, out);
}

static void print_cyclonedx(const struct inspected *inspected, struct buf *out)
{
    sbom_write_cyclonedx(&inspected->image, &inspected->inventory, out);
}

static void print_spdx(const struct inspected *inspected, struct buf *out)
{
    sbom_write_spdx(&inspected->image, &inspected->inventory, out);
}

struct widths {
    int name, version, type;
};

static int wider(int width, const char *text, int most)
{
    int length = (int)strlen(text);
    return length > width ? (length < most ? length : most) : width;
}

static void print_row(struct buf *out, const struct package *package, const struct widths *widths)
{
    buf_printf(out, "%-11s  %-*s  %-*s  %-*s  %5zu  ", tier_name(package->tier), widths->type,
               package->component.type, widths->name, package->component.name, widths->version,
               package->component.version, package->layer);
    if (package->owner)
        buf_printf(out, "%s (%s)\n", package->paths[0], package->owner->name);
    else
        buf_printf(out, "%s\n", package->paths[0]);
}

static void print_table(const struct inspected *inspected, struct buf *out)
{
    const struct inventory *inventory = &inspected->inventory;
    struct widths widths = {7, 7, 4};
    size_t counts[3] = {0};
    for (size_t i = 0; i < inventory->package_count; i++) {
        const struct package *package = &inventory->packages[i];
        widths.name = wider(widths.name, package->component.name, 50);
        widths.version = wider(widths.version, package->component.version, 32);
        widths.type = wider(widths.type, package->component.type, 8);
        counts[package->tier]++;
    }
    const char *pretty = inventory_os_field(inventory, "pretty_name");
    buf_printf(out, "%s%s%s\n", inspected->image.reference, pretty[0] ? "  " : "", pretty);
    buf_printf(out, "%-11s  %-*s  %-*s  %-*s  %5s  %s\n", "TIER", widths.type, "TYPE", widths.name,
               "PACKAGE", widths.version, "VERSION", "LAYER", "PATH (OWNER)");
    for (size_t tier = TIER_OS; tier <= TIER_APPLICATION; tier++)
        for (size_t i = 0; i < inventory->package_count; i++)
            if (inventory->packages[i].tier == tier)
                print_row(out, &inventory->packages[i], &widths);
    buf_printf(out, "%zu packages: %zu os, %zu stack, %zu application%s\n",
               inventory->package_count, counts[TIER_OS], counts[TIER_STACK],
               counts[TIER_APPLICATION], inventory->complete ? "" : " (incomplete)");
    for (size_t i = 0; i < inventory->warning_count; i++)
        buf_printf(out, "warning: %s%s%s (%s)\n", inventory->warnings[i].path,
                   inventory->warnings[i].path[0] ? ": " : "", inventory->warnings[i].text,
                   inventory->warnings[i].code);
}

static const struct inventory_format formats[] = {
    {"table", print_table},
    {"json", print_json},
    {"cyclonedx-json", print_cyclonedx},
    {"spdx-json", print_spdx},
};

const struct inventory_format *inventory_format_find(const char *name)
{
    for (size_t i = 0; i < array_count(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
