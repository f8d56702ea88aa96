// When a thread of the data plane rests, and for how long: prints what moderation.h promises as one line of JSON
// (test/system/moderation.test.ts). Times are of the real clock: only their lower bounds say anything, and their order.
#include "moderation.h"

#include <sys/prctl.h>
#include <time.h>

#include <cstdio>

using namespace adit;

namespace {

constexpr std::size_t kSmall = 1400;
constexpr int kPatience = 100'000;

long long now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void pause(long ns) {
  const timespec time{0, ns};
  ::nanosleep(&time, nullptr);
}

const char* json(bool yes) { return yes ? "true" : "false"; }

// How many batches it takes, each at once after the one before (whoever is interrupted begins again); kPatience: never.
int untilQuick(Moderation& moderation, std::size_t octets, const Rests& rests) {
  int batches = 0;
  while (!moderation.quick() && batches < kPatience) {
    moderation.rest(octets, 4, rests);
    batches++;
  }
  return batches;
}

// The shortest of some rests, in ns.
long long rest(std::size_t octets, const Rests& rests) {
  Moderation moderation;
  untilQuick(moderation, octets, rests);
  long long shortest = 1'000'000'000;
  for (int i = 0; i < 200; i++) {
    const long long began = now();
    moderation.rest(octets, 4, rests);
    if (moderation.quick() && now() - began < shortest) shortest = now() - began;
  }
  return shortest;
}

// Whether batches at such distances ever make it rest.
bool everRests(std::size_t octets, long distance) {
  Moderation moderation;
  for (int i = 0; i < 100; i++) {
    pause(distance);
    moderation.rest(octets, 4, kArrivals);
    if (moderation.quick()) return true;
  }
  return false;
}

// Whether it still rests at the batch after a rest.
bool goesOn(std::size_t packets, long gap) {
  Moderation moderation;
  untilQuick(moderation, kSmall, kArrivals);
  if (gap > 0) pause(gap);
  moderation.rest(kSmall, packets, kArrivals);
  return moderation.quick();
}

}  // namespace

int main() {
  ::prctl(PR_SET_TIMERSLACK, 1);
  Moderation small;
  Moderation large;
  Moderation leaving;
  std::printf("{\"small\":%d,\"large\":%d,\"largeLeaving\":%s,", untilQuick(small, kSmall, kArrivals),
              untilQuick(large, kLargeBatchBytes, kArrivals),
              json(untilQuick(leaving, kLargeBatchBytes, kDepartures) < kPatience));
  std::printf("\"restSmall\":%lld,\"restLarge\":%lld,\"restAnswers\":%lld,", rest(kSmall, kArrivals),
              rest(kLargeBatchBytes, kArrivals), rest(kSmall, kAnswers));
  std::printf("\"slowSmall\":%s,\"slowLarge\":%s,\"afterNothing\":%s,\"afterGap\":%s}\n",
              json(everRests(kSmall, 150'000)), json(everRests(kLargeBatchBytes, 700'000)), json(goesOn(1, 0)),
              json(goesOn(4, 150'000)));
}
