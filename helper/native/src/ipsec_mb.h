// Intel's Multi-Buffer Crypto for IPsec (github.com/intel/intel-ipsec-mb), which is linked into the addon where the machine that
// built it had the library: docs/performance.md, "Whose AES".
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "aead.h"
#include "bytes.h"
#include "direction.h"
#include "suite.h"

struct IMB_MGR;

namespace adit {

// The addon has the library, it passed its own tests, and the processor has AES instructions.
bool hasIpsecMb();

// AES-GCM, a packet in one call and with no state but the key. `key` of 16, 24 or 32 octets. nullptr without the library.
std::unique_ptr<Aead> ipsecMbGcm(ConstOctets key, std::size_t tagBytes, Direction direction);

// What the library works with for many packets at a time: the blocks of one have to wait for each other, those of several do not.
// For one thread at a time. nullptr without the library.
using Together = std::shared_ptr<IMB_MGR>;
Together openTogether();

// So many packets at a time.
constexpr std::size_t kMostTogether = 64;

// AES-CBC for many packets.
class ManyCbc {
 public:
  struct Piece {
    const std::uint8_t* iv;
    Octets data;  // whole blocks
  };

  ManyCbc() = default;
  ManyCbc(const ManyCbc&) = delete;
  ManyCbc& operator=(const ManyCbc&) = delete;
  virtual ~ManyCbc() = default;  // overwrites the key

  // Encrypts up to kMostTogether pieces where they lie. False: the library refused, and some may be clear.
  virtual bool encrypt(std::span<const Piece> pieces) = 0;
};

// `key` of 16, 24 or 32 octets.
std::unique_ptr<ManyCbc> ipsecMbCbc(Together together, ConstOctets key);

// HMAC of many packets.
class ManyHmac {
 public:
  // With fewer the library is slower than OpenSSL: it computes eight or sixteen in the time of one.
  static constexpr std::size_t kWorth = 8;

  struct Piece {
    ConstOctets covered;
    std::uint8_t* icv;  // may lie in what is covered
  };

  ManyHmac() = default;
  ManyHmac(const ManyHmac&) = delete;
  ManyHmac& operator=(const ManyHmac&) = delete;
  virtual ~ManyHmac() = default;  // overwrites the key

  // Computes the ICVs of up to kMostTogether pieces. False: the library refused, and any may be wrong.
  virtual bool compute(std::span<const Piece> pieces) = 0;
};

// `key` as long as the row wants it. nullptr where the library has no such algorithm.
std::unique_ptr<ManyHmac> ipsecMbHmac(Together together, const IntegrityRow& row, ConstOctets key);

}  // namespace adit
