#ifndef SLUICE_OPENSSL_H
#define SLUICE_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

// The few things this program takes from libcrypto. No OpenSSL type shows through.
// Every function answers 1 when it worked and 0 when it did not.

/// Writes the 32 bytes of HMAC-SHA256 to `code`.
int sluice_hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *message, size_t message_length, uint8_t *code);

/// Fills `bytes` from libcrypto's generator for secrets.
int sluice_random_bytes(uint8_t *bytes, size_t length);

/// Makes a P-256 key and a certificate for it that signs itself, with `host` as its one DNS name, both as PEM text with a
/// final zero. Free each with sluice_free_text().
int sluice_make_certificate(const char *host, int days, char **certificate_pem, char **key_pem);

void sluice_free_text(char *text);

#endif
