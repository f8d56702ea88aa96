// A cipher that authenticates what it encrypts (RFC 5116), under one key: AES-GCM by Intel's library for IPsec where the
// addon has it and the processor can (ipsec_mb.h), everything else by OpenSSL.
#pragma once
#include <cstdint>
#include <memory>

#include "bytes.h"
#include "direction.h"
#include "suite.h"

namespace adit {

// Not for use by two threads at a time. `nonce` is the salt and the IV, as long as the cipher wants it.
class Aead {
 public:
  Aead() = default;
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;
  virtual ~Aead() = default;  // overwrites the key

  // Seals to `out`, the tag behind: there is room for both, and nothing of `clear`. False: OpenSSL refused.
  virtual bool seal(const std::uint8_t* nonce, ConstOctets additional, ConstOctets clear, std::uint8_t* out) = 0;

  // Opens what has its tag right behind it to `out`, which lies apart. False: the tag is wrong, and what stands in `out`
  // is nobody's.
  virtual bool open(const std::uint8_t* nonce, ConstOctets additional, ConstOctets sealed, std::uint8_t* out) = 0;
};

// `key` without salt, of a length that fits the row. Throws StateError where OpenSSL does not offer the cipher.
std::unique_ptr<Aead> makeAead(const EncryptionRow& row, ConstOctets key, Direction direction);

}  // namespace adit
