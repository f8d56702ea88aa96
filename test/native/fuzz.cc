// The fuzzer of the packet path: frames from the TUN into a Sender, ESP into a Receiver, under the right keys, with
// everything wrong that can be wrong behind them. Every packet lies in an allocation of exactly its size, so that
// AddressSanitizer sees one octet too many. Built by scripts/build-native.sh --sanitize address, run by
// test/system/packet-fuzz.test.ts.
//
//   fuzz run PACKETS SEED       counts what happened, as a line of JSON; exits with 1 where an invariant broke
//   fuzz verdicts PACKETS SEED  what became of each ESP packet, for core/esp to judge: see printSession, printVerdict
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "packets.h"
#include "receiver.h"
#include "segments.h"
#include "sender.h"
#include "too_big.h"
#include "udp.h"
#include "unreachable.h"

namespace adit::test {
namespace {

constexpr std::uint32_t kLooped = 0x1001;   // takes what our own Sender made
constexpr std::uint32_t kForeign = 0x2002;  // takes what is made here
constexpr std::uint64_t kSeed = 11;         // of every key

[[noreturn]] void broken(const char* what) {
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::exit(1);
}

// Octets in an allocation of their own, without room at the end, or with as much as is said.
class Exact {
 public:
  explicit Exact(ConstOctets octets, std::size_t room = 0)
      : size_(octets.size()), room_(room), octets_(new std::uint8_t[size_ + room]) {
    if (size_ > 0) std::memcpy(octets_.get(), octets.data(), size_);
    for (std::size_t i = 0; i < room; i++) octets_[size_ + i] = mark(i);
  }
  Octets get() { return {octets_.get(), size_}; }
  // Whether the room holds what it held at first.
  bool roomIsAsItWas() const {
    for (std::size_t i = 0; i < room_; i++) {
      if (octets_[size_ + i] != mark(i)) return false;
    }
    return true;
  }

 private:
  static std::uint8_t mark(std::size_t at) { return static_cast<std::uint8_t>(0xa5 + 7 * at); }

  std::size_t size_, room_;
  std::unique_ptr<std::uint8_t[]> octets_;
};

// ESP under the right key ----------------------------------------------------------------------------------------------

// What stands between the IV and the ICV, before encryption: a packet with right or wrong padding and trailer.
Bytes randomClear(Random& random, std::size_t block) {
  static constexpr std::uint8_t kNext[] = {4, 41, 4, 41, 59, 0, 6, 255};
  Bytes clear;
  if (random.chance(90)) clear = anyFrame(random).packet;
  if (random.chance(10)) clear.resize(clear.size() + random.below(300));  // traffic flow padding
  if (clear.size() > 65000) clear.resize(65000);
  const bool v6 = !clear.empty() && clear[0] >> 4 == 6;
  std::size_t padding = (block - (clear.size() + 2) % block) % block;
  if (random.chance(10)) padding += block * random.below(255 / block);
  for (std::size_t i = 1; i <= padding; i++) clear.push_back(static_cast<std::uint8_t>(i));
  clear.push_back(static_cast<std::uint8_t>(padding));
  clear.push_back(random.chance(70) ? (v6 ? 41 : 4) : random.pick(kNext));
  if (random.chance(15)) clear[clear.size() - 2] = random.chance(50) ? random.octet() : 255;
  if (padding > 0 && random.chance(10)) clear[clear.size() - 3] ^= 1;
  return clear;
}

// By OpenSSL itself and not by a Transform, which would not write wrong padding. For NULL and AES-CBC with
// HMAC-SHA2-256.
Bytes sealClear(const SuiteRow& row, std::uint64_t sequence, const Bytes& clear, Random& random) {
  const Keys keys(kSeed);
  const std::size_t ivBytes = row.encryption == kCbc ? 16 : 0;
  Bytes esp(8 + ivBytes + clear.size());
  store32(&esp[0], kForeign);
  store32(&esp[4], static_cast<std::uint32_t>(sequence));
  random.fill(Octets(esp).subspan(8, ivBytes));
  if (row.encryption == kCbc) {
    const std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree> cipher(EVP_CIPHER_CTX_new());
    int written = 0;
    if (EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, keys.encryption.data(), &esp[8]) != 1 ||
        EVP_CIPHER_CTX_set_padding(cipher.get(), 0) != 1 ||
        EVP_EncryptUpdate(cipher.get(), &esp[8 + ivBytes], &written, clear.data(), static_cast<int>(clear.size())) != 1 ||
        written != static_cast<int>(clear.size())) {
      broken("OpenSSL refused to encrypt");
    }
  } else {
    std::memcpy(&esp[8], clear.data(), clear.size());
  }
  Bytes covered = esp;
  if (row.esn) {
    covered.resize(covered.size() + 4);
    store32(&covered[esp.size()], static_cast<std::uint32_t>(sequence >> 32));
  }
  std::uint8_t icv[EVP_MAX_MD_SIZE];
  unsigned icvBytes = 0;
  HMAC(EVP_sha256(), keys.integrity.data(), 32, covered.data(), covered.size(), icv, &icvBytes);
  esp.insert(esp.end(), icv, icv + 16);
  return esp;
}

// With any suite, and therefore with right padding.
Bytes sealPacket(Transform& transform, std::uint64_t sequence, const Bytes& payload, std::uint8_t nextHeader) {
  Exact packet(payload, kTrailerRoom);
  Bytes esp(transform.sealedBytes(payload.size()));
  const Octets sealed = transform.seal(packet.get(), nextHeader, kForeign, sequence, esp.data(), nullptr);
  if (sealed.size() != esp.size() || !transform.finish()) broken("OpenSSL refused to seal, or wrote another length");
  if (!packet.roomIsAsItWas()) broken("sealing changed what stands behind a packet");
  return esp;
}

// The ESP packets of one SA: good, spoiled before and after they were sealed, repeated.
class Source {
 public:
  Source(Random& random, const SuiteRow& row, std::uint64_t last)
      : random_(random),
        row_(row),
        sequence_(last),
        transform_(suiteOf(row), Direction::outbound, Keys(kSeed).of(row).encryption, Keys(kSeed).of(row).integrity) {}

  Bytes next() {
    if (!earlier_.empty() && random_.chance(8)) return random_.pick(earlier_);
    sequence_ += random_.chance(5) ? random_.below(3000) : 1;
    const bool raw = row_.integrity == kHmacSha256 && (row_.encryption == kNull || row_.encryption == kCbc);
    Bytes esp;
    if (raw && random_.chance(80)) {
      esp = sealClear(row_, sequence_, randomClear(random_, row_.encryption == kCbc ? 16 : 4), random_);
    } else {
      Bytes packet = anyFrame(random_).packet;
      const bool v6 = packet[0] >> 4 == 6;
      esp = sealPacket(transform_, sequence_, packet, random_.chance(90) ? (v6 ? 41 : 4) : random_.octet());
    }
    if (earlier_.size() < 16) earlier_.push_back(esp);
    if (random_.chance(20)) spoil(esp);
    return esp;
  }

 private:
  void spoil(Bytes& esp) {
    switch (random_.below(4)) {
      case 0:
        esp.resize(8 + random_.below(esp.size() - 8));
        break;
      case 1:
        esp.resize(esp.size() + 1 + random_.below(40));
        break;
      case 2:
        store32(&esp[4], static_cast<std::uint32_t>(random_.next()));
        break;
      default:
        esp[4 + random_.below(esp.size() - 4)] ^= static_cast<std::uint8_t>(1 << random_.below(8));
        break;
    }
  }

  Random& random_;
  const SuiteRow& row_;
  std::uint64_t sequence_;
  Transform transform_;
  std::vector<Bytes> earlier_;
};

constexpr std::size_t kMtus[] = {65535, 9000, 1500, 1400, 1281, 1280, 576, 68};

struct Session {
  const SuiteRow& row;
  std::uint64_t last;  // the sequence number before the first
  std::uint32_t window;
  Limits limits;
  std::size_t pathMtu = 65535;

  static Session any(Random& random) {
    static constexpr std::uint32_t kWindows[] = {0, 1, 32, 64, 100, 1024, 1024};
    const SuiteRow& row = kSuites[random.below(std::size(kSuites))];
    const std::uint64_t half = std::uint64_t{1} << 32;
    const std::uint64_t low = random.chance(50) ? 0 : half - 1 - random.below(300);
    Session session{row, row.esn ? low + half * random.below(3) : 0, random.pick(kWindows), {}};
    session.pathMtu = random.pick(kMtus);
    if (random.chance(10)) session.limits = {10'000 + random.below(100'000), random.below(300)};
    return session;
  }

  std::shared_ptr<Sa> open(std::uint32_t spi) const {
    auto sa = makeSa(row, spi, spi, kSeed, kSeed, limits, window);
    sa->startAfter(last, last);
    return sa;
  }
};

// Invariants -------------------------------------------------------------------------------------------------------------

class Loop {
 public:
  Loop(const Session& session) : foreign_(session.open(kForeign)), looped_(session.open(kLooped)) {
    mtu_->measured(session.pathMtu, 0);
    table_.install(foreign_, Path{0, {}, kDefaultBurst, mtu_}, true);
    table_.install(looped_, Path{0, {}, kDefaultBurst, mtu_});
  }

  // The path gets another MTU, or large packets vanish on it.
  void narrow(Random& random) {
    if (random.chance(30)) {
      mtu_->vanishing(clock());
    } else {
      mtu_->measured(random.pick(kMtus), clock());
    }
  }

  void send(const Frame& frame) {
    Exact packet(frame.packet, kTrailerRoom);
    const SaTable::Reading view(table_, 0);
    sender_.frame(*view, frame.header, packet.get());
    if (!packet.roomIsAsItWas()) broken("sealing changed what stands behind a packet");
    sender_.flush();
    frames += 1;
    chains_ = chains_ || frame.packet[0] >> 4 == 6;
  }

  void receive(const std::vector<Bytes>& packets, std::uint8_t trafficClass) {
    std::vector<Exact> exact;
    for (const Bytes& esp : packets) exact.emplace_back(esp);
    std::vector<ConstOctets> views;
    for (Exact& one : exact) views.push_back(one.get());
    const SaTable::Reading view(table_, 1);
    receiver_.esp(*view, views, trafficClass);
    received += packets.size();
  }

  // What went out comes in, and what came in is as many packets as the SAs let through.
  void settle() {
    receive(std::exchange(sent_, {}), 0);
    receiver_.flush();
    const std::uint64_t through = foreign_->counters().packetsIn + looped_->counters().packetsIn - get(tally_.ecnDrops);
    if (delivered != through) broken("packets were lost or made on the way to the TUN");
    // Where no limit ended it, the SA took back every packet that it sent. Malformed are only those into whose extension
    // headers an absurd virtio header had a checksum written.
    const SaCounters looped = looped_->counters();
    if (looped.authFailures + looped.replayDrops + looped.selectorDrops + looped.dummies > 0) {
      broken("our own packet was refused");
    }
    if (!looped_->expired() && looped.packetsIn + looped.malformedDrops != looped.packetsOut) {
      broken("our own packet did not come back");
    }
    if (!chains_ && looped.malformedDrops != malformed_) broken("our own IPv4 packet was malformed");
    malformed_ = looped.malformedDrops;
    chains_ = false;
  }

  SaCounters foreign() const { return foreign_->counters(); }
  std::uint64_t packetsOut() const { return looped_->counters().packetsOut + foreign_->counters().packetsOut; }

  std::uint64_t frames = 0, received = 0, delivered = 0, answers = 0;

 private:
  // Ten minutes, for which a black hole is remembered, pass in a few batches.
  std::uint64_t clock() const { return frames * 20'000; }

  void keep(const Run& run) {
    for (ConstOctets rest = run.bytes; !rest.empty();) {
      const ConstOctets one = rest.first(std::min(run.segmentBytes, rest.size()));
      // What the standby SA carries once the first has met its limit has sequence numbers of its own.
      if (load32(one.data()) == kLooped) sent_.emplace_back(one.begin(), one.end());
      rest = rest.subspan(one.size());
    }
  }

  // What a sender is told: one whole ICMP message, small enough for everybody, that is right as it stands.
  void checkAnswer(Octets frame) {
    if (frame.size() > kVnetBytes + kMaxTooBigBytes) broken("an answer that is too large");
    Exact packet(frame.subspan(kVnetBytes));
    const std::optional<Inner> inner = parseInner(packet.get());
    if (!inner || inner->length != packet.get().size()) broken("an answer with a wrong length");
    const bool v6 = inner->nextHeader == kNextHeaderIpv6;
    const Octets icmp = packet.get().subspan(v6 ? 40 : 20);
    const Sum start = v6 ? pseudoHeader(packet.get().data(), inner->protocol, icmp.size()) : 0;
    if (inner->protocol != (v6 ? 58 : 1) || fold(sumOf(icmp, start)) != 0xffff) broken("an answer that is no ICMP");
    answers += 1;
  }

  // A frame that the TUN would take: header and packet agree, and it is as many packets as were joined.
  void check(Octets frame) {
    if (frame.size() < kVnetBytes + 20) broken("a frame without a packet");
    const VnetHeader header = loadVnet(frame.data());
    Exact packet(frame.subspan(kVnetBytes));
    const std::optional<Inner> inner = parseInner(packet.get());
    if (!inner || inner->length != packet.get().size()) broken("a frame with a wrong length");
    if (header.gsoType == kGsoNone) {
      if (header.flags != 0) broken("a single packet with an unfinished checksum");
      delivered += 1;
      return;
    }
    if (header.headerBytes >= packet.get().size() || header.gsoSize == 0 ||
        header.checksumStart + std::size_t{header.checksumOffset} + 2 > header.headerBytes) {
      broken("a super-packet whose header points outside");
    }
    const std::optional<Segments> segments = Segments::of(header, packet.get());
    if (!segments || segments->count() < 2) broken("a super-packet that cannot be cut");
    delivered += segments->count();
  }

  const std::shared_ptr<PathMtu> mtu_ = std::make_shared<PathMtu>(AF_INET);
  SaTable table_;
  std::shared_ptr<Sa> foreign_, looped_;
  Tally tally_;
  std::vector<Bytes> sent_;
  bool chains_ = false;  // an IPv6 packet went out since the last settle()
  std::uint64_t malformed_ = 0;
  Sender sender_{tally_, [this](const Run& run) { keep(run); }, [](Sa& sa) { sa.takeExpiry(); },
                 Narrow(tally_, [this](Octets frame) { checkAnswer(frame); }, [](const SocketAddress&) {},
                        [this] { return clock(); })};
  Receiver receiver_{tally_, {.tcp = true, .udp = true},
                     [this](std::unique_ptr<adit::Frame>& frame) { check(frame->octets()); }, [](Sa&) {}};
};

// The first look at a datagram, before any key: only where it is sorted to.
void sortDatagram(Random& random) {
  static constexpr std::uint16_t kPorts[] = {500, 4500, 12345};
  Bytes octets(random.chance(80) ? random.below(40) : random.below(2000));
  random.fill(Octets(octets));
  if (octets.size() >= 4 && random.chance(50)) store32(octets.data(), 0);
  Exact datagram(octets);
  const Classified sorted = classify(datagram.get(), random.pick(kPorts), random.pick(kPorts));
  if (sorted.kind == DatagramKind::esp && sorted.bytes.size() < kEspHeaderBytes) broken("ESP without a header");
  if (sorted.kind == DatagramKind::ike && sorted.bytes.size() < 28) broken("IKE without a header");
}

// ICMP that quotes one of our packets, whole or not, or something else; whether it was taken for ours.
bool quote(Random& random) {
  static constexpr std::uint16_t kPort = 40000;
  const bool v4 = random.chance(50);
  Bytes octets(random.below(120));
  random.fill(Octets(octets));
  if (octets.size() > 28 && random.chance(80)) {
    octets[0] = v4 ? 3 : 1;
    octets[8] = static_cast<std::uint8_t>(v4 ? 0x40 | random.below(16) : 0x60);
    octets[v4 ? 17 : 14] = random.chance(70) ? 17 : 50;
    const std::size_t upper = v4 ? 8 + 4 * std::size_t{octets[8] & 15u} : 48;
    if (octets.size() >= upper + 2 && random.chance(70)) store16(&octets[upper], kPort);
  }
  Exact message(octets);
  const auto remote = unreachableOf(v4 ? AF_INET : AF_INET6, message.get(), {kPort});
  if (remote && remote->storage.ss_family != (v4 ? AF_INET : AF_INET6)) broken("ICMP about another family");
  if (remote && octets.size() < 28) broken("ICMP about less than a header");
  return remote.has_value();
}

int run(std::uint64_t packets, std::uint64_t seed) {
  Random random(seed);
  std::uint64_t frames = 0, out = 0, delivered = 0, answers = 0, quoted = 0, done = 0;
  SaCounters sum{};
  while (done < packets) {
    const Session session = Session::any(random);
    Loop path(session);
    Source source(random, session.row, session.last);
    for (int batch = 0; batch < 30; batch++) {
      for (std::size_t left = 1 + random.below(4); left > 0; left--) path.send(anyFrame(random));
      std::vector<Bytes> together(1 + (random.chance(10) ? random.below(70) : random.below(8)));
      for (Bytes& esp : together) esp = source.next();
      path.receive(together, random.octet());
      sortDatagram(random);
      if (quote(random)) quoted += 1;
      if (random.chance(20)) path.narrow(random);
      path.settle();
    }
    const SaCounters counted = path.foreign();
    sum.packetsIn += counted.packetsIn;
    sum.replayDrops += counted.replayDrops;
    sum.authFailures += counted.authFailures;
    sum.malformedDrops += counted.malformedDrops;
    sum.dummies += counted.dummies;
    sum.expiredDrops += counted.expiredDrops;
    frames += path.frames;
    out += path.packetsOut();
    delivered += path.delivered;
    answers += path.answers;
    done += path.frames + path.received;
  }
  std::printf(
      R"({"packets":%lu,"frames":%lu,"packetsOut":%lu,"delivered":%lu,"accepted":%lu,"replay":%lu,"auth":%lu,)"
      R"("malformed":%lu,"dummies":%lu,"expired":%lu,"answers":%lu,"quoted":%lu})"
      "\n",
      done, frames, out, delivered, sum.packetsIn, sum.replayDrops, sum.authFailures, sum.malformedDrops, sum.dummies,
      sum.expiredDrops, answers, quoted);
  return 0;
}

// For core/esp -------------------------------------------------------------------------------------------------------------

std::string hex(ConstOctets octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text.empty() ? "-" : text;
}

// `sa` ENCRYPTION INTEGRITY ESN KEY INTEGRITY-KEY WINDOW LAST BYTE-LIMIT PACKET-LIMIT; `-` is nothing.
void printSession(const Session& session) {
  const Keys keys(kSeed);
  const auto limit = [](const std::optional<std::uint64_t>& value) { return value ? std::to_string(*value) : "-"; };
  const auto [encryption, integrity] = keys.of(session.row);
  std::printf("sa %u %u %d %s %s %u %lu %s %s\n", session.row.encryption, session.row.integrity, session.row.esn,
              hex(encryption).c_str(), hex(integrity).c_str(), session.window, session.last,
              limit(session.limits.bytes).c_str(), limit(session.limits.packets).c_str());
}

// VERDICT INNER-PACKET ESP-PACKET
void printVerdict(const Inbound& result, const Bytes& esp) {
  static constexpr const char* kReasons[] = {"ok", "replay", "auth", "selector", "malformed", "dummy", "expired"};
  std::printf("%s %s %s\n", kReasons[static_cast<std::size_t>(result.verdict)],
              hex(result.verdict == InboundVerdict::ok ? ConstOctets(result.packet) : ConstOctets{}).c_str(),
              hex(esp).c_str());
}

int verdicts(std::uint64_t packets, std::uint64_t seed) {
  Random random(seed);
  for (std::uint64_t done = 0; done < packets;) {
    const Session session = Session::any(random);
    printSession(session);
    const std::shared_ptr<Sa> sa = session.open(kForeign);
    Source source(random, session.row, session.last);
    for (int i = 0; i < 150; i++, done++) {
      const Bytes esp = source.next();
      Exact exact(esp);
      Exact out(esp);  // as long as what came in, and not an octet longer
      printVerdict(sa->inbound(exact.get(), out.get().data()), esp);
    }
  }
  return 0;
}

}  // namespace
}  // namespace adit::test

int main(int count, char** arguments) {
  const std::string mode = count == 4 ? arguments[1] : "";
  const std::uint64_t packets = count == 4 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  const std::uint64_t seed = count == 4 ? std::strtoull(arguments[3], nullptr, 10) : 0;
  if (mode == "run") return adit::test::run(packets, seed);
  if (mode == "verdicts") return adit::test::verdicts(packets, seed);
  std::fputs("fuzz: expected run or verdicts, PACKETS, SEED\n", stderr);
  return 2;
}
