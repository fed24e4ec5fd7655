#include "supervise/caller_ends.h"

#include <algorithm>
#include <csignal>

#include "sys/files.h"

namespace clawbox::supervise {

CallerEnds::CallerEnds(sys::Loop& loop, CallerStdio stdio, std::function<void()> when_drained)
    : loop_(loop), stdio_(std::move(stdio)), when_drained_(std::move(when_drained)) {
  for (Route& route : stdio_.routes) {
    auto& pumps = route.direction == Route::Direction::kFromProgram ? outputs_ : inputs_;
    pumps.push_back(std::make_unique<Pump>(loop_, std::move(route.from), std::move(route.to), when_drained_));
  }
}

/// A caller without a terminal, or with one on one side only, has pumps to the other.
void CallerEnds::take_terminal(OwnedFd master) {
  if (stdio_.typed)
    inputs_.push_back(std::make_unique<Pump>(loop_, std::move(stdio_.typed), sys::duplicate(master.get()), nullptr));
  if (stdio_.shown)
    outputs_.push_back(
        std::make_unique<Pump>(loop_, sys::duplicate(master.get()), std::move(stdio_.shown), when_drained_));
  if (stdio_.terminal_input || stdio_.terminal_output)
    terminal_.emplace(loop_, std::move(master), stdio_, when_drained_);
}

void CallerEnds::resize() {
  if (terminal_) terminal_->resize();
}

void CallerEnds::continued() {
  if (terminal_) terminal_->take_terminal();
}

void CallerEnds::end_output() {
  for (const auto& pump : outputs_) pump->end_with_what_is_there();
}

bool CallerEnds::are_drained() const {
  const auto is_done = [](const auto& pump) { return pump->done(); };
  return std::all_of(outputs_.begin(), outputs_.end(), is_done) && (!terminal_ || terminal_->done());
}

int CallerEnds::lost() const {
  const auto found =
      std::find_if(outputs_.begin(), outputs_.end(), [](const auto& pump) { return pump->error() != 0; });
  return found == outputs_.end() ? 0 : (*found)->error();
}

CallerSignals::CallerSignals() : signals_({SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {}

std::optional<int> CallerSignals::next(CallerEnds& ends) const {
  while (const auto signal = signals_.next()) {
    if (*signal == SIGWINCH) ends.resize();
    if (*signal == SIGCONT) ends.continued();
    if (*signal != SIGWINCH && *signal != SIGCONT) return signal;
  }
  return std::nullopt;
}

}  // namespace clawbox::supervise
