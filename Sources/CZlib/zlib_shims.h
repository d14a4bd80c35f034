#ifndef SALLYPORT_ZLIB_SHIMS_H
#define SALLYPORT_ZLIB_SHIMS_H

#include <zlib.h>

// deflateInit2 and inflateInit2 are macros that Swift does not import. Both start a raw stream, without zlib's header
// and checksum, which zlib asks for by a negative number of bits.
static inline int sallyport_deflate_init_raw(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

static inline int sallyport_inflate_init_raw(z_stream *stream, int window_bits) {
    return inflateInit2(stream, -window_bits);
}

#endif
