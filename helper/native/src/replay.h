// The window against replay: RFC 6479's ring of blocks, and the inference of the high half of an extended
// sequence number (RFC 4303 Appendix A2.2). The twin of core/esp/replay.ts.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace adit {

constexpr std::uint32_t kMaxReplayWindow = 65536;

// One receiving thread uses it.
class ReplayWindow {
 public:
  // `packets` 0 turns the check off; ESN inference then takes the nearest of the possible numbers.
  ReplayWindow(std::uint32_t packets, bool esn);

  // The whole sequence number that `low` stands for; nothing where it would lie before the first or past the last.
  std::optional<std::uint64_t> infer(std::uint32_t low) const;
  // Neither too old nor seen: worth decrypting.
  bool fresh(std::uint64_t sequence) const;
  // To be called once the packet proved authentic. False: seen before.
  bool accept(std::uint64_t sequence);
  // As if `sequence` had been the highest so far, and everything below seen. Tests only.
  void startAfter(std::uint64_t sequence);

 private:
  std::uint32_t packets_;
  bool esn_;
  std::uint64_t top_ = 0;
  std::vector<std::uint64_t> blocks_;  // a power of two of them, one more than the window needs
};

}  // namespace adit
