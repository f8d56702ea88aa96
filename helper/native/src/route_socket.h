// A NETLINK_ROUTE socket that hears what the kernel tells of links, addresses, routes and rules of this network
// namespace: rtnetlink(7). Messages are not looked into here.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "bytes.h"
#include "file_descriptor.h"

namespace adit {

class RouteSocket {
 public:
  // `groups` are RTNLGRP_ numbers. Throws SystemFailure.
  explicit RouteSocket(const std::vector<std::uint32_t>& groups);
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
