#include "ecn.h"

#include "checksum.h"

namespace adit {
namespace {

constexpr std::uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;
constexpr std::uint8_t kDrop = 0xff;
constexpr std::uint8_t kEcnBits = 3;

// RFC 6040 figure 4: [inner][outer] to the field of the packet that is delivered.
constexpr std::uint8_t kDelivered[4][4] = {
    /* Not-ECT */ {kNotEct, kNotEct, kNotEct, kDrop},
    /* ECT(1) */ {kEct1, kEct1, kEct1, kCe},
    /* ECT(0) */ {kEct0, kEct1, kEct0, kCe},
    /* CE */ {kCe, kCe, kCe, kCe},
};

void storeTrafficClass(Octets packet, std::uint8_t value) {
  if (packet[0] >> 4 == 6) {
    store16(&packet[0], static_cast<std::uint16_t>((load16(&packet[0]) & 0xf00f) | value << 4));
    return;
  }
  // The header checksum is updated, not computed afresh: a wrong one stays wrong (RFC 1624 §3, eqn. 3).
  const auto before = static_cast<std::uint32_t>(~load16(&packet[0]) & 0xffff);
  packet[1] = value;
  std::uint32_t sum = (~load16(&packet[10]) & 0xffffu) + before + load16(&packet[0]);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  store16(&packet[10], static_cast<std::uint16_t>(~sum));
}

}  // namespace

std::uint8_t trafficClassOf(ConstOctets packet) {
  return packet[0] >> 4 == 6 ? static_cast<std::uint8_t>(load16(&packet[0]) >> 4) : packet[1];
}

bool combineEcn(Octets packet, std::uint8_t outerTrafficClass) {
  const std::uint8_t inner = trafficClassOf(packet);
  const std::uint8_t delivered = kDelivered[inner & kEcnBits][outerTrafficClass & kEcnBits];
  if (delivered == kDrop) return false;
  if (delivered != (inner & kEcnBits)) {
    storeTrafficClass(packet, static_cast<std::uint8_t>((inner & ~kEcnBits) | delivered));
  }
  return true;
}

}  // namespace adit
