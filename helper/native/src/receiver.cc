#include "receiver.h"

#include <algorithm>

#include "ecn.h"
#include "mss.h"

namespace adit {

void Receiver::esp(const SaView& view, std::span<const ConstOctets> packets, std::uint8_t trafficClass) {
  while (!packets.empty()) {
    const std::uint32_t spi = load32(packets.front().data());
    const auto other = std::ranges::find_if(packets, [spi](ConstOctets esp) { return load32(esp.data()) != spi; });
    const auto same = packets.first(std::min<std::size_t>(other - packets.begin(), kMostTogether));
    packets = packets.subspan(same.size());
    if (const SaEntry* entry = view.find(spi)) {
      entry->sa->expect(same);
      for (const ConstOctets esp : same) accept(*entry, esp, trafficClass);
      entry->sa->forget();
    } else {
      count(tally_.unknownSpi, same.size());
      for (const ConstOctets esp : same) early_.keep(esp, trafficClass, coarseMs());
    }
  }
}

void Receiver::early(const SaView& view) {
  if (early_.empty()) return;
  early_.offer(coarseMs(), [&](ConstOctets esp, std::uint8_t trafficClass) {
    const SaEntry* entry = view.find(load32(esp.data()));
    if (entry != nullptr) accept(*entry, esp, trafficClass);
    return entry != nullptr;
  });
}

void Receiver::accept(const SaEntry& entry, ConstOctets esp, std::uint8_t trafficClass) {
  const Inbound inbound = entry.sa->inbound(esp, coalescer_.place(esp.size()));
  if (inbound.verdict == InboundVerdict::expired) expired_(*entry.sa);
  if (inbound.verdict != InboundVerdict::ok) return coalescer_.skip();
  if (!combineEcn(inbound.packet, trafficClass)) {
    count(tally_.ecnDrops);
    return coalescer_.skip();
  }
  if (const std::size_t at = tcpAt(inbound.packet); at != 0 && isSyn(inbound.packet, at)) [[unlikely]] {
    clampMss(inbound.packet, at, entry.sa->largestInner(entry.path.mtu->room()), false);
  }
  coalescer_.take(inbound.packet);
}

}  // namespace adit
