// The two descriptors of helper/native/watch.ts as JavaScript objects.
#pragma once
#include "napi_call.h"

namespace adit {

// openNetlink(family, groups, ready): { port, send(bytes), take(most), close() }
napi_value openNetlink(const Call& call);
// openClockWatch(ready): { take(), close() }
napi_value openClockWatch(const Call& call);

}  // namespace adit
