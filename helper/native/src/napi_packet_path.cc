#include "napi_packet_path.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "napi_sa.h"
#include "receiver.h"
#include "sender.h"

namespace adit {
namespace {

// Owns what the threads of a data plane own otherwise.
class PacketPath {
 public:
  // The oldest first.
  explicit PacketPath(std::vector<std::shared_ptr<Sa>> sas) {
    for (std::shared_ptr<Sa>& sa : sas) table_.install(std::move(sa), Path{0, {}, kDefaultBurst, mtu_});
  }

  void send(Octets frame) {
    const SaTable::Reading view(table_, 0);
    sender_.frame(*view, loadVnet(frame.data()), frame.subspan(kVnetBytes));
    sender_.flush();
  }
  void receive(std::span<const ConstOctets> packets, std::uint8_t trafficClass) {
    const SaTable::Reading view(table_, 1);
    receiver_.esp(*view, packets, trafficClass);
  }
  void flush() { receiver_.flush(); }
  // What the system would say of the path, and when it is.
  void measured(std::size_t mtu) { mtu_->measured(mtu, now_); }
  void advance(std::uint64_t ms) { now_ += ms; }
  std::size_t outer() const { return mtu_->outer(); }
  std::uint32_t unanswered() { return std::exchange(unanswered_, 0); }
  std::vector<std::vector<std::uint8_t>> answers() { return std::exchange(answers_, {}); }
  std::vector<std::vector<std::uint8_t>> take() { return std::exchange(out_, {}); }

 private:
  void keepRun(const Run& run) {
    for (Octets rest = run.bytes; !rest.empty();) {
      const Octets one = rest.first(std::min(run.segmentBytes, rest.size()));
      out_.emplace_back(one.begin(), one.end());
      rest = rest.subspan(one.size());
    }
  }

  std::uint64_t now_ = 1;
  const std::shared_ptr<PathMtu> mtu_ = std::make_shared<PathMtu>(AF_INET);
  SaTable table_;
  Tally tally_;
  std::vector<std::vector<std::uint8_t>> out_, answers_;
  std::uint32_t unanswered_ = 0;
  Sender sender_{tally_, [this](const Run& run) { keepRun(run); }, [](Sa&) {},
                 Narrow(tally_, [this](Octets frame) { answers_.emplace_back(frame.begin(), frame.end()); },
                        [this](const SocketAddress&) { unanswered_ += 1; }, [this] { return now_; })};
  Receiver receiver_{tally_, {.tcp = true, .udp = true},
                     [this](std::unique_ptr<Frame>& frame) {
                       const Octets octets = frame->octets();
                       out_.emplace_back(octets.begin(), octets.end());
                     },
                     [](Sa&) {}};
};

constexpr napi_type_tag kTag{0x6164697420706174, 0x6820666f7220746f};

PacketPath& pathOf(const Call& call) { return unwrap<PacketPath>(call, kTag); }

napi_value fromList(napi_env env, const std::vector<std::vector<std::uint8_t>>& list) {
  std::vector<napi_value> values;
  for (const auto& octets : list) values.push_back(toOctets(env, octets));
  return toArray(env, values);
}

napi_value taken(napi_env env, PacketPath& path) { return fromList(env, path.take()); }

napi_value answers(const Call& call) { return fromList(call.env(), pathOf(call).answers()); }

// (mtu, ms): so much later, the system says this of the path. Returns what is believed, and how often the peer should have
// been asked since the last call.
napi_value pathMtu(const Call& call) {
  PacketPath& path = pathOf(call);
  path.advance(call[1].u32("ms"));
  path.measured(call[0].u32("mtu"));
  return Object(call.env())
      .set("mtu", static_cast<std::uint32_t>(path.outer()))
      .set("unanswered", path.unanswered())
      .get();
}

napi_value send(const Call& call) {
  PacketPath& path = pathOf(call);
  const ConstOctets frame = call[0].octets("frame");
  if (frame.size() <= kVnetBytes) throw ArgumentError("frame: expected a virtio header and a packet");
  std::vector<std::uint8_t> copy(frame.size() + kTrailerRoom);
  std::ranges::copy(frame, copy.begin());
  path.send(Octets(copy).first(frame.size()));
  return taken(call.env(), path);
}

napi_value receive(const Call& call) {
  PacketPath& path = pathOf(call);
  const std::uint32_t trafficClass = call[1].u32("trafficClass");
  std::vector<ConstOctets> packets;
  for (const Value& value : call[0].array("esp")) {
    packets.push_back(value.octets("esp"));
    if (packets.back().size() < kEspHeaderBytes) {
      throw ArgumentError("esp: expected an SPI and a sequence number at least");
    }
  }
  path.receive(packets, static_cast<std::uint8_t>(trafficClass));
  path.flush();
  return taken(call.env(), path);
}

}  // namespace

napi_value openPacketPath(const Call& call) {
  napi_env env = call.env();
  std::vector<std::shared_ptr<Sa>> sas;
  if (!call[1].isUndefined()) sas.push_back(std::make_shared<Sa>(toSaSpec(call[1])));
  sas.push_back(std::make_shared<Sa>(toSaSpec(call[0])));
  auto path = std::make_unique<PacketPath>(std::move(sas));
  Object object(env);
  const std::pair<const char*, napi_callback> methods[] = {{"send", entry<send>},
                                                            {"receive", entry<receive>},
                                                            {"answers", entry<answers>},
                                                            {"pathMtu", entry<pathMtu>}};
  for (const auto& [name, method] : methods) {
    napi_value function = nullptr;
    check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function));
    object.set(name, function);
  }
  wrap(env, object.get(), kTag, std::move(path));
  return object.get();
}

}  // namespace adit
