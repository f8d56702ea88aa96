#include "readiness.h"

#include <utility>

#include "failure.h"
#include "napi_call.h"

namespace adit {

std::shared_ptr<Readiness> Readiness::open(napi_env env, int descriptor, napi_value ready) {
  uv_loop_t* loop = nullptr;
  check(env, napi_get_uv_event_loop(env, &loop));
  napi_threadsafe_function call = nullptr;
  check(env, napi_create_threadsafe_function(env, ready, nullptr, toText(env, "adit watch"), 0, 1, nullptr, nullptr,
                                             nullptr, nullptr, &call));
  const std::shared_ptr<Readiness> self(new Readiness(env), [](Readiness* one) { delete one; });
  if (const int error = uv_poll_init(loop, &self->poll_, descriptor); error != 0) {
    napi_release_threadsafe_function(call, napi_tsfn_abort);
    throw SystemFailure("epoll_ctl", "watch", -error);
  }
  self->poll_.data = self.get();
  self->self_ = self;
  self->ready_ = call;
  const auto cleanUp = [](napi_async_cleanup_hook_handle, void* data) { static_cast<Readiness*>(data)->close(); };
  if (napi_add_async_cleanup_hook(env, cleanUp, self.get(), &self->hook_) != napi_ok) {
    self->close();
    throw StateError("the environment is ending");
  }
  self->rearm();
  return self;
}

void Readiness::rearm() {
  if (!closing_) uv_poll_start(&poll_, UV_READABLE, &Readiness::readable);
}

void Readiness::close() {
  if (closing_) return;
  closing_ = true;
  napi_release_threadsafe_function(ready_, napi_tsfn_abort);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), &Readiness::released);
}

// An error of the descriptor is readable, too: whoever reads it finds out which.
void Readiness::readable(uv_poll_t* poll, int, int) {
  auto* self = static_cast<Readiness*>(poll->data);
  uv_poll_stop(poll);
  napi_call_threadsafe_function(self->ready_, nullptr, napi_tsfn_nonblocking);
}

void Readiness::released(uv_handle_t* handle) {
  auto* self = static_cast<Readiness*>(handle->data);
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
  const std::shared_ptr<Readiness> last = std::move(self->self_);
}

}  // namespace adit
