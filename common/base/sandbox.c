#include "base/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SANDBOX_OPEN_FILES = 128 };

#ifdef RESOLE_SANITIZED
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static char description[128];

static bool limit_set(__rlimit_resource_t resource, int64_t value, struct error *err)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max < limit.rlim_max)
        limit.rlim_cur = limit.rlim_max = now.rlim_max;
    if (setrlimit(resource, &limit) != 0)
        return error_set(err, ERROR_FATAL, "sandbox: limit %d: %s", (int)resource, strerror(errno));
    return true;
}

static bool limits_enter(const struct sandbox *sandbox, struct error *err)
{
    if (sandbox->memory_bytes > 0 && !sanitized &&
        !limit_set(RLIMIT_AS, sandbox->memory_bytes, err))
        return false;
    if (sandbox->cpu_s > 0 && !limit_set(RLIMIT_CPU, sandbox->cpu_s, err))
        return false;
    return limit_set(RLIMIT_FSIZE, sandbox->file_bytes, err) && limit_set(RLIMIT_CORE, 0, err) &&
           limit_set(RLIMIT_NOFILE, SANDBOX_OPEN_FILES, err);
}

static int landlock_version(void)
{
    long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static const uint64_t landlock_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/* Everything that version 1 knows. */
static const uint64_t landlock_all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

static bool landlock_allow(int ruleset, int directory, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = directory};
    return syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool landlock_enter(const struct sandbox *sandbox, struct error *err)
{
    int version = landlock_version();
    if (version == 0)
        return true;
    struct landlock_ruleset_attr attributes = {.handled_access_fs = landlock_all};
    if (version >= 2)
        attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    int ruleset = (int)syscall(__NR_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    if (ruleset < 0)
        return error_set(err, ERROR_FATAL, "sandbox: landlock: %s", strerror(errno));
    bool ok = true;
    if (sandbox->read_root_fd >= 0)
        ok = landlock_allow(ruleset, sandbox->read_root_fd, landlock_read);
    if (ok && sandbox->write_root_fd >= 0)
        ok = landlock_allow(ruleset, sandbox->write_root_fd, attributes.handled_access_fs);
    ok = ok && syscall(__NR_landlock_restrict_self, ruleset, 0) == 0;
    int saved = errno;
    close(ruleset);
    return ok || error_set(err, ERROR_FATAL, "sandbox: landlock: %s", strerror(saved));
}

static const int calls_plain[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(getrusage),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fcntl),
    SCMP_SYS(sched_getaffinity),
};

static const int calls_read_files[] = {
    SCMP_SYS(openat),    SCMP_SYS(open),       SCMP_SYS(statx),      SCMP_SYS(getdents64),
    SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(dup),        SCMP_SYS(fstatfs),
    SCMP_SYS(stat),      SCMP_SYS(lstat),      SCMP_SYS(access),     SCMP_SYS(faccessat),
    SCMP_SYS(fchdir),    SCMP_SYS(getcwd),     SCMP_SYS(llistxattr), SCMP_SYS(flistxattr),
    SCMP_SYS(lgetxattr), SCMP_SYS(fgetxattr),  SCMP_SYS(getuid),     SCMP_SYS(geteuid),
};

static const int calls_write_files[] = {
    SCMP_SYS(mkdir),     SCMP_SYS(mkdirat),   SCMP_SYS(unlink),    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),    SCMP_SYS(renameat),  SCMP_SYS(renameat2), SCMP_SYS(symlinkat),
    SCMP_SYS(linkat),    SCMP_SYS(ftruncate), SCMP_SYS(fchmod),    SCMP_SYS(fchmodat),
    SCMP_SYS(fchown),    SCMP_SYS(fchownat),  SCMP_SYS(utimensat), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(umask),     SCMP_SYS(fallocate),
};

static const int calls_threads[] = {
    SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(prctl),
};

/* What libraries try in passing (time zone, terminal, /proc): they are told no, and go on. */
static const int calls_denied[] = {
    SCMP_SYS(openat),    SCMP_SYS(open),   SCMP_SYS(ioctl),      SCMP_SYS(readlink),
    SCMP_SYS(access),    SCMP_SYS(stat),   SCMP_SYS(lstat),      SCMP_SYS(statx),
    SCMP_SYS(uname),     SCMP_SYS(getuid), SCMP_SYS(geteuid),    SCMP_SYS(sysinfo),
    SCMP_SYS(prlimit64), SCMP_SYS(getcwd), SCMP_SYS(readlinkat),
};

static bool calls_add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int result = seccomp_rule_add(filter, action, calls[i], 0);
        /* -EACCES: the default action already; -EEXIST: said before; -EDOM: not on this machine */
        if (result != 0 && result != -EEXIST && result != -EACCES && result != -EDOM)
            return false;
    }
    return true;
}

static bool filter_build(scmp_filter_ctx filter, const struct sandbox *sandbox)
{
    bool reads = sandbox->read_root_fd >= 0 || sandbox->write_root_fd >= 0;
    bool ok = calls_add(filter, SCMP_ACT_ALLOW, calls_plain, array_count(calls_plain));
    if (ok && reads)
        ok = calls_add(filter, SCMP_ACT_ALLOW, calls_read_files, array_count(calls_read_files));
    if (ok && sandbox->write_root_fd >= 0)
        ok = calls_add(filter, SCMP_ACT_ALLOW, calls_write_files, array_count(calls_write_files));
    if (ok && sandbox->threads)
        ok = calls_add(filter, SCMP_ACT_ALLOW, calls_threads, array_count(calls_threads));
    for (size_t i = 0; ok && i < array_count(calls_denied); i++) {
        bool allowed = false;
        for (size_t j = 0; reads && j < array_count(calls_read_files); j++)
            allowed = allowed || calls_read_files[j] == calls_denied[i];
        if (!allowed)
            ok = calls_add(filter, SCMP_ACT_ERRNO(EPERM), &calls_denied[i], 1);
    }
    return ok;
}

static bool seccomp_enter(const struct sandbox *sandbox, bool *held, struct error *err)
{
    *held = false;
    if (sanitized)
        return true;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return error_set(err, ERROR_FATAL, "sandbox: seccomp: out of memory");
    int result = 0;
    bool built = filter_build(filter, sandbox);
    if (built)
        result = seccomp_load(filter);
    seccomp_release(filter);
    if (!built)
        return error_set(err, ERROR_FATAL, "sandbox: seccomp: the rules do not build");
    /* A kernel or container that offers no seccomp: go on, and say so. */
    *held = result == 0;
    return true;
}

bool sandbox_enter(const struct sandbox *sandbox, struct error *err)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_DFL);
    if (!limits_enter(sandbox, err))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set(err, ERROR_FATAL, "sandbox: no_new_privs: %s", strerror(errno));
    bool held = false;
    if (!landlock_enter(sandbox, err) || !seccomp_enter(sandbox, &held, err))
        return false;
    return true;
}

const char *sandbox_describe(void)
{
    bool seccomp = !sanitized && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
    snprintf(description, sizeof(description), "rlimit no_new_privs %s landlock=%d",
             seccomp ? "seccomp" : "seccomp=off", landlock_version());
    return description;
}
