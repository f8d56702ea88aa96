// Hears that somebody calls a peer unreachable (ICMP type 3, RFC 792; ICMPv6 type 1, RFC 4443 §3.1) where the packet in
// question is one of ours. On raw sockets of its own: an error queue on the sockets that carry packets (IP_RECVERR) would let
// everybody who can forge ICMP make their sends fail. A hint that nothing vouches for (RFC 7296 §2.4). data_plane.cc polls.
#pragma once
#include <optional>
#include <vector>

#include "udp.h"

namespace adit {

// The address that an ICMP message is about: of an error as the kernel gives it to a raw socket of the family, quoting a packet that
// left from one of these ports in UDP, or as ESP. Nothing for any other message.
std::optional<SocketAddress> unreachableOf(int family, ConstOctets message, const std::vector<std::uint16_t>& ports);

class Unreachable {
 public:
  // A system that gives no raw sockets gives no hints. The sockets outlive it.
  explicit Unreachable(const std::vector<UdpSocket>& sockets);
  struct Ear {
    FileDescriptor descriptor;
    int family;
  };
  const std::vector<Ear>& ears() const { return ears_; }
  // One of those that wait, without waiting; a flood of them comes one at a time.
  std::optional<SocketAddress> take(const Ear& ear) const;

 private:
  const std::vector<UdpSocket>& sockets_;
  std::vector<Ear> ears_;
};

}  // namespace adit
