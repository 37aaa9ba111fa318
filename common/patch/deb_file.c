#include "patch/deb_file.h"

#include <string.h>

#include "base/limits.h"

enum { AR_HEADER = 60, CONTROL_BYTES_MOST = 64 << 20, DATA_BYTES_MOST = 0 };
#define DEB_DATA_MOST (4LL << 30) /* the largest real package unpacks to 3 GiB */

/* A window over the ar stream: one member's bytes. */
struct member_stream {
    struct stream stream;
    struct stream *from;
    uint64_t left;
};

static bool member_read(struct stream *stream, void *data, size_t size, size_t *got,
                        struct error *err)
{
    struct member_stream *member = (struct member_stream *)stream;

    *got = 0;
    if (!member->left)
        return true;
    if (!stream_read(member->from, data, size < member->left ? size : (size_t)member->left, got,
                     err))
        return false;
    if (!*got)
        return error_set(err, ERROR_INPUT, "package: truncated");
    member->left -= *got;
    return true;
}

static void member_close(struct stream *stream)
{
    (void)stream;
}

struct deb_builder {
    struct arena *arena;
    struct deb_member *members;
    size_t member_count, member_capacity;
    struct deb_entry *entries;
    size_t entry_count, entry_capacity;
    int64_t bytes;
};

static bool read_whole(struct layer_walk *walk, struct deb_builder *b, int64_t most,
                       struct buf *whole, struct error *err)
{
    struct slice block;

    for (;;) {
        if (!layer_walk_read_block(walk, &block, err))
            return false;
        if (!block.length)
            return true;
        b->bytes += (int64_t)block.length;
        if (b->bytes > most)
            return error_set(err, ERROR_INPUT, "package: unpacks to more than %lld bytes",
                             (long long)most);
        buf_put_slice(whole, block);
    }
}

static bool take_control(struct deb_builder *b, struct layer_walk *walk,
                         const struct layer_entry *entry, struct error *err)
{
    struct buf whole scoped(buf_release) = {0};

    if (entry->type == ENTRY_DIRECTORY)
        return true;
    if (entry->type != ENTRY_FILE || strchr(entry->path, '/'))
        return error_set(err, ERROR_INPUT, "package: control member %s is no plain file",
                         entry->path);
    if (!read_whole(walk, b, CONTROL_BYTES_MOST, &whole, err))
        return false;
    arena_push(b->arena, b->members, b->member_count, b->member_capacity);
    b->members[b->member_count++] = (struct deb_member){
        .name = arena_strdup(b->arena, entry->path),
        .content = {arena_memdup(b->arena, whole.data ? whole.data : "", whole.length),
                    whole.length},
        .mode = entry->mode,
        .mtime_s = entry->mtime_s,
    };
    return true;
}

static bool take_data(struct deb_builder *b, struct layer_walk *walk,
                      const struct layer_entry *entry, struct error *err)
{
    struct buf whole scoped(buf_release) = {0};

    if (entry->whiteout || entry->opaque)
        return error_set(err, ERROR_INPUT, "package: ships a whiteout name %s", entry->path);
    arena_push(b->arena, b->entries, b->entry_count, b->entry_capacity);
    struct deb_entry *out = &b->entries[b->entry_count++];
    *out = (struct deb_entry){.path = arena_strdup(b->arena, entry->path),
                              .user = arena_strdup(b->arena, entry->user),
                              .group = arena_strdup(b->arena, entry->group)};
    if (entry->type == ENTRY_HARDLINK) {
        out->link = arena_strdup(b->arena, entry->link);
        return true;
    }
    struct inode *inode = arena_new_object(b->arena, struct inode);
    inode->type = entry->type;
    inode->mode = entry->mode;
    inode->uid = entry->uid;
    inode->gid = entry->gid;
    inode->mtime_s = entry->mtime_s;
    inode->device_major = entry->device_major;
    inode->device_minor = entry->device_minor;
    inode->layer = SIZE_MAX;
    if (entry->type == ENTRY_SYMLINK)
        inode->link = arena_strdup(b->arena, entry->link);
    out->inode = inode;
    if (entry->type != ENTRY_FILE)
        return true;
    if (!read_whole(walk, b, DEB_DATA_MOST, &whole, err))
        return false;
    inode_set_content(b->arena, inode, buf_slice(&whole));
    return true;
}

static bool read_tar(struct deb_builder *b, struct stream *member, bool control, struct error *err)
{
    struct stream *tar scoped(stream_scope_close) = NULL;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    const struct layer_entry *entry;
    struct layer_stream_settings settings = {.no_digest = true, .no_diff_id = true};

    b->bytes = 0;
    if (!layer_stream_open(member, &settings, &tar, err) || !layer_walk_open(tar, NULL, &walk, err))
        return false;
    for (;;) {
        if (!layer_walk_next(walk, &entry, err))
            return false;
        if (!entry)
            return stream_drain(tar, err);
        if (control ? !take_control(b, walk, entry, err) : !take_data(b, walk, entry, err))
            return false;
    }
}

static bool read_header(struct stream *bytes, char name[static 17], uint64_t *size, bool *end,
                        struct error *err)
{
    char header[AR_HEADER];
    size_t got;

    if (!stream_read_full(bytes, header, sizeof(header), &got, err))
        return false;
    *end = got == 0;
    if (*end)
        return true;
    struct slice length = slice_trim((struct slice){header + 48, 10});
    if (got != sizeof(header) || memcmp(header + 58, "`\n", 2) != 0 ||
        !slice_parse_u64(length, size) || *size > (uint64_t)DEB_DATA_MOST)
        return error_set(err, ERROR_INPUT, "package: not an ar archive");
    struct slice text = slice_trim((struct slice){header, 16});
    if (text.length && text.data[text.length - 1] == '/')
        text.length--;
    memcpy(name, text.data, text.length);
    name[text.length] = '\0';
    return true;
}

bool deb_file_read(struct arena *arena, struct stream *bytes, struct deb_file *out,
                   struct error *err)
{
    struct deb_builder b = {.arena = arena};
    char magic[8], name[17];
    size_t got;
    bool end, version = false, control = false, data = false;

    if (!stream_read_full(bytes, magic, sizeof(magic), &got, err))
        return false;
    if (got != sizeof(magic) || memcmp(magic, "!<arch>\n", 8) != 0)
        return error_set(err, ERROR_INPUT, "package: not an ar archive");
    for (;;) {
        struct member_stream member = {.stream = {member_read, member_close}, .from = bytes};
        if (!read_header(bytes, name, &member.left, &end, err))
            return false;
        if (end)
            break;
        uint64_t padding = member.left & 1;
        if (strcmp(name, "debian-binary") == 0)
            version = true;
        else if (version && !control && strncmp(name, "control.tar", 11) == 0)
            control = true;
        else if (control && !data && strncmp(name, "data.tar", 8) == 0)
            data = true;
        else if (name[0] != '_')
            return error_set(err, ERROR_INPUT, "package: unexpected member %s", name);
        if (strncmp(name, "control.tar", 11) == 0 || strncmp(name, "data.tar", 8) == 0)
            if (!read_tar(&b, &member.stream, name[0] == 'c', err))
                return false;
        member.left += padding;
        if (padding && member.left == 1) {
            /* the padding byte may be missing at the very end */
            char byte;
            if (!stream_read(bytes, &byte, 1, &got, err))
                return false;
        } else if (!stream_drain(&member.stream, err)) {
            return false;
        }
    }
    if (!version || !control || !data)
        return error_set(err, ERROR_INPUT, "package: incomplete");
    *out = (struct deb_file){b.members, b.member_count, b.entries, b.entry_count};
    return true;
}

struct slice deb_member_find(const struct deb_file *deb, const char *name)
{
    for (size_t i = 0; i < deb->member_count; i++)
        if (strcmp(deb->members[i].name, name) == 0)
            return deb->members[i].content;
    return (struct slice){0};
}
