// ESP that comes before its SA. A peer may send as soon as it has answered, and its first packets arrive while that answer
// is still being verified: RFC 7296 gives whoever began the exchange no way to be ready before. They wait here for a
// moment, a bounded number of them, and go through the SA like any others when it is there. For the receiver's thread.
#pragma once
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "bytes.h"

namespace adit {

class EarlyPackets {
 public:
  static constexpr std::size_t kPackets = 64;
  static constexpr std::size_t kMaxOctets = 2048;
  static constexpr std::uint64_t kMaxAgeMs = 1000;

  bool empty() const { return count_ == 0; }

  // The oldest makes room. What is larger than a packet of any usual path is not kept.
  void keep(ConstOctets esp, std::uint8_t trafficClass, std::uint64_t nowMs);

  // Gives everything that is young enough to `take`, the oldest first; what it returns false for is kept.
  template <class Take>
  void offer(std::uint64_t nowMs, Take take) {
    const std::size_t waiting = count_;
    for (std::size_t i = 0; i < waiting; i++) {
      Packet& packet = packets_[first_];
      first_ = (first_ + 1) % kPackets;
      count_--;
      if (nowMs - packet.atMs > kMaxAgeMs || take(ConstOctets(packet.esp), packet.trafficClass)) continue;
      std::swap(packet, packets_[(first_ + count_) % kPackets]);
      count_++;
    }
  }

 private:
  struct Packet {
    std::vector<std::uint8_t> esp;
    std::uint8_t trafficClass = 0;
    std::uint64_t atMs = 0;
  };

  std::array<Packet, kPackets> packets_;
  std::size_t first_ = 0, count_ = 0;
};

}  // namespace adit
