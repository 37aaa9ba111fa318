#include "shared/registry_access.h"

#include "base/buf.h"
#include "service/secret.h"

struct login {
    const char *user, *password;
};

static bool give_login(void *context, struct arena *arena, const char *host, const char *repository,
                       struct credentials *out, struct error *err)
{
    const struct login *login = context;

    (void)arena, (void)host, (void)repository, (void)err;
    *out = (struct credentials){
        .user = login->user, .password = login->password, .identity_token = "", .bearer = ""};
    return true;
}

static const char *text(struct arena *arena, const struct db_rows *rows, size_t row, int column)
{
    const char *value = row_text(rows, row, column);

    return value ? arena_strdup(arena, value) : "";
}

/* "HOST=REALM …", as registry_settings pins them. */
static const char *pins(struct arena *arena, const char *address, const char *realms)
{
    struct buf out scoped(buf_release) = {0};
    struct slice rest = slice_of(realms), host;

    while (slice_take_word(&rest, &host))
        buf_printf(&out, "%s=%.*s ", address, (int)host.length, host.data);
    return arena_strdup(arena, buf_text(&out));
}

bool registry_access_read(struct arena *arena, const struct db_rows *rows, size_t row, int first,
                          const struct access_house *house, struct registry_access *out,
                          struct error *err)
{
    const char *address = text(arena, rows, row, first + 1);
    const char *user = text(arena, rows, row, first + 5);

    *out = (struct registry_access){.name = text(arena, rows, row, first), .address = address};
    out->settings = (struct registry_settings){
        .http = {.ca_file = house->ca_file,
                 .allow_private = row_bool(rows, row, first + 3),
                 .allow_private_hosts = house->private_hosts},
        .docker_config = house->docker_config,
        .insecure_hosts = row_bool(rows, row, first + 2) ? address : "",
        .realm_hosts = pins(arena, address, text(arena, rows, row, first + 4)),
        .mirrors = ""};
    if (!*user)
        return true;
    struct login *login = arena_new_object(arena, struct login);
    login->user = user;
    out->settings.credentials = give_login;
    out->settings.credentials_context = login;
    return secret_open(arena, text(arena, rows, row, first + 6), house->seal_key_file,
                       &login->password, err) ||
           error_wrap(err, "registry %s", out->name);
}
