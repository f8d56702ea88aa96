// What the two threads of the data plane wait for. While little passes, the receiving thread waits for the TUN, too: a
// packet and its answer then wake one thread at each end instead of two, and waking a thread on a core that sleeps is
// most of an idle round trip. Under load the TUN is lent to a thread of its own, because two cores carry more than one,
// until nothing comes out of it for a while.
// By poll, and not by epoll: what epoll watches calls it for every packet that arrives, whether anybody waits or not, at the
// cost of whoever brings the packet (docs/performance.md). A thread that is busy or rests is not called. What is rarely ready
// stands in an epoll set of its own all the same: poll takes time for each descriptor.
#pragma once
#include <poll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "file_descriptor.h"

namespace adit {

class Waiting {
 public:
  // What an event of wait() is of: this, or else the number that watch() was given.
  static constexpr std::uint64_t kTun = ~std::uint64_t{0};
  static constexpr std::uint64_t kStop = kTun - 1;
  static constexpr std::uint64_t kLives = kTun - 2;  // of the timer of SAs
  static constexpr std::uint64_t kEars = kTun - 16;  // and above: what hears ICMP, by its place
  static constexpr std::uint64_t kNews = kTun - 3;  // there is an SA, a socket, or the TUN again, that the thread has not seen

  // Throws SystemFailure, as watchRare() does.
  explicit Waiting(int tun);
  // Before the first wait(): what brings packets, and what does not.
  void watch(int descriptor, std::uint64_t number);
  void watchRare(int descriptor, std::uint64_t number);

  // Both threads: ends every wait from now on.
  void stop();

  // JavaScript's thread: the receiving thread is to see kNews, since packets may have come before an SA, or it waits for a socket that
  // has become another.
  void tellNews();

  struct Ready {
    std::uint64_t number;
    short flags;  // poll's; 0 of what is rare
  };
  // The receiving thread. Until something is ready; what it was until now is forgotten. Throws SystemFailure.
  const std::vector<Ready>& wait();
  // Before it looks at what kNews may be about.
  void hearNews();
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
  static constexpr std::uint64_t kRare = kTun - 4;
  void addRare();

  const int tun_;
  FileDescriptor stop_;  // an eventfd: readable for good once the threads have to end
  FileDescriptor news_;  // an eventfd: readable when there are kNews
  FileDescriptor loan_;  // an eventfd: readable when the TUN is lent
  FileDescriptor rare_;  // an epoll set
  std::vector<pollfd> watched_;
  std::vector<std::uint64_t> numbers_;  // of what is watched, by place
  std::vector<Ready> ready_;
  std::atomic<bool> lent_{false};
};

}  // namespace adit
