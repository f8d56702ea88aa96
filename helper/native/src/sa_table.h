// The SAs of a data plane, read by its threads without a lock. A writer publishes a new table and waits until every
// thread has left the old one; only then does an SA that is gone wipe its keys (read-copy-update).
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "path_mtu.h"
#include "sa.h"
#include "udp.h"

namespace adit {

// Where outbound ESP goes: a socket of the data plane, and the peer.
struct Path {
  std::size_t socket;
  SocketAddress remote;
  std::size_t burst;  // packets that may leave back to back
  std::shared_ptr<PathMtu> mtu;  // never null; shared by all SAs on this way
};

// Packets back to back where the path does not say: all that one call sends. Between two data planes 16 cost a third of
// the throughput.
constexpr std::size_t kDefaultBurst = 64;

struct SaEntry {
  std::shared_ptr<Sa> sa;
  Path path;
  bool retired;  // carries nothing outbound any more
};

struct SaView {
  std::vector<SaEntry> newestFirst;
  std::unordered_map<std::uint32_t, std::size_t> bySpiIn;  // index in newestFirst

  // The newest SA that may carry the packet outbound.
  const SaEntry* select(const Inner& inner) const;
  const SaEntry* find(std::uint32_t spiIn) const;
};

class SaTable {
 public:
  static constexpr std::size_t kReaders = 2;

  SaTable() = default;
  ~SaTable();
  SaTable(const SaTable&) = delete;
  SaTable& operator=(const SaTable&) = delete;

  // While it lives, the view it gives stays. Each reading thread has a number of its own, and one at a time.
  class Reading {
   public:
    Reading(SaTable& table, std::size_t reader);
    ~Reading() { place_.store(0, std::memory_order_release); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    const SaView& operator*() const { return *view_; }
    const SaView* operator->() const { return view_; }

   private:
    std::atomic<std::uint64_t>& place_;
    const SaView* view_;
  };

  // Throws StateError where the SPI is taken.
  void install(std::shared_ptr<Sa> sa, const Path& path, bool standby = false);
  // When it returns no thread uses the SA, and its keys are wiped. False: no such SPI.
  bool remove(std::uint32_t spiIn);
  bool retire(std::uint32_t spiIn);
  bool setPath(std::uint32_t spiIn, const Path& path);
  void clear();
  // Stops every SA whose time has come at `now` (monotonicMs()), wipes the keys of all that have met a limit, and tells each
  // of these once. Returns when it has to be asked again; kNever where no SA has a limit of time. Not for a thread
  // that is reading.
  std::uint64_t settle(std::uint64_t now, const std::function<void(Sa&)>& ended);

  template <class Visitor>
  void each(Visitor visit) {
    const std::lock_guard lock(writing_);
    for (const SaEntry& entry : view_.load()->newestFirst) visit(entry);
  }

 private:
  template <class Change>
  bool change(std::uint32_t spiIn, Change apply);
  void publish(std::vector<SaEntry> entries);

  struct alignas(64) Place {
    std::atomic<std::uint64_t> epoch{0};  // 0: not reading
  };

  std::mutex writing_;
  std::atomic<std::uint64_t> epoch_{1};
  std::array<Place, kReaders> places_;
  std::atomic<const SaView*> view_{new SaView};
};

}  // namespace adit
