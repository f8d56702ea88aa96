// ESP packets on their way to a socket, gathered into runs that one system call sends: packets of one SA and
// size towards one peer, the last of them shorter at most (UDP_SEGMENT). They are sealed to their place here.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "bytes.h"
#include "sa_table.h"

namespace adit {

// What the kernel takes at once: 64 segments, and one IP packet's worth of octets with its headers.
constexpr std::size_t kMaxRunSegments = 64;
constexpr std::size_t kMaxRunBytes = 65000;

struct Run {
  const SaEntry* entry;
  std::uint8_t trafficClass;  // of the outer header: DSCP and ECN
  Octets bytes;
  std::size_t segmentBytes;

  std::size_t segments() const { return (bytes.size() + segmentBytes - 1) / segmentBytes; }
};

class SendQueue {
 public:
  explicit SendQueue(std::function<void(const Run&)> send);

  // Room for an ESP packet of so many octets, until the next call. Sends what cannot travel with it.
  std::uint8_t* reserve(const SaEntry& entry, std::uint8_t trafficClass, std::size_t bytes);
  // The reserved room holds a packet now.
  void commit();
  // To be called before the entries that were given become invalid, and before anybody waits.
  void flush();

 private:
  std::function<void(const Run&)> send_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  const SaEntry* entry_ = nullptr;
  std::uint8_t trafficClass_ = 0;
  std::size_t used_ = 0;
  std::size_t reserved_ = 0;
  std::size_t segmentBytes_ = 0;
  std::size_t segments_ = 0;
  bool closed_ = false;  // the last one is shorter: nothing may follow
};

}  // namespace adit
