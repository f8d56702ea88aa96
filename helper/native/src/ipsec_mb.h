// AES by Intel's Multi-Buffer Crypto for IPsec (github.com/intel/intel-ipsec-mb), which is linked into the addon where the
// machine that built it had the library: docs/performance.md, "Whose AES".
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "aead.h"
#include "bytes.h"
#include "direction.h"

namespace adit {

// The addon has the library, it passed its own tests, and the processor has AES instructions.
bool hasIpsecMb();

// AES-GCM, a packet in one call and with no state but the key. `key` of 16, 24 or 32 octets. nullptr without the library.
std::unique_ptr<Aead> ipsecMbGcm(ConstOctets key, std::size_t tagBytes, Direction direction);

// AES-CBC for many packets at a time: the blocks of one have to wait for each other, those of several do not.
class ManyCbc {
 public:
  static constexpr std::size_t kMost = 64;

  struct Piece {
    const std::uint8_t* iv;
    Octets data;  // whole blocks
  };

  ManyCbc() = default;
  ManyCbc(const ManyCbc&) = delete;
  ManyCbc& operator=(const ManyCbc&) = delete;
  virtual ~ManyCbc() = default;  // overwrites the key

  // Encrypts up to kMost pieces where they lie. False: the library refused, and some may be clear.
  virtual bool encrypt(std::span<const Piece> pieces) = 0;
};

// `key` of 16, 24 or 32 octets. nullptr without the library.
std::unique_ptr<ManyCbc> ipsecMbCbc(ConstOctets key);

}  // namespace adit
