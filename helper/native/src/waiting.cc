#include "waiting.h"

#include <poll.h>
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
      installed_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      loan_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (stop_.get() < 0 || installed_.get() < 0 || loan_.get() < 0) throw SystemFailure("eventfd", "data plane");
  if (epoll_.get() < 0) throw SystemFailure("epoll_create1", "data plane");
  add(stop_.get(), kStop);
  add(installed_.get(), kInstalled);
  add(tun_, kTun);
}

void Waiting::add(int descriptor, std::uint64_t number) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) throw SystemFailure("epoll_ctl", "data plane");
}

void Waiting::watch(int descriptor, std::uint64_t number) { add(descriptor, number); }

void Waiting::stop() { signal(stop_); }

void Waiting::tellInstalled() { signal(installed_); }

void Waiting::hearInstalled() {
  std::uint64_t count;
  // Nothing to read: somebody was quicker, and has looked.
  static_cast<void>(!::read(installed_.get(), &count, sizeof count));
}

int Waiting::wait(std::span<epoll_event> events) const {
  return ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
}

void Waiting::lendTun() {
  if (lent_.load()) return;
  forgetTun();
  signal(loan_);
}

void Waiting::forgetTun() {
  lent_.store(true);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, tun_, nullptr);
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

// In this order: who sees that it is not lent may lend it again at once.
void Waiting::giveTunBack() {
  add(tun_, kTun);
  lent_.store(false);
}

}  // namespace adit
