#include "tun_writer.h"

#include <time.h>

#include <utility>

namespace adit {
namespace {

// Of frames that are held: what is worth another thread.
constexpr std::size_t kMuchBytes = 128 * 1024;
// Long enough that several super-packets come together, and so short that few of a fast stream wait in the ring.
constexpr long kRestNs = 60'000;
// A millisecond without a frame, and it falls asleep.
constexpr unsigned kRests = 16;
// While the ring is full.
constexpr long kRoomNs = 20'000;

bool isStream(Frame& frame) {
  const std::uint8_t type = loadVnet(frame.octets().data()).gsoType & static_cast<std::uint8_t>(~kGsoEcn);
  return type == kGsoTcp4 || type == kGsoTcp6;
}

void rest(long ns) {
  const timespec pause{0, ns};
  ::nanosleep(&pause, nullptr);
}

}  // namespace

TunWriter::TunWriter(std::function<void(Octets frame)> write, bool helped) : write_(std::move(write)), helped_(helped) {
  for (auto& frame : held_) frame = std::make_unique_for_overwrite<Frame>();
  for (auto& frame : ring_) frame = std::make_unique_for_overwrite<Frame>();
}

// It is awake, or has not written all of it, which nothing may overtake. While that is so, nothing is held.
bool TunWriter::handing() const { return asleep_.load() == 0 || written_.load() != handed_.load(); }

void TunWriter::put(std::unique_ptr<Frame>& frame) {
  if (handing()) return hand(frame);
  if (!isStream(*frame)) {
    flush();
    return write_(frame->octets());
  }
  std::swap(held_[heldCount_++], frame);
  if (heldCount_ < kTogether) return;
  std::size_t bytes = 0;
  for (const auto& one : held_) bytes += one->bytes;
  if (helped_ && bytes >= kMuchBytes) {
    for (auto& one : held_) hand(one);
    heldCount_ = 0;
  } else {
    flush();
  }
}

void TunWriter::flush() {
  for (std::size_t i = 0; i < heldCount_; i++) write_(held_[i]->octets());
  heldCount_ = 0;
}

void TunWriter::hand(std::unique_ptr<Frame>& frame) {
  const std::size_t handed = handed_.load(std::memory_order_relaxed);
  while (handed - written_.load() == kRing) {
    if (stopping_.load()) return;
    rest(kRoomNs);
  }
  std::swap(ring_[handed % kRing], frame);
  handed_.store(handed + 1);
  if (asleep_.load() == 0) return;
  asleep_.store(0);
  asleep_.notify_one();
}

void TunWriter::run() {
  unsigned rests = kRests;
  std::size_t written = 0;
  while (!stopping_.load()) {
    if (written != handed_.load()) {
      rests = 0;
      write_(ring_[written % kRing]->octets());
      written_.store(++written);
    } else if (rests++ < kRests) {
      rest(kRestNs);
    } else {
      sleep();
      rests = 0;
    }
  }
}

// In this order, as hand() has it the other way round: one of the two sees what the other has done.
void TunWriter::sleep() {
  asleep_.store(1);
  if (written_.load() == handed_.load() && !stopping_.load()) asleep_.wait(1);
  asleep_.store(0);
}

void TunWriter::stop() {
  stopping_.store(true);
  asleep_.store(0);
  asleep_.notify_one();
}

}  // namespace adit
