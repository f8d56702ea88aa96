// A Child SA as the packets see it: both directions with keys, window, selectors, limits and counters (RFC 4303 §3).
// The twin of core/esp/sa.ts. outbound() belongs to one thread and inbound() to one (possibly other) thread;
// counters() may be called by any.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "esp_crypto.h"
#include "inner.h"
#include "replay.h"
#include "selectors.h"
#include "tally.h"

namespace adit {

enum class Expiry : std::uint32_t { none, sequence, bytes, packets, time };

struct DirectionKeys {
  ConstOctets encryption;
  ConstOctets integrity;
};

// What JavaScript hands over. The keys are views that are valid during construction only.
struct SaSpec {
  std::uint32_t spiIn;
  std::uint32_t spiOut;
  Suite suite;
  DirectionKeys keysIn;
  DirectionKeys keysOut;
  std::uint32_t replayWindow;
  std::vector<Selector> local;
  std::vector<Selector> remote;
  std::optional<std::uint64_t> byteLimit;
  std::optional<std::uint64_t> packetLimit;
  std::optional<std::uint64_t> lifetimeMs;
};

struct SaCounters {
  std::uint64_t bytesIn, bytesOut, packetsIn, packetsOut;
  std::uint64_t replayDrops, authFailures, selectorDrops, malformedDrops, dummies, expiredDrops;
  std::uint64_t packetsLeft;
};

enum class InboundVerdict { ok, replay, auth, selector, malformed, dummy, expired };

struct Inbound {
  InboundVerdict verdict;
  Octets packet;  // the inner packet, where it was decrypted; only with ok
};

class Sa {
 public:
  explicit Sa(const SaSpec& spec);

  std::uint32_t spiIn() const { return spiIn_; }
  std::uint32_t spiOut() const { return spiOut_; }

  bool carries(const Inner& inner) const { return matches(inner, local_, remote_); }
  bool expired() const { return expiry_.load(std::memory_order_relaxed) != Expiry::none; }
  // The reason, once: to whoever asks first after the SA stopped.
  Expiry takeExpiry();
  // When it has lived its time, by monotonicMs(); kNever where it has no limit of time.
  std::uint64_t endsAt() const { return endsAt_; }
  // Any thread: stops both directions, unless something has stopped them already.
  void expire(Expiry reason);
  // Of an SA that has expired, and after every thread that could have missed that: counters stay, keys do not.
  void wipe();
  bool wiped() const { return wiped_; }

  // Octets of the ESP packet around such a packet.
  std::size_t sealedBytes(std::size_t packetBytes) const { return sealing_.sealedBytes(packetBytes); }
  // The largest packet whose ESP packet has so many octets at most.
  std::size_t largestInner(std::size_t espBytes) const;
  // Seals a packet to `esp` (see Transform::seal for the room on both sides), where it is complete after finish(). Empty: the SA
  // has expired, or OpenSSL refused.
  Octets outbound(Octets packet, std::uint8_t nextHeader, std::uint8_t* esp, const std::uint8_t* fixedIv = nullptr);
  // Before any of them leaves. False: none may, the library refused.
  bool finish() { return sealing_.finish(); }
  // What inbound() is going to get next, up to kMostTogether packets, which stay as they are until forget(): see Transform::expect.
  void expect(std::span<const ConstOctets> packets);
  void forget() { opening_.forget(); }
  // `esp` has kEspHeaderBytes at least and starts with spiIn. The packet is put to `out` (see Transform::open).
  Inbound inbound(ConstOctets esp, std::uint8_t* out);

  SaCounters counters() const;
  // Packets that were accepted.
  std::uint64_t packetsIn() const { return get(packetsIn_); }
  // Octets of the IV, for a caller that brings its own.
  std::size_t ivBytes() const { return ivBytes_; }
  // Continues after these sequence numbers: the last one sent, the highest one received. Tests only.
  void startAfter(std::uint64_t sent, std::uint64_t received);

 private:
  InboundVerdict receive(ConstOctets esp, std::uint8_t* out, Octets& packet);
  bool withinLimits(const Counter& packets, const Counter& bytes, std::size_t more);

  const std::uint32_t spiIn_;
  const std::uint32_t spiOut_;
  const std::size_t ivBytes_;
  const std::vector<Selector> local_;
  const std::vector<Selector> remote_;
  const std::uint64_t byteLimit_;
  const std::uint64_t packetLimit_;
  const std::uint64_t lastSequence_;
  const std::uint64_t endsAt_;
  std::atomic<Expiry> expiry_{Expiry::none};
  std::atomic<bool> expiryTaken_{false};
  bool wiped_ = false;  // under the lock of the SaTable

  alignas(64) Transform sealing_;
  Counter sent_{0};  // the last sequence number used
  Counter packetsOut_{0}, bytesOut_{0};

  alignas(64) Transform opening_;
  ReplayWindow window_;
  Counter packetsIn_{0}, bytesIn_{0};
  Counter replayDrops_{0}, authFailures_{0}, selectorDrops_{0}, malformedDrops_{0}, dummies_{0}, expiredDrops_{0};
};

}  // namespace adit
