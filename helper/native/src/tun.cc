#include "tun.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cstring>

#include "failure.h"

namespace adit {

OpenTun openTun(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name || name.find('\0') != std::string::npos) {
    throw ArgumentError("name: '" + name + "' is not the name of an interface (1 to 15 octets)");
  }
  FileDescriptor descriptor(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) throw SystemFailure("open", "/dev/net/tun");
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(descriptor.get(), TUNSETIFF, &request) != 0) throw SystemFailure("ioctl TUNSETIFF", name);
  return {std::move(descriptor), request.ifr_name};
}

}  // namespace adit
