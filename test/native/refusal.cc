// What becomes of packets that the library of ipsec_mb.h will not encrypt: three of them go through a Sender over an SA with
// AES-CBC, once with a library that does its work and once with one that refuses. Prints how many left, whether they were
// encrypted, and how many were counted as errors (test/system/refusal.test.ts). The library here is this file's own.
#include <algorithm>
#include <cstdio>

#include "pair.h"
#include "sender.h"

namespace {

bool refuses = false;

class OwnCbc final : public adit::ManyCbc {
 public:
  bool encrypt(std::span<const Piece> pieces) override {
    if (refuses) return false;
    for (const Piece& piece : pieces) std::ranges::fill(piece.data, 0xee);
    return true;
  }
};

}  // namespace

// In place of those in ipsec_mb.cc, which the linker then has no need of.
namespace adit {

bool hasIpsecMb() { return true; }
std::unique_ptr<Aead> ipsecMbGcm(ConstOctets, std::size_t, Direction) { return nullptr; }
std::unique_ptr<ManyCbc> ipsecMbCbc(ConstOctets) { return std::make_unique<OwnCbc>(); }

}  // namespace adit

namespace {

using namespace adit;

void send() {
  constexpr test::SuiteRow kSuite{test::kCbc, 16, test::kHmacSha256, 32, false};
  Tally tally;
  SaTable table;
  const auto mtu = std::make_shared<PathMtu>(AF_INET);
  table.install(test::makeSa(kSuite, 9, 9, 1, 2), Path{0, {}, kDefaultBurst, mtu});
  std::size_t left = 0;
  bool encrypted = true;
  Sender sender(
      tally,
      [&](const Run& run) {
        left += run.segments();
        for (std::size_t at = 0; at < run.bytes.size(); at += run.segmentBytes) encrypted &= run.bytes[at + 24] == 0xee;
      },
      [](Sa&) {}, Narrow(tally, [](Octets) {}, [](const SocketAddress&) {}, [] { return std::uint64_t{0}; }));
  {
    const SaTable::Reading view(table, 0);
    for (int i = 0; i < 3; i++) {
      std::array<std::uint8_t, 100 + kTrailerRoom> packet{0x45, 0, 0, 100};
      packet[9] = 253;  // for experiments (RFC 3692 §2.1)
      sender.frame(*view, VnetHeader{}, Octets(packet).first(100));
    }
    sender.flush();
  }
  std::printf("{\"left\":%zu,\"encrypted\":%s,\"sendErrors\":%llu}", left, encrypted ? "true" : "false",
              static_cast<unsigned long long>(get(tally.sendErrors)));
}

}  // namespace

int main() {
  std::printf("[");
  send();
  std::printf(",");
  refuses = true;
  send();
  std::printf("]\n");
}
