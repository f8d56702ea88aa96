#include "napi_call.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace adit {
namespace {

[[noreturn]] void refuse(const char* field, const char* expected) {
  throw ArgumentError(std::string(field) + ": expected " + expected);
}

// The symbolic name of an errno, e.g. EADDRINUSE.
std::string errorName(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "E" + std::to_string(error);
}

}  // namespace

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw PendingException{};
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw StateError(std::string("Node-API: ") +
                   (info != nullptr && info->error_message != nullptr ? info->error_message : "unknown failure"));
}

Value Value::operator[](const char* field) const {
  napi_value result = nullptr;
  check(env_, napi_get_named_property(env_, value_, field, &result));
  return {env_, result};
}

bool Value::isUndefined() const {
  napi_valuetype type = napi_undefined;
  check(env_, napi_typeof(env_, value_, &type));
  return type == napi_undefined;
}

std::uint32_t Value::u32(const char* field) const {
  double number = 0;
  if (napi_get_value_double(env_, value_, &number) != napi_ok || !(number >= 0 && number <= 0xffffffff) ||
      number != static_cast<double>(static_cast<std::uint32_t>(number))) {
    refuse(field, "an integer from 0 to 4294967295");
  }
  return static_cast<std::uint32_t>(number);
}

std::uint64_t Value::u64(const char* field) const {
  std::uint64_t number = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env_, value_, &number, &lossless) != napi_ok || !lossless) {
    refuse(field, "a bigint from 0 to 2^64-1");
  }
  return number;
}

bool Value::boolean(const char* field) const {
  bool result = false;
  if (napi_get_value_bool(env_, value_, &result) != napi_ok) refuse(field, "a boolean");
  return result;
}

std::string Value::text(const char* field) const {
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env_, value_, nullptr, 0, &length) != napi_ok) refuse(field, "a string");
  std::string result(length, '\0');
  check(env_, napi_get_value_string_utf8(env_, value_, result.data(), length + 1, &length));
  return result;
}

ConstOctets Value::octets(const char* field) const {
  bool typed = false;
  if (napi_is_typedarray(env_, value_, &typed) != napi_ok || !typed) refuse(field, "a Uint8Array");
  napi_typedarray_type type = napi_uint8_array;
  std::size_t length = 0;
  void* data = nullptr;
  check(env_, napi_get_typedarray_info(env_, value_, &type, &length, &data, nullptr, nullptr));
  if (type != napi_uint8_array) refuse(field, "a Uint8Array");
  return {static_cast<const std::uint8_t*>(data), length};
}

std::vector<Value> Value::array(const char* field) const {
  bool is = false;
  if (napi_is_array(env_, value_, &is) != napi_ok || !is) refuse(field, "an array");
  std::uint32_t length = 0;
  check(env_, napi_get_array_length(env_, value_, &length));
  std::vector<Value> elements;
  for (std::uint32_t i = 0; i < length; i++) {
    napi_value element = nullptr;
    check(env_, napi_get_element(env_, value_, i, &element));
    elements.emplace_back(env_, element);
  }
  return elements;
}

Call::Call(napi_env env, napi_callback_info info) : env_(env) {
  std::size_t count = kMaxArguments;  // Node-API fills the rest with undefined
  check(env, napi_get_cb_info(env, info, &count, arguments_, &self_, nullptr));
}

Object::Object(napi_env env) : env_(env) { check(env, napi_create_object(env, &object_)); }

Object& Object::set(const char* field, napi_value value) {
  check(env_, napi_set_named_property(env_, object_, field, value));
  return *this;
}

Object& Object::set(const char* field, std::uint32_t value) {
  napi_value number = nullptr;
  check(env_, napi_create_uint32(env_, value, &number));
  return set(field, number);
}

Object& Object::set(const char* field, const std::string& value) { return set(field, toText(env_, value)); }

Object& Object::setBig(const char* field, std::uint64_t value) {
  napi_value number = nullptr;
  check(env_, napi_create_bigint_uint64(env_, value, &number));
  return set(field, number);
}

napi_value toArray(napi_env env, const std::vector<napi_value>& elements) {
  napi_value array = nullptr;
  check(env, napi_create_array_with_length(env, elements.size(), &array));
  for (std::size_t i = 0; i < elements.size(); i++) {
    check(env, napi_set_element(env, array, static_cast<std::uint32_t>(i), elements[i]));
  }
  return array;
}

napi_value toBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  check(env, napi_get_boolean(env, value, &result));
  return result;
}

napi_value toText(napi_env env, const std::string& text) {
  napi_value result = nullptr;
  check(env, napi_create_string_utf8(env, text.data(), text.size(), &result));
  return result;
}

napi_value toOctets(napi_env env, ConstOctets bytes) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  check(env, napi_create_arraybuffer(env, bytes.size(), &data, &buffer));
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  check(env, napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &array));
  return array;
}

napi_value undefined(napi_env env) {
  napi_value result = nullptr;
  check(env, napi_get_undefined(env, &result));
  return result;
}

void throwToJavaScript(napi_env env) {
  try {
    throw;
  } catch (const PendingException&) {
    return;
  } catch (const ArgumentError& error) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", error.what());
  } catch (const SystemFailure& failure) {
    const std::string code = errorName(failure.error);
    const std::string message =
        code + ": " + std::strerror(failure.error) + ", " + failure.syscall + " '" + failure.what() + "'";
    napi_value error = nullptr;
    napi_value number = nullptr;
    if (napi_create_error(env, toText(env, code), toText(env, message), &error) != napi_ok) return;
    napi_create_int32(env, failure.error, &number);
    napi_set_named_property(env, error, "errno", number);
    napi_set_named_property(env, error, "syscall", toText(env, failure.syscall));
    napi_throw(env, error);
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ENOMEM", "not enough memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_INVALID_STATE", error.what());
  }
}

}  // namespace adit
