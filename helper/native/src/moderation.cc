#include "moderation.h"

#include <time.h>

namespace adit {
namespace {

// Since the batch before, of which a large one spends most on its own packets.
constexpr std::uint64_t kQuickNs = 100'000;
constexpr std::uint64_t kQuickLargeNs = 500'000;
constexpr unsigned kQuickBatches = 16;

std::uint64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

void Moderation::rest(std::size_t octets, std::size_t packets, const Rests& rests) {
  const std::uint64_t time = now();
  const bool large = octets >= kLargeBatchBytes;
  const timespec pause{0, large ? rests.large : rests.small};
  const bool quick = time - lastBatch_ < (large ? kQuickLargeNs : kQuickNs) && pause.tv_nsec > 0;
  // A rest that gathered nothing was one too many.
  const bool useless = rested_ && packets < 2;
  quickBatches_ = quick && !useless ? quickBatches_ + 1 : 0;
  lastBatch_ = time;
  rested_ = quickBatches_ >= kQuickBatches;
  if (!rested_) return;
  ::nanosleep(&pause, nullptr);
  lastBatch_ = now();
}

}  // namespace adit
