// The inverse of segments.h: packets that came out of the tunnel, gathered into super-packets which the system takes in
// one piece. Only what cutting would give back octet by octet is joined: TCP packets (and UDP, where the TUN takes it)
// of one flow with equal headers, the next sequence number, payloads of one size and right checksums. A packet that
// cannot be joined goes on alone, as it is, after those of its flow that came before it: no flow is ever reordered.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "bytes.h"
#include "frame.h"

namespace adit {

class Coalescer {
 public:
  // Which super-packets the other side takes.
  struct Offloads {
    bool tcp;
    bool udp;
  };

  // `put` gets a frame that is complete; it may keep it, and leave the buffer of another one in its place.
  Coalescer(Offloads offloads, std::function<void(std::unique_ptr<Frame>& frame)> put);

  ~Coalescer();

  // Room for `bytes` octets where the next packet should be put: where it most likely has to lie in the end, so that
  // its payload is not copied. One of take() and skip() has to follow.
  std::uint8_t* place(std::size_t bytes);
  // A whole IP packet at the place that was given, up to its own end.
  void take(Octets packet);
  // There is no packet in the place.
  void skip();
  // Everything goes out: at the end of a batch.
  void flush();

 private:
  struct Shape;  // what of a packet decides about joining
  struct Super;  // one super-packet that grows

  static constexpr std::size_t kFlows = 16;
  // Datagrams in one super-packet: as many as every system joins itself (UDP_MAX_SEGMENTS before Linux 6.9). What has more is
  // taken from us and thrown away.
  static constexpr std::size_t kMaxDatagrams = 64;
  static constexpr std::size_t kMaxHeaderBytes = 40 + 60;  // IPv6 and the longest TCP header

  bool joins(const Super& super, const Shape& shape, const std::uint8_t* packet) const;
  void join(Super& super, const Shape& shape, const std::uint8_t* packet);
  void begin(const Shape& shape, std::size_t bytes);
  void alone(std::unique_ptr<Frame>& frame, std::size_t bytes);
  // Where the super-packet of this flow is, or null.
  Super* find(const Shape& shape, const std::uint8_t* packet);
  void finish(Super& super);
  void restoreTail();

  const Offloads offloads_;
  const std::function<void(std::unique_ptr<Frame>& frame)> put_;
  const std::unique_ptr<std::array<Super, kFlows>> supers_;
  std::unique_ptr<Frame> landing_;  // where a packet is put that has no super-packet yet
  Super* last_ = nullptr;           // the one that grew last
  Super* tail_ = nullptr;           // the one at whose end the current place is
  std::array<std::uint8_t, kMaxHeaderBytes> covered_;  // its octets under the header that was put there
};

}  // namespace adit
