#include "image/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stream.h"
#include "image/json_read.h"

enum { FILE_MOST = 4 * 1024 * 1024, HELPER_MS = 30000, HELPER_MOST = 64 * 1024 };

extern char **environ;

static bool base64_value(char c, unsigned *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    *out = found ? (unsigned)(found - digits) : 0;
    return found != NULL;
}

/* "user:password" in base64 → both. */
static bool split_auth(struct arena *arena, const char *text, struct credentials *out)
{
    struct buf plain scoped(buf_release) = {0};
    unsigned group = 0, bits = 0, value;
    for (const char *p = text; *p && *p != '='; p++) {
        if (!base64_value(*p, &value))
            return false;
        group = group << 6 | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_put_byte(&plain, (char)(group >> bits & 0xff));
        }
    }
    struct slice pair = buf_slice(&plain);
    while (pair.length > 0 && pair.data[pair.length - 1] == 0) /* old clients padded with NUL */
        pair.length--;
    size_t colon = slice_find_byte(pair, ':');
    if (colon == pair.length)
        return false;
    out->user = slice_string(arena, slice_sub(pair, 0, colon));
    out->password = slice_string(arena, slice_sub(pair, colon + 1, pair.length));
    return true;
}

static const char *first_file(struct arena *arena, const char *file)
{
    const char *given = file && *file ? file : getenv("REGISTRY_AUTH_FILE");
    if (given && *given)
        return given;
    const char *docker = getenv("DOCKER_CONFIG"), *runtime = getenv("XDG_RUNTIME_DIR");
    const char *home = getenv("HOME");
    const char *paths[] = {
        docker && *docker ? arena_printf(arena, "%s/config.json", docker) : NULL,
        runtime && *runtime ? arena_printf(arena, "%s/containers/auth.json", runtime) : NULL,
        home && *home ? arena_printf(arena, "%s/.docker/config.json", home) : NULL,
    };
    for (size_t i = 0; i < array_count(paths); i++)
        if (paths[i] && access(paths[i], R_OK) == 0)
            return paths[i];
    return NULL;
}

/* Kills what does not answer in time. */
static void end_child(pid_t child, int64_t deadline)
{
    int status;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (clock_monotonic_ms() > deadline) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return;
        }
        poll(NULL, 0, 20);
    }
}

static bool read_answer(int fd, int64_t deadline, struct buf *out, struct error *err)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_monotonic_ms();
        char data[4096];
        if (left <= 0 || poll(&wait, 1, (int)left) < 0)
            return error_set(err, ERROR_FATAL, "no answer in time");
        ssize_t got = wait.revents ? read(fd, data, sizeof(data)) : 0;
        if (got <= 0 && wait.revents)
            return true;
        buf_put(out, data, got > 0 ? (size_t)got : 0);
        if (out->length > HELPER_MOST)
            return error_set(err, ERROR_FATAL, "answers too much");
    }
}

/* docker-credential-NAME get, the host on its standard input. */
static bool run_helper(const char *name, const char *host, struct buf *answer, struct error *err)
{
    int in[2], out[2];
    pid_t child;
    posix_spawn_file_actions_t actions;
    char program[128];
    snprintf(program, sizeof(program), "docker-credential-%.100s", name);
    if (strpbrk(name, "/ \t\n") || strlen(name) > 100)
        return error_set(err, ERROR_FATAL, "credential helper '%.100s': malformed name", name);
    if (pipe2(in, O_CLOEXEC) != 0)
        return error_set(err, ERROR_FATAL, "pipe: %s", strerror(errno));
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return error_set(err, ERROR_FATAL, "pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    char verb[] = "get", *arguments[] = {program, verb, NULL};
    int result = posix_spawnp(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    int64_t deadline = clock_monotonic_ms() + HELPER_MS;
    bool good = result == 0;
    if (good) {
        (void)!write(in[1], host, strlen(host)); /* far below a pipe's buffer */
        close(in[1]);
        good = read_answer(out[0], deadline, answer, err) || error_wrap(err, "%s", program);
        end_child(child, deadline);
    } else {
        close(in[1]);
        error_fill(err, ERROR_FATAL, "%s: %s", program, strerror(result));
    }
    close(out[0]);
    return good;
}

static bool ask_helper(struct arena *arena, const char *name, const char *host,
                       struct credentials *out, struct error *err)
{
    struct buf answer scoped(buf_release) = {0};
    struct error not_found;
    const char *user, *secret;
    if (!run_helper(name, host, &answer, err))
        return false;
    json_t *root = json_read_document(arena, "credential helper", buf_slice(&answer), HELPER_MOST,
                                      false, &not_found);
    if (!root) /* "credentials not found in native keychain" */
        return true;
    if (!json_read_text(root, "Username", arena, &user, err) ||
        !json_read_text(root, "Secret", arena, &secret, err))
        return false;
    if (strcmp(user, "<token>") == 0)
        out->identity_token = secret;
    else
        *out = (struct credentials){
            .user = user, .password = secret, .identity_token = "", .bearer = ""};
    return true;
}

static bool read_entry(struct arena *arena, const json_t *entry, struct credentials *out,
                       struct error *err)
{
    const char *auth;
    if (!json_read_text(entry, "auth", arena, &auth, err) ||
        !json_read_text(entry, "username", arena, &out->user, err) ||
        !json_read_text(entry, "password", arena, &out->password, err) ||
        !json_read_text(entry, "identitytoken", arena, &out->identity_token, err) ||
        !json_read_text(entry, "registrytoken", arena, &out->bearer, err))
        return false;
    return !*auth || split_auth(arena, auth, out) ||
           error_set(err, ERROR_FATAL, "auth: not base64 of user:password");
}

/* "https://HOST/v1/" and "HOST/path/" mean HOST and HOST/path. */
static struct slice plain_key(const char *key)
{
    struct slice s = slice_of(key);
    if (slice_has_prefix(s, "https://"))
        s = slice_sub(s, 8, s.length);
    else if (slice_has_prefix(s, "http://"))
        s = slice_sub(s, 7, s.length);
    while (s.length > 0 && s.data[s.length - 1] == '/')
        s.length--;
    static const char *const versions[] = {"/v1", "/v2"};
    for (size_t i = 0; i < array_count(versions); i++)
        if (slice_has_suffix(s, versions[i]))
            s.length -= 3;
    return slice_is(s, "index.docker.io") ? slice_of("docker.io") : s;
}

static const json_t *find_entry(const json_t *map, struct slice name)
{
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, key,
                        value) if (slice_equal(plain_key(key), name)) return value;
    return NULL;
}

bool credentials_find(struct arena *arena, const char *file, const char *host,
                      const char *repository, struct credentials *out, struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    json_t *auths, *helpers;
    const char *store;
    *out = (struct credentials){.user = "", .password = "", .identity_token = "", .bearer = ""};
    const char *path = first_file(arena, file);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return true;
    struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
    if (!stream_read_all(stream, FILE_MOST, &bytes, err))
        return error_wrap(err, "%s", path);
    json_t *root =
        json_read_document(arena, "credentials", buf_slice(&bytes), FILE_MOST, false, err);
    if (!root || !json_read_object(root, "auths", &auths, err) ||
        !json_read_object(root, "credHelpers", &helpers, err) ||
        !json_read_text(root, "credsStore", arena, &store, err)) {
        err->kind = ERROR_FATAL;
        return error_wrap(err, "%s", path);
    }
    const char *helper = json_string_value(helpers ? find_entry(helpers, slice_of(host)) : NULL);
    const char *asked = strcmp(host, "docker.io") == 0 ? "https://index.docker.io/v1/" : host;
    if (helper)
        return ask_helper(arena, helper, asked, out, err);
    struct slice name = slice_of(arena_printf(arena, "%s/%s", host, repository));
    for (;;) {
        const json_t *entry = auths ? find_entry(auths, name) : NULL;
        if (entry && json_object_size(entry) > 0)
            return read_entry(arena, entry, out, err) || error_wrap(err, "%s", path);
        size_t slash = name.length;
        while (slash > 0 && name.data[slash - 1] != '/')
            slash--;
        if (slash == 0)
            break;
        name.length = slash - 1;
    }
    return !*store || ask_helper(arena, store, asked, out, err);
}
