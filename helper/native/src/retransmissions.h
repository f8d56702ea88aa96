// The sign of a path that swallows large packets without a word (RFC 2923 §2.1): a TCP segment inside that is sent again
// and again while smaller packets arrive. QUIC and whoever else does without ICMP finds out by itself. Seen by the
// sending thread; it remembers the last large segment of some flows, and nothing of what is in them.
#pragma once
#include <array>
#include <cstdint>

#include "bytes.h"

namespace adit {

class Retransmissions {
 public:
  // A large TCP packet that is no super-packet (a retransmission never is one), `tcpAt`: where TCP starts. True when it
  // is seen the third time, half a second after the first at least.
  bool again(ConstOctets packet, std::size_t tcpAt, std::uint64_t nowMs);

 private:
  struct Seen {
    std::uint32_t flow, sequence, times;
    std::uint64_t firstMs;
  };
  std::array<Seen, 64> seen_{};
};

}  // namespace adit
