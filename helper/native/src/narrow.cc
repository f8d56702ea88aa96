#include "narrow.h"

#include <algorithm>

#include "fragments.h"
#include "frame.h"
#include "mss.h"
#include "too_big.h"

namespace adit {
namespace {

constexpr std::size_t kLeast4 = 576, kLeast6 = 1280;
constexpr std::uint16_t kDontFragment = 0x4000;
// Messages to senders: so many at once, one more every five milliseconds (RFC 4443 §2.4 (f) asks for a bound).
constexpr std::uint64_t kMostTokens = 64, kTokenMs = 5;
// Between two questions: the word that one brings serves every flow. A segment that TCP repeats after 0.6 and 1.4 s needs
// one each time.
constexpr std::uint64_t kAskMs = 500;

bool isIpv6(ConstOctets packet) { return packet[0] >> 4 == 6; }

}  // namespace

Narrow::Narrow(Tally& tally, std::function<void(Octets frame)> answer,
               std::function<void(const SocketAddress&)> unanswered, std::function<std::uint64_t()> clock)
    : tally_(tally),
      answer_(std::move(answer)),
      unanswered_(std::move(unanswered)),
      clock_(std::move(clock)),
      piece_(std::make_unique_for_overwrite<std::uint8_t[]>(Frame::kMaxPacketBytes + kTrailerRoom)),
      tokens_(kMostTokens) {}

void Narrow::tcp(const SaEntry& entry, const VnetHeader& header, Octets packet) {
  const std::size_t at = tcpAt(packet);
  if (at == 0) return;
  PathMtu& mtu = *entry.path.mtu;
  if (isSyn(packet, at)) {
    return clampMss(packet, at, entry.sa->largestInner(mtu.room()), (header.flags & kVnetNeedsChecksum) != 0);
  }
  const std::size_t sealed = entry.sa->sealedBytes(packet.size());
  if (sealed <= mtu.safeRoom() || sealed > mtu.room()) return;
  const std::uint64_t now = clock_();
  const Sa& sa = *entry.sa;
  const std::uint64_t words = sa.packetsIn() + get(tally_.ikeIn);
  switch (retransmissions_.again(packet, at, {sa.spiOut(), &mtu, words}, now)) {
    case Retransmissions::Sign::none:
      break;
    case Retransmissions::Sign::unanswered:
      ask(entry.path.remote, now);
      break;
    case Retransmissions::Sign::vanished:
      mtu.vanishing(now);
      break;
  }
}

void Narrow::ask(const SocketAddress& peer, std::uint64_t now) {
  if (now < askAt_) return;
  askAt_ = now + kAskMs;
  unanswered_(peer);
}

void Narrow::tooLarge(const SaEntry& entry, Segments& segments, const std::function<void(Octets)>& carry) {
  const std::size_t room = entry.path.mtu->room();
  const std::size_t fits = entry.sa->largestInner(room);
  for (std::size_t i = 0; i < segments.count(); i++) {
    const Octets packet = segments.at(i);
    const bool v6 = isIpv6(packet);
    const std::size_t limit = std::max(fits, v6 ? kLeast6 : kLeast4);
    if (packet.size() <= fits) {
      carry(packet);
    } else if (!v6 && (load16(&packet[6]) & kDontFragment) == 0) {
      fragment(entry, packet, fits, carry);
    } else if (packet.size() <= limit) {
      carry(packet);
    } else {
      count(tally_.tooBig, segments.count() - i);
      return tell(packet, limit);  // its sender starts again from here
    }
  }
}

void Narrow::fragment(const SaEntry& entry, Octets packet, std::size_t fits,
                      const std::function<void(Octets)>& carry) {
  if ((packet[0] & 15) * std::size_t{4} != Fragments::kHeader || fits < kLeast4 / 2) return carry(packet);
  const Fragments fragments(packet, fits);
  const std::optional<Inner> later = parseInner(fragments.write(fragments.count() - 1, piece_.get()));
  if (!later || !entry.sa->carries(*later)) return carry(packet);
  for (std::size_t i = 0; i < fragments.count(); i++) carry(fragments.write(i, piece_.get()));
}

void Narrow::tell(ConstOctets packet, std::size_t mtu) {
  std::uint8_t frame[kVnetBytes + kMaxTooBigBytes] = {};
  const Octets message = writeTooBig(frame + kVnetBytes, packet, mtu);
  if (!message.empty() && mayTell()) answer_({frame, kVnetBytes + message.size()});
}

bool Narrow::mayTell() {
  const std::uint64_t now = clock_();
  const std::uint64_t earned = (now - filledMs_) / kTokenMs;
  if (earned > 0) {
    tokens_ = std::min(kMostTokens, tokens_ + earned);
    filledMs_ = now;
  }
  if (tokens_ == 0) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace adit
