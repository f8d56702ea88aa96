#include "retransmissions.h"

#include "vnet.h"

namespace adit {
namespace {

constexpr std::uint32_t kTimes = 3, kTimesAfterSilence = 2;
// TCP repeats a segment 0.2, 0.6 and 1.4 s after it was sent. An outage of half a second takes the first two of these four,
// and words may come before it and after it.
constexpr std::uint64_t kSpanMs = 1000;
// The first repetition may be one of a single loss. Where the segment travelled in a super-packet before that, the second
// is seen 0.4 s after the first.
constexpr std::uint64_t kSilenceMs = 300;

// FNV-1a over addresses and ports. Two flows with one value hide each other's signs, which costs time only.
std::uint32_t flowOf(ConstOctets packet, std::size_t tcpAt) {
  std::uint32_t hash = 0x811c9dc5;
  const auto mix = [&](ConstOctets octets) {
    for (const std::uint8_t octet : octets) hash = (hash ^ octet) * 0x01000193;
  };
  mix(packet[0] >> 4 == 6 ? packet.subspan(8, 32) : packet.subspan(12, 8));
  mix(packet.subspan(tcpAt, 4));
  return hash;
}

}  // namespace

Retransmissions::Sign Retransmissions::again(ConstOctets packet, std::size_t tcpAt, const Way& way,
                                             std::uint64_t nowMs) {
  const std::uint32_t flow = flowOf(packet, tcpAt);
  const std::uint32_t sequence = load32(&packet[tcpAt + kTcpSequence]);
  Seen& seen = seen_[(flow ^ flow >> 16) % seen_.size()];
  const bool known = (seen.sightings > 0 || seen.silent) && seen.flow == flow && seen.sequence == sequence &&
                     seen.spiOut == way.spiOut && seen.mtu == way.mtu;
  if (!known) {
    seen = {flow, sequence, way.spiOut, 1, false, way.mtu, way.words, nowMs};
    return Sign::none;
  }
  const bool heard = seen.words != way.words;
  seen.words = way.words;
  if (!heard) {
    seen.sightings = 0;
    seen.silent = true;
    return nowMs - seen.firstMs < kSilenceMs ? Sign::none : Sign::unanswered;
  }
  if (seen.sightings == 0) seen.firstMs = nowMs;
  seen.sightings += 1;
  const bool enough = seen.sightings >= (seen.silent ? kTimesAfterSilence : kTimes);
  if (!enough || nowMs - seen.firstMs < kSpanMs) return seen.silent ? Sign::unanswered : Sign::none;
  // It is sent again at once, smaller: that is new, and begins with a question where nothing came without one.
  seen.sightings = 0;
  seen.words -= 1;
  return Sign::vanished;
}

}  // namespace adit
