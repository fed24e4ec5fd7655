#include "session/health.h"

#include <sys/epoll.h>

#include <csignal>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::session {

Health::Health(supervise::Supervisor& supervisor, const HealthCheck& check, supervise::ExecLog::Write write,
               std::function<void(const std::string& why)> unwell)
    : supervisor_(supervisor), check_(check), write_(std::move(write)), unwell_(std::move(unwell)) {
  supervisor_.loop().watch(next_.fd(), EPOLLIN, [this](uint32_t) { begin(); });
  supervisor_.loop().watch(overdue_.fd(), EPOLLIN, [this](uint32_t) { end_overdue(); });
  next_.start(check_.interval, check_.interval);
}

Health::~Health() {
  supervisor_.commands().disown(command_);
  supervisor_.loop().forget(next_.fd());
  supervisor_.loop().forget(overdue_.fd());
}

/// A session that stands still is not judged, and nor is one whose last check has not ended.
void Health::begin() {
  next_.drain();
  if (command_ != 0 || supervisor_.is_frozen() || supervisor_.is_ending()) return;
  Command command = supervisor_.plan().command;
  command.argv = {"/bin/sh", "-c", check_.command};
  try {
    command_ = supervisor_.commands().execute(command, {}, launch::Role::kOne, *this);
    overdue_.start(check_.time);
  } catch (const Error& error) {
    judge(error.what());
  }
}

void Health::end_overdue() {
  overdue_.drain();
  supervisor_.commands().signal(command_, SIGKILL);
}

void Health::failed(const Error& cause) { judge(cause.what()); }

void Health::ended(const End& end) {
  if (end.signal != 0) return judge(fmt::format("it ended by signal {}", end.signal));
  judge(end.status == 0 ? "" : fmt::format("it ended with status {}", end.status));
}

void Health::judge(const std::string& problem) {
  command_ = 0;
  overdue_.start(std::chrono::milliseconds(0));
  failures_ = problem.empty() ? 0 : failures_ + 1;
  if (failures_ == 0) return become("healthy", "");
  if (failures_ != check_.failures) return;
  const std::string why = fmt::format("{} checks of its health have failed, the last because {}", failures_, problem);
  become("unhealthy", why);
  unwell_(why);
}

void Health::become(const char* state, const std::string& why) {
  if (std::string_view(state_) == state) return;
  state_ = state;
  write_("health", {{"state", state}, {"detail", escaped(why)}});
}

}  // namespace clawbox::session
