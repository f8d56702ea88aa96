// A cipher of OpenSSL under a key.
#pragma once
#include <openssl/evp.h>

#include <memory>

#include "bytes.h"
#include "direction.h"
#include "suite.h"

namespace adit {

struct CipherContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree>;  // overwrites the key as it is freed

// `key` without salt, of a length that fits the row, which is not that of ENCR_NULL. Throws StateError where OpenSSL does
// not offer the cipher.
CipherContext openCipher(const EncryptionRow& row, ConstOctets key, Direction direction);

// OpenSSL counts in ints; nothing here is longer than a datagram.
inline int toInt(std::size_t length) { return static_cast<int>(length); }

}  // namespace adit
