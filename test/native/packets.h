// Packets for fuzz.cc: frames as a TUN gives them and packets as they come out of ESP, first well-formed, then spoiled
// where parsers look: every length field, header chains, fragments, the fields of the virtio header.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "pair.h"
#include "vnet.h"

namespace adit::test {

using Bytes = std::vector<std::uint8_t>;

struct Frame {
  VnetHeader header{};
  Bytes packet;
};

// Around every bound that a parser may get wrong.
inline std::uint16_t oddNumber(Random& random, std::size_t size) {
  const std::size_t odd[] = {0,  1,  2,  7,        8,    19,       20,     28,     39,    40,
                             41, 48, 60, size - 1, size, size + 1, 0x7fff, 0xffff, random.below(65536)};
  return static_cast<std::uint16_t>(random.pick(odd));
}

inline std::size_t randomSize(Random& random) {
  const std::size_t dice = random.below(1000);
  if (dice < 800) return random.below(100);
  return dice < 990 ? random.below(1500) : random.below(65400);
}

inline Bytes ipv4(Random& random, std::uint8_t protocol, const Bytes& upper) {
  const std::size_t options = random.chance(15) ? 4 * random.below(11) : 0;
  Bytes packet(20 + options);
  random.fill(Octets(packet));
  packet[0] = static_cast<std::uint8_t>(0x45 + options / 4);
  store16(&packet[2], static_cast<std::uint16_t>(packet.size() + upper.size()));
  store16(&packet[6], random.chance(90) ? 0x4000 : static_cast<std::uint16_t>(random.next()));
  packet[9] = protocol;
  packet.insert(packet.end(), upper.begin(), upper.end());
  return packet;
}

// With up to ten extension headers; `upperAt` is where the last one ends.
inline Bytes ipv6(Random& random, std::uint8_t protocol, const Bytes& upper, std::size_t& upperAt) {
  static constexpr std::uint8_t kKinds[] = {0, 43, 44, 51, 60, 60};
  Bytes packet(40);
  random.fill(Octets(packet));
  packet[0] = static_cast<std::uint8_t>(0x60 | (packet[0] & 15));
  std::size_t link = 6;
  for (std::size_t left = random.chance(30) ? random.below(11) : 0; left > 0; left--) {
    const std::uint8_t kind = random.pick(kKinds);
    const std::size_t words = kind == 44 ? 1 : 1 + random.below(3);
    packet[link] = kind;
    link = packet.size();
    packet.resize(link + 8 * words);
    random.fill(Octets(packet).subspan(link));
    packet[link + 1] = static_cast<std::uint8_t>(kind == 51 ? 2 * words - 2 : words - 1);
    if (kind == 44 && random.chance(80)) store16(&packet[link + 2], static_cast<std::uint16_t>(random.below(2)));
  }
  packet[link] = protocol;
  upperAt = packet.size();
  packet.insert(packet.end(), upper.begin(), upper.end());
  store16(&packet[4], static_cast<std::uint16_t>(packet.size() - 40));
  return packet;
}

// A frame whose parts agree. Half of those with a payload are super-packets.
inline Frame goodFrame(Random& random) {
  static constexpr std::uint8_t kProtocols[] = {kTcp, kTcp, kTcp, kUdp, kUdp, 1, 58, 50, 132};
  const std::uint8_t protocol = random.pick(kProtocols);
  const bool tcp = protocol == kTcp;
  const std::size_t options = tcp ? 4 * random.below(11) : 0;
  const std::size_t upperBytes = tcp ? kTcpHeaderBytes + options : kUdpHeaderBytes;
  Bytes upper(upperBytes + randomSize(random));
  random.fill(Octets(upper).first(std::min<std::size_t>(upper.size(), 200)));
  if (tcp) upper[kTcpDataOffset] = static_cast<std::uint8_t>(upperBytes / 4 << 4);
  if (protocol == kUdp) store16(&upper[kUdpLength], static_cast<std::uint16_t>(upper.size()));
  Frame frame;
  const bool v6 = random.chance(50);
  std::size_t upperAt = 0;
  frame.packet = v6 ? ipv6(random, protocol, upper, upperAt) : ipv4(random, protocol, upper);
  if (!v6) upperAt = frame.packet.size() - upper.size();
  if ((!tcp && protocol != kUdp) || random.chance(30)) return frame;
  frame.header.flags = kVnetNeedsChecksum;
  frame.header.headerBytes = static_cast<std::uint16_t>(upperAt + upperBytes);
  frame.header.checksumStart = static_cast<std::uint16_t>(upperAt);
  frame.header.checksumOffset = static_cast<std::uint16_t>(tcp ? kTcpChecksum : kUdpChecksum);
  if (random.chance(50)) {
    frame.header.gsoType = !tcp ? kGsoUdp : v6 ? kGsoTcp6 : kGsoTcp4;
    // Tiny segments of giants would cost seconds and show nothing more.
    const std::size_t least = upper.size() / 200 + 1;
    frame.header.gsoSize = static_cast<std::uint16_t>(least + random.below(random.chance(60) ? upper.size() / 4 + 1 : 1400));
  }
  return frame;
}

inline void spoilPacket(Random& random, Bytes& packet) {
  const std::size_t size = packet.size();
  const auto at = [&](std::size_t offset, std::uint16_t value) {
    if (offset + 2 <= packet.size()) store16(&packet[offset], value);
  };
  switch (random.below(8)) {
    case 0:
      packet.resize(1 + random.below(size));
      break;
    case 1:
      packet.resize(std::min<std::size_t>(size + random.below(300), 65535));
      break;
    case 2:
      at(2, oddNumber(random, size));  // IPv4: total length
      break;
    case 3:
      at(4, oddNumber(random, size));  // IPv6: payload length
      break;
    case 4:
      packet[0] = random.octet();
      break;
    case 5:
      packet[random.below(std::min<std::size_t>(size, 100))] = random.octet();
      break;
    case 6:
      packet[random.below(size)] ^= static_cast<std::uint8_t>(1 << random.below(8));
      break;
    default:
      at(2 * random.below(60), oddNumber(random, size));
      break;
  }
}

inline void spoilHeader(Random& random, VnetHeader& header, std::size_t size) {
  switch (random.below(6)) {
    case 0:
      header.flags = random.octet();
      break;
    case 1:
      header.gsoType = random.chance(70) ? random.pick("\0\1\3\4\5\x81\x84\x85") : random.octet();
      break;
    case 2:
      header.headerBytes = oddNumber(random, size);
      break;
    case 3:
      header.gsoSize = oddNumber(random, size);
      break;
    case 4:
      header.checksumStart = oddNumber(random, size);
      break;
    default:
      header.checksumOffset = oddNumber(random, size);
      break;
  }
}

inline Frame anyFrame(Random& random) {
  Frame frame = goodFrame(random);
  for (std::size_t left = random.chance(70) ? 1 + random.below(3) : 0; left > 0; left--) {
    if (random.chance(50)) {
      spoilPacket(random, frame.packet);
    } else {
      spoilHeader(random, frame.header, frame.packet.size());
    }
  }
  return frame;
}

}  // namespace adit::test
