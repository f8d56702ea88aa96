#include "send_queue.h"

#include <algorithm>

namespace adit {
namespace {

// The largest ESP packet of a 65,535 octet inner one is longer than a UDP datagram can be; there must be room for it
// all the same, the system then refuses it.
constexpr std::size_t kBufferBytes = kMaxRunBytes + 1024;

}  // namespace

SendQueue::SendQueue(std::function<void(const Run&)> send)
    : send_(std::move(send)), buffer_(std::make_unique<std::uint8_t[]>(kBufferBytes)) {}

std::uint8_t* SendQueue::reserve(const SaEntry& entry, std::uint8_t trafficClass, std::size_t bytes) {
  const bool joins = segments_ > 0 && !closed_ && &entry == entry_ && trafficClass == trafficClass_ &&
                     bytes <= segmentBytes_ && segments_ < std::min(entry.path.burst, kMaxRunSegments) &&
                     used_ + bytes <= kMaxRunBytes;
  if (!joins) {
    flush();
    entry_ = &entry;
    trafficClass_ = trafficClass;
    segmentBytes_ = bytes;
  }
  reserved_ = bytes;
  return &buffer_[used_];
}

void SendQueue::commit() {
  used_ += reserved_;
  segments_ += 1;
  closed_ = reserved_ < segmentBytes_;
}

void SendQueue::flush() {
  if (segments_ > 0) send_({entry_, trafficClass_, {buffer_.get(), used_}, segmentBytes_});
  used_ = 0;
  segments_ = 0;
  closed_ = false;
}

}  // namespace adit
