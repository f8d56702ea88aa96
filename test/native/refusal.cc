// What becomes of packets where the library of ipsec_mb.h refuses its work, which this file has in its place: some go through a
// Sender over an SA with AES-CBC, and others come in over one without encryption. Prints how many left or came through, whether
// they were encrypted, and what was counted (test/system/refusal.test.ts).
#include <algorithm>
#include <cstdio>

#include "pair.h"
#include "receiver.h"
#include "sender.h"

namespace {

enum class Does { work, refuseToEncrypt, refuseToAuthenticate };
Does does = Does::work;

class OwnCbc final : public adit::ManyCbc {
 public:
  bool encrypt(std::span<const Piece> pieces) override {
    if (does == Does::refuseToEncrypt) return false;
    for (const Piece& piece : pieces) std::ranges::fill(piece.data, 0xee);
    return true;
  }
};

// What it writes is no HMAC, so that it can be told from one.
class OwnHmac final : public adit::ManyHmac {
 public:
  bool compute(std::span<const Piece> pieces) override {
    for (const Piece& piece : pieces) std::fill_n(piece.icv, 16, 0xdd);
    return does != Does::refuseToAuthenticate;
  }
};

int manager = 0;

}  // namespace

// In place of those in ipsec_mb.cc, which the linker then has no need of.
namespace adit {

bool hasIpsecMb() { return true; }
std::unique_ptr<Aead> ipsecMbGcm(ConstOctets, std::size_t, Direction) { return nullptr; }
Together openTogether() {
  return {reinterpret_cast<IMB_MGR*>(&manager), [](IMB_MGR*) {}};
}
std::unique_ptr<ManyCbc> ipsecMbCbc(Together, ConstOctets) { return std::make_unique<OwnCbc>(); }
std::unique_ptr<ManyHmac> ipsecMbHmac(Together, const IntegrityRow&, ConstOctets) { return std::make_unique<OwnHmac>(); }

}  // namespace adit

namespace {

using namespace adit;

constexpr std::size_t kPacketBytes = 100;

std::array<std::uint8_t, kPacketBytes + kTrailerRoom> packet() {
  std::array<std::uint8_t, kPacketBytes + kTrailerRoom> octets{0x45, 0, 0, kPacketBytes};
  octets[9] = 253;  // for experiments (RFC 3692 §2.1)
  return octets;
}

void send(int packets) {
  constexpr test::SuiteRow kSuite{test::kCbc, 16, test::kHmacSha256, 32, false};
  Tally tally;
  SaTable table;
  const auto mtu = std::make_shared<PathMtu>(AF_INET);
  table.install(test::makeSa(kSuite, 9, 9, 1, 2), Path{0, {}, kDefaultBurst, mtu});
  std::size_t left = 0;
  bool encrypted = true;
  std::size_t together = 0;  // ICVs by the library
  Sender sender(
      tally,
      [&](const Run& run) {
        left += run.segments();
        for (std::size_t at = 0; at < run.bytes.size(); at += run.segmentBytes) {
          const Octets esp = run.bytes.subspan(at, std::min(run.segmentBytes, run.bytes.size() - at));
          encrypted &= esp[24] == 0xee;
          if (std::ranges::all_of(esp.last(16), [](std::uint8_t octet) { return octet == 0xdd; })) together += 1;
        }
      },
      [](Sa&) {}, Narrow(tally, [](Octets) {}, [](const SocketAddress&) {}, [] { return std::uint64_t{0}; }));
  {
    const SaTable::Reading view(table, 0);
    for (int i = 0; i < packets; i++) {
      auto octets = packet();
      sender.frame(*view, VnetHeader{}, Octets(octets).first(kPacketBytes));
    }
    sender.flush();
  }
  std::printf("{\"left\":%zu,\"encrypted\":%s,\"together\":%zu,\"sendErrors\":%llu}", left, encrypted ? "true" : "false",
              together, static_cast<unsigned long long>(get(tally.sendErrors)));
}

// Packets with right ICVs, which the library would call wrong.
void receive(int packets) {
  constexpr test::SuiteRow kSuite{test::kNull, 0, test::kHmacSha256, 32, false};
  const auto peer = test::makeSa(kSuite, 9, 9, 1, 1);
  std::vector<std::vector<std::uint8_t>> esp(packets, std::vector<std::uint8_t>(peer->sealedBytes(kPacketBytes)));
  std::vector<ConstOctets> views;
  for (auto& one : esp) {
    auto octets = packet();
    views.push_back(peer->outbound(Octets(octets).first(kPacketBytes), 4, one.data()));
    peer->finish();  // one alone: not by the library
  }
  Tally tally;
  SaTable table;
  const auto sa = test::makeSa(kSuite, 9, 9, 1, 1);
  table.install(sa, Path{0, {}, kDefaultBurst, std::make_shared<PathMtu>(AF_INET)});
  Receiver receiver(tally, {.tcp = true, .udp = true}, [](std::unique_ptr<Frame>&) {}, [](Sa&) {});
  {
    const SaTable::Reading view(table, 1);
    receiver.esp(*view, views, 0);
    receiver.flush();
  }
  std::printf("{\"through\":%llu,\"authFailures\":%llu}", static_cast<unsigned long long>(sa->counters().packetsIn),
              static_cast<unsigned long long>(sa->counters().authFailures));
}

}  // namespace

int main() {
  const char* before = "[";
  for (const Does now : {Does::work, Does::refuseToEncrypt, Does::refuseToAuthenticate}) {
    does = now;
    for (const int packets : {3, 20}) {
      std::printf("%s[", before);
      send(packets);
      std::printf(",");
      receive(packets);
      std::printf("]");
      before = ",";
    }
  }
  std::printf("]\n");
}
