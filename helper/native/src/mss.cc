#include "mss.h"

#include <algorithm>

namespace adit {
namespace {

constexpr std::uint8_t kEndOfOptions = 0, kNoOperation = 1, kMaximumSegmentSize = 2;
constexpr std::uint8_t kMssOptionBytes = 4;

// RFC 1624 §3, eqn. 3. A value at an odd place lies across two words: its octets count the other way round.
void updateChecksum(std::uint8_t* checksum, std::uint16_t before, std::uint16_t after, bool odd) {
  const auto turned = [&](std::uint16_t value) {
    return odd ? static_cast<std::uint16_t>(value << 8 | value >> 8) : value;
  };
  std::uint32_t sum = (~load16(checksum) & 0xffffu) + (~turned(before) & 0xffffu) + turned(after);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  store16(checksum, static_cast<std::uint16_t>(~sum));
}

}  // namespace

void clampMss(Octets packet, std::size_t at, std::size_t innerMtu, bool checksumLater) {
  const std::size_t headers = (packet[0] >> 4 == 6 ? 40 : 20) + kTcpHeaderBytes;
  if (innerMtu <= headers || innerMtu - headers >= 0xffff) return;
  const auto most = static_cast<std::uint16_t>(innerMtu - headers);
  const Octets tcp = packet.subspan(at);
  const std::size_t end = std::min<std::size_t>((tcp[kTcpDataOffset] >> 4) * std::size_t{4}, tcp.size());
  for (std::size_t option = kTcpHeaderBytes; option < end && tcp[option] != kEndOfOptions;) {
    if (tcp[option] == kNoOperation) {
      option += 1;
      continue;
    }
    if (option + 2 > end || tcp[option + 1] < 2) return;
    if (tcp[option] == kMaximumSegmentSize) {
      if (tcp[option + 1] != kMssOptionBytes || option + kMssOptionBytes > end) return;
      const std::uint16_t before = load16(&tcp[option + 2]);
      if (before <= most) return;
      store16(&tcp[option + 2], most);
      if (!checksumLater) updateChecksum(&tcp[kTcpChecksum], before, most, option % 2 == 1);
      return;
    }
    option += tcp[option + 1];
  }
}

}  // namespace adit
