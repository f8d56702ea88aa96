#include "openssl_aead.h"

#include <openssl/core_names.h>

namespace adit {

OpensslAead::OpensslAead(const EncryptionRow& row, ConstOctets key, Direction direction)
    : ccm_(row.kind == CipherKind::ccm),
      cipher_(openCipher(row, key, direction)),
      tag_{OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, row.icvBytes),
           OSSL_PARAM_construct_end()} {}

bool OpensslAead::setTag(const std::uint8_t* tag) {
  tag_[0].data = const_cast<std::uint8_t*>(tag);  // it only reads it
  return EVP_CIPHER_CTX_set_params(cipher_.get(), tag_.data()) == 1;
}

bool OpensslAead::getTag(std::uint8_t* tag) {
  tag_[0].data = tag;
  return EVP_CIPHER_CTX_get_params(cipher_.get(), tag_.data()) == 1;
}

bool OpensslAead::seal(const std::uint8_t* nonce, ConstOctets additional, ConstOctets clear, std::uint8_t* out) {
  EVP_CIPHER_CTX* context = cipher_.get();
  std::uint8_t* tag = out + clear.size();
  int written = 0;
  if (EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce, nullptr) != 1) return false;
  if (ccm_ && EVP_EncryptUpdate(context, nullptr, &written, nullptr, toInt(clear.size())) != 1) return false;
  return EVP_EncryptUpdate(context, nullptr, &written, additional.data(), toInt(additional.size())) == 1 &&
         EVP_EncryptUpdate(context, out, &written, clear.data(), toInt(clear.size())) == 1 &&
         EVP_EncryptFinal_ex(context, tag, &written) == 1 && getTag(tag);
}

bool OpensslAead::open(const std::uint8_t* nonce, ConstOctets additional, ConstOctets sealed, std::uint8_t* out) {
  EVP_CIPHER_CTX* context = cipher_.get();
  const std::uint8_t* tag = sealed.data() + sealed.size();
  int written = 0;
  if (ccm_) {
    // CCM wants tag and length first, and its only update of data is also the verdict.
    return setTag(tag) &&
           EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce, nullptr) == 1 &&
           EVP_DecryptUpdate(context, nullptr, &written, nullptr, toInt(sealed.size())) == 1 &&
           EVP_DecryptUpdate(context, nullptr, &written, additional.data(), toInt(additional.size())) == 1 &&
           EVP_DecryptUpdate(context, out, &written, sealed.data(), toInt(sealed.size())) == 1;
  }
  return EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce, nullptr) == 1 &&
         setTag(tag) &&
         EVP_DecryptUpdate(context, nullptr, &written, additional.data(), toInt(additional.size())) == 1 &&
         EVP_DecryptUpdate(context, out, &written, sealed.data(), toInt(sealed.size())) == 1 &&
         EVP_DecryptFinal_ex(context, out + sealed.size(), &written) == 1;
}

}  // namespace adit
