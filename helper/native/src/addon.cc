// The addon's door: what helper/native/data-plane-linux.ts finds when it loads build/native/adit.node. EVP_* come from
// the OpenSSL inside the Node binary; nothing is linked here.
#include <node_api.h>

#include <utility>

#include "napi_call.h"
#include "napi_codec.h"
#include "napi_data_plane.h"
#include "napi_packet_path.h"
#include "napi_watch.h"
#include "peer_credentials.h"
#include "tun.h"

namespace adit {
namespace {

napi_value callOpenTun(const Call& call) {
  OpenTun tun = openTun(call[0].text("name"));
  const napi_value result =
      Object(call.env()).set("name", tun.name).set("fd", static_cast<std::uint32_t>(tun.descriptor.get())).get();
  tun.descriptor.release();
  return result;
}

napi_value callPeerCredentials(const Call& call) {
  const ucred credentials = peerCredentials(static_cast<int>(call[0].u32("fd")));
  return Object(call.env())
      .set("pid", static_cast<std::uint32_t>(credentials.pid))
      .set("uid", credentials.uid)
      .set("gid", credentials.gid)
      .get();
}

}  // namespace
}  // namespace adit

NAPI_MODULE_INIT() {
  using namespace adit;
  const std::pair<const char*, napi_callback> functions[] = {
      {"openTun", entry<callOpenTun>},
      {"openDataPlane", entry<openDataPlane>},
      {"openEspCodec", entry<openEspCodec>},
      {"openPacketPath", entry<openPacketPath>},
      {"openNetlink", entry<openNetlink>},
      {"openClockWatch", entry<openClockWatch>},
      {"peerCredentials", entry<callPeerCredentials>},
  };
  for (const auto& [name, function] : functions) {
    napi_value value = nullptr;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, name, value) != napi_ok) return nullptr;
  }
  return exports;
}
