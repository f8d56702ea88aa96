// Traffic selectors: which packets an SA carries (RFC 7296 §2.9, RFC 4301 §4.4.1.1). The twin of matchesPacket in
// core/ike/traffic-selector.ts.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "inner.h"

namespace adit {

struct Selector {
  std::uint8_t protocol;  // 0: any
  std::uint16_t startPort;
  std::uint16_t endPort;
  std::size_t addressBytes;  // 4 or 16
  std::array<std::uint8_t, 16> start;
  std::array<std::uint8_t, 16> end;
};

// Whether one selector of each list takes its end of the packet.
bool matches(const Inner& packet, const std::vector<Selector>& source, const std::vector<Selector>& destination);

}  // namespace adit
