#include "ipsec_mb.h"

#ifdef ADIT_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <link.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

namespace adit {
namespace {

// For keys of one length.
struct Gcm {
  aes_gcm_pre_t expand;
  aes_gcm_enc_dec_t encrypt, decrypt;
};

struct Library {
  Gcm bits128, bits192, bits256;
};

// Gives back the pages of the code around it: they are the file's, and come again where they are needed.
int dropCode(dl_phdr_info* object, std::size_t, void*) {
  const auto here = reinterpret_cast<ElfW(Addr)>(&dropCode);
  for (std::size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    const ElfW(Addr) start = object->dlpi_addr + part.p_vaddr;
    if (part.p_type != PT_LOAD || here < start || here >= start + part.p_memsz) continue;
    const ElfW(Addr) page = start - start % static_cast<ElfW(Addr)>(getpagesize());
    madvise(reinterpret_cast<void*>(page), start + part.p_memsz - page, MADV_DONTNEED);
    return 1;
  }
  return 0;
}

// What it has computed with is in there.
void closeManager(IMB_MGR* manager) {
  OPENSSL_cleanse(manager, imb_get_mb_mgr_size());
  std::free(manager);
}

// Initialization chooses the functions for this processor and tests every algorithm of the library: 3 MB of code that hardly
// anybody will run again. nullptr where that fails.
Together makeManager() {
  constexpr std::size_t kLine = 64;
  void* room = std::aligned_alloc(kLine, (imb_get_mb_mgr_size() + kLine - 1) / kLine * kLine);
  if (room == nullptr) return nullptr;
  Together manager(imb_set_pointers_mb_mgr(room, 0, 1), &closeManager);
  IMB_ARCH architecture = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager.get(), &architecture);
  dl_iterate_phdr(dropCode, nullptr);
  if (architecture < IMB_ARCH_SSE || imb_get_errno(manager.get()) != 0) return nullptr;
  return manager;
}

// The functions of AES-GCM need nothing of the manager.
std::optional<Library> load() {
  const Together manager = makeManager();
  if (!manager) return std::nullopt;
  return Library{
      .bits128 = {manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec},
      .bits192 = {manager->gcm192_pre, manager->gcm192_enc, manager->gcm192_dec},
      .bits256 = {manager->gcm256_pre, manager->gcm256_enc, manager->gcm256_dec},
  };
}

const std::optional<Library>& library() {
  static const std::optional<Library> loaded = load();
  return loaded;
}

class IpsecMbGcm final : public Aead {
 public:
  IpsecMbGcm(const Gcm& gcm, const std::uint8_t* key, std::size_t tagBytes, Direction direction)
      : crypt_(direction == Direction::outbound ? gcm.encrypt : gcm.decrypt), tagBytes_(tagBytes) {
    gcm.expand(key, &key_);
  }
  ~IpsecMbGcm() override { OPENSSL_cleanse(&key_, sizeof key_); }

  bool seal(const std::uint8_t* nonce, ConstOctets additional, ConstOctets clear, std::uint8_t* out) override {
    crypt(nonce, additional, clear, out, out + clear.size());
    return true;
  }

  bool open(const std::uint8_t* nonce, ConstOctets additional, ConstOctets sealed, std::uint8_t* out) override {
    std::uint8_t tag[kMaxIcvBytes];
    crypt(nonce, additional, sealed, out, tag);
    return CRYPTO_memcmp(tag, sealed.data() + sealed.size(), tagBytes_) == 0;
  }

 private:
  void crypt(const std::uint8_t* nonce, ConstOctets additional, ConstOctets in, std::uint8_t* out, std::uint8_t* tag) {
    gcm_context_data state;
    crypt_(&key_, &state, out, in.data(), in.size(), nonce, additional.data(), additional.size(), tag, tagBytes_);
  }

  const aes_gcm_enc_dec_t crypt_;
  const std::size_t tagBytes_;
  alignas(64) gcm_key_data key_;
};

class IpsecMbCbc final : public ManyCbc {
 public:
  IpsecMbCbc(Together manager, ConstOctets key) : manager_(std::move(manager)), keyBytes_(key.size()) {
    alignas(16) std::uint8_t decryption[sizeof expanded_];
    const keyexp_t expand = keyBytes_ == 16   ? manager_->keyexp_128
                            : keyBytes_ == 24 ? manager_->keyexp_192
                                              : manager_->keyexp_256;
    expand(key.data(), expanded_, decryption);
    OPENSSL_cleanse(decryption, sizeof decryption);
    for (IMB_JOB& job : jobs_) {
      job.enc_keys = expanded_;
      job.dec_keys = expanded_;
      job.key_len_in_bytes = keyBytes_;
      job.iv_len_in_bytes = 16;
      job.cipher_mode = IMB_CIPHER_CBC;
      job.cipher_direction = IMB_DIR_ENCRYPT;
      job.chain_order = IMB_ORDER_CIPHER_HASH;
      job.hash_alg = IMB_AUTH_NULL;
    }
  }
  ~IpsecMbCbc() override { OPENSSL_cleanse(expanded_, sizeof expanded_); }

  bool encrypt(std::span<const Piece> pieces) override {
    for (std::size_t i = 0; i < pieces.size(); i++) {
      jobs_[i].src = pieces[i].data.data();
      jobs_[i].dst = pieces[i].data.data();
      jobs_[i].msg_len_to_cipher_in_bytes = pieces[i].data.size();
      jobs_[i].iv = pieces[i].iv;
    }
    return IMB_SUBMIT_CIPHER_BURST(manager_.get(), jobs_, static_cast<std::uint32_t>(pieces.size()), IMB_CIPHER_CBC,
                                   IMB_DIR_ENCRYPT, static_cast<IMB_KEY_SIZE_BYTES>(keyBytes_)) == pieces.size();
  }

 private:
  const Together manager_;
  const std::size_t keyBytes_;
  alignas(16) std::uint8_t expanded_[15 * 16];
  IMB_JOB jobs_[kMostTogether]{};
};

// An HMAC, by the number that IKE has for it.
struct Hash {
  std::uint32_t id;
  IMB_HASH_ALG algorithm;
  std::size_t blockBytes;
  hash_one_block_t IMB_MGR::*oneBlock;
};

constexpr Hash kHashes[] = {
    {2, IMB_AUTH_HMAC_SHA_1, 64, &IMB_MGR::sha1_one_block},
    {12, IMB_AUTH_HMAC_SHA_256, 64, &IMB_MGR::sha256_one_block},
    {13, IMB_AUTH_HMAC_SHA_384, 128, &IMB_MGR::sha384_one_block},
    {14, IMB_AUTH_HMAC_SHA_512, 128, &IMB_MGR::sha512_one_block},
};

class IpsecMbHmac final : public ManyHmac {
 public:
  IpsecMbHmac(Together manager, const Hash& hash, ConstOctets key, std::size_t icvBytes)
      : manager_(std::move(manager)), algorithm_(hash.algorithm) {
    pad(hash, key, 0x36, inner_);
    pad(hash, key, 0x5c, outer_);
    for (IMB_JOB& job : jobs_) {
      job.cipher_mode = IMB_CIPHER_NULL;
      job.chain_order = IMB_ORDER_HASH_CIPHER;
      job.hash_alg = algorithm_;
      job.auth_tag_output_len_in_bytes = icvBytes;
      job.u.HMAC._hashed_auth_key_xor_ipad = inner_;
      job.u.HMAC._hashed_auth_key_xor_opad = outer_;
    }
  }
  ~IpsecMbHmac() override {
    OPENSSL_cleanse(inner_, sizeof inner_);
    OPENSSL_cleanse(outer_, sizeof outer_);
  }

  bool compute(std::span<const Piece> pieces) override {
    for (std::size_t i = 0; i < pieces.size(); i++) {
      jobs_[i].src = pieces[i].covered.data();
      jobs_[i].msg_len_to_hash_in_bytes = pieces[i].covered.size();
      jobs_[i].auth_tag_output = pieces[i].icv;
    }
    return IMB_SUBMIT_HASH_BURST(manager_.get(), jobs_, static_cast<std::uint32_t>(pieces.size()), algorithm_) ==
           pieces.size();
  }

 private:
  // RFC 2104 §4: the state after the key's block, from which every packet begins.
  void pad(const Hash& hash, ConstOctets key, std::uint8_t with, std::uint8_t* state) {
    std::uint8_t block[128];
    std::memset(block, with, sizeof block);
    for (std::size_t i = 0; i < key.size(); i++) block[i] ^= key[i];
    (manager_.get()->*hash.oneBlock)(block, state);
    OPENSSL_cleanse(block, sizeof block);
  }

  const Together manager_;
  const IMB_HASH_ALG algorithm_;
  alignas(16) std::uint8_t inner_[64], outer_[64];
  IMB_JOB jobs_[kMostTogether]{};
};

}  // namespace

bool hasIpsecMb() { return library().has_value(); }

std::unique_ptr<Aead> ipsecMbGcm(ConstOctets key, std::size_t tagBytes, Direction direction) {
  if (!library()) return nullptr;
  const Gcm& gcm = key.size() == 16 ? library()->bits128 : key.size() == 24 ? library()->bits192 : library()->bits256;
  return std::make_unique<IpsecMbGcm>(gcm, key.data(), tagBytes, direction);
}

Together openTogether() { return library() ? makeManager() : nullptr; }

std::unique_ptr<ManyCbc> ipsecMbCbc(Together together, ConstOctets key) {
  return std::make_unique<IpsecMbCbc>(std::move(together), key);
}

std::unique_ptr<ManyHmac> ipsecMbHmac(Together together, const IntegrityRow& row, ConstOctets key) {
  const auto* hash = std::ranges::find(kHashes, row.id, &Hash::id);
  if (hash == std::end(kHashes)) return nullptr;
  return std::make_unique<IpsecMbHmac>(std::move(together), *hash, key, row.icvBytes);
}

}  // namespace adit

#else

namespace adit {

bool hasIpsecMb() { return false; }
std::unique_ptr<Aead> ipsecMbGcm(ConstOctets, std::size_t, Direction) { return nullptr; }
Together openTogether() { return nullptr; }
std::unique_ptr<ManyCbc> ipsecMbCbc(Together, ConstOctets) { return nullptr; }
std::unique_ptr<ManyHmac> ipsecMbHmac(Together, const IntegrityRow&, ConstOctets) { return nullptr; }

}  // namespace adit

#endif
