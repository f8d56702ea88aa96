// From the sockets to the TUN: ESP becomes packets, checked by its SA (ICV, window, selectors), with the ECN field
// combined, and joined into the frames of a Coalescer. One thread; data_plane.cc receives and writes.
#pragma once
#include <functional>
#include <span>

#include "coalescer.h"
#include "early.h"
#include "sa_table.h"
#include "tally.h"

namespace adit {

class Receiver {
 public:
  // `expired` hears of every SA that met a limit.
  Receiver(Tally& tally, Coalescer::Offloads offloads, std::function<void(std::unique_ptr<Frame>& frame)> put,
           std::function<void(Sa&)> expired)
      : tally_(tally), expired_(std::move(expired)), coalescer_(offloads, std::move(put)) {}

  // Packets that came together, of kEspHeaderBytes at least each. The traffic class is that of their outer headers.
  void esp(const SaView& view, std::span<const ConstOctets> packets, std::uint8_t trafficClass);
  // Before a batch, and when an SA was installed: what came before its SA.
  void early(const SaView& view);
  // At the end of a batch: nothing is held while the thread waits.
  void flush() { coalescer_.flush(); }

 private:
  void accept(const SaEntry& entry, ConstOctets esp, std::uint8_t trafficClass);

  Tally& tally_;
  std::function<void(Sa&)> expired_;
  Coalescer coalescer_;
  EarlyPackets early_;
};

}  // namespace adit
