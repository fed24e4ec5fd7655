// A pid namespace of one command's own, in which the test says what number the next process gets: pid_namespaces(7),
// /proc/sys/kernel/ns_last_pid (CONFIG_CHECKPOINT_RESTORE).
#pragma once

#include <sys/types.h>

#include "base/owned_fd.h"

namespace clawbox::test {

class OwnPids {
 public:
  OwnPids();
  static bool possible();

  /// For Command::before_exec, after enter_own_mounts. The command sees a /proc of its own.
  void enter() const;
  /// The next process that is started has this number, if no other one has it.
  void choose_next(pid_t pid) const;

 private:
  [[noreturn]] void serve_as_init(pid_t command) const;

  OwnedFd ours_, inits_;
};

}  // namespace clawbox::test
