// What a command gets as descriptors 0, 1 and 2.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <variant>

#include "base/owned_fd.h"

namespace clawbox::launch {

struct NullDevice {};     // /dev/null of the sandbox
struct SessionTerminal {  // the slave of a terminal that is made inside; its master comes back with kTerminal
  termios attributes{};
  winsize size{};
};
struct PassedFd {  // a pipe or socket of the caller; of a file, which stays outside, the end of a pump's pipe
  OwnedFd fd;
};
using StdioEnd = std::variant<NullDevice, SessionTerminal, PassedFd>;
using Stdio = std::array<StdioEnd, 3>;

}  // namespace clawbox::launch
