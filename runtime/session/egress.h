// The session's side of named egress: starts the relay (egress/helper.h), gives it the listeners, writes what it tells
// into the trail, and starts another one where it has died. Without an allow-list it does nothing.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "egress/helper.h"
#include "egress/news.h"
#include "egress/order.h"
#include "plan/plan.h"
#include "session/directories.h"
#include "session/open_connections.h"
#include "session/socket_owners.h"
#include "supervise/supervisor.h"

namespace clawbox::session {

class Egress {
 public:
  using Clock = std::chrono::steady_clock;
  struct Given {
    egress::LiveRule rule;
    std::optional<Clock::time_point> until;
  };
  /// What a sandbox that is built anew begins with: the words of persons, and what its budgets have lost already.
  struct Past {
    std::vector<Given> given;
    egress::Spent spent;
  };

  /// Starts it, beside the set-up of the sandbox, and listens at the host's end of published ports. Throws where one of
  /// them is taken. `plan` and `past` outlive it.
  Egress(const Plan& plan, const Directories& directories, Past& past);
  Egress(const Egress&) = delete;

  /// Waits until it serves them. Throws what kept it from that.
  void serve(std::vector<net::Opened> listeners);
  /// `tell` reaches a person. All outlive it.
  void watch(supervise::Supervisor& supervisor, supervise::ExecLog::Write write, supervise::Supervisor::Tell tell);
  /// Before the session's end is recorded: every connection is.
  void finish();

  /// Of a person, while the session runs: {"change": "allow" | "deny", "host": HOST[:PORT], "lasts_ms"}. Throws
  /// Error(kUsage) for what cannot be, and where the session has no list or no relay any more.
  void change(const Json& request, const std::string& by);

 private:
  void keep(std::vector<net::Opened> listeners);
  void start();
  bool begin();
  void hear();
  void record(const egress::News& news);
  void record_name(const egress::News& news);
  void record_end(const egress::News& news);
  void record_refusal(const egress::News& news);
  std::size_t record_lost();
  std::vector<egress::LiveRule> rules_now() const;
  bool hear_to_the_end();
  bool dies_too_often();
  void open_way(const NetworkRule& rule);
  void give_spares();
  void relay_died();
  void start_another();
  void give_up(const std::string& why);
  Json program_of(const egress::News& news);

  const Plan& plan_;
  seccomp::Program relay_filters_, resolver_filters_;
  std::optional<sys::Helper> relay_;
  std::vector<egress::PublishedListener> published_;
  std::vector<net::Opened> kept_;  // for another relay
  OwnedFd network_;                // net/living.h
  net::Ipv6 ipv6_ = net::Ipv6::kNone;
  std::vector<std::string> names_;  // that have addresses, in order
  std::unordered_set<std::string> known_names_;
  Past& past_;
  OpenConnections open_{past_.spent};
  std::optional<SocketOwners> owners_;
  std::size_t spares_ = 0;  // that the session has had
  std::vector<Clock::time_point> deaths_;
  supervise::Supervisor* supervisor_ = nullptr;
  supervise::ExecLog::Write write_;
  supervise::Supervisor::Tell tell_;
};

}  // namespace clawbox::session
