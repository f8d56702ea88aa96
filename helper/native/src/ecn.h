// The traffic class octet (DSCP and ECN) of packets in a tunnel: RFC 6040 for the two bits of ECN, RFC 4301 §5.1.2 for
// DSCP. Outbound both are copied outside; inbound the inner DSCP stays and ECN is combined.
#pragma once
#include <cstdint>
#include <optional>

#include "bytes.h"

namespace adit {

// Of an IPv4 (TOS) or IPv6 (traffic class) packet of 20 octets or more.
std::uint8_t trafficClassOf(ConstOctets packet);

// Applies the outer ECN field to a decapsulated packet (RFC 6040 §4.2). False: the packet must be dropped, since
// congestion was marked outside and its transport could not be told.
bool combineEcn(Octets packet, std::uint8_t outerTrafficClass);

}  // namespace adit
