#include "sender.h"

#include <optional>

#include "ecn.h"
#include "segments.h"

namespace adit {

void Sender::frame(const SaView& view, const VnetHeader& header, Octets packet) {
  const std::optional<Inner> inner = parseInner(packet);
  const SaEntry* entry = inner ? view.select(*inner) : nullptr;
  if (entry == nullptr) return count(tally_.noSa);
  if (inner->protocol == kTcp && header.gsoType == kGsoNone) narrow_.tcp(*entry, header, packet.first(inner->length));
  std::optional<Segments> segments = Segments::of(header, packet.first(inner->length));
  if (!segments) return count(tally_.sendErrors);
  const std::uint8_t trafficClass = trafficClassOf(packet);  // RFC 6040 §4.1 (ECN), RFC 4301 §5.1.2.1 (DSCP): as inside
  if (entry->sa->sealedBytes(segments->bytes(0)) > entry->path.mtu->room()) [[unlikely]] {
    return narrow_.tooLarge(*entry, *segments, [&](Octets one) {
      if (seal(*entry, inner->nextHeader, trafficClass, one)) return;
      count(tally_.sendErrors);
      expired_(*entry->sa);
    });
  }
  for (std::size_t i = 0; i < segments->count(); i++) {
    const Octets one = segments->at(i);
    while (!seal(*entry, inner->nextHeader, trafficClass, one)) {
      // An SA that meets its limit at this packet stops; an older one may still take the packet.
      expired_(*entry->sa);
      // By its own header: that of the whole may lie under those of short segments.
      const std::optional<Inner> still = parseInner(one);
      entry = still ? view.select(*still) : nullptr;
      if (entry == nullptr) return count(tally_.noSa, segments->count() - i);
    }
  }
}

bool Sender::seal(const SaEntry& entry, std::uint8_t nextHeader, std::uint8_t trafficClass, Octets packet) {
  std::uint8_t* esp = queue_.reserve(entry, trafficClass, entry.sa->sealedBytes(packet.size()));
  if (!entry.sa->outbound(packet, nextHeader, esp).empty()) {
    queue_.commit();
  } else if (entry.sa->expired()) {
    return false;
  } else {  // OpenSSL refused: out of memory or of randomness
    count(tally_.sendErrors);
  }
  return true;
}

}  // namespace adit
