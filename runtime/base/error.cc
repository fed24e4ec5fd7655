#include "base/error.h"

#include <cstring>

namespace clawbox {

SysError::SysError(int code, const std::string& doing)
    : Error(code == ENOSYS ? ExitStatus::kFeatureMissing : ExitStatus::kSetupFailed,
            fmt::format("{}: {}", doing, std::strerror(code)),
            code == ENOSYS ? "clawbox needs Linux 5.14 or later; `clawbox doctor` says what is missing here" : ""),
      code_(code) {}

void throw_sys_error(int code, const std::string& doing) { throw SysError(code, doing); }

}  // namespace clawbox
