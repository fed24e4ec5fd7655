// A process to look at.
#pragma once

#include <unistd.h>

#include <functional>

#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox {

/// A child with a copy of our memory that has done `first` and waits until it is killed.
inline sys::Process waiting_child(const std::function<void()>& first = [] {}) {
  sys::Pipe started = sys::make_pipe();
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) {
    first();
    sys::write_all(started.write_end, "x", "the pipe");
    started.write_end.reset();  // end-of-file tells the parent
    for (;;) ::pause();
  }
  sys::Process child(clone.pid, std::move(clone.pidfd));
  started.write_end.reset();
  sys::read_all(started.read_end, 1, "the pipe of a child that goes on");
  return child;
}

}  // namespace clawbox
