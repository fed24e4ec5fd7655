#include "supervise/call_watch.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <memory>

#include "audit/hostile.h"
#include "base/error.h"
#include "supervise/call_text.h"
#include "sys/clock.h"
#include "sys/file_systems.h"
#include "sys/process_facts.h"

namespace clawbox::supervise {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostTotals = 10'000;

ExecLog::Session session_of(const Plan& plan, pid_t init, ListenerGift& gift, std::function<void(pid_t)> ended) {
  return {init,
          std::move(gift.program),
          plan.audit.environment_names ? EnvironmentNames::kRecorded : EnvironmentNames::kLeftOut,
          plan.identity.uid_map,
          plan.identity.nested_user_namespaces ? ExecLog::Session::Roots::kMany : ExecLog::Session::Roots::kOne,
          plan.workspace.mode == Workspace::Mode::kOverlay ? ExecLog::Session::Files::kServed
                                                           : ExecLog::Session::Files::kPlain,
          std::move(gift.digests),
          std::move(ended)};
}

bool refuses(const seccomp::Clause& clause) { return clause.action != SECCOMP_RET_ALLOW; }

int error_of(const seccomp::Clause& clause) { return static_cast<int>(clause.action & SECCOMP_RET_DATA); }

/// Behind the session's own overlay there are the host's workspace and our file server, which answers or is gone.
bool nothing_waits(const Plan& plan, pid_t init) {
  if (plan.workspace.mode != Workspace::Mode::kOverlay) return sys::all_answer(init);
  const std::string& place = plan.workspace.inside;
  const auto concerns = [&](const sys::MountPoint& mount) {  // also what is locked in the workspace is a mount of it
    return mount.type != "overlay" || (mount.path != place && !mount.path.starts_with(place + "/"));
  };
  return sys::all_answer(std::to_string(init), concerns) && sys::all_answer_around(plan.workspace.host);
}

/// What a program can map comes from what is mounted inside, which nobody there can change without namespaces of his
/// own; and what the host mounts later does not come in.
std::function<bool()> who_never_waits(const Plan& plan, pid_t init, bool storage_answers) {
  const auto known = std::make_shared<std::optional<bool>>();
  return [init, known, &plan, storage_answers] {
    if (!*known) *known = storage_answers && !plan.identity.nested_user_namespaces && nothing_waits(plan, init);
    return **known;
  };
}

/// A kernel before 6.6 does without: slower, not weaker.
void wake_in_turn(const OwnedFd& listener) {
  try {
    sys::set_sync_wake_up(listener);
  } catch (const SysError& error) {
    if (error.code() != EINVAL) throw;
  }
}

}  // namespace

CallWatch::CallWatch(sys::Loop& loop, const Plan& plan, ListenerGift gift, pid_t init, ExecLog::Write write)
    : loop_(loop),
      plan_(plan),
      listener_(std::move(gift.listener)),
      write_(std::move(write)),
      nobody_waits_(who_never_waits(plan, init, gift.storage_answers)),
      memory_(nobody_waits_),
      files_(nobody_waits_),
      execs_(loop, memory_, files_,
             session_of(plan, init, gift, [this](pid_t process) { write_folded(buckets_.forget(process)); }), write_) {
  wake_in_turn(listener_);
  loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t events) {
    if ((events & EPOLLIN) != 0) return take_call();
    loop_.forget(listener_.get());  // EPOLLHUP: nobody is left whom the filter confines
  });
  loop_.watch(tell_.fd(), EPOLLIN, [this](uint32_t) { tell_folded(); });
}

CallWatch::~CallWatch() {
  loop_.forget(listener_.get());
  loop_.forget(tell_.fd());
}

void CallWatch::take_call() {
  const auto call = sys::receive_call(listener_);
  if (!call) return;
  if (call->number == SYS_execve || call->number == SYS_execveat) return answer_exec(*call);
  if (call->number != SYS_exit_group) return answer_other(*call);
  execs_.asked_to_exit(*call);
  sys::let_through(listener_, call->id);
}

void CallWatch::answer_exec(const sys::TrappedCall& call) {
  switch (execs_.asked_to_exec(call, [&] { return sys::still_waits(listener_, call.id); })) {
    case ExecLog::Answer::kAbsent:
      return sys::answer_with_error(listener_, call.id, ENOENT);
    case ExecLog::Answer::kFault:
      return sys::answer_with_error(listener_, call.id, EFAULT);
    case ExecLog::Answer::kGoOn:
      return sys::let_through(listener_, call.id);
  }
}

void CallWatch::answer_other(const sys::TrappedCall& call) {
  const seccomp::Clause& clause = clause_for(call);
  record(call, clause);
  if (refuses(clause)) return sys::answer_with_error(listener_, call.id, error_of(clause));
  sys::let_through(listener_, call.id);
}

const seccomp::Clause& CallWatch::clause_for(const sys::TrappedCall& call) {
  if (!policy_) policy_ = seccomp::expand(plan_.syscalls);
  const auto found = policy_->clauses.find(call.number);
  const seccomp::Clause* clause =
      found != policy_->clauses.end() ? seccomp::deciding_clause(found->second, call.arguments) : nullptr;
  if (clause == nullptr) throw Error(ExitStatus::kInternal, "the filter told of a call that the policy does not name");
  return *clause;
}

void CallWatch::record(const sys::TrappedCall& call, const seccomp::Clause& clause) {
  const auto status = sys::status_of(call.thread);
  const pid_t process = status ? status->tgid : call.thread;  // /proc may hide it (hidepid)
  if (refuses(clause)) ++refusals_;
  if (plan_.audit.level == Audit::Level::kSyscall) count(execs_.exec_of(process), call.number);
  if (buckets_.take(process, call.number, sys::boot_time()) == TokenBuckets::Verdict::kFold) return expect_folded();
  Json record{{"call", seccomp::call_name(call.number)}};
  record["arguments"] =
      audit::hostile(call_arguments(call.number, call.arguments, sys::ProcessMemory(call.thread, memory_)));
  record["pid"] = process;
  if (status && status->tgids.size() > 1) record["pid_inside"] = status->tgids[1];
  record["exec"] = execs_.exec_of(process);
  if (!sys::still_waits(listener_, call.id)) return;  // killed meanwhile: what was read may be another process's
  if (!refuses(clause)) return write_("call", record);
  record["errno"] = error_of(clause);
  record["rule"] = clause.group.empty() ? seccomp::call_name(call.number) : clause.group;
  record["origin"] = to_string(clause.origin);
  if (!clause.reason.empty()) record["reason"] = clause.reason;
  write_("refused", record);
}

void CallWatch::expect_folded() {
  ++folded_;
  if (!std::exchange(telling_, true)) tell_.start(1s, 1s);
}

void CallWatch::tell_folded() {
  tell_.drain();
  write_folded(buckets_.due(sys::boot_time()));
  if (buckets_.has_folded()) return;
  telling_ = false;
  tell_.start(0ms);
}

void CallWatch::write_folded(const std::vector<TokenBuckets::Folded>& folded) {
  for (const TokenBuckets::Folded& some : folded) {
    Json record{{"count", some.count}, {"since_us", some.since.count()}};
    if (some.call >= 0) record["call"] = seccomp::call_name(some.call);
    if (some.pid != 0) record["pid"] = some.pid;
    write_("folded", record);
  }
}

void CallWatch::count(uint64_t exec, int number) {
  const auto known = totals_.find(exec);
  if (known == totals_.end() && totals_.size() >= kMostTotals) exec = 0;  // of all further ones together
  ++totals_[exec][number];
}

void CallWatch::write_totals() {
  for (const auto& [exec, calls] : totals_) {
    Json record{{"exec", exec}};
    for (const auto& [number, times] : calls) record["calls"][seccomp::call_name(number)] = times;
    write_("totals", record);
  }
}

void CallWatch::finish() {
  execs_.finish();
  write_totals();
  write_folded(buckets_.rest());
}

}  // namespace clawbox::supervise
