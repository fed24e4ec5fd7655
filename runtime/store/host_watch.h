// A workspace that is the host's own directory: nothing is mounted over it, and nothing refuses a write. What the
// session adds is looked at, and one that adds more than its cap has to be ended by who watches it: soft.
//
// At first by statvfs(3) alone, as soon as a disk of 2 GiB/s could have filled the cap and at least every five seconds:
// one cheap call, which sees what everybody writes. Only where so much was written that the session could be over, a
// process of its own (watcher.h) counts once what in the directory has changed since it began. A file that was there
// before and was changed counts whole, and what others write into the directory counts too.
#pragma once

#include <chrono>
#include <ctime>
#include <functional>
#include <optional>
#include <string>

#include "store/store.h"
#include "store/watcher.h"
#include "sys/helper.h"
#include "sys/loop.h"
#include "sys/ready_set.h"

namespace clawbox::store {

class HostWatch : public Store {
 public:
  /// `filters`: of calls_of(Backing::kWatch); asked for when they are needed, which is seldom.
  HostWatch(const std::string& path, uint64_t bytes, std::function<Filters()> filters);

  Backing backing() const override { return Backing::kWatch; }
  Mounted mount() const override { return {}; }  // never asked for
  void serve(OwnedFd, OwnedFd) override {}
  void session_begins(pid_t init) override;
  int news() const override { return ready_.fd(); }
  News next_news() override;

 private:
  uint64_t given() const;
  void look();
  void start_watcher(WatcherPlan::Looks looks);
  News judged();

  OwnedFd directory_;
  Caps caps_;
  std::function<Filters()> filters_;
  timespec began_{};
  uint64_t given_then_ = 0, counted_ = 0;  // by the file system when it was counted last, and what was counted then
  std::chrono::steady_clock::time_point count_began_, not_before_;
  pid_t init_ = 0;
  sys::Timer timer_;
  sys::ReadySet ready_;
  std::optional<sys::Helper> watcher_;
};

}  // namespace clawbox::store
