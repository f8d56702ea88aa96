// Two data planes in one process, each with a TUN in a network namespace of its own, under everything at once: TCP
// streams whose every octet is checked, datagrams of all sizes, junk on the sockets, SAs replaced, expiring and moved
// to another path, in UDP and without, counters read, on a wide path and on a narrow one, and the end in the middle of it. Built with a sanitizer by scripts/build-native.sh;
// test/system/sanitizers.test.ts runs it. Needs root.
//
//   stress ROUNDS MILLISECONDS SEED     prints one line of JSON; exits with 1 where something went wrong
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "data_plane.h"
#include "failure.h"
#include "pair.h"

namespace adit::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "stress: %s: %s\n", what.c_str(), std::strerror(errno));
  std::_Exit(1);
}

int must(int result, const char* what) {
  if (result < 0) die(what);
  return result;
}

void command(const std::string& line) {
  if (std::system(line.c_str()) != 0) die(line);
}

class Namespace {
 public:
  Namespace() {
    must(::unshare(CLONE_NEWNET), "unshare");
    descriptor_ = FileDescriptor(must(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "ns/net"));
    command("ip link set lo up");
  }
  void enter() const { must(::setns(descriptor_.get(), CLONE_NEWNET), "setns"); }

 private:
  FileDescriptor descriptor_;
};

struct Totals {
  std::atomic<std::uint64_t> streamed{0}, rekeys{0}, moves{0}, renewals{0}, reads{0}, events{0}, junk{0};
  std::size_t narrowest = 65536;
  std::uint64_t packetsIn = 0, tooBig = 0, expired = 0, authFailures = 0, fatal = 0, ike = 0, unknownSpi = 0;
};

// One end of the tunnel: its plane, and where the other end finds it.
struct End {
  std::unique_ptr<DataPlane> plane;
  std::atomic<bool> wakened{false};

  End(const char* device, const std::string& own, const std::string& other, const Namespace& inside,
      const Namespace& outside) {
    inside.enter();
    OpenTun tun = openTun(device);
    const std::string on = " dev " + tun.name;
    command("ip link set up mtu 1400" + on);
    command("ip addr add 10.9.0." + own + " peer 10.9.0." + other + on);
    command("ip -6 addr add fd09::" + own + "/128 nodad" + on);
    command("ip -6 route add fd09::" + other + "/128" + on);
    outside.enter();
    const std::vector<UdpSpec> sockets{{AF_INET, "127.0.0.1", 0, std::nullopt}, {AF_INET6, "::1", 0, std::nullopt},
                                       {AF_INET, "127.0.0.1", 0, std::nullopt, true}, {AF_INET6, "::1", 0, std::nullopt, true}};
    plane = std::make_unique<DataPlane>(std::move(tun.descriptor), sockets, [this] { wakened.store(true); });
  }

  SocketAddress addressOf(std::size_t socket) const {
    const UdpSocket& here = plane->sockets()[socket];
    return SocketAddress::parse(here.family, here.family == AF_INET ? "127.0.0.1" : "::1", here.port, "remote");
  }
  // For the one thread that stands for JavaScript's. `moved`: nothing is known of this way any more.
  Path pathTo(const End& other, std::size_t socket, std::size_t burst, bool moved = false) {
    const SocketAddress remote = other.addressOf(socket);
    return {socket, remote, burst, plane->mtus().of(socket, remote, moved)};
  }
};

// Streams ----------------------------------------------------------------------------------------------------------

std::uint8_t patternAt(std::uint64_t position) { return static_cast<std::uint8_t>(position * 31 + (position >> 11)); }

// Gives back what it gets, until the other side has said everything.
void echo(int listening) {
  const FileDescriptor stream(must(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC), "accept"));
  std::vector<std::uint8_t> buffer(1 << 16);
  for (;;) {
    const ssize_t got = ::recv(stream.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t now = ::send(stream.get(), &buffer[static_cast<std::size_t>(sent)],
                                 static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) die("echo");
      sent += now;
    }
  }
}

void talk(int stream, const std::atomic<bool>& busy, Totals& totals) {
  std::uint64_t said = 0;
  std::thread speaking([&] {
    std::vector<std::uint8_t> buffer(1 << 15);
    while (busy.load()) {
      for (std::size_t i = 0; i < buffer.size(); i++) buffer[i] = patternAt(said + i);
      for (std::size_t sent = 0; sent < buffer.size();) {
        const ssize_t now = ::send(stream, &buffer[sent], buffer.size() - sent, MSG_NOSIGNAL);
        if (now <= 0) die("a stream broke");
        sent += static_cast<std::size_t>(now);
      }
      said += buffer.size();
    }
    ::shutdown(stream, SHUT_WR);
  });
  std::vector<std::uint8_t> buffer(1 << 16);
  std::uint64_t heard = 0;
  for (;;) {
    pollfd watched{stream, POLLIN, 0};
    if (must(::poll(&watched, 1, 20'000), "poll") == 0) die("a stream stood still for 20 s");
    const ssize_t got = must(static_cast<int>(::recv(stream, buffer.data(), buffer.size(), 0)), "a stream broke");
    if (got == 0) break;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); i++) {
      if (buffer[i] != patternAt(heard + i)) die("a stream has another octet than was sent");
    }
    heard += static_cast<std::uint64_t>(got);
  }
  speaking.join();
  if (heard != said) die("a stream lost octets");
  totals.streamed += heard;
}

// Everything else ----------------------------------------------------------------------------------------------------

// Datagrams into the tunnel, some of them in pieces, some as one for the kernel to cut. Nobody listens: ICMP comes back.
void datagrams(int socket, const sockaddr_in& to, const std::atomic<bool>& busy, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint8_t> buffer(9000);
  while (busy.load()) {
    const int segment = random.chance(20) ? 100 + static_cast<int>(random.below(1000)) : 0;
    ::setsockopt(socket, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
    const std::size_t bytes = random.chance(70) ? random.below(200) : random.below(buffer.size());
    ::sendto(socket, buffer.data(), bytes, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

// What a stranger sends to the sockets: runts, keepalives, IKE, ESP of SPIs that exist, and of others.
void junk(const End& end, const std::atomic<std::uint32_t>& newest, const std::atomic<bool>& busy, std::uint64_t seed,
          Totals& totals) {
  Random random(seed);
  const FileDescriptor socket(must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  const SocketAddress to = SocketAddress::parse(AF_INET, "127.0.0.1", end.plane->sockets()[0].port, "to");
  std::vector<std::uint8_t> buffer(4000);
  while (busy.load()) {
    const std::size_t bytes = random.chance(60) ? random.below(80) : random.below(buffer.size());
    random.fill(Octets(buffer).first(bytes));
    if (bytes >= 4 && random.chance(60)) store32(buffer.data(), newest.load() - static_cast<std::uint32_t>(random.below(2)));
    if (bytes >= 4 && random.chance(20)) store32(buffer.data(), 0);
    if (bytes == 1) buffer[0] = 0xff;
    ::sendto(socket.get(), buffer.data(), bytes, MSG_DONTWAIT, to.get(), to.length);
    totals.junk += 1;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

SaCounters countersOf(DataPlane& plane, std::uint32_t spiIn) {
  SaCounters found{};
  plane.table().each([&](const SaEntry& entry) {
    if (entry.sa->spiIn() == spiIn) found = entry.sa->counters();
  });
  return found;
}

// SPIs: the left end receives on 2n, the right on 2n + 1.
class Rekeying {
 public:
  Rekeying(End& left, End& right, Totals& totals, std::uint64_t seed)
      : left_(left), right_(right), totals_(totals), random_(seed) {}

  // A new SA beside the old one; the old one goes once what was under way has arrived.
  void next() {
    const std::uint32_t before = number_++;
    install(number_, {});
    newest.store(2 * number_);
    if (before == 0) return;
    left_.plane->table().retire(2 * before);
    right_.plane->table().retire(2 * before + 1);
    for (int i = 0; i < 20; i++) {
      const SaCounters here = countersOf(*left_.plane, 2 * before);
      const SaCounters there = countersOf(*right_.plane, 2 * before + 1);
      if (here.packetsOut == there.packetsIn && there.packetsOut == here.packetsIn) break;
      std::this_thread::sleep_for(milliseconds(1));
    }
    remove(before);
    totals_.rekeys += 1;
  }

  // An SA that meets its limit in the middle of the load; the one before it then carries on.
  void shortLived() {
    const std::uint32_t number = 0x10000 + number_;
    const auto sometimes = [&](std::uint64_t limit) { return random_.chance(50) ? std::optional(limit) : std::nullopt; };
    install(number, {sometimes(50'000), 40, sometimes(random_.below(12))});
    std::this_thread::sleep_for(milliseconds(10));
    for (const auto& [end, spi] : {std::pair{&left_, 2 * number}, std::pair{&right_, 2 * number + 1}}) {
      if (countersOf(*end->plane, spi).packetsLeft == 0) totals_.expired += 1;
    }
    remove(number);
  }

  void move() {
    const std::size_t socket = random_.below(4);
    const std::size_t burst = 1 + random_.below(64);
    const std::uint32_t spi = newest.load();
    left_.plane->table().setPath(spi, left_.pathTo(right_, socket, burst, true));
    right_.plane->table().setPath(spi + 1, right_.pathTo(left_, 3 - socket, burst, true));
    for (const End* end : {&left_, &right_}) {
      for (const auto& known : end->plane->mtus().known()) {
        if (const auto mtu = known.mtu.lock()) totals_.narrowest = std::min(totals_.narrowest, mtu->outer());
      }
    }
    totals_.moves += 1;
  }

  // One end sends from another port and receives there; the other end hears of it.
  void renew() {
    const bool isLeft = random_.chance(50);
    End& renewed = isLeft ? left_ : right_;
    End& other = isLeft ? right_ : left_;
    renewed.plane->renewPort(0);
    other.plane->setPath(newest.load() + (isLeft ? 1 : 0), other.pathTo(renewed, 0, 64, true));
    totals_.renewals += 1;
  }

  std::atomic<std::uint32_t> newest{0};

 private:
  void install(std::uint32_t number, Limits limits) {
    const SuiteRow& row = kSuites[number % std::size(kSuites)];
    const std::uint32_t in = 2 * number;
    right_.plane->install(makeSa(row, in + 1, in, in + 1, in, limits), right_.pathTo(left_, 0, 64));
    left_.plane->install(makeSa(row, in, in + 1, in, in + 1, limits), left_.pathTo(right_, 0, 64));
  }

  void remove(std::uint32_t number) {
    for (const auto& [end, spi] : {std::pair{&left_, 2 * number}, std::pair{&right_, 2 * number + 1}}) {
      const SaCounters last = countersOf(*end->plane, spi);
      totals_.packetsIn += last.packetsIn;
      totals_.authFailures += last.authFailures;
      end->plane->remove(spi);
    }
  }

  End& left_;
  End& right_;
  Totals& totals_;
  Random random_;
  std::uint32_t number_ = 7;
};

// What JavaScript does beside: IKE out, events in, counters.
void look(End& end, const End& other, const std::atomic<bool>& busy, Totals& totals) {
  const std::vector<std::uint8_t> message(2000, 7);
  const SocketAddress remote = other.addressOf(0);
  while (busy.load()) {
    const std::size_t bytes = totals.reads.load() % 2 == 0 ? 300 : message.size();
    end.plane->sendIke(0, remote, ConstOctets(message).first(bytes), false);
    end.plane->table().each([](const SaEntry& entry) { static_cast<void>(entry.sa->counters().packetsIn); });
    static_cast<void>(end.plane->counters().runts);
    totals.reads += 1;
    if (end.wakened.exchange(false)) {
      while (!end.plane->events().take(16).empty()) totals.events += 1;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

FileDescriptor listening(int family, sockaddr* address, socklen_t length) {
  FileDescriptor socket(must(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  // A stream of the round before may wait for an acknowledgement that went with its tunnel.
  const int again = 1;
  must(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &again, sizeof again), "SO_REUSEADDR");
  must(::bind(socket.get(), address, length), "bind");
  must(::listen(socket.get(), 1), "listen");
  return socket;
}

// `mtu`: of the way between the sockets.
void round(const Namespace& here, const Namespace& there, int mtu, milliseconds time, std::uint64_t seed,
           Totals& totals) {
  command("ip link set lo mtu " + std::to_string(mtu));
  End left("left%d", "1", "2", here, here);
  End right("right%d", "2", "1", there, here);
  Rekeying rekeying(left, right, totals, seed);
  rekeying.next();

  sockaddr_in to4{};
  to4.sin_family = AF_INET;
  to4.sin_port = htons(7000);
  ::inet_pton(AF_INET, "10.9.0.2", &to4.sin_addr);
  sockaddr_in6 to6{};
  to6.sin6_family = AF_INET6;
  to6.sin6_port = htons(7000);
  ::inet_pton(AF_INET6, "fd09::2", &to6.sin6_addr);
  there.enter();
  const FileDescriptor server4 = listening(AF_INET, reinterpret_cast<sockaddr*>(&to4), sizeof to4);
  const FileDescriptor server6 = listening(AF_INET6, reinterpret_cast<sockaddr*>(&to6), sizeof to6);
  here.enter();
  const FileDescriptor stream4(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const FileDescriptor stream6(must(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const FileDescriptor flood(must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  std::thread echo4([&] { echo(server4.get()); });
  std::thread echo6([&] { echo(server6.get()); });
  must(::connect(stream4.get(), reinterpret_cast<sockaddr*>(&to4), sizeof to4), "connect over IPv4");
  must(::connect(stream6.get(), reinterpret_cast<sockaddr*>(&to6), sizeof to6), "connect over IPv6");

  std::atomic<bool> talking{true};
  std::atomic<bool> looking{true};
  std::atomic<bool> flooding{true};
  sockaddr_in nobody = to4;
  nobody.sin_port = htons(9);
  std::thread talk4([&] { talk(stream4.get(), talking, totals); });
  std::thread talk6([&] { talk(stream6.get(), talking, totals); });
  std::thread flooder([&] { datagrams(flood.get(), nobody, flooding, seed + 1); });
  std::thread stranger([&] { junk(left, rekeying.newest, looking, seed + 2, totals); });
  std::thread lookLeft([&] { look(left, right, looking, totals); });
  std::thread lookRight([&] { look(right, left, looking, totals); });

  const auto end = Clock::now() + time;
  for (unsigned turn = 0; Clock::now() < end; turn++) {
    rekeying.next();
    for (int i = 0; i < 4; i++) {
      std::this_thread::sleep_for(milliseconds(4));
      rekeying.move();
    }
    if (turn % 4 == 0) rekeying.shortLived();
    if (turn % 2 == 0) rekeying.renew();
  }
  talking.store(false);
  for (std::thread* one : {&talk4, &talk6, &echo4, &echo6}) one->join();
  looking.store(false);
  for (std::thread* one : {&stranger, &lookLeft, &lookRight}) one->join();

  // The end comes while datagrams are still under way.
  left.plane->close();
  std::this_thread::sleep_for(milliseconds(20));
  right.plane->close();
  flooding.store(false);
  flooder.join();
  for (End* one : {&left, &right}) {
    totals.unknownSpi += one->plane->counters().unknownSpi;
    totals.tooBig += one->plane->counters().tooBig;
    for (const Event& event : one->plane->events().take(10'000)) {
      if (const auto* fatal = std::get_if<FatalEvent>(&event)) {
        std::fprintf(stderr, "stress: %s\n", fatal->what.c_str());
        totals.fatal += 1;
      }
    }
  }
}

}  // namespace
}  // namespace adit::test

int main(int count, char** arguments) {
  using namespace adit::test;
  if (count != 4) {
    std::fputs("stress: expected ROUNDS MILLISECONDS SEED\n", stderr);
    return 2;
  }
  const Namespace here;
  const Namespace there;
  Totals totals;
  try {
    for (int i = 0; i < std::atoi(arguments[1]); i++) {
      round(here, there, i % 2 == 0 ? 65536 : 1300, milliseconds(std::atoi(arguments[2])), std::strtoull(arguments[3], nullptr, 10) + i, totals);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stress: %s\n", error.what());
    return 1;
  }
  std::printf(
      R"({"streamed":%lu,"packetsIn":%lu,"rekeys":%lu,"moves":%lu,"renewals":%lu,"reads":%lu,"events":%lu,"junk":%lu,)"
      R"("expired":%lu,"authFailures":%lu,"unknownSpi":%lu,"tooBig":%lu,"narrowest":%lu,"fatal":%lu})"
      "\n",
      totals.streamed.load(), totals.packetsIn, totals.rekeys.load(), totals.moves.load(), totals.renewals.load(), totals.reads.load(),
      totals.events.load(), totals.junk.load(), totals.expired, totals.authFailures, totals.unknownSpi, totals.tooBig,
      totals.narrowest, totals.fatal);
  return totals.fatal == 0 ? 0 : 1;
}
