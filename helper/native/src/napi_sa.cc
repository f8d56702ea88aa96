#include "napi_sa.h"

#include <algorithm>
#include <string>

namespace adit {
namespace {

std::uint16_t port(const Value& value, const char* field) {
  const std::uint32_t number = value.u32(field);
  if (number > 0xffff) throw ArgumentError(std::string(field) + ": expected a port");
  return static_cast<std::uint16_t>(number);
}

std::vector<Selector> toSelectors(const Value& list, const char* field) {
  std::vector<Selector> selectors;
  for (const Value& one : list.array(field)) {
    const ConstOctets start = one["start"].octets("selector.start");
    const ConstOctets end = one["end"].octets("selector.end");
    const std::uint32_t protocol = one["protocol"].u32("selector.protocol");
    if (protocol > 255) throw ArgumentError("selector.protocol: expected 0 to 255");
    if (start.size() != end.size() || (start.size() != 4 && start.size() != 16)) {
      throw ArgumentError("selector.start, selector.end: expected two addresses of one family");
    }
    Selector selector{};
    selector.protocol = static_cast<std::uint8_t>(protocol);
    selector.startPort = port(one["startPort"], "selector.startPort");
    selector.endPort = port(one["endPort"], "selector.endPort");
    selector.addressBytes = start.size();
    std::ranges::copy(start, selector.start.begin());
    std::ranges::copy(end, selector.end.begin());
    selectors.push_back(selector);
  }
  return selectors;
}

DirectionKeys toKeys(const Value& keys) {
  return {keys["encryption"].octets("keys.encryption"), keys["integrity"].octets("keys.integrity")};
}

// The names are only for the message.
std::string lacking(const Value& child, const char* what, const char* name) {
  return std::string("suite.") + what + ": the native data plane has no " + child[name].text(name);
}

Suite toSuite(const Value& child) {
  Suite suite{};
  suite.encryption = findEncryption(child["encryptionId"].u32("suite.encryption.id"));
  if (suite.encryption == nullptr) throw ArgumentError(lacking(child, "encryption", "encryptionName"));
  const Value integrity = child["integrityId"];
  if (!integrity.isUndefined()) {
    suite.integrity = findIntegrity(integrity.u32("suite.integrity.id"));
    if (suite.integrity == nullptr) throw ArgumentError(lacking(child, "integrity", "integrityName"));
  }
  if ((suite.integrity != nullptr) == (suite.encryption->icvBytes != 0)) {
    throw ArgumentError(std::string("suite.integrity: ") + suite.encryption->name +
                        (suite.integrity != nullptr ? " carries its own ICV" : " needs an integrity algorithm"));
  }
  suite.esn = child["esn"].boolean("suite.esn");
  return suite;
}

std::optional<std::uint64_t> toLimit(const Value& value, const char* field) {
  if (value.isUndefined()) return std::nullopt;
  return value.u64(field);
}

}  // namespace

SaSpec toSaSpec(const Value& child) {
  SaSpec spec{
      .spiIn = child["spiIn"].u32("spiIn"),
      .spiOut = child["spiOut"].u32("spiOut"),
      .suite = toSuite(child),
      .keysIn = toKeys(child["keysIn"]),
      .keysOut = toKeys(child["keysOut"]),
      .replayWindow = child["replayWindow"].u32("replayWindow"),
      .local = toSelectors(child["localTs"], "localTs"),
      .remote = toSelectors(child["remoteTs"], "remoteTs"),
      .byteLimit = toLimit(child["byteLimit"], "hardLimit.bytes"),
      .packetLimit = toLimit(child["packetLimit"], "hardLimit.packets"),
      .lifetimeMs = toLimit(child["lifetimeMs"], "lifetimeSec"),
  };
  if (spec.replayWindow > kMaxReplayWindow) throw ArgumentError("replayWindow: expected 0 to 65536 packets");
  return spec;
}

napi_value fromCounters(napi_env env, const Sa& sa) {
  const SaCounters counters = sa.counters();
  return Object(env)
      .set("spiIn", sa.spiIn())
      .set("spiOut", sa.spiOut())
      .setBig("bytesIn", counters.bytesIn)
      .setBig("bytesOut", counters.bytesOut)
      .setBig("packetsIn", counters.packetsIn)
      .setBig("packetsOut", counters.packetsOut)
      .setBig("replayDrops", counters.replayDrops)
      .setBig("authFailures", counters.authFailures)
      .setBig("selectorDrops", counters.selectorDrops)
      .setBig("malformedDrops", counters.malformedDrops)
      .setBig("dummies", counters.dummies)
      .setBig("expiredDrops", counters.expiredDrops)
      .setBig("packetsLeft", counters.packetsLeft)
      .get();
}

}  // namespace adit
