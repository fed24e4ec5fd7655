// One file operation of the session, done by a copy of pid 1.
#pragma once

#include "launch/command.h"

namespace clawbox::launch {

/// Does what a packet kFiles asks for. Throws SysError where there can be no further process.
Started start_file_operation(const Message& order);

}  // namespace clawbox::launch
