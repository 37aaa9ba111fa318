#include "base/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    CONFINED_CHUNK = 256 * 1024,
    CONFINED_COMPLAINT_MOST = 4096,
    CONFINED_ARGUMENTS_MOST = 32,
    CONFINED_DEADLINE_S = 600,
    CONFINED_FIRST_EXTRA = 3,
    /* Descriptors are parked above this while the child's 0, 1, 2, 3 … are laid out. */
    CONFINED_PARKING = 64,
    CONFINED_PIPE_BYTES = 1024 * 1024,
};

static const int64_t confined_output_most = 1024LL * 1024 * 1024;

struct running {
    const struct confined_job *job;
    pid_t pid;
    int input, output, complaint; /* our ends; -1 when closed */
    char *chunk;                  /* bytes pulled, not yet written */
    size_t chunk_length, chunk_done;
    int64_t output_bytes, deadline_ms;
    struct buf complaint_text;
};

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void running_release(struct running *running)
{
    fd_close(&running->input);
    fd_close(&running->output);
    fd_close(&running->complaint);
    if (running->pid > 0) {
        kill(running->pid, SIGKILL);
        waitpid(running->pid, NULL, 0);
    }
    free(running->chunk);
    buf_release(&running->complaint_text);
}

static bool program_find(const char *name, char *out, size_t size)
{
    char self[3000] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length > 0) {
        self[length] = 0;
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = 0;
    }
    const char *set = getenv("RESOLE_PROGRAMS_DIR");
    const struct {
        const char *directory, *below;
    } places[] = {{set, ""}, {self, ""}, {self, "/../bin"}, {"/usr/lib/resole", ""}};
    for (size_t i = 0; i < array_count(places); i++) {
        if (!places[i].directory || !places[i].directory[0])
            continue;
        snprintf(out, size, "%s%s/%s", places[i].directory, places[i].below, name);
        if (access(out, X_OK) == 0)
            return true;
    }
    return false;
}

struct pipe_pair {
    int read_end, write_end;
};

static void pair_close(struct pipe_pair *pair)
{
    fd_close(&pair->read_end);
    fd_close(&pair->write_end);
}

static bool pair_open(struct pipe_pair *pair, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, ERROR_RETRY, "pipe: %s", strerror(errno));
    pair->read_end = ends[0];
    pair->write_end = ends[1];
    fcntl(pair->write_end, F_SETPIPE_SZ, CONFINED_PIPE_BYTES);
    return true;
}

/* Lays out the child's descriptors: first all away from the low numbers, then into place. */
static int layout_actions(posix_spawn_file_actions_t *actions, const int *fds, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        if (fds[i] >= 0)
            result = posix_spawn_file_actions_adddup2(actions, fds[i], CONFINED_PARKING + (int)i);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (fds[i] >= 0)
            result = posix_spawn_file_actions_adddup2(actions, CONFINED_PARKING + (int)i, (int)i);
        else
            result = posix_spawn_file_actions_addopen(actions, (int)i, "/dev/null",
                                                      i == 0 ? O_RDONLY : O_WRONLY, 0);
    }
    if (result == 0)
        result = posix_spawn_file_actions_addclosefrom_np(actions, (int)count);
    return result;
}

static bool spawn_child(const struct confined_job *job, const char *path, const int *fds,
                        size_t count, pid_t *pid, struct error *err)
{
    char *arguments[CONFINED_ARGUMENTS_MOST + 2] = {strdup(job->program)};
    size_t used = 1;
    for (size_t i = 0; job->arguments && job->arguments[i] && used <= CONFINED_ARGUMENTS_MOST; i++)
        arguments[used++] = strdup(job->arguments[i]);
    const char *asan = getenv("ASAN_OPTIONS");
    char asan_setting[512];
    snprintf(asan_setting, sizeof(asan_setting), "ASAN_OPTIONS=%s", asan ? asan : "");
    char locale[] = "LC_ALL=C.UTF-8";
    char *environment[] = {locale, asan ? asan_setting : NULL, NULL};

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int result = layout_actions(&actions, fds, count);
    if (result == 0)
        result = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (size_t i = 0; i < used; i++)
        free(arguments[i]);
    if (result == EAGAIN || result == ENOMEM || result == EMFILE)
        return error_set(err, ERROR_RETRY, "cannot start %s: %s", path, strerror(result));
    return result == 0 ||
           error_set(err, ERROR_FATAL, "cannot start %s: %s", path, strerror(result));
}

static bool running_start(struct running *running, struct error *err)
{
    const struct confined_job *job = running->job;
    char path[4096];
    if (!program_find(job->program, path, sizeof(path)))
        return error_set(err, ERROR_FATAL,
                         "%s is not beside this program, nor in RESOLE_PROGRAMS_DIR", job->program);
    struct pipe_pair in scoped(pair_close) = {-1, -1};
    struct pipe_pair out scoped(pair_close) = {-1, -1};
    struct pipe_pair complaint scoped(pair_close) = {-1, -1};
    if ((job->input_fd < 0 && job->pull && !pair_open(&in, err)) ||
        (job->output_fd < 0 && !pair_open(&out, err)) || !pair_open(&complaint, err))
        return false;
    int fds[CONFINED_FIRST_EXTRA + CONFINED_EXTRA_MOST] = {
        job->input_fd >= 0 ? job->input_fd : in.read_end,
        job->output_fd >= 0 ? job->output_fd : out.write_end, complaint.write_end};
    size_t extra = job->extra_count < CONFINED_EXTRA_MOST ? job->extra_count : CONFINED_EXTRA_MOST;
    for (size_t i = 0; i < extra; i++)
        fds[CONFINED_FIRST_EXTRA + i] = job->extra_fds[i];
    if (!spawn_child(job, path, fds, CONFINED_FIRST_EXTRA + extra, &running->pid, err))
        return false;
    running->input = in.write_end;
    running->output = out.read_end;
    running->complaint = complaint.read_end;
    in.write_end = out.read_end = complaint.read_end = -1;
    if (running->input >= 0) {
        fcntl(running->input, F_SETFL, O_NONBLOCK);
        running->chunk = malloc(CONFINED_CHUNK);
        if (!running->chunk)
            abort();
    }
    return true;
}

/* Writes what fits; pulls more when all is written. */
static bool input_step(struct running *running, struct error *err)
{
    if (running->chunk_done == running->chunk_length) {
        running->chunk_done = running->chunk_length = 0;
        if (!running->job->pull(running->job->context, running->chunk, CONFINED_CHUNK,
                                &running->chunk_length, err))
            return false;
        if (running->chunk_length == 0) {
            fd_close(&running->input);
            return true;
        }
    }
    ssize_t written = write(running->input, running->chunk + running->chunk_done,
                            running->chunk_length - running->chunk_done);
    if (written > 0)
        running->chunk_done += (size_t)written;
    else if (written < 0 && errno != EAGAIN && errno != EINTR)
        fd_close(&running->input); /* it has had enough, or died: the exit status tells */
    return true;
}

static bool output_step(struct running *running, struct error *err)
{
    const struct confined_job *job = running->job;
    char chunk[64 * 1024];
    ssize_t got = read(running->output, chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR)
        return true;
    if (got <= 0) {
        fd_close(&running->output);
        return true;
    }
    running->output_bytes += got;
    int64_t most = job->most_output_bytes > 0 ? job->most_output_bytes : confined_output_most;
    if (running->output_bytes > most)
        return error_set(err, ERROR_INPUT, "%s: its answer is over %lld bytes", job->program,
                         (long long)most);
    if (job->push)
        return job->push(job->context, (struct slice){chunk, (size_t)got}, err);
    if (job->output)
        buf_put(job->output, chunk, (size_t)got);
    return true;
}

static void complaint_step(struct running *running)
{
    char chunk[1024];
    ssize_t got = read(running->complaint, chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0)
        fd_close(&running->complaint);
    else if (running->complaint_text.length < CONFINED_COMPLAINT_MOST)
        buf_put(&running->complaint_text, chunk, (size_t)got);
}

static bool overrun(const struct running *running, struct error *err)
{
    return error_set(
        err, ERROR_INPUT, "%s: took longer than %lld s", running->job->program,
        (long long)(running->job->deadline_s > 0 ? running->job->deadline_s : CONFINED_DEADLINE_S));
}

static bool exchange(struct running *running, struct error *err)
{
    while (running->input >= 0 || running->output >= 0 || running->complaint >= 0) {
        int64_t left = running->deadline_ms - clock_monotonic_ms();
        if (left <= 0)
            return overrun(running, err);
        struct pollfd fds[3] = {{running->input, POLLOUT, 0},
                                {running->output, POLLIN, 0},
                                {running->complaint, POLLIN, 0}};
        int ready = poll(fds, 3, (int)(left < 1000 ? left : 1000));
        if (ready < 0 && errno != EINTR)
            return error_set(err, ERROR_RETRY, "poll: %s", strerror(errno));
        if (ready <= 0)
            continue;
        if (fds[1].revents && !output_step(running, err))
            return false;
        if (fds[2].revents)
            complaint_step(running);
        if (fds[0].revents & (POLLERR | POLLHUP))
            fd_close(&running->input);
        else if (fds[0].revents && !input_step(running, err))
            return false;
    }
    return true;
}

/* Waits until the deadline; the pipes are closed already, so it is about to leave. */
static bool wait_child(struct running *running, int *status, struct error *err)
{
    for (;;) {
        pid_t done = waitpid(running->pid, status, WNOHANG);
        if (done == running->pid) {
            running->pid = 0;
            return true;
        }
        if (done < 0 && errno != EINTR)
            return error_set(err, ERROR_FATAL, "waitpid: %s", strerror(errno));
        if (clock_monotonic_ms() > running->deadline_ms)
            return overrun(running, err);
        struct timespec pause = {.tv_nsec = 200000};
        nanosleep(&pause, NULL);
    }
}

static bool verdict(struct running *running, int status, struct error *err)
{
    const char *program = running->job->program;
    struct slice said = slice_trim(buf_slice(&running->complaint_text));
    struct slice line = {0};
    while (slice_take_line(&said, &line) && said.length > 0)
        ;
    if (WIFSIGNALED(status))
        return error_set(err, ERROR_INPUT, "%s died of signal %d (%s)%s%.*s", program,
                         WTERMSIG(status), strsignal(WTERMSIG(status)), line.length ? ": " : "",
                         (int)(line.length < 300 ? line.length : 300), line.data);
    if (WEXITSTATUS(status) == 0)
        return true;
    if (line.length > 0)
        return error_set(err, ERROR_INPUT, "%.*s", (int)(line.length < 400 ? line.length : 400),
                         line.data);
    return error_set(err, ERROR_INPUT, "%s left with %d", program, WEXITSTATUS(status));
}

bool confined_run(const struct confined_job *job, struct error *err)
{
    int64_t seconds = job->deadline_s > 0 ? job->deadline_s : CONFINED_DEADLINE_S;
    struct running running scoped(running_release) = {
        .job = job,
        .input = -1,
        .output = -1,
        .complaint = -1,
        .deadline_ms = clock_monotonic_ms() + seconds * 1000,
    };
    signal(SIGPIPE, SIG_IGN);
    int status = 0;
    return running_start(&running, err) && exchange(&running, err) &&
           wait_child(&running, &status, err) && verdict(&running, status, err);
}

void confined_usage(int64_t *peak_bytes, int64_t *cpu_ms)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_CHILDREN, &usage);
    *peak_bytes = (int64_t)usage.ru_maxrss * 1024;
    *cpu_ms = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
              (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}
