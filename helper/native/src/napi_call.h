// A call from JavaScript: typed access to its arguments, and the way C++ failures become JavaScript errors. Values are
// checked here once more although data-plane-linux.ts has checked them: a wrong type must never become a wild pointer.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bytes.h"
#include "failure.h"

namespace adit {

// A JavaScript exception is pending already: unwind to the boundary and leave it there.
struct PendingException {};

void check(napi_env env, napi_status status);

class Value {
 public:
  Value(napi_env env, napi_value value) : env_(env), value_(value) {}
  napi_value get() const { return value_; }

  Value operator[](const char* field) const;
  bool isUndefined() const;
  std::uint32_t u32(const char* field) const;
  std::uint64_t u64(const char* field) const;  // a bigint
  bool boolean(const char* field) const;
  std::string text(const char* field) const;
  // A Uint8Array, seen where it lies: valid until the call returns to JavaScript.
  ConstOctets octets(const char* field) const;
  std::vector<Value> array(const char* field) const;

 private:
  napi_env env_;
  napi_value value_;
};

class Call {
 public:
  static constexpr std::size_t kMaxArguments = 4;
  Call(napi_env env, napi_callback_info info);
  napi_env env() const { return env_; }
  // Undefined where the caller gave fewer.
  Value operator[](std::size_t index) const { return {env_, arguments_[index]}; }
  napi_value self() const { return self_; }

 private:
  napi_env env_;
  napi_value self_ = nullptr;
  napi_value arguments_[kMaxArguments] = {};
};

// Builds objects field by field.
class Object {
 public:
  explicit Object(napi_env env);
  Object& set(const char* field, napi_value value);
  Object& set(const char* field, std::uint32_t value);
  Object& set(const char* field, const std::string& value);
  Object& setBig(const char* field, std::uint64_t value);
  napi_value get() const { return object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
};

napi_value toArray(napi_env env, const std::vector<napi_value>& elements);
napi_value toBoolean(napi_env env, bool value);
napi_value toText(napi_env env, const std::string& text);
// A Uint8Array with a copy.
napi_value toOctets(napi_env env, ConstOctets bytes);
napi_value undefined(napi_env env);

// Ties a C++ object to a JavaScript one, under a tag that says which class it is: a method that is called on a foreign
// object finds no such tag and is refused.
template <class T>
void wrap(napi_env env, napi_value object, const napi_type_tag& tag, std::unique_ptr<T> data) {
  check(env, napi_type_tag_object(env, object, &tag));
  check(env, napi_wrap(
                 env, object, data.get(), [](napi_env, void* held, void*) { delete static_cast<T*>(held); }, nullptr,
                 nullptr));
  data.release();
}

template <class T>
T& unwrap(const Call& call, const napi_type_tag& tag) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(call.env(), call.self(), &tag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(call.env(), call.self(), &data) != napi_ok) {
    throw ArgumentError("this: the method was called on an object that is not its own");
  }
  return *static_cast<T*>(data);
}

// Inside a catch block: throws the current C++ exception as a JavaScript error.
void throwToJavaScript(napi_env env);

// Makes a Node-API callback of a function that may throw.
template <napi_value (*body)(const Call&)>
napi_value entry(napi_env env, napi_callback_info info) {
  try {
    return body(Call(env, info));
  } catch (...) {
    throwToJavaScript(env);
    return nullptr;
  }
}

}  // namespace adit
