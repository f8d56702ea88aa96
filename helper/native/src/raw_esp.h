// ESP as IP protocol 50, without UDP around it (RFC 4303 §2): what its raw sockets need beside the rest of udp.h. Such a
// socket gets every ESP packet of the machine, other people's, too; a filter in the kernel leaves those of our SPIs.
#pragma once
#include <cstdint>
#include <span>

#include "udp.h"

namespace adit {

// From now on only ESP with these SPIs arrives and wakes anybody. Where the kernel refuses so long a list everything
// arrives, and the table of SAs drops what is not ours.
void passOnly(int descriptor, int family, std::span<const std::uint32_t> spis);

// A socket that hears for the kernel what routers say about ESP to `remote`, and nothing else: over IPv6 the kernel believes
// "too big" about a raw socket's packets only where the socket is connected, or where somebody reads its errors. That of the
// data plane is neither, since peers come and go on it. Empty over IPv4, where it is not needed, or where there is no route.
FileDescriptor hearTooBig(const UdpSpec& spec, const SocketAddress& remote);

// The ESP packet in what a raw socket of this family gave: IPv4 puts the IP header in front (raw(7)), IPv6 does not
// (RFC 3542 §3). Empty where the header is none.
Octets withoutIpHeader(int family, Octets packet);

}  // namespace adit
