// An IPv4 packet as fragments (RFC 791 §3.2), cut before it is encrypted: the ESP packets then need no reassembly, which
// many routers, NATs and gateways refuse or do badly (RFC 4459 §3.2, RFC 8900).
#pragma once
#include "bytes.h"

namespace adit {

class Fragments {
 public:
  // A whole packet with a header of 20 octets and without DF, which may be a fragment itself; `most`: octets of a
  // fragment, 28 at least.
  Fragments(ConstOctets packet, std::size_t most) : packet_(packet), unit_((most - kHeader) & ~std::size_t{7}) {}

  static constexpr std::size_t kHeader = 20;
  std::size_t count() const { return (packet_.size() - kHeader + unit_ - 1) / unit_; }
  // Writes fragment `index` to `to`, unit octets and a header of room. Returns it.
  Octets write(std::size_t index, std::uint8_t* to) const;

 private:
  ConstOctets packet_;
  std::size_t unit_;  // payload octets of every fragment but the last
};

}  // namespace adit
