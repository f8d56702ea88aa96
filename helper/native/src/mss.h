// The maximum segment size that a TCP SYN announces (RFC 9293 §3.7.1), lowered to what the tunnel takes: the other end
// then never sends what would have to be told "too big". The firewall does the same for what is forwarded, by the MTU of
// the adapter; this does it for everything, in both directions, by the MTU of the path as it is known now.
#pragma once
#include "bytes.h"
#include "vnet.h"

namespace adit {

// Where TCP starts in a whole IP packet; 0 in all others, in fragments, and behind extension headers.
inline std::size_t tcpAt(ConstOctets packet) {
  std::size_t at = 40;
  if (packet[0] >> 4 == 4) {
    if (packet[9] != kTcp || (load16(&packet[6]) & 0x3fff) != 0) return 0;
    at = (packet[0] & 15) * std::size_t{4};
  } else if (packet[6] != kTcp) {
    return 0;
  }
  return at + kTcpHeaderBytes <= packet.size() ? at : 0;
}

inline bool isSyn(ConstOctets packet, std::size_t at) { return (packet[at + kTcpFlags] & kSyn) != 0; }

// `at` comes from tcpAt, `innerMtu` is the largest packet the tunnel takes. The checksum is updated, not computed
// afresh, so that a wrong one stays wrong; `checksumLater`: the system left it to be completed.
void clampMss(Octets packet, std::size_t at, std::size_t innerMtu, bool checksumLater);

}  // namespace adit
