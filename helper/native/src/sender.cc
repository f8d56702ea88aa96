#include "sender.h"

#include <cstring>
#include <optional>

#include "ecn.h"
#include "segments.h"

namespace adit {

void Sender::frame(const SaView& view, const VnetHeader& header, Octets packet) {
  const std::optional<Inner> inner = parseInner(packet);
  const SaEntry* entry = inner ? view.select(*inner) : nullptr;
  if (entry == nullptr) return count(tally_.noSa);
  if (inner->protocol == kTcp && header.gsoType == kGsoNone) narrow_.tcp(*entry, header, packet.first(inner->length));
  const std::optional<Segments> segments = Segments::of(header, packet.first(inner->length));
  if (!segments) return count(tally_.sendErrors);
  if (entry->sa->sealedBytes(segments->bytes(0)) > entry->path.mtu->room()) [[unlikely]] {
    return narrow_.tooLarge(*entry, *segments, [&](ConstOctets one) { carry(*entry, inner->nextHeader, one); });
  }
  const std::uint8_t trafficClass = trafficClassOf(packet);  // RFC 6040 §4.1 (ECN), RFC 4301 §5.1.2.1 (DSCP): as inside
  for (std::size_t i = 0; i < segments->count();) {
    const std::size_t bytes = segments->bytes(i);
    std::uint8_t* esp = queue_.reserve(entry->path, trafficClass, entry->sa->sealedBytes(bytes));
    std::uint8_t* payload = esp + entry->sa->outerHeaderBytes();
    segments->write(i, payload);
    if (!entry->sa->outbound({payload, bytes}, inner->nextHeader).empty()) {
      queue_.commit();
      i++;
    } else if (!entry->sa->expired()) {  // OpenSSL refused: out of memory or of randomness
      count(tally_.sendErrors);
      i++;
    } else {
      // An SA that meets its limit at this packet stops; an older one may still take the packet.
      expired_(*entry->sa);
      entry = view.select(*inner);
      if (entry == nullptr) return count(tally_.noSa, segments->count() - i);
    }
  }
}

void Sender::carry(const SaEntry& entry, std::uint8_t nextHeader, ConstOctets packet) {
  std::uint8_t* esp = queue_.reserve(entry.path, trafficClassOf(packet), entry.sa->sealedBytes(packet.size()));
  std::uint8_t* payload = esp + entry.sa->outerHeaderBytes();
  std::memcpy(payload, packet.data(), packet.size());
  if (!entry.sa->outbound({payload, packet.size()}, nextHeader).empty()) return queue_.commit();
  count(tally_.sendErrors);
  if (entry.sa->expired()) expired_(*entry.sa);
}

}  // namespace adit
