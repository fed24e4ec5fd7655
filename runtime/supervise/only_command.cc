#include "supervise/only_command.h"

#include <sys/epoll.h>

#include <csignal>
#include <string>

#include "base/error.h"

namespace clawbox::supervise {

OnlyCommand::OnlyCommand(Supervisor& supervisor, CallerStdio stdio)
    : supervisor_(supervisor),
      given_(std::move(stdio.ends)),
      ends_(supervisor.loop(), std::move(stdio), [this] { stop_when_drained(); }) {
  supervisor_.loop().watch(signals_.fd(), EPOLLIN, [this](uint32_t) { pass_signals_on(); });
  supervisor_.when_over([this] { is_over_ = true, stop_when_drained(); });
}

OnlyCommand::~OnlyCommand() { supervisor_.loop().forget(signals_.fd()); }

void OnlyCommand::start() {
  number_ = supervisor_.commands().execute(supervisor_.plan().command, given_, launch::Role::kOnly, *this);
  given_ = {};  // the copies inside are the only ones left: their end must show
  supervisor_.loop().run();
  if (failure_) {
    supervisor_.give_up();
    throw Error(*failure_);
  }
  if (!has_started_) throw Error(ExitStatus::kSetupFailed, "the program did not start: " + supervisor_.end_in_words());
}

Outcome OnlyCommand::run_until_exit() {
  Outcome outcome = supervisor_.run();
  if (ends_.lost() == 0) return outcome;
  // The program wrote into a pipe and could not know; a shell would have told it.
  outcome.detail += (outcome.detail.empty() ? "" : "; ") + std::string(SysError(ends_.lost(), "output is lost").what());
  if (outcome.exit_status == 0) outcome.exit_status = static_cast<int>(ExitStatus::kOutputLost);
  return outcome;
}

void OnlyCommand::started(pid_t /*inside*/) {
  has_started_ = true;
  supervisor_.loop().stop();  // of start()
}

void OnlyCommand::failed(const Error& cause) {
  failure_ = cause;
  supervisor_.loop().stop();
}

/// Not for SIGSTOP: a program could stop itself with it, and with that us and the clocks of its caps.
void OnlyCommand::stopped(int signal) {
  const bool by_terminal = signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  if (!by_terminal || !ends_.have_terminal()) return;
  supervisor_.freeze();  // nobody inside runs on while we, who count, stand still
  ends_.suspend();
  supervisor_.thaw();
  supervisor_.commands().signal(number_, SIGCONT);  // what the terminal stopped stands in a thawed group, too
}

void OnlyCommand::ended(const End& end) {
  Outcome outcome;
  outcome.signal = end.signal;
  outcome.ended_by = end.signal != 0 ? EndedBy::kSignal : EndedBy::kExit;
  outcome.exit_status = end.signal != 0 ? static_cast<int>(ExitStatus::kSignalBase) + end.signal : end.status;
  outcome.cpu = end.cpu;
  supervisor_.over(outcome);
}

void OnlyCommand::stop_when_drained() {
  if (is_over_ && ends_.are_drained()) supervisor_.loop().stop();
}

void OnlyCommand::pass_signals_on() {
  while (const auto signal = signals_.next(ends_)) {
    // A frozen session could not obey, and would wait with it.
    if (supervisor_.is_frozen()) supervisor_.kill();
    supervisor_.commands().signal(number_, *signal);
  }
}

}  // namespace clawbox::supervise
