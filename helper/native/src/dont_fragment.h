// Whether what leaves a socket may be fragmented. ESP travels unfragmented (DF, RFC 4301 §8.1: routers then say what they
// cannot take) except where that cannot be: an inner packet that nobody may be asked to make smaller, a black hole. The
// setting is the socket's, there is none for a single datagram on IPv4; it is changed only when it differs.
#pragma once
#include "udp.h"

namespace adit {

// `pieces` 0: unfragmented, whatever the system has learned about the path (our own PathMtu decides). Otherwise it may be
// fragmented: over IPv6, where only the sender does that, into pieces of so many octets, 1280 at least.
void changeDontFragment(UdpSocket& socket, int pieces);

inline void setDontFragment(UdpSocket& socket, std::size_t pieces) {
  if (socket.fragmentsOf != static_cast<int>(pieces)) [[unlikely]] changeDontFragment(socket, static_cast<int>(pieces));
}

}  // namespace adit
