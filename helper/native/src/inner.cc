#include "inner.h"

namespace adit {
namespace {

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kDccp = 33;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kSctp = 132;
constexpr std::uint8_t kUdpLite = 136;

// More extension headers than this have no honest use, and each costs time before any selector is looked at.
constexpr int kMaxExtensionHeaders = 8;

void readPorts(Inner& inner, ConstOctets upper) {
  switch (inner.protocol) {
    case kTcp:
    case kUdp:
    case kDccp:
    case kSctp:
    case kUdpLite:
      if (upper.size() < 4) return;
      inner.sourcePort = load16(upper.data());
      inner.destinationPort = load16(upper.data() + 2);
      inner.hasPorts = true;
      return;
    case kIcmp:
    case kIcmpv6:
      if (upper.size() < 2) return;
      inner.sourcePort = inner.destinationPort = load16(upper.data());
      inner.hasPorts = true;
      return;
    default:
      return;
  }
}

std::optional<Inner> parseIpv4(ConstOctets packet) {
  if (packet.size() < 20) return std::nullopt;
  const std::size_t headerBytes = (packet[0] & 15) * std::size_t{4};
  const std::size_t length = load16(&packet[2]);
  if (headerBytes < 20 || length < headerBytes || length > packet.size()) return std::nullopt;
  Inner inner{kNextHeaderIpv4, packet[9], false, 0, 0, packet.subspan(12, 4), packet.subspan(16, 4), length};
  const bool firstFragment = (load16(&packet[6]) & 0x1fff) == 0;
  if (firstFragment) readPorts(inner, packet.subspan(headerBytes, length - headerBytes));
  return inner;
}

std::optional<Inner> parseIpv6(ConstOctets packet) {
  if (packet.size() < 40) return std::nullopt;
  const std::size_t length = std::size_t{40} + load16(&packet[4]);
  if (length > packet.size()) return std::nullopt;
  Inner inner{kNextHeaderIpv6, packet[6], false, 0, 0, packet.subspan(8, 16), packet.subspan(24, 16), length};
  ConstOctets rest = packet.subspan(40, length - 40);
  for (int headers = 0;; headers++) {
    std::size_t headerBytes = 0;
    switch (inner.protocol) {
      case kHopByHop:
      case kRouting:
      case kDestinationOptions:
        if (rest.size() < 8) return std::nullopt;
        headerBytes = (rest[1] + std::size_t{1}) * 8;
        break;
      case kAuthentication:
        if (rest.size() < 8) return std::nullopt;
        headerBytes = (rest[1] + std::size_t{2}) * 4;
        break;
      case kFragment:
        if (rest.size() < 8) return std::nullopt;
        headerBytes = 8;
        if ((load16(&rest[2]) & 0xfff8) != 0) {  // what follows is the middle of something
          inner.protocol = rest[0];
          return inner;
        }
        break;
      default:
        readPorts(inner, rest);
        return inner;
    }
    if (headers == kMaxExtensionHeaders || headerBytes > rest.size()) return std::nullopt;
    inner.protocol = rest[0];
    rest = rest.subspan(headerBytes);
  }
}

}  // namespace

std::optional<Inner> parseInner(ConstOctets packet) {
  if (packet.empty()) return std::nullopt;
  switch (packet[0] >> 4) {
    case 4:
      return parseIpv4(packet);
    case 6:
      return parseIpv6(packet);
    default:
      return std::nullopt;
  }
}

}  // namespace adit
