#include "napi_data_plane.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "data_plane.h"
#include "ipsec_mb.h"
#include "napi_sa.h"

namespace adit {
namespace {

// Every open data plane of the process. When the process ends by exit(), this object goes before OpenSSL's own tables
// do, and with it the threads that use them; keys are wiped.
class LivePlanes {
 public:
  ~LivePlanes() {
    for (DataPlane* plane : planes_) plane->close();
  }
  void add(DataPlane* plane) {
    const std::lock_guard lock(mutex_);
    planes_.insert(plane);
  }
  void remove(DataPlane* plane) {
    const std::lock_guard lock(mutex_);
    planes_.erase(plane);
  }

 private:
  std::mutex mutex_;
  std::set<DataPlane*> planes_;
};

LivePlanes& livePlanes() {
  static LivePlanes planes;
  return planes;
}

// A data plane on its way through JavaScript. It keeps its object alive until it is closed, as an open socket does.
class Handle {
 public:
  // `wake` is a JavaScript function without arguments: there are events to take.
  Handle(napi_env env, napi_value wake, FileDescriptor tun, const std::vector<UdpSpec>& sockets);
  ~Handle() { close(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  bool closed() const { return plane_ == nullptr; }
  DataPlane& open() {
    if (closed()) throw StateError("the data plane is closed");
    return *plane_;
  }
  void keep(napi_value object) { check(env_, napi_create_reference(env_, object, 1, &object_)); }
  void close();

 private:
  static void cleanUp(void* self) { static_cast<Handle*>(self)->close(); }

  napi_env env_;
  napi_ref object_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  std::unique_ptr<DataPlane> plane_;
};

Handle::Handle(napi_env env, napi_value wake, FileDescriptor tun, const std::vector<UdpSpec>& sockets) : env_(env) {
  check(env, napi_create_threadsafe_function(env, wake, nullptr, toText(env, "adit data plane"), 0, 1, nullptr, nullptr,
                                             nullptr, nullptr, &wake_));
  try {
    plane_ = std::make_unique<DataPlane>(std::move(tun), sockets, [this] {
      napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
    });
  } catch (...) {
    napi_release_threadsafe_function(wake_, napi_tsfn_abort);
    throw;
  }
  livePlanes().add(plane_.get());
  napi_add_env_cleanup_hook(env, &Handle::cleanUp, this);
}

void Handle::close() {
  if (closed()) return;
  plane_->close();  // afterwards nobody wakes
  livePlanes().remove(plane_.get());
  plane_.reset();
  napi_remove_env_cleanup_hook(env_, &Handle::cleanUp, this);
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  if (object_ != nullptr) napi_delete_reference(env_, object_);
}

constexpr napi_type_tag kTag{0x616469742d646174, 0x6120706c616e6501};

DataPlane& planeOf(const Call& call) { return unwrap<Handle>(call, kTag).open(); }

std::size_t toSocket(const DataPlane& plane, const Value& value) {
  const std::uint32_t index = value.u32("socket");
  if (index >= plane.sockets().size()) {
    throw ArgumentError("socket: " + std::to_string(index) + " is not the index of an open socket");
  }
  return index;
}

SocketAddress toRemote(const UdpSocket& socket, const Value& remote) {
  const std::uint32_t port = remote["port"].u32("remote.port");
  if (port == 0 || port > 0xffff) throw ArgumentError("remote.port: expected 1 to 65535");
  const std::string address = remote["address"].text("remote.address");
  if (address.empty()) throw ArgumentError("remote.address: expected an address");
  // A raw socket of IPv6 takes no port but its own protocol's (ipv6(7)).
  return SocketAddress::parse(socket.family, address, socket.bare ? std::uint16_t{0} : static_cast<std::uint16_t>(port),
                              "remote.address");
}

// `moved`: the machine is somewhere else now, and what was known of the way is not.
Path toPath(DataPlane& plane, const Value& path, bool moved) {
  const std::size_t socket = toSocket(plane, path["socket"]);
  const SocketAddress remote = toRemote(plane.sockets()[socket], path["remote"]);
  const Value burst = path["burst"];
  return {socket, remote, burst.isUndefined() ? kDefaultBurst : burst.u32("burst"),
          plane.mtus().of(socket, remote, moved)};
}

napi_value sendIke(const Call& call) {
  DataPlane& plane = planeOf(call);
  const std::size_t socket = toSocket(plane, call[0]);
  if (plane.sockets()[socket].bare) throw ArgumentError("socket: carries ESP only, not IKE");
  const SocketAddress remote = toRemote(plane.sockets()[socket], call[1]);
  plane.sendIke(socket, remote, call[2].octets("bytes"), call[3].boolean("keepalive"));
  return nullptr;
}

napi_value installChild(const Call& call) {
  DataPlane& plane = planeOf(call);
  const Path path = toPath(plane, call[1], false);
  plane.install(std::make_shared<Sa>(toSaSpec(call[0])), path, call[2].boolean("standby"));
  return nullptr;
}

napi_value removeChild(const Call& call) {
  planeOf(call).remove(call[0].u32("spiIn"));
  return nullptr;
}

napi_value retireOutbound(const Call& call) {
  planeOf(call).table().retire(call[0].u32("spiIn"));
  return nullptr;
}

napi_value setPath(const Call& call) {
  DataPlane& plane = planeOf(call);
  plane.setPath(call[0].u32("spiIn"), toPath(plane, call[1], true));
  return nullptr;
}

napi_value fromAddress(napi_env env, const SocketAddress& of) {
  return Object(env).set("address", of.text()).set("port", std::uint32_t{of.port()}).get();
}

napi_value fromPath(napi_env env, std::uint32_t socket, const SocketAddress& remote, const PathMtu& mtu) {
  return Object(env)
      .set("socket", socket)
      .set("remote", fromAddress(env, remote))
      .set("mtu", static_cast<std::uint32_t>(mtu.outer()))
      .set("blackHole", toBoolean(env, mtu.blackHole()))
      .get();
}

// Returns the new port.
napi_value renewPort(const Call& call) {
  DataPlane& plane = planeOf(call);
  const std::size_t socket = toSocket(plane, call[0]);
  if (plane.sockets()[socket].bare) throw ArgumentError("socket: carries ESP only, and has no port");
  plane.renewPort(socket);
  napi_value port = nullptr;
  check(call.env(), napi_create_uint32(call.env(), plane.sockets()[socket].port, &port));
  return port;
}

napi_value stats(const Call& call) {
  DataPlane& plane = planeOf(call);
  std::vector<napi_value> children;
  plane.table().each([&](const SaEntry& entry) { children.push_back(fromCounters(call.env(), *entry.sa)); });
  std::vector<napi_value> paths;
  for (const auto& [socket, remote, held, since] : plane.mtus().known()) {
    if (const auto mtu = held.lock()) paths.push_back(fromPath(call.env(), static_cast<std::uint32_t>(socket), remote, *mtu));
  }
  const PlaneCounters counters = plane.counters();
  return Object(call.env())
      .set("children", toArray(call.env(), children))
      .setBig("unknownSpi", counters.unknownSpi)
      .setBig("runts", counters.runts)
      .setBig("noSa", counters.noSa)
      .setBig("sendErrors", counters.sendErrors)
      .setBig("ikeDrops", counters.ikeDrops)
      .setBig("ecnDrops", counters.ecnDrops)
      .setBig("tooBig", counters.tooBig)
      .set("paths", toArray(call.env(), paths))
      .get();
}

// An event as data-plane-linux.ts reads it.
napi_value fromEvent(napi_env env, const IkeEvent& event) {
  return Object(env)
      .set("type", toText(env, "ike"))
      .set("socket", static_cast<std::uint32_t>(event.socket))
      .set("remote", fromAddress(env, event.remote))
      .set("local", fromAddress(env, event.local))
      .set("bytes", toOctets(env, event.bytes))
      .get();
}

napi_value fromEvent(napi_env env, const ExpiredEvent& event) {
  static constexpr const char* kReasons[] = {"", "sequence", "bytes", "packets", "time"};
  return Object(env)
      .set("type", toText(env, "expired"))
      .set("spiIn", event.spiIn)
      .set("reason", toText(env, kReasons[static_cast<std::size_t>(event.reason)]))
      .get();
}

napi_value fromEvent(napi_env env, const UnreachableEvent& event) {
  return Object(env).set("type", toText(env, "unreachable")).set("address", event.remote.text()).get();
}

napi_value fromEvent(napi_env env, const UnansweredEvent& event) {
  return Object(env).set("type", toText(env, "unanswered")).set("address", event.remote.text()).get();
}

napi_value fromEvent(napi_env env, const FatalEvent& event) {
  return Object(env).set("type", toText(env, "fatal")).set("what", event.what).get();
}

// Up to so many events, the oldest first. Fewer: there were no more, and `wake` comes with the next one.
napi_value takeEvents(const Call& call) {
  Handle& handle = unwrap<Handle>(call, kTag);
  std::vector<napi_value> values;
  if (!handle.closed()) {
    for (const Event& event : handle.open().events().take(call[0].u32("most"))) {
      values.push_back(std::visit([&](const auto& one) { return fromEvent(call.env(), one); }, event));
    }
  }
  return toArray(call.env(), values);
}

napi_value closePlane(const Call& call) {
  unwrap<Handle>(call, kTag).close();
  return nullptr;
}

// DataPlaneFeatures of data-plane.ts.
napi_value fromFeatures(napi_env env, const DataPlane& plane) {
  const TunFeatures& tun = plane.tunFeatures();
  const auto everySocket = [&](bool UdpSocket::*has) {
    return std::ranges::all_of(plane.sockets(), [&](const UdpSocket& socket) { return socket.bare || socket.*has; });
  };
  return Object(env)
      .set("vnetHeader", toBoolean(env, tun.vnet))
      .set("tso4", toBoolean(env, tun.tso4))
      .set("tso6", toBoolean(env, tun.tso6))
      .set("uso", toBoolean(env, tun.uso))
      .set("udpSegment", toBoolean(env, everySocket(&UdpSocket::segments)))
      .set("udpGro", toBoolean(env, everySocket(&UdpSocket::gathers)))
      .set("connected", toBoolean(env, plane.connected()))
      .set("ipsecMb", toBoolean(env, hasIpsecMb()))
      .get();
}

std::vector<UdpSpec> toSockets(const Value& list) {
  std::vector<UdpSpec> sockets;
  for (const Value& one : list.array("sockets")) {
    const std::uint32_t family = one["family"].u32("sockets.family");
    const std::uint32_t port = one["port"].u32("sockets.port");
    if (family != 4 && family != 6) throw ArgumentError("sockets.family: expected 4 or 6");
    if (port > 0xffff) throw ArgumentError("sockets.port: expected 0 to 65535");
    UdpSpec spec{family == 4 ? AF_INET : AF_INET6, "", static_cast<std::uint16_t>(port), std::nullopt};
    spec.bare = !one["protocol"].isUndefined() && one["protocol"].text("sockets.protocol") == "esp";
    if (!one["address"].isUndefined()) spec.address = one["address"].text("sockets.address");
    if (!one["mark"].isUndefined()) spec.mark = one["mark"].u32("sockets.mark");
    sockets.push_back(std::move(spec));
  }
  return sockets;
}

}  // namespace

napi_value openDataPlane(const Call& call) {
  napi_env env = call.env();
  FileDescriptor tun(static_cast<int>(call[0]["tun"].u32("tun")));
  const std::vector<UdpSpec> sockets = toSockets(call[0]["sockets"]);
  auto handle = std::make_unique<Handle>(env, call[0]["wake"].get(), std::move(tun), sockets);

  Object object(env);
  std::vector<napi_value> bound;
  for (const UdpSocket& socket : handle->open().sockets()) {
    bound.push_back(Object(env)
                        .set("family", std::uint32_t{socket.family == AF_INET ? 4u : 6u})
                        .set("port", std::uint32_t{socket.port})
                        .set("protocol", toText(env, socket.bare ? "esp" : "udp"))
                        .get());
  }
  object.set("sockets", toArray(env, bound)).set("features", fromFeatures(env, handle->open()));
  const std::pair<const char*, napi_callback> methods[] = {
      {"sendIke", entry<sendIke>},         {"installChild", entry<installChild>},
      {"removeChild", entry<removeChild>}, {"retireOutbound", entry<retireOutbound>},
      {"setPath", entry<setPath>},         {"renewPort", entry<renewPort>},
      {"stats", entry<stats>},             {"takeEvents", entry<takeEvents>},
      {"close", entry<closePlane>},
  };
  for (const auto& [name, method] : methods) {
    napi_value function = nullptr;
    check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function));
    object.set(name, function);
  }
  handle->keep(object.get());
  wrap(env, object.get(), kTag, std::move(handle));
  return object.get();
}

}  // namespace adit
