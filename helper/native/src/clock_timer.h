// Hears when CLOCK_REALTIME is set or the machine resumes: a timer that never falls due, which the kernel cancels then
// (TFD_TIMER_CANCEL_ON_SET, timerfd_create(2)).
#pragma once
#include "file_descriptor.h"

namespace adit {

// Milliseconds. CLOCK_MONOTONIC stands still while the machine sleeps, CLOCK_BOOTTIME goes on.
struct Clocks {
  double wall;
  double boot;
  double monotonic;
};

class ClockTimer {
 public:
  // Throws SystemFailure.
  ClockTimer();
  int descriptor() const { return descriptor_.get(); }
  // Waits for the next time the clock is set, and says what the clocks show now.
  Clocks take();

 private:
  void arm() const;
  FileDescriptor descriptor_;
};

}  // namespace adit
