#include "esp_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "failure.h"

namespace adit {
namespace {

// RFC 4303 §2.4: the ICV starts on a 4-octet boundary even where the cipher has no blocks.
std::size_t alignment(const EncryptionRow& row) { return std::max<std::size_t>(row.blockBytes, 4); }

std::string lengthError(const char* field, const char* algorithm, std::size_t length) {
  return std::string(field) + ": " + std::to_string(length) + " octets do not fit " + algorithm;
}

// For as much as comes in one piece from a socket, and four octets more for each packet of it.
constexpr std::size_t kCopiesBytes = 65536 + 4 * kMostTogether;

// RFC 4303 §2.4: padding of 1, 2, 3 and so on.
void putTrailer(std::uint8_t* at, std::size_t padding, std::uint8_t nextHeader) {
  for (std::size_t i = 1; i <= padding; i++) *at++ = static_cast<std::uint8_t>(i);
  *at++ = static_cast<std::uint8_t>(padding);
  *at = nextHeader;
}

// The octets behind a payload, which get back what they held.
class TrailerRoom {
 public:
  explicit TrailerRoom(Octets payload) : at_(payload.data() + payload.size()) { std::memcpy(held_, at_, kTrailerRoom); }
  ~TrailerRoom() { std::memcpy(at_, held_, kTrailerRoom); }
  TrailerRoom(const TrailerRoom&) = delete;
  TrailerRoom& operator=(const TrailerRoom&) = delete;

 private:
  std::uint8_t* at_;
  std::uint8_t held_[kTrailerRoom];
};

}  // namespace

Transform::Transform(const Suite& suite, Direction direction, ConstOctets encryptionKey, ConstOctets integrityKey)
    : suite_(suite), direction_(direction) {
  const EncryptionRow& row = *suite.encryption;
  if (encryptionKey.size() < row.saltBytes) {
    throw ArgumentError(lengthError("keys.encryption", row.name, encryptionKey.size()));
  }
  const std::size_t keyBytes = encryptionKey.size() - row.saltBytes;
  const bool keyFits = row.kind == CipherKind::null ? keyBytes == 0
                       : row.fixedKeyBytes != 0     ? keyBytes == row.fixedKeyBytes
                                                    : keyBytes == 16 || keyBytes == 24 || keyBytes == 32;
  if (!keyFits) throw ArgumentError(lengthError("keys.encryption", row.name, encryptionKey.size()));
  std::ranges::copy(encryptionKey.last(row.saltBytes), salt_.begin());

  const ConstOctets key = encryptionKey.first(keyBytes);
  if (row.icvBytes != 0) {
    aead_ = makeAead(row, key, direction);
  } else if (row.kind != CipherKind::null) {
    cipher_ = openCipher(row, key, direction);
  }

  if (suite.integrity == nullptr) {
    if (!integrityKey.empty()) throw ArgumentError(lengthError("keys.integrity", row.name, integrityKey.size()));
    return;
  }
  const IntegrityRow& integrity = *suite.integrity;
  if (integrityKey.size() != integrity.keyBytes) {
    throw ArgumentError(lengthError("keys.integrity", integrity.name, integrityKey.size()));
  }
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, integrity.mac, nullptr),
                                                              &EVP_MAC_free);
  if (mac) mac_.reset(EVP_MAC_CTX_new(mac.get()));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(integrity.parameter, const_cast<char*>(integrity.value), 0),
      OSSL_PARAM_construct_end(),
  };
  if (!mac_ || EVP_MAC_init(mac_.get(), integrityKey.data(), integrityKey.size(), parameters) != 1) {
    throw StateError(std::string("this OpenSSL does not offer ") + integrity.name);
  }
  useTogether(key, integrityKey);
}

void Transform::useTogether(ConstOctets encryptionKey, ConstOctets integrityKey) {
  const EncryptionRow& row = *suite_.encryption;
  const Together together = openTogether();
  if (!together) return;
  hmacs_ = ipsecMbHmac(together, *suite_.integrity, integrityKey);
  const bool aesCbc = row.kind == CipherKind::cbc && row.blockBytes == 16;
  if (direction_ == Direction::outbound) {
    if (aesCbc || hmacs_) waiting_ = std::make_unique<Waiting>(aesCbc ? ipsecMbCbc(together, encryptionKey) : nullptr);
  } else if (hmacs_) {
    expected_ = std::make_unique<Expected>();
    if (suite_.esn) expected_->copies.resize(kCopiesBytes);
  }
}

std::size_t Transform::sealedBytes(std::size_t payloadBytes) const {
  const EncryptionRow& row = *suite_.encryption;
  const std::size_t unit = alignment(row);
  const std::size_t icvBytes = suite_.integrity != nullptr ? suite_.integrity->icvBytes : row.icvBytes;
  return headerBytes() + (payloadBytes + 2 + unit - 1) / unit * unit + icvBytes;
}

bool Transform::randomIv(std::uint8_t* iv) {
  const std::size_t bytes = suite_.encryption->ivBytes;
  if (random_.size() - randomUsed_ < bytes) {
    if (RAND_bytes(random_.data(), toInt(random_.size())) != 1) return false;
    randomUsed_ = 0;
  }
  std::memcpy(iv, &random_[randomUsed_], bytes);
  randomUsed_ += bytes;
  return true;
}

Transform::~Transform() { wipe(); }

// The ciphers overwrite their keys as they are freed; the salt is ours to wipe.
void Transform::wipe() {
  aead_.reset();
  waiting_.reset();
  expected_.reset();
  hmacs_.reset();
  cipher_.reset();
  mac_.reset();
  OPENSSL_cleanse(salt_.data(), salt_.size());
}

Octets Transform::seal(Octets payload, std::uint8_t nextHeader, std::uint32_t spi, std::uint64_t sequence,
                       std::uint8_t* esp, const std::uint8_t* fixedIv) {
  const EncryptionRow& row = *suite_.encryption;
  std::uint8_t* iv = esp + kEspHeaderBytes;
  store32(esp, spi);
  store32(esp + 4, static_cast<std::uint32_t>(sequence));
  if (fixedIv != nullptr) {
    std::memcpy(iv, fixedIv, row.ivBytes);
  } else if (row.kind == CipherKind::cbc) {
    if (!randomIv(iv)) return {};
  } else if (row.ivBytes == 8) {
    store64(iv, sequence);  // unique under the key, as RFC 4106 §3.1, 4309 §3.1, 3686 §3.1 and 7634 §2 demand
  }

  const std::size_t unit = alignment(row);
  const std::size_t clearBytes = (payload.size() + 2 + unit - 1) / unit * unit;
  const std::size_t padding = clearBytes - payload.size() - 2;
  const bool waits = waiting_ && waiting_->count < waiting_->packets.size();
  if (waits && waiting_->cipher) {
    std::memcpy(esp + headerBytes(), payload.data(), payload.size());
    putTrailer(esp + headerBytes() + payload.size(), padding, nextHeader);
    waiting_->packets[waiting_->count++] = {esp, clearBytes, sequence};
    return {esp, sealedBytes(payload.size())};
  }
  const TrailerRoom room(payload);
  putTrailer(payload.data() + payload.size(), padding, nextHeader);
  const ConstOctets clear{payload.data(), clearBytes};

  if (row.icvBytes != 0) {
    if (!sealAead(clear, sequence, esp)) return {};
    return {esp, headerBytes() + clearBytes + row.icvBytes};
  }
  if (!crypt(iv, clear, esp + headerBytes())) return {};
  const std::size_t covered = headerBytes() + clearBytes;
  if (suite_.integrity == nullptr) return {esp, covered};
  if (waits) {
    waiting_->packets[waiting_->count++] = {esp, clearBytes, sequence};
    return {esp, covered + suite_.integrity->icvBytes};
  }
  if (!mac({esp, covered}, sequence, esp + covered)) return {};
  return {esp, covered + suite_.integrity->icvBytes};
}

bool Transform::finish() {
  if (!waiting_ || waiting_->count == 0) return true;
  const std::span<const Unfinished> packets{waiting_->packets.data(), std::exchange(waiting_->count, 0)};
  return (!waiting_->cipher || encryptTogether(packets)) && authenticateTogether(packets);
}

bool Transform::encryptTogether(std::span<const Unfinished> packets) {
  std::array<ManyCbc::Piece, kMostTogether> pieces;
  for (std::size_t i = 0; i < packets.size(); i++) {
    std::uint8_t* esp = packets[i].esp;
    pieces[i] = {esp + kEspHeaderBytes, {esp + headerBytes(), packets[i].clearBytes}};
  }
  if (packets.size() > 1) return waiting_->cipher->encrypt({pieces.data(), packets.size()});
  // One alone is faster with OpenSSL.
  return crypt(pieces[0].iv, pieces[0].data, pieces[0].data.data());
}

bool Transform::authenticateTogether(std::span<const Unfinished> packets) {
  if (!hmacs_ || packets.size() < ManyHmac::kWorth) {
    return std::ranges::all_of(packets, [this](const Unfinished& one) {
      const std::size_t covered = headerBytes() + one.clearBytes;
      return mac({one.esp, covered}, one.sequence, one.esp + covered);
    });
  }
  std::array<ManyHmac::Piece, kMostTogether> pieces;
  for (std::size_t i = 0; i < packets.size(); i++) {
    std::uint8_t* icv = packets[i].esp + headerBytes() + packets[i].clearBytes;
    // Covered, too, and then not sent (RFC 4303 §2.2.1): it stands where the ICV is going to.
    if (suite_.esn) store32(icv, static_cast<std::uint32_t>(packets[i].sequence >> 32));
    pieces[i] = {{packets[i].esp, icv + (suite_.esn ? 4 : 0)}, icv};
  }
  return hmacs_->compute({pieces.data(), packets.size()});
}

void Transform::expect(std::span<const ConstOctets> packets, std::span<const std::uint64_t> sequences) {
  forget();
  if (!expected_ || packets.size() < ManyHmac::kWorth) return;
  const std::size_t icvBytes = suite_.integrity->icvBytes;
  std::array<ManyHmac::Piece, kMostTogether> pieces;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < packets.size(); i++) {
    // Without room for an ICV it does not matter what is computed: open() refuses it.
    ConstOctets covered = packets[i].first(packets[i].size() - std::min(packets[i].size() - 1, icvBytes));
    if (suite_.esn) {
      // The high half of the sequence number has no place behind the packet, where the ICV is.
      if (expected_->copies.size() - copied < covered.size() + 4) return;
      std::uint8_t* copy = &expected_->copies[copied];
      std::memcpy(copy, covered.data(), covered.size());
      store32(copy + covered.size(), static_cast<std::uint32_t>(sequences[i] >> 32));
      covered = {copy, covered.size() + 4};
      copied += covered.size();
    }
    pieces[i] = {covered, expected_->icvs[i].data()};
    expected_->sequences[i] = sequences[i];
  }
  if (hmacs_->compute({pieces.data(), packets.size()})) expected_->packets = packets;
}

void Transform::forget() {
  if (!expected_) return;
  expected_->packets = {};
  expected_->next = 0;
}

const std::uint8_t* Transform::expectedIcv(ConstOctets esp, std::uint64_t sequence) {
  if (!expected_) return nullptr;
  for (std::size_t i = expected_->next; i < expected_->packets.size(); i++) {
    if (expected_->packets[i].data() != esp.data() || expected_->packets[i].size() != esp.size()) continue;
    expected_->next = i + 1;
    return expected_->sequences[i] == sequence ? expected_->icvs[i].data() : nullptr;
  }
  return nullptr;
}

std::optional<Octets> Transform::open(ConstOctets esp, std::uint64_t sequence, std::uint8_t* out) {
  const EncryptionRow& row = *suite_.encryption;
  const std::size_t icvBytes = suite_.integrity != nullptr ? suite_.integrity->icvBytes : row.icvBytes;
  if (esp.size() < headerBytes() + 2 + icvBytes) return std::nullopt;
  const ConstOctets data = esp.subspan(headerBytes(), esp.size() - headerBytes() - icvBytes);
  const Octets clear{out, data.size()};
  if (data.size() % row.blockBytes != 0) return std::nullopt;

  if (row.icvBytes != 0) {
    if (!openAead(esp.data(), data, sequence, out)) return std::nullopt;
    return clear;
  }
  if (suite_.integrity != nullptr) {
    std::uint8_t computed[EVP_MAX_MD_SIZE];
    const ConstOctets covered = esp.first(esp.size() - icvBytes);
    const std::uint8_t* expected = expectedIcv(esp, sequence);
    if (expected == nullptr) {
      if (!mac(covered, sequence, computed)) return std::nullopt;
      expected = computed;
    }
    if (CRYPTO_memcmp(expected, covered.data() + covered.size(), icvBytes) != 0) return std::nullopt;
  }
  if (!crypt(esp.data() + kEspHeaderBytes, data, out)) return std::nullopt;
  return clear;
}

// SPI and sequence number; with ESN all 64 bits of it (RFC 4106 §5).
std::size_t Transform::additionalData(const std::uint8_t* esp, std::uint64_t sequence, std::uint8_t* out) const {
  std::memcpy(out, esp, 4);
  if (!suite_.esn) {
    std::memcpy(out + 4, esp + 4, 4);
    return 8;
  }
  store64(out + 4, sequence);
  return 12;
}

void Transform::nonce(const std::uint8_t* iv, std::uint8_t* out) const {
  const EncryptionRow& row = *suite_.encryption;
  std::memcpy(out, salt_.data(), row.saltBytes);
  std::memcpy(out + row.saltBytes, iv, row.ivBytes);
}

bool Transform::sealAead(ConstOctets clear, std::uint64_t sequence, std::uint8_t* esp) {
  std::uint8_t whole[12];
  std::uint8_t aad[12];
  nonce(esp + kEspHeaderBytes, whole);
  return aead_->seal(whole, {aad, additionalData(esp, sequence, aad)}, clear, esp + headerBytes());
}

bool Transform::openAead(const std::uint8_t* esp, ConstOctets sealed, std::uint64_t sequence, std::uint8_t* out) {
  std::uint8_t whole[12];
  std::uint8_t aad[12];
  nonce(esp + kEspHeaderBytes, whole);
  return aead_->open(whole, {aad, additionalData(esp, sequence, aad)}, sealed, out);
}

bool Transform::crypt(const std::uint8_t* iv, ConstOctets data, std::uint8_t* out) {
  const EncryptionRow& row = *suite_.encryption;
  if (row.kind == CipherKind::null) {
    std::memcpy(out, data.data(), data.size());
    return true;
  }
  std::uint8_t block[kMaxIvBytes];
  if (row.kind == CipherKind::ctr) {
    nonce(iv, block);
    store32(block + 12, 1);  // RFC 3686 §4: nonce, IV, block counter from one
  } else {
    std::memcpy(block, iv, row.ivBytes);
  }
  int written = 0;
  const int encrypt = direction_ == Direction::outbound ? 1 : 0;
  return EVP_CipherInit_ex2(cipher_.get(), nullptr, nullptr, block, encrypt, nullptr) == 1 &&
         EVP_CipherUpdate(cipher_.get(), out, &written, data.data(), toInt(data.size())) == 1 &&
         written == toInt(data.size());
}

// The MAC over the packet, and over the high half of the sequence number that does not travel (RFC 4303 §2.2.1).
bool Transform::mac(ConstOctets covered, std::uint64_t sequence, std::uint8_t* out) {
  std::uint8_t high[4];
  store32(high, static_cast<std::uint32_t>(sequence >> 32));
  std::uint8_t whole[EVP_MAX_MD_SIZE];
  std::size_t bytes = 0;
  if (EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) != 1) return false;
  if (EVP_MAC_update(mac_.get(), covered.data(), covered.size()) != 1) return false;
  if (suite_.esn && EVP_MAC_update(mac_.get(), high, sizeof high) != 1) return false;
  if (EVP_MAC_final(mac_.get(), whole, &bytes, sizeof whole) != 1) return false;
  std::memcpy(out, whole, suite_.integrity->icvBytes);
  return true;
}

}  // namespace adit
