#include "session/session.h"

#include "audit/trail.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "cgroup/cgroup.h"
#include "launch/launcher.h"
#include "seccomp/cache.h"
#include "session/overlay.h"
#include "session/protected_files.h"
#include "session/records.h"
#include "session/registry.h"
#include "supervise/caller_stdio.h"
#include "supervise/supervisor.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

/// A required record that cannot be written is never silent, and never hides how the command ended.
Outcome with_record(Outcome outcome, Record& record) {
  const std::optional<std::string> problem = record.end(outcome);
  if (!problem) return outcome;
  outcome.detail += (outcome.detail.empty() ? "" : "; ") + *problem;
  if (outcome.exit_status == 0) outcome.exit_status = static_cast<int>(ExitStatus::kStateUnusable);
  return outcome;
}

/// Without a cache each session reads its programs anew: slower, and not weaker.
OwnedFd digests_in(const std::string& cache) {
  try {
    return open_private_directory(cache + "/programs");
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Outcome Session::run(const Plan& plan) {
  Stopwatch watch;
  const Registration entry =
      Registry(directories_.runtime + "/sessions").enter(plan);  // a held lock: whoever lists trusts it
  watch.lap("register");
  const seccomp::Program filters = filters_of(plan, directories_);
  watch.lap("filters");
  supervise::CallerStdio stdio = supervise::look_at_stdio();
  if (plan.identity.writer == Identity::Writer::kRoot)
    supervise::give_pipes_to(stdio, plan.identity.uid_map.front().host, plan.identity.gid_map.front().host);
  Overlay overlay(plan, directories_, entry.id());
  watch.lap("store");
  const cgroup::Cgroup group = cgroup::create(plan.limits.group, entry.id());  // the session is born inside it
  watch.lap("cgroup");
  launch::Child child =
      launch::start(plan, filters, std::move(stdio.ends), group.first_exec().directory(), overlay.store());
  watch.lap("clone");
  child.go(plan);
  // While the child sets up: none of this needs it, and all of it must be done before the program runs.
  const plan::ProtectedState before = protected_state(plan);
  const std::string trail = directories_.state + "/audit";
  Record record(plan, trail, entry.id());
  try {
    record.start(plan, child.pid());
    launch::Gifts gifts = child.gifts(overlay.store());
    watch.lap("set-up");
    supervise::Supervisor supervisor(plan, child, std::move(stdio), std::move(gifts.terminal));
    const auto write = [&](const auto& event, const Json& what) { record.write(event, what); };
    supervisor.listen({std::move(gifts.listener), digests_in(directories_.cache), overlay.is_answering()}, write);
    if (group) supervisor.watch_caps(group, write);
    supervisor.guard_space(group, trail, write, tell_);
    if (overlay.store() != nullptr) supervisor.watch_store(*overlay.store(), write, tell_);
    child.arm();  // from here the program may run
    supervisor.wait_for_start();
    watch.lap("exec");
    timings_ = {watch.laps(), gifts.timings};
    Outcome outcome = supervisor.run_until_exit();
    child.process().release();  // pid 1 ends by itself; nobody waits for its teardown
    outcome.protected_changes = changes_since(before, plan);
    outcome.overlay = overlay.kept(outcome.detail);
    return with_record(std::move(outcome), record);
  } catch (const Error& error) {
    record.fail(error);
    throw;
  }
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
