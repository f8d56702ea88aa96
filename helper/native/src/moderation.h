// Moderation of wake-ups, as network cards moderate interrupts: while packets come fast, a thread rests for a moment
// between two batches, so that a batch is more packets. Waking a thread costs more than carrying a packet, and what
// arrives together is joined into super-packets, each of which the system acknowledges once. At a slow pace, such as that
// of questions and answers over any real distance, it never rests.
#pragma once
#include <cstddef>
#include <cstdint>

namespace adit {

// Of a batch that carries its wake-up easily.
constexpr std::size_t kLargeBatchBytes = 24 * 1024;

// How long to rest after a small batch, and after a large one; 0: not at all. In nanoseconds.
struct Rests {
  long small, large;
};
constexpr Rests kArrivals{60'000, 100'000};
constexpr Rests kDepartures{60'000, 0};
// While large batches arrive. What leaves then are acknowledgements, above all, and the system makes one of each
// super-packet: there is no hurry with them, and each costs the other end a wake-up, too.
constexpr Rests kAnswers{200'000, 0};

// One thread's, for one source of packets.
class Moderation {
 public:
  // To be called after a batch that left nothing behind, and before the thread waits for the next.
  void rest(std::size_t octets, std::size_t packets, const Rests& rests);
  // Whether batches come fast enough for rests.
  bool quick() const { return rested_; }

 private:
  std::uint64_t lastBatch_ = 0;  // when it ended, in ns
  unsigned quickBatches_ = 0;    // in a row, each soon after the one before
  bool rested_ = false;
};

}  // namespace adit
