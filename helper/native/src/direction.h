#pragma once

namespace adit {

enum class Direction { inbound, outbound };

}  // namespace adit
