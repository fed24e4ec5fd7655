// What a detached command and the daemons that it leaves behind print, from its pipe into its log, until nobody holds
// the other end.
#pragma once

#include "base/owned_fd.h"
#include "launch/stdio.h"
#include "session/log_file.h"
#include "sys/loop.h"

namespace clawbox::session {

class OutputLog {
 public:
  OutputLog(sys::Loop& loop, LogFile file);
  ~OutputLog();
  OutputLog(const OutputLog&) = delete;

  /// Nothing to read, and both outputs into the log. Once.
  launch::Stdio take_ends();
  bool is_over() const { return !source_; }

 private:
  void take();
  void close();

  sys::Loop& loop_;
  LogFile file_;
  OwnedFd source_, sink_;
};

}  // namespace clawbox::session
