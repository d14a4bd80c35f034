#ifndef SALLYPORT_CRYPTO_ORACLE_H
#define SALLYPORT_CRYPTO_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The same algorithms by Crypto++, which shares no code with OpenSSL. Linked into tests only.
 * Digests and keys are written to buffers of the size in brackets.
 */

void oracle_sha256(const uint8_t *message, size_t length, uint8_t digest[32]);
void oracle_sha1(const uint8_t *message, size_t length, uint8_t digest[20]);

/* HKDF-SHA-256, both steps (RFC 5869). False when Crypto++ refuses the length. */
bool oracle_hkdf_sha256(const uint8_t *ikm, size_t ikm_length, const uint8_t *salt, size_t salt_length,
                        const uint8_t *info, size_t info_length, uint8_t *okm, size_t okm_length);

void oracle_ed25519_public_key(const uint8_t seed[32], uint8_t public_key[32]);
void oracle_ed25519_sign(const uint8_t seed[32], const uint8_t *message, size_t length, uint8_t signature[64]);
bool oracle_ed25519_verify(const uint8_t public_key[32], const uint8_t *message, size_t length,
                           const uint8_t signature[64]);

#ifdef __cplusplus
}
#endif

#endif
