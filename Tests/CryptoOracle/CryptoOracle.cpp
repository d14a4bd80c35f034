#include "CryptoOracle.h"

// In debug builds Crypto++ would trap on an empty key, which RFC 5869 allows.
#undef DEBUG
#include <cryptopp/hkdf.h>
#include <cryptopp/sha.h>
#include <cryptopp/xed25519.h>

#include <cstring>

void oracle_sha256(const uint8_t *message, size_t length, uint8_t digest[32]) {
    CryptoPP::SHA256().CalculateDigest(digest, message, length);
}

void oracle_sha1(const uint8_t *message, size_t length, uint8_t digest[20]) {
    CryptoPP::SHA1().CalculateDigest(digest, message, length);
}

bool oracle_hkdf_sha256(const uint8_t *ikm, size_t ikm_length, const uint8_t *salt, size_t salt_length,
                        const uint8_t *info, size_t info_length, uint8_t *okm, size_t okm_length) {
    try {
        CryptoPP::HKDF<CryptoPP::SHA256>().DeriveKey(okm, okm_length, ikm, ikm_length,
                                                     salt_length == 0 ? nullptr : salt, salt_length, info, info_length);
        return true;
    } catch (const CryptoPP::Exception &) {
        return false;
    }
}

void oracle_ed25519_public_key(const uint8_t seed[32], uint8_t public_key[32]) {
    CryptoPP::ed25519::Signer signer(seed);
    CryptoPP::ed25519::Verifier verifier(signer);
    const auto &public_part = static_cast<const CryptoPP::ed25519PublicKey &>(verifier.GetKey());
    std::memcpy(public_key, public_part.GetPublicKeyBytePtr(), 32);
}

void oracle_ed25519_sign(const uint8_t seed[32], const uint8_t *message, size_t length, uint8_t signature[64]) {
    CryptoPP::ed25519::Signer signer(seed);
    signer.SignMessage(CryptoPP::NullRNG(), message, length, signature);
}

bool oracle_ed25519_verify(const uint8_t public_key[32], const uint8_t *message, size_t length,
                           const uint8_t signature[64]) {
    CryptoPP::ed25519::Verifier verifier(public_key);
    return verifier.VerifyMessage(message, length, signature, 64);
}
