#include "session/session.h"

#include <chrono>

#include "audit/trail.h"
#include "base/error.h"
#include "base/text.h"
#include "launch/identity.h"
#include "launch/launcher.h"
#include "plan/protect.h"
#include "seccomp/cache.h"
#include "session/records.h"
#include "session/registry.h"
#include "supervise/caller_stdio.h"
#include "supervise/supervisor.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

class Laps {
 public:
  void lap(const char* step) {
    const auto now = std::chrono::steady_clock::now();
    text_ += fmt::format("{}={} ", step, std::chrono::duration_cast<std::chrono::microseconds>(now - last_).count());
    last_ = now;
  }
  const std::string& text() const { return text_; }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::string text_;
};

/// Only a writable workspace can change, and only what makes the host run code later is looked at.
plan::ProtectedState protected_state(const Plan& plan) {
  if (plan.workspace.mode != Workspace::Mode::kReadWrite || plan.workspace.protect.empty()) return {};
  return plan::snapshot(plan.workspace.host, plan.workspace.protect);
}

}  // namespace

Outcome Session::run(const Plan& plan) {
  Laps laps;
  const Registration entry =
      Registry(directories_.runtime + "/sessions").enter(plan);  // a held lock: whoever lists trusts it
  Record record(plan, directories_.state + "/audit", entry.id());
  laps.lap("register");
  const seccomp::Program filters = filters_of(plan, directories_);
  laps.lap("filters");
  supervise::CallerStdio stdio = supervise::look_at_stdio();
  if (plan.identity.writer == Identity::Writer::kRoot)
    supervise::give_pipes_to(stdio, plan.identity.uid_map.front().host, plan.identity.gid_map.front().host);
  launch::Child child = launch::start(plan, filters, std::move(stdio.ends));
  laps.lap("clone");
  launch::write_id_maps(child.pid(), plan.identity);
  launch::Gifts gifts = child.go(launch::mapped_trees(plan));
  laps.lap("set-up");
  const plan::ProtectedState before = protected_state(plan);
  record.start(plan);  // on disk before the program runs
  supervise::Supervisor supervisor(plan, child, std::move(stdio), std::move(gifts.terminal));
  child.arm();  // from here the program runs
  laps.lap("exec");
  timings_ = {laps.text(), gifts.timings};
  Outcome outcome = supervisor.run_until_exit();
  child.process().release();  // pid 1 ends by itself; nobody waits for its teardown
  for (const plan::ProtectedChange& change : plan::changes(before, protected_state(plan)))
    outcome.protected_changes.push_back(as_outcome(change));
  record.end(outcome);
  return outcome;
}

seccomp::Program filters_of(const Plan& plan, const Directories& directories) {
  try {
    sys::make_directories(directories.cache, 0700);
  } catch (const SysError&) {
    // Without a cache every start compiles anew: slower, and not weaker.
  }
  return seccomp::compile_cached(plan.syscalls, directories.cache + "/filters");
}

}  // namespace clawbox::session
