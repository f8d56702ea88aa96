// What happens where a packet meets a path that is too narrow for it (RFC 4301 §8.2), all of it beside the fast way:
//   - IPv6, and IPv4 with DF: the sender is told (too_big.h), and the packet ends here;
//   - IPv4 without DF: fragments, each with an ESP packet of its own; but where the SA's selectors ask for ports, which
//     later fragments do not show (RFC 4301 §7), or where the header has options, the ESP packet is fragmented instead;
//   - what must pass in any case (up to 1280 octets of IPv6, 576 of IPv4) has its ESP packet fragmented where need be.
#pragma once
#include <functional>
#include <memory>

#include "retransmissions.h"
#include "sa_table.h"
#include "segments.h"
#include "tally.h"
#include "vnet.h"

namespace adit {

class Narrow {
 public:
  // `answer` gets frames for the TUN. `unanswered` hears of a peer that is to be asked for a word (retransmissions.h),
  // twice a second at most. `clock` gives milliseconds that only grow.
  Narrow(Tally& tally, std::function<void(Octets frame)> answer, std::function<void(const SocketAddress&)> unanswered,
         std::function<std::uint64_t()> clock);

  // A TCP packet that is no super-packet, before it travels: SYNs get their MSS clamped, retransmissions are noted.
  void tcp(const SaEntry& entry, const VnetHeader& header, Octets packet);
  // Segments of which the first, at least, is too large for the path. `carry` sends one packet over the SA; it has kTrailerRoom
  // behind it.
  void tooLarge(const SaEntry& entry, Segments& segments, const std::function<void(Octets)>& carry);

 private:
  void tell(ConstOctets packet, std::size_t mtu);
  void fragment(const SaEntry& entry, Octets packet, std::size_t fits,
                const std::function<void(Octets)>& carry);
  bool mayTell();
  void ask(const SocketAddress& peer, std::uint64_t now);

  Tally& tally_;
  std::function<void(Octets frame)> answer_;
  std::function<void(const SocketAddress&)> unanswered_;
  std::function<std::uint64_t()> clock_;
  Retransmissions retransmissions_;
  std::unique_ptr<std::uint8_t[]> piece_;  // a fragment
  std::uint64_t tokens_, filledMs_ = 0;  // of messages to senders
  std::uint64_t askAt_ = 0;  // not before
};

}  // namespace adit
