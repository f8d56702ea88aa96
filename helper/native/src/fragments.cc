#include "fragments.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"

namespace adit {
namespace {

constexpr std::uint16_t kMoreFragments = 0x2000;

}  // namespace

Octets Fragments::write(std::size_t index, std::uint8_t* to) const {
  const std::size_t start = index * unit_;
  const ConstOctets whole = packet_.subspan(kHeader);
  const ConstOctets payload = whole.subspan(start, std::min(unit_, whole.size() - start));
  const Octets fragment{to, kHeader + payload.size()};
  std::memcpy(to, packet_.data(), kHeader);
  std::memcpy(to + kHeader, payload.data(), payload.size());
  store16(to + 2, static_cast<std::uint16_t>(fragment.size()));
  auto place = static_cast<std::uint16_t>(load16(&packet_[6]) + start / 8);
  if (index + 1 < count()) place |= kMoreFragments;
  store16(to + 6, place);
  sealIpv4Header(to, kHeader);
  return fragment;
}

}  // namespace adit
