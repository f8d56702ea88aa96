// Wakes a thread at the earliest of the times it was given (timerfd_create(2)): the thread of the sockets, for SAs whose
// lifetime ends whatever JavaScript is doing then. data_plane.cc has one.
#pragma once
#include <cstdint>
#include <limits>
#include <mutex>

#include "file_descriptor.h"

namespace adit {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// Milliseconds of CLOCK_MONOTONIC, the clock of the engine's own deadlines.
std::uint64_t monotonicMs();

class LifeTimer {
 public:
  // Throws SystemFailure.
  LifeTimer();
  // Readable from the earliest time on.
  int descriptor() const { return descriptor_.get(); }
  // Any thread. 0: at once; kNever: as it was.
  void noLaterThan(std::uint64_t ms);
  // Before looking for what is due: a time that is given afterwards counts.
  void forget();

 private:
  void arm();

  const FileDescriptor descriptor_;
  std::mutex mutex_;
  std::uint64_t at_ = kNever;
};

}  // namespace adit
