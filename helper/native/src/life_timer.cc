#include "life_timer.h"

#include <sys/timerfd.h>
#include <time.h>

#include <cstdlib>

#include "failure.h"

namespace adit {

std::uint64_t monotonicMs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

LifeTimer::LifeTimer() : descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (descriptor_.get() < 0) throw SystemFailure("timerfd_create", "CLOCK_MONOTONIC");
}

void LifeTimer::noLaterThan(std::uint64_t ms) {
  const std::lock_guard lock(mutex_);
  if (ms >= at_) return;
  at_ = ms;
  arm();
}

void LifeTimer::forget() {
  const std::lock_guard lock(mutex_);
  at_ = kNever;
  arm();
}

// Setting it also takes back that it was readable.
void LifeTimer::arm() {
  itimerspec due{};
  if (at_ != kNever) {
    due.it_value.tv_sec = static_cast<time_t>(at_ / 1000);
    due.it_value.tv_nsec = static_cast<long>(at_ % 1000 * 1'000'000) + 1;  // 0 would disarm it
  }
  if (::timerfd_settime(descriptor_.get(), TFD_TIMER_ABSTIME, &due, nullptr) != 0) std::abort();  // no other value can fail
}

}  // namespace adit
