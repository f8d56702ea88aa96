// Calls JavaScript when a descriptor has something to read: libuv's poll on the event loop, no thread. One call, then
// silence until rearm().
#pragma once
#include <node_api.h>
#include <uv.h>

#include <memory>

namespace adit {

class Readiness {
 public:
  // `ready` is a JavaScript function without arguments. The descriptor must stay open until close() has returned.
  static std::shared_ptr<Readiness> open(napi_env env, int descriptor, napi_value ready);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  void rearm();
  // Nobody is called afterwards. The end of the environment closes it, too, before whoever holds it goes.
  void close();

 private:
  explicit Readiness(napi_env env) : env_(env) {}
  ~Readiness() = default;
  static void readable(uv_poll_t* poll, int status, int events);
  static void released(uv_handle_t* handle);

  napi_env env_;
  std::shared_ptr<Readiness> self_;  // libuv's share, until it lets go of poll_
  uv_poll_t poll_{};
  napi_threadsafe_function ready_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool closing_ = false;
};

}  // namespace adit
