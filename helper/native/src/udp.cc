#include "udp.h"

#include <arpa/inet.h>

#include <cstring>

#include "failure.h"

namespace adit {
namespace {

constexpr std::uint16_t kIkePort = 500;
constexpr std::size_t kMarkerBytes = 4;
constexpr std::size_t kIkeHeaderBytes = 28;
constexpr std::size_t kEspPrefixBytes = 8;

// Some milliseconds of a fast link: a burst must not be lost while the thread decrypts the one before.
constexpr int kSocketBufferBytes = 4 << 20;

void setOption(int descriptor, int level, int name, int value, const char* what) {
  if (::setsockopt(descriptor, level, name, &value, sizeof value) != 0) throw SystemFailure("setsockopt", what);
}

// The forcing option needs CAP_NET_ADMIN; without it the system's own ceiling holds.
void setBuffer(int descriptor, int forcing, int plain) {
  const int size = kSocketBufferBytes;
  if (::setsockopt(descriptor, SOL_SOCKET, forcing, &size, sizeof size) != 0) {
    ::setsockopt(descriptor, SOL_SOCKET, plain, &size, sizeof size);
  }
}

}  // namespace

SocketAddress SocketAddress::parse(int family, const std::string& text, std::uint16_t port, const char* field) {
  SocketAddress result;
  void* address = nullptr;
  if (family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address = &v4.sin_addr;
    result.length = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address = &v6.sin6_addr;
    result.length = sizeof v6;
  }
  if (!text.empty() && ::inet_pton(family, text.c_str(), address) != 1) {
    throw ArgumentError(std::string(field) + ": '" + text + "' is not an IPv" + (family == AF_INET ? "4" : "6") +
                        " address, which the socket needs");
  }
  return result;
}

std::uint16_t SocketAddress::port() const {
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

std::string SocketAddress::text() const {
  char out[INET6_ADDRSTRLEN] = "";
  const void* address = storage.ss_family == AF_INET6
                            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr)
                            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(storage).sin_addr);
  ::inet_ntop(storage.ss_family, address, out, sizeof out);
  return out;
}

UdpSocket UdpSocket::open(const UdpSpec& spec) {
  const SocketAddress local = SocketAddress::parse(spec.family, spec.address, spec.port, "sockets.address");
  const std::string name = (spec.address.empty() ? "*" : spec.address) + " port " + std::to_string(spec.port);
  UdpSocket socket{FileDescriptor(::socket(spec.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), spec.family, 0};
  const int descriptor = socket.descriptor.get();
  if (descriptor < 0) throw SystemFailure("socket", spec.family == AF_INET ? "UDP over IPv4" : "UDP over IPv6");
  // The outer packet may be fragmented (no DF): a tunnel then survives a path narrower than the MTU it was given, and
  // no forged ICMP can shrink it. IPv6 never fragments on the way; the system fragments here by what it has learned.
  if (spec.family == AF_INET) {
    setOption(descriptor, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    setOption(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  } else {
    setOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
    setOption(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    setOption(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
  }
  if (spec.mark) setOption(descriptor, SOL_SOCKET, SO_MARK, static_cast<int>(*spec.mark), "SO_MARK");
  setBuffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF);
  setBuffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF);
  if (::bind(descriptor, local.get(), local.length) != 0) throw SystemFailure("bind", name);
  SocketAddress bound;
  bound.length = sizeof bound.storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length) != 0) {
    throw SystemFailure("getsockname", name);
  }
  socket.port = bound.port();
  return socket;
}

bool withoutMarker(std::uint16_t localPort, std::uint16_t remotePort) {
  return localPort == kIkePort || remotePort == kIkePort;
}

Classified classify(Octets datagram, std::uint16_t localPort, std::uint16_t remotePort) {
  if (datagram.size() == 1 && datagram[0] == 0xff) return {DatagramKind::keepalive, {}};
  const auto ike = [](Octets bytes) {
    return bytes.size() < kIkeHeaderBytes ? Classified{DatagramKind::runt, {}} : Classified{DatagramKind::ike, bytes};
  };
  if (withoutMarker(localPort, remotePort)) return ike(datagram);
  if (datagram.size() < kEspPrefixBytes) return {DatagramKind::runt, {}};
  if (load32(datagram.data()) == 0) return ike(datagram.subspan(kMarkerBytes));
  return {DatagramKind::esp, datagram};
}

DatagramBatch::DatagramBatch() : buffer_(kDatagrams * kDatagramBytes) {}

int DatagramBatch::receive(const UdpSocket& socket) {
  for (std::size_t i = 0; i < kDatagrams; i++) {
    vectors_[i] = {&buffer_[i * kDatagramBytes], kDatagramBytes};
    headers_[i].msg_hdr = {
        .msg_name = &remotes_[i],
        .msg_namelen = sizeof remotes_[i],
        .msg_iov = &vectors_[i],
        .msg_iovlen = 1,
        .msg_control = &controls_[i],
        .msg_controllen = sizeof controls_[i],
        .msg_flags = 0,
    };
  }
  const int count = ::recvmmsg(socket.descriptor.get(), headers_.data(), kDatagrams, MSG_DONTWAIT, nullptr);
  if (count >= 0) return count;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

Octets DatagramBatch::bytes(int index) {
  const auto at = static_cast<std::size_t>(index);
  return {&buffer_[at * kDatagramBytes], headers_[at].msg_len};
}

SocketAddress DatagramBatch::remote(int index) const {
  const auto at = static_cast<std::size_t>(index);
  return {remotes_[at], headers_[at].msg_hdr.msg_namelen};
}

SocketAddress DatagramBatch::local(int index, const UdpSocket& socket) const {
  SocketAddress result = SocketAddress::parse(socket.family, "", socket.port, "");
  // CMSG_NXTHDR takes a pointer to non-const; nothing is written through it.
  auto* header = const_cast<msghdr*>(&headers_[static_cast<std::size_t>(index)].msg_hdr);
  for (cmsghdr* message = CMSG_FIRSTHDR(header); message != nullptr; message = CMSG_NXTHDR(header, message)) {
    if (message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(message), sizeof info);
      reinterpret_cast<sockaddr_in&>(result.storage).sin_addr = info.ipi_addr;
    } else if (message->cmsg_level == IPPROTO_IPV6 && message->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(message), sizeof info);
      reinterpret_cast<sockaddr_in6&>(result.storage).sin6_addr = info.ipi6_addr;
    }
  }
  return result;
}

bool sendDatagram(const UdpSocket& socket, const SocketAddress& remote, ConstOctets head, ConstOctets body) {
  iovec parts[] = {
      {const_cast<std::uint8_t*>(head.data()), head.size()},
      {const_cast<std::uint8_t*>(body.data()), body.size()},
  };
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(remote.get());
  message.msg_namelen = remote.length;
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  for (;;) {
    if (::sendmsg(socket.descriptor.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

}  // namespace adit
