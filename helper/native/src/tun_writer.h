// What has arrived goes to the TUN, in its order. While there is little, the thread that received it writes it. A write costs
// nearly as much as opening what is in it, so when a lot comes at once, another thread takes the writing over, where there is one.
// It is not woken for each frame: it looks again after a rest, and whoever reads from the system then finds several
// super-packets at once.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "frame.h"

namespace adit {

class TunWriter {
 public:
  // `helped`: whether there is a thread that runs run().
  TunWriter(std::function<void(Octets frame)> write, bool helped);

  // For the one thread that receives. Takes the frame and leaves the buffer of another one in its place. Super-packets of TCP wait
  // for a few others of their batch: whoever reads them is woken by the first of them, and finds the rest. Nothing else does:
  // a reader of datagrams loses what its buffer cannot take at once.
  void put(std::unique_ptr<Frame>& frame);
  // At the end of a batch: nothing waits for others any longer.
  void flush();

  bool helped() const { return helped_; }
  // What the other thread does, until stop().
  void run();
  // What has not been written then never will be.
  void stop();

 private:
  static constexpr std::size_t kTogether = 4;
  static constexpr std::size_t kRing = 32;  // 2 MB of super-packets, a millisecond of a fast stream

  bool handing() const;
  void hand(std::unique_ptr<Frame>& frame);
  void sleep();

  const std::function<void(Octets frame)> write_;
  const bool helped_;
  // The receiving thread's.
  std::array<std::unique_ptr<Frame>, kTogether> held_;
  std::size_t heldCount_ = 0;
  // Handed over are those from written_ on to handed_, counted from the beginning.
  std::array<std::unique_ptr<Frame>, kRing> ring_;
  alignas(64) std::atomic<std::size_t> handed_{0};
  alignas(64) std::atomic<std::size_t> written_{0};
  alignas(64) std::atomic<int> asleep_{1};
  std::atomic<bool> stopping_{false};
};

}  // namespace adit
