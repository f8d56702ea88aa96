// The Internet checksum (RFC 1071) as sums of 16-bit words in memory order: storeChecksum writes one
// without a byte swap. Sums are unfolded, so that parts can be added up; every part but the last must have an even length.
#pragma once
#include <cstdint>
#include <cstring>

#include "bytes.h"

namespace adit {

using Sum = std::uint64_t;

Sum sumOf(ConstOctets octets, Sum start = 0);

// One's complement sum in 16 bits, not inverted: 0xffff (or 0, of nothing but zeros) over octets that hold their own
// checksum.
std::uint16_t fold(Sum sum);

// The pseudo-header of TCP and UDP (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1) of an IPv4 or IPv6 packet.
Sum pseudoHeader(const std::uint8_t* ip, std::uint8_t protocol, std::size_t upperBytes);

inline void storeChecksum(std::uint8_t* at, std::uint16_t memoryOrder) { std::memcpy(at, &memoryOrder, 2); }

// Writes the checksum of an IPv4 header of so many octets.
void sealIpv4Header(std::uint8_t* header, std::size_t bytes);

}  // namespace adit
