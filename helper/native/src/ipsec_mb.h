// AES-GCM by Intel's Multi-Buffer Crypto for IPsec (github.com/intel/intel-ipsec-mb), which is linked into the addon where
// the machine that built it had the library. One call for a packet, and no state but the key: docs/performance.md,
// "What each packet costs".
#pragma once
#include <cstddef>
#include <memory>

#include "aead.h"
#include "bytes.h"
#include "direction.h"

namespace adit {

// The addon has the library, it passed its own tests, and the processor has AES instructions.
bool hasIpsecMb();

// `key` of 16, 24 or 32 octets. nullptr without the library.
std::unique_ptr<Aead> ipsecMbGcm(ConstOctets key, std::size_t tagBytes, Direction direction);

}  // namespace adit
