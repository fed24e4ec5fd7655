// What the program gets as descriptors 0, 1 and 2.
#pragma once

#include <array>
#include <variant>

#include "base/owned_fd.h"

namespace clawbox::launch {

struct InheritedFd {};      // the caller's own pipe or socket
struct SessionTerminal {};  // the slave of a terminal that is made inside; its master comes back with kGifts
struct NullDevice {};       // /dev/null of the sandbox
struct PipeEnd {            // the supervisor pumps the other end: the caller's file itself stays outside
  OwnedFd fd;
};
using StdioEnd = std::variant<InheritedFd, SessionTerminal, NullDevice, PipeEnd>;
using Stdio = std::array<StdioEnd, 3>;

}  // namespace clawbox::launch
