// A second socket on the port of a data plane's socket, connected to the peer. The system hands a datagram to a connected
// socket without looking up a route and checking the reverse path (early demultiplexing knows no others), which is a
// tenth of the throughput where datagrams come one by one. It only receives, and only what came from that peer to the
// address that we had: everything else still lands on the first socket, so nothing depends on it.
#pragma once
#include <optional>

#include "udp.h"

namespace adit {

class Shortcut {
 public:
  // Beside `first`, which was opened by `spec`. Goes without where the system refuses.
  Shortcut(const UdpSpec& spec, const UdpSocket& first);

  // The peer from now on, and the address that a packet to it leaves from. Sends nothing. Where there is no route to it
  // the socket is not connected, and takes what the first one would.
  void lead(const SocketAddress& peer) const;
  // The other one, which is beside what the first socket has become (UdpSocket::become). Leads nowhere until it is told to.
  void become(Shortcut other);
  // To be read like the first one; null where there is none.
  const UdpSocket* socket() const { return socket_ ? &*socket_ : nullptr; }

 private:
  std::optional<UdpSocket> socket_;
};

}  // namespace adit
