// Looks again and again whether a session is well, by a command that its owner names: `clawbox create --health`.
#pragma once

#include <functional>

#include "session/renewal.h"
#include "supervise/commands.h"
#include "supervise/supervisor.h"
#include "sys/loop.h"

namespace clawbox::session {

class Health : private supervise::CommandOwner {
 public:
  /// `unwell` is called once, when so many checks have failed one after the other.
  Health(supervise::Supervisor& supervisor, const HealthCheck& check, supervise::ExecLog::Write write,
         std::function<void(const std::string& why)> unwell);
  ~Health() override;
  Health(const Health&) = delete;

  /// "starting" until the first check has ended, then "healthy" or "unhealthy".
  const char* state() const { return state_; }

 private:
  void took_terminal(OwnedFd) override {}
  void started(pid_t) override {}
  void stopped(int) override {}
  void failed(const Error& cause) override;
  void ended(const End& end) override;

  void begin();
  void end_overdue();
  void judge(const std::string& problem);
  void become(const char* state, const std::string& why);

  supervise::Supervisor& supervisor_;
  const HealthCheck& check_;
  supervise::ExecLog::Write write_;
  std::function<void(const std::string&)> unwell_;
  sys::Timer next_, overdue_;
  uint32_t command_ = 0;  // that runs; 0: none
  unsigned failures_ = 0;
  const char* state_ = "starting";
};

}  // namespace clawbox::session
