#include "napi_watch.h"

#include <memory>
#include <utility>

#include "clock_timer.h"
#include "netlink_socket.h"
#include "readiness.h"

namespace adit {
namespace {

// A source and what calls when it has something. It is closed by close() alone: until then libuv holds it.
template <class Source>
class Watch {
 public:
  Watch(napi_env env, napi_value ready, std::unique_ptr<Source> source)
      : source_(std::move(source)), readiness_(Readiness::open(env, source_->descriptor(), ready)) {}
  ~Watch() { close(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  Source& open() {
    if (source_ == nullptr) throw StateError("the watch is closed");
    return *source_;
  }
  void rearm() { readiness_->rearm(); }
  void close() {
    if (source_ == nullptr) return;
    readiness_->close();
    source_.reset();
  }

 private:
  std::unique_ptr<Source> source_;
  const std::shared_ptr<Readiness> readiness_;
};

using NetlinkWatch = Watch<NetlinkSocket>;
using ClockWatch = Watch<ClockTimer>;
constexpr napi_type_tag kNetlinkTag{0x61646974206e6574, 0x6c696e6b20776101};
constexpr napi_type_tag kClockTag{0x6164697420636c6f, 0x636b207761746301};

napi_value send(const Call& call) {
  unwrap<NetlinkWatch>(call, kNetlinkTag).open().send(call[0].octets("bytes"));
  return nullptr;
}

napi_value takeDatagrams(const Call& call) {
  auto& watch = unwrap<NetlinkWatch>(call, kNetlinkTag);
  const NetlinkSocket::Taken taken = watch.open().take(call[0].u32("most"));
  watch.rearm();
  std::vector<napi_value> datagrams;
  for (const auto& datagram : taken.datagrams) datagrams.push_back(toOctets(call.env(), datagram));
  return Object(call.env())
      .set("datagrams", toArray(call.env(), datagrams))
      .set("lost", toBoolean(call.env(), taken.lost))
      .get();
}

napi_value toNumber(napi_env env, double number) {
  napi_value value = nullptr;
  check(env, napi_create_double(env, number, &value));
  return value;
}

napi_value takeClocks(const Call& call) {
  auto& watch = unwrap<ClockWatch>(call, kClockTag);
  const Clocks clocks = watch.open().take();
  watch.rearm();
  return Object(call.env())
      .set("wall", toNumber(call.env(), clocks.wall))
      .set("boot", toNumber(call.env(), clocks.boot))
      .set("monotonic", toNumber(call.env(), clocks.monotonic))
      .get();
}

template <class Kind, const napi_type_tag& tag>
napi_value closeWatch(const Call& call) {
  unwrap<Kind>(call, tag).close();
  return nullptr;
}

void setMethod(napi_env env, Object& object, const char* name, napi_callback method) {
  napi_value function = nullptr;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function));
  object.set(name, function);
}

}  // namespace

napi_value openNetlink(const Call& call) {
  napi_env env = call.env();
  std::vector<std::uint32_t> groups;
  for (const Value& group : call[1].array("groups")) groups.push_back(group.u32("groups"));
  auto socket = std::make_unique<NetlinkSocket>(call[0].u32("family"), groups);
  Object object(env);
  object.set("port", socket->port());
  setMethod(env, object, "send", entry<send>);
  setMethod(env, object, "take", entry<takeDatagrams>);
  setMethod(env, object, "close", entry<closeWatch<NetlinkWatch, kNetlinkTag>>);
  wrap(env, object.get(), kNetlinkTag, std::make_unique<NetlinkWatch>(env, call[2].get(), std::move(socket)));
  return object.get();
}

napi_value openClockWatch(const Call& call) {
  napi_env env = call.env();
  Object object(env);
  setMethod(env, object, "take", entry<takeClocks>);
  setMethod(env, object, "close", entry<closeWatch<ClockWatch, kClockTag>>);
  wrap(env, object.get(), kClockTag,
       std::make_unique<ClockWatch>(env, call[0].get(), std::make_unique<ClockTimer>()));
  return object.get();
}

}  // namespace adit
