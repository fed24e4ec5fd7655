// A file system that falls silent at chosen places, as one of a network may: FUSE's protocol as in <linux/fuse.h>,
// served by a process of the test's. A question to which no answer comes holds who asks uninterruptibly, a SIGKILL
// included.
//
//   tool            a program; everything about it is answered
//   mute-tool       is found, and cannot be opened: no answer
//   mute-page       can be opened and mapped, and not be read: no answer
//   mute/           is found and can be entered; a search for any name in it gets no answer
//   hush            is not found; once it was searched for, no directory can be listed any more: no answer
//
// Names and attributes are answered for ever, so that the kernel's cache holds them after the first look.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/owned_fd.h"
#include "support/run.h"

namespace clawbox::test {

class MuteFiles {
 public:
  /// `tool`: what the program is.
  explicit MuteFiles(std::string tool);
  MuteFiles(const MuteFiles&) = delete;
  /// Ends the server, which gives every question that waits an error.
  ~MuteFiles() { release(); }

  /// For Command::before_exec, after enter_own_mounts: mounts it at `directory`, which is there.
  void mount_at(const std::string& directory);
  /// Waits for the next question that gets no answer. False at the deadline.
  bool await_silence(std::chrono::milliseconds deadline = kDeadline) const;
  void release() { life_.reset(); }

 private:
  [[noreturn]] void serve(int device) const;

  std::string tool_;
  OwnedFd life_, servers_life_;          // the server ends when ours is closed
  OwnedFd silences_, servers_silences_;  // a byte for each question without an answer
};

}  // namespace clawbox::test
