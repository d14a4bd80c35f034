// Calls about processes that Swift does not import: variadic functions, macros, and declarations behind _GNU_SOURCE.
#ifndef SALLYPORT_PROCESS_SHIMS_H
#define SALLYPORT_PROCESS_SHIMS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc declares these only for _GNU_SOURCE, which would clash with Swift's Glibc module.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0x80
#endif

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

static inline short sallyport_spawn_setsid_flag(void) { return POSIX_SPAWN_SETSID; }

static inline int sallyport_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

static inline int sallyport_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int lowest) {
    return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

// A close-on-exec descriptor that is readable once the process has exited, or -1.
static inline int sallyport_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static inline int sallyport_pidfd_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

// 1: exited; `*killed` says whether by a signal and `*status` is that signal or the exit status. 0: still running.
// -1: errno. With `leave` the process stays waitable.
static inline int sallyport_wait_pidfd(int pidfd, int leave, int *killed, int *status) {
    siginfo_t info;
    int result;
    do {
        info.si_pid = 0;
        result = waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WEXITED | WNOHANG | (leave ? WNOWAIT : 0));
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -1;
    if (info.si_pid == 0) return 0;
    *killed = info.si_code != CLD_EXITED;
    *status = info.si_status;
    return 1;
}

static inline int sallyport_pipe_cloexec(int *ends) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC); }

// How many bytes a pipe holds, or 0 when the kernel does not say.
static inline int sallyport_bytes_readable(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) < 0 || count < 0 ? 0 : count;
}

static inline int sallyport_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

static inline int sallyport_make_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

static inline int sallyport_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

static inline void sallyport_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

// An ignored SIGCHLD makes the kernel reap children itself, and their exit statuses are lost.
static inline void sallyport_keep_exit_statuses(void) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) < 0) return;
    if (action.sa_flags & SA_SIGINFO) {
        if (!(action.sa_flags & SA_NOCLDWAIT)) return;
        action.sa_flags &= ~SA_NOCLDWAIT;
    } else {
        if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT)) return;
        if (action.sa_handler == SIG_IGN) action.sa_handler = SIG_DFL;
        action.sa_flags &= ~SA_NOCLDWAIT;
    }
    sigaction(SIGCHLD, &action, NULL);
}

// What a command is confined by.

static const int sallyport_RLIMIT_AS = RLIMIT_AS;
static const int sallyport_RLIMIT_NOFILE = RLIMIT_NOFILE;
static const int sallyport_RLIMIT_NPROC = RLIMIT_NPROC;
static const int sallyport_RLIMIT_CPU = RLIMIT_CPU;
static const int sallyport_RLIMIT_FSIZE = RLIMIT_FSIZE;

static inline int sallyport_limit_resource(int resource, uint64_t limit) {
    struct rlimit value = {.rlim_cur = (rlim_t)limit, .rlim_max = (rlim_t)limit};
    return setrlimit((__rlimit_resource_t)resource, &value);
}

// Becomes another user for good: no group, no capability and no saved id is left. By system calls, each of which changes the
// calling thread only, as capset does; so there may be only one.
static inline int sallyport_give_up_privileges(uid_t user, gid_t group) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    if (syscall(SYS_setgroups, (size_t)0, (const gid_t *)0) != 0) return -1;
    if (syscall(SYS_setresgid, group, group, group) != 0) return -1;
    if (syscall(SYS_setresuid, user, user, user) != 0) return -1;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0ul, 0ul, 0ul) != 0) return -1;
    if (syscall(SYS_capset, &header, none) != 0) return -1;
    // There must be no way back.
    if (syscall(SYS_setresuid, (uid_t)0, (uid_t)-1, (uid_t)-1) == 0) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

static inline int sallyport_forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0ul, 0ul, 0ul); }

static inline int sallyport_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}

// Files are opened and made as this user by the calling thread, until it is called again. Fails silently, as the call does.
static inline void sallyport_use_files_as(uid_t user, gid_t group) {
    setfsgid(group);
    setfsuid(user);
}

#endif
