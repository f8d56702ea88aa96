#include "udp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

#include "failure.h"
#include "raw_esp.h"

namespace adit {
namespace {

constexpr std::uint16_t kIkePort = 500;
constexpr std::size_t kMarkerBytes = 4;
constexpr std::size_t kIkeHeaderBytes = 28;
constexpr std::size_t kNextPayload = 16;
constexpr std::uint8_t kEncrypted = 46, kEncryptedFragment = 53;
constexpr std::size_t kEspPrefixBytes = 8;

// Two milliseconds of a fast link: a burst must not be lost while the thread decrypts the one before. Twice as much
// carried no more, and is a longer queue for everybody; half as much lost packets on a machine with twice the work it could do.
constexpr int kSocketBufferBytes = 2 << 20;

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

// Whether the kernel knows an option of UDP, which then has the value.
bool hasOption(int descriptor, int name, int value) {
  return ::setsockopt(descriptor, SOL_UDP, name, &value, sizeof value) == 0;
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
  const std::string name = (spec.address.empty() ? "*" : spec.address) + (spec.bare ? " ESP" : " port " + std::to_string(spec.port));
  const int type = (spec.bare ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  UdpSocket socket{.descriptor = FileDescriptor(::socket(spec.family, type, spec.bare ? IPPROTO_ESP : IPPROTO_UDP)),
                   .family = spec.family,
                   .port = 0,
                   .bare = spec.bare,
                   .segments = false,
                   .gathers = false};
  const int descriptor = socket.descriptor.get();
  const std::string what = std::string(spec.bare ? "ESP" : "UDP") + (spec.family == AF_INET ? " over IPv4" : " over IPv6");
  if (descriptor < 0) throw SystemFailure("socket", what);
  if (spec.bare) passOnly(descriptor, spec.family, {});
  // What IKE sends may be fragmented (no DF). ESP decides run by run: dont_fragment.h.
  if (spec.family == AF_INET) {
    setOption(descriptor, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    setOption(descriptor, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
    setOption(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  } else {
    if (!spec.bare) setOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");  // a raw one is that already
    setOption(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    setOption(descriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
    setOption(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
  }
  if (spec.mark) setOption(descriptor, SOL_SOCKET, SO_MARK, static_cast<int>(*spec.mark), "SO_MARK");
  setBuffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF);
  setBuffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF);
  // Linux 4.18 and 5.0. Zero sets nothing: the size of the segments comes with each call.
  socket.segments = !spec.bare && hasOption(descriptor, UDP_SEGMENT, 0);
  socket.gathers = !spec.bare && hasOption(descriptor, UDP_GRO, 1);
  if (spec.shared) setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  if (::bind(descriptor, local.get(), local.length) != 0) throw SystemFailure("bind", name);
  if (spec.bare) return socket;
  SocketAddress bound;
  bound.length = sizeof bound.storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length) != 0) {
    throw SystemFailure("getsockname", name);
  }
  socket.port = bound.port();
  return socket;
}

void UdpSocket::become(UdpSocket other) {
  if (::dup3(other.descriptor.get(), descriptor.get(), O_CLOEXEC) < 0) throw SystemFailure("dup3", "UDP");
  port = other.port;
  fragmentsOf = other.fragmentsOf;
}

bool withoutMarker(std::uint16_t localPort, std::uint16_t remotePort) {
  return localPort == kIkePort || remotePort == kIkePort;
}

bool isProtected(ConstOctets ike) {
  return ike[kNextPayload] == kEncrypted || ike[kNextPayload] == kEncryptedFragment;
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

// Memory that no message ever reached costs nothing: it is not written here.
DatagramBatch::DatagramBatch() : buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kMessages * kStride)) {}

int DatagramBatch::receive(const UdpSocket& socket) {
  const std::size_t most = large_ ? kLargeMessages : kMessages;
  for (std::size_t i = 0; i < most; i++) {
    vectors_[i] = {at(i), kMessageBytes};
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
  const int count =
      ::recvmmsg(socket.descriptor.get(), headers_.data(), static_cast<unsigned>(most), MSG_DONTWAIT, nullptr);
  drained_ = count < static_cast<int>(most);
  if (count > 0) large_ = headers_[0].msg_len >= kMessageBytes / 4;
  if (count >= 0) return count;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

Arrival DatagramBatch::arrival(int index, const UdpSocket& socket) {
  const auto message = static_cast<std::size_t>(index);
  msghdr& header = headers_[message].msg_hdr;
  Arrival result{{at(message), headers_[message].msg_len}, headers_[message].msg_len,
                 {remotes_[message], header.msg_namelen}, SocketAddress::parse(socket.family, "", socket.port, ""), 0};
  for (cmsghdr* option = CMSG_FIRSTHDR(&header); option != nullptr; option = CMSG_NXTHDR(&header, option)) {
    const unsigned char* data = CMSG_DATA(option);
    const auto is = [&](int level, int type) { return option->cmsg_level == level && option->cmsg_type == type; };
    if (is(IPPROTO_IP, IP_PKTINFO)) {
      in_pktinfo info;
      std::memcpy(&info, data, sizeof info);
      reinterpret_cast<sockaddr_in&>(result.local.storage).sin_addr = info.ipi_addr;
    } else if (is(IPPROTO_IPV6, IPV6_PKTINFO)) {
      in6_pktinfo info;
      std::memcpy(&info, data, sizeof info);
      reinterpret_cast<sockaddr_in6&>(result.local.storage).sin6_addr = info.ipi6_addr;
    } else if (is(IPPROTO_IP, IP_TOS)) {
      result.trafficClass = *data;  // one octet, unlike everywhere else
    } else if (is(IPPROTO_IPV6, IPV6_TCLASS)) {
      int value;
      std::memcpy(&value, data, sizeof value);
      result.trafficClass = static_cast<std::uint8_t>(value);
    } else if (is(SOL_UDP, UDP_GRO)) {
      int value;
      std::memcpy(&value, data, sizeof value);
      if (value > 0) result.segmentBytes = static_cast<std::size_t>(value);
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

namespace {

// The control messages of one send: the traffic class, and the size of segments where there are several.
class SendControl {
 public:
  SendControl(int family, std::uint8_t trafficClass, std::size_t segmentBytes) {
    const int value = trafficClass;
    if (value != 0 && family == AF_INET) add(IPPROTO_IP, IP_TOS, &value, sizeof value);
    if (value != 0 && family == AF_INET6) add(IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
    const auto size = static_cast<std::uint16_t>(segmentBytes);
    if (size != 0) add(SOL_UDP, UDP_SEGMENT, &size, sizeof size);
  }
  void attachTo(msghdr& message) {
    message.msg_control = used_ == 0 ? nullptr : bytes_;
    message.msg_controllen = used_;
  }

 private:
  void add(int level, int type, const void* value, std::size_t bytes) {
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(bytes);
    std::memcpy(bytes_ + used_, &header, sizeof header);
    std::memcpy(bytes_ + used_ + CMSG_LEN(0), value, bytes);
    used_ += CMSG_SPACE(bytes);
  }

  alignas(cmsghdr) char bytes_[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint16_t))] = {};
  std::size_t used_ = 0;
};

// The kernel cannot cut: a segment is longer than the path's MTU (EMSGSIZE, EINVAL before Linux 6.13), or the interface
// cannot complete checksums (EIO).
bool cannotCut(int error) { return error == EMSGSIZE || error == EINVAL || error == EIO; }

std::size_t sendOneByOne(const UdpSocket& socket, const SocketAddress& remote, std::uint8_t trafficClass,
                         Octets datagrams, std::size_t segmentBytes) {
  constexpr std::size_t kMost = 64;
  SendControl control(socket.family, trafficClass, 0);
  std::array<mmsghdr, kMost> headers{};
  std::array<iovec, kMost> vectors;
  std::size_t lost = 0;
  while (!datagrams.empty()) {
    std::size_t count = 0;
    for (; count < kMost && !datagrams.empty(); count++) {
      const std::size_t bytes = std::min(segmentBytes, datagrams.size());
      vectors[count] = {datagrams.data(), bytes};
      datagrams = datagrams.subspan(bytes);
      msghdr& message = headers[count].msg_hdr;
      message = {};
      message.msg_name = const_cast<sockaddr*>(remote.get());
      message.msg_namelen = remote.length;
      message.msg_iov = &vectors[count];
      message.msg_iovlen = 1;
      control.attachTo(message);
    }
    for (std::size_t sent = 0; sent < count;) {
      const int taken = ::sendmmsg(socket.descriptor.get(), &headers[sent], static_cast<unsigned>(count - sent),
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken > 0) {
        sent += static_cast<std::size_t>(taken);
      } else if (errno != EINTR) {  // this one; those behind it may fare better
        sent += 1;
        lost += 1;
      }
    }
  }
  return lost;
}

}  // namespace

std::size_t sendDatagrams(const UdpSocket& socket, const SocketAddress& remote, std::uint8_t trafficClass,
                          Octets datagrams, std::size_t segmentBytes) {
  if (!socket.segments || datagrams.size() <= segmentBytes) {
    return sendOneByOne(socket, remote, trafficClass, datagrams, segmentBytes);
  }
  SendControl control(socket.family, trafficClass, segmentBytes);
  iovec part{datagrams.data(), datagrams.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(remote.get());
  message.msg_namelen = remote.length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  control.attachTo(message);
  for (;;) {
    if (::sendmsg(socket.descriptor.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno == EINTR) continue;
    if (cannotCut(errno)) return sendOneByOne(socket, remote, trafficClass, datagrams, segmentBytes);
    return (datagrams.size() + segmentBytes - 1) / segmentBytes;
  }
}

}  // namespace adit
