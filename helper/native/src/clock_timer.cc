#include "clock_timer.h"

#include <sys/timerfd.h>
#include <time.h>

#include <cstdint>
#include <limits>

#include "failure.h"

namespace adit {
namespace {

double milliseconds(clockid_t clock) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) throw SystemFailure("clock_gettime", std::to_string(clock));
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

}  // namespace

ClockTimer::ClockTimer() : descriptor_(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (descriptor_.get() < 0) throw SystemFailure("timerfd_create", "CLOCK_REALTIME");
  arm();
}

Clocks ClockTimer::take() {
  std::uint64_t expirations = 0;
  // ECANCELED is what the timer is for; any other outcome changes nothing about what the clocks say.
  [[maybe_unused]] const ssize_t length = ::read(descriptor_.get(), &expirations, sizeof expirations);
  arm();
  return {milliseconds(CLOCK_REALTIME), milliseconds(CLOCK_BOOTTIME), milliseconds(CLOCK_MONOTONIC)};
}

void ClockTimer::arm() const {
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<time_t>::max();
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  // ECANCELED: the clock was set since the last read; the timer is armed all the same, and the clocks are read next.
  if (::timerfd_settime(descriptor_.get(), flags, &never, nullptr) != 0 && errno != ECANCELED) {
    throw SystemFailure("timerfd_settime", "CLOCK_REALTIME");
  }
}

}  // namespace adit
