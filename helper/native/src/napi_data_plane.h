// The DataPlane object that JavaScript holds: openDataPlane of helper/native/data-plane.ts.
#pragma once
#include "napi_call.h"

namespace adit {

napi_value openDataPlane(const Call& call);

}  // namespace adit
