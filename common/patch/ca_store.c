#include "patch/ca_store.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/limits.h"

#define CONF "etc/ca-certificates.conf"
#define CERTS "etc/ssl/certs"
#define BUNDLE CERTS "/ca-certificates.crt"
#define SHARE "usr/share/ca-certificates"
#define LOCAL "usr/local/share/ca-certificates"

struct store {
    struct arena *arena;
    struct root *root;
    struct buf bundle;
};

static void store_release(struct store *s)
{
    buf_release(&s->bundle);
}

struct names {
    struct arena *arena;
    const char **items;
    size_t count, capacity;
    size_t skip; /* of the path */
};

static void names_add(struct names *names, const char *text)
{
    arena_push(names->arena, names->items, names->count, names->capacity);
    names->items[names->count++] = text;
}

static bool collect_crt(void *context, const char *path, struct node *node)
{
    struct names *names = context;

    if (node->inode->type == ENTRY_FILE && slice_has_suffix(slice_of(path), ".crt"))
        names_add(names, arena_strdup(names->arena, path + names->skip));
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_crt(struct store *s, const char *folder, struct names *out)
{
    const struct node *node = root_lookup(s->root, folder);

    out->arena = s->arena;
    if (!node)
        return;
    out->skip = strlen(node_path(s->arena, node)) + 1;
    root_each(s->root, node, collect_crt, out);
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), by_text);
}

static const char *pem_name(struct store *s, const char *crt)
{
    const char *slash = strrchr(crt, '/');
    char *name = arena_strdup(s->arena, slash ? slash + 1 : crt);
    size_t length = strlen(name);

    if (length > 4 && strcmp(name + length - 4, ".crt") == 0)
        name[length - 4] = '\0';
    for (char *c = name; *c; c++)
        *c = *c == ' ' || *c == ',' ? '_' : *c == '(' || *c == ')' ? '=' : *c;
    return arena_printf(s->arena, CERTS "/%s.pem", name);
}

/* /etc/ca-certificates.conf, its new text */
static void rewrite_conf(struct store *s)
{
    struct slice text = root_content(s->root, CONF), line;
    struct names have = {.arena = s->arena}, files = {0};
    struct buf out scoped(buf_release) = {0};

    if (!text.data)
        return;
    find_crt(s, SHARE, &files);
    while (slice_take_line(&text, &line)) {
        struct slice name = line;
        if (name.length && name.data[0] == '!')
            name = slice_sub(name, 1, name.length);
        const char *file = slice_string(s->arena, name);
        bool gone = line.length && line.data[0] != '#' && line.data[0] != '!' &&
                    !root_lookup(s->root, arena_printf(s->arena, SHARE "/%s", file)) &&
                    !root_lookup(s->root, arena_printf(s->arena, LOCAL "/%s", file));
        names_add(&have, file);
        buf_printf(&out, "%s%.*s\n", gone ? "!" : "", (int)line.length, line.data);
    }
    for (size_t i = 0; i < files.count; i++) {
        bool known = false;
        for (size_t j = 0; j < have.count && !known; j++)
            known = strcmp(have.items[j], files.items[i]) == 0;
        if (!known)
            buf_printf(&out, "%s\n", files.items[i]);
    }
    root_put_file(s->root, CONF, buf_slice(&out), 0644);
}

static void add(struct store *s, const char *crt)
{
    struct slice content = root_content(s->root, crt);

    if (!content.data)
        return;
    root_put_symlink(s->root, pem_name(s, crt), arena_printf(s->arena, "/%s", crt));
    buf_put_slice(&s->bundle, content);
    if (content.length && content.data[content.length - 1] != '\n')
        buf_put_byte(&s->bundle, '\n');
}

static void apply_conf(struct store *s)
{
    struct slice text = root_content(s->root, CONF), line;
    struct names local = {0};

    while (slice_take_line(&text, &line)) {
        if (!line.length || line.data[0] != '!')
            continue;
        const char *pem = pem_name(s, slice_string(s->arena, slice_sub(line, 1, line.length)));
        struct node *node = root_find(s->root, pem);
        if (node && node->inode->type == ENTRY_SYMLINK)
            root_remove(s->root, node);
    }
    text = root_content(s->root, CONF);
    while (slice_take_line(&text, &line))
        if (line.length && line.data[0] != '!' && line.data[0] != '#')
            add(s, arena_printf(s->arena, SHARE "/%.*s", (int)line.length, line.data));
    find_crt(s, LOCAL, &local);
    for (size_t i = 0; i < local.count; i++)
        add(s, arena_printf(s->arena, LOCAL "/%s", local.items[i]));
}

/* One certificate of a PEM file; NULL if it holds none or several. */
static X509 *read_one(struct slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)(pem.length < (1 << 24) ? pem.length : 0));
    X509 *first = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
    X509 *second = first ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    X509_free(second);
    if (second) {
        X509_free(first);
        return NULL;
    }
    return first;
}

struct hashed {
    const char *file; /* name in CERTS */
    unsigned long hash;
    unsigned char print[20];
    int old_id, id; /* -1: none */
};

static bool is_hash_link(const struct node *node, unsigned long *hash, int *id)
{
    char *end;

    if (node->inode->type != ENTRY_SYMLINK || strlen(node->name) < 10 || node->name[8] != '.')
        return false;
    *hash = strtoul(node->name, &end, 16);
    if (end != node->name + 8)
        return false;
    long number = strtol(node->name + 9, &end, 10);
    *id = (int)number;
    return *end == '\0' && number >= 0 && number < 256;
}

static bool wanted_name(const char *name)
{
    static const char *const endings[] = {".pem", ".crt", ".cer"};

    for (size_t i = 0; i < array_count(endings); i++)
        if (slice_has_suffix(slice_of(name), endings[i]))
            return true;
    return false;
}

static size_t hash_files(struct store *s, struct node *folder, struct hashed **out)
{
    struct names files = {.arena = s->arena};
    size_t count = 0;

    for (struct node *n = folder->first_child; n; n = n->next)
        if (n->inode && wanted_name(n->name))
            names_add(&files, n->name);
    if (files.count)
        qsort(files.items, files.count, sizeof(*files.items), by_text);
    *out = arena_new_array(s->arena, struct hashed, files.count);
    for (size_t i = 0; i < files.count; i++) {
        struct slice pem =
            root_content(s->root, arena_printf(s->arena, CERTS "/%s", files.items[i]));
        X509 *x509 = pem.length ? read_one(pem) : NULL;
        if (!x509)
            continue;
        struct hashed *h = &(*out)[count];
        unsigned int length = sizeof(h->print);
        *h = (struct hashed){
            .file = files.items[i], .hash = X509_subject_name_hash(x509), .old_id = -1, .id = -1};
        X509_digest(x509, EVP_sha1(), h->print, &length);
        X509_free(x509);
        bool again = false;
        for (size_t j = 0; j < count && !again; j++)
            again = memcmp((*out)[j].print, h->print, sizeof(h->print)) == 0;
        count += !again;
    }
    return count;
}

static bool id_taken(const struct hashed *list, size_t count, unsigned long hash, int id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].hash == hash && list[i].id == id)
            return true;
    return false;
}

static void rehash(struct store *s)
{
    struct node *folder = root_find(s->root, CERTS);
    struct hashed *list;
    unsigned long hash;
    int id;

    if (!folder)
        return;
    size_t count = hash_files(s, folder, &list);
    for (struct node *n = folder->first_child; n; n = n->next) {
        if (!n->inode || !is_hash_link(n, &hash, &id))
            continue;
        for (size_t i = 0; i < count; i++)
            if (list[i].hash == hash && strcmp(list[i].file, n->inode->link) == 0)
                list[i].old_id = id;
    }
    for (size_t i = 0; i < count; i++) {
        int same = 0;
        for (size_t j = 0; j < count; j++)
            same += list[j].hash == list[i].hash;
        if (list[i].old_id >= 0 && list[i].old_id < same)
            list[i].id = list[i].old_id;
    }
    for (size_t i = 0; i < count; i++)
        for (int next = 0; list[i].id < 0; next++)
            if (!id_taken(list, count, list[i].hash, next))
                list[i].id = next;
    for (struct node *n = folder->first_child; n; n = n->next) {
        bool keep = !n->inode || !is_hash_link(n, &hash, &id);
        for (size_t i = 0; i < count && !keep; i++)
            keep = list[i].hash == hash && list[i].id == id;
        if (!keep)
            root_remove(s->root, n);
    }
    for (size_t i = 0; i < count; i++)
        root_put_symlink(s->root,
                         arena_printf(s->arena, CERTS "/%08lx.%d", list[i].hash, list[i].id),
                         list[i].file);
}

bool ca_store_run(struct arena *arena, struct root *root, bool *changed, struct error *err)
{
    struct store s scoped(store_release) = {.arena = arena, .root = root};
    const struct node *before = root_find(root, BUNDLE);
    const struct inode *old = before ? before->inode : NULL;

    if (!root_find(root, CERTS))
        return error_set(err, ERROR_INPUT, "R8-ca-store: no /" CERTS);
    rewrite_conf(&s);
    apply_conf(&s);
    const struct node *after = root_put_file(root, BUNDLE, buf_slice(&s.bundle), 0644);
    *changed = !old || !inode_equal(old, after->inode);
    rehash(&s);
    return true;
}
