// A TUN adapter of Linux: whole IP packets without a link header (IFF_NO_PI), and before each one a virtio header
// (IFF_VNET_HDR) where the kernel has it. Documentation/networking/tuntap.rst.
#pragma once
#include <string>

#include "file_descriptor.h"

namespace adit {

struct OpenTun {
  FileDescriptor descriptor;
  std::string name;  // the real one: `%d` of the request is a number here
};

// Throws SystemFailure, or ArgumentError on a name that no interface can have.
OpenTun openTun(const std::string& name);

// What the system hands over in one piece instead of many, and takes so.
struct TunFeatures {
  bool vnet;  // frames have a virtio header; without it there are no super-packets at all
  bool tso4;
  bool tso6;
  bool uso;  // UDP, both families; Linux 6.2
};

// Switches on what the kernel has. Other descriptors than a TUN's have nothing.
TunFeatures enableOffloads(int tun);

}  // namespace adit
