// Which way the packets of a cipher go.
#pragma once

namespace adit {

enum class Direction { inbound, outbound };

}  // namespace adit
