// The AEADs of OpenSSL: AES-GCM, AES-CCM, ChaCha20-Poly1305.
#pragma once
#include <openssl/params.h>

#include <array>

#include "aead.h"
#include "openssl_cipher.h"

namespace adit {

class OpensslAead final : public Aead {
 public:
  OpensslAead(const EncryptionRow& row, ConstOctets key, Direction direction);

  bool seal(const std::uint8_t* nonce, ConstOctets additional, ConstOctets clear, std::uint8_t* out) override;
  bool open(const std::uint8_t* nonce, ConstOctets additional, ConstOctets sealed, std::uint8_t* out) override;

 private:
  bool setTag(const std::uint8_t* tag);
  bool getTag(std::uint8_t* tag);

  const bool ccm_;
  const CipherContext cipher_;
  // What asks for a tag, or gives one: made once, since OpenSSL's control functions make a new one each time.
  std::array<OSSL_PARAM, 2> tag_;
};

}  // namespace adit
