// A packet for the TUN behind its virtio header, in a buffer that changes hands.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "bytes.h"
#include "vnet.h"

namespace adit {

class Frame {
 public:
  static constexpr std::size_t kMaxPacketBytes = 65535;
  // What a packet may need: the longest datagram, behind a super-packet.
  static constexpr std::size_t kRoomBytes = 2 * 65536;

  std::uint8_t* packet() { return &buffer_[kFront]; }
  const std::uint8_t* packet() const { return &buffer_[kFront]; }
  // With the virtio header, which stands right in front of the packet.
  Octets octets() { return {packet() - kVnetBytes, kVnetBytes + bytes}; }

  std::size_t bytes = 0;  // of the packet

 private:
  // Room for the virtio header, so that the packet itself is aligned.
  static constexpr std::size_t kFront = 16;
  static_assert(kFront >= kVnetBytes);

  alignas(kFront) std::array<std::uint8_t, kFront + kRoomBytes> buffer_;  // touched as far as it is used
};

}  // namespace adit
