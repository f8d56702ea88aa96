#include "unreachable.h"

#include <linux/icmp.h>
#include <netinet/icmp6.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "raw_esp.h"

namespace adit {
namespace {

constexpr std::size_t kIcmpHeaderBytes = 8;
constexpr std::size_t kIpv6HeaderBytes = 40;
constexpr std::uint8_t kUnreachable4 = 3, kFragmentationNeeded = 4;
constexpr std::uint8_t kUnreachable6 = 1;
constexpr std::uint8_t kUdpProtocol = 17, kEspProtocol = 50;
constexpr int kReceiveBytes = 16 * 1024;

// The header and the first octets of what follows it, as a router quotes them.
struct Quoted {
  std::uint8_t protocol;
  ConstOctets destination;
  ConstOctets upper;
};

std::optional<Quoted> quoted4(ConstOctets packet) {
  if (packet.size() < 20 || packet[0] >> 4 != 4) return std::nullopt;
  const std::size_t header = (packet[0] & 15) * std::size_t{4};
  if (header < 20 || header > packet.size()) return std::nullopt;
  return Quoted{packet[9], packet.subspan(16, 4), packet.subspan(header)};
}

std::optional<Quoted> quoted6(ConstOctets packet) {
  if (packet.size() < kIpv6HeaderBytes || packet[0] >> 4 != 6) return std::nullopt;
  return Quoted{packet[6], packet.subspan(24, 16), packet.subspan(kIpv6HeaderBytes)};
}

SocketAddress addressOf(ConstOctets octets) {
  SocketAddress address;
  if (octets.size() == 4) {
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    in.sin_family = AF_INET;
    std::memcpy(&in.sin_addr, octets.data(), octets.size());
    address.length = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(address.storage);
    in.sin6_family = AF_INET6;
    std::memcpy(&in.sin6_addr, octets.data(), octets.size());
    address.length = sizeof in;
  }
  return address;
}

// Only these messages, and few of them at once: a flood costs the thread as little as it can.
void narrowDown(const FileDescriptor& socket, int family) {
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  if (family == AF_INET) {
    const icmp_filter filter{~(1u << kUnreachable4)};
    ::setsockopt(socket.get(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
  } else {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(kUnreachable6, &filter);
    ::setsockopt(socket.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  }
}

}  // namespace

std::optional<SocketAddress> unreachableOf(int family, ConstOctets message, const std::vector<std::uint16_t>& ports) {
  if (message.size() < kIcmpHeaderBytes) return std::nullopt;
  const bool v4 = family == AF_INET;
  if (message[0] != (v4 ? kUnreachable4 : kUnreachable6)) return std::nullopt;
  if (v4 && message[1] == kFragmentationNeeded) return std::nullopt;  // path_mtu.h hears of that
  const ConstOctets packet = message.subspan(kIcmpHeaderBytes);
  const std::optional<Quoted> quoted = v4 ? quoted4(packet) : quoted6(packet);
  if (!quoted) return std::nullopt;
  const bool ours = quoted->protocol == kEspProtocol ||
                    (quoted->protocol == kUdpProtocol && quoted->upper.size() >= 2 &&
                     std::ranges::find(ports, load16(quoted->upper.data())) != ports.end());
  return ours ? std::optional(addressOf(quoted->destination)) : std::nullopt;
}

Unreachable::Unreachable(const std::vector<UdpSocket>& sockets) : sockets_(sockets) {
  for (const UdpSocket& socket : sockets) {
    if (socket.bare) continue;
    const auto known = [&](const Ear& ear) { return ear.family == socket.family; };
    if (std::ranges::any_of(ears_, known)) continue;
    const int protocol = socket.family == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
    FileDescriptor ear(::socket(socket.family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (ear.get() < 0) continue;
    narrowDown(ear, socket.family);
    ears_.push_back({std::move(ear), socket.family});
  }
}

std::optional<SocketAddress> Unreachable::take(const Ear& ear) const {
  std::array<std::uint8_t, 576> buffer;
  const ssize_t length = ::recv(ear.descriptor.get(), buffer.data(), buffer.size(), 0);
  if (length <= 0) return std::nullopt;
  const Octets packet = Octets(buffer).first(static_cast<std::size_t>(length));
  std::vector<std::uint16_t> ports;
  for (const UdpSocket& socket : sockets_) {
    if (!socket.bare) ports.push_back(socket.port);
  }
  return unreachableOf(ear.family, withoutIpHeader(ear.family, packet), ports);
}

}  // namespace adit
