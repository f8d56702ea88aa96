#include "suite.h"

namespace adit {
namespace {

using enum CipherKind;

constexpr EncryptionRow kEncryption[] = {
    // id, name, openssl, kind, fixed key, salt, IV, ICV, block
    {3, "ENCR_3DES", "DES-EDE3-CBC", cbc, 24, 0, 8, 0, 8},                              // RFC 2451
    {11, "ENCR_NULL", nullptr, null, 0, 0, 0, 0, 1},                                    // RFC 2410
    {12, "ENCR_AES_CBC", "AES-%zu-CBC", cbc, 0, 0, 16, 0, 16},                          // RFC 3602
    {13, "ENCR_AES_CTR", "AES-%zu-CTR", ctr, 0, 4, 8, 0, 1},                            // RFC 3686
    {14, "ENCR_AES_CCM_8", "AES-%zu-CCM", ccm, 0, 3, 8, 8, 1},                          // RFC 4309
    {15, "ENCR_AES_CCM_12", "AES-%zu-CCM", ccm, 0, 3, 8, 12, 1},
    {16, "ENCR_AES_CCM_16", "AES-%zu-CCM", ccm, 0, 3, 8, 16, 1},
    {18, "ENCR_AES_GCM_8", "AES-%zu-GCM", gcm, 0, 4, 8, 8, 1},                          // RFC 4106
    {19, "ENCR_AES_GCM_12", "AES-%zu-GCM", gcm, 0, 4, 8, 12, 1},
    {20, "ENCR_AES_GCM_16", "AES-%zu-GCM", gcm, 0, 4, 8, 16, 1},
    {28, "ENCR_CHACHA20_POLY1305", "ChaCha20-Poly1305", chacha, 32, 4, 8, 16, 1},       // RFC 7634
};

constexpr IntegrityRow kIntegrity[] = {
    // AUTH_AES_XCBC_96 (5) is missing on purpose: OpenSSL has no XCBC, and no crypto is written here.
    {1, "AUTH_HMAC_MD5_96", "HMAC", "digest", "MD5", 16, 12},                           // RFC 2403
    {2, "AUTH_HMAC_SHA1_96", "HMAC", "digest", "SHA1", 20, 12},                         // RFC 2404
    {8, "AUTH_AES_CMAC_96", "CMAC", "cipher", "AES-128-CBC", 16, 12},                   // RFC 4494
    {12, "AUTH_HMAC_SHA2_256_128", "HMAC", "digest", "SHA2-256", 32, 16},               // RFC 4868
    {13, "AUTH_HMAC_SHA2_384_192", "HMAC", "digest", "SHA2-384", 48, 24},
    {14, "AUTH_HMAC_SHA2_512_256", "HMAC", "digest", "SHA2-512", 64, 32},
};

template <class Row, std::size_t count>
const Row* find(const Row (&rows)[count], std::uint32_t id) {
  for (const Row& row : rows) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

}  // namespace

const EncryptionRow* findEncryption(std::uint32_t id) { return find(kEncryption, id); }
const IntegrityRow* findIntegrity(std::uint32_t id) { return find(kIntegrity, id); }

}  // namespace adit
