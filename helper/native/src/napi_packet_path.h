// One SA with everything between a TUN and a socket but the system calls: openPacketPath of helper/native/data-plane.ts,
// for the comparison with core/esp.
#pragma once
#include "napi_call.h"

namespace adit {

napi_value openPacketPath(const Call& call);

}  // namespace adit
