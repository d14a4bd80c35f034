#ifndef SALLYPORT_SERVER_SHIMS_H
#define SALLYPORT_SERVER_SHIMS_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* A pipe whose ends are closed in children. 0, or -1 with errno. */
static inline int sallyport_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC); }

/* ioctl takes its arguments as varargs, which Swift cannot call. 0: it is no terminal. */
static inline int sallyport_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* One datagram to a Unix socket; an address that begins with @ is abstract. 0, or -1 with errno. */
static inline int sallyport_send_datagram(const char *address, const void *bytes, size_t count) {
    struct sockaddr_un name;
    size_t length = strlen(address);
    if (length == 0 || length >= sizeof name.sun_path) {
        errno = EINVAL;
        return -1;
    }
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, address, length);
    if (address[0] == '@') name.sun_path[0] = 0;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    ssize_t sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    int code = errno;
    close(descriptor);
    errno = code;
    return sent < 0 ? -1 : 0;
}

/* Whether a descriptor is a stream socket that is listened on. */
static inline int sallyport_is_listening(int descriptor) {
    int listening = 0, type = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return 0;
    size = sizeof type;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && listening && type == SOCK_STREAM;
}

/* Of mimalloc, where the program is linked with it. */
extern void mi_collect(_Bool force) __attribute__((weak));

/* Gives pages that this thread has freed back to the system, which mimalloc else does as it goes on allocating. */
static inline void sallyport_give_back_memory(void) {
    if (mi_collect != NULL) mi_collect(1);
}

/* The number of processors that this process may run on; 1 when it cannot be found out. */
static inline int sallyport_processor_count(void) {
    unsigned char mask[1024];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long i = 0; i < bytes; i++) count += __builtin_popcount(mask[i]);
    return count > 0 ? count : 1;
}

#include <sys/timex.h>

/// 1 while something such as NTP keeps the clock, 0 while nothing does, -1 when the kernel does not say. Changes nothing.
static inline int sallyport_clock_is_kept(void) {
    struct timex facts = {0};
    if (adjtimex(&facts) < 0) return -1;
    return (facts.status & STA_UNSYNC) ? 0 : 1;
}

#endif
