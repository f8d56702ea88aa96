#include "replay.h"

#include <algorithm>
#include <bit>

namespace adit {

ReplayWindow::ReplayWindow(std::uint32_t packets, bool esn)
    : packets_(packets), esn_(esn), blocks_(packets == 0 ? 0 : std::bit_ceil((packets + 63) / 64 + 1)) {}

std::optional<std::uint64_t> ReplayWindow::infer(std::uint32_t low) const {
  if (!esn_) return low;
  const std::uint32_t window = packets_ == 0 ? 0x80000000u : packets_;
  const auto topLow = static_cast<std::uint32_t>(top_);
  const std::uint64_t topHigh = top_ >> 32;
  const std::uint32_t bottomLow = topLow - (window - 1);  // modulo 2^32
  std::uint64_t high = topHigh;
  if (topLow >= window - 1) {  // the window lies in one subspace
    if (low < bottomLow) {
      if (topHigh == 0xffffffffu) return std::nullopt;
      high = topHigh + 1;
    }
  } else if (low >= bottomLow) {  // it spans two, and this one belongs to the lower
    if (topHigh == 0) return std::nullopt;
    high = topHigh - 1;
  }
  return high << 32 | low;
}

bool ReplayWindow::fresh(std::uint64_t sequence) const {
  if (packets_ == 0) return true;
  if (sequence == 0) return false;  // the first packet carries 1 (RFC 4303 §2.2)
  if (sequence > top_) return true;
  if (top_ - sequence >= packets_) return false;
  const std::uint64_t block = blocks_[(sequence >> 6) & (blocks_.size() - 1)];
  return (block >> (sequence & 63) & 1) == 0;
}

bool ReplayWindow::accept(std::uint64_t sequence) {
  if (packets_ == 0) {
    top_ = std::max(top_, sequence);
    return true;
  }
  if (!fresh(sequence)) return false;
  const std::uint64_t mask = blocks_.size() - 1;
  if (sequence > top_) {
    const std::uint64_t passed = std::min<std::uint64_t>((sequence >> 6) - (top_ >> 6), blocks_.size());
    for (std::uint64_t i = 0; i < passed; i++) blocks_[((sequence >> 6) - i) & mask] = 0;
    top_ = sequence;
  }
  blocks_[(sequence >> 6) & mask] |= std::uint64_t{1} << (sequence & 63);
  return true;
}

void ReplayWindow::startAfter(std::uint64_t sequence) {
  top_ = sequence;
  if (blocks_.empty()) return;
  std::fill(blocks_.begin(), blocks_.end(), ~std::uint64_t{0});
  blocks_[(sequence >> 6) & (blocks_.size() - 1)] = ~std::uint64_t{0} >> (63 - (sequence & 63));
}

}  // namespace adit
