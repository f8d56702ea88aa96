// A netlink(7) socket that hears what a subsystem of the kernel tells of this network namespace. Messages are not looked
// into here.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "bytes.h"
#include "file_descriptor.h"

namespace adit {

class NetlinkSocket {
 public:
  // `family` is a number of linux/netlink.h, NETLINK_ROUTE and the like; `groups` are those it has. Throws SystemFailure.
  NetlinkSocket(std::uint32_t family, const std::vector<std::uint32_t>& groups);
  int descriptor() const { return descriptor_.get(); }
  // The number under which the kernel answers this socket.
  std::uint32_t port() const { return port_; }
  void send(ConstOctets request) const;

  struct Taken {
    std::vector<std::vector<std::uint8_t>> datagrams;
    bool lost = false;  // the kernel had more than fits, and dropped some
  };
  Taken take(std::size_t most);

 private:
  FileDescriptor descriptor_;
  std::uint32_t port_ = 0;
};

}  // namespace adit
