#include "too_big.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"

namespace adit {
namespace {

constexpr std::size_t kIpv4Bytes = 20, kIpv6Bytes = 40, kIcmpBytes = 8;
constexpr std::size_t kMostIpv4 = 576;
constexpr std::uint8_t kIcmp = 1, kIcmpv6 = 58;
constexpr std::uint8_t kHops = 64;
constexpr std::uint8_t kInternetworkControl = 0xc0;  // RFC 1812 §4.3.2.5

bool isIcmpError(std::uint8_t type) { return (type >= 3 && type <= 5) || type == 11 || type == 12; }

// A single host, by an IPv4 address: not 0/8, loopback, multicast or broadcast.
bool isHost4(const std::uint8_t* address) { return address[0] != 0 && address[0] != 127 && address[0] < 224; }

bool isHost6(const std::uint8_t* address) {
  return address[0] != 0xff && std::any_of(address, address + 16, [](std::uint8_t octet) { return octet != 0; });
}

bool mayTell4(ConstOctets packet) {
  const std::size_t headerBytes = (packet[0] & 15) * std::size_t{4};
  if (!isHost4(&packet[12]) || !isHost4(&packet[16]) || (load16(&packet[6]) & 0x1fff) != 0) return false;
  return packet[9] != kIcmp || (packet.size() > headerBytes && !isIcmpError(packet[headerBytes]));
}

bool mayTell6(ConstOctets packet) {
  if (!isHost6(&packet[8]) || !isHost6(&packet[24])) return false;
  return packet[6] != kIcmpv6 || (packet.size() > kIpv6Bytes && packet[kIpv6Bytes] >= 128);
}

Octets tell4(std::uint8_t* to, ConstOctets packet, std::size_t mtu) {
  const std::size_t quoted = std::min(packet.size(), kMostIpv4 - kIpv4Bytes - kIcmpBytes);
  const std::size_t length = kIpv4Bytes + kIcmpBytes + quoted;
  std::memset(to, 0, kIpv4Bytes + kIcmpBytes);
  to[0] = 0x45;
  to[1] = kInternetworkControl;
  store16(to + 2, static_cast<std::uint16_t>(length));
  to[8] = kHops;
  to[9] = kIcmp;
  std::memcpy(to + 12, &packet[16], 4);
  std::memcpy(to + 16, &packet[12], 4);
  sealIpv4Header(to, kIpv4Bytes);
  std::uint8_t* icmp = to + kIpv4Bytes;
  icmp[0] = 3;
  icmp[1] = 4;
  store16(icmp + 6, static_cast<std::uint16_t>(mtu));
  std::memcpy(icmp + kIcmpBytes, packet.data(), quoted);
  storeChecksum(icmp + 2, static_cast<std::uint16_t>(~fold(sumOf({icmp, kIcmpBytes + quoted}))));
  return {to, length};
}

Octets tell6(std::uint8_t* to, ConstOctets packet, std::size_t mtu) {
  const std::size_t quoted = std::min(packet.size(), kMaxTooBigBytes - kIpv6Bytes - kIcmpBytes);
  const std::size_t upperBytes = kIcmpBytes + quoted;
  std::memset(to, 0, kIpv6Bytes + kIcmpBytes);
  to[0] = 0x60;
  store16(to + 4, static_cast<std::uint16_t>(upperBytes));
  to[6] = kIcmpv6;
  to[7] = kHops;
  std::memcpy(to + 8, &packet[24], 16);
  std::memcpy(to + 24, &packet[8], 16);
  std::uint8_t* icmp = to + kIpv6Bytes;
  icmp[0] = 2;
  store32(icmp + 4, static_cast<std::uint32_t>(mtu));
  std::memcpy(icmp + kIcmpBytes, packet.data(), quoted);
  storeChecksum(icmp + 2,
                static_cast<std::uint16_t>(~fold(sumOf({icmp, upperBytes}, pseudoHeader(to, kIcmpv6, upperBytes)))));
  return {to, kIpv6Bytes + upperBytes};
}

}  // namespace

Octets writeTooBig(std::uint8_t* to, ConstOctets packet, std::size_t mtu) {
  if (packet[0] >> 4 == 6) return mayTell6(packet) ? tell6(to, packet, mtu) : Octets{};
  return mayTell4(packet) ? tell4(to, packet, mtu) : Octets{};
}

}  // namespace adit
