#include "early.h"

namespace adit {

void EarlyPackets::keep(ConstOctets esp, std::uint8_t trafficClass, std::uint64_t nowMs) {
  if (esp.size() > kMaxOctets) return;
  if (count_ == kPackets) {
    first_ = (first_ + 1) % kPackets;
    count_--;
  }
  Packet& packet = packets_[(first_ + count_) % kPackets];
  packet.esp.assign(esp.begin(), esp.end());
  packet.trafficClass = trafficClass;
  packet.atMs = nowMs;
  count_++;
}

}  // namespace adit
