// What the selectors need to know of an inner packet: RFC 791, RFC 8200, RFC 4301 §4.4.1.1. The twin of
// core/esp/inner.ts.
#pragma once
#include <cstdint>
#include <optional>

#include "bytes.h"

namespace adit {

constexpr std::uint8_t kNextHeaderIpv4 = 4;
constexpr std::uint8_t kNextHeaderIpv6 = 41;
constexpr std::uint8_t kNextHeaderNone = 59;

struct Inner {
  std::uint8_t nextHeader;  // 4 or 41: what ESP calls this packet
  std::uint8_t protocol;
  // Absent in later fragments, in protocols without ports and where the packet ends too early. ICMP: type and code.
  bool hasPorts;
  std::uint16_t sourcePort;
  std::uint16_t destinationPort;
  ConstOctets source;  // views on the packet
  ConstOctets destination;
  std::size_t length;  // by the packet's own header; what follows is traffic flow padding (RFC 4303 §2.7)
};

// Nothing when the octets are not one whole IPv4 or IPv6 packet.
std::optional<Inner> parseInner(ConstOctets packet);

}  // namespace adit
