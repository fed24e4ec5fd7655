#include "supervise/supervisor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "base/text.h"
#include "supervise/usage.h"
#include "sys/ready_set.h"

namespace clawbox::supervise {
namespace {

using launch::Kind;
using namespace std::chrono_literals;

constexpr auto kGrace = 2s;        // between SIGTERM and SIGKILL when a cap ends the run
constexpr auto kUsage = 5s;        // between two records of what the session uses
constexpr auto kCpuCheck = 250ms;  // how far a session may overshoot `cpu_time`, per processor

}  // namespace

Supervisor::Supervisor(const Plan& plan, launch::Child& child, CallerStdio stdio, OwnedFd terminal)
    : plan_(plan), child_(child), signals_({SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
  loop_.watch(signals_.fd(), EPOLLIN, [this](uint32_t) { pass_signal_on(); });
  // `told_program` may have taken the packet that epoll tells of, and where sendmsg is noted the next one waits for us.
  loop_.watch(child_.channel().get(), EPOLLIN, [this](uint32_t) {
    if (sys::is_readable(child_.channel().get())) listen_to_child();
  });
  loop_.watch(deadline_.fd(), EPOLLIN, [this](uint32_t) { enforce_time(); });
  loop_.watch(cpu_check_.fd(), EPOLLIN, [this](uint32_t) { enforce_cpu_time(); });
  loop_.watch(grace_.fd(), EPOLLIN, [this](uint32_t) { child_.process().kill(), grace_.drain(); });
  loop_.watch(usage_.fd(), EPOLLIN, [this](uint32_t) { write_usage(); });
  const auto drained = [this] { stop_when_drained(); };
  for (Route& route : stdio.routes) {
    auto& pumps = route.direction == Route::Direction::kFromProgram ? outputs_ : inputs_;
    pumps.push_back(std::make_unique<Pump>(loop_, std::move(route.from), std::move(route.to), drained));
  }
  if (terminal) terminal_.emplace(loop_, std::move(terminal), stdio, drained);
  if (plan.limits.time) deadline_.start(plan.limits.time->value);
  if (plan.limits.cpu_time) cpu_check_.start(kCpuCheck, kCpuCheck);
}

void Supervisor::listen(ListenerGift gift, ExecLog::Write write) {
  if (!gift.listener) return;
  write_ = write;
  gift.program = [this] { return told_program(); };
  calls_.emplace(loop_, plan_, std::move(gift), child_.pid(), std::move(write));
  usage_.start(kUsage, kUsage);
}

void Supervisor::watch_caps(const cgroup::Cgroup& group, ExecLog::Write write) {
  caps_.emplace(loop_, plan_, group, std::move(write));
}

void Supervisor::guard_space(const cgroup::Cgroup& group, const std::string& trail, ExecLog::Write write,
                             std::function<void(const std::string&)> tell) {
  if (!plan_.limits.reserve) return;
  const auto order = [this](Kind kind) { return [this, kind] { launch::send(child_.channel(), kind); }; };
  SpaceGuard::Session session{order(Kind::kFreeze), order(Kind::kContinue), trail, std::move(write), std::move(tell)};
  if (group) session.freeze = [&group] { group.freeze(); }, session.thaw = [&group] { group.thaw(); };
  space_.emplace(loop_, plan_, std::move(session));
}

void Supervisor::watch_store(store::Store& store, ExecLog::Write write, std::function<void(const std::string&)> tell) {
  store_.emplace(loop_, plan_, store, std::move(write), std::move(tell));
}

void Supervisor::write_usage() {
  usage_.drain();
  const Usage usage = usage_of_tree(child_.pid());
  write_("usage", {{"cpu_ms", usage.cpu.count()}, {"processes", usage.processes}, {"resident", usage.resident}});
}

void Supervisor::wait_for_start() {
  loop_.run();
  if (failed_ && calls_) calls_->finish();  // what was asked for is on record with its end
  if (failed_) throw Error(*failed_);
  if (phase_ == Phase::kStarting)
    throw Error(ExitStatus::kSetupFailed, "the sandbox was killed before the program started");
}

Outcome Supervisor::run_until_exit() {
  loop_.run();
  Outcome outcome = cut_short_.value_or(*ended_);
  if (calls_) {
    calls_->finish();
    outcome.execs = calls_->execs();
    outcome.refusals = calls_->refusals();
    outcome.folded = calls_->folded();
  }
  outcome.cpu = ended_->cpu;
  if (caps_) outcome = caps_->judged(std::move(outcome));
  note_lost_output(outcome);
  outcome.wall = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  return outcome;
}

/// The program wrote into a pipe and could not know; a shell would have told it.
void Supervisor::note_lost_output(Outcome& outcome) const {
  for (const auto& pump : outputs_) {
    if (pump->error() == 0) continue;
    outcome.detail +=
        (outcome.detail.empty() ? "" : "; ") + std::string(SysError(pump->error(), "output is lost").what());
    if (outcome.exit_status == 0) outcome.exit_status = static_cast<int>(ExitStatus::kOutputLost);
  }
}

void Supervisor::listen_to_child() {
  auto message = launch::receive(child_.channel());
  if (!message) return note_killed("the sandbox's first process ended before its program did");
  if (message->packet.kind == Kind::kFailed) return note_failure(message->packet);
  if (message->packet.kind == Kind::kProgram) {
    auto& files = message->descriptors;
    program_ = {std::string(what_of(message->packet)), files.empty() ? OwnedFd() : std::move(files.front())};
    return;
  }
  if (message->packet.kind == Kind::kStarted) {
    phase_ = Phase::kRunning;
    return loop_.stop();  // for wait_for_start
  }
  if (message->packet.kind == Kind::kExited) return note_end(message->packet);
  // Not for SIGSTOP: a program could stop itself with it, and with that us and the clocks of its caps.
  const int signal = message->packet.number;
  const bool by_terminal = signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  if (message->packet.kind != Kind::kStopped || !terminal_ || !by_terminal) return;
  launch::send(child_.channel(), Kind::kFreeze);  // nobody inside runs on while we, who count, stand still
  terminal_->suspend();
  launch::send(child_.channel(), Kind::kContinue);
}

/// It is told before the exec is asked for, and may not have been read yet.
ExecLog::Program Supervisor::told_program() {
  if (!program_) listen_to_child();
  return std::exchange(program_, ExecLog::Program()).value_or(ExecLog::Program());
}

void Supervisor::note_failure(const launch::Packet& packet) {
  if (phase_ == Phase::kRunning) return note_killed(std::string(what_of(packet)));
  failed_ = launch::failure_in(packet);
  loop_.stop();
}

void Supervisor::note_end(const launch::Packet& packet) {
  Outcome outcome;
  outcome.signal = packet.signal;
  outcome.ended_by = packet.signal != 0 ? EndedBy::kSignal : EndedBy::kExit;
  outcome.exit_status = packet.signal != 0 ? static_cast<int>(ExitStatus::kSignalBase) + packet.signal : packet.number;
  outcome.cpu = std::chrono::microseconds(packet.cpu_us);
  ended_ = outcome;
  loop_.forget(child_.channel().get());
  stop_when_drained();
}

void Supervisor::note_killed(const std::string& detail) {
  Outcome outcome;
  outcome.ended_by = EndedBy::kKilled;
  outcome.signal = SIGKILL;
  outcome.exit_status = static_cast<int>(ExitStatus::kSignalBase) + SIGKILL;
  outcome.detail = detail;
  ended_ = outcome;
  loop_.forget(child_.channel().get());
  stop_when_drained();
}

void Supervisor::stop_when_drained() {
  const auto is_done = [](const auto& pump) { return pump->done(); };
  if (ended_ && std::all_of(outputs_.begin(), outputs_.end(), is_done) && (!terminal_ || terminal_->done()))
    loop_.stop();
}

void Supervisor::pass_signal_on() {
  while (const auto signal = signals_.next()) {
    if (*signal == SIGWINCH && terminal_) terminal_->resize();
    if (*signal == SIGCONT && terminal_) terminal_->take_terminal();
    const bool for_us = *signal == SIGWINCH || *signal == SIGCONT;
    const bool would_wait = !for_us && space_ && space_->is_frozen();  // with everybody who could obey it
    if (would_wait) child_.process().kill();
    if (!for_us && !would_wait) launch::send(child_.channel(), Kind::kSignal, *signal);
  }
}

void Supervisor::enforce_time() {
  deadline_.drain();
  const auto& cap = *plan_.limits.time;
  cut_short(EndedBy::kTime,
            fmt::format("ended by the cap time = {} ({})", duration_text(cap.value), to_string(cap.origin)));
}

void Supervisor::enforce_cpu_time() {
  cpu_check_.drain();
  const auto& cap = *plan_.limits.cpu_time;
  if (cut_short_ || (caps_ ? caps_->cpu() : usage_of_tree(child_.pid()).cpu) < cap.value) return;
  cut_short(EndedBy::kCpuTime,
            fmt::format("ended by the cap cpu_time = {} ({})", duration_text(cap.value), to_string(cap.origin)));
}

void Supervisor::cut_short(EndedBy reason, const std::string& detail) {
  Outcome outcome;
  outcome.ended_by = reason;
  outcome.exit_status = static_cast<int>(ExitStatus::kCapEnded);
  outcome.detail = detail;
  cut_short_ = outcome;
  launch::send(child_.channel(), Kind::kSignal, SIGTERM);
  grace_.start(kGrace);
}

}  // namespace clawbox::supervise
