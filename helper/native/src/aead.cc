#include "aead.h"

#include "ipsec_mb.h"
#include "openssl_aead.h"

namespace adit {

std::unique_ptr<Aead> makeAead(const EncryptionRow& row, ConstOctets key, Direction direction) {
  if (row.kind == CipherKind::gcm) {
    if (std::unique_ptr<Aead> fast = ipsecMbGcm(key, row.icvBytes, direction)) return fast;
  }
  return std::make_unique<OpensslAead>(row, key, direction);
}

}  // namespace adit
