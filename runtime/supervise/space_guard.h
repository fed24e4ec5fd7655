// The floor under the host's free space, `limits.reserve`: while less is free on a file system that the session or
// its trail fills, the session stands still.
//
// Protects the host from what no mount can cap, a workspace that is the host's own directory, and from everybody else
// who fills it at the same time. Soft: space is looked at as often as a disk of 2 GiB/s makes necessary, and at most
// ten times a second; what the page cache has not yet given to the disk may come later. statvfs(3).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "supervise/exec_log.h"
#include "sys/file_systems.h"
#include "sys/loop.h"

namespace clawbox::supervise {

/// What stays free on a file system, by `limits.reserve`.
uint64_t floor_in(const sys::Space& space, const Limits& limits);

class SpaceGuard {
 public:
  struct Session {
    std::function<void()> freeze, thaw;  // called again while it lasts: somebody else may have thawed it
    std::string trail;                   // the directory of its records, which grow too
    ExecLog::Write write;
    std::function<void(const std::string&)> tell;  // a person, at once
  };
  /// `plan` and `loop` outlive it. Throws Error(kSetupFailed) where less is free already.
  SpaceGuard(sys::Loop& loop, const Plan& plan, Session session);
  SpaceGuard(const SpaceGuard&) = delete;
  ~SpaceGuard() { loop_.forget(timer_.fd()); }

  bool is_frozen() const { return frozen_; }

 private:
  struct Place {
    std::string path;
    OwnedFd root;
    uint64_t floor = 0;
  };
  struct Look {
    const Place* place = nullptr;  // the one with the least room
    uint64_t free = 0;
    bool is_short() const { return place != nullptr && free < place->floor; }
  };
  void add(const std::string& path);
  Look look() const;
  void check();
  void freeze(const Look& look);
  void thaw(const Look& look);
  void record(const Look& look, const char* action);

  sys::Loop& loop_;
  const Plan& plan_;
  Session session_;
  sys::Timer timer_;
  std::vector<Place> places_;
  bool frozen_ = false;
};

}  // namespace clawbox::supervise
