// The two ways a call from JavaScript can fail. napi_call.h turns them into a TypeError and a SystemError.
#pragma once
#include <cerrno>
#include <stdexcept>
#include <string>

namespace adit {

// An argument is wrong: the text names the field, the problem and what was expected.
struct ArgumentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The object is in a state in which the call makes no sense (closed, SPI taken).
struct StateError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A system call failed. `what()` is the object it was about (a path, an address).
struct SystemFailure : std::runtime_error {
  SystemFailure(const char* call, const std::string& object, int number = errno)
      : std::runtime_error(object), syscall(call), error(number) {}
  const char* syscall;
  int error;
};

}  // namespace adit
