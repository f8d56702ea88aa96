// SAs on their way between JavaScript and C++.
#pragma once
#include "napi_call.h"
#include "sa.h"

namespace adit {

// Reads what data-plane-linux.ts makes of a ChildSa. The keys are views on the caller's arrays.
SaSpec toSaSpec(const Value& child);

// SaCounters of core/esp/sa-counters.ts.
napi_value fromCounters(napi_env env, const Sa& sa);

}  // namespace adit
