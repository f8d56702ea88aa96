// Keys, selectors and suites for the programs of test/native: an SA and the one that faces it.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sa.h"

namespace adit::test {

// Octets that anybody can make again: xorshift64* of a seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {
    for (int i = 0; i < 4; i++) next();
  }
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d >> 16;
  }
  std::size_t below(std::size_t bound) { return next() % bound; }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::uint8_t octet() { return static_cast<std::uint8_t>(next()); }
  template <class Range>
  auto pick(const Range& range) {
    return range[below(std::size(range))];
  }
  void fill(Octets octets) {
    for (std::uint8_t& one : octets) one = octet();
  }

 private:
  std::uint64_t state_;
};

// IANA's transform IDs and the octets of key material, salt included. Every kind of cipher and MAC that there is.
struct SuiteRow {
  std::uint32_t encryption;
  std::size_t encryptionBytes;
  std::uint32_t integrity;  // 0: none
  std::size_t integrityBytes;
  bool esn;
};
constexpr std::uint32_t kNull = 11, kCbc = 12, kHmacSha256 = 12;
constexpr SuiteRow kSuites[] = {
    {20, 20, 0, 0, false},            // AES-GCM-16, 128 bits
    {28, 36, 0, 0, true},             // ChaCha20-Poly1305
    {kCbc, 32, kHmacSha256, 32, true},
    {13, 20, 2, 20, false},           // AES-CTR, HMAC-SHA1-96
    {16, 35, 0, 0, true},             // AES-CCM-16, 256 bits
    {kNull, 0, kHmacSha256, 32, false},
    {3, 24, 14, 64, false},           // 3DES, HMAC-SHA2-512-256
    {18, 36, 0, 0, false},            // AES-GCM-8
    {kCbc, 16, 8, 16, false},         // AES-CMAC-96
    {14, 19, 0, 0, false},            // AES-CCM-8
};

inline Suite suiteOf(const SuiteRow& row) {
  return {findEncryption(row.encryption), row.integrity == 0 ? nullptr : findIntegrity(row.integrity), row.esn};
}

inline std::vector<Selector> everything() {
  Selector v4{};
  v4.endPort = 0xffff;
  v4.addressBytes = 4;
  v4.end.fill(0xff);
  Selector v6 = v4;
  v6.addressBytes = 16;
  return {v4, v6};
}

struct Keys {
  std::array<std::uint8_t, 64> encryption, integrity;
  explicit Keys(std::uint64_t seed) {
    Random random(seed);
    random.fill(encryption);
    random.fill(integrity);
  }
  DirectionKeys of(const SuiteRow& row) const {
    return {ConstOctets(encryption).first(row.encryptionBytes), ConstOctets(integrity).first(row.integrityBytes)};
  }
};

struct Limits {
  std::optional<std::uint64_t> bytes, packets, lifetimeMs;
};

// One end; the other end has the SPIs and the seeds of the keys exchanged.
inline std::shared_ptr<Sa> makeSa(const SuiteRow& row, std::uint32_t spiIn, std::uint32_t spiOut,
                                  std::uint64_t seedIn, std::uint64_t seedOut, Limits limits = {},
                                  std::uint32_t window = 1024) {
  const Keys in(seedIn);
  const Keys out(seedOut);
  SaSpec spec{};
  spec.spiIn = spiIn;
  spec.spiOut = spiOut;
  spec.suite = suiteOf(row);
  spec.keysIn = in.of(row);
  spec.keysOut = out.of(row);
  spec.replayWindow = window;
  spec.local = everything();
  spec.remote = everything();
  spec.byteLimit = limits.bytes;
  spec.packetLimit = limits.packets;
  spec.lifetimeMs = limits.lifetimeMs;
  return std::make_shared<Sa>(spec);
}

}  // namespace adit::test
