// What the threads have to tell JavaScript, in a queue that a flood cannot grow: IKE datagrams beyond the bound are
// dropped and counted. Expiries come once an SA and fatal errors once a thread, so they need no bound; hints of ICMP come once
// a second, those of repeated segments twice.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "bytes.h"
#include "sa.h"
#include "udp.h"

namespace adit {

struct IkeEvent {
  std::size_t socket;
  SocketAddress remote;
  SocketAddress local;
  std::vector<std::uint8_t> bytes;
};

struct ExpiredEvent {
  std::uint32_t spiIn;
  Expiry reason;
};

// Somebody says so, once a second at most.
struct UnreachableEvent {
  SocketAddress remote;
};

// TCP inside repeats a segment in silence: whether the peer lives has to be asked. Twice a second at most.
struct UnansweredEvent {
  SocketAddress remote;
};

struct FatalEvent {
  std::string what;
};

using Event = std::variant<IkeEvent, ExpiredEvent, UnreachableEvent, UnansweredEvent, FatalEvent>;

class EventQueue {
 public:
  static constexpr std::size_t kMaxIkeDatagrams = 512;
  static constexpr std::size_t kMaxIkeBytes = 1 << 20;

  // `wake` runs in the pushing thread when the queue stops being empty. It must lead to take() until that gives less
  // than it was asked for.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  void pushIke(std::size_t socket, const SocketAddress& remote, const SocketAddress& local, ConstOctets bytes);
  void push(Event event);
  // Up to `most` events, in order.
  std::vector<Event> take(std::size_t most);
  std::uint64_t ikeDrops() const { return ikeDrops_.load(std::memory_order_relaxed); }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::deque<Event> events_;
  std::size_t ikeDatagrams_ = 0;
  std::size_t ikeBytes_ = 0;
  std::atomic<std::uint64_t> ikeDrops_{0};
};

}  // namespace adit
