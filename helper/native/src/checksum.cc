#include "checksum.h"

#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace adit {
namespace {

static_assert(std::endian::native == std::endian::little, "pseudoHeader swaps its numbers for little-endian sums");

Sum sumTail(const std::uint8_t* at, std::size_t bytes, Sum sum) {
  for (; bytes >= 4; at += 4, bytes -= 4) {
    std::uint32_t word;
    std::memcpy(&word, at, 4);
    sum += word;
  }
  if (bytes >= 2) {
    std::uint16_t word;
    std::memcpy(&word, at, 2);
    sum += word;
    at += 2;
    bytes -= 2;
  }
  return bytes == 0 ? sum : sum + *at;  // an odd octet is the first of a word whose second is zero
}

#if defined(__x86_64__)

// 64 octets a turn: 32-bit words widened to 64 bits, where they cannot overflow.
__attribute__((target("avx2"))) Sum wideSum(const std::uint8_t* from, std::size_t bytes, Sum sum) {
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  __m256i one = _mm256_setzero_si256();
  __m256i two = one;
  for (; bytes >= 64; from += 64, bytes -= 64) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32));
    one = _mm256_add_epi64(one, _mm256_add_epi64(_mm256_and_si256(a, low), _mm256_srli_epi64(a, 32)));
    two = _mm256_add_epi64(two, _mm256_add_epi64(_mm256_and_si256(b, low), _mm256_srli_epi64(b, 32)));
  }
  std::uint64_t lanes[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi64(one, two));
  // GCC 12 leaves it out where a function ends in a call, and every SSE instruction is slower then (docs/performance.md).
  _mm256_zeroupper();
  return sumTail(from, bytes, sum + lanes[0] + lanes[1] + lanes[2] + lanes[3]);
}

const bool kWide = __builtin_cpu_supports("avx2");

#else

constexpr bool kWide = false;
Sum wideSum(const std::uint8_t*, std::size_t, Sum sum) {
  return sum;
}

#endif

// Below this the tail's loop is as quick.
constexpr std::size_t kWorthIt = 64;

constexpr Sum swapped16(std::size_t value) {
  return static_cast<Sum>((value & 0xff) << 8 | (value >> 8 & 0xff));
}

}  // namespace

Sum sumOf(ConstOctets octets, Sum start) {
  if (kWide && octets.size() >= kWorthIt) return wideSum(octets.data(), octets.size(), start);
  return sumTail(octets.data(), octets.size(), start);
}

std::uint16_t fold(Sum sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

Sum pseudoHeader(const std::uint8_t* ip, std::uint8_t protocol, std::size_t upperBytes) {
  const bool v6 = ip[0] >> 4 == 6;
  const Sum addresses = v6 ? sumTail(ip + 8, 32, 0) : sumTail(ip + 12, 8, 0);
  return addresses + swapped16(protocol) + swapped16(upperBytes >> 16) + swapped16(upperBytes);
}

void sealIpv4Header(std::uint8_t* header, std::size_t bytes) {
  storeChecksum(header + 10, 0);
  storeChecksum(header + 10, static_cast<std::uint16_t>(~fold(sumTail(header, bytes, 0))));
}

}  // namespace adit
