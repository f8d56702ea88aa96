// A TUN adapter of Linux: whole IP packets, no header in front (IFF_NO_PI). Documentation/networking/tuntap.rst.
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

}  // namespace adit
