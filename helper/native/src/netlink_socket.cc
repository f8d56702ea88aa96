#include "netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "failure.h"

namespace adit {
namespace {

// More than the kernel puts into one datagram of a dump (32 KiB since Linux 4.x).
constexpr std::size_t kDatagramBytes = 65536;
// Room for a burst of some thousand messages. Beyond it the kernel says so, and nothing is believed to be complete.
constexpr int kBufferBytes = 1 << 20;

}  // namespace

NetlinkSocket::NetlinkSocket(std::uint32_t family, const std::vector<std::uint32_t>& groups)
    : descriptor_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, static_cast<int>(family))) {
  const int fd = descriptor_.get();
  if (fd < 0) throw SystemFailure("socket", "netlink family " + std::to_string(family));
  // Without the privilege for more it keeps the system's default.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  }
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  socklen_t length = sizeof own;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0) {
    throw SystemFailure("bind", "netlink family " + std::to_string(family));
  }
  port_ = own.nl_pid;
  for (const std::uint32_t group : groups) {
    if (::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      throw SystemFailure("setsockopt NETLINK_ADD_MEMBERSHIP", "group " + std::to_string(group));
    }
  }
}

void NetlinkSocket::send(ConstOctets request) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(descriptor_.get(), request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
               sizeof kernel) < 0) {
    throw SystemFailure("sendto", "netlink");
  }
}

NetlinkSocket::Taken NetlinkSocket::take(std::size_t most) {
  Taken taken;
  std::vector<std::uint8_t> room(kDatagramBytes);
  for (std::size_t count = 0; count < most; count++) {
    sockaddr_nl from{};
    iovec part{room.data(), room.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const ssize_t length = ::recvmsg(descriptor_.get(), &message, 0);
    if (length < 0) {
      if (errno == EAGAIN) break;
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) throw SystemFailure("recvmsg", "netlink");
      taken.lost = true;
    } else if ((message.msg_flags & MSG_TRUNC) != 0) {
      taken.lost = true;
    } else if (from.nl_pid == 0) {  // the kernel; nobody else has anything to say here
      taken.datagrams.emplace_back(room.begin(), room.begin() + length);
    }
  }
  return taken;
}

}  // namespace adit
