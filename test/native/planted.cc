// The negative control of test/system/sanitizers.test.ts: one planted fault of each kind, which the sanitizers of this
// build must find. Nothing of it is in the product.
//
//   planted race|overflow|undefined|leak
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <cstdlib>
#include <memory>
#include <span>
#include <thread>

namespace {

// A counter without an atomic, as a Tally must not be.
int race() {
  std::uint64_t packets = 0;
  std::thread other([&] {
    for (int i = 0; i < 1000; i++) packets += 1;
  });
  for (int i = 0; i < 1000; i++) packets += 1;
  other.join();
  return packets > 0 ? 0 : 1;
}

// A length field that is believed: one octet behind a packet is read.
int overflow(std::size_t claimed) {
  const auto packet = std::make_unique<std::uint8_t[]>(40);
  std::memset(packet.get(), 1, 40);
  unsigned sum = 0;
  for (const std::uint8_t octet : std::span<const std::uint8_t>(packet.get(), claimed)) sum += octet;
  return sum > 0 ? 0 : 1;
}

// A length that is computed beyond its type.
int undefined(int length) { return length + 1 < length ? 1 : 0; }

// An SA that nobody frees.
int leak() {
  void* volatile sa = std::malloc(1000);
  sa = nullptr;
  return sa == nullptr ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const char* fault = count > 1 ? arguments[1] : "";
  const volatile std::size_t claimed = 41;
  const volatile int longest = INT_MAX;
  if (std::strcmp(fault, "race") == 0) return race();
  if (std::strcmp(fault, "overflow") == 0) return overflow(claimed);
  if (std::strcmp(fault, "undefined") == 0) return undefined(longest);
  if (std::strcmp(fault, "leak") == 0) return leak();
  std::fputs("planted: expected race, overflow, undefined or leak\n", stderr);
  return 2;
}
