#include "raw_esp.h"

#include <linux/filter.h>
#include <netinet/ip.h>

#include <utility>
#include <vector>

namespace adit {
namespace {

constexpr std::uint32_t kWhole = 0xffffffff;

sock_filter statement(int code, std::uint32_t k) { return {static_cast<std::uint16_t>(code), 0, 0, k}; }

// A load beyond the packet's end drops it (the kernel's rule for filters): runts need no test of their own.
std::vector<sock_filter> filterOf(int family, std::span<const std::uint32_t> spis) {
  std::vector<sock_filter> program;
  if (family == AF_INET) {
    program.push_back(statement(BPF_LDX | BPF_B | BPF_MSH, 0));  // octets of the IP header
    program.push_back(statement(BPF_LD | BPF_W | BPF_IND, 0));
  } else {
    program.push_back(statement(BPF_LD | BPF_W | BPF_ABS, 0));
  }
  for (const std::uint32_t spi : spis) {
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, spi});
    program.push_back(statement(BPF_RET | BPF_K, kWhole));
  }
  program.push_back(statement(BPF_RET | BPF_K, 0));
  return program;
}

}  // namespace

void passOnly(int descriptor, int family, std::span<const std::uint32_t> spis) {
  std::vector<sock_filter> program = filterOf(family, spis);
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  if (program.size() <= BPF_MAXINSNS &&
      ::setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0) {
    return;
  }
  const int unused = 0;
  ::setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

FileDescriptor hearTooBig(const UdpSpec& spec, const SocketAddress& remote) {
  if (spec.family != AF_INET6) return FileDescriptor();
  FileDescriptor socket(::socket(spec.family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ESP));
  if (socket.get() < 0) return FileDescriptor();
  passOnly(socket.get(), spec.family, {});
  if (spec.mark && ::setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &*spec.mark, sizeof *spec.mark) != 0) {
    return FileDescriptor();
  }
  return ::connect(socket.get(), remote.get(), remote.length) == 0 ? std::move(socket) : FileDescriptor();
}

Octets withoutIpHeader(int family, Octets packet) {
  if (family != AF_INET) return packet;
  if (packet.size() < sizeof(iphdr) || packet[0] >> 4 != 4) return {};
  const std::size_t header = (packet[0] & 15) * std::size_t{4};
  return header < sizeof(iphdr) || header > packet.size() ? Octets{} : packet.subspan(header);
}

}  // namespace adit
