#include "data_plane.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "dont_fragment.h"
#include "failure.h"
#include "raw_esp.h"

namespace adit {
namespace {

constexpr std::size_t kTunReader = 0;
constexpr std::size_t kUdpReader = 1;

// Frames between two looks at the table: bounds how long removeChild waits.
constexpr std::size_t kFramesPerBatch = 64;

static_assert(Frame::kMaxPacketBytes + kTrailerRoom <= Frame::kRoomBytes, "a packet is sealed where it was read");

// After a large batch of arrivals: longer than the gaps between those of a stream.
constexpr std::uint64_t kStreamMs = 2;

// With three, four streams lose what one gains from a thread that writes; with two, all lose (docs/performance.md).
constexpr int kCoresForWriter = 4;

// What passes every IPv4 path with its headers (RFC 791 §3.2).
constexpr std::size_t kAlwaysFits = 576 - 28;
// Where no more fits, the largest packets may be no larger than that: a block less.
constexpr std::size_t kCramped = kAlwaysFits + kMaxBlockBytes;
constexpr std::size_t kPiecesOfIke = 1280;

// A rest of microseconds must not become one of the 50 µs more that the system adds by itself.
void sleepExactly() { ::prctl(PR_SET_TIMERSLACK, 1); }

// Those that this process may run on.
int cores() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string describe(const char* what, int error) { return std::string(what) + ": " + std::strerror(error); }

}  // namespace

DataPlane::DataPlane(FileDescriptor tun, const std::vector<UdpSpec>& sockets, std::function<void()> wake)
    : tun_(std::move(tun)),
      waiting_(tun_.get()),
      tunFeatures_(enableOffloads(tun_.get())),
      frameHeaderBytes_(tunFeatures_.vnet ? kVnetBytes : 0),
      specs_(sockets),
      mtus_(sockets),
      events_(std::move(wake)),
      writer_([this](Octets frame) { writeFrame(frame); }, cores() >= kCoresForWriter),
      sender_(
          tally_, [this](const Run& run) { send(run); }, [this](Sa& sa) { reportExpiry(sa); },
          Narrow(
              tally_, [this](Octets frame) { writeFrame(frame); },
              [this](const SocketAddress& peer) { events_.push(UnansweredEvent{peer}); }, coarseMs)),
      frame_(std::make_unique_for_overwrite<Frame>()) {
  sockets_.reserve(sockets.size());
  for (const UdpSpec& spec : sockets) {
    sockets_.push_back(UdpSocket::open(spec));
    waiting_.watch(sockets_.back().descriptor.get(), sockets_.size() - 1);
  }
  shortcuts_.reserve(sockets.size());
  for (std::size_t i = 0; i < sockets.size(); i++) {
    const UdpSocket* beside = shortcuts_.emplace_back(sockets[i], sockets_[i]).socket();
    if (beside != nullptr) waiting_.watch(beside->descriptor.get(), sockets_.size() + i);
  }
  waiting_.watchRare(lifeTimer_.descriptor(), Waiting::kLives);
  unreachable_.emplace(sockets_);
  for (std::size_t i = 0; i < unreachable_->ears().size(); i++) {
    waiting_.watchRare(unreachable_->ears()[i].descriptor.get(), Waiting::kEars + i);
  }
  try {
    start(tunThread_, "adit-tun", &DataPlane::runTun);
    start(udpThread_, "adit-udp", &DataPlane::runUdp);
    if (writer_.helped()) start(writerThread_, "adit-write", &DataPlane::runWriter);
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
  waiting_.stop();
  writer_.stop();
  if (tunThread_.joinable()) tunThread_.join();
  if (udpThread_.joinable()) udpThread_.join();
  if (writerThread_.joinable()) writerThread_.join();
  table_.clear();
  unreachable_.reset();
  shortcuts_.clear();
  sockets_.clear();
  tun_ = FileDescriptor();
}

void DataPlane::install(std::shared_ptr<Sa> sa, const Path& path, bool standby) {
  const std::uint64_t endsAt = sa->endsAt();
  table_.install(std::move(sa), path, standby);
  lifeTimer_.noLaterThan(endsAt);
  filterBareSockets();
  shortcuts_[path.socket].lead(path.remote);
  waiting_.tellNews();
}

void DataPlane::setPath(std::uint32_t spiIn, const Path& path) {
  if (table_.setPath(spiIn, path)) shortcuts_[path.socket].lead(path.remote);
}

void DataPlane::renewPort(std::size_t socket) {
  UdpSpec spec = specs_[socket];
  spec.port = 0;
  UdpSocket fresh = UdpSocket::open(spec);
  Shortcut beside(spec, fresh);
  {
    const std::lock_guard lock(sending_);
    sockets_[socket].become(std::move(fresh));
  }
  shortcuts_[socket].become(std::move(beside));
  waiting_.tellNews();
}

void DataPlane::remove(std::uint32_t spiIn) {
  if (table_.remove(spiIn)) filterBareSockets();
}

// By the SPIs of all SAs, whichever way theirs goes now: the peer may have changed over before us.
void DataPlane::filterBareSockets() {
  std::vector<std::uint32_t> spis;
  table_.each([&](const SaEntry& entry) { spis.push_back(entry.sa->spiIn()); });
  for (const UdpSocket& socket : sockets_) {
    if (socket.bare) passOnly(socket.descriptor.get(), socket.family, spis);
  }
}

bool DataPlane::connected() const {
  for (std::size_t i = 0; i < sockets_.size(); i++) {
    if (!sockets_[i].bare && shortcuts_[i].socket() == nullptr) return false;
  }
  return true;
}

PlaneCounters DataPlane::counters() const {
  return {
      .unknownSpi = get(tally_.unknownSpi),
      .runts = get(tally_.runts),
      .noSa = get(tally_.noSa),
      .sendErrors = get(tally_.sendErrors),
      .ikeDrops = events_.ikeDrops(),
      .ecnDrops = get(tally_.ecnDrops),
      .tooBig = get(tally_.tooBig),
  };
}

void DataPlane::sendIke(std::size_t socket, const SocketAddress& remote, ConstOctets bytes, bool keepalive) {
  static constexpr std::uint8_t marker[4] = {};
  UdpSocket& from = sockets_[socket];
  const bool bare = keepalive || withoutMarker(from.port, remote.port());
  // A large message may be fragmented, whatever ESP is doing on this socket: nobody tells IKE that it was too big.
  std::unique_lock<std::mutex> lock;
  if (bytes.size() > kAlwaysFits) {
    lock = std::unique_lock(sending_);
    setDontFragment(from, kPiecesOfIke);
  }
  if (!sendDatagram(from, remote, bare ? ConstOctets{} : ConstOctets{marker}, bytes)) count(tally_.sendErrors);
}

void DataPlane::reportExpiry(Sa& sa) {
  const Expiry reason = sa.takeExpiry();
  if (reason == Expiry::none) return;
  events_.push(ExpiredEvent{sa.spiIn(), reason});
  lifeTimer_.noLaterThan(0);  // for its keys
}

// Beside the packets, so that no limit of time costs them anything; and in no need of JavaScript, which may hang.
void DataPlane::endLives() {
  lifeTimer_.forget();
  lifeTimer_.noLaterThan(table_.settle(monotonicMs(), [this](Sa& sa) { reportExpiry(sa); }));
}

// Once a second at most: JavaScript asks the peer then, and more of the same would tell it nothing new.
void DataPlane::hear(const Unreachable::Ear& ear) {
  const std::optional<SocketAddress> remote = unreachable_->take(ear);
  const std::uint64_t now = monotonicMs();
  if (!remote || now < deafUntil_) return;
  deafUntil_ = now + 1000;
  events_.push(UnreachableEvent{*remote});
}

// TUN -> ESP -> UDP ---------------------------------------------------------------------------------------------------

void DataPlane::runTun() {
  sleepExactly();
  Moderation moderation;
  try {
    while (waiting_.awaitLoan()) {
      while (const short flags = waiting_.awaitTun()) {
        const Carried carried = fromTun(flags);
        if (carried.frames < kFramesPerBatch) moderation.rest(carried.octets, carried.frames, pace());
      }
      waiting_.giveTunBack();
    }
  } catch (const SystemFailure& failure) {
    reportTun(failure);
  }
}

const Rests& DataPlane::pace() const {
  return monotonicMs() - largeArrival_.load(std::memory_order_relaxed) <= kStreamMs ? kAnswers : kDepartures;
}

void DataPlane::reportTun(const SystemFailure& failure) {
  const std::string call = std::string(failure.syscall) + " from the TUN";
  events_.push(FatalEvent{describe(call.c_str(), failure.error)});
}

DataPlane::Carried DataPlane::fromTun(short flags) {
  const std::lock_guard lock(sending_);
  const Carried carried = forwardOutbound();
  if (carried.frames == 0 && (flags & (POLLERR | POLLNVAL)) != 0) throw SystemFailure("read", "TUN", ENODEV);
  return carried;
}

DataPlane::Carried DataPlane::forwardOutbound() {
  const SaTable::Reading view(table_, kTunReader);
  std::uint8_t* packet = frame_->packet();
  Carried carried;
  for (; carried.frames < kFramesPerBatch; carried.frames++) {
    const ssize_t read = ::read(tun_.get(), packet - frameHeaderBytes_, frameHeaderBytes_ + Frame::kMaxPacketBytes);
    if (read < 0 && errno != EAGAIN && errno != EINTR) throw SystemFailure("read", "TUN");
    if (read <= 0) break;
    const auto length = static_cast<std::size_t>(read);
    carried.octets += length;
    if (length <= frameHeaderBytes_) continue;
    const VnetHeader header = tunFeatures_.vnet ? loadVnet(packet - kVnetBytes) : VnetHeader{};
    sender_.frame(*view, header, {packet, length - frameHeaderBytes_});
  }
  sender_.flush();
  return carried;
}

void DataPlane::send(const Run& run) {
  const Path& path = run.entry->path;
  UdpSocket& socket = sockets_[path.socket];
  PathMtu& mtu = *path.mtu;
  const bool large = run.segmentBytes > kAlwaysFits;
  if (large) setDontFragment(socket, run.segmentBytes > mtu.room() || mtu.blackHole() ? mtu.outer() : 0);
  const std::size_t lost = sendDatagrams(socket, path.remote, run.trafficClass, run.bytes, run.segmentBytes);
  if (lost > 0) count(tally_.sendErrors, lost);
  if (large || mtu.room() < kCramped) mtus_.refresh(path.socket, path.remote, mtu, large && lost > 0);
}

// UDP -> ESP -> TUN ---------------------------------------------------------------------------------------------------

void DataPlane::runUdp() {
  sleepExactly();
  DatagramBatch batch;
  Moderation arrivals;
  Moderation departures;
  Receiver receiver(
      tally_, {.tcp = tunFeatures_.vnet, .udp = tunFeatures_.uso},
      [this](std::unique_ptr<Frame>& frame) { writer_.put(frame); }, [this](Sa& sa) { reportExpiry(sa); });
  try {
    while (!stopping_.load(std::memory_order_relaxed)) {
      for (const auto& [number, flags] : waiting_.wait()) {
        if (number == Waiting::kStop) continue;
        if (number == Waiting::kLives) {
          endLives();
          continue;
        }
        if (number == Waiting::kNews) {
          takeEarly(receiver);
          continue;
        }
        if (const std::uint64_t ear = number - Waiting::kEars; ear < unreachable_->ears().size()) {
          hear(unreachable_->ears()[ear]);
          continue;
        }
        const bool inbound = number != Waiting::kTun;
        const Carried carried = inbound ? receiveFrom(number, batch, receiver) : lookAtTun(flags);
        const bool large = carried.octets >= kLargeBatchBytes;
        if (inbound && large) largeArrival_.store(monotonicMs(), std::memory_order_relaxed);
        Moderation& moderation = inbound ? arrivals : departures;
        if (!inbound || batch.drained()) moderation.rest(carried.octets, carried.frames, inbound ? kArrivals : pace());
        if (large || moderation.quick()) waiting_.lendTun();
      }
    }
  } catch (const SystemFailure& failure) {
    events_.push(FatalEvent{describe("poll of the sockets", failure.error)});
  }
}

DataPlane::Carried DataPlane::lookAtTun(short flags) {
  try {
    return fromTun(flags);
  } catch (const SystemFailure& failure) {
    waiting_.forgetTun();
    reportTun(failure);
    return {};
  }
}

void DataPlane::takeEarly(Receiver& receiver) {
  waiting_.hearNews();
  const SaTable::Reading view(table_, kUdpReader);
  receiver.early(*view);
  receiver.flush();
  writer_.flush();
}

DataPlane::Carried DataPlane::receiveFrom(std::size_t number, DatagramBatch& batch, Receiver& receiver) {
  const std::size_t socket = number % sockets_.size();
  const UdpSocket& from = number < sockets_.size() ? sockets_[socket] : *shortcuts_[socket].socket();
  // An error here is one that ICMP or a vanished interface left on the socket; reading it took it off. The next wait comes
  // back for whatever is still to be read.
  const int count = batch.receive(from);
  Carried carried;
  {
    const SaTable::Reading view(table_, kUdpReader);
    receiver.early(*view);
    for (int i = 0; i < count; i++) {
      const Arrival arrival = batch.arrival(i, from);
      carried.octets += arrival.bytes.size();
      carried.frames += handleArrival(*view, socket, arrival, receiver);
    }
    receiver.flush();
  }
  writer_.flush();
  return carried;
}

std::size_t DataPlane::handleBare(const SaView& view, std::size_t socket, const Arrival& arrival, Receiver& receiver) {
  const Octets esp = withoutIpHeader(sockets_[socket].family, arrival.bytes);
  if (esp.size() < kEspHeaderBytes) {
    count(tally_.runts);
  } else {
    const ConstOctets one = esp;
    receiver.esp(view, {&one, 1}, arrival.trafficClass);
  }
  return 1;
}

std::size_t DataPlane::handleArrival(const SaView& view, std::size_t socket, const Arrival& arrival, Receiver& receiver) {
  if (sockets_[socket].bare) return handleBare(view, socket, arrival, receiver);
  std::array<ConstOctets, kMostTogether> esp;
  std::size_t waiting = 0;
  const auto hand = [&] { receiver.esp(view, {esp.data(), std::exchange(waiting, 0)}, arrival.trafficClass); };
  Octets rest = arrival.bytes;
  std::size_t datagrams = 0;
  do {
    datagrams += 1;
    const Octets bytes = rest.first(std::min(arrival.segmentBytes, rest.size()));
    rest = rest.subspan(bytes.size());
    const Classified datagram = classify(bytes, sockets_[socket].port, arrival.remote.port());
    switch (datagram.kind) {
      case DatagramKind::esp:
        esp[waiting++] = datagram.bytes;
        if (waiting == esp.size()) hand();
        break;
      case DatagramKind::ike:
        if (isProtected(datagram.bytes)) add(tally_.ikeIn, 1);
        events_.pushIke(socket, arrival.remote, arrival.local, datagram.bytes);
        break;
      case DatagramKind::runt:
        count(tally_.runts);
        break;
      case DatagramKind::keepalive:
        break;
    }
  } while (!rest.empty());
  hand();
  return datagrams;
}

void DataPlane::runWriter() {
  sleepExactly();
  writer_.run();
}

void DataPlane::writeFrame(Octets frame) {
  const Octets taken = frame.subspan(kVnetBytes - frameHeaderBytes_);
  if (::write(tun_.get(), taken.data(), taken.size()) < 0) count(tally_.sendErrors);
}

}  // namespace adit
