// Counters that one thread writes and any thread reads. A counter of one writer needs no locked instruction.
#pragma once
#include <atomic>
#include <cstdint>

namespace adit {

using Counter = std::atomic<std::uint64_t>;

inline std::uint64_t get(const Counter& counter) { return counter.load(std::memory_order_relaxed); }

// For the only thread that writes this counter.
inline void add(Counter& counter, std::uint64_t amount) {
  counter.store(get(counter) + amount, std::memory_order_relaxed);
}

// What a data plane counts beside its SAs; several threads count sendErrors. data-plane.ts has the meanings; ikeIn are
// messages of IKE SAs that stand.
struct Tally {
  Counter unknownSpi{0}, runts{0}, noSa{0}, sendErrors{0}, ecnDrops{0}, tooBig{0}, ikeIn{0};
};

inline void count(Counter& counter, std::uint64_t amount = 1) {
  counter.fetch_add(amount, std::memory_order_relaxed);
}

}  // namespace adit
