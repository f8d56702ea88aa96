#include "napi_codec.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "napi_sa.h"

namespace adit {
namespace {

constexpr napi_type_tag kTag{0x6164697420657370, 0x636f646563000001};

Sa& saOf(const Call& call) { return unwrap<Sa>(call, kTag); }

napi_value verdict(napi_env env, const char* reason) { return Object(env).set("reason", toText(env, reason)).get(); }

napi_value accepted(napi_env env, ConstOctets packet) {
  return Object(env).set("reason", toText(env, "ok")).set("packet", toOctets(env, packet)).get();
}

napi_value outbound(const Call& call) {
  Sa& sa = saOf(call);
  const ConstOctets packet = call[0].octets("packet");
  const Value iv = call[1];
  const std::uint8_t* fixedIv = nullptr;
  if (!iv.isUndefined()) {
    const ConstOctets octets = iv.octets("iv");
    if (octets.size() != sa.ivBytes()) throw ArgumentError("iv: its length does not fit the cipher");
    fixedIv = octets.data();
  }
  const std::optional<Inner> inner = parseInner(packet);
  if (!inner) return verdict(call.env(), "malformed");
  if (!sa.carries(*inner)) return verdict(call.env(), "selector");
  std::vector<std::uint8_t> room(inner->length + kTrailerRoom);
  std::ranges::copy(packet.first(inner->length), room.begin());
  std::vector<std::uint8_t> sealed(sa.sealedBytes(inner->length));
  const Octets esp = sa.outbound({room.data(), inner->length}, inner->nextHeader, sealed.data(), fixedIv);
  return esp.empty() || !sa.finish() ? verdict(call.env(), "expired") : accepted(call.env(), esp);
}

ConstOctets espOf(const Value& value) {
  const ConstOctets esp = value.octets("esp");
  if (esp.size() < kEspHeaderBytes) throw ArgumentError("esp: expected an SPI and a sequence number at least");
  return esp;
}

napi_value judged(napi_env env, Sa& sa, ConstOctets esp) {
  std::vector<std::uint8_t> room(esp.size());
  static constexpr const char* kReasons[] = {"ok", "replay", "auth", "selector", "malformed", "dummy", "expired"};
  const Inbound result = sa.inbound(esp, room.data());
  if (result.verdict == InboundVerdict::ok) return accepted(env, result.packet);
  return verdict(env, kReasons[static_cast<std::size_t>(result.verdict)]);
}

napi_value inbound(const Call& call) { return judged(call.env(), saOf(call), espOf(call[0])); }

// (esp[]): as they come in one piece from a socket.
napi_value inboundTogether(const Call& call) {
  Sa& sa = saOf(call);
  std::vector<ConstOctets> packets;
  for (const Value& value : call[0].array("esp")) packets.push_back(espOf(value));
  if (packets.size() > kMostTogether) throw ArgumentError("esp: more than " + std::to_string(kMostTogether));
  sa.expect(packets);
  std::vector<napi_value> results;
  for (const ConstOctets esp : packets) results.push_back(judged(call.env(), sa, esp));
  sa.forget();
  return toArray(call.env(), results);
}

napi_value counters(const Call& call) { return fromCounters(call.env(), saOf(call)); }

napi_value endLife(const Call& call) {
  saOf(call).expire(Expiry::time);
  return nullptr;
}

napi_value startAfter(const Call& call) {
  saOf(call).startAfter(call[0].u64("sent"), call[1].u64("received"));
  return nullptr;
}

}  // namespace

napi_value openEspCodec(const Call& call) {
  napi_env env = call.env();
  auto sa = std::make_unique<Sa>(toSaSpec(call[0]));
  Object object(env);
  const std::pair<const char*, napi_callback> methods[] = {
      {"outbound", entry<outbound>},
      {"inbound", entry<inbound>},
      {"inboundTogether", entry<inboundTogether>},
      {"counters", entry<counters>},
      {"endLife", entry<endLife>},
      {"startAfter", entry<startAfter>},
  };
  for (const auto& [name, method] : methods) {
    napi_value function = nullptr;
    check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function));
    object.set(name, function);
  }
  wrap(env, object.get(), kTag, std::move(sa));
  return object.get();
}

}  // namespace adit
