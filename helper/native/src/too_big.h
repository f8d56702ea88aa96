// ICMP that tells the sender of an inner packet how large the tunnel's packets may be: "fragmentation needed" (RFC 792,
// RFC 1191 §4) and Packet Too Big (RFC 4443 §3.2), written back into the TUN.
#pragma once
#include <cstdint>

#include "bytes.h"

namespace adit {

// An IPv4 message has 576 octets at most (RFC 1812 §4.3.2.3), an IPv6 one 1280 (RFC 4443 §3.2).
constexpr std::size_t kMaxTooBigBytes = 1280;

// Writes the message for a whole IP packet to `to` (kMaxTooBigBytes of room). It comes from where the packet was going,
// which is what strict reverse path filters accept. Empty: a packet that nobody may be told about (RFC 1122 §3.2.2,
// RFC 4443 §2.4 (e)).
Octets writeTooBig(std::uint8_t* to, ConstOctets packet, std::size_t mtu);

}  // namespace adit
