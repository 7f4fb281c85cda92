#ifndef SLUICE_KECCAK_H
#define SLUICE_KECCAK_H

#include <stddef.h>
#include <stdint.h>

/// Keccak-256 as Ethereum uses it: the padding byte is 0x01, where SHA-3 has 0x06.
typedef struct {
    uint64_t lanes[25];
    /// Bytes taken into the current block; below 136.
    size_t filled;
} sluice_keccak256;

void sluice_keccak256_init(sluice_keccak256 *state);
void sluice_keccak256_update(sluice_keccak256 *state, const void *bytes, size_t count);
/// Writes 32 bytes; the state is spent.
void sluice_keccak256_final(sluice_keccak256 *state, uint8_t *digest);

#endif
