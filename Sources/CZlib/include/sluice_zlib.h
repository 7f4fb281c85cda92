#ifndef SLUICE_ZLIB_H
#define SLUICE_ZLIB_H

#include <stddef.h>

/// Room that `sluice_gzip` needs at most for `count` bytes.
size_t sluice_gzip_bound(size_t count);

/// Compresses into gzip's format. Returns the bytes written, 0 when they did not fit or memory ran out.
size_t sluice_gzip(const void *input, size_t count, void *output, size_t capacity);

#endif
