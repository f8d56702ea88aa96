// The algorithms of ESP as rows: IANA's transform ID, what OpenSSL calls it, and the octet counts of its RFC.
// The twin of core/crypto/encryption.ts and integrity.ts.
#pragma once
#include <cstddef>
#include <cstdint>

namespace adit {

enum class CipherKind { gcm, ccm, chacha, cbc, ctr, null };

struct EncryptionRow {
  std::uint32_t id;
  const char* name;     // IANA's
  const char* openssl;  // `%zu` stands for the key length in bits
  CipherKind kind;
  std::size_t fixedKeyBytes;  // 0: 16, 24 or 32 as the key material says
  std::size_t saltBytes;
  std::size_t ivBytes;
  std::size_t icvBytes;
  std::size_t blockBytes;
};

struct IntegrityRow {
  std::uint32_t id;
  const char* name;
  const char* mac;        // EVP_MAC
  const char* parameter;  // name of the MAC's digest or cipher parameter
  const char* value;
  std::size_t keyBytes;
  std::size_t icvBytes;
};

// nullptr where the ID has no row.
const EncryptionRow* findEncryption(std::uint32_t id);
const IntegrityRow* findIntegrity(std::uint32_t id);

constexpr std::size_t kEspHeaderBytes = 8;
constexpr std::size_t kMaxIvBytes = 16;
constexpr std::size_t kMaxIcvBytes = 32;
constexpr std::size_t kMaxBlockBytes = 16;

}  // namespace adit
