#include "session/guest.h"

#include <poll.h>
#include <sys/epoll.h>

#include <chrono>
#include <csignal>
#include <utility>

#include "sys/files.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 5s;

}  // namespace

void RunGuest::enter(supervise::Supervisor& supervisor, const OwnedFd& socket, supervise::ExecLog::Write write) {
  command_.emplace(supervisor, std::move(stdio_));
  control_.emplace(supervisor, socket, std::move(write), OwnedFd());
}

LastingGuest::LastingGuest(OwnedFd logs, const Care& care, std::function<void()> ready)
    : logs_(std::move(logs)),
      care_(care),
      ready_(std::move(ready)),
      signals_({SIGTERM, SIGINT, SIGHUP, SIGQUIT}),
      renewal_(care.restart) {}

void LastingGuest::enter(supervise::Supervisor& supervisor, const OwnedFd& socket, supervise::ExecLog::Write write) {
  supervisor_ = &supervisor;
  listening_ = socket.get();
  supervisor.loop().watch(signals_.fd(), EPOLLIN, [this](uint32_t) {
    while (const auto signal = signals_.next()) end_by_signal(*signal);
  });
  if (!care_.health.command.empty())
    health_.emplace(supervisor, care_.health, write, [this](const std::string& why) {
      if (care_.restart.when == Restart::When::kNever) return;
      Outcome outcome;
      outcome.ended_by = EndedBy::kFailed;
      outcome.exit_status = static_cast<int>(ExitStatus::kFeatureMissing);
      outcome.detail = why;
      supervisor_->end(outcome, kGrace);
    });
  control_.emplace(supervisor, socket, std::move(write), sys::duplicate(logs_.get()));
  control_->add_facts([this] {
    Json facts{{"restarts", renewal_.count()}};
    if (health_) facts["health"] = health_->state();
    return facts;
  });
}

void LastingGuest::begin() {
  if (ready_) std::exchange(ready_, nullptr)();
}

void LastingGuest::end_by_signal(int signal) {
  Outcome outcome;
  outcome.ended_by = EndedBy::kStopped;
  outcome.exit_status = static_cast<int>(ExitStatus::kSignalBase) + signal;
  outcome.detail = "its supervisor was asked to end by a signal";
  supervisor_->end(outcome, kGrace);
}

void LastingGuest::leave() {
  control_.reset();
  health_.reset();
  supervisor_->loop().forget(signals_.fd());
}

/// Whoever asks for it ends the wait: a client waits for the next sandbox, and a signal is obeyed by it.
bool LastingGuest::wants_another(const Outcome& outcome) {
  const std::optional<std::chrono::milliseconds> pause = renewal_.pause_after(outcome);
  if (!pause) return false;
  pollfd polled[] = {{signals_.fd(), POLLIN, 0}, {listening_, POLLIN, 0}};
  ::poll(polled, 2, static_cast<int>(pause->count()));
  return true;
}

void LastingGuest::tell(const std::string& text) {
  if (control_) control_->tell(text);
}

}  // namespace clawbox::session
