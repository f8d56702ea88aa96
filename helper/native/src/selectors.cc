#include "selectors.h"

#include <algorithm>
#include <cstring>

namespace adit {
namespace {

bool portMatches(const Selector& selector, bool hasPort, std::uint16_t port) {
  if (selector.startPort == 0 && selector.endPort == 0xffff) return true;
  // OPAQUE is written 65535..0 and means packets whose port cannot be seen (RFC 7296 §3.13.1).
  if (selector.startPort == 0xffff && selector.endPort == 0) return !hasPort;
  return hasPort && selector.startPort <= port && port <= selector.endPort;
}

// Both in network order.
bool notBelow(const std::uint8_t* address, const std::uint8_t* bound, std::size_t bytes) {
  return bytes == 4 ? load32(address) >= load32(bound) : std::memcmp(address, bound, bytes) >= 0;
}

bool takes(const Selector& selector, const Inner& packet, ConstOctets address, std::uint16_t port) {
  return selector.addressBytes == address.size() &&
         (selector.protocol == 0 || selector.protocol == packet.protocol) &&
         notBelow(address.data(), selector.start.data(), address.size()) &&
         notBelow(selector.end.data(), address.data(), address.size()) &&
         portMatches(selector, packet.hasPorts, port);
}

}  // namespace

bool matches(const Inner& packet, const std::vector<Selector>& source, const std::vector<Selector>& destination) {
  return std::ranges::any_of(source,
                             [&](const Selector& one) {
                               return takes(one, packet, packet.source, packet.sourcePort);
                             }) &&
         std::ranges::any_of(destination, [&](const Selector& one) {
           return takes(one, packet, packet.destination, packet.destinationPort);
         });
}

}  // namespace adit
