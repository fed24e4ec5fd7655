#include "session/session.h"

#include "audit/trail.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "cgroup/cgroup.h"
#include "launch/launcher.h"
#include "seccomp/cache.h"
#include "session/egress.h"
#include "session/overlay.h"
#include "session/protected_files.h"
#include "session/steering_fact.h"
#include "store/host_watch.h"
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

/// A writable workspace with a cap on what is added; else nothing.
std::unique_ptr<store::Store> watched_in_place(const Plan& plan, const std::string& cache) {
  if (plan.workspace.mode != Workspace::Mode::kReadWrite || !plan.storage) return nullptr;
  const auto filters = [cache] {
    return seccomp::compile_cached(*store::calls_of(Storage::Backing::kWatch), cache + "/filters").filters;
  };
  return std::make_unique<store::HostWatch>(plan.workspace.host, plan.storage->bytes, filters);
}

/// What a plan knows of the host by an earlier trial may have changed since.
launch::Gifts gifts_of(launch::Child& child, store::Store* store, const Directories& directories) try {
  return child.gifts(store);
} catch (const Error&) {
  forget_steering(directories.cache);
  throw;
}

/// The guest is in while this lives.
class Visit {
 public:
  Visit(Guest& guest, supervise::Supervisor& supervisor, const OwnedFd& socket, supervise::ExecLog::Write write)
      : guest_(guest) {
    guest_.enter(supervisor, socket, std::move(write));
  }
  Visit(const Visit&) = delete;
  ~Visit() { guest_.leave(); }

 private:
  Guest& guest_;
};

}  // namespace

Outcome Session::run(const Plan& plan) {
  const Registration entry = Registry(directories_.runtime).enter(facts_of(plan, {}));
  supervise::CallerStdio stdio = supervise::look_at_stdio();
  if (plan.identity.writer == Identity::Writer::kRoot)
    supervise::give_pipes_to(stdio, plan.identity.uid_map.front().host, plan.identity.gid_map.front().host);
  RunGuest guest(std::move(stdio), tell_);
  return serve(plan, entry, guest);
}

struct Session::Kept {
  plan::ProtectedState before;
  std::optional<Record> record;
  supervise::Supervisor::Counts counts;
  Egress::Past network;
};

Outcome Session::serve(const Plan& plan, const Registration& entry, Guest& guest) {
  Kept kept;
  try {
    while (true) {
      Outcome outcome = live(plan, entry, guest, kept);
      if (!guest.wants_another(outcome)) return with_record(std::move(outcome), *kept.record);
      kept.record->write("session.restart", as_json(outcome));
    }
  } catch (const Error& error) {
    if (kept.record) kept.record->fail(error);
    throw;
  }
}

Outcome Session::live(const Plan& plan, const Registration& entry, Guest& guest, Kept& kept) {
  Stopwatch watch;
  const seccomp::Program filters = filters_of(plan, directories_);
  watch.lap("filters");
  Overlay overlay(plan, directories_, entry.id());
  watch.lap("store");
  cgroup::Cgroup group = cgroup::create(plan.limits.group, entry.id());  // the session is born inside it
  watch.lap("cgroup");
  launch::Child child = launch::start(plan, filters, group.first_exec().directory(), overlay.store());
  watch.lap("clone");
  child.go(plan);
  // While the child sets up: none of this needs it, and all of it must be done before anything runs.
  const std::string trail = directories_.state + "/audit";
  Egress egress(plan, directories_, kept.network);  // the relay: it reads nothing before it has the listeners
  const std::unique_ptr<store::Store> in_place = watched_in_place(plan, directories_.cache);
  if (!kept.record) {
    kept.before = protected_state(plan);
    kept.record.emplace(plan, trail, entry.id());
    kept.record->start(plan, child.pid());
  }
  launch::Gifts gifts = gifts_of(child, overlay.store(), directories_);
  watch.lap("set-up");
  egress.serve(std::move(gifts.listeners));
  watch.lap("egress");
  supervise::Supervisor supervisor(plan, child, group);
  const auto write = [&](const auto& event, const Json& what) { kept.record->write(event, what); };
  const auto tell = [&](const std::string& text) { guest.tell(text); };
  supervisor.go_on_after(kept.counts);
  supervisor.listen({std::move(gifts.listener), digests_in(directories_.cache), overlay.is_answering()}, write);
  egress.watch(supervisor, write, tell);
  supervisor.watch_caps(write);
  supervisor.guard_space(trail, write, tell);
  if (overlay.store() != nullptr) supervisor.watch_store(*overlay.store(), write, tell);
  if (in_place) supervisor.watch_store(*in_place, write, tell);
  const Visit visit(guest, supervisor, entry.socket(), write);
  child.arm();  // from here commands may run
  guest.begin();
  watch.lap("exec");
  timings_ = {watch.laps(), gifts.timings};
  Outcome outcome = guest.live();
  child.process().release();  // pid 1 ends by itself; nobody waits for its teardown
  egress.finish();
  kept.counts = supervisor.counts();
  outcome.protected_changes = changes_since(kept.before, plan);
  outcome.overlay = overlay.kept(outcome.detail);
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
