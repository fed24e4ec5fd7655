#include "supervise/supervisor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "base/text.h"
#include "sys/ready_set.h"

namespace clawbox::supervise {
namespace {

using launch::Kind;
using namespace std::chrono_literals;

constexpr auto kGrace = 2s;        // between SIGTERM and SIGKILL when a cap ends the session
constexpr auto kLook = 20ms;       // between two looks at who still lives meanwhile
constexpr auto kAgain = 500ms;     // without a group: between two signals to who may have undone the first
constexpr auto kUsage = 5s;        // between two records of what the session uses
constexpr auto kCpuCheck = 250ms;  // how far a session may overshoot `cpu_time`, per processor

Outcome cut_short_by(EndedBy reason, const std::string& detail) {
  Outcome outcome;
  outcome.ended_by = reason;
  outcome.exit_status =
      static_cast<int>(reason == EndedBy::kFailed ? ExitStatus::kFeatureMissing : ExitStatus::kCapEnded);
  outcome.detail = detail;
  return outcome;
}

}  // namespace

Supervisor::Supervisor(const Plan& plan, launch::Child& child, cgroup::Cgroup& group)
    : plan_(plan), child_(child), group_(group), commands_(child, plan, group) {
  // `told_program` may have taken the packet that epoll tells of, and where sendmsg is noted the next one waits for us.
  loop_.watch(child_.channel().get(), EPOLLIN, [this](uint32_t) {
    if (sys::is_readable(child_.channel().get())) listen_to_child();
  });
  loop_.watch(deadline_.fd(), EPOLLIN, [this](uint32_t) { enforce_time(); });
  loop_.watch(cpu_check_.fd(), EPOLLIN, [this](uint32_t) { enforce_cpu_time(); });
  loop_.watch(grace_.fd(), EPOLLIN, [this](uint32_t) { end_when_due(); });
  loop_.watch(usage_.fd(), EPOLLIN, [this](uint32_t) { write_usage(); });
  loop_.watch(again_.fd(), EPOLLIN, [this](uint32_t) { again_.drain(), stand_still(); });
  loop_.watch(commands_.overdue(), EPOLLIN, [this](uint32_t) { commands_.end_if_stopped(); });
  // Of a lasting session it is the time of each command.
  if (plan.limits.time && !plan.command.argv.empty()) deadline_.start(plan.limits.time->value);
  if (plan.limits.cpu_time) cpu_check_.start(kCpuCheck, kCpuCheck);
}

Supervisor::~Supervisor() = default;

void Supervisor::go_on_after(const Counts& counts) {
  before_ = counts;
  commands_.go_on_after(counts.commands);
}

Supervisor::Counts Supervisor::counts() const { return {commands_.count(), calls_ ? calls_->execs() : before_.execs}; }

void Supervisor::listen(ListenerGift gift, ExecLog::Write write) {
  if (!gift.listener) return;
  write_ = write;
  gift.program = [this](std::optional<pid_t> inside) { return told_program(inside); };
  calls_.emplace(loop_, plan_, std::move(gift), child_.pid(), std::move(write));
  calls_->go_on_after(before_.execs);
  usage_.start(kUsage, kUsage);
}

void Supervisor::watch_caps(ExecLog::Write write) {
  if (!group_) return;
  const auto end = [this](const std::string& why) { cut_short(EndedBy::kFailed, why); };
  caps_.emplace(loop_, plan_, group_, CapWatch::Session{child_.pid(), std::move(write), end});
}

void Supervisor::guard_space(const std::string& trail, ExecLog::Write write, Tell tell) {
  if (!plan_.limits.reserve) return;
  SpaceGuard::Session session{[this] { stand_still(); }, [this] { go_on(); }, trail, std::move(write), std::move(tell)};
  space_.emplace(loop_, plan_, std::move(session));
}

void Supervisor::watch_store(store::Store& store, ExecLog::Write write, Tell tell) {
  StoreWatch::Session session{child_.pid(), std::move(write), std::move(tell), {}};
  session.end = [this](EndedBy by, const std::string& why) { kill_for(by, why); };
  store_.emplace(loop_, plan_, store, std::move(session));
}

/// A group that was taken away freezes nobody.
void Supervisor::stand_still() {
  if (group_ && group_.freeze()) return;
  child_.order(Kind::kFreeze);
}

void Supervisor::go_on() {
  if (group_ && group_.thaw()) return;
  child_.order(Kind::kContinue);
}

void Supervisor::freeze() {
  frozen_ = true;
  stand_still();
  if (!group_) again_.start(kAgain, kAgain);
}

/// Not while there is no space to go on with.
void Supervisor::thaw() {
  frozen_ = false;
  again_.start(0ms);
  if (!space_ || !space_->is_frozen()) go_on();
}

Usage Supervisor::usage() const { return usage_of_tree(child_.pid()); }

void Supervisor::change_network(const Json& request, const std::string& by) {
  if (!change_network_)
    throw Error(ExitStatus::kUsage, "the session has no list of hosts: its network.mode is not \"allowlist\"",
                "make one by a profile with network.mode = \"allowlist\"; its list may be empty");
  change_network_(request, by);
}

void Supervisor::write_usage() {
  usage_.drain();
  const Usage now = usage();
  write_("usage", {{"cpu_ms", now.cpu.count()}, {"processes", now.processes}, {"resident", now.resident}});
}

Outcome Supervisor::run() {
  loop_.run();
  Outcome outcome = cut_short_.value_or(*ended_);
  if (calls_) {
    calls_->finish();
    outcome.execs = calls_->execs();
    outcome.refusals = calls_->refusals();
    outcome.folded = calls_->folded();
  }
  outcome.cpu = std::max<std::chrono::microseconds>(ended_->cpu, cpu_at_end_);
  if (store_) store_->finish();
  if (caps_) outcome = caps_->judged(std::move(outcome));
  outcome.wall = std::chrono::duration_cast<std::chrono::milliseconds>(sys::boot_time() - started_);
  return outcome;
}

void Supervisor::give_up() {
  if (calls_) calls_->finish();
}

void Supervisor::over(const Outcome& outcome) {
  if (ended_) return;
  ended_ = outcome;
  loop_.forget(child_.channel().get());
  when_over_ ? when_over_() : loop_.stop();
}

void Supervisor::listen_to_child() {
  auto message = launch::receive(child_.channel());
  if (message && message->packet.command != 0) return hear_of_command(std::move(*message));
  Outcome killed;
  killed.ended_by = EndedBy::kKilled;
  killed.signal = SIGKILL;
  killed.exit_status = static_cast<int>(ExitStatus::kSignalBase) + SIGKILL;
  killed.detail = message ? std::string(what_of(message->packet)) : "the sandbox's first process was killed";
  over(killed);
}

void Supervisor::hear_of_command(launch::Message message) {
  const bool is_over = message.packet.kind == Kind::kExited || message.packet.kind == Kind::kFailed;
  commands_.hear(std::move(message));
  if (!is_over || !group_) return;
  if (caps_) caps_->look_again();
  group_.sweep();
}

/// It is told before the exec is asked for, and may not have been read yet.
std::optional<ExecLog::Program> Supervisor::told_program(std::optional<pid_t> inside) {
  while (!ended_ && sys::is_readable(child_.channel().get())) listen_to_child();
  return commands_.program(inside);
}

void Supervisor::enforce_time() {
  deadline_.drain();
  const auto& cap = *plan_.limits.time;
  cut_short(EndedBy::kTime,
            fmt::format("ended by the cap time = {} ({})", duration_text(cap.value), to_string(cap.origin)));
}

std::chrono::microseconds Supervisor::cpu_time() const {
  const std::optional<std::chrono::microseconds> counted = caps_ ? caps_->cpu() : std::nullopt;
  return counted ? *counted : usage_of_tree(child_.pid()).cpu;
}

void Supervisor::enforce_cpu_time() {
  cpu_check_.drain();
  const auto& cap = *plan_.limits.cpu_time;
  if (cut_short_ || cpu_time() < cap.value) return;
  cut_short(EndedBy::kCpuTime,
            fmt::format("ended by the cap cpu_time = {} ({})", duration_text(cap.value), to_string(cap.origin)));
}

void Supervisor::cut_short(EndedBy reason, const std::string& detail) { end(cut_short_by(reason, detail), kGrace); }

void Supervisor::end(Outcome outcome, std::chrono::milliseconds grace) {
  if (!cut_short_) cut_short_ = std::move(outcome);
  // Without a grace not even the first: a handler of SIGTERM would still run.
  const bool is_heard = grace.count() > 0 && child_.order(Kind::kSignal, 0, SIGTERM);
  if (is_frozen()) go_on();  // nobody who stands still can obey
  kill_at_ = sys::boot_time() + (is_heard ? grace : 0ms);
  grace_.start(kLook, kLook);
  end_when_due();
}

/// Pid 1 stays when everybody else has obeyed.
void Supervisor::end_when_due() {
  grace_.drain();
  const Usage now = usage();
  cpu_at_end_ = now.cpu;
  if (now.processes <= 1 || sys::boot_time() >= kill_at_) kill();
}

/// Without a last word: it would go on with what it has to be ended for.
void Supervisor::kill_for(EndedBy reason, const std::string& detail) {
  cut_short_ = cut_short_by(reason, detail);
  child_.process().kill();
}

}  // namespace clawbox::supervise
