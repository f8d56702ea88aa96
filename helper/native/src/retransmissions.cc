#include "retransmissions.h"

#include "vnet.h"

namespace adit {
namespace {

constexpr std::uint32_t kTimes = 3;
constexpr std::uint64_t kSpanMs = 500;

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

bool Retransmissions::again(ConstOctets packet, std::size_t tcpAt, std::uint64_t nowMs) {
  const std::uint32_t flow = flowOf(packet, tcpAt);
  const std::uint32_t sequence = load32(&packet[tcpAt + kTcpSequence]);
  Seen& seen = seen_[(flow ^ flow >> 16) % seen_.size()];
  if (seen.times == 0 || seen.flow != flow || seen.sequence != sequence) {
    seen = {flow, sequence, 1, nowMs};
    return false;
  }
  seen.times += 1;
  if (seen.times < kTimes || nowMs - seen.firstMs < kSpanMs) return false;
  seen.times = 0;
  return true;
}

}  // namespace adit
