// Who is at the other end of a Unix socket: SO_PEERCRED, as the kernel recorded it at connect(2).
#pragma once
#include <sys/socket.h>

#include "failure.h"

namespace adit {

inline ucred peerCredentials(int descriptor) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    throw SystemFailure("getsockopt SO_PEERCRED", "descriptor " + std::to_string(descriptor));
  }
  return credentials;
}

}  // namespace adit
