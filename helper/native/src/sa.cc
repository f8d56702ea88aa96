#include "sa.h"

#include <algorithm>
#include <array>
#include <limits>

#include "failure.h"
#include "life_timer.h"

namespace adit {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// The payload without padding, pad length and next header; nothing where the padding is not 1, 2, 3 … (RFC 4303 §2.4).
std::optional<Octets> stripTrailer(Octets clear) {
  const std::size_t padding = clear[clear.size() - 2];
  if (padding + 2 > clear.size()) return std::nullopt;
  const Octets payload = clear.first(clear.size() - 2 - padding);
  for (std::size_t i = 0; i < padding; i++) {
    if (clear[payload.size() + i] != i + 1) return std::nullopt;
  }
  return payload;
}

}  // namespace

Sa::Sa(const SaSpec& spec)
    : spiIn_(spec.spiIn),
      spiOut_(spec.spiOut),
      ivBytes_(spec.suite.encryption->ivBytes),
      local_(spec.local),
      remote_(spec.remote),
      byteLimit_(spec.byteLimit.value_or(kUnlimited)),
      packetLimit_(spec.packetLimit.value_or(kUnlimited)),
      lastSequence_(spec.suite.esn ? kUnlimited : 0xffffffffu),
      endsAt_(spec.lifetimeMs ? monotonicMs() + *spec.lifetimeMs : kNever),
      sealing_(spec.suite, Direction::outbound, spec.keysOut.encryption, spec.keysOut.integrity),
      opening_(spec.suite, Direction::inbound, spec.keysIn.encryption, spec.keysIn.integrity),
      window_(spec.replayWindow, spec.suite.esn) {}

Expiry Sa::takeExpiry() {
  const Expiry reason = expiry_.load(std::memory_order_relaxed);
  if (reason == Expiry::none || expiryTaken_.exchange(true)) return Expiry::none;
  return reason;
}

void Sa::expire(Expiry reason) {
  Expiry none = Expiry::none;
  expiry_.compare_exchange_strong(none, reason);
}

void Sa::wipe() {
  sealing_.wipe();
  opening_.wipe();
  wiped_ = true;
}

bool Sa::withinLimits(const Counter& packets, const Counter& bytes, std::size_t more) {
  if (get(packets) >= packetLimit_) {
    expire(Expiry::packets);
  } else if (more > byteLimit_ || get(bytes) > byteLimit_ - more) {
    expire(Expiry::bytes);
  }
  return !expired();
}

std::size_t Sa::largestInner(std::size_t espBytes) const {
  const std::size_t least = sealedBytes(0);
  if (espBytes <= least) return 0;
  std::size_t inner = espBytes - least;
  while (sealedBytes(inner + 1) <= espBytes) inner++;  // what padding leaves: less than a block
  // One octet short of a whole block there is room for the block before only.
  return sealedBytes(inner) <= espBytes ? inner : inner - 1;
}

Octets Sa::outbound(Octets packet, std::uint8_t nextHeader, std::uint8_t* esp, const std::uint8_t* fixedIv) {
  const std::uint64_t last = get(sent_);
  if (last >= lastSequence_) expire(Expiry::sequence);
  if (!withinLimits(packetsOut_, bytesOut_, packet.size())) return {};
  sent_.store(last + 1, std::memory_order_relaxed);  // before sealing: a number is never used twice, whatever fails
  const Octets sealed = sealing_.seal(packet, nextHeader, spiOut_, last + 1, esp, fixedIv);
  if (sealed.empty()) return {};
  add(packetsOut_, 1);
  add(bytesOut_, packet.size());
  return sealed;
}

void Sa::expect(std::span<const ConstOctets> packets) {
  if (!opening_.isFasterTogether() || expired()) return;
  std::array<std::uint64_t, kMostTogether> sequences;
  std::ranges::transform(packets, sequences.begin(), [this](ConstOctets esp) {
    return window_.infer(load32(esp.data() + 4)).value_or(0);
  });
  opening_.expect(packets, {sequences.data(), packets.size()});
}

Inbound Sa::inbound(ConstOctets esp, std::uint8_t* out) {
  Inbound result{InboundVerdict::expired, {}};
  result.verdict = receive(esp, out, result.packet);
  switch (result.verdict) {
    case InboundVerdict::ok:
      add(packetsIn_, 1);
      add(bytesIn_, result.packet.size());
      break;
    case InboundVerdict::replay:
      add(replayDrops_, 1);
      break;
    case InboundVerdict::auth:
      add(authFailures_, 1);
      break;
    case InboundVerdict::selector:
      add(selectorDrops_, 1);
      break;
    case InboundVerdict::malformed:
      add(malformedDrops_, 1);
      break;
    case InboundVerdict::dummy:
      add(dummies_, 1);
      break;
    case InboundVerdict::expired:
      add(expiredDrops_, 1);
      break;
  }
  return result;
}

InboundVerdict Sa::receive(ConstOctets esp, std::uint8_t* out, Octets& packet) {
  if (expired()) return InboundVerdict::expired;
  const std::optional<std::uint64_t> sequence = window_.infer(load32(esp.data() + 4));
  if (!sequence || !window_.fresh(*sequence)) return InboundVerdict::replay;
  const std::optional<Octets> clear = opening_.open(esp, *sequence, out);
  if (!clear) return InboundVerdict::auth;
  if (!window_.accept(*sequence)) return InboundVerdict::replay;

  const std::uint8_t nextHeader = clear->back();
  const std::optional<Octets> payload = stripTrailer(*clear);
  if (!payload) return InboundVerdict::malformed;
  if (nextHeader == kNextHeaderNone) return InboundVerdict::dummy;
  const std::optional<Inner> inner = parseInner(*payload);
  if (!inner || inner->nextHeader != nextHeader) return InboundVerdict::malformed;
  if (!matches(*inner, remote_, local_)) return InboundVerdict::selector;
  if (!withinLimits(packetsIn_, bytesIn_, inner->length)) return InboundVerdict::expired;
  packet = payload->first(inner->length);
  return InboundVerdict::ok;
}

SaCounters Sa::counters() const {
  const std::uint64_t packetsOut = get(packetsOut_);
  const std::uint64_t sequenceLeft = lastSequence_ - get(sent_);
  const std::uint64_t limitLeft = packetLimit_ == kUnlimited ? kUnlimited : packetLimit_ - packetsOut;
  return {
      .bytesIn = get(bytesIn_),
      .bytesOut = get(bytesOut_),
      .packetsIn = get(packetsIn_),
      .packetsOut = packetsOut,
      .replayDrops = get(replayDrops_),
      .authFailures = get(authFailures_),
      .selectorDrops = get(selectorDrops_),
      .malformedDrops = get(malformedDrops_),
      .dummies = get(dummies_),
      .expiredDrops = get(expiredDrops_),
      .packetsLeft = expired() ? 0 : std::min(sequenceLeft, limitLeft),
  };
}

void Sa::startAfter(std::uint64_t sent, std::uint64_t received) {
  sent_.store(sent, std::memory_order_relaxed);
  window_.startAfter(received);
}

}  // namespace adit
