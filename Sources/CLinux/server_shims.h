#ifndef SALLYPORT_SERVER_SHIMS_H
#define SALLYPORT_SERVER_SHIMS_H

#include <sys/ioctl.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A pipe whose ends are closed in children. 0, or -1 with errno. */
static inline int sallyport_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC); }

/* ioctl takes its arguments as varargs, which Swift cannot call. 0: it is no terminal. */
static inline int sallyport_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* The number of processors that this process may run on; 1 when it cannot be found out. */
static inline int sallyport_processor_count(void) {
    unsigned char mask[1024];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long i = 0; i < bytes; i++) count += __builtin_popcount(mask[i]);
    return count > 0 ? count : 1;
}

#endif
