#include "coalescer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "checksum.h"

namespace adit {
namespace {

constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;
constexpr std::uint16_t kDontFragment = 0x4000;

// As memcpy; the headers of nearly all packets are between 32 and 64 octets, and two moves.
inline void copyHeader(std::uint8_t* to, const std::uint8_t* from, std::size_t bytes) {
  if (bytes < 32 || bytes > 64) {
    std::memcpy(to, from, bytes);
    return;
  }
  std::array<std::uint8_t, 32> first, last;
  std::memcpy(first.data(), from, 32);
  std::memcpy(last.data(), from + bytes - 32, 32);
  std::memcpy(to, first.data(), 32);
  std::memcpy(to + bytes - 32, last.data(), 32);
}

}  // namespace

// A packet without options, extension headers and fragments is in one of the two shapes that may be joined.
struct Coalescer::Shape {
  bool joinable = false;  // TCP or UDP with payload and without anything special
  bool flow = false;      // addresses and ports can be seen
  bool v6 = false;
  bool tcp = false;
  std::size_t upperAt = 0;
  std::size_t headerBytes = 0;
  std::size_t payloadBytes = 0;

  static Shape of(ConstOctets packet, const Offloads& offloads) {
    Shape shape;
    shape.v6 = packet[0] >> 4 == 6;
    shape.upperAt = shape.v6 ? kIpv6HeaderBytes : kIpv4HeaderBytes;
    const bool plain = shape.v6 || (packet[0] == 0x45 && (load16(&packet[6]) & ~kDontFragment) == 0);
    const std::uint8_t protocol = packet[shape.v6 ? 6 : 9];
    shape.tcp = protocol == kTcp;
    if (!plain || (!shape.tcp && protocol != kUdp)) return shape;
    const std::size_t least = shape.upperAt + (shape.tcp ? kTcpHeaderBytes : kUdpHeaderBytes);
    if (packet.size() < least) return shape;
    shape.flow = true;
    const std::uint8_t* upper = &packet[shape.upperAt];
    shape.headerBytes =
        shape.tcp ? shape.upperAt + (upper[kTcpDataOffset] >> 4) * std::size_t{4} : least;
    if (shape.headerBytes < least || shape.headerBytes >= packet.size()) return shape;
    shape.payloadBytes = packet.size() - shape.headerBytes;
    shape.joinable = shape.tcp ? offloads.tcp && joinableTcp(upper)
                               : offloads.udp && joinableUdp(upper, packet.size() - shape.upperAt);
    return shape;
  }

  // Cutting would repeat ACK and ECE on every segment and leave PSH on the last; anything else has a meaning of its own.
  static bool joinableTcp(const std::uint8_t* tcp) {
    return (tcp[kTcpFlags] & ~(kPsh | kEce)) == kAck && (tcp[kTcpDataOffset] & 0x0f) == 0;
  }

  static bool joinableUdp(const std::uint8_t* udp, std::size_t bytes) {
    return load16(udp + kUdpLength) == bytes && load16(udp + kUdpChecksum) != 0;  // zero: there is none (RFC 768)
  }

  bool checksumIsRight(ConstOctets packet) const {
    const Sum pseudo = pseudoHeader(packet.data(), tcp ? kTcp : kUdp, packet.size() - upperAt);
    if (fold(sumOf(packet.subspan(upperAt), pseudo)) != 0xffff) return false;
    return v6 || fold(sumOf(packet.first(kIpv4HeaderBytes))) == 0xffff;
  }
};

struct Coalescer::Super {
  Shape shape;
  bool open = false;      // something may follow
  bool verified = false;  // the first packet's checksums have been looked at
  std::size_t bytes = 0;  // 0: not in use
  std::size_t packets = 0;
  std::uint32_t nextSequence = 0;
  bool fixedId = false;  // IPv4: a sender that gives all its unfragmentable packets one identification
  std::unique_ptr<Frame> frame = std::make_unique_for_overwrite<Frame>();

  std::uint8_t* packet() { return frame->packet(); }
  const std::uint8_t* packet() const { return frame->packet(); }
};

Coalescer::Coalescer(Offloads offloads, std::function<void(std::unique_ptr<Frame>& frame)> put)
    : offloads_(offloads),
      put_(std::move(put)),
      supers_(new std::array<Super, kFlows>),
      landing_(std::make_unique_for_overwrite<Frame>()) {}

Coalescer::~Coalescer() = default;

std::uint8_t* Coalescer::place(std::size_t bytes) {
  tail_ = nullptr;
  // With a payload shorter than the header, the new header would lie over the one it is compared with.
  const bool fits = last_ != nullptr && last_->open && last_->bytes >= 2 * last_->shape.headerBytes &&
                    last_->bytes + bytes <= Frame::kRoomBytes;
  if (fits) {
    tail_ = last_;
    std::uint8_t* at = tail_->packet() + tail_->bytes - tail_->shape.headerBytes;
    copyHeader(covered_.data(), at, tail_->shape.headerBytes);
    return at;
  }
  return landing_->packet();
}

void Coalescer::skip() {
  if (tail_ != nullptr) restoreTail();
}

void Coalescer::restoreTail() {
  copyHeader(tail_->packet() + tail_->bytes - tail_->shape.headerBytes, covered_.data(), tail_->shape.headerBytes);
  tail_ = nullptr;
}

void Coalescer::take(Octets packet) {
  const Shape shape = Shape::of(packet, offloads_);
  if (tail_ != nullptr && shape.joinable && joins(*tail_, shape, packet.data())) {
    // The payload lies where it belongs.
    std::array<std::uint8_t, kMaxHeaderBytes> header;
    copyHeader(header.data(), packet.data(), shape.headerBytes);
    Super& super = *tail_;
    restoreTail();
    join(super, shape, header.data());
    return;
  }
  if (tail_ != nullptr) {
    std::ranges::copy(packet, landing_->packet());
    packet = {landing_->packet(), packet.size()};
    restoreTail();
  }
  if (!shape.flow) {
    // A fragment, or a protocol whose order towards others is unknown (an ICMP error, IPsec): behind everything.
    flush();
    return alone(landing_, packet.size());
  }
  Super* found = find(shape, packet.data());
  if (found != nullptr && shape.joinable && joins(*found, shape, packet.data())) {
    std::copy_n(packet.data() + shape.headerBytes, shape.payloadBytes, found->packet() + found->bytes);
    join(*found, shape, packet.data());
    return;
  }
  if (found != nullptr) finish(*found);
  if (shape.joinable) {
    begin(shape, packet.size());
  } else {
    alone(landing_, packet.size());
  }
}

// By addresses and ports.
Coalescer::Super* Coalescer::find(const Shape& shape, const std::uint8_t* packet) {
  const std::size_t from = shape.v6 ? 8 : 12;
  const std::size_t bytes = shape.v6 ? 32 : 8;
  for (Super& super : *supers_) {
    if (super.bytes == 0 || super.shape.v6 != shape.v6 || super.shape.tcp != shape.tcp) continue;
    if (std::memcmp(super.packet() + from, packet + from, bytes) == 0 &&
        std::memcmp(super.packet() + shape.upperAt, packet + shape.upperAt, 4) == 0) {
      return &super;
    }
  }
  return nullptr;
}

bool Coalescer::joins(const Super& super, const Shape& shape, const std::uint8_t* packet) const {
  const Shape& first = super.shape;
  if (!super.open || shape.v6 != first.v6 || shape.tcp != first.tcp || shape.headerBytes != first.headerBytes ||
      shape.payloadBytes > first.payloadBytes || super.bytes + shape.payloadBytes > Frame::kMaxPacketBytes) {
    return false;
  }
  if (!shape.tcp && super.packets == kMaxDatagrams) return false;
  const std::uint8_t* head = super.packet();
  const auto same = [&](std::size_t at, std::size_t bytes) { return std::memcmp(head + at, packet + at, bytes) == 0; };
  if (shape.v6) {
    // Class and flow label, next header, hop limit and addresses; the length was looked at before.
    if (!same(0, 4) || !same(6, 34)) return false;
  } else {
    if (!same(1, 1) || !same(6, 4) || !same(12, 8)) return false;
    // The identification counts up as cutting would write it; of a packet that cannot be fragmented it means nothing
    // (RFC 6864 §4.1), and some senders keep it.
    const std::uint16_t firstId = load16(head + 4);
    const std::uint16_t id = load16(packet + 4);
    const bool counts = id == static_cast<std::uint16_t>(firstId + super.packets);
    const bool stays = id == firstId && (load16(head + 6) & kDontFragment) != 0;
    if (super.packets == 1 ? !counts && !stays : super.fixedId ? !stays : !counts) return false;
  }
  const std::size_t upper = shape.upperAt;
  if (!same(upper, 4)) return false;
  if (shape.tcp) {
    // Sequence; acknowledgement and data offset; flags but PSH; window; urgent pointer and options.
    if (load32(packet + upper + kTcpSequence) != super.nextSequence || !same(upper + 8, 5) || !same(upper + 14, 2) ||
        !same(upper + 18, shape.headerBytes - upper - 18) ||
        ((head[upper + kTcpFlags] ^ packet[upper + kTcpFlags]) & ~kPsh) != 0) {
      return false;
    }
  }
  // Last, because it costs most. A packet with a wrong checksum must reach its receiver with a wrong checksum.
  return super.verified && shape.checksumIsRight({packet, shape.headerBytes + shape.payloadBytes});
}

void Coalescer::join(Super& super, const Shape& shape, const std::uint8_t* packet) {
  if (!shape.v6 && super.packets == 1) super.fixedId = load16(packet + 4) == load16(super.packet() + 4);
  super.bytes += shape.payloadBytes;
  super.packets += 1;
  super.nextSequence += static_cast<std::uint32_t>(shape.payloadBytes);
  const bool push = shape.tcp && (packet[shape.upperAt + kTcpFlags] & kPsh) != 0;
  if (push) super.packet()[shape.upperAt + kTcpFlags] |= kPsh;
  super.open = shape.payloadBytes == super.shape.payloadBytes && !push;
  last_ = &super;
}

// The packet in the landing place is the first of a super-packet.
void Coalescer::begin(const Shape& shape, std::size_t bytes) {
  auto free = std::ranges::find_if(*supers_, [](const Super& super) { return super.bytes == 0; });
  if (free == supers_->end()) {
    flush();
    free = supers_->begin();
  }
  Super& super = *free;
  std::swap(super.frame, landing_);
  const std::uint8_t* upper = super.packet() + shape.upperAt;
  super.shape = shape;
  super.bytes = bytes;
  super.packets = 1;
  super.nextSequence =
      shape.tcp ? static_cast<std::uint32_t>(load32(upper + kTcpSequence) + shape.payloadBytes) : 0;
  super.verified = shape.checksumIsRight({super.packet(), bytes});
  super.open = super.verified && !(shape.tcp && (upper[kTcpFlags] & kPsh) != 0);
  super.fixedId = false;
  last_ = &super;
}

void Coalescer::alone(std::unique_ptr<Frame>& frame, std::size_t bytes) {
  frame->bytes = bytes;
  storeVnet(frame->octets().data(), VnetHeader{});
  put_(frame);
}

void Coalescer::finish(Super& super) {
  const Octets packet{super.packet(), std::exchange(super.bytes, 0)};
  super.open = false;
  if (last_ == &super) last_ = nullptr;
  if (super.packets == 1) return alone(super.frame, packet.size());
  const Shape& shape = super.shape;
  const std::size_t upperBytes = packet.size() - shape.upperAt;
  if (shape.v6) {
    store16(&packet[4], static_cast<std::uint16_t>(packet.size() - kIpv6HeaderBytes));
  } else {
    store16(&packet[2], static_cast<std::uint16_t>(packet.size()));
    sealIpv4Header(packet.data(), kIpv4HeaderBytes);
  }
  if (!shape.tcp) store16(&packet[shape.upperAt + kUdpLength], static_cast<std::uint16_t>(upperBytes));
  // Every checksum was right. The system is told to compute what it still needs, from the pseudo-header's sum on.
  VnetHeader header{};
  header.flags = kVnetNeedsChecksum;
  header.gsoType = !shape.tcp  ? kGsoUdp
                    : shape.v6 ? kGsoTcp6
                               : kGsoTcp4;
  header.headerBytes = static_cast<std::uint16_t>(shape.headerBytes);
  header.gsoSize = static_cast<std::uint16_t>(shape.payloadBytes);
  header.checksumStart = static_cast<std::uint16_t>(shape.upperAt);
  header.checksumOffset = shape.tcp ? kTcpChecksum : kUdpChecksum;
  storeChecksum(&packet[header.checksumStart + std::size_t{header.checksumOffset}],
                fold(pseudoHeader(packet.data(), shape.tcp ? kTcp : kUdp, upperBytes)));
  super.frame->bytes = packet.size();
  storeVnet(super.frame->octets().data(), header);
  put_(super.frame);
}

void Coalescer::flush() {
  for (Super& super : *supers_) {
    if (super.bytes != 0) finish(super);
  }
}

}  // namespace adit
