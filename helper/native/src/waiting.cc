#include "waiting.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cstdint>
#include <cstdlib>

#include "failure.h"

namespace adit {
namespace {

// Longer than the gaps of a stream that other traffic disturbs, shorter than those of a telephone call.
constexpr int kQuietMs = 10;

// An eventfd near zero always takes a one; without it a thread would never wake up.
void signal(const FileDescriptor& event) {
  const std::uint64_t one = 1;
  if (::write(event.get(), &one, sizeof one) < 0) std::abort();
}

}  // namespace

Waiting::Waiting(int tun)
    : tun_(tun),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      loan_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      rare_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (stop_.get() < 0 || news_.get() < 0 || loan_.get() < 0) throw SystemFailure("eventfd", "data plane");
  if (rare_.get() < 0) throw SystemFailure("epoll_create1", "data plane");
  watch(tun_, kTun);
  watch(rare_.get(), kRare);
  watchRare(stop_.get(), kStop);
  watchRare(news_.get(), kNews);
}

// In front of what is there, so that the TUN is the last and the sockets come first: poll() enters no queue of what stands behind
// something that is ready.
void Waiting::watch(int descriptor, std::uint64_t number) {
  watched_.insert(watched_.begin(), {descriptor, POLLIN, 0});
  numbers_.insert(numbers_.begin(), number);
}

void Waiting::watchRare(int descriptor, std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  if (::epoll_ctl(rare_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) throw SystemFailure("epoll_ctl", "data plane");
}

void Waiting::stop() { signal(stop_); }

void Waiting::tellNews() { signal(news_); }

void Waiting::hearNews() {
  std::uint64_t count;
  // Nothing to read: somebody was quicker, and has looked.
  static_cast<void>(!::read(news_.get(), &count, sizeof count));
}

const std::vector<Waiting::Ready>& Waiting::wait() {
  ready_.clear();
  watched_.back().fd = lent_.load() ? -1 : tun_;
  const int count = ::poll(watched_.data(), watched_.size(), -1);
  if (count < 0 && errno != EINTR) throw SystemFailure("poll", "sockets");
  if (count <= 0) return ready_;
  for (std::size_t i = 0; i < watched_.size(); i++) {
    if (watched_[i].revents == 0) continue;
    if (numbers_[i] == kRare) {
      addRare();
    } else {
      ready_.push_back({numbers_[i], watched_[i].revents});
    }
  }
  return ready_;
}

void Waiting::addRare() {
  epoll_event events[8];
  const int count = ::epoll_wait(rare_.get(), events, 8, 0);
  for (int i = 0; i < count; i++) ready_.push_back({events[i].data.u64, 0});
}

void Waiting::lendTun() {
  if (lent_.load()) return;
  forgetTun();
  signal(loan_);
}

void Waiting::forgetTun() {
  lent_.store(true);
}

bool Waiting::awaitLoan() const {
  pollfd watched[] = {{loan_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  do {
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return false;
    std::uint64_t count;
    if (::read(loan_.get(), &count, sizeof count) > 0) return true;
  } while (true);
}

short Waiting::awaitTun() const {
  pollfd watched[] = {{tun_, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  while (::poll(watched, 2, kQuietMs) < 0) {
    if (errno != EINTR) throw SystemFailure("poll", "TUN");
  }
  return watched[1].revents != 0 ? short{0} : watched[0].revents;
}

// In this order: who wakes up must see that it is not lent.
void Waiting::giveTunBack() {
  lent_.store(false);
  signal(news_);
}

}  // namespace adit
