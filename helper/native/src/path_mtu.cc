#include "path_mtu.h"

#include <time.h>

#include <algorithm>
#include <cstring>

#include "file_descriptor.h"
#include "raw_esp.h"

namespace adit {
namespace {

constexpr std::size_t kUdpBytes = 8;
constexpr std::size_t kLargest = 65535;
// No message of a router makes it smaller (RFC 791 §3.2 and RFC 8200 §5: what everybody takes).
constexpr std::size_t kLeast4 = 576, kLeast6 = 1280;
// Where a black hole leads at first: this passes nearly everywhere.
constexpr std::size_t kCautious = 1280;
constexpr std::uint64_t kRaiseMs = 600'000;
constexpr std::uint64_t kAskMs = 100;
// A move leads all SAs to the new way, one after the other: what the first of them finds there is new to all. No black hole is
// found in so short a time (retransmissions.h), and the rest is asked again.
constexpr std::uint64_t kMoveMs = 500;

std::size_t least(int family) { return family == AF_INET ? kLeast4 : kLeast6; }

}  // namespace

PathMtu::PathMtu(int family, bool bare, FileDescriptor ear)
    : family_(family), bare_(bare), ear_(std::move(ear)), system_(kLargest) {
  publish();
}

std::size_t PathMtu::headers() const { return (family_ == AF_INET ? 20 : 40) + (bare_ ? 0 : kUdpBytes); }

void PathMtu::publish() {
  const std::size_t outer = lowered_ == 0 ? system_ : std::min(system_, lowered_);
  outer_.store(outer, std::memory_order_relaxed);
  room_.store(outer - headers(), std::memory_order_relaxed);
  const bool lowest = lowered_ == least(family_);
  safeRoom_.store(lowest ? kLargest : least(family_) - headers(), std::memory_order_relaxed);
  blackHole_.store(lowered_ != 0, std::memory_order_relaxed);
}

void PathMtu::measured(std::size_t mtu, std::uint64_t nowMs) {
  system_ = std::clamp(mtu, least(family_), kLargest);
  if (nowMs >= raiseAt_) lowered_ = 0;
  publish();
}

void PathMtu::vanishing(std::uint64_t nowMs) {
  lowered_ = lowered_ == 0 ? kCautious : least(family_);
  raiseAt_ = nowMs + kRaiseMs;
  publish();
}

bool PathMtu::due(std::uint64_t nowMs) {
  if (nowMs < askAt_) return false;
  askAt_ = nowMs + kAskMs;
  return true;
}

std::shared_ptr<PathMtu> PathMtus::of(std::size_t socket, const SocketAddress& remote, bool fresh) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const Known& one) { return one.mtu.expired(); });
  const auto found = std::ranges::find_if(known_, [&](const Known& one) {
    return one.socket == socket && one.remote.length == remote.length &&
           std::memcmp(one.remote.get(), remote.get(), remote.length) == 0;
  });
  const std::uint64_t now = coarseMs();
  if (found != known_.end()) {
    const bool old = fresh && now - found->sinceMs >= kMoveMs;
    if (std::shared_ptr<PathMtu> shared = found->mtu.lock(); shared && !old) return shared;
    known_.erase(found);
  }
  const UdpSpec& spec = sockets_[socket];
  auto mtu = std::make_shared<PathMtu>(spec.family, spec.bare, spec.bare ? hearTooBig(spec, remote) : FileDescriptor());
  if (const auto measured = ask(socket, remote)) mtu->measured(*measured, now);
  known_.push_back({socket, remote, mtu, now});
  return mtu;
}

std::vector<PathMtus::Known> PathMtus::known() {
  const std::lock_guard lock(mutex_);
  return known_;
}

void PathMtus::refresh(std::size_t socket, const SocketAddress& remote, PathMtu& mtu, bool atOnce) const {
  const std::uint64_t now = coarseMs();
  if (!mtu.due(now) && !atOnce) return;
  if (const auto measured = ask(socket, remote)) mtu.measured(*measured, now);
}

// A connected socket knows the MTU of its route, with what ICMP told about it; connecting sends nothing. A new one each
// time: a socket keeps the route it was connected with.
std::optional<std::size_t> PathMtus::ask(std::size_t socket, const SocketAddress& remote) const {
  const UdpSpec& spec = sockets_[socket];
  const FileDescriptor asking(::socket(spec.family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (asking.get() < 0) return std::nullopt;
  if (spec.mark && ::setsockopt(asking.get(), SOL_SOCKET, SO_MARK, &*spec.mark, sizeof *spec.mark) != 0) {
    return std::nullopt;
  }
  if (!spec.address.empty()) {
    const SocketAddress own = SocketAddress::parse(spec.family, spec.address, 0, "sockets.address");
    if (::bind(asking.get(), own.get(), own.length) != 0) return std::nullopt;
  }
  if (::connect(asking.get(), remote.get(), remote.length) != 0) return std::nullopt;
  int mtu = 0;
  socklen_t length = sizeof mtu;
  const bool v4 = spec.family == AF_INET;
  if (::getsockopt(asking.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &length) != 0 ||
      mtu <= 0) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(mtu);
}

std::uint64_t coarseMs() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace adit
