#include "segments.h"

namespace adit {
namespace {

bool isIpv6(ConstOctets packet) { return packet[0] >> 4 == 6; }

std::size_t ipHeaderBytes(ConstOctets packet) { return isIpv6(packet) ? 40 : (packet[0] & 15) * std::size_t{4}; }

// As it counts in a sum.
Sum wordAt(const std::uint8_t* at) {
  std::uint16_t word;
  std::memcpy(&word, at, 2);
  return word;
}

// What takes a number of 16 bits out of a sum again (RFC 1624 §3).
Sum without(std::size_t value) {
  std::uint8_t octets[2];
  store16(octets, static_cast<std::uint16_t>(~value));
  return wordAt(octets);
}

// A UDP checksum of zero means that there is none (RFC 768): the sum's other zero stands for it.
std::uint16_t finish(Sum sum, bool tcp) {
  const auto checksum = static_cast<std::uint16_t>(~fold(sum));
  return checksum == 0 && !tcp ? std::uint16_t{0xffff} : checksum;
}

}  // namespace

std::optional<Segments> Segments::of(const VnetHeader& header, Octets packet) {
  const std::uint8_t type = header.gsoType & static_cast<std::uint8_t>(~kGsoEcn);
  if (type == kGsoNone) return single(header, packet);
  const bool tcp = type == kGsoTcp4 || type == kGsoTcp6;
  const bool known = tcp || type == kGsoUdp;
  const std::size_t ipBytes = ipHeaderBytes(packet);
  const std::size_t least = tcp ? kTcpHeaderBytes : kUdpHeaderBytes;
  if (!known || header.gsoSize == 0 || header.checksumStart < ipBytes || header.checksumStart + least > packet.size()) {
    return std::nullopt;
  }
  Segments segments(packet, header.checksumStart);
  const std::uint8_t* upper = &packet[header.checksumStart];
  const std::size_t upperBytes = tcp ? (upper[kTcpDataOffset] >> 4) * std::size_t{4} : kUdpHeaderBytes;
  segments.tcp_ = tcp;
  segments.headerBytes_ = header.checksumStart + upperBytes;
  if (upperBytes < least || segments.headerBytes_ >= packet.size()) return std::nullopt;
  segments.unit_ = header.gsoSize;
  segments.count_ = (packet.size() - segments.headerBytes_ + segments.unit_ - 1) / segments.unit_;
  const std::uint8_t* ip = packet.data();
  segments.ip_ = sumOf(packet.first(ipBytes)) - wordAt(ip + 2) - wordAt(ip + 4) - wordAt(ip + 10);
  segments.identification_ = load16(ip + 4);
  if (tcp) {
    segments.sequence_ = load32(upper + kTcpSequence);
    segments.flags_ = upper[kTcpFlags];
  }
  segments.upper_ = sumOf(packet.subspan(header.checksumStart, upperBytes)) - segments.changing(upper);
  if ((header.flags & kVnetNeedsChecksum) != 0) {
    // Where the checksum will be stands the pseudo-header's sum, with the length of the whole. Not to be made anew: with a
    // routing header it has the last destination, which the IP header has not (RFC 8200 §8.1).
    segments.upper_ += without(packet.size() - header.checksumStart);
  } else {
    segments.upper_ += pseudoHeader(ip, tcp ? kTcp : kUdp, 0) - wordAt(upper + (tcp ? kTcpChecksum : kUdpChecksum));
  }
  return segments;
}

std::optional<Segments> Segments::single(const VnetHeader& header, Octets packet) {
  Segments whole(packet, 0);
  whole.headerBytes_ = packet.size();
  if ((header.flags & kVnetNeedsChecksum) == 0) return whole;
  // The field holds the pseudo-header's sum; what is missing is the sum from checksumStart on.
  const std::size_t at = std::size_t{header.checksumStart} + header.checksumOffset;
  if (header.checksumStart < ipHeaderBytes(packet) || at + 2 > packet.size()) return std::nullopt;
  const bool udp = header.checksumOffset == kUdpChecksum;
  storeChecksum(&packet[at], finish(sumOf(packet.subspan(header.checksumStart)), !udp));
  return whole;
}

Octets Segments::at(std::size_t index) {
  if (unit_ == 0) return packet_;
  std::uint8_t* ip = packet_.data() + index * unit_;
  if (index > 0) std::memmove(ip, ip - unit_, headerBytes_);
  const ConstOctets payload{ip + headerBytes_, payloadBytes(index)};
  const std::size_t length = headerBytes_ + payload.size();
  if (isIpv6(packet_)) {
    store16(ip + 4, static_cast<std::uint16_t>(length - 40));
  } else {
    store16(ip + 2, static_cast<std::uint16_t>(length));
    store16(ip + 4, static_cast<std::uint16_t>(identification_ + index));
    storeChecksum(ip + 10, static_cast<std::uint16_t>(~fold(ip_ + wordAt(ip + 2) + wordAt(ip + 4))));
  }
  std::uint8_t* upper = ip + upperAt_;
  if (tcp_) {
    writeTcp(index, upper);
  } else {
    store16(upper + kUdpLength, static_cast<std::uint16_t>(length - upperAt_));
  }
  std::uint8_t upperLength[2];
  store16(upperLength, static_cast<std::uint16_t>(length - upperAt_));
  const Sum headers = upper_ + wordAt(upperLength) + changing(upper);
  storeChecksum(upper + (tcp_ ? kTcpChecksum : kUdpChecksum), finish(sumOf(payload, headers), tcp_));
  return {ip, length};
}

Sum Segments::changing(const std::uint8_t* upper) const {
  if (!tcp_) return wordAt(upper + kUdpLength);
  return wordAt(upper + kTcpSequence) + wordAt(upper + kTcpSequence + 2) + wordAt(upper + kTcpDataOffset);
}

void Segments::writeTcp(std::size_t index, std::uint8_t* tcp) const {
  store32(tcp + kTcpSequence, static_cast<std::uint32_t>(sequence_ + index * unit_));
  tcp[kTcpFlags] = flags_;
  if (index + 1 < count_) tcp[kTcpFlags] &= static_cast<std::uint8_t>(~(kFin | kPsh));
  if (index > 0) tcp[kTcpFlags] &= static_cast<std::uint8_t>(~kCwr);
}

}  // namespace adit
