#include "base/error.h"

#include <cstring>

namespace clawbox {

SysError::SysError(int code, const std::string& doing)
    : Error(ExitStatus::kSetupFailed, fmt::format("{}: {}", doing, std::strerror(code))), code_(code) {}

void throw_sys_error(int code, const std::string& doing) { throw SysError(code, doing); }

}  // namespace clawbox
