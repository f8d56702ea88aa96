#include "moderation.h"

#include <time.h>

namespace adit {
namespace {

constexpr std::uint64_t kQuickNs = 100'000;
constexpr unsigned kQuickBatches = 16;
constexpr long kRestNs = 60'000;

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
