#include "tun.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cstring>

#include "failure.h"
#include "vnet.h"

#ifndef TUN_F_USO4  // Linux 6.2; Debian 12's headers are older
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

namespace adit {

OpenTun openTun(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name || name.find('\0') != std::string::npos) {
    throw ArgumentError("name: '" + name + "' is not the name of an interface (1 to 15 octets)");
  }
  FileDescriptor descriptor(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) throw SystemFailure("open", "/dev/net/tun");
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(descriptor.get(), TUNSETIFF, &request) != 0) {
    if (errno != EINVAL) throw SystemFailure("ioctl TUNSETIFF", name);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (::ioctl(descriptor.get(), TUNSETIFF, &request) != 0) throw SystemFailure("ioctl TUNSETIFF", name);
  }
  return {std::move(descriptor), request.ifr_name};
}

TunFeatures enableOffloads(int tun) {
  ifreq request{};
  if (::ioctl(tun, TUNGETIFF, &request) != 0 || (request.ifr_flags & IFF_VNET_HDR) == 0) return {};
  int headerBytes = kVnetBytes;
  if (::ioctl(tun, TUNSETVNETHDRSZ, &headerBytes) != 0) throw SystemFailure("ioctl TUNSETVNETHDRSZ", "TUN");
  constexpr unsigned kTso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  // The kernel takes all of a set or nothing.
  struct Attempt {
    unsigned offloads;
    TunFeatures features;
  };
  static constexpr Attempt kAttempts[] = {
      {kTso | TUN_F_USO4 | TUN_F_USO6, {true, true, true, true}},
      {kTso, {true, true, true, false}},
      {TUN_F_CSUM | TUN_F_TSO4, {true, true, false, false}},
      {TUN_F_CSUM, {true, false, false, false}},
  };
  for (const auto& [offloads, features] : kAttempts) {
    if (::ioctl(tun, TUNSETOFFLOAD, offloads) == 0) return features;
  }
  return {.vnet = true, .tso4 = false, .tso6 = false, .uso = false};
}

}  // namespace adit
