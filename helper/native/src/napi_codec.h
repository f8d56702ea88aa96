// One SA without sockets or threads: openEspCodec of helper/native/data-plane.ts, for the comparison with core/esp.
#pragma once
#include "napi_call.h"

namespace adit {

napi_value openEspCodec(const Call& call);

}  // namespace adit
