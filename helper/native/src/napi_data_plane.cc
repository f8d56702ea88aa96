#include "napi_data_plane.h"

#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "data_plane.h"
#include "napi_sa.h"

namespace adit {
namespace {

// Events handed to JavaScript before the event loop gets its turn again.
constexpr std::size_t kEventsPerTurn = 64;

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

// What the JavaScript object, the threadsafe function and the clean-up hook share.
class Handle {
 public:
  Handle(napi_env env, napi_value events, FileDescriptor tun, const std::vector<UdpSpec>& sockets);
  ~Handle() { close(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  DataPlane& open() {
    if (plane_ == nullptr) throw StateError("the data plane is closed");
    return *plane_;
  }
  void close();

 private:
  static void deliver(napi_env env, napi_value function, void* context, void* data);
  static void cleanUp(void* self) { static_cast<Handle*>(self)->close(); }
  void wake() const { napi_call_threadsafe_function(wakeUp_, nullptr, napi_tsfn_nonblocking); }
  void deliver();
  void report(const char* method, std::initializer_list<napi_value> arguments);

  napi_env env_;
  napi_ref events_ = nullptr;
  napi_threadsafe_function wakeUp_ = nullptr;
  std::unique_ptr<DataPlane> plane_;
};

Handle::Handle(napi_env env, napi_value events, FileDescriptor tun, const std::vector<UdpSpec>& sockets) : env_(env) {
  check(env, napi_create_reference(env, events, 1, &events_));
  check(env, napi_create_threadsafe_function(env, nullptr, nullptr, toText(env, "adit data plane"), 0, 1, nullptr,
                                             nullptr, this, &Handle::deliver, &wakeUp_));
  try {
    plane_ = std::make_unique<DataPlane>(std::move(tun), sockets, [this] { wake(); });
  } catch (...) {
    napi_release_threadsafe_function(wakeUp_, napi_tsfn_abort);
    napi_delete_reference(env, events_);
    throw;
  }
  livePlanes().add(plane_.get());
  napi_add_env_cleanup_hook(env, &Handle::cleanUp, this);
}

void Handle::close() {
  if (plane_ == nullptr) return;
  plane_->close();  // afterwards nobody wakes
  livePlanes().remove(plane_.get());
  plane_.reset();
  napi_remove_env_cleanup_hook(env_, &Handle::cleanUp, this);
  napi_release_threadsafe_function(wakeUp_, napi_tsfn_abort);
  napi_delete_reference(env_, events_);
}

// `env` is null when the environment ends or the function was aborted: then the handle may be gone, too.
void Handle::deliver(napi_env env, napi_value, void* context, void*) {
  if (env != nullptr) static_cast<Handle*>(context)->deliver();
}

void Handle::deliver() {
  if (plane_ == nullptr) return;
  bool more = false;
  const std::vector<Event> events = plane_->events().take(kEventsPerTurn, more);
  for (const Event& event : events) {
    if (plane_ == nullptr) return;  // a callback has closed us
    napi_handle_scope scope = nullptr;
    check(env_, napi_open_handle_scope(env_, &scope));
    try {
      if (const auto* ike = std::get_if<IkeEvent>(&event)) {
        const auto address = [&](const SocketAddress& of) {
          return Object(env_).set("address", of.text()).set("port", std::uint32_t{of.port()}).get();
        };
        report("onIke", {Object(env_)
                             .set("socket", static_cast<std::uint32_t>(ike->socket))
                             .set("remote", address(ike->remote))
                             .set("local", address(ike->local))
                             .set("bytes", toOctets(env_, ike->bytes))
                             .get()});
      } else if (const auto* expired = std::get_if<ExpiredEvent>(&event)) {
        static constexpr const char* kReasons[] = {"", "sequence", "bytes", "packets"};
        napi_value spiIn = nullptr;
        check(env_, napi_create_uint32(env_, expired->spiIn, &spiIn));
        report("onExpired", {spiIn, toText(env_, kReasons[static_cast<std::size_t>(expired->reason)])});
      } else if (const auto* fatal = std::get_if<FatalEvent>(&event)) {
        report("onFatal", {toText(env_, fatal->what)});
      }
    } catch (...) {
      throwToJavaScript(env_);
    }
    // What a listener throws is an uncaught exception of the program; the events after it still arrive.
    bool pending = false;
    napi_is_exception_pending(env_, &pending);
    if (pending) {
      napi_value exception = nullptr;
      napi_get_and_clear_last_exception(env_, &exception);
      napi_fatal_exception(env_, exception);
    }
    napi_close_handle_scope(env_, scope);
  }
  if (more && plane_ != nullptr) wake();
}

void Handle::report(const char* method, std::initializer_list<napi_value> arguments) {
  napi_value events = nullptr;
  napi_value function = nullptr;
  check(env_, napi_get_reference_value(env_, events_, &events));
  check(env_, napi_get_named_property(env_, events, method, &function));
  check(env_, napi_call_function(env_, events, function, arguments.size(), arguments.begin(), nullptr));
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
  return SocketAddress::parse(socket.family, address, static_cast<std::uint16_t>(port), "remote.address");
}

Path toPath(const DataPlane& plane, const Value& path) {
  const std::size_t socket = toSocket(plane, path["socket"]);
  return {socket, toRemote(plane.sockets()[socket], path["remote"])};
}

napi_value sendIke(const Call& call) {
  DataPlane& plane = planeOf(call);
  const std::size_t socket = toSocket(plane, call[0]);
  const SocketAddress remote = toRemote(plane.sockets()[socket], call[1]);
  plane.sendIke(socket, remote, call[2].octets("bytes"), call[3].boolean("keepalive"));
  return nullptr;
}

napi_value installChild(const Call& call) {
  DataPlane& plane = planeOf(call);
  const Path path = toPath(plane, call[1]);
  plane.table().install(std::make_shared<Sa>(toSaSpec(call[0])), path);
  return nullptr;
}

napi_value removeChild(const Call& call) {
  planeOf(call).table().remove(call[0].u32("spiIn"));
  return nullptr;
}

napi_value retireOutbound(const Call& call) {
  planeOf(call).table().retire(call[0].u32("spiIn"));
  return nullptr;
}

napi_value setPath(const Call& call) {
  DataPlane& plane = planeOf(call);
  plane.table().setPath(call[0].u32("spiIn"), toPath(plane, call[1]));
  return nullptr;
}

napi_value stats(const Call& call) {
  DataPlane& plane = planeOf(call);
  std::vector<napi_value> children;
  plane.table().each([&](const SaEntry& entry) { children.push_back(fromCounters(call.env(), *entry.sa)); });
  const PlaneCounters counters = plane.counters();
  return Object(call.env())
      .set("children", toArray(call.env(), children))
      .setBig("unknownSpi", counters.unknownSpi)
      .setBig("runts", counters.runts)
      .setBig("noSa", counters.noSa)
      .setBig("sendErrors", counters.sendErrors)
      .setBig("ikeDrops", counters.ikeDrops)
      .get();
}

napi_value closePlane(const Call& call) {
  unwrap<Handle>(call, kTag).close();
  return nullptr;
}

std::vector<UdpSpec> toSockets(const Value& list) {
  std::vector<UdpSpec> sockets;
  for (const Value& one : list.array("sockets")) {
    const std::uint32_t family = one["family"].u32("sockets.family");
    const std::uint32_t port = one["port"].u32("sockets.port");
    if (family != 4 && family != 6) throw ArgumentError("sockets.family: expected 4 or 6");
    if (port > 0xffff) throw ArgumentError("sockets.port: expected 0 to 65535");
    UdpSpec spec{family == 4 ? AF_INET : AF_INET6, "", static_cast<std::uint16_t>(port), std::nullopt};
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
  auto handle = std::make_unique<Handle>(env, call[0]["events"].get(), std::move(tun), sockets);

  Object object(env);
  std::vector<napi_value> bound;
  for (const UdpSocket& socket : handle->open().sockets()) {
    bound.push_back(Object(env)
                        .set("family", std::uint32_t{socket.family == AF_INET ? 4u : 6u})
                        .set("port", std::uint32_t{socket.port})
                        .get());
  }
  object.set("sockets", toArray(env, bound));
  const std::pair<const char*, napi_callback> methods[] = {
      {"sendIke", entry<sendIke>},         {"installChild", entry<installChild>},
      {"removeChild", entry<removeChild>}, {"retireOutbound", entry<retireOutbound>},
      {"setPath", entry<setPath>},         {"stats", entry<stats>},
      {"close", entry<closePlane>},
  };
  for (const auto& [name, method] : methods) {
    napi_value function = nullptr;
    check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function));
    object.set(name, function);
  }
  wrap(env, object.get(), kTag, std::move(handle));
  return object.get();
}

}  // namespace adit
