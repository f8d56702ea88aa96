// The sign of a path that swallows large packets without a word (RFC 2923 §2.1): a TCP segment inside that is sent again
// and again although the path lives. QUIC and whoever else does without ICMP finds out by itself. Whether the path lives,
// words tell: whatever came in meanwhile. In an outage everything vanishes, and that says nothing about sizes.
//
//   | since a segment was seen before | it is seen again, and |
//   | --- | --- |
//   | a word came | counts: the third sighting, a second after the first at least, is the sign |
//   | nothing came | nothing counts; 0.3 s after it was first seen the peer is to be asked for a word |
//   | a word came, after such silence | counts anew, and the peer is to be asked again: the second one is the sign |
//
// Seen by the sending thread; it remembers the last large segment of some flows, and nothing of what is in them.
#pragma once
#include <array>
#include <cstdint>

#include "bytes.h"
#include "path_mtu.h"

namespace adit {

class Retransmissions {
 public:
  enum class Sign {
    none,
    unanswered,  // a word is needed to tell
    vanished,
  };

  // How a packet travels. `words`: what came in that way so far, in any unit; another number is another word.
  struct Way {
    std::uint32_t spiOut;
    const PathMtu* mtu;
    std::uint64_t words;
  };

  // A large TCP packet that is no super-packet (a retransmission never is one), `tcpAt`: where TCP starts. What was
  // seen on another SA or path does not count: the peer may have forgotten that SA, or a NAT us.
  Sign again(ConstOctets packet, std::size_t tcpAt, const Way& way, std::uint64_t nowMs);

 private:
  struct Seen {
    std::uint32_t flow, sequence, spiOut;
    std::uint32_t sightings;  // that count
    bool silent;              // nothing came between two of them
    const PathMtu* mtu;       // to compare, no more: it may be gone
    std::uint64_t words;
    std::uint64_t firstMs;
  };
  std::array<Seen, 64> seen_{};
};

}  // namespace adit
