// One direction of an SA as a transformation of octets: RFC 4303 §2 and §3.3.2, §3.4.4. Knows keys, IVs, padding
// and the ICV; knows nothing of windows, selectors or limits. The twin of core/esp/packet.ts.
#pragma once
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "aead.h"
#include "bytes.h"
#include "direction.h"
#include "ipsec_mb.h"
#include "openssl_cipher.h"
#include "suite.h"

namespace adit {

struct MacContextFree {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

struct Suite {
  const EncryptionRow* encryption;
  const IntegrityRow* integrity;  // nullptr with an AEAD
  bool esn;
};

// Not for use by two threads at a time: an OpenSSL context holds the state of one packet.
class Transform {
 public:
  // `encryptionKey` is key | salt. Throws ArgumentError when a length does not fit the suite.
  Transform(const Suite& suite, Direction direction, ConstOctets encryptionKey, ConstOctets integrityKey);
  ~Transform();
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;

  // Overwrites the keys. Afterwards it only tells sizes.
  void wipe();

  // Octets in front of the payload: SPI, sequence number, IV.
  std::size_t headerBytes() const { return kEspHeaderBytes + suite_.encryption->ivBytes; }

  // Octets of the ESP packet that carries such a payload.
  std::size_t sealedBytes(std::size_t payloadBytes) const;

  // Seals the payload to `esp`, where there is room for sealedBytes() and nothing of the payload. The trailer may stand for that
  // long in the kTrailerRoom octets behind the payload, which get back what they held. What is returned may be the packet only
  // after finish(): AES-CBC and HMAC are faster with many at a time. `fixedIv` (ivBytes octets) replaces the random IV of CBC; tests only. Empty: OpenSSL refused.
  Octets seal(Octets payload, std::uint8_t nextHeader, std::uint32_t spi, std::uint64_t sequence, std::uint8_t* esp,
              const std::uint8_t* fixedIv);

  // Completes all that has been sealed since it was called last, where it lies. False: something was refused, and any of it may be
  // clear yet.
  bool finish();

  // The packets that open() is going to get next, up to kMostTogether of them. They stay where they are and as they are until
  // forget(), and so does `packets`: an HMAC is faster with many at a time. `sequences` are theirs.
  void expect(std::span<const ConstOctets> packets, std::span<const std::uint64_t> sequences);
  // They may be something else from now on.
  void forget();
  // Whether expect() is of any use.
  bool isFasterTogether() const { return expected_ != nullptr; }

  // Checks the ICV and decrypts to `out`, which has room for as many octets as the packet and lies apart from it. The
  // result is payload | padding | pad length | next header, two octets at least; nothing when the ICV is wrong or the
  // length impossible, and what stands in `out` then is nobody's.
  std::optional<Octets> open(ConstOctets esp, std::uint64_t sequence, std::uint8_t* out);

 private:
  struct Unfinished {
    std::uint8_t* esp;
    std::size_t clearBytes;
    std::uint64_t sequence;
  };

  std::size_t additionalData(const std::uint8_t* esp, std::uint64_t sequence, std::uint8_t* out) const;
  void nonce(const std::uint8_t* iv, std::uint8_t* out) const;
  void useTogether(ConstOctets encryptionKey, ConstOctets integrityKey);
  bool encryptTogether(std::span<const Unfinished> packets);
  bool authenticateTogether(std::span<const Unfinished> packets);
  // The ICV of a packet that was expected; nullptr where it was not.
  const std::uint8_t* expectedIcv(ConstOctets esp, std::uint64_t sequence);
  bool sealAead(ConstOctets clear, std::uint64_t sequence, std::uint8_t* esp);
  bool openAead(const std::uint8_t* esp, ConstOctets sealed, std::uint64_t sequence, std::uint8_t* out);
  bool crypt(const std::uint8_t* iv, ConstOctets data, std::uint8_t* out);
  bool randomIv(std::uint8_t* iv);
  bool mac(ConstOctets covered, std::uint64_t sequence, std::uint8_t* out);

  Suite suite_;
  Direction direction_;
  std::array<std::uint8_t, 4> salt_{};
  std::unique_ptr<Aead> aead_;
  CipherContext cipher_;  // one that does not authenticate
  std::unique_ptr<EVP_MAC_CTX, MacContextFree> mac_;
  std::unique_ptr<ManyHmac> hmacs_;  // where there is a library that is faster with many
  // What waits for its ICV, and with AES-CBC for being encrypted.
  struct Waiting {
    std::unique_ptr<ManyCbc> cipher;  // nullptr with any other
    std::array<Unfinished, kMostTogether> packets;
    std::size_t count = 0;
  };
  std::unique_ptr<Waiting> waiting_;
  // What expect() was given, and the first of it that open() has not had.
  struct Expected {
    std::span<const ConstOctets> packets;
    std::size_t next = 0;
    std::array<std::uint64_t, kMostTogether> sequences;
    std::array<std::array<std::uint8_t, kMaxIcvBytes>, kMostTogether> icvs;
    std::vector<std::uint8_t> copies;  // with ESN
  };
  std::unique_ptr<Expected> expected_;
  // IVs of CBC, fetched many at a time: a call of OpenSSL's generator costs as much as a small packet.
  std::array<std::uint8_t, 64 * kMaxIvBytes> random_{};
  std::size_t randomUsed_ = random_.size();
};

// Behind a payload, enough for every suite: padding below one block, pad length and next header.
constexpr std::size_t kTrailerRoom = 32;
static_assert(kTrailerRoom >= kMaxBlockBytes + 2);

}  // namespace adit
