#include "dont_fragment.h"

#include <algorithm>

namespace adit {

// A kernel that refuses goes on as it was: nothing is lost that would not be lost otherwise.
void changeDontFragment(UdpSocket& socket, int pieces) {
  const int descriptor = socket.descriptor.get();
  socket.fragmentsOf = pieces;
  if (socket.family == AF_INET) {
    const int mode = pieces == 0 ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    ::setsockopt(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode);
    return;
  }
  const int mode = pieces == 0 ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
  const int most = pieces == 0 ? 0 : std::max(pieces, 1280);
  ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &mode, sizeof mode);
  ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_MTU, &most, sizeof most);
}

}  // namespace adit
