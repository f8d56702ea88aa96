#include "moderation.h"

#include <time.h>

namespace adit {
namespace {

constexpr std::uint64_t kQuickNs = 250'000;
constexpr unsigned kQuickBatches = 16;
// Of the order in which network cards moderate, and longer than the 75 µs between the acknowledgements of a stream at 8 Gbit/s:
// a shorter rest gathers none of them. 400 µs spared a little more and could be seen in round trips.
constexpr long kRestNs = 200'000;

std::uint64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

void Moderation::rest(std::size_t octets, std::size_t packets) {
  const std::uint64_t time = now();
  const bool quick = time - lastBatch_ < kQuickNs && octets < kLargeBatchBytes;
  // A rest that gathered nothing was one too many.
  const bool useless = rested_ && packets < 2;
  quickBatches_ = quick && !useless ? quickBatches_ + 1 : 0;
  lastBatch_ = time;
  rested_ = quickBatches_ >= kQuickBatches;
  if (!rested_) return;
  const timespec pause{0, kRestNs};
  ::nanosleep(&pause, nullptr);
  lastBatch_ = now();
}

}  // namespace adit
