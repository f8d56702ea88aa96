// What the two threads of the data plane wait for. While little passes, the receiving thread waits for the TUN, too: a
// packet and its answer then wake one thread at each end instead of two, and waking a thread on a core that sleeps is
// most of an idle round trip. Under load the TUN is lent to a thread of its own, because two cores carry more than one,
// until nothing comes out of it for a while.
#pragma once
#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <span>

#include "file_descriptor.h"

namespace adit {

class Waiting {
 public:
  // What an event of wait() is of: this, or else the number that watch() was given.
  static constexpr std::uint64_t kTun = ~std::uint64_t{0};
  static constexpr std::uint64_t kStop = kTun - 1;
  static constexpr std::uint64_t kLives = kTun - 2;  // of the timer of SAs
  static constexpr std::uint64_t kEars = kTun - 16;  // and above: what hears ICMP, by its place
  static constexpr std::uint64_t kInstalled = kTun - 3;

  // Throws SystemFailure, as watch() does.
  explicit Waiting(int tun);
  void watch(int descriptor, std::uint64_t number);

  // Both threads: ends every wait from now on.
  void stop();

  // JavaScript's thread: the receiving thread is to see kInstalled, since packets may have come before the SA.
  void tellInstalled();

  // The receiving thread. As epoll_wait; level-triggered.
  int wait(std::span<epoll_event> events) const;
  // What it was told is done now.
  void hearInstalled();
  // Leaves the TUN to its thread, unless it has it already.
  void lendTun();
  // The TUN is gone: it would be ready for ever.
  void forgetTun();

  // The TUN's thread. Until it is lent the TUN; false: stopped.
  bool awaitLoan() const;
  // Until there is something to read, which poll's flags tell, or 0: stopped, or quiet for long. Throws SystemFailure.
  short awaitTun() const;
  void giveTunBack();

 private:
  void add(int descriptor, std::uint64_t number) const;

  const int tun_;
  FileDescriptor stop_;  // an eventfd: readable for good once the threads have to end
  FileDescriptor installed_;  // an eventfd: readable when there is an SA that the thread has not looked at
  FileDescriptor loan_;  // an eventfd: readable when the TUN is lent
  FileDescriptor epoll_;
  std::atomic<bool> lent_{false};
};

}  // namespace adit
