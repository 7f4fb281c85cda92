#include "sluice_keccak.h"

#include <string.h>

// The lanes are filled by memory copies, so the machine must be little-endian.
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Keccak-256 here is written for little-endian machines"
#endif

enum { RATE = 136 };

static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define ROL(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

static void permute(uint64_t *a) {
    static const int rotation[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};
    static const int lane[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
    uint64_t c[5];
    for (int round = 0; round < 24; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 5; i++) c[i] = a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20];
#pragma clang loop unroll(full)
        for (int i = 0; i < 5; i++) {
            uint64_t t = c[(i + 4) % 5] ^ ROL(c[(i + 1) % 5], 1);
#pragma clang loop unroll(full)
            for (int j = 0; j < 25; j += 5) a[j + i] ^= t;
        }
        uint64_t carried = a[1];
#pragma clang loop unroll(full)
        for (int i = 0; i < 24; i++) {
            uint64_t next = a[lane[i]];
            a[lane[i]] = ROL(carried, rotation[i]);
            carried = next;
        }
#pragma clang loop unroll(full)
        for (int j = 0; j < 25; j += 5) {
#pragma clang loop unroll(full)
            for (int i = 0; i < 5; i++) c[i] = a[j + i];
#pragma clang loop unroll(full)
            for (int i = 0; i < 5; i++) a[j + i] = c[i] ^ (~c[(i + 1) % 5] & c[(i + 2) % 5]);
        }
        a[0] ^= round_constants[round];
    }
}

void sluice_keccak256_init(sluice_keccak256 *state) { memset(state, 0, sizeof *state); }

void sluice_keccak256_update(sluice_keccak256 *state, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint8_t *block = (uint8_t *)state->lanes;
    while (count > 0 && state->filled > 0) {
        block[state->filled++] ^= *next++;
        count--;
        if (state->filled == RATE) {
            permute(state->lanes);
            state->filled = 0;
        }
    }
    while (count >= RATE) {
        for (int i = 0; i < RATE / 8; i++) {
            uint64_t word;
            memcpy(&word, next + i * 8, 8);
            state->lanes[i] ^= word;
        }
        permute(state->lanes);
        next += RATE;
        count -= RATE;
    }
    while (count > 0) {
        block[state->filled++] ^= *next++;
        count--;
    }
}

void sluice_keccak256_final(sluice_keccak256 *state, uint8_t *digest) {
    uint8_t *block = (uint8_t *)state->lanes;
    block[state->filled] ^= 0x01;
    block[RATE - 1] ^= 0x80;
    permute(state->lanes);
    memcpy(digest, state->lanes, 32);
}
