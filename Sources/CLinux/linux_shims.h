/*
 * The few Linux calls and macros that Swift cannot import: packed structs, variadic functions,
 * casts between sockaddr types, and declarations that glibc hides without _GNU_SOURCE (which must
 * not be defined here, because it clashes with the Glibc module).
 */
#ifndef SALLYPORT_LINUX_SHIMS_H
#define SALLYPORT_LINUX_SHIMS_H

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* epoll: `struct epoll_event` is packed on x86-64, so Swift reads it through these. */

static const size_t sallyport_epoll_event_size = sizeof(struct epoll_event);

static inline int sallyport_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline int sallyport_epoll_wait(int epoll, void *buffer, int capacity, int milliseconds) {
    return epoll_wait(epoll, (struct epoll_event *)buffer, capacity, milliseconds);
}

static inline uint32_t sallyport_epoll_events(const void *buffer, int index) {
    return ((const struct epoll_event *)buffer)[index].events;
}

static inline uint64_t sallyport_epoll_data(const void *buffer, int index) {
    return ((const struct epoll_event *)buffer)[index].data.u64;
}

static const int sallyport_EPOLL_CLOEXEC = EPOLL_CLOEXEC;
static const uint32_t sallyport_EPOLLIN = EPOLLIN;
static const uint32_t sallyport_EPOLLOUT = EPOLLOUT;
static const uint32_t sallyport_EPOLLERR = EPOLLERR;
static const uint32_t sallyport_EPOLLHUP = EPOLLHUP;
static const uint32_t sallyport_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t sallyport_EPOLLET = 1u << 31;
static const uint32_t sallyport_EPOLLEXCLUSIVE = 1u << 28;

/* Threads and descriptors. */

/* pthread_setname_np is hidden without _GNU_SOURCE; PR_SET_NAME does the same for the calling thread. */
static inline int sallyport_set_thread_name(const char *name) { return prctl(PR_SET_NAME, name, 0ul, 0ul, 0ul); }

static inline int sallyport_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline int sallyport_signalfd(const sigset_t *signals) {
    return signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Sockets. */

extern int accept4(int, struct sockaddr *, socklen_t *, int);

static inline int sallyport_accept4(int listener, struct sockaddr_storage *peer) {
    socklen_t length = sizeof *peer;
    memset(peer, 0, sizeof(struct sockaddr_un));
    return accept4(listener, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static inline int sallyport_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline int sallyport_setsockopt_int(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

static inline int sallyport_getsockopt_int(int descriptor, int level, int option, int *value) {
    socklen_t length = sizeof *value;
    return getsockopt(descriptor, level, option, value, &length);
}

static const int sallyport_SOL_SOCKET = SOL_SOCKET;
static const int sallyport_SO_REUSEADDR = SO_REUSEADDR;
static const int sallyport_SO_KEEPALIVE = SO_KEEPALIVE;
static const int sallyport_SO_ERROR = SO_ERROR;
static const int sallyport_IPPROTO_TCP = IPPROTO_TCP;
static const int sallyport_IPPROTO_IPV6 = IPPROTO_IPV6;
static const int sallyport_IPV6_V6ONLY = IPV6_V6ONLY;
static const int sallyport_TCP_NODELAY = TCP_NODELAY;
static const int sallyport_TCP_USER_TIMEOUT = TCP_USER_TIMEOUT;
static const int sallyport_TCP_KEEPIDLE = TCP_KEEPIDLE;
static const int sallyport_TCP_KEEPINTVL = TCP_KEEPINTVL;
static const int sallyport_TCP_KEEPCNT = TCP_KEEPCNT;

struct sallyport_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/* Same layout as `struct ucred`, which needs _GNU_SOURCE. */
static inline int sallyport_peer_credentials(int descriptor, struct sallyport_peer *peer) {
    socklen_t length = sizeof *peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, peer, &length);
}

/* Fills `address` and returns its length. `bytes` holds 4 or 16 bytes in network order. */
static inline socklen_t sallyport_sockaddr_ip(struct sockaddr_storage *address, int family, const uint8_t *bytes,
                                              uint16_t port, uint32_t scope) {
    memset(address, 0, sizeof *address);
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    v6->sin6_scope_id = scope;
    memcpy(&v6->sin6_addr, bytes, 16);
    return sizeof *v6;
}

/* Returns 0 when the path does not fit. */
static inline socklen_t sallyport_sockaddr_unix(struct sockaddr_storage *address, const char *path) {
    struct sockaddr_un *un = (struct sockaddr_un *)address;
    size_t length = strlen(path);
    memset(address, 0, sizeof *address);
    if (length == 0 || length >= sizeof un->sun_path) return 0;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

/* Copies 4 or 16 address bytes out; returns the family. A Unix path is left in `address`. */
static inline int sallyport_sockaddr_read(const struct sockaddr *address, uint8_t *bytes, uint16_t *port,
                                          uint32_t *scope) {
    *port = 0;
    *scope = 0;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        memcpy(bytes, &v4->sin_addr, 4);
        *port = ntohs(v4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        memcpy(bytes, &v6->sin6_addr, 16);
        *port = ntohs(v6->sin6_port);
        *scope = v6->sin6_scope_id;
    }
    return address->sa_family;
}

static inline const char *sallyport_sockaddr_path(const struct sockaddr_storage *address) {
    return ((const struct sockaddr_un *)address)->sun_path;
}

static inline int sallyport_bind(int descriptor, const struct sockaddr_storage *address, socklen_t length) {
    return bind(descriptor, (const struct sockaddr *)address, length);
}

static inline int sallyport_connect(int descriptor, const struct sockaddr_storage *address, socklen_t length) {
    return connect(descriptor, (const struct sockaddr *)address, length);
}

static inline int sallyport_getsockname(int descriptor, struct sockaddr_storage *address) {
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    return getsockname(descriptor, (struct sockaddr *)address, &length);
}

static inline int sallyport_getpeername(int descriptor, struct sockaddr_storage *address) {
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    return getpeername(descriptor, (struct sockaddr *)address, &length);
}

static inline ssize_t sallyport_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline ssize_t sallyport_receive(int descriptor, void *bytes, size_t count) {
    return recv(descriptor, bytes, count, MSG_DONTWAIT);
}

static inline ssize_t sallyport_peek(int descriptor, void *bytes, size_t count) {
    return recv(descriptor, bytes, count, MSG_DONTWAIT | MSG_PEEK);
}

/* Stream addresses of a host name or literal; release with freeaddrinfo. */
static inline int sallyport_resolve(const char *host, const char *port, int numericOnly, struct addrinfo **out) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    hints.ai_flags = AI_NUMERICSERV | (numericOnly ? AI_NUMERICHOST : 0);
    return getaddrinfo(host, port, &hints, out);
}

static inline int sallyport_interface_is_up(const struct ifaddrs *entry) { return (entry->ifa_flags & IFF_UP) != 0; }

static inline int sallyport_interface_is_loopback(const struct ifaddrs *entry) {
    return (entry->ifa_flags & IFF_LOOPBACK) != 0;
}

static inline int sallyport_interface_is_point_to_point(const struct ifaddrs *entry) {
    return (entry->ifa_flags & IFF_POINTOPOINT) != 0;
}

/* Writes the name of an interface's driver, such as `bridge` or `veth`; `size` is at least 32. 0 for success. */
static inline int sallyport_interface_driver(int socket, const char *name, char *driver, size_t size) {
    struct ethtool_drvinfo info;
    struct ifreq request;
    if (strlen(name) >= sizeof request.ifr_name || size < sizeof info.driver + 1) return -1;
    memset(&info, 0, sizeof info);
    memset(&request, 0, sizeof request);
    info.cmd = ETHTOOL_GDRVINFO;
    memcpy(request.ifr_name, name, strlen(name));
    request.ifr_data = (void *)&info;
    if (ioctl(socket, SIOCETHTOOL, &request) != 0) return -1;
    memcpy(driver, info.driver, sizeof info.driver);
    driver[sizeof info.driver] = 0;
    return 0;
}

#endif
