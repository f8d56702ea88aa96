// The header in front of every packet of a TUN with IFF_VNET_HDR: virtio's struct virtio_net_hdr, in host byte order
// (virtio 1.3 §5.1.6, Documentation/networking/tuntap.rst). It says that a packet is a super-packet, to be cut into
// segments, and where a checksum is still to be completed.
#pragma once
#include <cstdint>
#include <cstring>

#include "bytes.h"

namespace adit {

// Written out here: the kernel's own header is no C++ (a member is called `class`).
struct VnetHeader {
  std::uint8_t flags;
  std::uint8_t gsoType;
  std::uint16_t headerBytes;  // up to the payload
  std::uint16_t gsoSize;      // payload octets of a segment
  std::uint16_t checksumStart;
  std::uint16_t checksumOffset;  // from checksumStart on
};
constexpr std::size_t kVnetBytes = sizeof(VnetHeader);
static_assert(kVnetBytes == 10);

constexpr std::uint8_t kVnetNeedsChecksum = 1;
constexpr std::uint8_t kGsoNone = 0, kGsoTcp4 = 1, kGsoTcp6 = 4, kGsoUdp = 5;
constexpr std::uint8_t kGsoEcn = 0x80;  // a flag beside the type: CWR is set

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
// Offsets inside a TCP header (RFC 9293 §3.1) and a UDP header (RFC 768).
constexpr std::size_t kTcpSequence = 4, kTcpDataOffset = 12, kTcpFlags = 13, kTcpChecksum = 16, kTcpHeaderBytes = 20;
constexpr std::size_t kUdpLength = 4, kUdpChecksum = 6, kUdpHeaderBytes = 8;
constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kPsh = 0x08, kAck = 0x10, kEce = 0x40, kCwr = 0x80;

inline VnetHeader loadVnet(const std::uint8_t* at) {
  VnetHeader header;
  std::memcpy(&header, at, sizeof header);
  return header;
}

inline void storeVnet(std::uint8_t* at, const VnetHeader& header) { std::memcpy(at, &header, sizeof header); }

}  // namespace adit
