#include "event_queue.h"

namespace adit {

void EventQueue::pushIke(std::size_t socket, const SocketAddress& remote, const SocketAddress& local,
                         ConstOctets bytes) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (ikeDatagrams_ == kMaxIkeDatagrams || ikeBytes_ + bytes.size() > kMaxIkeBytes) {
      ikeDrops_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    first = events_.empty();
    events_.push_back(IkeEvent{socket, remote, local, {bytes.begin(), bytes.end()}});
    ikeDatagrams_ += 1;
    ikeBytes_ += bytes.size();
  }
  if (first) wake_();
}

void EventQueue::push(Event event) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = events_.empty();
    events_.push_back(std::move(event));
  }
  if (first) wake_();
}

std::vector<Event> EventQueue::take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<Event> taken;
  while (!events_.empty() && taken.size() < most) {
    if (const auto* ike = std::get_if<IkeEvent>(&events_.front())) {
      ikeDatagrams_ -= 1;
      ikeBytes_ -= ike->bytes.size();
    }
    taken.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  return taken;
}

}  // namespace adit
