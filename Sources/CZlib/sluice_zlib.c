#include "sluice_zlib.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

// 15 is the largest window, 16 more asks for gzip's header and trailer.
static const int window_bits = 15 + 16;
// A playlist is a few kilobytes of much the same lines: higher levels gain two percent and cost twice the time.
static const int level = 4;

size_t sluice_gzip_bound(size_t count) { return compressBound(count) + 18; }

size_t sluice_gzip(const void *input, size_t count, void *output, size_t capacity) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (count > UINT_MAX || capacity > UINT_MAX) return 0;
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)count;
    stream.next_out = output;
    stream.avail_out = (uInt)capacity;
    int result = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? written : 0;
}
