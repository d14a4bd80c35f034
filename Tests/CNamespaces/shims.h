/* `setns` is hidden without _GNU_SOURCE, which clashes with the Glibc module. */
#ifndef SALLYPORT_NAMESPACE_SHIMS_H
#define SALLYPORT_NAMESPACE_SHIMS_H

#include <sys/syscall.h>
#include <unistd.h>

/* Moves the calling thread into the network namespace that `descriptor` stands for. */
static inline int sallyport_enter_network_namespace(int descriptor) {
    return (int)syscall(SYS_setns, descriptor, 0x40000000 /* CLONE_NEWNET */);
}

/* Makes the calling thread, and no other, act for another user; `setresuid` of the C library changes all threads. */
static inline int sallyport_become_user(unsigned user) {
    return (int)syscall(SYS_setresuid, user, user, user);
}

#endif
