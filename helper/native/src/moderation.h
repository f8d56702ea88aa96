// Moderation of wake-ups, as network cards moderate interrupts: while packets come one by one but fast, a thread rests
// for a moment between two batches, so that a batch is several packets. Waking a thread costs more than carrying a
// packet, and what arrives together is joined into one super-packet, which the system acknowledges once. At a slow pace,
// such as that of questions and answers over any real distance, and after large batches it never rests.
#pragma once
#include <cstddef>
#include <cstdint>

namespace adit {

// Of a batch that carries its wake-up easily.
constexpr std::size_t kLargeBatchBytes = 24 * 1024;

// One thread's, for one source of packets.
class Moderation {
 public:
  // To be called after a batch that left nothing behind, and before the thread waits for the next.
  void rest(std::size_t octets, std::size_t packets);
  // Whether small batches come fast enough for rests.
  bool quick() const { return rested_; }

 private:
  std::uint64_t lastBatch_ = 0;  // when it ended, in ns
  unsigned quickBatches_ = 0;    // small ones in a row, each soon after the one before
  bool rested_ = false;
};

}  // namespace adit
