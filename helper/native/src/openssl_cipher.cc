#include "openssl_cipher.h"

#include <cstdio>
#include <string>

#include "failure.h"

namespace adit {

CipherContext openCipher(const EncryptionRow& row, ConstOctets key, Direction direction) {
  char name[32];
  std::snprintf(name, sizeof name, row.openssl, key.size() * 8);
  const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(EVP_CIPHER_fetch(nullptr, name, nullptr),
                                                                       &EVP_CIPHER_free);
  CipherContext context(EVP_CIPHER_CTX_new());
  // CTR is its own inverse; OpenSSL's decrypting side of it would compute the same.
  const int encrypt = direction == Direction::outbound ? 1 : 0;
  bool ready = cipher && context && EVP_CipherInit_ex2(context.get(), cipher.get(), nullptr, nullptr, encrypt, nullptr) == 1;
  if (row.kind == CipherKind::ccm) {
    // CCM takes the lengths of nonce and tag before the key.
    ready = ready && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, 11, nullptr) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, toInt(row.icvBytes), nullptr) == 1;
  }
  ready = ready && EVP_CipherInit_ex2(context.get(), nullptr, key.data(), nullptr, encrypt, nullptr) == 1;
  // Only here: where padding is off, OpenSSL turns it off anew with the IV of every packet.
  if (ready && row.kind == CipherKind::cbc) EVP_CIPHER_CTX_set_padding(context.get(), 0);
  if (!ready) throw StateError(std::string("this OpenSSL does not offer ") + name);
  return context;
}

}  // namespace adit
