#include "data_plane.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cstring>
#include <memory>
#include <optional>

#include "failure.h"

namespace adit {
namespace {

constexpr std::size_t kTunReader = 0;
constexpr std::size_t kUdpReader = 1;

constexpr std::size_t kMaxPacketBytes = 65535;
// Packets between two looks at the table: bounds how long removeChild waits.
constexpr int kPacketsPerBatch = 64;

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

std::string describe(const char* what, int error) { return std::string(what) + ": " + std::strerror(error); }

}  // namespace

DataPlane::DataPlane(FileDescriptor tun, const std::vector<UdpSpec>& sockets, std::function<void()> wake)
    : tun_(std::move(tun)), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), events_(std::move(wake)) {
  if (stop_.get() < 0) throw SystemFailure("eventfd", "data plane");
  sockets_.reserve(sockets.size());
  for (const UdpSpec& spec : sockets) sockets_.push_back(UdpSocket::open(spec));
  try {
    start(tunThread_, "adit-tun", &DataPlane::runTun);
    start(udpThread_, "adit-udp", &DataPlane::runUdp);
  } catch (...) {
    close();
    throw;
  }
}

// Signals stay with the threads of the runtime.
void DataPlane::start(std::thread& thread, const char* name, void (DataPlane::*body)()) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread = std::thread([this, body] { (this->*body)(); });
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw SystemFailure("pthread_create", name, error.code().value());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), name);
}

void DataPlane::close() {
  if (closed_) return;
  closed_ = true;
  stopping_.store(true);
  const std::uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof one) < 0) std::abort();  // an eventfd at zero takes it; else threads never end
  if (tunThread_.joinable()) tunThread_.join();
  if (udpThread_.joinable()) udpThread_.join();
  table_.clear();
  sockets_.clear();
  tun_ = FileDescriptor();
}

PlaneCounters DataPlane::counters() const {
  return {
      .unknownSpi = unknownSpi_.load(std::memory_order_relaxed),
      .runts = runts_.load(std::memory_order_relaxed),
      .noSa = noSa_.load(std::memory_order_relaxed),
      .sendErrors = sendErrors_.load(std::memory_order_relaxed),
      .ikeDrops = events_.ikeDrops(),
  };
}

void DataPlane::sendIke(std::size_t socket, const SocketAddress& remote, ConstOctets bytes, bool keepalive) {
  static constexpr std::uint8_t marker[4] = {};
  const UdpSocket& from = sockets_[socket];
  const bool bare = keepalive || withoutMarker(from.port, remote.port());
  if (!sendDatagram(from, remote, bare ? ConstOctets{} : ConstOctets{marker}, bytes)) count(sendErrors_);
}

void DataPlane::reportExpiry(Sa& sa) {
  const Expiry reason = sa.takeExpiry();
  if (reason != Expiry::none) events_.push(ExpiredEvent{sa.spiIn(), reason});
}

// TUN -> ESP -> UDP ---------------------------------------------------------------------------------------------------

void DataPlane::runTun() {
  const auto buffer = std::make_unique<std::uint8_t[]>(kHeadroom + kMaxPacketBytes + kTailroom);
  pollfd watched[] = {{tun_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (::poll(watched, 2, -1) < 0) {
      if (errno == EINTR) continue;
      events_.push(FatalEvent{describe("poll of the TUN", errno)});
      return;
    }
    if (watched[0].revents == 0) continue;
    try {
      if (!forwardOutbound(buffer.get()) && (watched[0].revents & (POLLERR | POLLNVAL)) != 0) {
        throw SystemFailure("read", "TUN", ENODEV);
      }
    } catch (const SystemFailure& failure) {
      events_.push(FatalEvent{describe("read from the TUN", failure.error)});
      return;
    }
  }
}

bool DataPlane::forwardOutbound(std::uint8_t* buffer) {
  const SaTable::Reading view(table_, kTunReader);
  for (int packets = 0; packets < kPacketsPerBatch; packets++) {
    const ssize_t length = ::read(tun_.get(), buffer + kHeadroom, kMaxPacketBytes);
    if (length > 0) {
      seal(*view, {buffer + kHeadroom, static_cast<std::size_t>(length)});
    } else if (length == 0 || errno == EAGAIN || errno == EINTR) {
      return packets > 0;
    } else {
      throw SystemFailure("read", "TUN");
    }
  }
  return true;
}

void DataPlane::seal(const SaView& view, Octets packet) {
  const std::optional<Inner> inner = parseInner(packet);
  // An SA that meets its limit at this packet stops; an older one may still take the packet.
  while (const SaEntry* entry = inner ? view.select(*inner) : nullptr) {
    const Octets esp = entry->sa->outbound(packet.first(inner->length), inner->nextHeader);
    if (!esp.empty()) {
      if (!sendDatagram(sockets_[entry->path.socket], entry->path.remote, {}, esp)) count(sendErrors_);
      return;
    }
    if (!entry->sa->expired()) {  // OpenSSL refused: out of memory or of randomness
      count(sendErrors_);
      return;
    }
    reportExpiry(*entry->sa);
  }
  count(noSa_);
}

// UDP -> ESP -> TUN ---------------------------------------------------------------------------------------------------

void DataPlane::runUdp() {
  const FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&](int descriptor, std::size_t index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
  };
  bool watched = epoll.get() >= 0 && watch(stop_.get(), sockets_.size());
  for (std::size_t i = 0; i < sockets_.size(); i++) watched = watched && watch(sockets_[i].descriptor.get(), i);
  if (!watched) {
    events_.push(FatalEvent{describe("epoll of the sockets", errno)});
    return;
  }
  DatagramBatch batch;
  while (!stopping_.load(std::memory_order_relaxed)) {
    epoll_event ready[16];
    const int count = ::epoll_wait(epoll.get(), ready, std::size(ready), -1);
    if (count < 0 && errno != EINTR) {
      events_.push(FatalEvent{describe("epoll of the sockets", errno)});
      return;
    }
    for (int i = 0; i < count; i++) {
      if (ready[i].data.u64 < sockets_.size()) receiveFrom(ready[i].data.u64, batch);
    }
  }
}

void DataPlane::receiveFrom(std::size_t socket, DatagramBatch& batch) {
  const UdpSocket& from = sockets_[socket];
  // An error here is one that ICMP or a vanished interface left on the socket; reading it took it off. Level-triggered
  // epoll comes back for whatever is still to be read.
  const int count = batch.receive(from);
  const SaTable::Reading view(table_, kUdpReader);
  for (int i = 0; i < count; i++) {
    const SocketAddress remote = batch.remote(i);
    const Classified datagram = classify(batch.bytes(i), from.port, remote.port());
    switch (datagram.kind) {
      case DatagramKind::esp:
        handleEsp(*view, datagram.bytes);
        break;
      case DatagramKind::ike:
        events_.pushIke(socket, remote, batch.local(i, from), datagram.bytes);
        break;
      case DatagramKind::runt:
        runts_.fetch_add(1, std::memory_order_relaxed);
        break;
      case DatagramKind::keepalive:
        break;
    }
  }
}

void DataPlane::handleEsp(const SaView& view, Octets esp) {
  const SaEntry* entry = view.find(load32(esp.data()));
  if (entry == nullptr) {
    count(unknownSpi_);
    return;
  }
  const Inbound inbound = entry->sa->inbound(esp);
  if (inbound.verdict == InboundVerdict::expired) reportExpiry(*entry->sa);
  if (inbound.verdict != InboundVerdict::ok) return;
  if (::write(tun_.get(), inbound.packet.data(), inbound.packet.size()) < 0) count(sendErrors_);
}

}  // namespace adit
