/*
 * wssload - load generator for WebSocket servers, ws:// and wss:// (TLS 1.3), loopback only.
 *
 *   wssload handshake URL   connect + TLS + HTTP Upgrade + close, over and over    -> upgrades/s
 *   wssload echo      URL   K messages of S bytes in flight on each of C connections -> messages/s
 *   wssload idle      URL   open C connections and hold them                       -> KiB/connection
 *   wssload fanout    URL   connection 0 sends, the server sends to all C          -> deliveries/s
 *
 * Each thread runs one epoll loop over its share of the connections and owns its SSL_CTX, its
 * histogram and its counters, so that threads share nothing while they measure but `g`.
 * Times are CLOCK_MONOTONIC nanoseconds. See README.md for the options and the JSON output.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SCRATCH (1u << 20)              /* largest message that can be received */
#define SEC 1000000000ull
#define STEP_LIMIT (10 * SEC)           /* a connect, hello or close that takes longer is an error */
#define MAX_HELLO 8

enum mode { HANDSHAKE, ECHO, IDLE, FANOUT };
static const char *mode_names[] = { "handshake", "echo", "idle", "fanout" };
enum phase { CONNECTING, RUNNING, PROBING, DONE };
/* A connection's life. Its step is pending (under a time limit) except in RUN. */
enum state { FREE, TCP, TLS, HTTP, CHALLENGE, HELLO, RUN, CLOSING };
enum error { E_CONNECT, E_TLS, E_PIN, E_UPGRADE, E_HELLO, E_PROTOCOL, E_CLOSED, E_TIMEOUT, E_CONTENT, E_REPLY,
             E_LATE, ERRORS };
static const char *error_names[ERRORS] = { "connect", "tls", "pin", "upgrade", "hello", "protocol", "closed",
                                           "timeout", "content", "reply", "late" };

struct slot { uint64_t id, t; };        /* one message in flight; t is 0 when the slot is free */
struct conn {
    int fd;
    uint8_t state, step;                /* step: which --connect-json is awaited */
    bool waits_out;                     /* EPOLLOUT is on */
    uint32_t no;                        /* number of this connection, 0 .. C-1 */
    SSL *ssl;
    uint64_t t0;                        /* start of the pending step */
    char accept[29];                    /* Sec-WebSocket-Accept that the server has to send */
    uint8_t *in, *out, *frag;           /* unparsed input; unsent output; fragments of one message */
    size_t in_len, out_len, out_off, out_cap, frag_len;
    struct slot *slots;
    uint64_t head, tail;                /* ids: oldest unanswered, next to be sent */
};
#define SUB 7                           /* log-linear histogram: 128 steps per power of two, under 1% wide */
struct hist { uint64_t count, max, bucket[(64 - SUB + 1) << SUB]; };
struct thread {
    pthread_t id;
    int ep;
    SSL_CTX *ctx;
    SSL_SESSION *session;               /* the latest ticket, for --resume */
    struct conn *conns;
    size_t first, n, opened, pending, rotor;
    volatile uint64_t up, ops, pongs;   /* the main thread looks at these on the way */
    uint64_t rng, sent, bytes, events, pings, resumed, errors[ERRORS];
    struct hist h;
    uint8_t *scratch, *text, *payload;  /* input buffer; expanded template; the pattern to be sent */
    char cipher[80];
};
static struct {
    enum mode mode;
    bool tls, resume, challenge, json, allow_errors, probe, abort_close;
    struct sockaddr_in addr;
    char host[128], path[512], headers[2048], *url, *suites, *groups, *reply_must;
    size_t threads, conns, depth, size, sources, parallel, slots;
    double seconds, warmup, rate;
    unsigned char pin[32];
    bool has_pin;
    char *hello[MAX_HELLO], *request;
    char *sign;                         /* what the device's signature is made over; a template, too */
    EVP_PKEY *device;
    char device_id[65], device_key[64]; /* SHA-256 of the public key in hex; the key in base64url */
    int n_hello, pids[64], n_pids;
    uint8_t *pattern;
    _Atomic int phase;
    _Atomic size_t ready;
    _Atomic uint64_t delivered;
    _Atomic uint64_t t_from, t_to;      /* the measured stretch */
    uint64_t t_connect_limit;
} g = { .threads = 1, .conns = 32, .depth = 1, .size = 128, .seconds = 5, .warmup = 1, .parallel = 64,
        .suites = "TLS_AES_256_GCM_SHA384", .groups = "X25519", .host = "localhost" };

static uint64_t now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec;
}
static void die(const char *what) { fprintf(stderr, "wssload: %s\n", what); exit(2); }
static void *need(void *p) { if (!p) die("out of memory"); return p; }
static uint64_t rnd(struct thread *t) { /* xorshift64: masks and keys need variety, not secrecy */
    t->rng ^= t->rng << 13; t->rng ^= t->rng >> 7; t->rng ^= t->rng << 17;
    return t->rng;
}
static bool measured(uint64_t at) { return at >= g.t_from && at < g.t_to; }

/* ---- histogram ---- */
static void hist_add(struct hist *h, uint64_t v) {
    int e = v >> SUB ? 63 - __builtin_clzll(v) - SUB : -1;
    size_t i = e < 0 ? v : ((size_t)(e + 1) << SUB) + ((v >> e) & ((1u << SUB) - 1));
    h->bucket[i]++; h->count++;
    if (v > h->max) h->max = v;
}
static double hist_us(const struct hist *h, double q) { /* the middle of the bucket that holds quantile q */
    uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;
    for (size_t i = 0; i < sizeof h->bucket / sizeof *h->bucket; i++)
        if ((seen += h->bucket[i]) > want) {
            size_t e = i >> SUB, m = i & ((1u << SUB) - 1);
            double v = e ? ((double)((1u << SUB) + m) + .5) * (double)(1ull << (e - 1)) : (double)m;
            return (v > (double)h->max ? (double)h->max : v) / 1e3;
        }
    return (double)h->max / 1e3;
}

/* ---- the server process, as /proc tells it ---- */
static double server_cpu(void) { /* user and system seconds so far */
    double sum = 0;
    for (int i = 0; i < g.n_pids; i++) {
        char name[64], line[1024]; unsigned long u = 0, s = 0;
        snprintf(name, sizeof name, "/proc/%d/stat", g.pids[i]);
        FILE *f = fopen(name, "r");
        if (!f) continue;
        char *p = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
        if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) == 2)
            sum += (double)(u + s) / (double)sysconf(_SC_CLK_TCK);
        fclose(f);
    }
    return sum;
}
static long proc_field(const char *file, const char *field) { /* a "Field: N" line, 0 when absent */
    char line[256]; long v = 0;
    FILE *f = fopen(file, "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, field, strlen(field))) { sscanf(line + strlen(field), "%ld", &v); break; }
    fclose(f);
    return v;
}
struct memory { long rss, pss, slab, tcp; }; /* KiB; slab and tcp are the whole machine's, both ends */
static struct memory memory_now(void) {
    struct memory m = { .slab = proc_field("/proc/meminfo", "Slab:") };
    for (int i = 0; i < g.n_pids; i++) {
        char name[64];
        snprintf(name, sizeof name, "/proc/%d/smaps_rollup", g.pids[i]);
        m.rss += proc_field(name, "Rss:"); m.pss += proc_field(name, "Pss:");
    }
    char line[256]; long pages;
    FILE *f = fopen("/proc/net/sockstat", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "TCP: inuse %*d orphan %*d tw %*d alloc %*d mem %ld", &pages) == 1) m.tcp = pages * 4;
    if (f) fclose(f);
    return m;
}

/* ---- connections ---- */
static void open_conn(struct thread *t, struct conn *c);
static void drop(struct thread *t, struct conn *c) {
    if (c->state == RUN) t->up--; else if (c->state != FREE) t->pending--;
    struct linger abort_now = { 1, 0 }; /* no TIME_WAIT */
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
    SSL_free(c->ssl);
    close(c->fd);
    free(c->in); free(c->out); free(c->frag); free(c->slots);
    uint32_t no = c->no;
    memset(c, 0, sizeof *c);
    c->no = no; c->fd = -1;
}
static void fail(struct thread *t, struct conn *c, enum error e) { t->errors[e]++; drop(t, c); }
static void become(struct thread *t, struct conn *c, enum state s) {
    if (c->state == FREE) t->pending++;
    if (c->state == RUN && s != RUN) { t->up--; t->pending++; }
    if (s == RUN) { t->pending--; t->up++; }
    c->state = s;
}
static void watch_out(struct thread *t, struct conn *c, bool on) {
    if (c->waits_out == on) return;
    struct epoll_event ev = { .events = EPOLLIN | (on ? EPOLLOUT : 0), .data.ptr = c };
    epoll_ctl(t->ep, EPOLL_CTL_MOD, c->fd, &ev);
    c->waits_out = on;
}
static uint8_t *reserve(struct conn *c, size_t n) {
    if (c->out_off == c->out_len) c->out_off = c->out_len = 0;
    if (c->out_len + n > c->out_cap) c->out = need(realloc(c->out, c->out_cap = (c->out_len + n) * 2));
    return c->out + c->out_len;
}
static bool would_block(struct conn *c, int r) { /* why a read or write gave r <= 0 */
    int e = c->ssl ? SSL_get_error(c->ssl, r) : 0;
    ERR_clear_error();
    return c->ssl ? e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE : r < 0 && errno == EAGAIN;
}
static void flush_out(struct thread *t, struct conn *c) {
    while (c->out_off < c->out_len) {
        size_t left = c->out_len - c->out_off;
        int n = c->ssl ? SSL_write(c->ssl, c->out + c->out_off, (int)left)
                       : (int)send(c->fd, c->out + c->out_off, left, MSG_NOSIGNAL);
        if (n > 0) { c->out_off += (size_t)n; continue; }
        if (would_block(c, n)) watch_out(t, c, true);
        else c->out_off = c->out_len; /* the read side will report the broken connection */
        return;
    }
    watch_out(t, c, false);
    if (g.mode == IDLE) { free(c->out); c->out = NULL; c->out_cap = c->out_len = c->out_off = 0; }
}
static void put_frame(struct thread *t, struct conn *c, int opcode, const uint8_t *p, size_t n) {
    uint8_t *o = reserve(c, n + 14), *b = o;
    *b++ = (uint8_t)(0x80 | opcode);
    if (n < 126) *b++ = (uint8_t)(0x80 | n);
    else if (n < 65536) { *b++ = 0xfe; *b++ = (uint8_t)(n >> 8); *b++ = (uint8_t)n; }
    else { *b++ = 0xff; for (int i = 56; i >= 0; i -= 8) *b++ = (uint8_t)((uint64_t)n >> i); }
    uint32_t mask = (uint32_t)(rnd(t) >> 16);
    memcpy(b, &mask, 4); b += 4;
    uint64_t wide = mask | (uint64_t)mask << 32, w;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) { memcpy(&w, p + i, 8); w ^= wide; memcpy(b + i, &w, 8); }
    for (; i < n; i++) b[i] = (uint8_t)(p[i] ^ (uint8_t)(mask >> (i % 4 * 8)));
    c->out_len += (size_t)(b - o) + n;
}
static void base64url(char *out, const unsigned char *p, size_t n) {
    EVP_EncodeBlock((unsigned char *)out, p, (int)n);
    for (; *out && *out != '='; out++) if (*out == '+') *out = '-'; else if (*out == '/') *out = '_';
    *out = 0;
}
static void make_device(void) { /* a new Ed25519 key, one for all connections */
    unsigned char key[32], sum[32];
    size_t n = sizeof key;
    g.device = need(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    if (EVP_PKEY_get_raw_public_key(g.device, key, &n) != 1 || n != 32) die("no Ed25519 key");
    SHA256(key, 32, sum);
    for (int i = 0; i < 32; i++) sprintf(g.device_id + 2 * i, "%02x", sum[i]);
    base64url(g.device_key, key, 32);
}
static size_t expand_to(char *to, struct conn *c, const char *tpl, uint64_t id, const char *nonce, uint64_t ms);
/* Ed25519 over the expanded --sign; out takes 89 bytes. */
static void device_signature(char *out, struct conn *c, const char *nonce, uint64_t ms) {
    char *text = need(malloc(SCRATCH));
    unsigned char raw[64];
    size_t n = expand_to(text, c, g.sign, 0, nonce, ms), l = sizeof raw;
    EVP_MD_CTX *m = need(EVP_MD_CTX_new());
    if (EVP_DigestSignInit(m, NULL, NULL, NULL, g.device) != 1 ||
        EVP_DigestSign(m, raw, &l, (unsigned char *)text, n) != 1) die("cannot sign");
    EVP_MD_CTX_free(m);
    free(text);
    base64url(out, raw, 64);
}
/* Puts a template into t->text with @ID@, @N@ (connection number), @TS@ and @NONCE@ filled in; with --sign also
   @DEVICE@, @DEVICE_KEY@, @SIGNED_AT@ (Unix milliseconds) and @SIGNATURE@. */
static size_t expand(struct thread *t, struct conn *c, const char *tpl, uint64_t id, const char *nonce) {
    struct timespec ts = { 0 };
    if (g.sign) clock_gettime(CLOCK_REALTIME, &ts);
    return expand_to((char *)t->text, c, tpl, id, nonce, (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}
static size_t expand_to(char *to, struct conn *c, const char *tpl, uint64_t id, const char *nonce, uint64_t ms) {
    char *o = to, *end = o + SCRATCH / 2;
    while (*tpl && o < end - 512) {
        if (*tpl != '@') { *o++ = *tpl++; continue; }
        if (!strncmp(tpl, "@ID@", 4)) { o += sprintf(o, "%llu", (unsigned long long)id); tpl += 4; }
        else if (!strncmp(tpl, "@N@", 3)) { o += sprintf(o, "%u", c->no); tpl += 3; }
        else if (!strncmp(tpl, "@TS@", 4)) { o += sprintf(o, "T~%016llx", (unsigned long long)id); tpl += 4; }
        else if (!strncmp(tpl, "@NONCE@", 7)) { o += snprintf(o, 256, "%.255s", nonce); tpl += 7; }
        else if (g.sign && !strncmp(tpl, "@DEVICE@", 8)) { o += sprintf(o, "%s", g.device_id); tpl += 8; }
        else if (g.sign && !strncmp(tpl, "@DEVICE_KEY@", 12)) { o += sprintf(o, "%s", g.device_key); tpl += 12; }
        else if (g.sign && !strncmp(tpl, "@SIGNED_AT@", 11)) { o += sprintf(o, "%llu", (unsigned long long)ms); tpl += 11; }
        else if (g.sign && !strncmp(tpl, "@SIGNATURE@", 11)) {
            if (*nonce) device_signature(o, c, nonce, ms); else *o = 0; /* without a nonce only the id is wanted */
            o += strlen(o); tpl += 11;
        }
        else *o++ = *tpl++;
    }
    return (size_t)(o - to);
}
/* Ids of one connection never meet those of another: a broadcast is not taken for a reply. */
static uint64_t wire_id(struct conn *c, uint64_t id) { return ((uint64_t)c->no + 1) * 1000000000ull + id; }

static void send_request(struct thread *t, struct conn *c, uint64_t at) {
    struct slot *s = &c->slots[c->tail & (g.slots - 1)];
    if (s->t) { t->errors[E_LATE]++; return; } /* the server is more than g.slots messages behind */
    *s = (struct slot){ c->tail++, at };
    if (g.request) {
        size_t n = expand(t, c, g.request, wire_id(c, s->id), "");
        put_frame(t, c, 1, t->text, n);
        return;
    }
    if (g.size >= 16) { /* the pattern, with the message's id in front */
        char id[17];
        snprintf(id, sizeof id, "%016llx", (unsigned long long)wire_id(c, s->id));
        memcpy(t->payload, id, 16);
    }
    put_frame(t, c, 1, t->payload, g.size);
}
static void answered(struct thread *t, struct conn *c, struct slot *s, size_t bytes, uint64_t at) {
    if (measured(at)) { t->ops++; t->bytes += bytes; hist_add(&t->h, at > s->t ? at - s->t : 0); }
    s->t = 0;
    if (g.rate == 0 && at < g.t_to) send_request(t, c, at);
}
static void send_hello(struct thread *t, struct conn *c, const char *nonce) {
    become(t, c, HELLO);
    size_t n = expand(t, c, g.hello[c->step], c->step, nonce);
    put_frame(t, c, 1, t->text, n);
}
static void set_up(struct thread *t, struct conn *c) { /* upgrade and hello are behind */
    uint64_t at = now();
    if (g.mode != HANDSHAKE) { become(t, c, RUN); return; }
    if (measured(at)) { t->ops++; hist_add(&t->h, at - c->t0); t->resumed += c->ssl && SSL_session_reused(c->ssl); }
    if (g.abort_close) { drop(t, c); return; }
    put_frame(t, c, 8, (const uint8_t *)"\x03\xe8", 2);
    become(t, c, CLOSING);
    c->t0 = at;
}
/* The value of the first "key":"..." in m, copied into out; false when there is none. */
static bool json_string(const uint8_t *m, size_t n, const char *key, char *out, size_t cap) {
    const char *p = memmem(m, n, key, strlen(key)), *end = (const char *)m + n;
    if (!p) return false;
    for (p += strlen(key); p < end && (*p == ' ' || *p == ':' || *p == '"'); p++) {}
    size_t i = 0;
    for (; p < end && *p != '"' && *p != ',' && *p != '}' && i + 1 < cap; p++) out[i++] = *p;
    out[i] = 0;
    return true;
}
static void on_text(struct thread *t, struct conn *c, uint8_t *m, size_t n, uint64_t at) {
    char mine[256] = "", theirs[256] = "";
    switch (c->state) {
    case CHALLENGE:
        json_string(m, n, "\"nonce\"", theirs, sizeof theirs);
        send_hello(t, c, theirs);
        return;
    case HELLO: /* a reply bears the hello's id, if that has one; other messages are events */
        if (json_string(t->text, expand(t, c, g.hello[c->step], c->step, ""), "\"id\"", mine, sizeof mine) &&
            (!json_string(m, n, "\"id\"", theirs, sizeof theirs) || strcmp(mine, theirs))) { t->events++; return; }
        if (g.reply_must && !memmem(m, n, g.reply_must, strlen(g.reply_must))) { fail(t, c, E_HELLO); return; }
        if (++c->step < g.n_hello) send_hello(t, c, ""); else set_up(t, c);
        return;
    case RUN: break;
    default: t->events++; return;
    }
    if (g.mode == FANOUT) {
        uint8_t *mark = memmem(m, n, "T~", 2);
        if (!mark || mark + 18 > m + n) { t->events++; return; }
        char hex[17] = "";
        memcpy(hex, mark + 2, 16);
        uint64_t sent = strtoull(hex, NULL, 16);
        g.delivered++;
        if (measured(at)) { t->ops++; t->bytes += n; hist_add(&t->h, at > sent ? at - sent : 0); }
    } else if (g.mode == ECHO && g.request) {
        if (!json_string(m, n, "\"id\"", theirs, sizeof theirs)) { t->events++; return; }
        uint64_t id = strtoull(theirs, NULL, 10) - wire_id(c, 0);
        struct slot *s = &c->slots[id & (g.slots - 1)];
        if (!s->t || s->id != id) { t->events++; return; }
        if (g.reply_must && !memmem(m, n, g.reply_must, strlen(g.reply_must))) t->errors[E_REPLY]++;
        answered(t, c, s, n, at);
    } else if (g.mode == ECHO) { /* echoes come in order */
        struct slot *s = &c->slots[c->head & (g.slots - 1)];
        if (!s->t || n != g.size) { t->errors[E_CONTENT]++; return; }
        if (c->head % 16 == 0) { /* the sample that is compared byte for byte */
            char id[17];
            snprintf(id, sizeof id, "%016llx", (unsigned long long)wire_id(c, s->id));
            size_t k = n >= 16 ? 16 : 0;
            if (memcmp(m, id, k) || memcmp(m + k, g.pattern + k, n - k)) t->errors[E_CONTENT]++;
        }
        c->head++;
        answered(t, c, s, n, at);
    } else t->events++;
}
/* Handles one frame whose payload is complete. The connection may be gone (FREE) afterwards. */
static void on_frame(struct thread *t, struct conn *c, int fin, int op, uint8_t *p, size_t n, uint64_t at) {
    if (op == 9) { put_frame(t, c, 10, p, n); t->pings++; }
    else if (op == 10) t->pongs++;
    else if (op == 8) {
        if (c->state == CLOSING) drop(t, c); else fail(t, c, E_CLOSED);
    } else if (op > 2 || (op == 0) != (c->frag != NULL)) fail(t, c, E_PROTOCOL);
    else if (fin && !c->frag) on_text(t, c, p, n, at);
    else {
        if (c->frag_len + n > SCRATCH) { fail(t, c, E_PROTOCOL); return; }
        c->frag = need(realloc(c->frag, c->frag_len + n + 1));
        memcpy(c->frag + c->frag_len, p, n); c->frag_len += n;
        if (!fin) return;
        uint8_t *whole = c->frag;
        c->frag = NULL; n = c->frag_len; c->frag_len = 0;
        on_text(t, c, whole, n, at);
        free(whole);
    }
}
static bool check_upgrade(struct conn *c, const char *head) {
    const char *a = strcasestr(head, "\r\nsec-websocket-accept:");
    if (strncmp(head, "HTTP/1.1 101", 12) || !a) return false;
    for (a += 23; *a == ' '; a++) {}
    return !strncmp(a, c->accept, 28);
}
/* Takes whole frames from p and says how much it used. */
static size_t consume(struct thread *t, struct conn *c, uint8_t *p, size_t n) {
    size_t off = 0;
    uint64_t at = now();
    if (c->state == HTTP) {
        p[n] = 0;
        char *end = strstr((char *)p, "\r\n\r\n");
        if (!end) { if (n > 16384) fail(t, c, E_UPGRADE); return 0; }
        *end = 0;
        if (!check_upgrade(c, (char *)p)) { fail(t, c, E_UPGRADE); return 0; }
        off = (size_t)(end + 4 - (char *)p);
        if (g.challenge) become(t, c, CHALLENGE);
        else if (g.n_hello) send_hello(t, c, "");
        else set_up(t, c);
    }
    while (c->state != FREE && n - off >= 2) {
        uint8_t *f = p + off;
        size_t len = f[1] & 0x7f, hdr = 2;
        if (f[1] & 0x80 || f[0] & 0x70) { fail(t, c, E_PROTOCOL); break; } /* masked, or an extension */
        if (len >= 126) {
            hdr = len == 126 ? 4 : 10;
            if (n - off < hdr) break;
            len = 0;
            for (size_t i = 2; i < hdr; i++) len = len << 8 | f[i];
        }
        if (len > SCRATCH - 16) { fail(t, c, E_PROTOCOL); break; }
        if (n - off < hdr + len) break;
        on_frame(t, c, f[0] & 0x80, f[0] & 0x0f, f + hdr, len, at);
        off += hdr + len;
    }
    return off;
}
static void on_readable(struct thread *t, struct conn *c) {
    uint8_t *b = t->scratch;
    size_t n, used;
    bool gone = false, more = true;
    while (more) { /* a second turn only when the scratch buffer was full */
        if ((n = c->in_len)) memcpy(b, c->in, n);
        for (more = true; more && n < SCRATCH;) {
            int r = c->ssl ? SSL_read(c->ssl, b + n, (int)(SCRATCH - n)) : (int)recv(c->fd, b + n, SCRATCH - n, 0);
            if (r > 0) n += (size_t)r; else gone = !would_block(c, r);
            more = r > 0 && c->ssl && SSL_has_pending(c->ssl);
        }
        used = consume(t, c, b, n);
        if (c->state == FREE) return;
        if (n - used > c->in_len) c->in = need(realloc(c->in, n - used));
        if (n == used) { free(c->in); c->in = NULL; } else memcpy(c->in, b + used, n - used);
        c->in_len = n - used;
    }
    if (gone && c->state == CLOSING) drop(t, c); /* the end that was asked for */
    else if (gone) fail(t, c, c->state == HTTP ? E_UPGRADE : c->state == RUN ? E_CLOSED : E_HELLO);
    else if (c->out_len > c->out_off) flush_out(t, c);
}
static void start_http(struct thread *t, struct conn *c) {
    uint64_t raw[2] = { rnd(t), rnd(t) };
    char key[25], both[64];
    unsigned char sum[20];
    EVP_EncodeBlock((unsigned char *)key, (unsigned char *)raw, 16);
    int n = snprintf(both, sizeof both, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    SHA1((unsigned char *)both, (size_t)n, sum);
    EVP_EncodeBlock((unsigned char *)c->accept, sum, 20);
    uint8_t *o = reserve(c, 4096);
    c->out_len += (size_t)snprintf((char *)o, 4096, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        g.path, g.host, ntohs(g.addr.sin_port), key, g.headers);
    become(t, c, HTTP);
    flush_out(t, c);
}
static void step_tls(struct thread *t, struct conn *c) {
    int r = SSL_do_handshake(c->ssl);
    if (r == 1) {
        if (!t->cipher[0]) snprintf(t->cipher, sizeof t->cipher, "%s %s", SSL_get_version(c->ssl), SSL_get_cipher(c->ssl));
        start_http(t, c);
        return;
    }
    int e = SSL_get_error(c->ssl, r);
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) { watch_out(t, c, e == SSL_ERROR_WANT_WRITE); return; }
    ERR_clear_error();
    fail(t, c, SSL_get_verify_result(c->ssl) == X509_V_OK ? E_TLS : E_PIN);
}
static void on_event(struct thread *t, struct conn *c, uint32_t events) {
    if (c->state == TCP) {
        int e = 0; socklen_t l = sizeof e;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
        if (e || events & (EPOLLERR | EPOLLHUP)) { fail(t, c, E_CONNECT); return; }
        watch_out(t, c, false);
        if (!g.tls) { start_http(t, c); return; }
        c->ssl = need(SSL_new(t->ctx));
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_tlsext_host_name(c->ssl, g.host);
        if (t->session) { /* a copy: OpenSSL marks the session of a connection that ends without farewell as spoiled */
            SSL_SESSION *copy = SSL_SESSION_dup(t->session);
            SSL_set_session(c->ssl, copy);
            SSL_SESSION_free(copy);
        }
        SSL_set_connect_state(c->ssl);
        c->state = TLS;
    }
    if (c->state == TLS) { step_tls(t, c); return; }
    if (events & EPOLLOUT) flush_out(t, c);
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) on_readable(t, c);
}
static void open_conn(struct thread *t, struct conn *c) {
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: too few file descriptors?");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    uint32_t s = (uint32_t)((g.mode == HANDSHAKE ? t->rotor++ : c->no) % g.sources);
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001u + (s / 250 << 8) + s % 250) };
    become(t, c, TCP);
    c->t0 = now();
    if (g.mode == ECHO) c->slots = need(calloc(g.slots, sizeof *c->slots));
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) ||
        (connect(c->fd, (struct sockaddr *)&g.addr, sizeof g.addr) && errno != EINPROGRESS)) { fail(t, c, E_CONNECT); return; }
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };
    epoll_ctl(t->ep, EPOLL_CTL_ADD, c->fd, &ev);
    c->waits_out = true;
}

/* ---- TLS context ---- */
static int check_cert(X509_STORE_CTX *s, void *arg) { /* instead of a chain: the pin, or nothing */
    (void)arg;
    unsigned char sum[32]; unsigned n = 0;
    X509 *leaf = X509_STORE_CTX_get0_cert(s);
    if (!g.has_pin || (leaf && X509_digest(leaf, EVP_sha256(), sum, &n) && n == 32 && !memcmp(sum, g.pin, 32))) return 1;
    X509_STORE_CTX_set_error(s, X509_V_ERR_CERT_REJECTED);
    return 0;
}
static int keep_ticket(SSL *ssl, SSL_SESSION *s) {
    struct thread *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(t->session);
    t->session = SSL_SESSION_dup(s);
    return 0;
}
static SSL_CTX *make_ctx(struct thread *t) {
    SSL_CTX *x = need(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(x, TLS1_3_VERSION);
    if (!SSL_CTX_set_ciphersuites(x, g.suites) || !SSL_CTX_set1_groups_list(x, g.groups)) die("bad --suites or --groups");
    SSL_CTX_set_verify(x, g.has_pin ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(x, check_cert, NULL);
    SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                        (g.mode == IDLE ? SSL_MODE_RELEASE_BUFFERS : 0));
    if (g.mode != IDLE) SSL_CTX_set_read_ahead(x, 1); /* one recv for many records */
    SSL_CTX_set_app_data(x, t);
    SSL_CTX_set_session_cache_mode(x, g.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    if (g.resume) SSL_CTX_sess_set_new_cb(x, keep_ticket);
    return x;
}

/* ---- one thread ---- */
static uint64_t pump(struct thread *t, uint64_t at, uint64_t *next_send) { /* sends what is due; returns when to be back */
    uint64_t back = at + SEC / 100;
    if (g.mode == ECHO && g.rate > 0 && t->up) { /* open loop: latency counts from the time it was due */
        uint64_t gap = (uint64_t)((double)(SEC * g.threads) / g.rate);
        for (; *next_send <= at && *next_send < g.t_to; *next_send += gap) {
            struct conn *c = NULL;
            for (size_t tries = 0; tries < t->n && (!c || c->state != RUN); tries++) c = &t->conns[t->rotor++ % t->n];
            if (!c || c->state != RUN) break;
            send_request(t, c, *next_send);
            flush_out(t, c);
        }
        if (*next_send < back) back = *next_send;
    }
    if (g.mode == FANOUT && t->first == 0 && t->conns[0].state == RUN) { /* depth broadcasts under way, no more */
        struct conn *c = &t->conns[0];
        while (at < g.t_to && g.delivered + (g.depth - 1) * g.conns >= t->sent * g.conns) {
            uint64_t stamp = now();
            size_t n = expand(t, c, g.request ? g.request : "@TS@", stamp, "");
            if (!g.request) memcpy(t->payload, t->text, n);
            put_frame(t, c, 1, g.request ? t->text : t->payload, g.request ? n : g.size);
            t->sent++;
        }
        flush_out(t, c);
        back = at + SEC / 5000;
    }
    return back;
}
static void *run_thread(void *arg) {
    struct thread *t = arg;
    struct epoll_event ev[256];
    bool ready = false, started = false, probed = false;
    uint64_t next_sweep = now() + SEC, next_send = 0;
    size_t parallel = g.parallel / g.threads + 1;
    prctl(PR_SET_TIMERSLACK, 1);
    for (;;) {
        uint64_t at = now(), back = at + SEC / 100;
        int phase = g.phase;
        if (phase == DONE) break;
        if (g.mode == HANDSHAKE) {
            for (size_t i = 0; i < t->n && t->pending < t->n && at < g.t_to; i++)
                if (t->conns[i].state == FREE) open_conn(t, &t->conns[i]);
        } else if (phase == CONNECTING) {
            while (t->opened < t->n && t->pending < parallel) open_conn(t, &t->conns[t->opened++]);
            if (!ready && ((t->opened == t->n && !t->pending) || at > g.t_connect_limit)) { ready = true; g.ready++; }
        } else if (phase == RUNNING) {
            if (!started) next_send = at;
            for (size_t i = 0; !started && g.mode == ECHO && g.rate == 0 && i < t->n; i++)
                if (t->conns[i].state == RUN) {
                    for (size_t k = 0; k < g.depth; k++) send_request(t, &t->conns[i], at);
                    flush_out(t, &t->conns[i]);
                }
            started = true;
            back = pump(t, at, &next_send);
        } else if (!probed) {
            for (size_t i = 0; i < t->n; i++)
                if (t->conns[i].state == RUN) { put_frame(t, &t->conns[i], 9, NULL, 0); flush_out(t, &t->conns[i]); }
            probed = true;
        }
        uint64_t wait = back > at ? back - at : 0;
        struct timespec ts = { (time_t)(wait / SEC), (long)(wait % SEC) };
        int n = epoll_pwait2(t->ep, ev, 256, &ts, NULL);
        for (int i = 0; i < n; i++)
            if (((struct conn *)ev[i].data.ptr)->state != FREE) on_event(t, ev[i].data.ptr, ev[i].events);
        if (at > next_sweep) {
            next_sweep = at + SEC;
            for (size_t i = 0; i < t->n; i++) {
                struct conn *c = &t->conns[i];
                if (c->state != FREE && c->state != RUN && at > c->t0 + STEP_LIMIT) fail(t, c, E_TIMEOUT);
            }
        }
    }
    return NULL;
}

/* ---- command line, phases, report ---- */
static char *read_file(const char *name) {
    FILE *f = fopen(name, "r");
    if (!f) die("cannot read the JSON file");
    char *b = need(calloc(1, SCRATCH / 4));
    size_t n = fread(b, 1, SCRATCH / 4 - 1, f);
    fclose(f);
    while (n && (b[n - 1] == '\n' || b[n - 1] == '\r')) b[--n] = 0;
    return b;
}
static void parse_url(char *url) {
    char host[128] = "", ip[] = "127.0.0.1"; int port = 0;
    g.url = url; g.tls = !strncmp(url, "wss://", 6);
    if (!g.tls && strncmp(url, "ws://", 5)) die("the URL has to begin with ws:// or wss://");
    strcpy(g.path, "/");
    if (sscanf(strstr(url, "://") + 3, "%127[^:/]:%d%511s", host, &port, g.path) < 2) die("the URL needs host:port");
    g.addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    if (!inet_pton(AF_INET, strcmp(host, "localhost") ? host : ip, &g.addr.sin_addr) ||
        ntohl(g.addr.sin_addr.s_addr) >> 24 != 127) die("only addresses in 127.0.0.0/8 are served");
}
static void parse_pin(const char *s) {
    size_t n = 0; unsigned v;
    for (; *s && n < 32; s += *s ? 2 : 0) {
        if (*s == ':') s++;
        if (sscanf(s, "%2x", &v) != 1) break;
        g.pin[n++] = (unsigned char)v;
    }
    if (n != 32 || *s) die("--pin takes a SHA-256 fingerprint in hex");
    g.has_pin = true;
}
static const char *usage =
    "usage: wssload handshake|echo|idle|fanout ws[s]://127.x.y.z:port/path [options]\n"
    "  -c N  connections (32)   -t N  threads (1)       -d S  seconds (5)    -w S  warm-up seconds (1)\n"
    "  -k N  in flight (1)      -s N  message bytes (128)  -r N  offered messages/s, open loop (off)\n"
    "  --connect-json FILE  first message, repeatable    --challenge  the server speaks first\n"
    "  --request-json FILE  template with @ID@           --reply-must TEXT  a reply without it is an error\n"
    "  --sign TEMPLATE  what a new Ed25519 key signs for @SIGNATURE@ in the hello\n"
    "  --resume  --pin SHA256  --suites LIST  --groups LIST  --host NAME  --header 'K: V'  --sources N\n"
    "  --parallel N (64)  --abort  --probe  --pid PID[,PID...]  --json  --allow-errors\n";
static void parse(int argc, char **argv) {
    static const struct option longs[] = {
        { "connect-json", 1, 0, 1 }, { "challenge", 0, 0, 2 }, { "request-json", 1, 0, 3 }, { "reply-must", 1, 0, 4 },
        { "resume", 0, 0, 5 }, { "pin", 1, 0, 6 }, { "suites", 1, 0, 7 }, { "groups", 1, 0, 8 }, { "host", 1, 0, 9 },
        { "header", 1, 0, 10 }, { "sources", 1, 0, 11 }, { "parallel", 1, 0, 12 }, { "abort", 0, 0, 13 },
        { "probe", 0, 0, 14 }, { "pid", 1, 0, 15 }, { "json", 0, 0, 16 }, { "allow-errors", 0, 0, 17 },
        { "sign", 1, 0, 18 }, { 0 } };
    int o;
    while ((o = getopt_long(argc, argv, "c:t:d:w:k:s:r:", longs, NULL)) != -1) switch (o) {
        case 'c': g.conns = strtoul(optarg, NULL, 10); break;
        case 't': g.threads = strtoul(optarg, NULL, 10); break;
        case 'd': g.seconds = strtod(optarg, NULL); break;
        case 'w': g.warmup = strtod(optarg, NULL); break;
        case 'k': g.depth = strtoul(optarg, NULL, 10); break;
        case 's': g.size = strtoul(optarg, NULL, 10); break;
        case 'r': g.rate = strtod(optarg, NULL); break;
        case 1: if (g.n_hello == MAX_HELLO) die("too many --connect-json"); g.hello[g.n_hello++] = read_file(optarg); break;
        case 2: g.challenge = true; break;
        case 3: g.request = read_file(optarg); break;
        case 4: g.reply_must = optarg; break;
        case 5: g.resume = true; break;
        case 6: parse_pin(optarg); break;
        case 7: g.suites = optarg; break;
        case 8: g.groups = optarg; break;
        case 9: snprintf(g.host, sizeof g.host, "%s", optarg); break;
        case 10: { size_t n = strlen(g.headers); snprintf(g.headers + n, sizeof g.headers - n, "%s\r\n", optarg); break; }
        case 11: g.sources = strtoul(optarg, NULL, 10); break;
        case 12: g.parallel = strtoul(optarg, NULL, 10); break;
        case 13: g.abort_close = true; break;
        case 14: g.probe = true; break;
        case 15: for (char *p = strtok(optarg, ","); p && g.n_pids < 64; p = strtok(NULL, ",")) g.pids[g.n_pids++] = atoi(p); break;
        case 16: g.json = true; break;
        case 17: g.allow_errors = true; break;
        case 18: g.sign = optarg; make_device(); break;
        default: fputs(usage, stderr); exit(2);
    }
    int m = 0;
    while (argc - optind == 2 && m < 4 && strcmp(argv[optind], mode_names[m])) m++;
    if (argc - optind != 2 || m == 4) { fputs(usage, stderr); exit(2); }
    g.mode = (enum mode)m;
    parse_url(argv[optind + 1]);
    if (!g.conns || g.conns > 1000000 || !g.threads || g.threads > 64 || g.threads > g.conns || !g.depth || g.depth > 65536 ||
        g.size > SCRATCH / 4 || (g.mode == FANOUT && g.size < 18) || g.seconds <= 0 || g.seconds > 3600 || g.warmup < 0)
        die("a number is out of range");
    if (g.challenge && !g.n_hello) die("--challenge needs --connect-json");
    if (!g.sources) g.sources = g.mode == HANDSHAKE ? 32 : 1 + g.conns / 10000;
    for (g.slots = 1; g.slots < g.depth * (g.request ? 8 : 1) || g.slots < (g.rate > 0 ? 1024 : 1); g.slots *= 2) {}
}
static uint64_t total_up(struct thread *ts) {
    uint64_t n = 0;
    for (size_t i = 0; i < g.threads; i++) n += ts[i].up;
    return n;
}
static void sleep_until(uint64_t at, struct thread *ts, const char *what) {
    for (uint64_t n = now(), told = n; n < at; n = now()) {
        usleep((useconds_t)((at - n > SEC / 50 ? SEC / 50 : at - n) / 1000 + 1));
        if (n - told < SEC) continue;
        told = n;
        uint64_t ops = 0;
        for (size_t i = 0; i < g.threads; i++) ops += ts[i].ops;
        fprintf(stderr, "wssload: %s, %llu up, %llu done\n", what, (unsigned long long)total_up(ts), (unsigned long long)ops);
    }
}
int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* SSL_write knows no MSG_NOSIGNAL */
    parse(argc, argv);
    struct rlimit rl = { g.conns + 1024, g.conns + 1024 }, old;
    if (!getrlimit(RLIMIT_NOFILE, &old) && old.rlim_cur < rl.rlim_cur) {
        if (rl.rlim_max < old.rlim_max) rl.rlim_max = old.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &rl)) die("cannot raise the limit of open files");
    }
    g.pattern = need(malloc(g.size + 1));
    for (size_t i = 0; i < g.size; i++) g.pattern[i] = (uint8_t)('a' + i * 7 % 26);
    struct thread *ts = need(calloc(g.threads, sizeof *ts));
    struct memory m0 = memory_now(), m2;
    uint64_t t0 = now();
    g.t_connect_limit = t0 + 120 * SEC;
    g.t_from = g.t_to = UINT64_MAX;
    if (g.mode == HANDSHAKE) {
        g.t_from = t0 + (uint64_t)(g.warmup * 1e9);
        g.t_to = g.t_from + (uint64_t)(g.seconds * 1e9);
    }
    for (size_t i = 0, first = 0; i < g.threads; i++) {
        struct thread *t = &ts[i];
        t->first = first; t->n = g.conns / g.threads + (i < g.conns % g.threads); first += t->n;
        t->conns = need(calloc(t->n, sizeof *t->conns));
        for (size_t k = 0; k < t->n; k++) { t->conns[k].no = (uint32_t)(t->first + k); t->conns[k].fd = -1; }
        t->ep = epoll_create1(EPOLL_CLOEXEC);
        if (g.tls) t->ctx = make_ctx(t);
        t->scratch = need(malloc(SCRATCH + 1)); t->text = need(malloc(SCRATCH)); t->payload = need(malloc(g.size + 1));
        memcpy(t->payload, g.pattern, g.size);
        if (getrandom(&t->rng, 8, 0) != 8 || !t->rng) t->rng = 88172645463325252ull + i;
        if (pthread_create(&t->id, NULL, run_thread, t)) die("cannot start a thread");
    }
    double open_s = 0;
    if (g.mode != HANDSHAKE) {
        while (g.ready < g.threads) sleep_until(now() + SEC / 100, ts, "connecting");
        open_s = (double)(now() - t0) / 1e9;
        fprintf(stderr, "wssload: %llu of %zu up after %.2f s\n", (unsigned long long)total_up(ts), g.conns, open_s);
        g.t_from = now() + (uint64_t)(g.warmup * 1e9);
        g.t_to = g.t_from + (uint64_t)(g.seconds * 1e9);
        g.phase = RUNNING;
    }
    struct rusage u0, u1;
    sleep_until(g.t_from, ts, "warming up");
    double cpu = server_cpu(), client_cpu;
    getrusage(RUSAGE_SELF, &u0);
    sleep_until(g.t_to, ts, "running");
    cpu = server_cpu() - cpu;
    getrusage(RUSAGE_SELF, &u1);
    m2 = memory_now();
    client_cpu = (double)(u1.ru_utime.tv_sec + u1.ru_stime.tv_sec - u0.ru_utime.tv_sec - u0.ru_stime.tv_sec) +
        (double)(u1.ru_utime.tv_usec + u1.ru_stime.tv_usec - u0.ru_utime.tv_usec - u0.ru_stime.tv_usec) / 1e6;
    uint64_t up = total_up(ts);
    if (g.probe) { /* every connection that still works answers a ping */
        uint64_t pongs = 0;
        g.phase = PROBING;
        for (int i = 0; i < 500 && pongs < up; i++) {
            usleep(20000);
            pongs = 0;
            for (size_t k = 0; k < g.threads; k++) pongs += ts[k].pongs;
        }
        up = pongs < up ? pongs : up;
    }
    g.phase = DONE;
    struct thread *a = &ts[0]; /* thread 0 becomes the sum */
    pthread_join(a->id, NULL);
    for (size_t i = 1; i < g.threads; i++) {
        struct thread *t = &ts[i];
        pthread_join(t->id, NULL);
        a->ops = a->ops + t->ops; a->bytes += t->bytes; a->events += t->events; a->pings += t->pings; a->resumed += t->resumed;
        for (int e = 0; e < ERRORS; e++) a->errors[e] += t->errors[e];
        a->h.count += t->h.count;
        if (t->h.max > a->h.max) a->h.max = t->h.max;
        for (size_t b = 0; b < sizeof a->h.bucket / sizeof *a->h.bucket; b++) a->h.bucket[b] += t->h.bucket[b];
    }
    uint64_t errors = 0;
    for (int e = 0; e < ERRORS; e++) errors += a->errors[e];
    double s = g.seconds, C = (double)(up ? up : 1);
    struct { const char *name; double v; } out[] = {
        { "connections", g.conns }, { "threads", g.threads }, { "depth", g.depth }, { "size", g.size }, { "offered_per_s", g.rate },
        { "seconds", s }, { "ops", a->ops }, { "ops_per_s", a->ops / s }, { "mb_per_s", a->bytes / s / 1e6 },
        { "p50_us", hist_us(&a->h, .5) }, { "p90_us", hist_us(&a->h, .9) }, { "p99_us", hist_us(&a->h, .99) },
        { "max_us", a->h.max / 1e3 }, { "up", up }, { "open_s", open_s }, { "events", a->events }, { "pings", a->pings },
        { "resumed", a->resumed }, { "client_cpu", client_cpu / s }, { "server_cpu", cpu / s },
        { "server_us_per_op", a->ops ? cpu * 1e6 / a->ops : 0 }, { "rss_before_kib", m0.rss }, { "rss_after_kib", m2.rss },
        { "pss_before_kib", m0.pss }, { "pss_after_kib", m2.pss }, { "rss_kib_per_conn", (m2.rss - m0.rss) / C },
        { "pss_kib_per_conn", (m2.pss - m0.pss) / C }, { "slab_kib_per_conn", (m2.slab - m0.slab) / C },
        { "tcp_kib", m2.tcp }, { "errors", errors } };
    printf(g.json ? "{\"mode\": \"%s\", \"url\": \"%s\", \"cipher\": \"%s\"" : "%s %s %s\n", mode_names[g.mode], g.url, a->cipher);
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        printf(g.json ? ", \"%s\": %.12g" : "%18s %.12g\n", out[i].name, out[i].v);
    for (int e = 0; e < ERRORS; e++)
        if (a->errors[e]) printf(g.json ? ", \"error_%s\": %llu" : "   error %s %llu\n", error_names[e], (unsigned long long)a->errors[e]);
    if (g.json) puts("}");
    bool bad = errors || (g.mode == IDLE ? up < g.conns : !a->ops);
    return bad && !g.allow_errors;
}
