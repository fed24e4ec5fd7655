// The event exec.mismatch: what ran is not what was claimed, and no interpreter explains it. Whether one does is known
// only when the claimed file has been read, so each such exec is kept until then.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "supervise/programs.h"
#include "sys/file_finder.h"
#include "sys/file_identity.h"

namespace clawbox::supervise {

class Doubts {
 public:
  using Write = std::function<void(const std::string& event, const Json& fields)>;

  Doubts(Programs& programs, sys::FileFinder& files, Write write)
      : programs_(programs), files_(files), write_(std::move(write)) {}

  struct Doubt {
    uint64_t id = 0;                  // of the exec
    std::string claimed, observed;    // paths
    sys::FileIdentity file, running;  // what the claim led to, and what runs
    OwnedFd root;                     // where its paths begin
  };
  /// `thread`: of its process.
  void add(Doubt doubt, pid_t thread);
  void tell(const Doubt& doubt, const char* why);
  /// Tells or drops what can be decided by now.
  void settle();
  /// Tells what could not be decided.
  void finish();
  bool empty() const { return doubts_.empty(); }

 private:
  enum class Verdict { kExplained, kMismatch, kNotKnown, kNeverKnown };
  Verdict verdict_on(const Doubt& doubt);
  /// Whether it is decided now.
  bool decide(const Doubt& doubt);

  Programs& programs_;
  sys::FileFinder& files_;
  Write write_;
  std::vector<Doubt> doubts_;
  OwnedFd mounts_;  // keeps them while there are doubts: an interpreter is looked up when its script has been read
};

}  // namespace clawbox::supervise
