// "The system refused" and "the caller asked for what cannot be": exceptions that carry the exit status and the remedy.
//
// `what()` is one line: what we were doing, with the name of the thing, and why it failed. `remedy()` is what the
// reader can do about it, or empty. Caught in three places only: main.cc, the child boundary, one turn of an event
// loop.
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/exit_status.h"

namespace clawbox {

class Error : public std::runtime_error {
 public:
  explicit Error(ExitStatus status, const std::string& what, std::string remedy = "")
      : std::runtime_error(what), status_(status), remedy_(std::move(remedy)) {}

  ExitStatus status() const { return status_; }
  const std::string& remedy() const { return remedy_; }

 private:
  ExitStatus status_;
  std::string remedy_;
};

/// A system call failed. `code()` is errno as it was at the call; with ENOSYS the kernel is too old for us.
class SysError : public Error {
 public:
  SysError(int code, const std::string& doing);
  int code() const { return code_; }

 private:
  int code_;
};

[[noreturn]] void throw_sys_error(int code, const std::string& doing);

/// Throws SysError for the current errno, which is saved before the text is formatted:
/// `throw_errno("opening '{}'", path)` gives "opening '/x': No such file or directory".
template <class... Args>
[[noreturn]] void throw_errno(fmt::format_string<Args...> format, Args&&... args) {
  const int code = errno;
  throw_sys_error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace clawbox
