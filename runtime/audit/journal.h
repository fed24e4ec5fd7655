// A copy of each record for the daemon behind /dev/log, which is systemd's journal or a syslog(3) daemon: best effort.
//
// Not by syslog(3), which waits for a daemon that does not read: a session would stand still with it. What the daemon
// does not take at once is left out, and so is everything while no daemon is there; "seq" shows what is missing.
#pragma once

#include <string>
#include <string_view>

#include "base/owned_fd.h"

namespace clawbox::audit {

class Journal {
 public:
  /// Never waits and never throws: the trail itself is the record.
  void copy(std::string_view line) noexcept;

 private:
  bool send(std::string_view message);

  OwnedFd socket_;
  std::string message_;  // kept from one record to the next for its memory
};

}  // namespace clawbox::audit
