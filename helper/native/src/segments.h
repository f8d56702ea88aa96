// A packet from the TUN as the packets that travel: itself, or the segments of a super-packet that the system left to
// us to cut (TSO and USO). Fields as the system's own segmentation would have written them: TCP sequence numbers, FIN
// and PSH on the last segment and CWR on the first only, IPv4 identifications counted up, lengths and checksums.
#pragma once
#include <cstdint>
#include <optional>

#include "checksum.h"
#include "vnet.h"

namespace adit {

class Segments {
 public:
  // Nothing where header and packet contradict each other. `packet` ends where its IP header says; its octets become those of
  // the segments.
  static std::optional<Segments> of(const VnetHeader& header, Octets packet);

  std::size_t count() const { return count_; }
  std::size_t bytes(std::size_t index) const { return headerBytes_ + payloadBytes(index); }
  // The segment where its payload lies, behind a header of its own that is made of the one before: to be asked for once each and in
  // their order, and good until the next one is.
  Octets at(std::size_t index);

 private:
  Segments(Octets packet, std::size_t upperAt) : packet_(packet), upperAt_(upperAt) {}
  static std::optional<Segments> single(const VnetHeader& header, Octets packet);
  std::size_t payloadBytes(std::size_t index) const {
    return index + 1 < count_ ? unit_ : packet_.size() - headerBytes_ - index * unit_;
  }
  void writeTcp(std::size_t index, std::uint8_t* tcp) const;
  // The sum of what differs from segment to segment, in the header of TCP or UDP.
  Sum changing(const std::uint8_t* upper) const;

  Octets packet_;
  std::size_t upperAt_;  // where TCP or UDP starts
  std::size_t headerBytes_ = 0;
  std::size_t unit_ = 0;  // payload octets of every segment but the last
  std::size_t count_ = 1;
  bool tcp_ = false;
  std::uint32_t sequence_ = 0;  // TCP's, of the whole
  std::uint16_t identification_ = 0;  // IPv4's
  std::uint8_t flags_ = 0;  // TCP's
  // What the headers of all segments have in common: IPv4's without length, identification and checksum; and the pseudo-header
  // without its length, as the system wrote it where it did, with that of TCP (without sequence number, flags and checksum) or
  // UDP (without length and checksum).
  Sum ip_ = 0, upper_ = 0;
};

}  // namespace adit
