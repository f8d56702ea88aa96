// From the TUN to the sockets: a frame (virtio header and packet) becomes ESP packets of the SA that takes it, in the
// runs of a SendQueue. One thread; data_plane.cc reads the frames and sends the runs.
#pragma once
#include <functional>

#include "narrow.h"
#include "sa_table.h"
#include "send_queue.h"
#include "tally.h"
#include "vnet.h"

namespace adit {

class Sender {
 public:
  // `expired` hears of every SA that met a limit.
  Sender(Tally& tally, std::function<void(const Run&)> send, std::function<void(Sa&)> expired, Narrow narrow)
      : tally_(tally),
        expired_(std::move(expired)),
        queue_([this, send = std::move(send)](const Run& run) {
          if (run.entry->sa->finish()) return send(run);
          count(tally_.sendErrors, run.segments());
        }),
        narrow_(std::move(narrow)) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // The packet is changed, and needs kTrailerRoom behind it.
  void frame(const SaView& view, const VnetHeader& header, Octets packet);
  // To be called before the view ends, and before the thread waits.
  void flush() { queue_.flush(); }

 private:
  // One packet, as it is, on an SA that has been chosen. False: the SA has met a limit.
  bool seal(const SaEntry& entry, std::uint8_t nextHeader, std::uint8_t trafficClass, Octets packet);

  Tally& tally_;
  std::function<void(Sa&)> expired_;
  SendQueue queue_;
  Narrow narrow_;
};

}  // namespace adit
