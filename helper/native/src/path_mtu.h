// What one way to a peer takes in one piece: the outer path MTU as the system knows it (interface, route, ICMP that the
// system has checked against its sockets), lowered by a black hole's sign (RFC 8899 §4.3). Asked by the sending thread
// for every packet, so reading it is one load. All SAs on the same way share one.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "udp.h"

namespace adit {

class PathMtu {
 public:
  // `family` is AF_INET or AF_INET6; `bare`: no UDP around ESP; `ear`: see hearTooBig. Until something is measured, everything fits.
  explicit PathMtu(int family, bool bare = false, FileDescriptor ear = FileDescriptor());

  // Octets of the largest ESP packet that travels in one piece.
  std::size_t room() const { return room_.load(std::memory_order_relaxed); }
  // Octets of the largest outer packet.
  std::size_t outer() const { return outer_.load(std::memory_order_relaxed); }
  // Large packets vanished here: routers are asked to fragment what they cannot take.
  bool blackHole() const { return blackHole_.load(std::memory_order_relaxed); }
  // ESP packets of more octets than these are worth a look, since a black hole may take them.
  std::size_t safeRoom() const { return safeRoom_.load(std::memory_order_relaxed); }

  // The rest is for one thread. `mtu`: what the system says now; ends a black hole whose time is over.
  void measured(std::size_t mtu, std::uint64_t nowMs);
  // Packets above safeRoom() do not arrive: at first 1280 octets and fragments where even that is too much, then the
  // least there is; for ten minutes (RFC 8899 §5.1.1).
  void vanishing(std::uint64_t nowMs);
  // Whether it is time to ask the system again.
  bool due(std::uint64_t nowMs);

 private:
  std::size_t headers() const;
  void publish();

  const int family_;
  const bool bare_;
  const FileDescriptor ear_;
  std::size_t system_;
  std::size_t lowered_ = 0;  // 0: no black hole
  std::uint64_t raiseAt_ = 0;
  std::uint64_t askAt_ = 0;
  std::atomic<std::size_t> outer_, room_, safeRoom_;
  std::atomic<bool> blackHole_{false};
};

// The ways of a data plane's sockets.
class PathMtus {
 public:
  explicit PathMtus(std::vector<UdpSpec> sockets) : sockets_(std::move(sockets)) {}

  // `fresh`: what was known of this way is no longer so (the machine has moved), but for what was begun anew in the last half second.
  std::shared_ptr<PathMtu> of(std::size_t socket, const SocketAddress& remote, bool fresh);
  // For the sending thread: asks the system again when it is time, or at once. Costs a look at the clock otherwise.
  void refresh(std::size_t socket, const SocketAddress& remote, PathMtu& mtu, bool atOnce) const;

  struct Known {
    std::size_t socket;
    SocketAddress remote;
    std::weak_ptr<PathMtu> mtu;
    std::uint64_t sinceMs;
  };

  std::vector<Known> known();

 private:
  // Octets, or nothing where there is no route.
  std::optional<std::size_t> ask(std::size_t socket, const SocketAddress& remote) const;

  const std::vector<UdpSpec> sockets_;
  std::mutex mutex_;
  std::vector<Known> known_;
};

// Milliseconds of a clock that costs next to nothing and is some milliseconds late.
std::uint64_t coarseMs();

}  // namespace adit
