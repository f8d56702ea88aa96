// Who writes what to the TUN, and in which order: prints what tun_writer.h promises as one line of JSON
// (test/system/tun-writer.test.ts). The TUN is a function here, which may be slow.
#include "tun_writer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "pair.h"

using namespace adit;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSuper = 60'000;
constexpr std::size_t kSmall = 1400;

struct Written {
  std::uint64_t number;
  std::size_t bytes;
  bool byOther;  // than the thread that put it
};

// A writer, its thread, and what came out.
class Scene {
 public:
  explicit Scene(bool helped, std::chrono::microseconds each = 0us, std::uint8_t type = kGsoTcp4)
      : type_(type), each_(each), writer_([this](Octets frame) { keep(frame); }, helped) {
    if (helped) thread_ = std::thread([this] { writer_.run(); });
  }
  ~Scene() { stop(); }

  void put(std::size_t bytes) {
    frame_->bytes = bytes;
    storeVnet(frame_->octets().data(), {0, bytes >= kSuper ? type_ : kGsoNone, 0, 0, 0, 0});
    std::memcpy(frame_->packet(), &put_, sizeof put_);
    frame_->packet()[bytes - 1] = static_cast<std::uint8_t>(put_);
    put_ += 1;
    writer_.put(frame_);
  }
  void put(std::size_t count, std::size_t bytes) {
    while (count-- > 0) put(bytes);
  }
  void flush() { writer_.flush(); }
  void stop() {
    writer_.stop();
    if (thread_.joinable()) thread_.join();
  }
  std::size_t count() const { return count_.load(); }
  void awaitAll() const {
    for (int i = 0; i < 20'000 && count() < put_; i++) std::this_thread::sleep_for(1ms);
  }
  // Once count() has said that they are there.
  const std::vector<Written>& written() const { return written_; }
  std::size_t byOther() const {
    return static_cast<std::size_t>(std::ranges::count_if(written_, [](const Written& one) { return one.byOther; }));
  }
  bool wholeAndInOrder() const {
    for (std::size_t i = 0; i < written_.size(); i++) {
      if (written_[i].number != i) return false;
    }
    return !broken_ && written_.size() == put_;
  }

 private:
  // By one thread at a time, or else ThreadSanitizer says so.
  void keep(Octets frame) {
    if (each_ > 0us) std::this_thread::sleep_for(each_);
    const Octets packet = frame.subspan(kVnetBytes);
    Written one{0, packet.size(), std::this_thread::get_id() != own_};
    std::memcpy(&one.number, packet.data(), sizeof one.number);
    broken_ = broken_ || packet.back() != static_cast<std::uint8_t>(one.number);
    written_.push_back(one);
    count_ += 1;
  }

  const std::thread::id own_ = std::this_thread::get_id();
  const std::uint8_t type_;  // of super-packets
  const std::chrono::microseconds each_;
  std::vector<Written> written_;
  bool broken_ = false;
  std::atomic<std::size_t> count_{0};
  std::uint64_t put_ = 0;
  std::unique_ptr<Frame> frame_ = std::make_unique_for_overwrite<Frame>();
  TunWriter writer_;
  std::thread thread_;
};

void tell(const char* name, bool yes, const char* end = ",") { std::printf("\"%s\":%s%s", name, yes ? "true" : "false", end); }

// Large ones wait for each other, and no longer than the batch.
void few() {
  Scene scene(true);
  scene.put(3, kSuper);
  const std::size_t before = scene.count();
  scene.flush();
  tell("fewWait", before == 0);
  tell("fewByThemselves", scene.wholeAndInOrder() && scene.byOther() == 0);
}

void small() {
  Scene scene(true);
  scene.put(2, kSuper);
  scene.put(1000, kSmall);
  tell("smallAtOnce", scene.wholeAndInOrder() && scene.byOther() == 0);
}

void datagrams() {
  Scene scene(true, 0us, kGsoUdp);
  scene.put(100, kSuper);
  tell("datagramsAtOnce", scene.wholeAndInOrder() && scene.byOther() == 0);
  Scene six(true, 0us, kGsoTcp6 | kGsoEcn);
  six.put(100, kSuper);
  six.flush();
  six.awaitAll();
  tell("streamsOfIpv6ByOther", six.wholeAndInOrder() && six.byOther() == 100);
}

// And what comes right behind them, however small; until it has been quiet.
void much() {
  Scene scene(true);
  scene.put(8, kSuper);
  scene.put(100, kSmall);
  scene.flush();
  scene.awaitAll();
  tell("muchByOther", scene.wholeAndInOrder() && scene.byOther() == 108);
  std::size_t others = scene.byOther();
  bool alone = false;
  for (int i = 0; i < 1000 && !alone; i++) {
    std::this_thread::sleep_for(5ms);
    scene.put(kSmall);
    scene.flush();
    scene.awaitAll();
    alone = scene.byOther() == others;
    others = scene.byOther();
  }
  tell("aloneAfterQuiet", alone && scene.wholeAndInOrder());
  scene.put(8, kSuper);
  scene.flush();
  scene.awaitAll();
  tell("muchAgain", scene.wholeAndInOrder() && scene.byOther() == others + 8);
}

// More than fits in between.
void slow() {
  Scene scene(true, 100us);
  scene.put(300, kSuper);
  scene.flush();
  scene.awaitAll();
  tell("slowLosesNothing", scene.wholeAndInOrder() && scene.byOther() == 300);
}

// On the way to sleep and back, over and over.
void mixed(std::uint64_t seed) {
  test::Random random(seed);
  Scene scene(true);
  for (int i = 0; i < 3000; i++) {
    for (std::size_t frames = random.below(12); frames > 0; frames--) scene.put(random.chance(60) ? kSuper : 64 + random.below(kSmall));
    scene.flush();
    if (random.chance(30)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(2500)));
  }
  scene.awaitAll();
  tell("mixed", scene.wholeAndInOrder());
  tell("mixedByBoth", scene.byOther() > 0 && scene.byOther() < scene.count());
}

void unhelped() {
  Scene scene(false);
  scene.put(500, kSuper);
  scene.flush();
  tell("unhelped", scene.wholeAndInOrder() && scene.byOther() == 0);
}

// Whoever puts more than fits is not left waiting for a thread that has gone; none of it is written.
void ended() {
  Scene scene(true);
  scene.put(8, kSuper);
  scene.stop();
  scene.put(100, kSuper);
  scene.flush();
  tell("endsWhileFull", scene.count() <= 8, "}\n");
}

}  // namespace

int main(int, char** argv) {
  std::printf("{");
  few();
  small();
  datagrams();
  much();
  slow();
  mixed(std::strtoull(argv[1], nullptr, 10));
  unhelped();
  ended();
}
